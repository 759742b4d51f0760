// The console begins here: sign-in, or the frame with one view in it.

import { session } from "./live/session.js";
import { follow } from "./live/stream.js";
import { html } from "./parts/html.js";
import { Shell } from "./parts/shell.js";
import "./parts/sound.js";
import "./parts/theme.js";
import { render } from "./vendor/preact.js";
import { SignIn } from "./views/sign_in.js";

const App = () => (session.value ? html`<${Shell} />` : html`<${SignIn} />`);

follow();
// what the page brought along to be painted first is no part of what is drawn, and would stay beside it
document.body.replaceChildren();
render(html`<${App} />`, document.body);

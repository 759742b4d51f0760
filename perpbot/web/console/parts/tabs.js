// A choice of one among few.

import { html } from "./html.js";

/** `options` is a list of [name, words]. */
export const Tabs = ({ label, options, chosen, choose }) =>
  html`<div class="choice" role="group" aria-label=${label}>${options.map(
    ([name, words]) => html`<button key=${name} type="button" aria-pressed=${name === chosen} onClick=${() => choose(name)}>${words}</button>`,
  )}</div>`;

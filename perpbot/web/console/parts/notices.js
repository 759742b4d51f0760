// Alerts as they come, in a corner, read out by screen readers.

import { notices, putAway } from "../live/store.js";
import { t } from "../words/index.js";
import { Badge } from "./badge.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

export const Notices = () =>
  html`<div class="notices" role="status" aria-live="polite">
    ${notices.value.map(
      (each) => html`<p key=${each.id}><${Badge} state=${each.severity.toLowerCase()} />
        <span>${each.text} ${each.about && html`<small class="faint">${each.about}</small>`}</span>
        <button class="plain" aria-label=${t("notice.away")} onClick=${() => putAway(each)}><${Icon} name="close" /></button></p>`,
    )}
  </div>`;

// Alerts as they come, in a corner, read out by screen readers. The view that has them all has them not twice.

import { textOf } from "../live/alerting.js";
import { notices, putAway } from "../live/store.js";
import { t } from "../words/index.js";
import { Badge } from "./badge.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { view } from "./views.js";

export const Notices = () =>
  html`<div class="notices" role="status" aria-live="polite">
    ${(view.value === "alerts" ? [] : notices.value).map(
      (each) => html`<p key=${each.id}><${Badge} state=${each.severity.toLowerCase()} />
        <span>${textOf(each)} ${each.about && html`<small class="faint">${each.about}</small>`}</span>
        <button class="plain" aria-label=${t("notice.away")} onClick=${() => putAway(each)}><${Icon} name="close" /></button></p>`,
    )}
  </div>`;

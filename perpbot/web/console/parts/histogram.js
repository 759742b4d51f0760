// How many took how long. Each step is twice as long as the one before.

import { micros } from "../live/times.js";
import { t } from "../words/index.js";
import { html } from "./html.js";

export function Histogram({ steps }) {
  const known = Object.entries(steps).map(([us, count]) => [Number(us), count]).sort(([one], [other]) => one - other);
  if (!known.length) return null;
  const counts = new Map(known);
  const all = [];
  for (let us = known[0][0]; us <= known.at(-1)[0] * 1.01; us *= 2) all.push([us, nearest(counts, us)]);
  const most = Math.max(...all.map(([, count]) => count));
  return html`<figure class="histogram">
    <ol>${all.map(([us, count]) => html`<li key=${us} title=${`< ${micros(us)}: ${count}`}>
      <i style=${{ height: `${count ? Math.max(2, (count / most) * 100) : 0}%` }}></i><span class="hidden">${`< ${micros(us)}: ${count}`}</span></li>`)}</ol>
    <figcaption><span>${micros(all[0][0] / 2)}</span><span>${t("latency.axis")}</span><span>${micros(all.at(-1)[0])}</span></figcaption>
  </figure>`;
}

/** Steps double from any first one, so that rounding may have moved them a little. */
function nearest(counts, us) {
  for (const [known, count] of counts) if (Math.abs(known / us - 1) < 0.01) return count;
  return 0;
}

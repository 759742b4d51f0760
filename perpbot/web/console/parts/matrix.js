// What buying at one venue and selling at another would bring before costs, every venue against every other.

import { section } from "../live/store.js";
import { t } from "../words/index.js";
import { html } from "./html.js";
import { Empty } from "./panel.js";

const STRONG_PCT = 0.5;

export function Matrix({ symbol }) {
  const quotes = section("quotes").value ?? {};
  const venues = Object.keys(quotes);
  if (!symbol || venues.length < 2) return html`<${Empty} text=${t("matrix.none")} />`;
  return html`<div class="table scrolls"><table class="matrix" aria-label=${t("opportunities.matrix")}>
    <thead><tr><th scope="col"><small>${t("matrix.axes")}</small></th>
      ${venues.map((each) => html`<th key=${each} scope="col" class="end">${each}</th>`)}</tr></thead>
    <tbody>${venues.map(
      (buy) => html`<tr key=${buy}><th scope="row">${buy}</th>
        ${venues.map((sell) => html`<${Cell} key=${sell} share=${buy === sell ? null : spread(quotes[buy][symbol], quotes[sell][symbol])} />`)}</tr>`,
    )}</tbody>
  </table></div>`;
}

/** In percent, from the ask where one buys to the bid where one sells; undefined where no price counts. */
function spread(buy, sell) {
  if (!buy || !sell || buy.stale || sell.stale) return undefined;
  return (Number(sell.bid) / Number(buy.ask) - 1) * 100;
}

function Cell({ share }) {
  if (share === null) return html`<td class="end none"></td>`;
  if (share === undefined) return html`<td class="end faint">–</td>`;
  const strength = Math.min(1, Math.max(0, share) / STRONG_PCT);
  const style = strength > 0 ? { "--strength": `${Math.round(12 + strength * 40)}%` } : undefined;
  return html`<td class="end ${share > 0 ? "gain" : "faint"}" style=${style}>${share > 0 ? "+" : "\u2212"}${Math.abs(share).toFixed(3)}</td>`;
}

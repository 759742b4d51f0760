// Bid and ask of every venue and symbol. The best of each stand out, more so where a bid is above another venue's ask.

import { base, best, symbols } from "../live/choose.js";
import { decimals, fixed } from "../live/decimals.js";
import { section } from "../live/store.js";
import { t } from "../words/index.js";
import { html, memo } from "./html.js";
import { Known } from "./panel.js";

export function Prices() {
  const quotes = section("quotes").value;
  const all = symbols();
  const tops = all.map((symbol) => best(quotes, symbol));
  const digits = all.map((symbol) => mostDigits(quotes, symbol));
  return html`<${Known} of=${quotes}>${() => html`<div class="table scrolls"><table class="prices" aria-label=${t("overview.prices")}>
    <thead>
      <tr><th scope="col" rowspan="2">${t("venue")}</th>
        ${all.map((each, at) => html`<th key=${each} scope="colgroup" colspan="2" class="middle">${base(each)}
          <small class=${tops[at].bid > tops[at].ask ? "gap" : ""}> ${gap(tops[at])}</small></th>`)}</tr>
      <tr>${all.map(() => html`<th scope="col" class="end">${t("bid")}</th><th scope="col" class="end">${t("ask")}</th>`)}</tr>
    </thead>
    <tbody>${Object.entries(quotes).map(
      ([venue, bySymbol]) => html`<tr key=${venue}><th scope="row">${venue}</th>
        ${all.map((symbol, at) => html`<${Quote} key=${symbol} quote=${bySymbol[symbol]} bestBid=${tops[at].bidAt === venue}
          bestAsk=${tops[at].askAt === venue} crossed=${tops[at].bid > tops[at].ask} digits=${digits[at]} />`)}</tr>`,
    )}</tbody>
  </table></div>`}<//>`;
}

/** So many decimals as the most exact venue tells, so that digits stand below digits. */
function mostDigits(quotes, symbol) {
  const known = Object.values(quotes ?? {}).map((each) => each[symbol]).filter(Boolean);
  return Math.max(0, ...known.flatMap((each) => [decimals(each.bid), decimals(each.ask)]));
}

/** How far the best bid is above the best ask, in percent. */
function gap({ bid, ask }) {
  if (!Number.isFinite(bid) || !Number.isFinite(ask)) return "";
  const share = ((bid - ask) / ask) * 100;
  return `${share > 0 ? "+" : "\u2212"}${Math.abs(share).toFixed(3)} %`;
}

const Quote = memo(({ quote, bestBid, bestAsk, crossed, digits }) => {
  if (!quote) return html`<td class="end faint">–</td><td class="end faint">–</td>`;
  const tone = (is) => (quote.stale ? "stale" : is ? (crossed ? "gap" : "best") : "");
  const title = quote.stale ? t("quote.stale") : quote.source === "rest" ? t("quote.rest") : undefined;
  return html`<td class="end ${tone(bestBid)}" title=${title}>${fixed(quote.bid, digits)}</td>
    <td class="end ${tone(bestAsk)}" title=${title}>${fixed(quote.ask, digits)}</td>`;
});

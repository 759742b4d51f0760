// What each leg of a trade came to, beside what was expected of it.

import { fixed, mean } from "../live/decimals.js";
import { named, t } from "../words/index.js";
import { html } from "./html.js";
import { Money } from "./money.js";

/** "1.25 bp"; a dash where it is not known. */
export const basisPoints = (value) => html`<span class="number">${value === undefined ? "–" : `${fixed(value, 2)} bp`}</span>`;

/** Fees, and those that were taken in another currency. */
export const Fees = ({ of: { fees, other_fees: others } }) => html`<${Money} value=${fees} digits=${4} />${Object.entries(others ?? {}).map(
  ([currency, amount]) => html` <${Money} value=${amount} digits=${4} unit=${currency} />`,
)}`;

const Leg = ({ leg }) => html`<tr><th scope="row">${leg.venue}</th>
  <td><span class="side ${leg.side}">${named("side", leg.side)}</span></td>
  <td class="end number rank2">${mean(leg.expected)}</td><td class="end number">${mean(leg.achieved)}</td>
  <td class="end">${basisPoints(leg.slippage_bps)}</td><td class="end rank2">${basisPoints(leg.closing_slippage_bps)}</td>
  <td class="end rank2"><${Fees} of=${leg} /></td>
  <td class="end rank2"><${Money} value=${leg.funding} digits=${4} gain /></td><td class="end rank3"><${Money} value=${leg.volume} /></td></tr>`;

export function Legs({ legs }) {
  if (!legs || !Object.keys(legs).length) return null;
  return html`<table class="compact legs" aria-label=${t("legs")}><thead><tr>
      <th scope="col">${t("venue")}</th><th scope="col">${t("order.side")}</th><th scope="col" class="end rank2">${t("legs.expected")}</th>
      <th scope="col" class="end">${t("legs.achieved")}</th><th scope="col" class="end">${t("slippage")}</th>
      <th scope="col" class="end rank2">${t("legs.closing")}</th>
      <th scope="col" class="end rank2">${t("fees")}</th><th scope="col" class="end rank2">${t("funding")}</th>
      <th scope="col" class="end rank3">${t("legs.volume")}</th></tr></thead>
    <tbody>${Object.entries(legs).map(([name, leg]) => html`<${Leg} key=${name} leg=${leg} />`)}</tbody></table>`;
}

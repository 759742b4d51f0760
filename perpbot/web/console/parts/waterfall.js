// From what two prices promise to what is left of it, step by step.

import { negated } from "../live/decimals.js";
import { t } from "../words/index.js";
import { html } from "./html.js";
import { Money } from "./money.js";
import { Empty } from "./panel.js";

export function Waterfall({ row }) {
  if (!row) return html`<${Empty} text=${t("opportunities.none")} />`;
  const steps = [["gross", row.gross], ["fees", negated(row.fees)], ["slippage", negated(row.slippage)], ["funding", row.funding]];
  let level = 0;
  const bars = steps.map(([name, amount]) => {
    const from = level;
    level += Number(amount);
    return { name, amount, from, to: level };
  });
  bars.push({ name: "net", amount: row.net, from: 0, to: Number(row.net) });
  const ends = bars.flatMap((each) => [each.from, each.to]);
  const low = Math.min(0, ...ends);
  const span = Math.max(0, ...ends) - low || 1;
  const at = (value) => ((value - low) / span) * 100;
  return html`<ol class="waterfall">${bars.map(
    ({ name, amount, from, to }) => html`<li key=${name} class=${name === "net" ? "sum" : ""}>
      <span>${t(name)}</span>
      <b aria-hidden="true"><i class=${to >= from ? "up" : "down"}
        style=${{ left: `${at(Math.min(from, to))}%`, width: `${Math.max(0.8, (Math.abs(to - from) / span) * 100)}%` }}></i></b>
      <${Money} value=${amount} digits=${4} gain /></li>`,
  )}</ol>`;
}

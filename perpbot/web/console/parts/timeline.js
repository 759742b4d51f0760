// The life of one trade as far as it has come.

import { clock } from "../live/times.js";
import { t } from "../words/index.js";
import { html } from "./html.js";
import { Money } from "./money.js";

const ms = (value) => (value === undefined ? undefined : `+${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);

export function Timeline({ row }) {
  const steps = [
    ["planned", clock(row.opened_at)],
    ["sent", ms(row.sent_ms)],
    ["hedged", ms(row.hedged_ms)],
    ["settled", row.settled_at && clock(row.settled_at)],
  ];
  return html`<ol class="timeline">${steps.map(
      ([name, at]) => html`<li key=${name} class=${at ? "done" : ""}><b>${t(`timeline.${name}`)}</b> <span class="number">${at ?? t("timeline.notYet")}</span></li>`,
    )}</ol>
    <dl><div><dt>${t("timeline.unhedged")}</dt><dd><${Money} value=${row.max_unhedged} unit="USD" /> ${ms(row.unhedged_ms)?.slice(1)}</dd></div>
      <div><dt>${t("slippage")}</dt><dd><${Money} value=${row.slippage} digits=${4} /></dd></div></dl>`;
}

// The life of one trade as far as it has come, and what it came to.

import { clock, micros } from "../live/times.js";
import { named, t } from "../words/index.js";
import { html } from "./html.js";
import { Legs } from "./legs.js";
import { Money } from "./money.js";

const took = (ms) => (ms === undefined ? undefined : micros(ms * 1000));
const since = (ms) => (ms === undefined ? undefined : `+${took(ms)}`);
const PHASES = ["prepare", "check", "place", "opening", "open", "closing"];
const phases = (all) => PHASES.filter((each) => each in all).map((each) => `${named("took", each)} ${took(all[each])}`).join(" · ");

export function Timeline({ row }) {
  const steps = [
    ["planned", clock(row.opened_at)],
    ["sent", since(row.sent_ms)],
    ["hedged", since(row.hedged_ms)],
    ["settled", row.settled_at && clock(row.settled_at)],
  ];
  return html`<ol class="timeline">${steps.map(
      ([name, at]) => html`<li key=${name} class=${at ? "done" : ""}><b>${t(`timeline.${name}`)}</b> <span class="number">${at ?? t("timeline.notYet")}</span></li>`,
    )}</ol>
    ${!row.open && html`<${Outcome} row=${row} />`}
    <${Legs} legs=${row.legs} />`;
}

const Outcome = ({ row }) => html`<dl>
  <div><dt>${t("slippage")}</dt><dd><${Money} value=${row.slippage} digits=${4} /></dd></div>
  <div><dt>${t("legs.closing")}</dt><dd><${Money} value=${row.closing_slippage} digits=${4} /></dd></div>
  <div><dt>${t("timeline.unhedged")}</dt><dd><${Money} value=${row.max_unhedged} unit="USD" /></dd></div>
  <div><dt>${t("timeline.alone")}</dt><dd class="number">${took(row.unhedged_ms) ?? "–"} / ${took(row.unhedged_total_ms) ?? "–"}</dd></div>
  <div><dt>${t("timeline.valueTime")}</dt><dd><${Money} value=${row.unhedged_value_s} digits=${3} unit="USD·s" /></dd></div>
  ${row.phases_ms && Object.keys(row.phases_ms).length > 0 && html`<div><dt>${t("timeline.phases")}</dt><dd>${phases(row.phases_ms)}</dd></div>`}
</dl>`;

// Which rules refused opportunities, the most frequent first.

import { named, t } from "../words/index.js";
import { html } from "./html.js";
import { Empty } from "./panel.js";
import { Share } from "./share.js";

const RULE = /^refused: (?:\w+\/)?([\w-]+)/;
const SHOWN = 6;

export function Refusals({ of }) {
  const counts = new Map();
  for (const { admitted, verdict } of Object.values(of ?? {})) {
    const rule = !admitted && RULE.exec(verdict)?.[1];
    if (rule) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  }
  if (!counts.size) return html`<${Empty} text=${t("opportunities.why.none")} />`;
  const most = Math.max(...counts.values());
  const first = [...counts].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
  return html`<ul class="meters tight">${first.map(
    ([rule, count]) => html`<li key=${rule}><p><span>${named("rule", rule)}</span><span class="number">${count}</span></p>
      <${Share} share=${count / most} tone="calm" /></li>`,
  )}</ul>`;
}

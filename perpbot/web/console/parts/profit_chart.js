// What trades that are over came to, one added to the other.

import { useMemo } from "../vendor/hooks.js";
import { useEarned } from "../live/earned.js";
import { t } from "../words/index.js";
import { Chart } from "./chart.js";
import { html } from "./html.js";
import { Empty, Loading } from "./panel.js";

export function ProfitChart({ height }) {
  const { times, sums, error } = useEarned();
  const points = useMemo(() => [times, sums], [times]);
  if (!times) return error ? html`<p class="said failed">${error.message}</p>` : html`<${Loading} />`;
  if (times.length < 2) return html`<${Empty} text=${t("chart.few")} />`;
  return html`<${Chart} points=${points} height=${height} label=${t("chart.net")}
    summary=${t("chart.summary", { count: times.length, sum: sums.at(-1).toFixed(2) })} />`;
}

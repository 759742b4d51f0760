// What the newest trades that are over came to, one added to the other.

import { useMemo } from "../vendor/hooks.js";
import { settled } from "../live/choose.js";
import { section } from "../live/store.js";
import { t } from "../words/index.js";
import { Chart } from "./chart.js";
import { html } from "./html.js";
import { Empty, Known } from "./panel.js";

export function ProfitChart({ height }) {
  const trades = section("trades").value;
  const over = settled(trades);
  const points = useMemo(() => added(over), [over.length, over.at(-1)?.[0]]);
  return html`<${Known} of=${trades}>${() =>
    over.length < 2
      ? html`<${Empty} text=${t("chart.few")} />`
      : html`<${Chart} points=${points} height=${height} label=${t("chart.net")}
          summary=${t("chart.summary", { count: over.length, sum: points[1].at(-1).toFixed(2) })} />`}<//>`;
}

function added(over) {
  let sum = 0;
  return [
    over.map(([, trade]) => new Date(trade.settled_at).getTime() / 1000),
    over.map(([, trade]) => (sum += Number(trade.net ?? 0))),
  ];
}

// How long each stage takes, from a venue's frame to the order that answers it.

import { section } from "../live/store.js";
import { micros } from "../live/times.js";
import { Histogram } from "../parts/histogram.js";
import { html, memo } from "../parts/html.js";
import { Empty, Known } from "../parts/panel.js";
import { named, t } from "../words/index.js";

export function Latency() {
  const latencies = section("latencies").value;
  return html`<${Known} of=${latencies}>${() => {
    const stages = Object.entries(latencies).filter(([, each]) => each.count);
    if (!stages.length) return html`<${Empty} text=${t("latency.none")} />`;
    return html`<div class="cards">${stages.map(([name, stage]) => html`<${Stage} key=${name} name=${name} stage=${stage} />`)}</div>`;
  }}<//>`;
}

const Stage = memo(
  ({ name, stage }) => html`<section class="panel" aria-label=${named("stage", name)}>
    <header><h2>${named("stage", name)}</h2><p class="number">${t("latency.count", { count: stage.count.toLocaleString("en") })}</p></header>
    <dl class="three"><div><dt>p50</dt><dd>${micros(stage.p50_us)}</dd></div><div><dt>p99</dt><dd>${micros(stage.p99_us)}</dd></div>
      <div><dt>${t("latency.max")}</dt><dd>${micros(stage.max_us)}</dd></div></dl>
    <${Histogram} steps=${stage.histogram} /></section>`,
);

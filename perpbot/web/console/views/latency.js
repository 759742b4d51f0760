// How long each stage takes, from a venue's frame to the order that answers it.

import { computed } from "../vendor/signals.js";
import { section } from "../live/store.js";
import { micros } from "../live/times.js";
import { Histogram } from "../parts/histogram.js";
import { html, memo } from "../parts/html.js";
import { Empty, Known, Panel } from "../parts/panel.js";
import { Table } from "../parts/table.js";
import { named, t } from "../words/index.js";

export function Latency() {
  const latencies = section("latencies").value;
  return html`<${Known} of=${latencies}>${() => {
    const stages = Object.entries(latencies).filter(([, each]) => each.count);
    if (!stages.length) return html`<${Empty} text=${t("latency.none")} />`;
    return html`<div class="halves">${stages.map(([name, stage]) => html`<${Stage} key=${name} name=${name} stage=${stage} />`)}</div>
      <${RoundTrips} />`;
  }}<//>`;
}

const tripColumns = computed(() => [
  { head: t("venue"), cell: (row) => row.venue },
  { head: t("connection"), cell: (row) => named("connection", row.connection) },
  { head: t("latency.mean"), end: true, rank: 2, cell: (row) => trip(row.latency_ms.mean) },
  { head: "p50", end: true, cell: (row) => trip(row.latency_ms.p50) },
  { head: "p99", end: true, cell: (row) => trip(row.latency_ms.p99) },
  { head: t("latency.errors"), end: true, rank: 2, cell: (row) => (row.error_rate === undefined ? "–" : `${(row.error_rate * 100).toFixed(2)} %`) },
]);

const trip = (ms) => html`<span class="number">${micros(ms === undefined ? undefined : ms * 1000)}</span>`;

function RoundTrips() {
  const rows = Object.entries(section("venues").value ?? {}).flatMap(([venue, { connections }]) =>
    Object.entries(connections).map(([connection, row]) => [`${venue}/${connection}`, { ...row, venue, connection }]),
  );
  return html`<${Panel} title=${t("latency.trips")} note=${t("latency.trips.note")} flush>
    <${Table} columns=${tripColumns.value} rows=${rows} label=${t("latency.trips")} empty=${t("latency.none")} /><//>`;
}

const Stage = memo(
  ({ name, stage }) => html`<section class="panel" aria-label=${named("stage", name)}>
    <header><h2>${named("stage", name)}</h2><p class="number">${t("latency.count", { count: stage.count.toLocaleString("en") })}</p></header>
    <dl class="three"><div><dt>p50</dt><dd>${micros(stage.p50_us)}</dd></div><div><dt>p99</dt><dd>${micros(stage.p99_us)}</dd></div>
      <div><dt>${t("latency.max")}</dt><dd>${micros(stage.max_us)}</dd></div></dl>
    <${Histogram} steps=${stage.histogram} /></section>`,
);

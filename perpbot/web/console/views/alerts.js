// Alerts: what fires, since when, and what to do about it.

import { computed, signal } from "../vendor/signals.js";
import { useAnswer } from "../live/asked.js";
import { textOf, titleOf } from "../live/alerting.js";
import { sorted } from "../live/choose.js";
import { acknowledge, hear, silence, tryChannels } from "../live/alarms.js";
import { may } from "../live/session.js";
import { section } from "../live/store.js";
import { moment } from "../live/times.js";
import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Empty, Figure, Known, Panel } from "../parts/panel.js";
import { sounds } from "../parts/sound.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { named, t } from "../words/index.js";

const LOOK_AGAIN_MS = 10_000;
const only = signal("firing");
const WEIGHT = { critical: 4, error: 3, high: 2, warning: 1, info: 0 };
const weight = (row) => `${WEIGHT[row.severity?.toLowerCase()] ?? 0} ${row.since ?? ""}`;

const marks = (row) => ["acknowledged", "silenced"].filter((each) => row[each]).map((each) => named("state", each)).join(", ") || "–";
const columns = computed(() => [
  { head: t("alerts.severity"), cell: (row) => html`<${Badge} state=${row.severity?.toLowerCase()} />` },
  { head: t("alerts.text"), className: "text", cell: (row) => textOf(row) },
  { head: t("alerts.about"), rank: 2, cell: (row) => row.about || "–" },
  { head: t("state"), rank: 2, cell: (row) => html`<${Badge} state=${row.state} />` },
  { head: t("alerts.since"), rank: 3, cell: (row) => html`<span class="number">${moment(row.since)}</span>` },
  { head: t("alerts.marks"), rank: 3, cell: marks },
  { head: t("alerts.deeds"), rank: 2, className: "buttons-cell", cell: (row, key) => html`<${Deeds} row=${row} id=${key} />` },
  { head: t("alerts.runbook"), rank: 3, className: "text", cell: (row) => (row.runbook ? html`<code>${row.runbook}</code>` : "–") },
]);

const happenedColumns = computed(() => [
  { head: t("alerts.text"), className: "text", cell: (row) => textOf(row) },
  { head: t("state"), cell: (row) => html`<${Badge} state=${row.state} />` },
  { head: t("time"), rank: 2, cell: (row) => html`<span class="number">${moment(row.since)}</span>` },
  { head: t("alerts.about"), rank: 2, cell: (row) => row.about || "–" },
  { head: t("alerts.severity"), rank: 3, cell: (row) => html`<${Badge} state=${row.severity} />` },
]);

const ruleColumns = computed(() => [
  { head: t("alerts.rule"), className: "text", cell: titleOf },
  { head: t("alerts.severity"), cell: (row) => html`<${Badge} state=${row.severity} />` },
  { head: t("alerts.condition"), rank: 2, className: "text", cell: (row) => html`<code>${row.condition}</code>` },
  { head: t("alerts.actions"), rank: 3, className: "text", cell: (row) => html`<code>${row.actions.join(", ") || "–"}</code>` },
  { head: t("alerts.runbook"), rank: 3, className: "text", cell: (row) => (row.runbook ? html`<code>${row.runbook}</code>` : "–") },
]);

const Deeds = ({ row, id }) =>
  may("trade") &&
  html`${!row.acknowledged && html`<button class="plain" onClick=${() => acknowledge(id)}>${t("act.ack.label")}</button>`}
    <button class="plain" onClick=${() => (row.silenced ? hear : silence)(row.rule)}>${t(row.silenced ? "act.hear.label" : "act.silence.short")}</button>`;

export function Alerts() {
  const alerts = section("alerts").value;
  return html`<${Known} of=${alerts}>${() => {
    const all = Object.values(alerts);
    const firing = all.filter((each) => each.state === "firing");
    const rows = sorted(alerts, weight, (each) => only.value === "all" || each.state === "firing");
    return html`<dl class="figures">
        <${Figure} label=${t("alerts.firing")} tone=${firing.length ? "warn" : ""}>${firing.length}<//>
        <${Figure} label=${t("alerts.waiting")}>${firing.filter((each) => !each.acknowledged).length}<//>
        <${Figure} label=${t("alerts.silenced")}>${all.filter((each) => each.silenced).length}<//>
      </dl>
      <${Panel} title=${t("view.alerts")} flush tools=${html`<${Tabs} label=${t("filter")} chosen=${only.value} choose=${(each) => (only.value = each)}
          options=${["firing", "all"].map((each) => [each, t(`alerts.only.${each}`)])} />
        ${may("trade") && html`<button onClick=${tryChannels}>${t("act.try.label")}</button>`}
        <button aria-pressed=${sounds.value} onClick=${() => (sounds.value = !sounds.value)}>${t(sounds.value ? "alerts.sound.on" : "alerts.sound.off")}</button>`}>
        <${Table} columns=${columns.value} rows=${rows} label=${t("view.alerts")} empty=${t(only.value === "all" ? "alerts.none" : "alerts.noneFiring")} /><//>
      <${Watch} />`;
  }}<//>`;
}

const facts = ({ name: _, ...rest }) => Object.entries(rest).map(([key, value]) => `${key} ${value ?? "–"}`).join(" · ");

/** What happened, what is watched, who is told, and who is not for a while. */
function Watch() {
  const { answer, error } = useAnswer("/api/alerts", LOOK_AGAIN_MS);
  if (error) return html`<p class="said failed">${error.message}</p>`;
  if (!answer) return null;
  return html`<${Panel} title=${t("alerts.recent")} note=${t("alerts.recent.note")} flush>
      <${Table} columns=${happenedColumns.value} rows=${answer.recent.map((each, at) => [at, each])} label=${t("alerts.recent")}
        empty=${t("alerts.none")} most=${20} /><//>
    <${Panel} title=${t("alerts.watched")} note=${t("alerts.rules", { count: answer.rules })} flush>
      <${Table} columns=${ruleColumns.value} rows=${answer.watched.map((each) => [each.name, each])} label=${t("alerts.watched")} empty=${t("alerts.noRule")} /><//>
    <div class="halves">
    <${Panel} title=${t("alerts.channels")}>
      ${answer.channels.length
        ? html`<ul class="pairs">${answer.channels.map((each) => html`<li key=${each.name}><strong>${each.name}</strong>
            <span class="faint">${facts(each)}</span></li>`)}</ul>`
        : html`<${Empty} text=${t("alerts.noChannel")} />`}<//>
    <${Panel} title=${t("alerts.silences")}>
      ${answer.silences.length
        ? html`<ul class="pairs">${answer.silences.map((each) => html`<li key=${each.rule}><strong>${each.rule}</strong>
            <span class="faint">${t("alerts.until", { time: moment(each.until), by: each.by })}</span></li>`)}</ul>`
        : html`<${Empty} text=${t("alerts.noSilence")} />`}<//>
  </div>`;
}

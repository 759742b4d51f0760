// Alerts: what fires, since when, and what to do about it.

import { computed, signal } from "../vendor/signals.js";
import { sorted } from "../live/choose.js";
import { section } from "../live/store.js";
import { moment } from "../live/times.js";
import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Figure, Known, Panel } from "../parts/panel.js";
import { sounds } from "../parts/sound.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { named, t } from "../words/index.js";

const only = signal("firing");
const WEIGHT = { emergency: 4, critical: 3, error: 2, warning: 1, info: 0 };
const weight = (row) => `${WEIGHT[row.severity?.toLowerCase()] ?? 0} ${row.since ?? ""}`;

const columns = computed(() => [
  { head: t("alerts.severity"), cell: (row) => html`<${Badge} state=${row.severity?.toLowerCase()} />` },
  { head: t("alerts.text"), className: "text", cell: (row) => row.text },
  { head: t("state"), rank: 2, cell: (row) => html`<${Badge} state=${row.state} />` },
  { head: t("alerts.since"), rank: 2, cell: (row) => html`<span class="number">${moment(row.since)}</span>` },
  { head: t("alerts.rule"), rank: 3, cell: (row) => html`<code>${row.rule ?? "–"}</code>` },
  { head: t("alerts.marks"), rank: 3, cell: (row) => [row.acknowledged && named("state", "acknowledged"), row.silenced && named("state", "silenced")].filter(Boolean).join(", ") || "–" },
  { head: t("alerts.runbook"), rank: 2, cell: (row) => (row.runbook ? html`<code>${row.runbook}</code>` : "–") },
]);

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
        <button aria-pressed=${sounds.value} onClick=${() => (sounds.value = !sounds.value)}>${t(sounds.value ? "alerts.sound.on" : "alerts.sound.off")}</button>`}>
        <${Table} columns=${columns.value} rows=${rows} label=${t("view.alerts")} empty=${t(only.value === "all" ? "alerts.none" : "alerts.noneFiring")} /><//>
      <p class="faint">${t("alerts.shell")}</p>`;
  }}<//>`;
}

// What operators did, when, and what came of it.

import { computed } from "../vendor/signals.js";
import { sorted } from "../live/choose.js";
import { section } from "../live/store.js";
import { moment } from "../live/times.js";
import { html } from "../parts/html.js";
import { Known, Panel } from "../parts/panel.js";
import { Table } from "../parts/table.js";
import { named, t } from "../words/index.js";
import { told } from "../words/told.js";

const columns = computed(() => [
  { head: t("time"), cell: (row) => html`<span class="number">${moment(row.at)}</span>` },
  { head: t("audit.action"), cell: (row) => named("action", row.action) },
  { head: t("audit.what"), className: "text", rank: 2, cell: (row) => row.what || "–" },
  { head: t("audit.outcome"), className: "text", rank: 2, cell: (row) => told(row.outcome) },
  { head: t("audit.who"), rank: 2, cell: (row) => row.who },
  { head: t("audit.source"), rank: 3, cell: (row) => html`<code>${row.source}</code>` },
]);

export function Audit() {
  const audit = section("audit").value;
  return html`<${Panel} title=${t("view.audit")} note=${t("audit.note")} flush><${Known} of=${audit}>${() =>
    html`<${Table} columns=${columns.value} rows=${sorted(audit, (each) => each.at)} label=${t("view.audit")} empty=${t("audit.none")} />`}<//><//>`;
}

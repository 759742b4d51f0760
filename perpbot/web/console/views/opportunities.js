// Edges between venues: the matrix as it is now, and what became of each that was found.

import { computed, signal } from "../vendor/signals.js";
import { base, short, sorted, symbols } from "../live/choose.js";
import { section } from "../live/store.js";
import { clock } from "../live/times.js";
import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Matrix } from "../parts/matrix.js";
import { Money } from "../parts/money.js";
import { Known, Panel } from "../parts/panel.js";
import { Refusals } from "../parts/refusals.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { Waterfall } from "../parts/waterfall.js";
import { t } from "../words/index.js";
import { told } from "../words/told.js";

const symbol = signal(null);
const only = signal("all");

const columns = computed(() => [
  { head: t("symbol"), cell: (row) => base(row.symbol) },
  { head: t("time"), rank: 2, cell: (row) => html`<span class="number">${clock(row.at)}</span>` },
  { head: t("pair"), rank: 1, cell: (row) => html`${row.buy} <span class="faint">→</span> ${row.sell}` },
  { head: t("gross"), end: true, rank: 3, cell: (row) => html`<${Money} value=${row.gross} digits=${4} />` },
  { head: t("fees"), end: true, rank: 3, cell: (row) => html`<${Money} value=${row.fees} digits=${4} />` },
  { head: t("net"), end: true, cell: (row) => html`<${Money} value=${row.net} digits=${4} gain />` },
  { head: "%", end: true, rank: 2, cell: (row) => html`<${Money} value=${row.net_pct} digits=${3} gain />` },
  { head: t("opportunity.quotes"), end: true, rank: 3, cell: (row) => row.quotes },
  { head: t("opportunity.verdict"), rank: 2, className: "text", cell: (row) => html`<${Verdict} row=${row} />` },
]);

export function Opportunities() {
  const opportunities = section("opportunities").value;
  const shown = symbols().includes(symbol.value) ? symbol.value : symbols()[0];
  const keep = { all: () => true, taken: (row) => row.admitted, refused: (row) => !row.admitted }[only.value];
  const rows = sorted(opportunities, (each) => each.last_at, keep);
  return html`<div class="split">
    <${Panel} title=${t("opportunities.matrix")} note=${t("opportunities.matrix.note")} flush
      tools=${html`<${Tabs} label=${t("symbol")} chosen=${shown} choose=${(each) => (symbol.value = each)}
        options=${symbols().map((each) => [each, base(each)])} />`}>
      <${Matrix} symbol=${shown} /><//>
    <div class="stack">
    <${Panel} title=${t("opportunities.waterfall")} note=${rows[0] && `${base(rows[0][1].symbol)} ${rows[0][1].buy} → ${rows[0][1].sell}`}>
      <${Waterfall} row=${rows[0]?.[1]} /><//>
    <${Panel} title=${t("opportunities.why")} note=${t("opportunities.why.note")}><${Refusals} of=${opportunities} /><//>
    </div></div>
    <${Panel} title=${t("opportunities.list")} flush
      tools=${html`<${Tabs} label=${t("filter")} chosen=${only.value} choose=${(each) => (only.value = each)}
        options=${["all", "taken", "refused"].map((each) => [each, t(`opportunities.${each}`)])} />`}>
      <${Known} of=${opportunities}>${() =>
        html`<${Table} columns=${columns.value} rows=${rows} most=${100} label=${t("opportunities.list")} empty=${t("opportunities.none")} />`}<//>
    <//>`;
}

const Verdict = ({ row }) =>
  row.admitted
    ? html`<${Badge} state="ok" text=${t("opportunity.trade", { id: short(row.verdict) })} />`
    : html`<span class="faint">${told(row.verdict)}</span>`;

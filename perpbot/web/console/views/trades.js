// Orders and trades: orders whose fate is not known on top, then what is in progress, then what is over.

import { computed } from "../vendor/signals.js";
import { base, short, sorted } from "../live/choose.js";
import { price, quantity } from "../live/decimals.js";
import { section } from "../live/store.js";
import { clock } from "../live/times.js";
import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { basisPoints, Fees } from "../parts/legs.js";
import { Money } from "../parts/money.js";
import { Known, Panel } from "../parts/panel.js";
import { Table } from "../parts/table.js";
import { Timeline } from "../parts/timeline.js";
import { named, t } from "../words/index.js";

const id = { cell: (_, key) => html`<code>${short(key)}</code>` };
const pair = { cell: (row) => html`${row.buy} <span class="faint">→</span> ${row.sell}` };
const size = { end: true, rank: 3, cell: (row) => html`<span class="number">${quantity(row.quantity)}</span>` };

const tradeColumns = computed(() => [
  { ...id, head: t("trade") },
  { head: t("symbol"), cell: (row) => base(row.symbol) },
  { ...pair, head: t("pair"), rank: 2 },
  { ...size, head: t("quantity") },
  { head: t("phase"), cell: (row) => html`<${Badge} state=${row.phase} />` },
  { head: t("trade.opened"), rank: 3, cell: (row) => html`<span class="number">${clock(row.opened_at)}</span>` },
  { head: t("trade.expected"), end: true, rank: 2, cell: (row) => html`<${Money} value=${row.expected_net} digits=${4} gain />` },
  { head: t("trade.why"), rank: 3, className: "text", cell: (row) => html`<span class="faint">${named("reason", row.reason)}</span>` },
]);

const overColumns = computed(() => [
  { ...id, head: t("trade") },
  { head: t("trade.settled"), rank: 2, cell: (row) => html`<span class="number">${clock(row.settled_at)}</span>` },
  { head: t("symbol"), cell: (row) => base(row.symbol) },
  { ...pair, head: t("pair"), rank: 2 },
  { ...size, head: t("quantity") },
  { head: t("phase"), rank: 2, cell: (row) => html`<${Badge} state=${row.phase} />` },
  { head: t("fees"), end: true, rank: 3, cell: (row) => html`<${Fees} of=${row} />` },
  { head: t("funding"), end: true, rank: 3, cell: (row) => html`<${Money} value=${row.funding} digits=${4} gain />` },
  { head: t("slippage"), end: true, rank: 3, cell: (row) => basisPoints(row.slippage_bps) },
  { head: t("trade.expected"), end: true, rank: 3, cell: (row) => html`<${Money} value=${row.expected_net} digits=${4} gain />` },
  { head: t("net"), end: true, cell: (row) => html`<${Money} value=${row.net} digits=${4} gain />` },
  { head: t("trade.why"), rank: 3, className: "text", cell: (row) => html`<span class="faint">${named("reason", row.reason)}</span>` },
]);

const orderColumns = computed(() => [
  { ...id, head: t("order") },
  { head: t("trade"), rank: 3, cell: (row) => html`<code>${short(row.trade)}</code>` },
  { head: t("venue"), cell: (row) => row.venue },
  { head: t("symbol"), rank: 2, cell: (row) => base(row.symbol) },
  { head: t("order.purpose"), rank: 2, cell: (row) => named("purpose", row.purpose) },
  { head: t("order.side"), cell: (row) => html`<span class="side ${row.side}">${named("side", row.side)}</span>` },
  { head: t("quantity"), end: true, rank: 2, cell: (row) => html`<span class="number">${quantity(row.filled)} / ${quantity(row.quantity)}</span>` },
  { head: t("price"), end: true, rank: 3, cell: (row) => html`<span class="number">${price(row.price)}</span>` },
  { head: t("state"), cell: (row) => html`<${Badge} state=${row.unknown ? "unknown" : row.status} />` },
  { head: t("order.changed"), end: true, rank: 3, cell: (row) => html`<span class="number">${clock(row.changed_at)}</span>` },
]);

export function Trades() {
  const trades = section("trades").value;
  const orders = section("orders").value;
  const unknown = sorted(orders, (each) => each.changed_at, (each) => each.unknown).reverse();
  return html`${unknown.length > 0 &&
    html`<${Panel} title=${t("trades.unknown")} note=${t("trades.unknown.note")} flush className="alarming">
      <${Table} columns=${orderColumns.value} rows=${unknown} label=${t("trades.unknown")} /><//>`}
    <${Panel} title=${t("trades.open")} note=${t("trades.open.note")} flush>
      <${Known} of=${trades}>${() =>
        html`<${Table} columns=${tradeColumns.value} rows=${sorted(trades, (each) => each.opened_at, (each) => each.open)}
          label=${t("trades.open")} empty=${t("trades.open.none")} details=${Timeline} />`}<//><//>
    <${Panel} title=${t("trades.orders")} note=${t("trades.orders.note")} flush>
      <${Known} of=${orders}>${() =>
        html`<${Table} columns=${orderColumns.value} rows=${sorted(orders, (each) => each.changed_at, (each) => !each.unknown)}
          label=${t("trades.orders")} empty=${t("trades.orders.none")} most=${50} />`}<//><//>
    <${Panel} title=${t("trades.over")} note=${t("trades.over.note")} flush>
      <${Known} of=${trades}>${() =>
        html`<${Table} columns=${overColumns.value} rows=${sorted(trades, (each) => each.settled_at ?? "", (each) => !each.open)}
          label=${t("trades.over")} empty=${t("trades.over.none")} most=${100} details=${Timeline} />`}<//><//>`;
}

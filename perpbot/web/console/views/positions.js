// What is held where, and how much of it stands alone.

import { computed } from "../vendor/signals.js";
import { ageOf, base, short, sorted } from "../live/choose.js";
import { mean, quantity, sign } from "../live/decimals.js";
import { section } from "../live/store.js";
import { duration } from "../live/times.js";
import { Adoption } from "../parts/adoption.js";
import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Money } from "../parts/money.js";
import { Figure, Known, Panel } from "../parts/panel.js";
import { Table } from "../parts/table.js";
import { named, t } from "../words/index.js";

const Age = ({ since }) => duration(ageOf(since));

const unhedgedColumns = computed(() => [
  { head: t("trade"), cell: (_, key) => html`<code>${short(key)}</code>` },
  { head: t("symbol"), cell: (row) => base(row.symbol) },
  { head: t("positions.alone"), end: true, cell: (row) => html`<${Money} value=${row.value} unit="USD" />` },
  { head: t("age"), end: true, cell: (row) => html`<${Age} since=${row.since} />` },
  { head: t("view.venues"), rank: 2, cell: (row) => row.venues.join(", ") },
  { head: t("positions.unknownAt"), rank: 2, cell: (row) => row.unknown_at.join(", ") || "–" },
]);

const side = (row) => (sign(row.quantity) < 0 ? "sell" : "buy");
const positionColumns = computed(() => [
  { head: t("symbol"), cell: (row) => base(row.symbol) },
  { head: t("venue"), cell: (row) => row.venue },
  { head: t("account"), rank: 3, cell: (row) => row.account },
  { head: t("order.side"), rank: 2, cell: (row) => html`<span class="side ${side(row)}">${named("position", side(row))}</span>` },
  { head: t("quantity"), end: true, cell: (row) => html`<span class="number">${quantity(row.quantity)}</span>` },
  { head: t("positions.mark"), end: true, rank: 3, cell: (row) => html`<span class="number">${mean(row.mark)}</span>` },
  { head: t("value"), end: true, cell: (row) => html`<${Money} value=${row.value} unit=${row.currency} />` },
  { head: t("positions.venueSays"), end: true, rank: 2, cell: (row) =>
      row.venue_says === undefined
        ? html`<span class="faint">${t("positions.agrees")}</span>`
        : html`<${Badge} state="unknown" text=${quantity(row.venue_says)} />` },
]);

const residualColumns = computed(() => [
  { head: t("symbol"), cell: (row) => base(row.symbol) },
  { head: t("venue"), cell: (row) => row.venue },
  { head: t("account"), rank: 3, cell: (row) => row.account },
  { head: t("quantity"), end: true, cell: (row) => html`<span class="number">${quantity(row.quantity)}</span>` },
  { head: t("positions.cost"), end: true, cell: (row) => html`<${Money} value=${row.cost} digits=${4} unit=${row.currency} />` },
  { head: t("trade"), rank: 2, cell: (row) => html`<code>${short(row.trade)}</code>` },
]);

const exposureColumns = computed(() => [
  { head: t("symbol"), cell: (_, key) => base(key) },
  { head: t("exposure.net"), end: true, cell: (row) => html`<${Money} value=${row.net} gain unit="USD" />` },
  { head: t("exposure.gross"), end: true, cell: (row) => html`<${Money} value=${row.gross} unit="USD" />` },
]);

const venueColumns = computed(() => [
  { head: t("venue"), cell: (_, key) => key },
  { head: t("exposure.gross"), end: true, cell: (row) => html`<${Money} value=${row.gross} unit="USD" />` },
]);

export function Positions() {
  const exposure = section("exposure").value;
  const positions = section("positions").value;
  const residuals = Object.entries(section("residuals").value ?? {});
  const venues = Object.entries(exposure?.venues ?? {}).map(([name, gross]) => [name, { gross }]);
  const alone = sorted(exposure?.unhedged, (each) => each.since).reverse();
  return html`<${Known} of=${exposure}>${() => html`<dl class="figures">
      <${Figure} label=${t("exposure.net")} note=${t("exposure.net.note")}><${Money} value=${exposure.net} unit="USD" /><//>
      <${Figure} label=${t("exposure.gross")} note=${t("exposure.gross.note")}><${Money} value=${exposure.gross} unit="USD" /><//>
      <${Figure} label=${t("positions.unhedged")} tone=${alone.length ? "warn" : ""}
        note=${alone.length ? t("positions.oldest", { age: duration(ageOf(alone[0][1].since)) }) : t("positions.allHedged")}>${alone.length}<//>
    </dl>
    ${alone.length > 0 &&
    html`<${Panel} title=${t("positions.unhedged")} note=${t("positions.unhedged.note")} className="alarming" flush>
      <${Table} columns=${unhedgedColumns.value} rows=${alone} label=${t("positions.unhedged")} /><//>`}
    <${Panel} title=${t("positions.held")} note=${t("positions.held.note")} flush>
      <${Table} columns=${positionColumns.value} rows=${sorted(positions, (each) => each.symbol).reverse()}
        label=${t("positions.held")} empty=${t("positions.none")} /><//>
    ${residuals.length > 0 &&
    html`<${Panel} title=${t("positions.residuals")} note=${t("positions.residuals.note")} flush>
      <${Table} columns=${residualColumns.value} rows=${residuals} label=${t("positions.residuals")} /><//>`}
    <div class="halves">
      <${Panel} title=${t("positions.bySymbol")} flush>
        <${Table} columns=${exposureColumns.value} rows=${Object.entries(exposure.symbols)} label=${t("positions.bySymbol")} empty=${t("positions.none")} /><//>
      <${Panel} title=${t("positions.byVenue")} flush>
        <${Table} columns=${venueColumns.value} rows=${venues} label=${t("positions.byVenue")} empty=${t("positions.none")} /><//>
    </div>
    <${Adoption} positions=${positions} />`}<//>`;
}

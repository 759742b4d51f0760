// What there is, which pool has it, and what is taken.

import { computed } from "../vendor/signals.js";
import { short } from "../live/choose.js";
import { sum } from "../live/decimals.js";
import { section } from "../live/store.js";
import { html } from "../parts/html.js";
import { Money } from "../parts/money.js";
import { Empty, Figure, Known, Panel } from "../parts/panel.js";
import { Pools } from "../parts/pools.js";
import { Share } from "../parts/share.js";
import { Table } from "../parts/table.js";
import { named, t } from "../words/index.js";

const ledgerColumns = computed(() => [
  { head: t("venue"), cell: (row) => row.venue },
  { head: t("pool"), cell: (row) => named("pool", row.pool) },
  { head: t("capital.total"), end: true, rank: 2, cell: (row) => html`<${Money} value=${row.total} />` },
  { head: t("capital.allocated"), end: true, rank: 2, cell: (row) => html`<${Money} value=${row.allocated} />` },
  { head: t("capital.available"), end: true, cell: (row) => html`<${Money} value=${row.available} />` },
  { head: t("capital.used"), rank: 3, cell: (row) => html`<${Share} share=${Number(row.allocated) / (Number(row.total) || 1)} />` },
]);

const balanceColumns = computed(() => [
  { head: t("venue"), cell: (row) => row.venue },
  { head: t("account"), rank: 3, cell: (row) => row.account },
  { head: t("currency"), cell: (row) => row.currency },
  { head: t("capital.wallet"), end: true, rank: 2, cell: (row) => html`<${Money} value=${row.wallet} />` },
  { head: t("equity"), end: true, cell: (row) => html`<${Money} value=${row.equity} />` },
  { head: t("capital.available"), end: true, rank: 2, cell: (row) => html`<${Money} value=${row.available} />` },
]);

export function Capital() {
  const capital = section("capital").value;
  return html`<${Known} of=${capital}>${() => {
    const ledger = rows(capital.pools);
    const of = (key) => sum(ledger.map(([, row]) => row[key]));
    return html`<dl class="figures">
        <${Figure} label=${t("equity")}><${Money} value=${capital.equity} unit="USD" /><//>
        <${Figure} label=${t("capital.allocated")}><${Money} value=${of("allocated")} unit="USD" /><//>
        <${Figure} label=${t("capital.available")}><${Money} value=${of("available")} unit="USD" /><//>
      </dl>
      <div class="split">
        <${Panel} title=${t("capital.balances")} flush>
          <${Table} columns=${balanceColumns.value} rows=${Object.entries(capital.balances).sort()} label=${t("capital.balances")} empty=${t("capital.none")} /><//>
        <div class="stack">
          <${Panel} title=${t("overview.pools")}><${Pools} /><//>
          <${Panel} title=${t("capital.owners")} note=${t("capital.owners.note")}><${Owners} owners=${capital.owners} /><//>
        </div>
      </div>
      <${Panel} title=${t("capital.ledger")} note=${t("capital.ledger.note")} flush>
        <${Table} columns=${ledgerColumns.value} rows=${ledger} label=${t("capital.ledger")} empty=${t("capital.none")} /><//>`;
  }}<//>`;
}

const rows = (pools) =>
  Object.entries(pools).flatMap(([pool, venues]) =>
    Object.entries(venues).map(([venue, row]) => [`${pool}/${venue}`, { ...row, pool, venue }]),
  );

function Owners({ owners }) {
  const held = Object.entries(owners).filter(([, trades]) => trades.length);
  if (!held.length) return html`<${Empty} text=${t("capital.noOwner")} />`;
  return html`<dl class="list">${held.map(
    ([pool, trades]) => html`<div key=${pool}><dt>${named("pool", pool)}</dt>
      <dd>${trades.map((each) => html`<code key=${each}>${short(each)}</code> `)}</dd></div>`,
  )}</dl>`;
}

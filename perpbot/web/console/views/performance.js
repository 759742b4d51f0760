// What it earned: over time, by day, by venue, symbol and pool, and how steadily.

import { computed } from "../vendor/signals.js";
import { useAnswer } from "../live/asked.js";
import { base } from "../live/choose.js";
import { sum } from "../live/decimals.js";
import { section } from "../live/store.js";
import { html } from "../parts/html.js";
import { Money } from "../parts/money.js";
import { Figure, Known, Panel } from "../parts/panel.js";
import { ProfitChart } from "../parts/profit_chart.js";
import { Table } from "../parts/table.js";
import { named, t } from "../words/index.js";

const LOOK_AGAIN_MS = 10_000;

const profitColumns = (head, name) =>
  computed(() => [
    { head: t(head), cell: (_, key) => name(key) },
    { head: t("profit.trading"), end: true, rank: 2, cell: (row) => html`<${Money} value=${row.trading} digits=${4} gain />` },
    { head: t("fees"), end: true, rank: 2, cell: (row) => html`<${Money} value=${row.fees} digits=${4} />` },
    { head: t("funding"), end: true, rank: 3, cell: (row) => html`<${Money} value=${row.funding} digits=${4} gain />` },
    { head: t("net"), end: true, cell: (row) => html`<${Money} value=${row.net} digits=${4} gain />` },
  ]);

const CUTS = {
  days: profitColumns("day", (key) => key),
  symbols: profitColumns("symbol", base),
  venues: profitColumns("venue", (key) => key),
  pools: profitColumns("pool", (key) => named("pool", key)),
  currencies: profitColumns("currency", (key) => key),
};

export function Performance() {
  const pnl = section("pnl").value;
  return html`<${Known} of=${pnl}>${() => html`<${Figures} pnl=${pnl} />
    <${Panel} title=${t("overview.profit")} note=${t("overview.profit.note")}><${ProfitChart} height=${280} /><//>
    <div class="halves">${Object.entries(CUTS).map(
      ([cut, columns]) => html`<${Panel} key=${cut} title=${t(`performance.${cut}`)} flush>
        <${Table} columns=${columns.value} rows=${Object.entries(pnl[cut] ?? {}).sort().reverse()} label=${t(`performance.${cut}`)}
          empty=${t("performance.none")} /><//>`,
    )}</div>`}<//>`;
}

function Figures({ pnl }) {
  const { answer, error } = useAnswer("/api/trades/statistics?period=daily", LOOK_AGAIN_MS);
  const dollars = Object.entries(pnl.currencies).filter(([currency]) => !pnl.fee_coins.includes(currency));
  const of = (key) => sum(dollars.map(([, each]) => each[key]));
  const found = answer?.statistics ?? {};
  return html`<dl class="figures">
    <${Figure} label=${t("net")} note=${t("performance.sinceJournal")}><${Money} value=${of("net")} gain unit="USD" /><//>
    <${Figure} label=${t("fees")} note=${html`${t("funding")} <${Money} value=${of("funding")} gain />`}><${Money} value=${of("fees")} unit="USD" /><//>
    <${Figure} label=${t("performance.trades")} note=${error?.message}>${found.total_trades ?? "–"}<//>
    <${Figure} label=${t("performance.winRate")}>${percent(found.win_rate)}<//>
    <${Figure} label=${t("performance.drawdown")}><${Money} value=${found.max_drawdown} unit="USD" /><//>
    <${Figure} label=${t("performance.sharpe")} note=${t("performance.sharpe.note")}>${found.sharpe_ratio ?? "–"}<//>
  </dl>`;
}

const percent = (share) => (share === undefined || share === null ? "–" : `${(Number(share) * 100).toFixed(1)} %`);

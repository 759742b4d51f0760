// The first thing to look at: is it well, what does it earn, what stands open, and the handles.

import { cancelAll, flatten, start, stop } from "../live/actions.js";
import { textOf } from "../live/alerting.js";
import { may } from "../live/session.js";
import { section } from "../live/store.js";
import { duration } from "../live/times.js";
import { Badge } from "../parts/badge.js";
import { html } from "../parts/html.js";
import { Money } from "../parts/money.js";
import { Empty, Figure, Known, Panel } from "../parts/panel.js";
import { Pools } from "../parts/pools.js";
import { Prices } from "../parts/prices.js";
import { ProfitChart } from "../parts/profit_chart.js";
import { named, t } from "../words/index.js";
import { told } from "../words/told.js";

export function Overview() {
  const overview = section("overview").value;
  return html`<${Known} of=${overview}>${() => html`<${Figures} overview=${overview} />
    <div class="split">
      <div class="stack">
        <${Panel} title=${t("overview.prices")} note=${t("overview.prices.note")} flush><${Prices} /><//>
        <${Panel} title=${t("overview.profit")} note=${t("overview.profit.note")}><${ProfitChart} height=${220} /><//>
      </div>
      <div class="stack">
        <${Controls} overview=${overview} />
        <${Problems} overview=${overview} />
        <${Panel} title=${t("overview.pools")}><${Pools} /><//>
        <${Venues} />
      </div>
    </div>`}<//>`;
}

const Figures = ({ overview: of }) =>
  html`<dl class="figures">
    <${Figure} label=${t("equity")}><${Money} value=${of.equity} unit="USD" /><//>
    <${Figure} label=${t("today")} note=${t("overview.over", { count: of.trades_over ?? "–" })}>
      <${Money} value=${of.profit_today} gain unit="USD" /><//>
    <${Figure} label=${t("overview.open")} tone=${of.orders_unknown ? "warn" : ""}
      note=${t("overview.unknown", { count: of.orders_unknown ?? "–" })}>${of.trades_open}<//>
    <${Figure} label=${t("exposure.net")} note=${html`${t("exposure.gross")} <${Money} value=${of.gross_exposure} />`}>
      <${Money} value=${of.net_exposure} unit="USD" /><//>
    <${Figure} label=${t("overview.actors")} note=${t("overview.restarts", of)}>${of.actors}<//>
    <${Figure} label=${t("overview.uptime")} note=${of.config}>${duration(of.uptime_s)}<//>
  </dl>`;

function Controls({ overview }) {
  const runs = overview.trading === "running" || overview.trading === "blocked";
  return html`<${Panel} title=${t("overview.controls")} tools=${html`<${Badge} state=${overview.trading} />`}>
    <p class="faint">${named("trading", overview.trading)}</p>
    ${may("trade")
      ? html`<div class="buttons">
          ${runs
            ? html`<button class="danger" onClick=${stop}>${t("act.stop.label")}</button>`
            : html`<button class="solid accent" onClick=${start}>${t("act.start.label")}</button>`}
          <button class="danger" onClick=${() => flatten()}>${t("act.flatten.label")}</button>
          <button onClick=${() => cancelAll()}>${t("act.cancel.label")}</button>
        </div>`
      : html`<p class="faint">${t("overview.readOnly")}</p>`}
  <//>`;
}

const ALERT = /^alert ([^:]+): /;

/** A problem as the operator reads it; of an alert its title in the chosen language. */
function problem(said) {
  const alert = section("alerts").value?.[ALERT.exec(said)?.[1]];
  return alert ? `${t("view.alerts")} ${alert.about}: ${textOf(alert)}` : told(said);
}

const Problems = ({ overview }) =>
  html`<${Panel} title=${t("overview.problems")}
    tools=${html`<${Badge} state=${overview.healthy ? "healthy" : "warning"} text=${overview.healthy ? t("health.well") : overview.problems.length} />`}>
    ${overview.problems.length
      ? html`<ul class="problems">${overview.problems.map((each) => html`<li key=${each}>${problem(each)}</li>`)}</ul>`
      : html`<${Empty} text=${t("overview.noProblem")} />`}
  <//>`;

const Venues = () =>
  html`<${Panel} title=${t("view.venues")}>
    <ul class="pairs">${Object.entries(section("venues").value ?? {}).map(
      ([name, venue]) => html`<li key=${name}><a href="#/venues">${name}</a>
        ${venue.killed ? html`<${Badge} state="killed" />` : html`<${Badge} state=${venue.state} />`}</li>`,
    )}</ul><//>`;

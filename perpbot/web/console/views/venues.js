// Each venue: whether it works, how fast, what it allows, and its own switches.

import { cancelAll, flatten, killOff, killOn } from "../live/actions.js";
import { may } from "../live/session.js";
import { ageOf } from "../live/choose.js";
import { section } from "../live/store.js";
import { duration } from "../live/times.js";
import { Badge } from "../parts/badge.js";
import { html, memo } from "../parts/html.js";
import { Known } from "../parts/panel.js";
import { named, t } from "../words/index.js";
import { told } from "../words/told.js";

export function Venues() {
  const venues = section("venues").value;
  const killed = section("kill_switch").value ?? {};
  return html`<${Known} of=${venues}>${() => html`<div class="cards">${Object.entries(venues).map(
    ([name, venue]) => html`<${Venue} key=${name} name=${name} venue=${venue} own=${name in killed} />`,
  )}</div>`}<//>`;
}

const Venue = memo(
  ({ name, venue, own }) => html`<section class="panel venue" aria-label=${name}>
    <header><h2>${name}</h2><div class="tools">
      ${venue.killed && html`<${Badge} state="killed" text=${own ? t("kill.on") : t("kill.global")} />`}
      <${Badge} state=${venue.state} /></div></header>
    <p class="standing ${venue.open_allowed ? "" : "warn"}">${venue.open_allowed ? t("venue.opens") : t("venue.refuses", { why: told(venue.refusal) ?? "–" })}</p>
    <table class="compact"><thead><tr><th scope="col">${t("connection")}</th><th scope="col">${t("state")}</th>
      <th scope="col" class="end">p50</th><th scope="col" class="end">p99</th><th scope="col" class="end">${t("venue.streak")}</th></tr></thead>
      <tbody>${Object.entries(venue.connections).map(([each, row]) => html`<${Connection} key=${each} name=${each} row=${row} />`)}</tbody></table>
    <dl class="facts">
      <div><dt>${t("venue.reads")}</dt><dd class="number">${left(venue.tokens.reads)}</dd></div>
      <div><dt>${t("venue.orders")}</dt><dd class="number">${left(venue.tokens.orders)}</dd></div>
      <div><dt>${t("venue.clock")}</dt><dd class="number">${ahead(venue.clock_ahead_ms)}</dd></div>
      <div><dt>${t("venue.quotes")}</dt><dd class="number">${count(venue.counts.quotes)}</dd></div>
      <div><dt>${t("venue.reconnects")}</dt><dd class="number">${count(venue.counts.reconnects)}</dd></div>
      <div><dt>${t("venue.gaps")}</dt><dd class="number">${count(venue.counts.gaps)}</dd></div>
      <div class="full"><dt>${t("venue.deadMan")}</dt><dd title=${venue.dead_man}>${venue.dead_man ? named("deadMan", venue.dead_man) : "–"}</dd></div>
    </dl>
    ${venue.paused_s > 0 && html`<p class="standing warn">${t("venue.paused", { age: duration(venue.paused_s) })}</p>`}
    ${venue.unlisted.length > 0 && html`<p class="standing warn">${t("venue.unlisted", { symbols: venue.unlisted.join(", ") })}</p>`}
    ${may("trade") && venue.trading && html`<footer class="buttons">
      ${own ? html`<button onClick=${() => killOff(name)}>${t("kill.turnOff")}</button>`
            : html`<button class="danger" onClick=${() => killOn(name)}>${t("kill")}</button>`}
      <button class="danger" onClick=${() => flatten(name)}>${t("act.flatten.label")}</button>
      <button onClick=${() => cancelAll(name)}>${t("act.cancel.label")}</button></footer>`}
  </section>`,
);

const Connection = memo(
  ({ name, row }) => html`<tr><th scope="row">${named("connection", name)}</th>
    <td><${Badge} state=${row.circuit} title=${row.reason} /></td>
    <td class="end number">${ms(row.latency_ms.p50)}</td><td class="end number">${ms(row.latency_ms.p99)}</td>
    <td class="end number ${row.error_streak ? "warn" : ""}">${row.error_streak ?? "–"}</td></tr>
    ${row.circuit !== "CONNECTED" && row.reason && html`<tr><td colspan="5" class="warn small">${told(row.reason)}, <${Age} since=${row.since} /></td></tr>`}`,
);

const Age = ({ since }) => duration(ageOf(since));
const ms = (value) => (value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);
const ahead = (value) => `${value > 0 ? "+" : value < 0 ? "\u2212" : ""}${Math.abs(value)} ms`;
const count = (value) => (value ?? 0).toLocaleString("en");
const left = (tokens) => (tokens === undefined ? "–" : Math.floor(tokens));

// What every venue sends, as numbers and as quotes a second.

import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { section } from "../live/store.js";
import { t } from "../words/index.js";
import { html } from "./html.js";
import { Share } from "./share.js";

const LOOK_MS = 2_000;

export function Rates() {
  const rates = useRates();
  const venues = Object.entries(section("venues").value ?? {});
  const most = Math.max(1, ...Object.values(rates));
  return html`<div class="table"><table aria-label=${t("simulation.flow")}><thead><tr><th scope="col">${t("venue")}</th>
      <th scope="col" class="end">${t("simulation.rate")}</th><th scope="col" class="rank2"></th><th scope="col" class="end rank2">${t("simulation.frames")}</th>
      <th scope="col" class="end">${t("venue.gaps")}</th><th scope="col" class="end rank2">${t("venue.reconnects")}</th>
      <th scope="col" class="end rank2">${t("simulation.errors")}</th></tr></thead>
    <tbody>${venues.map(
      ([name, { counts }]) => html`<tr key=${name}><th scope="row">${name}</th><td class="end number">${rates[name]?.toFixed(1) ?? "–"}</td>
        <td class="rank2 bar-cell"><${Share} share=${(rates[name] ?? 0) / most} tone="accent" /></td>
        <td class="end number rank2">${(counts.frames ?? 0).toLocaleString("en")}</td><td class="end number">${counts.gaps ?? 0}</td>
        <td class="end number rank2">${counts.reconnects ?? 0}</td><td class="end number rank2">${counts.errors ?? 0}</td></tr>`,
    )}</tbody></table></div>`;
}

/** Quotes a second of each venue, over the last two seconds. */
function useRates() {
  const [rates, set] = useState({});
  const before = useRef(null);
  useEffect(() => {
    const look = () => {
      const now = { at: performance.now(), venues: section("venues").peek() ?? {} };
      if (before.current) set(between(before.current, now));
      before.current = now;
    };
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return rates;
}

function between(before, now) {
  const seconds = (now.at - before.at) / 1000;
  const rate = (name) => ((now.venues[name].counts.quotes ?? 0) - (before.venues[name]?.counts.quotes ?? 0)) / seconds;
  return Object.fromEntries(Object.keys(now.venues).map((name) => [name, Math.max(0, rate(name))]));
}

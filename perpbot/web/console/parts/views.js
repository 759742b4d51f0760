// The fifteen views: where they stand in the menu and who draws them.

import { signal } from "../vendor/signals.js";
import { Actors } from "../views/actors.js";
import { Alerts } from "../views/alerts.js";
import { Audit } from "../views/audit.js";
import { Capital } from "../views/capital.js";
import { Configuration } from "../views/configuration.js";
import { Latency } from "../views/latency.js";
import { Logs } from "../views/logs.js";
import { Opportunities } from "../views/opportunities.js";
import { Overview } from "../views/overview.js";
import { Performance } from "../views/performance.js";
import { Positions } from "../views/positions.js";
import { Risk } from "../views/risk.js";
import { Simulation } from "../views/simulation.js";
import { Trades } from "../views/trades.js";
import { Venues } from "../views/venues.js";

export const GROUPS = {
  trading: { overview: Overview, opportunities: Opportunities, trades: Trades, positions: Positions, capital: Capital,
    performance: Performance },
  system: { venues: Venues, risk: Risk, actors: Actors, latency: Latency, simulation: Simulation },
  operation: { alerts: Alerts, logs: Logs, configuration: Configuration, audit: Audit },
};
export const VIEWS = Object.assign({}, ...Object.values(GROUPS));

const chosen = () => {
  const name = location.hash.replace(/^#\/?/, "").split("/")[0];
  return name in VIEWS ? name : "overview";
};

/** Name of the view that is shown. */
export const view = signal(chosen());

addEventListener("hashchange", () => {
  view.value = chosen();
  scrollTo(0, 0);
});

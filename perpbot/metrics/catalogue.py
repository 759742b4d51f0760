"""Every metric there is: its name, its kind, what it means. Dashboards, alert rules and docs/metrics.md go by it.

Units are base units: seconds, ratios from 0 to 1, US dollars as the configuration takes them. Labels have few values:
venues, connections, stages and the like; never an order, a trade or a price.
"""

from enum import StrEnum

import attrs

PREFIX = "perpbot_"


class Kind(StrEnum):
    """How Prometheus reads a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    """Only grows; begins at 0 with the process, unless its meaning says otherwise."""
    HISTOGRAM = "histogram"


@attrs.frozen
class Metric:
    """One metric; `name` stands without the prefix and, for counters, without ``_total``."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    seen: str = ""
    """When it is there, where that is not always."""

    @property
    def full_name(self) -> str:
        """As Prometheus and its queries know it; of a histogram the stem of its three series."""
        return f"{PREFIX}{self.name}{'_total' if self.kind is Kind.COUNTER else ''}"


_CONNECTION = ("venue", "connection")
_WITH_BALANCES = "with `metrics.balances: true`"
_AFTER_ORDERS = "after the first order"

PROCESS = (
    Metric("info", Kind.GAUGE, "Always 1; its labels say which version runs in which mode.", ("version", "mode")),
    Metric("uptime_seconds", Kind.GAUGE, "Time since the start."),
    Metric("state_missing", Kind.GAUGE, "Actors that did not say in time how they are; their metrics are left out."),
    Metric("health_ratio", Kind.GAUGE, "How well the whole does: the weighted mean of its components."),
    Metric("component_health_ratio", Kind.GAUGE, "How well one component does.", ("component",)),
    Metric("hub_lag_seconds", Kind.HISTOGRAM, "How late the hub turned; everything waits for as long."),
    Metric("hub_blocks", Kind.COUNTER, "Times the hub was kept busy for more than 100 ms."),
    Metric("actor_mailbox_depth", Kind.GAUGE, "Messages that wait.", ("actor",)),
    Metric("actor_messages", Kind.COUNTER, "Messages handled.", ("actor",)),
    Metric("actor_handler_seconds", Kind.COUNTER, "Time spent in handlers.", ("actor",)),
    Metric("actor_restarts", Kind.COUNTER, "Restarts.", ("actor",)),
    Metric("actor_crashes", Kind.COUNTER, "Actors that ended abnormally, over all."),
    Metric("actor_troubles", Kind.GAUGE, "Actors in trouble, by kind of trouble.", ("kind",), "while there are any"),
    Metric("dead_letters", Kind.COUNTER, "Messages that could not be delivered."),
    Metric("log_lines_lost", Kind.COUNTER, "Log lines and crashes that could not be written."),
    Metric("journal_entries", Kind.COUNTER, "Entries written to the journal."),
    Metric("journal_commits", Kind.COUNTER, "Commits they shared."),
)
VENUES = (
    Metric("connection_up", Kind.GAUGE, "1 while the connection is CONNECTED, else 0.", _CONNECTION),
    Metric("connection_circuit", Kind.GAUGE, "Always 1; `state` is its circuit's.", (*_CONNECTION, "state")),
    Metric(
        "connection_latency_seconds",
        Kind.GAUGE,
        "Of the newest 500: market data's age on arrival, or the time until a call was answered.",
        (*_CONNECTION, "quantile"),
        "after the first message",
    ),
    Metric("connection_error_ratio", Kind.GAUGE, "Share of errors among the newest 500 results.", _CONNECTION),
    Metric("connection_error_streak", Kind.GAUGE, "Errors in a row.", _CONNECTION),
    Metric("quote_age_seconds", Kind.GAUGE, "Age of a venue's youngest quote.", ("venue",), "after the first quote"),
    Metric("quotes_stale", Kind.GAUGE, "Instruments whose last quote is shown and not traded.", ("venue",)),
    Metric("quotes", Kind.COUNTER, "Quotes that came by stream.", ("venue",)),
    Metric("book_gaps", Kind.COUNTER, "Books that had to be rebuilt.", ("venue",)),
    Metric("reconnects", Kind.COUNTER, "Market-data sessions after the first.", ("venue",)),
    Metric("market_data_errors", Kind.COUNTER, "Sessions that failed, and frames nobody understood.", ("venue",)),
)
TRADING = (
    Metric("opportunities", Kind.COUNTER, "Edges found that were worth a trade."),
    Metric("opportunity_verdicts", Kind.COUNTER, "What became of them.", ("verdict",), "after the first"),
    Metric("risk_refusals", Kind.COUNTER, "Openings refused, by rule.", ("rule",), "after the first"),
    Metric("orders_sent", Kind.COUNTER, "Orders handed to the network."),
    Metric("orders", Kind.COUNTER, "Orders that were answered: `accepted` or `refused`.", ("result",)),
    Metric("orders_unknown", Kind.GAUGE, "Orders whose fate is not known now."),
    Metric("order_duplicates", Kind.COUNTER, "Orders whose id was used before, since the journal began; it stays 0."),
    Metric("order_contradictions", Kind.COUNTER, "News of orders that contradicted what was known; it stays 0."),
    Metric(
        "stage_seconds",
        Kind.HISTOGRAM,
        "From the frame behind an opening to a stage of its orders.",
        ("stage",),
        _AFTER_ORDERS,
    ),
    Metric("trades_open", Kind.GAUGE, "Trades in progress."),
    Metric("trades", Kind.COUNTER, "Trades that are over, since the journal began.", ("outcome",)),
    Metric("positions_open", Kind.GAUGE, "Positions that are not flat, over all venues."),
    Metric("exposure_usd", Kind.GAUGE, "Value of all positions: `net` of each other, and `gross`.", ("side",)),
    Metric("unhedged_usd", Kind.GAUGE, "Value of legs that stand alone."),
    Metric("unhedged_seconds", Kind.GAUGE, "For how long the oldest of them has."),
    Metric(
        "trade_unhedged_seconds",
        Kind.HISTOGRAM,
        "Trades that are over, by how long something stood alone, from a fill's arrival until its hedge was filled.",
    ),
    Metric("unhedged_peak_usd", Kind.GAUGE, "Largest value that stood alone in a trade that is over, since the start."),
    Metric(
        "unhedged_usd_seconds", Kind.COUNTER, "Value that stood alone times the seconds it did, of the same trades."
    ),
    Metric("position_mismatches", Kind.GAUGE, "Positions that a venue counts otherwise than we."),
    Metric(
        "profit_usd",
        Kind.GAUGE,
        "Earned since the journal began, open positions at marks: `trading`, `fees` (cost), `funding`.",
        ("currency", "part"),
        "after the first fill",
    ),
    Metric("daily_profit_usd", Kind.GAUGE, "Earned today after fees and funding, as the risk rules count it."),
    Metric("drawdown_ratio", Kind.GAUGE, "How far the equity is below its highest."),
    Metric("failures_in_row", Kind.GAUGE, "Trades that failed one after the other."),
    Metric("opening_blocks", Kind.GAUGE, "Risk rules that refuse every opening now."),
    Metric("kill_switch_on", Kind.GAUGE, "1 while a kill switch is on.", ("scope",)),
)
CAPITAL = (
    Metric("fund_usage_ratio", Kind.GAUGE, "Share of all pools that trades hold."),
    Metric("symbol_fund_usage_ratio", Kind.GAUGE, "Share of what a symbol may use that it uses.", ("symbol",)),
    Metric("fund_rebalances", Kind.COUNTER, "Times capital was shared out anew between symbols."),
    Metric("fund_allocation_efficiency_ratio", Kind.GAUGE, "Share of capital asked for that symbols had room for."),
    Metric("pool_usage_ratio", Kind.GAUGE, "Share of one pool that trades hold.", ("pool",)),
    Metric("blocked_trades", Kind.COUNTER, "Trades refused for want of capital."),
    Metric("pool_total_usd", Kind.GAUGE, "A pool's share of the equity.", ("pool",), _WITH_BALANCES),
    Metric("pool_allocated_usd", Kind.GAUGE, "What trades hold of it.", ("pool",), _WITH_BALANCES),
    Metric("equity_usd", Kind.GAUGE, "What the account at a venue is worth.", ("venue",), _WITH_BALANCES),
)
GROUPS = {"The process": PROCESS, "Venues": VENUES, "Trading": TRADING, "Capital": CAPITAL}
METRICS = {metric.name: metric for group in GROUPS.values() for metric in group}

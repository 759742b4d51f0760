"""The values that alert rules may speak of: one list, from which docs/alerts.md is made."""

from enum import StrEnum

import attrs


class Unit(StrEnum):
    """What a value counts, which decides what may stand behind a number."""

    TIME = "time"
    """Kept in seconds; written ``250ms``, ``5s``, ``2min``, ``1h`` or ``1d``."""
    SHARE = "share"
    """Kept as a fraction; written ``10%``."""
    MONEY = "money"
    """Kept in quote currency; written ``-500`` or ``-500USD``."""
    COUNT = "count"
    """Written without a unit."""


class Per(StrEnum):
    """What there is one value for."""

    ALL = "all"
    """One for PerpBot as a whole."""
    VENUE = "venue"
    CONNECTION = "connection"
    """As in ``okx/trading``."""
    COMPONENT = "component"
    """An actor's address, or ``hub``."""


@attrs.frozen
class Signal:
    """One value that is known at every moment, or not known yet."""

    name: str
    unit: Unit
    per: Per
    meaning: str


_ALL = (
    Signal(
        "quote_latency", Unit.TIME, Per.VENUE,
        "Time since the venue's stream brought a good quote, of whatever symbol; counted from 20 s after a start on.",
    ),
    Signal("stale_quotes", Unit.COUNT, Per.VENUE, "Symbols whose last quote is served marked stale (MKT-5)."),
    Signal("connection_latency", Unit.TIME, Per.CONNECTION, "Mean latency of the newest 500 messages or calls."),
    Signal("error_rate", Unit.SHARE, Per.CONNECTION, "Share of the newest 500 calls and frames that were errors."),
    Signal("error_streak", Unit.COUNT, Per.CONNECTION, "Errors in a row."),
    Signal("heartbeat_age", Unit.TIME, Per.CONNECTION, "Time since anything was heard of the venue, while connected."),
    Signal("down_time", Unit.TIME, Per.CONNECTION, "How long the circuit has not been CONNECTED; 0 while it is."),
    Signal(
        "exceeded_limits", Unit.COUNT, Per.CONNECTION,
        "How many of the connection's own limits it is beyond: latency, errors, error streak, heartbeat (CON-6).",
    ),
    Signal(
        "component_silence", Unit.TIME, Per.COMPONENT,
        "How long a part of PerpBot has not answered: the hub, the journal, whoever tells the state.",
    ),
    Signal("health_score", Unit.SHARE, Per.ALL, "The overall score of all components (HLT-1)."),
    Signal("actors_in_trouble", Unit.COUNT, Per.ALL, "Actors that are stuck, overrun, failing or given up."),
    Signal("consecutive_failures", Unit.COUNT, Per.ALL, "Trades in a row, up to the newest, that were not completed."),
    Signal("success_rate", Unit.SHARE, Per.ALL, "Share of the newest 20 trades that were completed; from 5 trades on."),
    Signal(
        "daily_pnl", Unit.MONEY, Per.ALL,
        "What this day has come to: trades that were over in it, after fees, and funding, by the venues' clocks.",
    ),
    Signal("drawdown", Unit.SHARE, Per.ALL, "How far the equity of all venues is below its highest."),
    Signal("equity", Unit.MONEY, Per.ALL, "Equity of all venues."),
    Signal("capital_usage", Unit.SHARE, Per.ALL, "Share of the arbitrage pool that trades hold, over all venues."),
    Signal("net_exposure", Unit.MONEY, Per.ALL, "What is not hedged over all symbols, without its sign."),
    Signal("unhedged_value", Unit.MONEY, Per.ALL, "Value of the largest leg that stands alone."),
    Signal("unknown_orders", Unit.COUNT, Per.ALL, "Orders whose fate is not known."),
    Signal("refused_orders", Unit.COUNT, Per.ALL, "Orders of one leg that its venue turned down one after the other."),
    Signal("position_mismatches", Unit.COUNT, Per.ALL, "Positions that a venue counts otherwise than we."),
    Signal("kill_switches", Unit.COUNT, Per.ALL, "Kill switches that are on, those of alerts not counted."),
    Signal("lost_log_lines", Unit.COUNT, Per.ALL, "Log lines that could not be written since the start."),
    Signal("undelivered_messages", Unit.COUNT, Per.ALL, "Messages of alerts that wait longer than 5 minutes."),
)  # fmt: skip

SIGNALS = {each.name: each for each in _ALL}
"""By name."""

# ruff: noqa: RUF009 - the calls declare keys; each makes a field
"""Settings of running PerpBot: supervision, simulated venues, the bar feed, and logs."""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

import attrs

from perpbot.config.section import (
    Fault,
    Section,
    address,
    choice,
    clash,
    count,
    flag,
    milliseconds,
    money,
    percent,
    rate,
    rule,
    seconds,
    variable,
    word,
)


class Mode(StrEnum):
    """What is real."""

    SIMULATION = "simulation"
    """Nothing: simulated venues."""
    PAPER = "paper"
    """Market data is real, fills are simulated."""
    LIVE = "live"
    """Everything: real orders, real money."""


class LogLevel(StrEnum):
    """The least severe entry that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Resolution(StrEnum):
    """The time one bar covers."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H12 = "12h"
    D1 = "1d"


@attrs.frozen(kw_only=True)
class Supervision(Section):
    """How often what fails is restarted, and when its supervisor gives up."""

    intensity: int = count(5, "Restarts in a period that a supervisor bears; one more ends it.", 0, 1000, "restarts")
    period_sec: float = seconds(30, "The period they are counted over.", "0.1", "3600")
    backoff_min_sec: float = seconds(0.5, "Wait before the first restart of a child that backs off.", "0.01", "60")
    backoff_max_sec: float = seconds(30, "What that wait grows to, before jitter.", "0.01", "600")
    backoff_jitter: float = rate(0.2, "Share of the wait that chance may add.", "0", "1", "")
    shutdown_sec: float = seconds(5, "Time an actor has to stop before it is killed.", "0.1", "300")

    @rule
    def _backoff_grows(self) -> Iterator[Fault]:
        if self.backoff_max_sec < self.backoff_min_sec:
            yield clash(self, "backoff_max_sec", "must not be less than", "backoff_min_sec")


@attrs.frozen(kw_only=True)
class Simulation(Section):
    """The simulated venues that PerpBot starts by itself."""

    enabled: bool = flag(False, "Whether PerpBot starts simulated venues; only in mode simulation.")
    seed: int | None = count(
        None, "Decides the whole course of a new world's market; by chance where not given.", 0, 2**53
    )
    frames_per_second: float = rate(20, "Book updates each venue sends for each symbol.", "0.1", "1000", "per second")
    edges_per_minute: float = rate(
        6, "How often two venues drift apart far enough to trade, in each symbol.", "0", "600", "per minute"
    )
    edge_pct: Decimal = percent("0.6", "How far they drift apart, on average.", "0.01", "10")
    latency_ms: float = milliseconds(5, "Time a simulated venue takes to answer.", "0", "5000")
    starting_balance: Decimal = money("10000", "Cash in each simulated account of a new world.", "1", "100000000")


@attrs.frozen(kw_only=True)
class Paper(Section):
    """The accounts that orders go to in mode paper; no order leaves this process."""

    starting_balance: Decimal = money("10000", "Cash in each new account on paper.", "1", "100000000")
    latency_ms: float = milliseconds(50, "Time an order takes to arrive.", "0", "5000")


@attrs.frozen(kw_only=True)
class WebSocketBars(Section):
    """The feed of bars for strategies. Accepted and checked, but nothing uses it yet."""

    endpoint: str | None = address("URL of the bar service.", "wss", "ws")
    csrf_token_env: str | None = variable("Environment variable that holds the service's token.")
    market_type: str = word(
        "binance-testnet", "The market, as the service names it.", "[a-z0-9_-]{1,40}", "a name (a-z, 0-9, _ and -)"
    )
    symbols: tuple[str, ...] = word(
        (), "Instruments, as the service names them.", "[A-Za-z0-9_/:-]{1,40}", "an instrument's name, as in BTCUSDT"
    )
    resolutions: tuple[Resolution, ...] = choice((Resolution.M1,), "Which bars are kept.", Resolution)
    max_bars_per_symbol: int = count(1000, "Bars kept for each symbol and resolution.", 1, 100_000, "bars")


@attrs.frozen(kw_only=True)
class Log(Section):
    """What is logged, and where."""

    level: LogLevel = choice(LogLevel.INFO, "The least severe entry that is logged.", LogLevel)
    file: str | None = word(
        "perpbot.log", "Log file, seen from the state directory; null for none.", "[^\\x00-\\x1f]{1,200}", "a file name"
    )
    max_size_mb: int = count(
        50, "Size at which the log file begins anew; it also does with every UTC day.", 1, 10_000, "MB"
    )
    keep_files: int = count(10, "Older log files that are kept.", 1, 1000, "files")
    status_interval_sec: float = seconds(300, "How often the state of the whole is logged.", "1", "86400")


@attrs.frozen(kw_only=True)
class Metrics(Section):
    """What Prometheus reads."""

    listen: str | None = word(
        None,
        "Where metrics are served, apart from the web console, which has them too: 127.0.0.1:9464 is Prometheus' own.",
        r"([0-9]{1,3}(\.[0-9]{1,3}){3}|localhost|\[[0-9a-f:]{2,39}\]):[1-9][0-9]{0,4}",
        "an address and a port, as in 127.0.0.1:9464",
    )
    balances: bool = flag(False, "Whether metrics say what accounts and pools hold. Nobody is asked who reads them.")

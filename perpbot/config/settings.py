# ruff: noqa: RUF009 - the calls declare keys; each makes a field
"""All settings of PerpBot, as one tree of frozen values, and the rules that span its sections.

Money, sizes, prices and percentages are `Decimal`; seconds, milliseconds and counts are numbers. The name of a key
says its unit: `_pct` is percent (0.2 is 0.2 %), `_sec` seconds, `_ms` milliseconds; what is money is quote currency,
taken as US dollars. Keys that end in `_env` name an environment variable.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from perpbot.config.decisions import Execution, QuoteEngine, Scanner
from perpbot.config.exchanges import VENUES, Exchange
from perpbot.config.kinds import written
from perpbot.config.limits import Capital, Risk
from perpbot.config.loader import load
from perpbot.config.operation import Log, Metrics, Mode, Paper, Simulation, Supervision, WebSocketBars
from perpbot.config.section import Fault, Section, choice, clash, rule, section, sections, word
from perpbot.config.web import Web
from perpbot.model.instrument import canonical_symbol

_SUFFIX = canonical_symbol("")


def _canonical(symbols: Any) -> Any:
    return tuple(symbol if symbol.endswith(_SUFFIX) else canonical_symbol(symbol) for symbol in symbols)


@attrs.frozen(kw_only=True)
class Settings(Section):
    """Everything that can be configured."""

    mode: Mode = choice(
        Mode.SIMULATION, "What is real: nothing, only the market data (paper), or everything (live).", Mode
    )
    symbols: tuple[str, ...] = word(
        attrs.NOTHING,
        "What is traded: base assets (BTC) or canonical symbols (BTC-PERP).",
        f"[0-9]{{0,9}}[A-Z][A-Z0-9]{{0,14}}({_SUFFIX})?",
        "a base asset in capitals, as in BTC or BTC-PERP",
        converter=_canonical,
    )
    exchanges: Mapping[str, Exchange] = sections("The venues, by name; at least two.", VENUES)
    quote_engine: QuoteEngine = section(QuoteEngine, "What a quote must be like to count.")
    scanner: Scanner = section(Scanner, "What makes an opportunity, and which one comes first.")
    execution: Execution = section(Execution, "How a trade is opened, kept whole, and closed.")
    capital: Capital = section(Capital, "How the equity at each venue is divided and guarded.")
    risk: Risk = section(Risk, "The limits every order passes.")
    supervision: Supervision = section(Supervision, "How often what fails is restarted.")
    simulation: Simulation = section(Simulation, "The simulated venues that PerpBot starts by itself.")
    paper: Paper = section(Paper, "The accounts that orders go to in mode paper; no order leaves this process.")
    websocket: WebSocketBars | None = section(
        WebSocketBars, "The feed of bars for strategies. Nothing uses it yet.", given=False
    )
    log: Log = section(Log, "What is logged, and where.")
    metrics: Metrics = section(Metrics, "What Prometheus reads.")
    web: Web = section(Web, "The web console and its API.")

    @property
    def bases(self) -> tuple[str, ...]:
        """The base assets of `symbols`: ``("BTC", "ETH")``."""
        return tuple(symbol.removesuffix(_SUFFIX) for symbol in self.symbols)

    @rule
    def _symbols_differ(self) -> Iterator[Fault]:
        if not self.symbols:
            yield Fault(("symbols",), "must have at least one symbol")
        for index, symbol in enumerate(self.symbols):
            if symbol in self.symbols[:index]:
                yield Fault(("symbols", index), f"{symbol} is listed twice")

    @rule
    def _two_venues(self) -> Iterator[Fault]:
        if len(self.exchanges) < 2:  # noqa: PLR2004 - a trade has two legs
            yield Fault(("exchanges",), f"arbitrage needs at least two venues, and there is {len(self.exchanges)}")

    @rule
    def _pairs_are_configured(self) -> Iterator[Fault]:
        for index, pair in enumerate(self.scanner.priority_exchange_pairs):
            for side, venue in enumerate(pair):
                if venue not in self.exchanges:
                    yield Fault(
                        ("scanner", "priority_exchange_pairs", index, side),
                        f"{venue} is not among the configured exchanges ({', '.join(self.exchanges)})",
                    )

    @rule
    def _no_mixture_of_nets(self) -> Iterator[Fault]:
        on_testnet = [venue for venue, exchange in self.exchanges.items() if exchange.testnet]
        if len(on_testnet) == len(self.exchanges):
            return
        real = ", ".join(venue for venue in self.exchanges if venue not in on_testnet)
        for venue in on_testnet:
            text = f"not mixed with real venues: set it at {real}, too; delete what has no testnet"
            yield Fault(("exchanges", venue, "testnet"), text)

    @rule
    def _live_means_live(self) -> Iterator[Fault]:
        trading = [venue for venue, exchange in self.exchanges.items() if exchange.trading.trade_enabled]
        if self.mode is Mode.LIVE and len(trading) < 2:  # noqa: PLR2004 - a trade has two legs
            text = "live needs trading.trade_enabled: true at two venues or more; otherwise use paper"
            yield Fault(("mode",), text)

    @rule
    def _live_needs_credentials(self) -> Iterator[Fault]:
        for venue, exchange in self.exchanges.items():
            if self.mode is Mode.LIVE and exchange.trading.trade_enabled and not exchange.trading.credentials:
                text = "live trading needs credentials: name the variables that hold them (api_key_env and so on)"
                yield Fault(("exchanges", venue, "trading", "trade_enabled"), text)

    @rule
    def _simulated_venues_only_in_simulation(self) -> Iterator[Fault]:
        if self.simulation.enabled and self.mode is not Mode.SIMULATION:
            yield Fault(("simulation", "enabled"), f"must be false in mode {self.mode}", ("mode",))

    @rule
    def _expected_hold_is_allowed(self) -> Iterator[Fault]:
        if self.scanner.holding_time_sec > self.execution.max_hold_sec:
            yield clash(self, "scanner.holding_time_sec", "must not be more than", "execution.max_hold_sec")

    @rule
    def _trade_fits_position(self) -> Iterator[Fault]:
        if self.scanner.max_notional > self.risk.max_position_notional:
            yield clash(self, "scanner.max_notional", "must not be more than", "risk.max_position_notional")

    @rule
    def _hedge_passes_collar(self) -> Iterator[Fault]:
        collar = self.risk.price_collar_pct
        for index, band in enumerate(self.execution.hedge_band_pct):
            if band > collar:
                text = f"{written(band)} must not be more than risk.price_collar_pct, which is {written(collar)}"
                yield Fault(("execution", "hedge_band_pct", index), text, ("risk", "price_collar_pct"))
        if self.execution.market_band_pct > collar:
            yield clash(self, "execution.market_band_pct", "must not be more than", "risk.price_collar_pct")

    @rule
    def _reservation_outlasts_wait(self) -> Iterator[Fault]:
        if self.capital.reservation_ttl_sec <= self.execution.wait_fill_timeout_sec:
            yield clash(self, "capital.reservation_ttl_sec", "must be more than", "execution.wait_fill_timeout_sec")


def load_settings(path: Path | str, env: Mapping[str, str], supported: Collection[str] = VENUES) -> Settings:
    """The settings in the file at `path`, with ``${NAME}`` taken from `env`.

    `supported` are the venues that PerpBot has a module for; others are refused. Raises `ConfigError`
    (`perpbot.config.loader`), whose text has one line for each mistake.
    """

    def venues_are_supported(settings: Settings) -> Iterator[Fault]:
        for venue in settings.exchanges:
            if venue in VENUES and venue not in supported:
                yield Fault(("exchanges", venue), f"not supported yet; supported: {', '.join(supported)}")

    return load(path, Settings, env, (venues_are_supported,))

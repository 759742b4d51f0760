# ruff: noqa: RUF009 - the calls declare keys; each makes a field
"""Settings of the way from a frame to a trade: quotes, scanner and execution."""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

import attrs

from perpbot.config.exchanges import VENUES
from perpbot.config.kinds import written
from perpbot.config.section import (
    Fault,
    Section,
    choice,
    clash,
    count,
    flag,
    milliseconds,
    money,
    name,
    percent,
    rule,
    seconds,
    share,
)


class PartialFillHandling(StrEnum):
    """What happens when one leg fills and the other does not, or not whole."""

    HEDGE = "hedge"
    """Buy or sell the missing part."""
    UNWIND = "unwind"
    """Give back the part that is too much."""


class FallbackPolicy(StrEnum):
    """What follows an order that did not fill as planned."""

    AGGRESSIVE = "aggressive"
    """Maker becomes taker, takers try half the size; the last rung of giving back and closing may go very far."""
    CONSERVATIVE = "conservative"
    """Half the size and another try; no last rung."""
    OFF = "off"
    """Nothing: the trade ends there."""


class OrderPlan(StrEnum):
    """How a trade is opened."""

    TAKER = "taker"
    """Both legs take at once."""
    MAKER_FIRST = "maker-first"
    """One leg waits as a maker at the better side of its book; the other takes what that one filled."""


class OnStop(StrEnum):
    """What a graceful stop does with open trades."""

    CLOSE = "close"
    """Close them first."""
    LEAVE = "leave"
    """Leave their hedged positions; the next start takes them up again."""


@attrs.frozen(kw_only=True)
class QuoteEngine(Section):
    """What a quote must be like to count."""

    websocket_timeout_sec: float = seconds(30, "Silence after which a stream counts as dead.", "0.5", "300")
    heartbeat_interval_sec: float = seconds(5, "How often each stream's sign of life is looked for.", "0.1", "60")
    max_price_jump_pct: Decimal = percent(
        "0.5", "Jump from one quote to the next that holds the quote back as a bad tick.", "0.05", "50"
    )
    min_volume_threshold: Decimal = money(
        "100", "Worth at the best price below which a quote is ignored.", "1", "1000000", zero=True
    )
    l2_depth: int = count(10, "Levels of each side of a book that are kept.", 1, 400, "levels")
    max_quote_age_ms: float = milliseconds(2000, "Age above which a quote decides nothing.", "50", "60000")
    rest_poll_interval_sec: float = seconds(5, "How often quotes are asked for while the stream is down.", "0.5", "60")
    rest_poll_failures: int = count(
        3, "Failed polls after which the last quote is served marked stale, with an alert.", 1, 100, "polls"
    )

    @rule
    def _silence_outlasts_heartbeat(self) -> Iterator[Fault]:
        if self.websocket_timeout_sec <= self.heartbeat_interval_sec:
            yield clash(self, "websocket_timeout_sec", "must be more than", "heartbeat_interval_sec")


@attrs.frozen(kw_only=True)
class Scanner(Section):
    """What makes an opportunity, and which one comes first."""

    min_profit_pct: Decimal = percent(
        "0.2", "Least net profit of a trade after fees, slippage and funding, of its notional.", "0.005", "10"
    )
    profit_weight: Decimal = share("0.4", "Weight of profit in the score; the three weights sum to 1.")
    liquidity_weight: Decimal = share("0.3", "Weight of liquidity in the score.")
    reliability_weight: Decimal = share("0.3", "Weight of the venues' reliability in the score.")
    priority_exchange_pairs: tuple[tuple[str, str], ...] = name((), "Pairs of venues that are looked at first.", VENUES)
    slippage_pct: Decimal = percent(
        "0.02", "Allowance for slippage on top of what the book shows, both legs together.", "0.001", "5", zero=True
    )
    holding_time_sec: float = seconds(600, "Time a trade is expected to be held; decides its funding.", "1", "604800")
    max_notional: Decimal = money("200", "Largest notional of one leg.", "1", "1000000")
    min_notional: Decimal = money("20", "Smallest notional of one leg worth trading.", "1", "1000000")

    @rule
    def _weights_sum_to_one(self) -> Iterator[Fault]:
        total = self.profit_weight + self.liquidity_weight + self.reliability_weight
        if total != 1:
            text = f"profit_weight, liquidity_weight and reliability_weight must sum to 1, not {written(total)}"
            yield Fault(("profit_weight",), text)

    @rule
    def _sizes_in_order(self) -> Iterator[Fault]:
        if self.min_notional > self.max_notional:
            yield clash(self, "min_notional", "must not be more than", "max_notional")

    @rule
    def _pairs_of_two(self) -> Iterator[Fault]:
        for index, (first, second) in enumerate(self.priority_exchange_pairs):
            if first == second:
                yield Fault(("priority_exchange_pairs", index), f"a pair is two different venues, not {first} twice")


@attrs.frozen(kw_only=True)
class Execution(Section):
    """How a trade is opened, kept whole, and closed."""

    order_plan: OrderPlan = choice(
        OrderPlan.TAKER,
        "How a trade is opened: taker takes at both venues; maker-first waits at one, and takes the fills elsewhere.",
        OrderPlan,
    )
    parallel_orders: bool = flag(True, "Whether takers are sent at once to both venues; otherwise one after the other.")
    wait_fill_timeout_sec: float = seconds(
        30, "How long an order waits as a maker before it is cancelled.", "0.1", "600"
    )
    partial_fill_handling: PartialFillHandling = choice(
        PartialFillHandling.HEDGE,
        "When only one leg fills: hedge buys or sells the missing part, unwind gives back the excess.",
        PartialFillHandling,
    )
    fallback_policy: FallbackPolicy = choice(
        FallbackPolicy.AGGRESSIVE,
        "When nothing fills: aggressive takes where a maker was, then half the size; conservative half the size; "
        "off gives up.",
        FallbackPolicy,
    )
    hedge_band_pct: tuple[Decimal, ...] = percent(
        ("0.1", "0.3", "0.8"), "How far from the best price each hedge in turn may fill; growing.", "0.01", "10"
    )
    hedge_attempts: int = count(3, "Hedges tried before the trade is flattened.", 1, 20, "attempts")
    market_band_pct: Decimal = percent(
        "0",
        "How far from the best price the last rung of giving back and closing may fill, in place of a market order, "
        "when all of hedge_band_pct were tried; 0 for no such rung. Only with the aggressive fallback.",
        "0.1",
        "10",
        zero=True,
    )
    max_hold_sec: float = seconds(3600, "Time after which an open trade is closed whatever it earns.", "1", "604800")
    close_profit_pct: Decimal = percent(
        "0.1", "Net profit at which an open trade is closed, of its notional.", "0.001", "10", zero=True
    )
    stop_loss_pct: Decimal = percent(
        "2", "Net loss at which an open trade is closed, of its notional; 0 for never.", "0.05", "50", zero=True
    )
    max_funding_pct: Decimal = percent(
        "0.05", "Funding due within a minute, of the notional, above which an open trade is closed.", "0.001", "10"
    )
    max_open_trades: int = count(5, "Trades open at the same time.", 1, 1000, "trades")
    trades_per_symbol: int = count(1, "Trades open at the same time in one symbol.", 1, 100, "trades")
    on_stop: OnStop = choice(
        OnStop.CLOSE, "What a graceful stop does with open trades: close them, or leave them to the next start.", OnStop
    )
    stop_timeout_sec: float = seconds(30, "Time a graceful stop waits for trades in flight.", "1", "600")
    unknown_timeout_sec: float = seconds(
        10, "Time within which an order of unknown fate is resolved, or its symbol paused.", "0.5", "300"
    )

    @rule
    def _bands_grow(self) -> Iterator[Fault]:
        if not self.hedge_band_pct:
            yield Fault(("hedge_band_pct",), "must have at least one band")
        for index, (inner, outer) in enumerate(pairwise(self.hedge_band_pct), start=1):
            if outer <= inner:
                text = f"{written(outer)} must be more than the band before it, which is {written(inner)}"
                yield Fault(("hedge_band_pct", index), text)

    @rule
    def _every_band_is_tried(self) -> Iterator[Fault]:
        if self.hedge_attempts < len(self.hedge_band_pct):
            bands = f"the number of bands in hedge_band_pct, which is {len(self.hedge_band_pct)}"
            text = f"{self.hedge_attempts} must not be less than {bands}"
            yield Fault(("hedge_attempts",), text, ("hedge_band_pct",))

    @rule
    def _symbol_within_all(self) -> Iterator[Fault]:
        if self.trades_per_symbol > self.max_open_trades:
            yield clash(self, "trades_per_symbol", "must not be more than", "max_open_trades")

"""An account in good order and a trade that fits it; each test changes the one thing it is about."""

from decimal import Decimal
from typing import Any

import attrs

from perpbot.config.limits import Risk
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.order import Order, TimeInForce
from perpbot.model.quote import Quote
from perpbot.portfolio.exposure import Exposure
from perpbot.risk.view import Gate, LegRequest, OpenRequest, View

SECOND = 1_000_000_000
NOW = 1_000_000 * SECOND
BTC = "BTC-PERP"
OPEN_GATE = Gate(open_refusal=None, reduce_refusal=None, generation=3)
LIMITS = Risk(
    max_trade_equity_pct=Decimal(5),
    max_drawdown_pct=Decimal(10),
    daily_loss_limit=Decimal(500),
    max_consecutive_failures=3,
    failure_cooldown_sec=60,
    fast_market_pct=Decimal("0.5"),
    fast_market_window_sec=1,
    max_symbol_share_pct=Decimal(30),
    max_position_notional=Decimal(1_000),
    symbol_cooldown_sec=60,
    max_concentration_pct=Decimal(60),
    max_slippage_pct=Decimal("0.1"),
    price_collar_pct=Decimal(1),
    min_equity=Decimal(100),
)


def d(value: str | int) -> Decimal:
    return Decimal(value)


def leg(venue: str = "a", side: Side = Side.BUY, **changes: Any) -> LegRequest:
    """A leg of 4 coins at 100: 400 of an equity of 10,000."""
    usual: dict[str, Any] = {
        "venue": venue,
        "side": side,
        "quantity": Quantity(Decimal(4)),
        "limit": Price(Decimal(100)),
        "expected": Price(Decimal(100)),
        "margin": Decimal(80),
    }
    return LegRequest(**{**usual, **changes})


def request(*legs: LegRequest) -> OpenRequest:
    return OpenRequest(trade_id="t1", symbol=BTC, legs=legs or (leg("a"), leg("b", Side.SELL)))


def quote(venue: str, bid: str | int = 100, ask: str | int = 100) -> Quote:
    size = Quantity(Decimal(1))
    return Quote(venue, BTC, Price(d(bid)), size, Price(d(ask)), size, 0, 0)


def view(**changes: Any) -> View:
    """An account in which the usual trade is allowed."""
    usual: dict[str, Any] = {
        "now_ns": NOW,
        "pool": "arb",
        "pool_available": {"a": Decimal(100), "b": Decimal(100)},
        "safe_mode": {},
        "equity": Decimal(10_000),
        "peak_equity": Decimal(10_000),
        "daily_profit": ZERO,
        "failures_in_row": 0,
        "cooldown_until_ns": 0,
        "frozen_until_ns": {},
        "last_opened_ns": {},
        "exposure": Exposure({}, {}, {}, {}),
        "open_sides": {},
        "quotes": {"a": quote("a"), "b": quote("b")},
        "gates": {"a": OPEN_GATE, "b": OPEN_GATE},
        "venue_equity": {"a": Decimal(5_000), "b": Decimal(5_000)},
    }
    return View(**{**usual, **changes})


def working(side: Side, price: str, venue: str = "a") -> Order:
    """An order of ours that may still fill."""
    return Order(
        client_id="1-7",
        wire_id="7",
        venue=venue,
        account="main",
        symbol=BTC,
        side=side,
        quantity=Quantity(Decimal(1)),
        price=Price(d(price)),
        time_in_force=TimeInForce.POST_ONLY,
        reduce_only=False,
        trade_id="1-t3",
        leg=side.value,
        purpose="open",
    )


def exposed(**changes: Any) -> Exposure:
    return attrs.evolve(Exposure({}, {}, {}, {}), **changes)


WORST = {
    "pool_available": {},
    "safe_mode": {"a": True, "b": True},
    "equity": ZERO,
    "peak_equity": Decimal(10_000),
    "daily_profit": Decimal(-10_000),
    "failures_in_row": 99,
    "cooldown_until_ns": NOW + 60 * SECOND,
    "frozen_until_ns": {BTC: NOW + 5 * SECOND},
    "last_opened_ns": {BTC: NOW},
    "exposure": Exposure({}, {BTC: Decimal(10**9)}, {"a": Decimal(10**9)}, {("a", BTC): Decimal(10**9)}),
    "open_sides": {"a": Side.SELL, "b": Side.BUY},
    "gates": {
        venue: Gate(open_refusal="the kill switch is on (global, by me)", reduce_refusal=None, generation=4, wait_s=9.9)
        for venue in ("a", "b")
    },
}
"""Everything that can forbid an opening at once, with connections that are up and prices that are fair."""

"""Plans, orders, and what venues say of them, made by hand."""

from decimal import Decimal
from typing import Any

from perpbot.config.decisions import Execution
from perpbot.execution.plan import Leg, Plan
from perpbot.execution.trade import Want
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity, Order, OrderStatus, OrderUpdate, TimeInForce
from perpbot.model.quote import Quote

BTC = "BTC-PERP"
MS = 1_000_000
SECOND = 1_000 * MS
VENUES = {"buy": "a", "sell": "b"}
"""By leg."""
RULES = Execution(max_hold_sec=60)


def d(value: str | int) -> Decimal:
    return Decimal(value)


def instrument(venue: str, **changes: Any) -> Instrument:
    usual: dict[str, Any] = {
        "venue": venue,
        "symbol": BTC,
        "native": "BTC",
        "base": "BTC",
        "quote": "USDT",
        "tick": d("0.01"),
        "lot": d("0.01"),
        "min_quantity": d("0.01"),
        "taker_fee": d("0.0005"),
    }
    return Instrument(**{**usual, **changes})


def quote(venue: str, bid: Decimal | str | int = 100, ask: Decimal | str | int | None = None) -> Quote:
    low, size = Decimal(bid), Quantity(Decimal(100))
    high = low + d("0.02") if ask is None else Decimal(ask)
    return Quote(venue, BTC, Price(low), size, Price(high), size, 0, 0)


def plan(quantity: Decimal | str | int = 1, *, buy_limit: str = "100.1", sell_limit: str = "101.9") -> Plan:
    """Buy at a, sell at b."""

    def leg(side: Side, limit: str, expected: str) -> Leg:
        return Leg(
            side=side,
            venue=VENUES[side.value],
            account="main",
            limit=Price(d(limit)),
            expected=Price(d(expected)),
        )

    return Plan(
        trade_id="7-t1",
        symbol=BTC,
        quantity=Quantity(Decimal(quantity)),
        buy=leg(Side.BUY, buy_limit, "100"),
        sell=leg(Side.SELL, sell_limit, "102"),
        expected_net=d("1.5"),
        seen_ns=SECOND,
        opened_at_ns=1_800_000_000 * SECOND,
    )


def order(number: int = 1, **changes: Any) -> Order:
    """Order `number` of the trade: one coin for 100, opening the buying leg."""
    usual: dict[str, Any] = {
        "client_id": f"7-{number}",
        "wire_id": f"perp{number:016d}",
        "venue": "a",
        "account": "main",
        "symbol": BTC,
        "side": Side.BUY,
        "quantity": Quantity(d(1)),
        "price": Price(d(100)),
        "time_in_force": TimeInForce.IOC,
        "reduce_only": False,
        "trade_id": "7-t1",
        "leg": "buy",
        "purpose": "open",
    }
    return Order(**{**usual, **changes})


def order_of(want: Want, of: Plan, number: int) -> Order:
    """The order that a trade's wish becomes."""
    leg = of.leg(want.leg)
    return order(
        number,
        venue=leg.venue,
        account=leg.account,
        side=want.side,
        quantity=want.quantity,
        price=want.price,
        reduce_only=want.reduce_only,
        time_in_force=want.time_in_force,
        trade_id=of.trade_id,
        leg=want.leg,
        purpose=want.purpose,
        expected=want.expected,
    )


def fill(
    of: Order, ref: str | int, quantity: Decimal | str | int, price: Decimal | None = None, **changes: Any
) -> Fill:
    """An execution of `of`, with a fee of 0.05 %."""
    at, size = of.price if price is None else Price(price), Quantity(Decimal(quantity))
    usual: dict[str, Any] = {
        "venue": of.venue,
        "account": of.account,
        "symbol": of.symbol,
        "trade_ref": str(ref),
        "client_id": of.wire_id,
        "venue_order_id": f"v{of.client_id}",
        "side": of.side,
        "price": at,
        "quantity": size,
        "fee": Money(at * size * d("0.0005"), "USDT"),
        "liquidity": Liquidity.TAKER,
        "time_ns": 1,
    }
    return Fill(**{**usual, **changes})


def update(of: Order, status: OrderStatus, filled: Decimal | str | int = 0, **changes: Any) -> OrderUpdate:
    """What the venue tells of `of`."""
    usual: dict[str, Any] = {
        "venue": of.venue,
        "account": of.account,
        "symbol": of.symbol,
        "client_id": of.wire_id,
        "venue_order_id": f"v{of.client_id}",
        "status": status,
        "filled": Quantity(Decimal(filled)),
    }
    return OrderUpdate(**{**usual, **changes})

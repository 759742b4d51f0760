"""What the positions are summed from: each fill of an order once, whatever the venue numbers alike."""

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

from actors.positions import Positions, ReadPositions
from perpbot.execution.entries import OrderFilled
from perpbot.model.instrument import Side
from perpbot.model.money import Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity


class Told(Positions):
    """The actor without a system around it: what it is told, it is told by the test."""

    def publish(self, topic: Hashable, message: Any, *, retain: bool = False) -> None:
        pass


def told() -> Told:
    return Told("/journal", "/books/orders", {}, (), ())


def filled(order: str, symbol: str, ref: str) -> OrderFilled:
    fill = Fill(
        venue="a", account="main", symbol=symbol, trade_ref=ref, client_id="", venue_order_id=f"v{order}",
        side=Side.BUY, price=Price(Decimal(100)), quantity=Quantity(Decimal(1)), fee=Money(Decimal(0), "USDT"),
        liquidity=Liquidity.TAKER, time_ns=1,
    )  # fmt: skip
    return OrderFilled(client_id=order, fill=fill)


def held(positions: Told) -> dict[str, Decimal]:
    return {symbol: each.quantity for (_, _, symbol), each in positions.on_read(ReadPositions()).holdings.items()}


def test_fills_that_a_venue_numbers_alike_in_two_symbols_count_in_both() -> None:
    positions = told()
    positions.on_fill(filled("7-1", "BTC-PERP", "1"))
    positions.on_fill(filled("7-2", "ETH-PERP", "1"))
    assert held(positions) == {"BTC-PERP": 1, "ETH-PERP": 1}


def test_two_orders_of_ours_in_one_execution_count_both_as_the_order_book_does() -> None:
    positions = told()
    positions.on_fill(filled("7-1", "BTC-PERP", "1"))
    positions.on_fill(filled("7-2", "BTC-PERP", "1"))
    assert held(positions) == {"BTC-PERP": 2}


def test_a_fill_that_is_told_twice_counts_once() -> None:
    positions = told()
    for _ in range(2):
        positions.on_fill(filled("7-1", "BTC-PERP", "1"))
    assert held(positions) == {"BTC-PERP": 1}

"""Which of our orders would meet each other at a venue."""

from typing import Any

import pytest
from execution_values import d, order

from perpbot.execution.own_orders import OwnOrders
from perpbot.model.instrument import Side
from perpbot.model.money import Price
from perpbot.model.order import Order, TimeInForce

WAITS: dict[str, Any] = {"time_in_force": TimeInForce.POST_ONLY, "purpose": "make"}


def sell(number: int, price: str, **changes: Any) -> Order:
    return order(number, side=Side.SELL, price=Price(d(price)), **changes)


def own(*orders: Order) -> OwnOrders:
    made = OwnOrders()
    for each in orders:
        made.add(each)
    return made


@pytest.mark.parametrize(
    ("waiting", "coming", "meets"),
    [
        (order(1, **WAITS), sell(2, "100"), True),
        (order(1, **WAITS), sell(2, "99.9"), True),
        (order(1, **WAITS), sell(2, "100.1"), False),
        (order(1, **WAITS), order(2), False),
        (order(1, **WAITS), sell(2, "99", symbol="ETH-PERP"), False),
        (order(1, **WAITS), sell(2, "99", account="sub"), False),
        (order(1), sell(2, "99"), False),
        (order(1), sell(2, "99", **WAITS), True),
        (sell(1, "99"), order(2, **WAITS), True),
    ],
    ids=[
        "takes what waits", "takes deeper", "stays above it", "goes the same way", "another symbol",
        "another account", "neither waits", "will wait where the first may still arrive", "the same the other way",
    ],
)  # fmt: skip
def test_an_order_is_in_the_way_where_one_waits_and_prices_cross(waiting: Order, coming: Order, meets: object) -> None:
    assert own(waiting).in_the_way(coming) is (waiting if meets else None)


def test_only_orders_that_leave_before_it_are_in_its_way() -> None:
    first, second = order(1, **WAITS), sell(2, "99")
    assert own(second, first).in_the_way(second) is None
    assert own(first, second).in_the_way(second) is first


def test_what_is_over_is_in_nobodys_way() -> None:
    made = own(order(1, **WAITS))
    made.over("7-1")
    made.over("7-1")
    assert made.in_the_way(sell(2, "99")) is None


def test_an_order_that_should_have_filled_at_once_and_stays_is_in_the_way() -> None:
    made = own(order(1))
    assert made.in_the_way(sell(2, "99")) is None
    made.stays("7-1")
    assert made.in_the_way(sell(2, "99")) == order(1)


def test_after_a_restart_it_is_what_the_journal_has() -> None:
    made = own(order(1, **WAITS))
    made.begin([order(3, **WAITS)])
    assert made.in_the_way(sell(4, "99")) == order(3, **WAITS)

"""What waits in the way of an order that must fill is asked to end, and who waits for that is told."""

from typing import Any

import pytest
from execution_values import SECOND, d, order, plan

from actors.order_requests import NotSubmittedError, OwnOrderInTheWayError
from actors.self_trades import SelfTrades
from perpbot.execution.entries import TradeOpened
from perpbot.execution.ledger import Ledger, answered
from perpbot.execution.own_orders import OwnOrders
from perpbot.execution.record import OrderRecord
from perpbot.model.instrument import Side
from perpbot.model.money import Price
from perpbot.model.order import Accepted, Order, TimeInForce

NOW = 100 * SECOND


class Guarded:
    """An order of trade 7-t1 that waits to buy for 100 at venue a, and the guard beside it."""

    def __init__(self) -> None:
        self.ledger, self.asked = Ledger(), list[str]()
        self.waiting = order(1, time_in_force=TimeInForce.POST_ONLY, purpose="make")
        self.ledger.apply(TradeOpened(plan=plan(1), pool="arb", reserved={}, orders=[self.waiting]), NOW)
        self.ledger.apply(answered("7-1", Accepted("v7-1")), NOW)
        self.guard = SelfTrades({"a": OwnOrders(), "b": OwnOrders()}, self.ledger, self.end)
        self.guard.begin()

    def end(self, record: OrderRecord) -> None:
        self.asked.append(record.order.client_id)
        self.ledger.cancelling(record, NOW)

    def check(self, coming: Order, now_ns: int = NOW) -> None:
        self.guard.check([coming], now_ns)


def close(number: int = 2, price: str = "99", **changes: Any) -> Order:
    """Trade 7-t2 sells at venue a."""
    return order(number, side=Side.SELL, price=Price(d(price)), trade_id="7-t2", purpose="close", **changes)


def test_a_close_that_would_meet_it_is_held_back_and_it_is_cancelled_once() -> None:
    made = Guarded()
    for _ in range(3):
        with pytest.raises(OwnOrderInTheWayError, match="sell at 99 would meet our own order 7-1 at a") as refused:
            made.check(close())
        assert refused.value.venue == "a"
    assert made.asked == ["7-1"]


def test_a_cancel_of_which_nothing_was_heard_is_sent_again() -> None:
    made = Guarded()
    for at_ns in (NOW, NOW + SECOND, NOW + 2 * SECOND):
        with pytest.raises(OwnOrderInTheWayError):
            made.check(close(), at_ns)
    assert made.asked == ["7-1", "7-1"]


def test_who_waited_is_told_when_it_is_over_and_the_way_is_free() -> None:
    made = Guarded()
    with pytest.raises(OwnOrderInTheWayError):
        made.check(close())
    assert made.guard.changed(made.ledger.known("7-1")) == [], "it is not over yet"
    record = made.ledger.known("7-1")
    record.expire("its time is over")
    assert made.guard.changed(record) == ["7-t2"]
    assert made.guard.changed(record) == []
    made.check(close())


def test_what_does_not_reach_it_goes_at_once() -> None:
    made = Guarded()
    made.check(close(price="100.5"))
    made.check(close(venue="b"))
    assert made.asked == []


def test_an_order_that_would_wait_itself_is_refused_and_nothing_is_cancelled_for_it() -> None:
    made = Guarded()
    with pytest.raises(NotSubmittedError) as refused:
        made.check(close(time_in_force=TimeInForce.POST_ONLY))
    assert not isinstance(refused.value, OwnOrderInTheWayError)
    assert made.asked == []

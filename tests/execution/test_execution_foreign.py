"""Fills that no order of ours made."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import BTC, d, fill, order, plan
from msgspec.structs import replace

from perpbot.execution.entries import ForeignAdopted, OrderFilled, TradeMoved, TradeOpened
from perpbot.execution.foreign import Strangers, adopt, adopted_fill, client_id, is_adopted, take_over
from perpbot.execution.ledger import Ledger
from perpbot.execution.plan import Plan, clearing_plan
from perpbot.execution.record import OrderRecord
from perpbot.execution.views import TradeView, view
from perpbot.model.instrument import Side
from perpbot.model.money import Price, Quantity
from perpbot.model.order import Fill, OrderStatus, Position


def trade(bought: str, number: int = 1) -> TradeView:
    """A trade that has bought so much at venue a."""
    opened = order(number, quantity=Quantity(d(bought)), trade_id=f"7-t{number}")
    record = OrderRecord(opened, status=OrderStatus.ACCEPTED)
    record.fill(fill(opened, number, bought))
    made = replace(plan(bought), trade_id=f"7-t{number}")
    return TradeView(
        plan=made, pool="arb", reserved={}, phase="open", reason="", opened_ns=1, orders=(view(record),)
    )  # fmt: skip


def stranger(quantity: str, side: Side = Side.SELL, **changes: Any) -> Fill:
    return fill(order(99, side=side), "x1", quantity, client_id="", **changes)


def test_what_takes_from_a_leg_belongs_to_its_trade() -> None:
    ((adopted, part),) = adopt(stranger("2"), [trade("2")])
    assert (adopted.trade_id, adopted.leg, adopted.purpose, adopted.client_id) == (
        "7-t1",
        "buy",
        "foreign",
        "foreign-a-main-BTC-PERP-x1",
    )
    assert part.quantity == d(2)


def test_only_as_much_as_the_leg_holds_is_adopted_with_its_share_of_the_fee() -> None:
    ((_, part),) = adopt(stranger("8"), [trade("2")])
    assert part.quantity == d(2)
    assert part.fee.amount == stranger("8").fee.amount / 4


@pytest.mark.parametrize(
    "other",
    [stranger("1", Side.BUY), stranger("1", venue="b"), stranger("1", account="sub"), stranger("1", symbol="ETH-PERP")],
    ids=["adds to it", "another venue", "another account", "another symbol"],
)
def test_what_takes_nothing_from_a_leg_is_left_alone(other: Fill) -> None:
    assert other.symbol != BTC or other.quantity == Decimal(1)
    assert adopt(other, [trade("2")]) == []


def test_the_oldest_trade_comes_first() -> None:
    ((adopted, _),) = adopt(stranger("1"), [trade("2", 1), trade("2", 2)])
    assert adopted.trade_id == "7-t1"


def test_what_takes_from_several_trades_belongs_to_each_of_them_in_part() -> None:
    whole = stranger("3")
    (one, first), (other, second) = adopt(whole, [trade("2", 1), trade("2", 2), trade("2", 3)])
    assert [(one.trade_id, first.quantity), (other.trade_id, second.quantity)] == [("7-t1", d(2)), ("7-t2", d(1))]
    assert one.client_id == client_id(whole)
    assert one.client_id != other.client_id
    assert first.trade_ref != second.trade_ref, "positions count every fill once"
    assert first.fee.amount + second.fee.amount == whole.fee.amount


def test_what_was_done_before_a_leg_was_opened_took_nothing_from_it() -> None:
    made = trade("2")
    opened_ns = made.orders[0].fills[0].time_ns
    assert adopt(stranger("2", time_ns=opened_ns - 1), [made]) == []
    assert adopt(stranger("2", time_ns=opened_ns), [made]) != []


def test_it_has_the_same_id_however_often_it_is_told() -> None:
    assert client_id(stranger("1")) == client_id(stranger("3"))


def test_fills_of_two_symbols_under_one_number_are_two() -> None:
    two = [stranger("1"), stranger("1", symbol="ETH-PERP")]
    strangers = Strangers()
    for each in two:
        strangers.suspect(each, 1)
    assert strangers.due((), 1, asked="a") == two


def adopted_as(number: str, of: Fill) -> Ledger:
    """A journal in which the order `number` stands for `of`."""
    ((stands, part),) = adopt(of, [trade("2")])
    stands = replace(stands, client_id=number)
    ledger = Ledger()
    ledger.apply(TradeOpened(plan=trade("2").plan, pool="arb", reserved={}, orders=[]), 1)
    ledger.apply(ForeignAdopted(order=stands), 1)
    ledger.apply(OrderFilled(client_id=number, fill=part), 1)
    return ledger


@pytest.mark.parametrize("number", [client_id(stranger("1")), "foreign-a-main-x1"], ids=["of now", "of before"])
def test_what_was_adopted_is_recognised_and_its_number_in_another_symbol_is_not(number: str) -> None:
    ledger = adopted_as(number, stranger("1"))
    assert is_adopted(stranger("1"), ledger)
    assert not is_adopted(stranger("1", symbol="ETH-PERP"), ledger)


# -- adopted by an operator ------------------------------------------------------------------------------------------


def held(quantity: str) -> Fill:
    position = Position(venue="a", account="main", symbol=BTC, quantity=Quantity(d(quantity)))
    return adopted_fill(position, Price(d(100)), "USDT", 5)


def clearing(of: Fill) -> Plan:
    return clearing_plan("7-t9", of, seen_ns=1, wall_ns=2)


def test_what_belongs_to_no_trade_is_closed_by_one_of_its_own() -> None:
    ledger = Ledger()
    for entry in take_over(held("-2"), [], clearing(held("-2"))):
        ledger.apply(entry, 1)
    made = ledger.trade("7-t9")
    assert made is not None
    assert (made.phase, made.reason, made.plan.clears) == ("closing", "adopted from somebody else", True)
    assert [(each.order.leg, each.held, each.settled) for each in made.orders] == [("sell", d(-2), True)]


def test_what_takes_from_trades_is_theirs_and_only_the_rest_is_closed_apart() -> None:
    taken = held("-5")
    entries = take_over(taken, [trade("2", 1), trade("1", 2)], clearing(taken))
    assert [type(each) for each in entries] == [
        *(ForeignAdopted, OrderFilled) * 2, TradeOpened, ForeignAdopted, OrderFilled, TradeMoved
    ]  # fmt: skip
    fills = [each for each in entries if isinstance(each, OrderFilled)]
    assert [each.fill.quantity for each in fills] == [d(2), d(1), d(2)]
    assert len({each.client_id for each in fills}) == len({each.fill.trade_ref for each in fills}) == 3


def test_what_trades_take_whole_needs_no_trade_of_its_own() -> None:
    entries = take_over(held("-2"), [trade("2")], clearing(held("-2")))
    assert [type(each) for each in entries] == [ForeignAdopted, OrderFilled]


def test_what_an_operator_adopts_is_so_now_although_our_clock_is_behind_the_venues() -> None:
    late = attrs.evolve(held("-2"), time_ns=0)
    assert [type(each) for each in take_over(late, [trade("2")], clearing(late))] == [ForeignAdopted, OrderFilled]

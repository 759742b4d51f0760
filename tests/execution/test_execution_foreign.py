"""Fills that no order of ours made."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import BTC, d, fill, order, plan

from perpbot.execution.foreign import adopt, client_id
from perpbot.execution.record import OrderRecord
from perpbot.execution.views import TradeView, view
from perpbot.model.instrument import Side
from perpbot.model.money import Quantity
from perpbot.model.order import Fill, OrderStatus


def trade(bought: str, number: int = 1) -> TradeView:
    """A trade that has bought so much at venue a."""
    opened = order(number, quantity=Quantity(d(bought)), trade_id=f"7-t{number}")
    record = OrderRecord(opened, status=OrderStatus.ACCEPTED)
    record.fill(fill(opened, number, bought))
    made = attrs.evolve(plan(bought), trade_id=f"7-t{number}")
    return TradeView(
        plan=made, pool="arb", reserved={}, phase="open", reason="", opened_ns=1, orders=(view(record),)
    )  # fmt: skip


def stranger(quantity: str, side: Side = Side.SELL, **changes: Any) -> Fill:
    return fill(order(99, side=side), "x1", quantity, client_id="", **changes)


def test_what_takes_from_a_leg_belongs_to_its_trade() -> None:
    found = adopt(stranger("2"), [trade("2")])
    assert found is not None
    adopted, part = found
    assert (adopted.trade_id, adopted.leg, adopted.purpose, adopted.client_id) == (
        "7-t1",
        "buy",
        "foreign",
        "foreign-a-main-x1",
    )
    assert part.quantity == d(2)


def test_only_as_much_as_the_leg_holds_is_adopted_with_its_share_of_the_fee() -> None:
    found = adopt(stranger("8"), [trade("2")])
    assert found is not None
    part = found[1]
    assert part.quantity == d(2)
    assert part.fee.amount == stranger("8").fee.amount / 4


@pytest.mark.parametrize(
    "other",
    [stranger("1", Side.BUY), stranger("1", venue="b"), stranger("1", account="sub"), stranger("1", symbol="ETH-PERP")],
    ids=["adds to it", "another venue", "another account", "another symbol"],
)
def test_what_takes_nothing_from_a_leg_is_left_alone(other: Fill) -> None:
    assert other.symbol != BTC or other.quantity == Decimal(1)
    assert adopt(other, [trade("2")]) is None


def test_the_oldest_trade_comes_first() -> None:
    found = adopt(stranger("1"), [trade("2", 1), trade("2", 2)])
    assert found is not None
    assert found[0].trade_id == "7-t1"


def test_it_has_the_same_id_however_often_it_is_told() -> None:
    assert client_id(stranger("1")) == client_id(stranger("3"))

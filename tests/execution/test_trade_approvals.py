"""What the risk rules are asked when a trade opens more: with all it has, and beside all that others may still add."""

from decimal import Decimal
from typing import Any

from execution_values import BTC, VENUES, d, instrument, plan, quote

from actors.executor import Admitted
from actors.order_requests import ReadToCome
from actors.risk import AssessOpening
from actors.trade_approvals import TradeApprovals
from perpbot.execution.trade import TOP_UP, Want
from perpbot.model.money import Price, Quantity

OTHERS = {("a", BTC): d(980)}
RESERVED = {"a": d(50), "b": d(60)}


class Orders:
    def ask(self, message: Any) -> dict[tuple[str, str], Decimal]:
        assert message == ReadToCome("7-t1")
        return OTHERS


class Risk:
    def ask(self, message: Any) -> None:
        self.asked: AssessOpening = message


class Gate:
    def leverage(self, symbol: str) -> Decimal:
        assert symbol == BTC
        return d(5)


def asked(*wants: Want, held: str = "0.3") -> AssessOpening:
    made, risk = plan("1.2"), Risk()
    orders: Any = Orders()
    rules: Any = risk
    gates: Any = dict.fromkeys(("a", "b"), Gate())
    approvals = TradeApprovals(Admitted(plan=made, pool="arb", reserved=RESERVED), orders, rules, gates)
    approvals.to_open_more(
        wants,
        {"buy": d(held), "sell": -d(held)},
        {name: instrument(venue) for name, venue in VENUES.items()},
        {venue: quote(venue) for venue in VENUES.values()},
    )
    return risk.asked


def want(leg: str, quantity: str, price: str) -> Want:
    side = plan().leg(leg).side
    return Want(
        leg=leg, side=side, quantity=Quantity(d(quantity)), price=Price(d(price)), reduce_only=False, purpose=TOP_UP,
        expected=Price(d(price)),
    )  # fmt: skip


def test_both_legs_are_asked_for_at_the_largest_quantity_and_at_the_prices_wanted() -> None:
    buy, sell = asked(want("buy", "0.8", "110"), want("sell", "0.5", "109")).request.legs
    assert (buy.venue, buy.quantity, buy.limit, buy.expected) == ("a", d("0.8"), d(110), d(110))
    assert (sell.venue, sell.quantity, sell.limit, sell.expected) == ("b", d("0.8"), d(109), d(109))


def test_a_leg_that_nothing_is_wanted_of_is_asked_for_at_its_planned_price() -> None:
    buy, sell = asked(want("buy", "0.8", "110")).request.legs
    assert buy.limit == d(110)
    assert (sell.quantity, sell.limit) == (d("0.8"), plan().sell.limit)


def test_what_is_held_and_what_is_added_must_fit_into_what_is_reserved() -> None:
    found = asked(want("buy", "0.5", "100"), want("sell", "0.5", "100"))
    assert found.pool_available == RESERVED
    (margin,) = {leg.margin for leg in found.request.legs}
    assert margin == d("0.8") * 100 / 5 + 2 * d("0.8") * 100 * d("0.0005"), "0.3 held and 0.5 added, at five times"


def test_what_other_trades_may_still_add_counts_and_the_trade_is_no_obstacle_to_itself() -> None:
    found = asked(want("buy", "0.5", "100"), want("sell", "0.5", "100"))
    assert found.to_come == OTHERS
    assert found.begun
    assert found.open_sides == {leg.venue: leg.side for leg in plan().legs}

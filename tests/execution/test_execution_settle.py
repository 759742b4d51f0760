"""What a trade's orders add up to: while it lives, and in the record it leaves."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import MS, d, fill, order, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.execution.entries import TradeRecord
from perpbot.execution.record import OrderRecord
from perpbot.execution.settle import Timings, leg_state, settle, spent
from perpbot.execution.trade import Phase
from perpbot.execution.views import OrderView, TradeView, view
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money
from perpbot.model.order import Order, OrderStatus, Refused


def filled(of: Order, *fills: tuple[str | int, str | int], changed_ns: int = 0) -> OrderView:
    """An order that ended with `fills`: quantity and price of each."""
    record = OrderRecord(of, changed_ns=changed_ns)
    for number, (quantity, price) in enumerate(fills):
        record.fill(fill(of, f"{of.client_id}/{number}", quantity, Decimal(price)))
    if not record.status.final:
        record.outcome(Refused("no")) if not fills else record._move(OrderStatus.CANCELLED, "")
    return view(record)


def buy(number: int, purpose: str = "open", **changes: Any) -> Order:
    return order(number, purpose=purpose, **{"quantity": d(2), **changes})


def sell(number: int, purpose: str = "open", **changes: Any) -> Order:
    return order(
        number, purpose=purpose, **{"quantity": d(2), "side": Side.SELL, "leg": "sell", "venue": "b", **changes}
    )


def trade(*orders: OrderView) -> TradeView:
    return TradeView(
        plan=plan(2), pool="arb", reserved={}, phase="closing", reason="asked to", opened_ns=1, orders=orders
    )


def record_of(*orders: OrderView, phase: Phase = Phase.COMPLETED, timings: Timings | None = None) -> TradeRecord:
    return settle(trade(*orders), phase, "asked to", ["USDT", "USDC", "USDT"], timings or Timings(), 7)


WHOLE = (
    filled(buy(1), (2, 100)),
    filled(sell(2), (2, 102)),
    filled(buy(3, "close", side=Side.SELL, reduce_only=True), ("0.5", 101), ("1.5", 100)),
    filled(sell(4, "close", side=Side.BUY, reduce_only=True), (2, 101)),
)


# -- the record ------------------------------------------------------------------------------------------------------


def test_the_record_of_a_whole_trade_adds_up() -> None:
    record = record_of(*WHOLE)
    assert record.trading == -200 + 204 + d("50.5") + 150 - 202
    assert record.fees == (200 + 204 + d("50.5") + 150 + 202) * d("0.0005")
    assert record.net == record.trading - record.fees + record.funding
    assert record.quantity == 2
    assert (record.phase, record.reason, record.currencies) == ("completed", "asked to", ["USDT", "USDC"])
    assert (record.trade_id, record.symbol, record.buy_venue, record.sell_venue) == ("7-t1", "BTC-PERP", "a", "b")
    assert (record.opened_at_ns, record.settled_at_ns) == (plan().opened_at_ns, 7)
    assert record.expected_net == plan().expected_net


def test_funding_that_was_received_is_part_of_the_profit() -> None:
    record = attrs.evolve(record_of(*WHOLE), funding=d(3))
    assert record.net == record_of(*WHOLE).net + 3


def test_slippage_is_what_the_opening_cost_beyond_what_was_expected() -> None:
    assert record_of(*WHOLE).slippage == 0
    late = (filled(buy(1), (1, "100.5")), filled(buy(3, "hedge"), (1, 101)), filled(sell(2), (2, "101.9")))
    assert record_of(*late).slippage == d("0.5") + 1 + 2 * d("0.1")
    assert record_of(filled(buy(1), (2, 99))).slippage == -2, "better than expected"
    closed_badly = filled(buy(3, "close", side=Side.SELL), (2, 50))
    assert record_of(*WHOLE[:2], closed_badly).slippage == 0


def test_the_quantity_is_what_stood_on_both_sides() -> None:
    one_leg = record_of(filled(buy(1), (2, 100)), filled(sell(2)), filled(buy(3, "unwind", side=Side.SELL), (2, 99)))
    assert one_leg.quantity == 0
    hedged = record_of(filled(buy(1), (2, 100)), filled(sell(2), ("0.5", 102)), filled(sell(3, "hedge"), (1, 101)))
    assert hedged.quantity == d("1.5")


def test_a_trade_without_fills_brought_nothing() -> None:
    record = record_of(filled(buy(1)), filled(sell(2)), phase=Phase.FAILED)
    assert record.net == record.trading == record.fees == record.quantity == record.slippage == 0


def test_what_a_venue_said_to_a_refused_order_is_the_reason_where_there_is_no_other() -> None:
    refused = (filled(buy(1)), filled(buy(2, "hedge")), filled(sell(3)))
    unnamed = settle(trade(*refused), Phase.FAILED, "", ["USDT"], Timings(), 7)
    assert unnamed.reason == "a refused: no; b refused: no"
    assert record_of(*refused, phase=Phase.FAILED).reason == "asked to"


def test_a_rest_that_is_left_is_valued_at_its_cost() -> None:
    assert record_of(filled(buy(1), (2, 100))).trading == 0


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]), st.sampled_from(["open", "hedge", "unwind", "close"]), st.integers(1, 9)
    ),
    max_size=6,
)


@given(drawn=ORDERS)
@settings(deadline=None, max_examples=100)
def test_the_record_is_the_sum_of_its_fills(drawn: Sequence[tuple[str, str, int]]) -> None:
    orders, cash, fees = [], ZERO, ZERO
    rests: dict[str, Decimal] = {"buy": ZERO, "sell": ZERO}
    newest: dict[tuple[str, Side], int] = {}
    for number, (leg, purpose, price) in enumerate(drawn):
        made = buy(number, purpose) if leg == "buy" else sell(number, purpose)
        orders.append(filled(made, (1, price), ("0.5", price + 1)))
        notional = price + d("0.5") * (price + 1)
        cash -= made.side.sign * notional
        fees += notional * d("0.0005")
        rests[leg] += made.side.sign * d("1.5")
        newest[made.leg, made.side] = price + 1
    record = record_of(*orders)
    left = sum(rest * newest[leg, Side.BUY if rest > 0 else Side.SELL] for leg, rest in rests.items() if rest)
    assert (record.trading, record.fees) == (cash + left, fees), "what is left is valued at its cost"
    assert spent(orders) == cash - fees == record.net - left


def test_fees_in_another_coin_stand_beside_and_are_valued_only_for_limits() -> None:
    bnb = Money(d("0.003"), "BNB")
    records = [OrderRecord(buy(1)), OrderRecord(sell(2))]
    for each, price in zip(records, (d(100), d(103)), strict=True):
        each.fill(fill(each.order, each.order.client_id, 2, price, fee=bnb, quote="USDT"))
    paid = [view(each) for each in records]
    unpaid = [filled(buy(3, "close", side=Side.SELL), (2, 99)), filled(sell(4, "close", side=Side.BUY), (2, 101))]
    orders, rates = [*paid, *unpaid], {"buy": d("0.0004"), "sell": d("0.0006")}
    record = settle(trade(*orders), Phase.COMPLETED, "", ["USDT"], Timings(), 7, rates)
    assert (record.trading, record.fees, record.net) == (d(2), d("0.2"), d("1.8"))
    assert record.other_fees == {"BNB": d("0.006")}
    assert {name: each.other_fees for name, each in record.legs.items()} == {
        name: {"BNB": d("0.003")} for name in rates
    }
    assert record.other_fees_worth == 200 * rates["buy"] + 206 * rates["sell"]
    assert spent(orders) == record.net
    assert [leg_state(name, orders).fee_elsewhere for name in rates] == [200, 206]


def test_closing_slips_by_what_its_fills_were_worse_than_the_best_price_when_it_was_decided() -> None:
    opened = [filled(buy(1), (2, 100)), filled(sell(2), (2, 103))]
    closed = [
        filled(buy(3, "close", side=Side.SELL, expected=d("99.5")), (1, 99), ("0.5", "99.5")),
        filled(buy(4, "close", side=Side.SELL, quantity=d("0.5"), expected=d(99)), ("0.5", "99.2")),
        filled(sell(5, "unwind", side=Side.BUY, expected=d(101)), (2, "101.3")),
    ]
    record = record_of(*opened, *closed)
    legs = record.legs
    assert legs["buy"].closing_slippage == d("0.5") - d("0.1"), "one sold for less, one for more"
    assert legs["buy"].closing_expected == d("1.5") * d("99.5") + d("0.5") * 99
    assert legs["sell"].closing_slippage_bps == d("0.6") / 202 * 10_000
    assert record.closing_slippage == d(1)
    assert record_of(*opened).closing_slippage_bps is None


# -- the state of a leg ----------------------------------------------------------------------------------------------


def test_a_leg_holds_what_its_own_fills_say() -> None:
    assert leg_state("buy", WHOLE[:2]).held == 2
    assert leg_state("sell", WHOLE[:2]).held == -2
    assert leg_state("buy", WHOLE).held == leg_state("sell", WHOLE).held == 0
    assert leg_state("buy", ()).held == 0


def test_tries_are_counted_by_leg_and_purpose_whatever_became_of_them() -> None:
    orders = (*WHOLE, filled(buy(5, "close")), filled(buy(6, "hedge")))
    assert leg_state("buy", orders).tries == {"open": 1, "close": 2, "hedge": 1}
    assert leg_state("sell", orders).tries == {"open": 1, "close": 1}
    assert leg_state("sell", ()).tries == {}


def test_a_leg_is_busy_while_the_fate_or_the_fills_of_any_order_are_open() -> None:
    assert not leg_state("buy", WHOLE).busy
    just_sent = view(OrderRecord(buy(5, "close")))
    assert leg_state("buy", (*WHOLE, just_sent)).busy
    assert not leg_state("sell", (*WHOLE, just_sent)).busy
    short = OrderRecord(buy(5, "close"), status=OrderStatus.CANCELLED, reported=d(1))
    assert leg_state("buy", (*WHOLE, view(short))).busy


def test_the_last_try_is_the_last_news_of_the_leg() -> None:
    early, late = filled(buy(1), changed_ns=5), filled(buy(2), changed_ns=9)
    assert leg_state("buy", (late, early)).last_try_ns == 9
    assert leg_state("sell", (late, early)).last_try_ns == 0


# -- timings ---------------------------------------------------------------------------------------------------------


def test_the_time_to_a_hedge_runs_from_the_first_fill() -> None:
    timings = Timings(sent_ns=2 * MS)
    timings.filled(10 * MS)
    timings.filled(30 * MS)
    timings.hedged(50 * MS)
    record = record_of(timings=timings)
    assert record.sent_ms == pytest.approx(2.0)
    assert record.hedged_ms == pytest.approx(40.0)


def test_without_a_fill_there_is_nothing_to_hedge() -> None:
    timings = Timings()
    timings.hedged(50 * MS)
    assert timings.hedged_ns == 0


def test_each_phase_has_the_time_it_took_also_when_it_came_twice() -> None:
    timings = Timings()
    for phase, at_ms in (("check", 0), ("opening", 3), ("open", 10), ("opening", 30), ("completed", 34)):
        timings.enters(phase, at_ms * MS)
    assert record_of(timings=timings).phases_ms == {"check": 3, "opening": 7 + 4, "open": 20}

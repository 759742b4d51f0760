"""Orders in a symbol that their venue does not list any more: nobody but an operator can say that they are over."""

from decimal import Decimal

import pytest
from execution_values import BTC, d, fill, order, plan, update
from hypothesis import given
from hypothesis import strategies as st

from perpbot.execution.entries import OrderFilled, TradeOpened
from perpbot.execution.inquiry import CLOCKS_NS, may_arrive
from perpbot.execution.ledger import Ledger, OrderNews, answered, told
from perpbot.execution.record import OrderRecord
from perpbot.execution.unlisted import end
from perpbot.model.order import Accepted, OrderStatus, Refused, Unknown

ORDER = order(quantity=d(4), price=d("100.1"))
STATUSES = st.sampled_from([OrderStatus.ACCEPTED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.FILLED])
OUTCOMES = st.sampled_from([None, Accepted("v7-1"), Unknown("timeout"), Refused("no")])


def journal(
    outcome: Accepted | Unknown | Refused | None, filled: int, known: int, status: OrderStatus | None
) -> Ledger:
    """An order of four coins: its venue has counted `filled` of them, and told the fills of the first `known`."""
    ledger = Ledger()
    ledger.apply(TradeOpened(plan=plan(4), pool="arb", reserved={}, orders=[ORDER]), 1)
    entries: list[OrderNews] = [] if outcome is None else [answered(ORDER.client_id, outcome)]
    entries += [] if status is None else [told(ORDER.client_id, update(ORDER, status, filled))]
    entries += [told(ORDER.client_id, fill(ORDER, number, 1)) for number in range(known)]
    for entry in ledger.fresh(entries)[0]:
        ledger.apply(entry, 1)
    return ledger


@given(OUTCOMES, st.integers(0, 4), st.integers(0, 4), st.none() | STATUSES)
def test_whatever_is_known_of_an_order_it_is_over_when_it_is_said_to_be(
    outcome: Accepted | Unknown | Refused | None, filled: int, known: int, status: OrderStatus | None
) -> None:
    ledger = journal(outcome, filled, known, status)
    record = ledger.known(ORDER.client_id)
    before, counted = dict(record.fills), max(record.reported, record.filled)
    entries = end(record, "USDT", 5)
    fresh, contradictions = ledger.fresh(entries)
    for entry in fresh:
        ledger.apply(entry, 2)
    assert (fresh, contradictions) == (entries, [])
    assert record.settled
    assert ledger.unsettled() == []
    assert before.items() <= record.fills.items()
    assert record.filled == counted


def test_nothing_more_is_filled_of_what_the_venue_counted_nothing_of() -> None:
    ledger = journal(Unknown("timeout"), 0, 0, None)
    (entry,) = end(ledger.known(ORDER.client_id), "USDT", 5)
    assert not isinstance(entry, OrderFilled)


def test_fills_that_are_not_told_any_more_are_booked_at_the_orders_limit() -> None:
    ledger = journal(Accepted("v7-1"), 3, 1, OrderStatus.CANCELLED)
    (entry,) = end(ledger.known(ORDER.client_id), "USDC", 5)
    assert isinstance(entry, OrderFilled)
    made = entry.fill
    assert (made.symbol, made.quantity, made.price, made.currency) == (BTC, d(2), d("100.1"), "USDC")
    assert (made.fee.amount, made.time_ns) == (Decimal(0), 5)


@pytest.mark.parametrize(("after_ns", "may"), [(0, True), (CLOCKS_NS + 6, True), (CLOCKS_NS + 7, False)])
def test_a_request_may_arrive_until_its_time_is_over_by_either_clock(after_ns: int, *, may: bool) -> None:
    record = OrderRecord(ORDER, changed_ns=10)
    assert may_arrive(record, 7, 10 + after_ns) is may

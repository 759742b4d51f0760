"""What of a trade stands alone, and for how long: folded from its fills, also by a process that comes later."""

from decimal import Decimal

import attrs
import pytest
from execution_values import MS, SECOND, d, fill, order, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.execution.entries import Entry, OrderFilled, OrdersIntended, TradeMoved, TradeOpened, TradeSettled
from perpbot.execution.ledger import Ledger
from perpbot.execution.settle import Timings, settle
from perpbot.execution.trade import Phase
from perpbot.execution.unhedged import NEVER_ALONE, Unhedged
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Quantity

REFERENCE = 101
"""What a coin is valued at: between the 100 and the 102 that the plan expects."""
BUY = order(1, quantity=Quantity(d(2)))
SELL = order(2, quantity=Quantity(d(2)), side=Side.SELL, leg="sell", venue="b")
OPENED = TradeOpened(plan=plan(2), pool="arb", reserved={}, orders=[BUY, SELL])


def bought(quantity: str, ref: str = "b1") -> OrderFilled:
    return OrderFilled(client_id=BUY.client_id, fill=fill(BUY, ref, quantity))


def sold(quantity: str, ref: str = "s1") -> OrderFilled:
    return OrderFilled(client_id=SELL.client_id, fill=fill(SELL, ref, quantity))


def folded(*entries: tuple[int, Entry], began_ms: int = 0) -> Ledger:
    """A ledger that takes in each entry at its time, or at `began_ms` when that is later."""
    ledger = Ledger()
    ledger.apply(OPENED, 0)
    for at_ms, entry in entries:
        ledger.apply(entry, max(at_ms, began_ms) * MS, at_ms * MS)
    return ledger


def unhedged(ledger: Ledger) -> Unhedged:
    trade = ledger.trade("7-t1")
    assert trade is not None
    return trade.unhedged


# -- one leg after the other -----------------------------------------------------------------------------------------


def test_a_leg_stands_alone_from_its_fills_arrival_until_the_other_is_filled() -> None:
    found = unhedged(folded((10, bought("2")), (40, sold("2"))))
    assert found.value == ZERO
    assert found.peak == 2 * REFERENCE
    assert found.longest_ns == found.total_ns == 30 * MS
    assert found.value_s == 2 * REFERENCE * d("0.03")


def test_part_after_part_is_weighed_by_what_each_left_alone() -> None:
    found = unhedged(folded((10, bought("2")), (20, sold("0.5", "s1")), (50, sold("1.5", "s2"))))
    assert found.longest_ns == 40 * MS
    assert found.value_s == REFERENCE * (2 * d("0.01") + d("1.5") * d("0.03"))


def test_two_times_alone_add_up_and_the_longer_one_is_the_longest() -> None:
    found = unhedged(
        folded((0, bought("1", "b1")), (5, sold("1", "s1")), (20, sold("1", "s2")), (60, bought("1", "b2")))
    )
    assert (found.longest_ns, found.total_ns) == (40 * MS, 45 * MS)


def test_while_it_stands_alone_it_is_counted_up_to_the_moment_somebody_looks() -> None:
    found = unhedged(folded((10, bought("2"))))
    assert found.longest_ns == 0
    assert found.until(15 * MS).longest_ns == 5 * MS
    assert found.until(15 * MS).value_s == 2 * REFERENCE * d("0.005")


def test_a_fill_that_is_told_twice_counts_once() -> None:
    assert unhedged(folded((10, bought("2")), (20, bought("2")), (40, sold("2")))).peak == 2 * REFERENCE


def test_a_hedge_of_a_later_order_ends_it_too() -> None:
    hedge = order(3, quantity=Quantity(d(2)), side=Side.SELL, leg="sell", venue="b", purpose="hedge")
    filled = OrderFilled(client_id=hedge.client_id, fill=fill(hedge, "h1", "2"))
    found = unhedged(folded((10, bought("2")), (20, OrdersIntended(orders=[hedge])), (35, filled)))
    assert (found.value, found.longest_ns) == (ZERO, 25 * MS)


# -- the record, and what outlives a process -------------------------------------------------------------------------


def test_the_record_keeps_the_peak_the_longest_time_all_times_and_the_integral() -> None:
    ledger = folded((10, bought("2")), (40, sold("1.5", "s1")), (50, sold("0.5", "s2")))
    view = ledger.trade("7-t1")
    assert view is not None
    record = settle(view, Phase.COMPLETED, "", ["USDT"], Timings(), 7)
    assert record.max_unhedged == 2 * REFERENCE
    assert record.unhedged_ms == record.unhedged_total_ms == pytest.approx(40.0)
    assert record.unhedged_value_s == REFERENCE * (2 * d("0.03") + d("0.5") * d("0.01"))


def test_a_process_that_reads_the_journal_later_measures_the_same() -> None:
    story: tuple[tuple[int, Entry], ...] = ((10, bought("2")), (400, sold("2")))
    assert unhedged(folded(*story, began_ms=9_000)) == unhedged(folded(*story))


def test_the_time_the_process_was_dead_counts_while_a_leg_stood_alone() -> None:
    found = unhedged(folded((10, bought("2")), began_ms=9_000))
    assert found.until(9_010 * MS).longest_ns == 9 * SECOND


def test_a_trade_that_is_opened_again_is_measured_anew() -> None:
    ledger = folded((10, bought("2")), (40, sold("1.5", "s1")))
    view = ledger.trade("7-t1")
    assert view is not None
    ledger.apply(TradeSettled(record=settle(view, Phase.UNWOUND, "", ["USDT"], Timings(), 7)), 50 * MS)
    ledger.apply(sold("0.25", "s2"), 100 * MS)
    ledger.apply(TradeMoved(trade_id="7-t1", phase=Phase.CLOSING.value), 100 * MS)
    again = unhedged(ledger)
    assert again.peak == again.value == d("0.25") * REFERENCE
    assert again.total_ns == 0, "what lay there meanwhile belongs to the first record"


# -- in general ------------------------------------------------------------------------------------------------------

MOVES = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), max_size=12)


@given(moves=MOVES, rest=st.integers(0, 50))
@settings(deadline=None, max_examples=150)
def test_whatever_happens_it_is_what_counting_each_millisecond_gives(moves: list[tuple[int, int]], rest: int) -> None:
    found, values, value = NEVER_ALONE, list[int](), 0
    for wait, becomes in moves:
        values += [value] * wait
        value = becomes
        found = found.becomes(Decimal(value), len(values) * MS)
    values += [value] * rest
    found = found.until(len(values) * MS)
    alone = "".join("x" if each else " " for each in values).split()
    assert found.total_ns == sum(map(len, alone)) * MS
    assert found.longest_ns == max(map(len, alone), default=0) * MS
    assert found.value_s * 1_000 == sum(values)
    assert found.peak == max([0, *(becomes for _, becomes in moves)])


@given(moves=MOVES, late=st.integers(1, 40))
@settings(deadline=None, max_examples=50)
def test_a_clock_that_was_set_back_makes_no_time_negative(moves: list[tuple[int, int]], late: int) -> None:
    found, at_ms = NEVER_ALONE, 0
    for wait, becomes in moves:
        at_ms += wait - late
        found = found.becomes(Decimal(becomes), at_ms * MS)
        assert min(attrs.astuple(found)[3:]) >= 0

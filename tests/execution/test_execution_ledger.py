"""The ledger: what is folded while trading is what a restart folds, and no fact counts twice."""

import copy
from typing import Any

import attrs
import pytest
from execution_values import SECOND, d, fill, order, plan, update
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perpbot.execution import ledger as ledger_module
from perpbot.execution.entries import (
    CaughtUp,
    Entry,
    OrderFilled,
    OrdersIntended,
    OrderTold,
    TradeMoved,
    TradeOpened,
    TradeRecord,
    TradeSettled,
)
from perpbot.execution.ledger import Ledger, OrderNews, answered, told
from perpbot.execution.plan import Plan
from perpbot.execution.settle import Timings, settle
from perpbot.execution.trade import TOP_UP, Phase
from perpbot.model.order import Accepted, Order, OrderStatus, Outcome, Refused, Unknown

STATUSES = [OrderStatus.ACCEPTED, OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REFUSED]


def plan_of(trade: int) -> Plan:
    return replace(plan(4), trade_id=f"7-t{trade}")


def order_of(number: int, trade: int) -> Order:
    leg = "buy" if number % 2 else "sell"
    return order(number, trade_id=f"7-t{trade}", leg=leg, venue="a" if leg == "buy" else "b", quantity=d(4))


def opened(trade: int, *numbers: int) -> TradeOpened:
    orders = [order_of(number, trade) for number in numbers]
    return TradeOpened(plan=plan_of(trade), pool="arb", reserved={"a": d(80), "b": d(80)}, orders=orders)


def record_of(folded: Ledger, trade: int) -> TradeRecord:
    view = folded.trade(f"7-t{trade}")
    assert view is not None
    return settle(view, Phase.COMPLETED, "done", ["USDT"], Timings(), 5)


def news_of(each: Order) -> st.SearchStrategy[OrderNews]:
    outcomes: st.SearchStrategy[Outcome] = st.sampled_from(
        [Accepted(f"v{each.client_id}"), Refused("no"), Unknown("timeout")]
    )
    updates = st.builds(
        lambda status, filled: update(each, status, filled), st.sampled_from(STATUSES), st.integers(0, 5)
    )
    fills = st.builds(lambda ref, size: fill(each, ref, size), st.integers(1, 4), st.integers(1, 2))
    return st.one_of(
        outcomes.map(lambda outcome: answered(each.client_id, outcome)),
        (updates | fills).map(lambda event: told(each.client_id, event)),
    )


def state(folded: Ledger) -> dict[str, Any]:
    """Everything a restart must find again. Times are this process's own, and that an order left is not journalled."""

    def seen(view: Any) -> dict[str, Any]:
        orders = [attrs.asdict(each, recurse=False) for each in view.orders]
        for each in orders:
            del each["changed_ns"], each["intended_ns"]
            if each["status"] is OrderStatus.SUBMITTED:
                each["status"] = OrderStatus.JOURNALLED
        return {
            **attrs.asdict(view, recurse=False),
            "orders": orders,
            "opened_ns": view.opened_ns is not None,
            "unhedged": (view.unhedged.value, view.unhedged.peak),
        }

    return {
        "trades": [seen(each) for each in folded.trades()],
        "records": folded.records,
        "counters": (folded.orders_intended, folded.trades_opened, folded.duplicate_ids),
        "unsettled": [each.order.client_id for each in folded.unsettled()],
        "wires": dict(folded._by_wire),
    }


# -- folding live and folding again ----------------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> list[list[Any]]:
    """Batches of what reaches the order book, for three trades and their orders, in any order."""
    orders = [order_of(number, 1 + (number - 1) // 2) for number in range(1, 7)]
    news = st.one_of(*(news_of(each) for each in orders))
    moves = st.builds(
        lambda trade, phase: TradeMoved(trade_id=f"7-t{trade}", phase=phase.value, reason="because"),
        st.integers(1, 3),
        st.sampled_from([Phase.OPEN, Phase.CLOSING]),
    )
    others = st.sampled_from(
        ["settle 1", "settle 2", "sent 1", "sent 4", CaughtUp(venue="a", account="main", until_ms=1)]
    )
    batch = st.lists(news, min_size=1, max_size=5)
    return draw(st.lists(batch | moves.map(lambda each: [each]) | others.map(lambda each: [each]), max_size=25))


class Live:
    """An order book at work: what is news is journalled and folded, as `actors.orders` does."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.journal: list[Entry] = []
        self.now = 0
        for trade in (1, 2, 3):
            self.record([opened(trade, 2 * trade - 1, 2 * trade)])

    def record(self, entries: list[Any]) -> None:
        for entry in entries:
            self.now += SECOND
            self.journal.append(entry)
            self.ledger.apply(entry, self.now)

    def take(self, batch: list[Any]) -> None:
        first = batch[0]
        if isinstance(first, str):
            self._do(*first.split())
        elif isinstance(first, TradeMoved | CaughtUp):
            self.record(batch)
        else:
            fresh, _ = self.ledger.fresh(batch)
            self.record(list(fresh))

    def _do(self, what: str, number: str) -> None:
        record = self.ledger.order(f"7-{number}")
        if what == "sent" and record is not None:
            record.submitted()
        elif what == "settle" and self.ledger.trade(f"7-t{number}") is not None:
            self.record([TradeSettled(record=record_of(self.ledger, int(number)))])


@given(history=histories())
@settings(deadline=None, max_examples=40)
def test_a_restart_folds_what_was_folded_while_trading(history: list[list[Any]]) -> None:
    check_replay(history)


@pytest.mark.full
@given(history=histories())
@settings(deadline=None, max_examples=10_000)
def test_many_more_restarts(history: list[list[Any]]) -> None:
    check_replay(history)


def check_replay(history: list[list[Any]]) -> None:
    live = Live()
    for batch in history:
        live.take(batch)
    again = Ledger()
    for entry in live.journal:
        again.apply(entry, 1)
    assert state(again) == state(live.ledger)


@given(history=histories())
@settings(deadline=None, max_examples=40)
def test_the_same_fact_is_never_let_through_twice(history: list[list[Any]]) -> None:
    check_once(history)


@pytest.mark.full
@given(history=histories())
@settings(deadline=None, max_examples=10_000)
def test_ten_thousand_histories_told_again_change_nothing(history: list[list[Any]]) -> None:
    check_once(history)


def test_what_was_turned_away_may_be_true_later_and_is_let_through_once() -> None:
    each = order_of(1, 1)
    refused = answered(each.client_id, Refused("no", retryable=False))
    over = told(each.client_id, update(each, OrderStatus.FILLED, 0))
    live = Live()
    live.take([refused, over])
    assert over not in live.journal, "a refused order is not filled"
    live.take([told(each.client_id, update(each, OrderStatus.ACCEPTED, 1))])
    live.take([over, over])
    assert live.journal.count(over) == 1


def check_once(history: list[list[Any]]) -> None:
    live = Live()
    for batch in history:
        live.take(batch)
        news = [each for each in batch if hasattr(each, "client_id")]
        before = state(live.ledger)
        again, _ = live.ledger.fresh([*news, *news])
        # what was turned away as a contradiction may be true by now: it was never let through
        assert [each for each in again if each in live.journal] == []
        assert state(live.ledger) == before, "asking what is new changes nothing"


@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_within_a_batch_a_fact_counts_once_too(data: st.DataObject) -> None:
    batch = data.draw(st.lists(news_of(order_of(1, 1)), max_size=6))
    live, doubled = Live().ledger, [each for each in batch for _ in range(2)]
    assert live.fresh(doubled)[0] == live.fresh(batch)[0]
    filled = [each.fill.trade_ref for each in live.fresh(doubled)[0] if isinstance(each, OrderFilled)]
    assert len(filled) == len(set(filled))


# -- by hand ---------------------------------------------------------------------------------------------------------


def test_a_contradiction_is_told_and_what_follows_it_is_judged_without_it() -> None:
    live, first = Live(), order_of(1, 1)
    batch: list[OrderNews] = [
        answered("7-1", Accepted("")),
        told("7-1", update(first, OrderStatus.CANCELLED, 9)),
        told("7-1", update(first, OrderStatus.CANCELLED, 2)),
    ]
    fresh, contradictions = live.ledger.fresh(batch)
    assert fresh == [batch[0], batch[2]]
    assert contradictions == ["7-1: more filled than ordered, 9"]


def test_an_order_is_found_by_our_id_and_by_the_venues() -> None:
    live, first = Live(), order_of(1, 1)
    find, ours = live.ledger.find, live.ledger.order("7-1")
    by_our_id = update(first, OrderStatus.ACCEPTED, venue_order_id="")
    by_the_venues = update(first, OrderStatus.ACCEPTED, client_id="")
    assert find(by_our_id) is ours
    assert find(by_the_venues) is None
    live.take([answered("7-1", Accepted("v7-1"))])
    assert find(by_the_venues) is ours
    strangers: list[dict[str, Any]] = [{"venue": "b"}, {"account": "other"}, {"client_id": "not ours"}]
    assert [find(attrs.evolve(by_our_id, **each)) for each in strangers] == [None, None, None]
    assert find(attrs.evolve(by_our_id, client_id="")) is None


def test_a_venue_that_numbers_the_orders_of_each_symbol_apart_means_the_one_of_the_symbol() -> None:
    live, first = Live(), order_of(1, 1)
    live.take([answered("7-1", Accepted("v7-1"))])
    news = fill(first, 1, 1, client_id="")
    assert live.ledger.find(news) is not None
    assert live.ledger.find(attrs.evolve(news, symbol="ETH-PERP")) is None


def test_what_may_still_change_is_listed_by_venue() -> None:
    live = Live()
    live.take([told("7-1", update(order_of(1, 1), OrderStatus.CANCELLED))])
    live.take([told("7-3", update(order_of(3, 2), OrderStatus.CANCELLED, 1))])
    ours = {venue: [each.order.client_id for each in live.ledger.unsettled(venue)] for venue in ("a", "b", "c")}
    assert ours == {"a": ["7-3", "7-5"], "b": ["7-2", "7-4", "7-6"], "c": []}
    assert len(live.ledger.unsettled()) == 5


def test_a_client_id_that_is_used_twice_is_counted() -> None:
    live = Live()
    live.record([OrdersIntended(orders=[order_of(7, 1)])])
    assert live.ledger.duplicate_ids == 0
    live.record([OrdersIntended(orders=[order_of(7, 1)])])
    assert live.ledger.duplicate_ids == 1


def test_a_trade_remembers_its_phase_and_its_last_reason() -> None:
    live = Live()
    live.record([TradeMoved(trade_id="7-t1", phase="open", reason="")])
    live.record([TradeMoved(trade_id="7-t1", phase="closing", reason="asked to")])
    live.record([TradeMoved(trade_id="7-t1", phase="closing", reason="")])
    live.record([TradeMoved(trade_id="7-t9", phase="closing", reason="not ours")])
    view = live.ledger.trade("7-t1")
    assert view is not None
    assert (view.phase, view.reason, view.opened_ns) == ("closing", "asked to", 4 * SECOND)


def test_a_trade_that_is_over_leaves_its_record_and_no_open_orders() -> None:
    live = Live()
    record = record_of(live.ledger, 1)
    live.record([TradeSettled(record=record)])
    assert live.ledger.trade("7-t1") is None
    assert [view.plan.trade_id for view in live.ledger.trades()] == ["7-t2", "7-t3"]
    assert live.ledger.records == [record]
    assert {each.order.trade_id for each in live.ledger.unsettled()} == {"7-t2", "7-t3"}


def test_a_late_fill_of_a_trade_that_is_over_is_still_known_as_ours_and_counts_once() -> None:
    live, first = Live(), order_of(1, 1)
    live.record([TradeSettled(record=record_of(live.ledger, 1))])
    late: OrderNews = told("7-1", fill(first, 1, 1))
    assert live.ledger.find(update(first, OrderStatus.FILLED)) is not None
    assert live.ledger.fresh([late, late])[0] == [late]
    live.record([late])
    assert live.ledger.fresh([late])[0] == []


def test_a_trade_that_was_over_is_in_progress_again_and_books_only_what_is_new() -> None:
    live = Live()
    live.record([TradeSettled(record=attrs.evolve(record_of(live.ledger, 1), trading=d(3), fees=d(1)))])
    assert live.ledger.over("7-1") == "7-t1"
    live.record([told("7-1", fill(order_of(1, 1), 1, 1)), TradeMoved(trade_id="7-t1", phase="closing", reason="late")])
    assert live.ledger.over("7-1") is None
    view = live.ledger.trade("7-t1")
    assert view is not None
    assert (view.phase, view.reason, view.booked.trading, view.booked.fees) == ("closing", "late", d(3), d(1))
    again = record_of(live.ledger, 1)
    assert (again.trading, again.fees) == (-d(100) + 100 - 3, d("0.05") - 1), "what is held counts at its cost"


def test_old_records_and_the_orders_behind_them_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "ORDERS_KEPT", 4)
    live = Live()
    live.ledger._records.keep = 2
    live.take([answered("7-1", Accepted("v7-1"))])
    for trade in (1, 2, 3):
        live.record([TradeSettled(record=record_of(live.ledger, trade))])
    assert [each.trade_id for each in live.ledger.records] == ["7-t2", "7-t3"]
    assert [number for number in range(1, 7) if live.ledger.order(f"7-{number}") is not None] == [3, 4, 5, 6]
    assert live.ledger.find(update(order_of(1, 1), OrderStatus.FILLED)) is None
    assert len(live.ledger._by_wire) == 4
    live.record([told("7-1", fill(order_of(1, 1), 1, 1))])
    assert live.ledger.order("7-1") is None


def test_a_view_does_not_change_when_the_order_does() -> None:
    live = Live()
    before = live.ledger.trade("7-t1")
    kept = copy.deepcopy(before)
    live.take([told("7-1", fill(order_of(1, 1), 1, 1))])
    assert before == kept
    assert live.ledger.trade("7-t1") != before


@pytest.mark.parametrize("outcome", [Accepted("v7-1"), Refused("no"), Unknown("timeout")])
def test_an_outcome_is_journalled_and_read_back(outcome: Accepted | Refused | Unknown) -> None:
    assert ledger_module._outcome(answered("7-1", outcome)) == outcome


def test_an_update_and_a_fill_are_different_entries() -> None:
    assert isinstance(told("7-1", update(order(), OrderStatus.ACCEPTED)), OrderTold)
    assert isinstance(told("7-1", fill(order(), 1, 1)), OrderFilled)


def test_what_trades_may_still_add_is_what_they_miss_but_for_the_one_that_asks() -> None:
    ledger = Ledger()
    for number in (1, 2):
        ledger.apply(opened(number), 0)
    plan = plan_of(1)
    assert ledger.to_come() == {(leg.venue, plan.symbol): 8 * leg.limit for leg in plan.legs}
    assert ledger.to_come(beside="7-t1") == {(leg.venue, plan.symbol): 4 * leg.limit for leg in plan.legs}
    ledger.apply(TradeMoved(trade_id="7-t2", phase="open", reason=""), 0)
    assert ledger.to_come(beside="7-t1") == {}


def test_a_top_up_on_its_way_is_still_to_come_for_others() -> None:
    ledger = Ledger()
    ledger.apply(opened(1), 0)
    ledger.apply(TradeMoved(trade_id="7-t1", phase="closing", reason="done"), 0)
    more = order(9, purpose=TOP_UP, venue="a", quantity=d(2), price=d(101))
    ledger.apply(OrdersIntended(orders=[more]), 0)
    assert ledger.to_come() == {("a", more.symbol): d(202)}
    assert ledger.to_come(beside="7-t1") == {}
    ledger.apply(told("7-9", fill(more, 1, 1)), 0)
    assert ledger.to_come() == {("a", more.symbol): d(101)}
    ledger.apply(told("7-9", update(more, OrderStatus.CANCELLED, 1)), 0)
    assert not any(ledger.to_come().values())

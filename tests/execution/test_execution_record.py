"""One order's fate: whatever comes, in whatever order, nothing filled is lost and nothing counts twice."""

import copy
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from execution_values import d, fill, order, update
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from perpbot.execution.order_edges import EDGES, LEGAL, MEANING, markdown
from perpbot.execution.record import IllegalOrderEventError, OrderRecord
from perpbot.model.instrument import Side
from perpbot.model.order import Accepted, Fill, OrderStatus, OrderUpdate, Outcome, Refused, Unknown

ACCEPTED, FILLED, CANCELLED, REFUSED = (
    OrderStatus.ACCEPTED,
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
    OrderStatus.REFUSED,
)
ORDER = order(quantity=d(4))
Event = Outcome | OrderUpdate | Fill
TOLD = [ACCEPTED, FILLED, CANCELLED, REFUSED]
EXPIRED, PARTLY, CANCELLING = OrderStatus.EXPIRED, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL
OUTCOMES = st.sampled_from([Accepted("v7-1"), Accepted("other"), Refused("no"), Unknown("timeout")])
UPDATES = st.builds(
    lambda status, filled, ident: update(ORDER, status, filled, venue_order_id=ident),
    st.sampled_from([*TOLD, EXPIRED]),
    st.integers(0, 5),
    st.sampled_from(["v7-1", ""]),
)
FILLS = st.builds(lambda ref, size: fill(ORDER, ref, size), st.integers(1, 5), st.just(1))


def feed(record: OrderRecord, event: Event) -> bool:
    if isinstance(event, OrderUpdate):
        return record.update(event)
    if isinstance(event, Fill):
        return record.fill(event)
    return record.outcome(event)


def state(record: OrderRecord) -> dict[str, Any]:
    known = {name: getattr(record, name) for name in OrderRecord.__slots__ if name != "__weakref__"}
    return {**known, "fills": dict(record.fills)}


# -- anything at all -------------------------------------------------------------------------------------------------


class AnyHistory(RuleBasedStateMachine):
    """Events that need not make sense: what contradicts is refused whole, what is a fact stays."""

    @initialize()
    def journalled(self) -> None:
        self.record = OrderRecord(ORDER)
        self.refs: dict[str, Decimal] = {}
        self.reported = Decimal(0)
        self.ended = False

    @rule()
    def submitted(self) -> None:
        self.record.submitted()

    @rule()
    def asked_to_end(self) -> None:
        open_before = self.record.status.open
        self.record.cancelling()
        assert (self.record.status is CANCELLING) is open_before

    @rule()
    def can_no_longer_arrive(self) -> None:
        before = state(self.record)
        try:
            assert self.record.expire("too late") is (state(self.record) != before)
        except IllegalOrderEventError:
            assert state(self.record) == before

    @invariant()
    def it_took_a_step_that_is_in_the_table(self) -> None:
        last, self.last = getattr(self, "last", OrderStatus.JOURNALLED), self.record.status
        steps = {last, *LEGAL[last], *(after for each in LEGAL[last] for after in LEGAL[each])}
        assert self.record.status in steps, "a fill of a refused order takes two: back, and on"

    @rule(event=OUTCOMES | UPDATES)
    def told(self, event: Outcome | OrderUpdate) -> None:
        before = state(self.record)
        try:
            news = feed(self.record, event)
        except IllegalOrderEventError:
            assert state(self.record) == before, "what is not obeyed leaves no trace"
            return
        assert news is (state(self.record) != before)
        if isinstance(event, OrderUpdate):
            self.reported = max(self.reported, event.filled)

    @rule(event=FILLS)
    def filled(self, event: Fill) -> None:
        assert self.record.fill(event) is (event.trade_ref not in self.refs)
        self.refs[event.trade_ref] = event.quantity

    @invariant()
    def every_fill_counts_once(self) -> None:
        assert self.record.filled == sum(self.refs.values())
        assert self.record.held == self.record.filled
        assert self.record.in_flight >= 0

    @invariant()
    def it_settles_when_it_is_over_and_every_fill_is_here(self) -> None:
        assert self.record.settled is (self.record.status.final and self.record.filled >= self.reported)
        assert not self.record.settled or self.record.in_flight == 0

    @invariant()
    def what_ended_stays_ended(self) -> None:
        assert self.record.status.final or not self.ended
        self.ended = self.record.status.final

    @invariant()
    def what_is_whole_is_over(self) -> None:
        assert self.record.filled < ORDER.quantity or self.record.status is FILLED
        assert self.record.status is not REFUSED or not self.refs
        assert self.record.status is not ACCEPTED or not self.refs


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(deadline=None, max_examples=80, stateful_step_count=20)


@pytest.mark.full
def test_ten_thousand_histories_of_an_order() -> None:
    run_state_machine_as_test(AnyHistory, settings=settings(deadline=None, max_examples=10_000, stateful_step_count=25))


# -- what an honest venue says, in any order -------------------------------------------------------------------------


@st.composite
def honest(draw: st.DrawFn) -> tuple[OrderStatus, int, list[Event]]:
    """How an order ended, how much of it filled, and everything the venue says of that, in any order, often twice."""
    total = draw(st.integers(0, 4))
    end = FILLED if total == 4 else draw(st.sampled_from([CANCELLED] if total else [CANCELLED, REFUSED]))
    events: list[Event] = [update(ORDER, end, total)]
    if end is REFUSED or (not total and draw(st.booleans())):
        events.append(Refused("no match"))  # Hyperliquid refuses and tells of a cancelled order
    else:
        cumulative = range(draw(st.integers(0, 1)), total)
        events += [Accepted("v7-1"), *(update(ORDER, ACCEPTED, filled) for filled in cumulative)]
    events += [fill(ORDER, number, 1) for number in range(total)]
    if draw(st.booleans()):
        events.append(Unknown("timeout"))
    again = draw(st.lists(st.sampled_from(events), max_size=6))
    return end, total, draw(st.permutations([*events, *again]))


@given(history=honest(), sent=st.integers(0, 12))
@settings(deadline=None, max_examples=200)
def test_what_an_honest_venue_says_comes_to_the_same_in_any_order(
    history: tuple[OrderStatus, int, list[Event]], sent: int
) -> None:
    end, total, events = history
    record = OrderRecord(ORDER)
    for number, event in enumerate(events):
        if number == sent:
            record.submitted()
        feed(record, event)
        assert not record.settled or record.filled == total, "it never looks over before everything is here"
    assert record.settled
    assert record.filled == total
    assert record.status is end or (total == 0 and record.status in {CANCELLED, REFUSED})
    assert record.contradiction == ""
    assert record.venue_order_id in {"v7-1", ""}
    assert not any(feed(record, event) for event in events), "nothing of it is news any more"


# -- by hand ---------------------------------------------------------------------------------------------------------


def record_after(*events: Event) -> OrderRecord:
    record = OrderRecord(ORDER)
    record.submitted()
    for event in events:
        feed(record, event)
    return record


def test_an_order_begins_in_the_journal_and_leaves_once() -> None:
    record, seen = OrderRecord(ORDER), []
    assert (record.settled, record.in_flight) == (False, d(4))
    for step in (lambda: None, record.submitted, lambda: record.update(update(ORDER, ACCEPTED)), record.submitted):
        step()
        seen.append(record.status)
    assert seen == [OrderStatus.JOURNALLED, OrderStatus.SUBMITTED, ACCEPTED, ACCEPTED]


@pytest.mark.parametrize("status", OrderStatus)
def test_the_table_of_what_may_follow(status: OrderStatus) -> None:
    assert status in LEGAL[status]
    if status.final:
        assert all(each.final for each in LEGAL[status])
    else:
        assert {FILLED, CANCELLED, EXPIRED} <= LEGAL[status]
    assert OrderStatus.JOURNALLED not in LEGAL[status] - {OrderStatus.JOURNALLED} or status is OrderStatus.JOURNALLED


def test_each_step_and_each_status_is_written_down_once_and_the_page_is_the_table() -> None:
    assert len({(edge.before, edge.after) for edge in EDGES}) == len(EDGES)
    assert set(MEANING) == set(OrderStatus)
    assert (Path(__file__).parents[2] / "docs" / "orders.md").read_text() == markdown(), (
        "run python -m perpbot.execution"
    )


@pytest.mark.parametrize("before", OrderStatus)
@pytest.mark.parametrize("told", [*TOLD, EXPIRED])
def test_no_news_takes_an_order_where_the_table_does_not(before: OrderStatus, told: OrderStatus) -> None:
    record = OrderRecord(ORDER, status=before, venue_order_id="v7-1", reported=d(1))
    with suppress(IllegalOrderEventError):
        record.update(update(ORDER, told))
    assert record.status in LEGAL[before]


def test_a_cancel_is_pending_until_the_venue_says_how_it_ended() -> None:
    record = record_after(Accepted("v7-1"))
    record.cancelling()
    assert record.status is CANCELLING
    assert record.update(update(ORDER, ACCEPTED)) is False, "it was told before the cancel arrived"
    record.fill(fill(ORDER, 1, 1))
    assert (record.status, record.in_flight) == (CANCELLING, d(3))
    record.update(update(ORDER, CANCELLED, 1))
    assert (record.status, record.settled) == (CANCELLED, True)


@pytest.mark.parametrize("before", [OrderStatus.SUBMITTED, OrderStatus.UNKNOWN, FILLED])
def test_what_is_not_open_is_not_cancelled(before: OrderStatus) -> None:
    record = OrderRecord(ORDER, status=before)
    record.cancelling()
    assert record.status is before


def test_an_order_that_could_no_longer_arrive_and_filled_yet_is_a_contradiction() -> None:
    record = record_after(Unknown("timeout"))
    assert record.expire("it never reached the venue") is True
    assert (record.status, record.settled) == (EXPIRED, True)
    assert record.fill(fill(ORDER, 1, 1)) is True
    assert (record.status, record.contradiction) == (
        CANCELLED,
        "filled although expired (it never reached the venue)",
    )


def test_old_news_of_an_order_that_expired_half_filled_changes_nothing() -> None:
    record = record_after(update(ORDER, ACCEPTED, 1, venue_order_id=""))
    record.expire("too late")
    assert record.update(update(ORDER, ACCEPTED, 1, venue_order_id="")) is False
    assert (record.status, record.contradiction) == (EXPIRED, "")


def test_an_order_that_its_venue_ended_for_its_age_may_have_late_fills() -> None:
    record = record_after(Accepted("v7-1"), update(ORDER, EXPIRED))
    assert record.settled
    record.fill(fill(ORDER, 1, 4))
    assert (record.status, record.contradiction) == (FILLED, "")


def test_a_cancel_that_lost_the_race_is_just_another_fill() -> None:
    record = record_after(update(ORDER, CANCELLED, 0))
    assert record.settled
    assert record.fill(fill(ORDER, 1, 3)) is True
    assert (record.status, record.filled, record.settled) == (CANCELLED, d(3), True)
    record.fill(fill(ORDER, 2, 1))
    assert record.status is FILLED


def test_an_end_with_more_than_is_here_waits_for_the_rest() -> None:
    record = record_after(fill(ORDER, 1, 1), update(ORDER, CANCELLED, 3))
    assert (record.settled, record.in_flight) == (False, d(2))
    record.fill(fill(ORDER, 2, 2))
    assert (record.settled, record.in_flight) == (True, d(0))


def test_fills_that_run_ahead_of_the_updates_are_no_news_when_these_come() -> None:
    record = record_after(fill(ORDER, 1, 3))
    assert record.status is PARTLY
    assert record.update(update(ORDER, ACCEPTED, 1)) is False
    assert (record.filled, record.reported) == (d(3), d(3))


def test_a_timeout_after_the_answer_says_nothing() -> None:
    assert record_after(Unknown("timeout")).status is OrderStatus.UNKNOWN
    assert record_after(Accepted("v7-1"), Unknown("timeout")).status is ACCEPTED
    assert record_after(Refused("no"), Unknown("timeout")).status is REFUSED


def test_an_order_of_unknown_fate_may_become_anything() -> None:
    for status in TOLD:
        filled = 4 if status in {FILLED, CANCELLED} else 0
        assert record_after(Unknown("timeout"), update(ORDER, status, filled)).status is status
    assert record_after(Unknown("timeout"), update(ORDER, REFUSED, 1)).status is CANCELLED, "some of it was taken"


def test_more_filled_than_ordered_is_a_contradiction_and_a_fact() -> None:
    record = record_after(fill(ORDER, 1, 3), fill(ORDER, 2, 3))
    assert (record.filled, record.contradiction) == (d(6), "6 filled of 4")
    assert record.settled, "nothing more can come of it"
    with pytest.raises(IllegalOrderEventError, match="7-1: more filled than ordered, 5"):
        record_after(update(ORDER, ACCEPTED, 5))


@pytest.mark.parametrize("status", TOLD)
def test_an_order_that_was_refused_and_yet_filled_waits_for_its_fills(status: OrderStatus) -> None:
    record = record_after(Refused("it never reached the venue"))
    assert record.update(update(ORDER, status, 4)) is True
    assert (record.settled, record.in_flight) == (False, d(4))
    assert record.contradiction == "filled although refused (it never reached the venue)"
    record.fill(fill(ORDER, 1, 4))
    assert (record.status, record.settled) == (FILLED, True)


def test_a_fill_of_a_refused_order_is_taken_in() -> None:
    record = record_after(Refused("no"))
    assert record.fill(fill(ORDER, 1, 1)) is True
    assert (record.status, record.filled) == (CANCELLED, d(1))
    assert record.contradiction == "filled although refused (no)"


@pytest.mark.parametrize("event", [update(ORDER, REFUSED), Refused("no")])
def test_an_order_that_was_filled_was_not_refused(event: Event) -> None:
    for before in (update(ORDER, FILLED, 4), update(ORDER, CANCELLED, 2)):
        record = record_after(before)
        with pytest.raises(IllegalOrderEventError, match="7-1: refused after"):
            feed(record, event)


def test_an_order_that_was_taken_unseen_is_over_when_it_is_turned_down_later() -> None:
    record = record_after(Accepted("v7-1"))
    assert record.update(update(ORDER, REFUSED)) is True
    assert (record.status, record.settled) == (CANCELLED, True)
    assert record.update(update(ORDER, REFUSED)) is False, "told twice"


def test_a_request_is_not_refused_after_its_order_was_seen() -> None:
    record = record_after(update(ORDER, ACCEPTED))
    with pytest.raises(IllegalOrderEventError, match="7-1: refused after"):
        feed(record, Refused("no"))


def test_refused_and_cancelled_with_nothing_filled_mean_the_same() -> None:
    refused, cancelled = record_after(Refused("no match")), record_after(update(ORDER, CANCELLED))
    assert refused.update(update(ORDER, CANCELLED, venue_order_id="")) is False
    assert cancelled.outcome(Refused("no match")) is False
    assert refused.settled
    assert cancelled.settled


def test_the_venues_id_is_learnt_once_from_whoever_says_it_first() -> None:
    for event in (Accepted("v7-1"), update(ORDER, ACCEPTED), fill(ORDER, 1, 1)):
        record = record_after(event)
        assert record.venue_order_id == "v7-1"
        assert record.outcome(Accepted("")) is False
        assert record.venue_order_id == "v7-1"
        copied = copy.copy(record)
        copied.outcome(Accepted("another"))
        assert copied.venue_order_id == "v7-1"


def test_a_sold_order_holds_less_than_nothing() -> None:
    sold = order(side=Side.SELL, quantity=d(4))
    record = OrderRecord(sold)
    record.fill(fill(sold, 1, 3))
    assert record.held == -3

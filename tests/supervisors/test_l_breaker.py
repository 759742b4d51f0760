"""Section L of the list of what must hold: the circuit breaker, as values and under its supervisor."""

from itertools import pairwise

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from supervised import Stage, settle

from actors.circuit import CallBegan, CallFailed, CallSucceeded, CircuitChanged, Connected, Lost, speaks_against
from actors.gate import EDGES, Circuit, CircuitError, Gate, KillSwitches
from actors.runtime import Actor, handles
from perpbot.clock import monotonic_ns
from perpbot.model.order import Accepted, Outcome, Refused, Unknown
from perpbot.simulation.world import in_world
from perpbot.venues.http import NoAnswerError, NotSentError
from supervisors.breaker import Breaker, BreakerRules
from supervisors.spec import ChildSpec, Flags, Kind
from supervisors.venue import Circuited, VenueSupervisor

pytestmark = pytest.mark.simulated

SECOND = 1_000_000_000
CLOSED, OPEN, HALF, DOWN = Circuit.CONNECTED, Circuit.CIRCUIT_OPEN, Circuit.DEGRADED, Circuit.DISCONNECTED
RULES = BreakerRules(
    error_streak=3, wait_s=10, max_wait_s=60, silence_s=30, probe_s=5, call_timeout_s=2, factor=2, jitter=0
)


def closed(rules: BreakerRules = RULES) -> Breaker:
    breaker = Breaker(rules)
    breaker.connected(breaker.generation)
    return breaker


def fail(breaker: Breaker, times: int = 1, now_s: float = 0, uniform: float = 0) -> None:
    for _ in range(times):
        breaker.failed(breaker.generation, "no answer", int(now_s * SECOND), uniform)


def half_open(breaker: Breaker) -> int:
    """Open the circuit and wait; returns the time."""
    fail(breaker, 3)
    now = breaker.until_ns
    breaker.tick(now, now)
    assert breaker.circuit is HALF
    return now


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 6))
def test_only_failures_in_a_row_open_the_circuit(results: list[bool], streak: int) -> None:
    """L1. Any success sets the count to zero."""
    breaker = closed(BreakerRules(error_streak=streak, wait_s=1, max_wait_s=1, silence_s=1))
    in_a_row = 0
    for good in results:
        if good:
            breaker.succeeded(breaker.generation)
        else:
            fail(breaker)
        in_a_row = 0 if good else in_a_row + 1
        if in_a_row == streak:
            assert breaker.circuit is OPEN
            return
        assert (breaker.circuit, breaker.streak) == (CLOSED, in_a_row)


def test_a_call_that_takes_too_long_counts_when_its_time_is_up() -> None:
    """L2. Before it ends, and only once: what becomes of it later changes nothing."""
    breaker = closed()
    generation = breaker.generation
    for call in (1, 2, 3):
        breaker.began(generation, call, call * SECOND)
    assert breaker.due_ns(heard_ns=0) == 3 * SECOND
    assert breaker.tick(0, 3 * SECOND - 1) is None
    assert breaker.streak == 0
    breaker.tick(0, 3 * SECOND)
    assert breaker.streak == 1
    breaker.failed(generation, "late", 3 * SECOND, call=1)
    breaker.succeeded(generation, call=1)
    assert breaker.streak == 1
    breaker.succeeded(generation, call=2)
    assert breaker.streak == 0
    assert breaker.tick(0, 10 * SECOND) is None
    assert breaker.streak == 1


def test_calls_that_hang_open_the_circuit() -> None:
    """L2."""
    breaker = closed()
    for call in range(3):
        breaker.began(breaker.generation, call, 0)
    transition = breaker.tick(0, 2 * SECOND)
    assert transition is not None
    assert transition.after is OPEN
    assert transition.reason == "a call was not answered within 2 s"


@settings(deadline=None)
@given(st.lists(st.floats(0, 12), min_size=1, max_size=20))
def test_the_time_that_remains_shrinks_and_is_more_than_zero(times: list[float]) -> None:
    """L3."""
    breaker = closed()
    fail(breaker, 3)
    seen = [breaker.remaining_s(int(at * SECOND)) for at in sorted(times)]
    assert all(after <= before for before, after in pairwise(seen))
    for at, remaining in zip(sorted(times), seen, strict=True):
        assert remaining == pytest.approx(max(0.0, 10 - at), abs=1e-8)


def test_it_half_opens_by_time_and_not_by_the_next_call() -> None:
    """L4."""
    breaker = closed()
    fail(breaker, 3)
    assert breaker.due_ns(heard_ns=0) == 10 * SECOND
    assert breaker.tick(0, 10 * SECOND - 1) is None
    transition = breaker.tick(0, 10 * SECOND)
    assert transition is not None
    assert (transition.before, transition.after) == (OPEN, HALF)


def make_gate() -> Gate:
    kill = KillSwitches()
    kill.loaded = True
    return Gate("okx", "/venues/okx/trading", kill, trading=True)


@in_world()
def test_exactly_one_probe_passes() -> None:
    """L5. The others fail at once, with nothing that remains to be waited for."""
    gate = make_gate()
    gate.move(OPEN, "errors", until_ns=5 * SECOND)
    assert not gate.take()
    gate.move(HALF, "one probe may pass")
    assert gate.probe_free
    assert gate.refusal_to_reduce() is None
    assert [gate.take() for _ in range(5)] == [True, False, False, False, False]
    assert gate.refusal_to_reduce() == "okx is DEGRADED: one probe may pass"
    assert gate.remaining_s == 0
    assert gate.refusal_to_open() is not None


@in_world()
def test_a_refusal_of_an_open_circuit_says_how_long_it_lasts() -> None:
    """L3."""
    gate = make_gate()
    begun = int(gate.moved_ns)
    gate.move(OPEN, "3 errors", until_ns=begun + 10 * SECOND)
    assert gate.refusal_to_open() == "okx is CIRCUIT_OPEN, for 10.0 s more: 3 errors"
    gevent.sleep(4)
    assert gate.refusal_to_reduce() == "okx is CIRCUIT_OPEN, for 6.0 s more: 3 errors"
    assert gate.remaining_s == pytest.approx(6)


def test_a_probe_that_succeeds_closes_it_and_sets_everything_back() -> None:
    """L6."""
    breaker = closed()
    half_open(breaker)
    assert breaker.wait_s == 20
    breaker.succeeded(breaker.generation)
    assert (breaker.circuit, breaker.streak, breaker.wait_s) == (CLOSED, 0, 10)


def test_a_probe_that_fails_opens_it_for_longer() -> None:
    """L6."""
    breaker = closed()
    now = half_open(breaker)
    breaker.failed(breaker.generation, "no answer", now)
    assert breaker.circuit is OPEN
    assert breaker.until_ns == now + 20 * SECOND


def test_results_while_it_is_open_change_nothing() -> None:
    """L7."""
    breaker = closed()
    fail(breaker, 3)
    before = (breaker.circuit, breaker.streak, breaker.wait_s, breaker.until_ns)
    breaker.succeeded(breaker.generation)
    breaker.failed(breaker.generation, "late", SECOND)
    breaker.lost(breaker.generation, "late", SECOND)
    breaker.connected(breaker.generation)
    assert (breaker.circuit, breaker.streak, breaker.wait_s, breaker.until_ns) == before


@pytest.mark.parametrize("result", ["succeeded", "failed", "lost", "connected"])
@pytest.mark.parametrize("later", [OPEN, HALF, CLOSED])
def test_a_late_result_neither_closes_nor_trips_a_later_state(later: Circuit, result: str) -> None:
    """L7. A result counts only in the state its call was begun in."""
    breaker = closed()
    begun_in = breaker.generation
    breaker.began(begun_in, 7, 0)
    now = half_open(breaker) if later is not OPEN else 0
    if later is OPEN:
        fail(breaker, 3)
    elif later is CLOSED:
        breaker.succeeded(breaker.generation)
    before = (breaker.circuit, breaker.generation, breaker.streak)
    assert before[0] is later
    for _ in range(5):
        if result in {"failed", "lost"}:
            assert getattr(breaker, result)(begun_in, "late", now) is None
        else:
            assert getattr(breaker, result)(begun_in) is None
    assert breaker.tick(now, now + 2 * SECOND) is None
    assert (breaker.circuit, breaker.generation, breaker.streak) == before


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(1, 5), st.floats(0, 2))
def test_the_wait_grows_with_jitter_and_stops_at_its_longest(
    chances: list[float], factor: float, jitter: float
) -> None:
    """L8. Clamped: the one before the longest is not the last."""
    rules = BreakerRules(error_streak=1, wait_s=10, max_wait_s=60, silence_s=30, factor=factor, jitter=jitter)
    breaker = closed(rules)
    wait_s, now = 10.0, 0
    for uniform in chances:
        breaker.failed(breaker.generation, "no answer", now, uniform)
        assert breaker.remaining_s(now) == pytest.approx(wait_s, abs=1e-6)
        wait_s = min(60.0, wait_s * factor * (1 + uniform * jitter))
        assert breaker.wait_s == pytest.approx(wait_s)
        now = breaker.until_ns
        breaker.tick(now, now)


def test_the_longest_wait_is_reached() -> None:
    """L8."""
    breaker = closed(BreakerRules(error_streak=1, wait_s=16, max_wait_s=60, silence_s=30, factor=2, jitter=0))
    waits, now = [], 0
    for _ in range(5):
        breaker.failed(breaker.generation, "no answer", now)
        waits.append(breaker.remaining_s(now))
        now = breaker.until_ns
        breaker.tick(now, now)
    assert waits == [16, 32, 60, 60, 60]


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (Accepted("7"), False),
        (Refused("insufficient margin"), False),
        (Refused("too many requests", retryable=True), False),
        (Unknown("HTTP 502"), True),
        (NoAnswerError("no answer"), True),
        (NotSentError("no route"), True),
    ],
    ids=str,
)
def test_what_speaks_against_a_venue_is_declared(said: Outcome | Exception, failure: bool) -> None:  # noqa: FBT001
    """L9. Our own mistakes do not; an answer that leaves the order unknown does, though it is an answer."""
    assert speaks_against(said) is failure


def test_a_probe_that_never_answers_opens_it_again() -> None:
    """L10."""
    breaker = closed(BreakerRules(error_streak=3, wait_s=10, max_wait_s=60, silence_s=30, probe_s=5, jitter=0))
    now = half_open(breaker)
    assert breaker.due_ns(heard_ns=0) == now + 5 * SECOND
    assert breaker.tick(now, now + 5 * SECOND - 1) is None
    transition = breaker.tick(now, now + 5 * SECOND)
    assert transition is not None
    assert (transition.after, transition.reason) == (OPEN, "the probe did not answer within 5 s")
    assert breaker.until_ns == now + 25 * SECOND


class CircuitMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order, with late results of every state mixed in."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(RULES)
        self.gate = make_gate()
        self.now = 0
        self.heard = 0
        self.calls = 0

    def _moved(self, before: int, transition: object) -> None:
        assert (transition is not None) is (self.breaker.generation == before + 1)
        if transition is not None:
            self.gate.move(self.breaker.circuit, "")

    def _generation(self, age: int) -> int:
        return self.breaker.generation - age

    @rule(age=st.integers(0, 3))
    def connect(self, age: int) -> None:
        before = self.breaker.generation
        self._moved(before, self.breaker.connected(self._generation(age)))
        assert age == 0 or self.breaker.generation == before

    @rule(age=st.integers(0, 3))
    def lose(self, age: int) -> None:
        before = self.breaker.generation
        self._moved(before, self.breaker.lost(self._generation(age), "lost", self.now))

    @rule(age=st.integers(0, 3), announced=st.booleans())
    def succeed(self, age: int, *, announced: bool) -> None:
        before = self.breaker.generation
        call = self.calls if announced else None
        self._moved(before, self.breaker.succeeded(self._generation(age), call))

    @rule(age=st.integers(0, 3), announced=st.booleans(), uniform=st.floats(0, 1))
    def fail(self, age: int, uniform: float, *, announced: bool) -> None:
        before = self.breaker.generation
        call = self.calls if announced else None
        self._moved(before, self.breaker.failed(self._generation(age), "failed", self.now, uniform, call))

    @rule(age=st.integers(0, 1))
    def call(self, age: int) -> None:
        self.calls += 1
        self.breaker.began(self._generation(age), self.calls, self.now)

    @rule(seconds=st.floats(0, 40), heard=st.booleans())
    def wait(self, seconds: float, *, heard: bool) -> None:
        self.now += int(seconds * SECOND)
        if heard:
            self.heard = self.now
        before = self.breaker.generation
        self._moved(before, self.breaker.tick(self.heard, self.now))

    @precondition(lambda self: self.breaker.due_ns(self.heard) is not None)
    @rule()
    def wait_until_due(self) -> None:
        due = self.breaker.due_ns(self.heard)
        assert due is not None
        self.now = max(self.now, due)
        before = (self.breaker.generation, self.breaker.streak)
        transition = self.breaker.tick(self.heard, self.now)
        assert (self.breaker.generation, self.breaker.streak) != before
        self._moved(before[0], transition)

    @invariant()
    def holds(self) -> None:
        breaker = self.breaker
        assert self.gate.circuit is breaker.circuit
        assert (breaker.remaining_s(self.now) > 0) <= (breaker.circuit is OPEN)
        assert RULES.wait_s <= breaker.wait_s <= RULES.max_wait_s
        assert breaker.circuit is not CLOSED or breaker.streak < RULES.error_streak


TestCircuit = CircuitMachine.TestCase
TestCircuit.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@in_world()
def test_a_way_that_circuits_do_not_go_cannot_be_asked_for_by_anyone() -> None:
    """L12. From closed to half-open, or from open to closed, there is no way but through the others."""
    ways = {DOWN: [], CLOSED: [CLOSED], OPEN: [OPEN], HALF: [OPEN, HALF]}
    for before, way in ways.items():
        for after in Circuit:
            gate = make_gate()
            for step in way:
                gate.move(step, "on the way")
            moves = gate.moves
            if (before, after) in EDGES:
                gate.move(after, "legal")
                assert (gate.circuit, gate.moves) == (after, moves + 1)
            else:
                with pytest.raises(CircuitError, match=f"cannot go from {before.value} to {after.value}"):
                    gate.move(after, "illegal")
                assert (gate.circuit, gate.moves) == (before, moves)
    assert (CLOSED, HALF) not in EDGES
    assert (OPEN, CLOSED) not in EDGES


# -- under its supervisor --------------------------------------------------------------------------------------------


class Listener(Actor):
    """Stands where the connection lives, and hears of its circuit."""

    def __init__(self, heard: list[CircuitChanged]) -> None:
        super().__init__()
        self._heard = heard

    @handles(CircuitChanged)
    def on_change(self, change: CircuitChanged) -> None:
        self._heard.append(change)


class Okx:
    """A venue's supervisor with one connection that does nothing by itself."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.heard: list[CircuitChanged] = []
        self.gate = make_gate()
        spec = ChildSpec(name="trading", start=lambda: Listener(self.heard))
        venue = ChildSpec(
            name="okx",
            kind=Kind.SUPERVISOR,
            start=lambda: VenueSupervisor([spec], Flags(), [Circuited(self.gate, RULES)]),
        )
        self.stage.supervise([venue], "/venues")

    def tell(self, news: type, *rest: object, moves: int | None = None) -> None:
        message = news(self.gate.address, self.gate.moves if moves is None else moves, *rest)
        if news is CallSucceeded:
            self.gate.heard_ns = monotonic_ns()  # as connections do
        self.stage.system.ref("/venues/okx").tell(message)
        settle()

    def ways(self) -> list[tuple[Circuit, Circuit]]:
        return [(change.before, change.after) for change in self.heard]


@in_world()
def test_each_transition_is_told_once_and_in_order() -> None:
    """L4, L11."""
    okx = Okx()
    okx.tell(Connected)
    for _ in range(5):
        okx.tell(CallFailed, "no answer")
    gevent.sleep(10)
    assert okx.gate.circuit is HALF
    okx.tell(CallFailed, "no answer")
    gevent.sleep(20)
    okx.tell(CallSucceeded)
    okx.tell(Lost, "closed")
    okx.tell(Lost, "closed", moves=0)
    gevent.sleep(100)
    assert okx.ways() == [
        (DOWN, CLOSED), (CLOSED, OPEN), (OPEN, HALF), (HALF, OPEN), (OPEN, HALF), (HALF, CLOSED), (CLOSED, DOWN),
    ]  # fmt: skip


@in_world()
def test_an_attempt_that_failed_is_the_reason_of_a_circuit_that_never_closed() -> None:
    okx = Okx()
    moves = okx.gate.moves
    okx.tell(Lost, "an older attempt", moves=moves - 1)
    assert okx.gate.reason == "not connected yet"
    okx.tell(Lost, "cannot connect to ws.okx.com")
    assert (okx.gate.circuit, okx.gate.reason) == (DOWN, "cannot connect to ws.okx.com")
    assert (okx.gate.moves, okx.ways()) == (moves, [])


@in_world()
def test_a_call_that_hangs_is_noticed_by_the_supervisor_without_anybody_asking() -> None:
    """L2, L10."""
    okx = Okx()
    okx.tell(Connected)
    for call in range(3):
        okx.tell(CallBegan, call)
    gevent.sleep(2)
    assert okx.gate.circuit is OPEN
    gevent.sleep(10)
    assert okx.gate.circuit is HALF
    okx.tell(CallBegan, 9)
    gevent.sleep(1.9)
    assert okx.gate.circuit is HALF
    gevent.sleep(0.2)
    assert okx.gate.circuit is OPEN


@in_world()
def test_a_supervisor_that_starts_anew_begins_with_nothing_to_call() -> None:
    """L12. The state is reset on purpose: whatever was known of the connection went with the supervisor."""
    okx = Okx()
    okx.tell(Connected)
    okx.tell(CallFailed, "no answer")
    okx.tell(CallFailed, "no answer")
    moves = okx.gate.moves
    okx.stage.end("/venues/okx", "kill")
    assert okx.stage.incarnation("/venues/okx") == 2
    assert okx.gate.circuit is DOWN
    assert okx.gate.moves > moves
    okx.tell(Connected, moves=moves)
    assert okx.gate.circuit is DOWN
    okx.tell(Connected)
    okx.tell(CallFailed, "no answer")
    assert okx.gate.circuit is CLOSED


@in_world()
def test_a_supervisor_that_starts_anew_keeps_a_circuit_that_was_open_no_longer() -> None:
    """L12. A connect is then what finds out, at the pace of the connection's own waits."""
    okx = Okx()
    okx.tell(Connected)
    for _ in range(3):
        okx.tell(CallFailed, "no answer")
    assert okx.gate.circuit is OPEN
    okx.stage.end("/venues/okx", "crash")
    okx.stage.end("/venues/okx", "kill")
    assert okx.gate.circuit is DOWN
    assert okx.gate.remaining_s == 0

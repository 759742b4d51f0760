"""Section K of the list of what must hold: back-off."""

from itertools import pairwise
from typing import Any

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from supervised import SUP, Stage, Who, always, failing, settle

from actors.runtime import ActorDeadError, Backoff, State, Undelivered
from perpbot.clock import monotonic_ns
from perpbot.simulation.world import World, in_world, run_forked
from supervisors.administration import DeleteChild, Refused, ResetBackoff, RestartChild
from supervisors.policy import Status
from supervisors.report import Context
from supervisors.spec import Limit, Reply, SpecError, StandIn, Strategy

pytestmark = pytest.mark.simulated


def test_the_wait_doubles_up_to_the_cap() -> None:
    """K1. Without jitter it is exact."""
    backoff = Backoff(min_s=1, max_s=60, jitter=0)
    assert [backoff.delay_s(n, 0.9) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


@settings(deadline=None)
@given(
    st.floats(0, 1e300), st.floats(0, 1e300), st.floats(0, 10), st.integers(1, 10**9), st.floats(0, 1, exclude_max=True)
)
def test_the_wait_stays_within_its_bounds(least: float, more: float, jitter: float, failures: int, u: float) -> None:
    """K1. Jitter comes after the cap; a wait that is too long to count is the longest."""
    backoff = Backoff(min_s=least, max_s=least + more, jitter=jitter)
    exact = min(backoff.max_s, least * 2.0 ** min(failures - 1, 1023))
    wait_s = backoff.delay_s(failures, u)
    assert exact <= wait_s <= exact * (1 + jitter) <= backoff.max_s * (1 + jitter)


@in_world()
def test_restarts_are_spaced_by_growing_waits() -> None:
    """K2."""
    backoff = Backoff(min_s=1, max_s=8, jitter=0.5, reset_after_s=1000)
    stage = Stage()
    stage.supervise([stage.child("a", backoff=backoff)], intensity=0)
    starts: list[int] = []

    def fail() -> None:
        starts.append(monotonic_ns())
        raise RuntimeError("no")

    stage.script("a").start = fail
    crashed = monotonic_ns()
    stage.crash("a")
    gevent.sleep(80)
    gaps = [(after - before) / 1e9 for before, after in pairwise([crashed, *starts])]
    assert len(gaps) > 8
    for gap, exact in zip(gaps, [1, 2, 4, *[8] * 100], strict=False):
        assert exact <= gap <= exact * 1.5 + 0.001
    assert len(set(gaps)) > 5
    assert stage.alive(SUP)


@in_world()
def test_a_good_run_sets_the_waits_back_and_a_short_one_does_not() -> None:
    """K3. By default a good run is half the way from the shortest to the longest wait."""
    backoff = Backoff(min_s=1, max_s=9, jitter=0)
    assert backoff.reset_after_s == 5
    stage = Stage()
    stage.supervise([stage.child("a", backoff=backoff)])

    def gap() -> float:
        before, crashed = stage.incarnation("a"), monotonic_ns()
        stage.crash("a")
        while stage.incarnation("a") == before:
            gevent.sleep(0.01)
        return round((monotonic_ns() - crashed) / 1e9, 1)

    assert [gap(), gap(), gap()] == [1, 2, 4]
    gevent.sleep(4.9)
    assert gap() == 8
    gevent.sleep(5)
    assert [gap(), gap()] == [1, 2]


@in_world()
def test_a_good_run_of_an_earlier_incarnation_sets_nothing_back() -> None:
    """K3. Only the incarnation that failed counts, from its own start."""
    stage = Stage()
    stage.supervise([stage.child("a", backoff=Backoff(min_s=1, max_s=100, jitter=0, reset_after_s=10))])
    gevent.sleep(100)
    stage.crash("a")
    gevent.sleep(9.5)
    stage.crash("a")
    gevent.sleep(1.5)
    assert stage.standing() == {"a": Status.BACKING_OFF}
    gevent.sleep(1)
    assert stage.standing() == {"a": Status.UP}


@in_world()
def test_waits_are_set_back_by_hand_only_where_that_is_declared() -> None:
    """K4."""
    stage = Stage()
    by_hand = Backoff(min_s=1, max_s=100, jitter=0, reset_after_s=None)
    stage.supervise([stage.child("a", backoff=by_hand), stage.child("b", backoff=Backoff()), stage.child("c")])
    for wait_s in (1, 2, 4):
        gevent.sleep(1000)
        stage.crash("a")
        gevent.sleep(wait_s - 0.1)
        assert stage.standing()["a"] is Status.BACKING_OFF
        gevent.sleep(0.2)
        assert stage.standing()["a"] is Status.UP
    stage.ask(ResetBackoff("a"))
    stage.crash("a")
    gevent.sleep(1.1)
    assert stage.standing()["a"] is Status.UP
    assert [stage.refusal(ResetBackoff(name)) for name in "bcd"] == [
        Refused.BAD_SPEC, Refused.BAD_SPEC, Refused.NOT_FOUND,
    ]  # fmt: skip


@in_world()
def test_after_so_many_restarts_with_backoff_the_supervisor_gives_up() -> None:
    """K5. A child that is away for good must not go unnoticed."""
    stage = Stage()
    backoff = Backoff(min_s=1, max_s=1, jitter=0, reset_after_s=1000)
    stage.supervise([stage.child("a", backoff=backoff, backoff_limit=Limit(restarts=3)), stage.child("b")])
    stage.script("a").start = always(RuntimeError("gone"))
    stage.crash("a")
    gevent.sleep(10)
    assert not stage.alive(SUP)
    assert stage.events.count("start a") == 1 + 3
    assert stage.reports[-1].context is Context.SHUTDOWN
    assert stage.reports[-1].reason == "a was restarted with back-off more than 3 times"


@in_world()
def test_a_limit_in_a_window_forgets_what_is_older() -> None:
    """K5."""
    stage = Stage()
    backoff = Backoff(min_s=0.1, max_s=0.1, jitter=0, reset_after_s=None)
    stage.supervise([stage.child("a", backoff=backoff, backoff_limit=Limit(restarts=2, within_s=10))])
    for _ in range(20):
        stage.crash("a")
        gevent.sleep(5.1)
    assert stage.incarnation("a") == 21
    stage.crash("a")
    gevent.sleep(1)
    stage.crash("a")
    assert not stage.alive(SUP)


@in_world()
def test_a_good_run_forgets_what_counted_to_the_limit() -> None:
    """K5."""
    stage = Stage()
    backoff = Backoff(min_s=1, max_s=1, jitter=0, reset_after_s=5)
    stage.supervise([stage.child("a", backoff=backoff, backoff_limit=Limit(restarts=1))])
    for _ in range(10):
        stage.crash("a")
        gevent.sleep(10)
    assert stage.incarnation("a") == 11


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"restarts": -1}, "restarts must be a whole number of 0 or more, not -1"),
        ({"restarts": 1, "within_s": 0}, "within_s must be more than zero seconds or None, not 0"),
    ],
)
def test_a_limit_that_cannot_work_is_refused(values: dict[str, Any], message: str) -> None:
    """K5."""
    with pytest.raises(SpecError, match=message):
        Limit(**values)


@in_world()
def test_what_is_sent_during_backoff_becomes_a_dead_letter() -> None:
    """K6. Nothing is kept silently: an order that waited half a minute is not the order that was meant."""
    stage = Stage()
    stage.supervise([stage.child("a", backoff=Backoff(min_s=10, max_s=10))])
    stage.crash("a")
    begun = monotonic_ns()
    with pytest.raises(ActorDeadError):
        stage.ask(Who(), "/sup/a")
    stage.cell("a").ref.tell(Who())
    assert monotonic_ns() == begun
    assert [(each.receiver, each.why, each.type) for each in stage.system.letters] == [
        ("/sup/a", Undelivered.NOBODY, "Who"),
    ] * 2
    gevent.sleep(20)
    assert stage.ask(Who(), "/sup/a") == (2, 1)


@in_world()
def test_what_waits_when_a_child_fails_is_not_kept_through_its_backoff() -> None:
    """K6."""
    stage = Stage()
    stage.supervise([stage.child("a", backoff=Backoff(min_s=10, max_s=10))])
    slots = []
    stage.script("a").stop = failing(0)
    cell = stage.cell("a")
    cell.kill()
    slots = [stage.system.ref("/sup/a").post(Who(), 60) for _ in range(3)]
    settle()
    for slot in slots:
        with pytest.raises(ActorDeadError):
            slot.wait(0)


@in_world()
def test_a_fixed_reply_answers_for_a_child_in_backoff() -> None:
    """K6. What is told has nobody to answer to, and is a dead letter."""
    stage = Stage()
    spec = stage.child("a", backoff=Backoff(min_s=10, max_s=10), while_down=Reply("away"))
    stage.supervise([spec])
    assert stage.ask(Who(), "/sup/a") == (1, 1)
    stage.crash("a")
    assert stage.ask(Who(), "/sup/a") == "away"
    stage.cell("a").ref.tell(Who())
    assert stage.system.letters.total == 1
    gevent.sleep(20)
    assert stage.ask(Who(), "/sup/a") == (2, 1)
    stage.crash("a")
    assert stage.ask(Who(), "/sup/a") == "away"
    stage.terminate("a")
    with pytest.raises(ActorDeadError):
        stage.ask(Who(), "/sup/a")


@in_world()
def test_a_stand_in_takes_the_messages_of_a_child_in_backoff() -> None:
    """K6. Unless it is away itself."""
    stage = Stage()
    backoff = Backoff(min_s=10, max_s=10)
    away = {"a": StandIn("/sup/b"), "b": StandIn("/sup/a")}
    stage.supervise([stage.child(name, backoff=backoff, while_down=away[name]) for name in "ab"])
    stage.crash("a")
    assert stage.ask(Who(), "/sup/a") == (1, 1)
    assert stage.ask(Who(), "/sup/b") == (1, 2)
    stage.crash("b")
    with pytest.raises(ActorDeadError):
        stage.ask(Who(), "/sup/a")
    gevent.sleep(20)
    assert [stage.ask(Who(), f"/sup/{name}") for name in "ab"] == [(2, 1), (2, 1)]


@in_world()
def test_a_child_in_backoff_can_be_administered() -> None:
    """K7."""
    stage = Stage()
    stage.supervise([stage.child("a", backoff=Backoff(min_s=10, max_s=10))])
    stage.crash("a")
    assert stage.cell("a").state is State.BACKING_OFF
    assert stage.counts() == (1, 0, 0, 1)
    assert stage.refusal(RestartChild("a")) is Refused.RESTARTING
    assert stage.refusal(DeleteChild("a")) is Refused.RESTARTING
    stage.terminate("a")
    assert stage.cell("a").state is State.STOPPED
    gevent.sleep(100)
    assert not stage.alive("a")
    stage.ask(RestartChild("a"))
    stage.crash("a")
    stage.terminate("a")
    stage.ask(DeleteChild("a"))
    gevent.sleep(100)
    assert stage.counts() == (0, 0, 0, 0)
    assert not stage.alive("a")


def back_off_as_group(_: World, strategy: Strategy) -> None:
    stage = Stage()
    backoff = Backoff(min_s=10, max_s=10, jitter=0)
    specs = [stage.child(name, backoff=backoff if name == "b" else None) for name in "abc"]
    stage.supervise(specs, strategy=strategy)
    stage.crash("b")
    down = {Strategy.ONE_FOR_ONE: "b", Strategy.REST_FOR_ONE: "bc", Strategy.ONE_FOR_ALL: "abc"}[strategy]
    assert [name for name in "abc" if not stage.alive(name)] == list(down)
    if strategy is Strategy.ONE_FOR_ALL:
        stage.ask(RestartChild("a"))
    gevent.sleep(10)
    assert stage.counts() == (3, 3, 0, 3)
    assert [name for name in "abc" if stage.incarnation(name) > 1] == list(down)


@pytest.mark.parametrize("strategy", Strategy)
def test_the_group_of_a_child_in_backoff_waits_with_it(strategy: Strategy) -> None:
    """K2. Nobody runs without what it depends on."""
    run_forked(back_off_as_group, 1, strategy)

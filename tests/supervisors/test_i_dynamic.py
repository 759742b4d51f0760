"""Section I of the list of what must hold: dynamic supervisors. Partitions (I8) are not offered."""

from collections.abc import Callable

import gevent
import pytest
from supervised import SUP, Stage, always, failing, hanging, settle

from actors.runtime import Backoff, DeclinedError
from perpbot.simulation.world import World, in_world, real_seconds, run_forked
from supervisors.administration import Refused, RestartChild, StartChild, TerminateChild
from supervisors.policy import Status
from supervisors.spec import Restart

pytestmark = pytest.mark.simulated


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_at_the_cap_no_child_is_taken_in(limit: int) -> None:
    """I1."""

    def fill(_: World) -> None:
        stage = Stage()
        stage.supervise(dynamic=True, max_children=limit)
        for number in range(limit):
            stage.start(stage.child(str(number), restart=Restart.TEMPORARY))
        assert stage.refusal(StartChild(stage.child("more"))) is Refused.MAX_CHILDREN
        assert stage.counts()[0] == limit
        if limit:
            stage.end("0", "normal")
            stage.start(stage.child("more"))

    run_forked(fill, 1)


@in_world()
def test_a_child_that_declines_or_cannot_start_takes_no_slot() -> None:
    """I1."""
    stage = Stage()
    stage.supervise(dynamic=True, max_children=1)
    stage.script("a").start = always(DeclinedError())
    stage.script("b").start = always(ValueError())
    stage.start(stage.child("a"))
    assert stage.refusal(StartChild(stage.child("b"))) is Refused.START_FAILED
    stage.start(stage.child("c"))


@in_world()
def test_a_restarting_child_still_holds_its_slot() -> None:
    """I2."""
    stage = Stage()
    stage.supervise(dynamic=True, max_children=1)
    stage.start(stage.child("a", backoff=Backoff(min_s=10, max_s=10, jitter=0)))
    stage.crash("a")
    assert stage.refusal(StartChild(stage.child("b"))) is Refused.MAX_CHILDREN
    gevent.sleep(11)
    assert stage.standing() == {"a": Status.UP}


@in_world()
def test_a_dynamic_child_is_terminated_by_its_reference_only() -> None:
    """I3. One that is gone is not found, as in Elixir: the answer is the truth; a stranger is left alone."""
    stage = Stage()
    stage.supervise(dynamic=True)
    ref = stage.start(stage.child("a")).ref
    assert ref is not None
    assert stage.refusal(TerminateChild("a")) is Refused.BY_REFERENCE
    stage.supervise(stage.children("a"), address="/stranger")
    for strange in (stage.cell("/stranger/a").ref, stage.system.ref("/nobody"), stage.system.ref(SUP)):
        assert stage.refusal(TerminateChild(strange)) is Refused.NOT_FOUND
    assert stage.alive("/stranger/a")
    assert stage.alive("a")
    stage.ask(TerminateChild(ref))
    assert not ref.alive
    assert stage.counts() == (0, 0, 0, 0)
    assert stage.refusal(TerminateChild(ref)) is Refused.NOT_FOUND
    assert stage.system.known("/sup/a") is None


@in_world()
def test_a_static_child_may_be_terminated_by_its_reference_too() -> None:
    """I3."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    stage.ask(TerminateChild(stage.cell("a").ref))
    assert stage.standing() == {"a": Status.STOPPED}


@in_world()
def test_a_restart_that_declines_drops_the_child() -> None:
    """I4."""
    stage = Stage()
    stage.supervise(dynamic=True)
    stage.start(stage.child("a"))
    stage.script("a").start = always(DeclinedError())
    stage.crash("a")
    assert stage.counts() == (0, 0, 0, 0)
    assert stage.system.known("/sup/a") is None
    assert stage.system.escalations == 0


@in_world()
def test_a_child_that_waits_for_its_restart_is_terminated_by_its_old_reference() -> None:
    """I5."""
    stage = Stage()
    stage.supervise(dynamic=True, intensity=1000)
    stage.start(stage.child("a", backoff=Backoff(min_s=10, max_s=10)))
    stage.start(stage.child("b"))
    backing_off, retrying = stage.cell("a").ref, stage.cell("b").ref
    stage.script("b").start = hanging(0.5)
    stage.crash("a", "b")
    assert stage.standing() == {"b": Status.RESTARTING, "a": Status.BACKING_OFF}
    stage.ask(TerminateChild(backing_off))
    stage.ask(TerminateChild(retrying))
    stage.script("b").start = failing(0)
    gevent.sleep(100)
    assert stage.counts() == (0, 0, 0, 0)
    assert not stage.alive("a")
    assert not stage.alive("b")


@in_world()
def test_a_child_that_ended_for_good_is_forgotten() -> None:
    """I3. Also a transient one: nobody would ever start it again."""
    stage = Stage()
    stage.supervise(dynamic=True)
    for name, restart in (("a", Restart.TRANSIENT), ("b", Restart.TEMPORARY)):
        stage.start(stage.child(name, restart=restart))
        stage.end(name, "normal")
        assert stage.refusal(RestartChild(name)) is Refused.NOT_FOUND
        assert stage.system.known(f"/sup/{name}") is None
        stage.start(stage.child(name, restart=restart))
        assert stage.incarnation(name) == 1


def seconds_for(work: Callable[[], None]) -> float:
    begun = real_seconds()
    work()
    return real_seconds() - begun


def start_many(_: World, number: int) -> float:
    """Real seconds to start, ask about and stop so many children."""
    stage = Stage()
    stage.supervise(dynamic=True)

    def work() -> None:
        for each in range(number):
            stage.start(stage.child(str(each), restart=Restart.TEMPORARY))
        assert stage.counts()[1] == number
        stage.stop()
        assert len(stage.cell(SUP).children) == 0

    return seconds_for(work)


def die_together(_: World, number: int) -> float:
    """Real seconds for so many children that die at the same moment, and are replaced."""
    stage = Stage()
    stage.supervise(dynamic=True, intensity=number)
    for each in range(number):
        stage.start(stage.child(str(each)))

    def work() -> None:
        for each in range(number):
            stage.cell(str(each)).kill()
        settle()
        assert stage.counts()[1] == number
        assert all(stage.incarnation(str(each)) == 2 for each in range(number))

    return seconds_for(work)


@pytest.mark.parametrize(
    ("work", "few", "many", "factor"), [(start_many, 30, 300, 50), (die_together, 60, 300, 12)], ids=["start", "die"]
)
def test_the_cost_grows_in_step_with_the_number_of_children(
    work: Callable[[World, int], float], few: int, many: int, factor: float
) -> None:
    """I6, I7. The best of three, as other processes share the machine."""
    small, large = (min(run_forked(work, seed, number) for seed in range(3)) for number in (few, many))
    assert large <= factor * small

"""Section E of the list of what must hold: strategies."""

import gevent
import pytest
from supervised import Stage, Who, failing

from perpbot.simulation.world import World, in_world, run_forked
from supervisors.administration import RestartChild
from supervisors.policy import Status
from supervisors.spec import Strategy

pytestmark = pytest.mark.simulated

ALL, REST = Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE


@in_world()
def test_one_for_one_replaces_only_the_dead_child() -> None:
    """E1. Its siblings keep their identity and their state."""
    stage = Stage()
    stage.supervise(stage.children("abc"))
    for name in "abc":
        stage.cell(name).ref.ask(Who())
    stage.crash("b")
    assert [stage.cell(name).ref.ask(Who()) for name in "abc"] == [(1, 2), (2, 1), (1, 2)]


@in_world()
def test_one_for_all_stops_everybody_newest_first_and_starts_everybody_oldest_first() -> None:
    """E2."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=ALL)
    counts = stage.counts()
    stage.crash("b")
    assert stage.taken()[3:] == ["stop c", "stop a", "start a", "start b", "start c"]
    assert stage.incarnations("abc") == [2, 2, 2]
    assert stage.counts() == counts


@in_world()
def test_rest_for_one_replaces_the_younger_and_leaves_the_older_alone() -> None:
    """E3."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=REST)
    stage.cell("a").ref.ask(Who())
    stage.crash("b")
    assert stage.taken()[3:] == ["stop c", "start b", "start c"]
    assert stage.cell("a").ref.ask(Who()) == (1, 2)
    assert stage.incarnations("bc") == [2, 2]


@in_world()
def test_children_stop_newest_first_and_start_oldest_first() -> None:
    """E4. By their place in the list, not by their names."""
    stage = Stage()
    stage.supervise(stage.children("53412"), strategy=REST)
    stage.taken()
    stage.end("4", "kill")
    assert stage.taken() == ["stop 2", "stop 1", "start 4", "start 1", "start 2"]
    stage.stop()
    assert stage.taken() == ["stop 2", "stop 1", "stop 4", "stop 3", "stop 5"]


@in_world()
def test_when_another_child_fails_in_a_restart_of_all_the_whole_group_is_tried_again() -> None:
    """E5. The child that was already up is stopped first."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=ALL)
    stage.taken()
    stage.script("b").start = failing(1)
    stage.crash("a")
    assert stage.taken() == ["stop c", "stop b", "start a", "start b", "stop a", "start a", "start b", "start c"]
    assert stage.counts() == (3, 3, 0, 3)


@in_world()
def test_when_another_child_fails_in_a_restart_of_the_rest_only_it_and_those_after_it_are_tried_again() -> None:
    """E6. The child that was already up is not started a second time."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=REST)
    stage.taken()
    stage.script("b").start = failing(1)
    stage.crash("a")
    assert stage.taken() == ["stop c", "stop b", "start a", "start b", "start b", "start c"]
    assert stage.incarnation("a") == 2


@in_world()
def test_while_a_child_cannot_start_those_before_it_live_and_those_after_it_wait() -> None:
    """E7."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=REST, intensity=1000)

    def hang() -> None:
        gevent.sleep(0.5)
        raise RuntimeError("not yet")

    stage.script("b").start = hang
    stage.crash("b")
    assert stage.standing() == {"c": Status.STOPPED, "b": Status.RESTARTING, "a": Status.UP}
    assert stage.counts() == (3, 1, 0, 3)
    assert stage.incarnation("a") == 1
    stage.script("b").start = failing(0)
    gevent.sleep(1)
    assert stage.counts() == (3, 3, 0, 3)
    assert stage.incarnation("a") == 1


def restart_group(_world: World, strategy: Strategy) -> None:
    stage = Stage()
    stage.supervise(stage.children("abcdefgh"), strategy=strategy, intensity=2, period_s=1000)
    for _ in range(2):
        stage.crash("a")
        assert stage.counts() == (8, 8, 0, 8)
    stage.crash("h")
    assert not stage.alive("/sup")


@pytest.mark.parametrize("strategy", Strategy)
def test_the_restart_of_a_group_counts_as_one(strategy: Strategy) -> None:
    """E8."""
    run_forked(restart_group, 1, strategy)


@in_world()
def test_children_of_a_group_that_die_together_are_restarted_once_each() -> None:
    """E3. The end of a sibling that the restart of another had taken down already is old news."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=ALL, intensity=1)
    for name in "cab":
        stage.cell(name).kill()
    gevent.sleep(0.1)
    assert stage.counts() == (3, 3, 0, 3)
    assert stage.incarnations("abc") == [2, 2, 2]


@in_world()
def test_an_older_sibling_that_dies_takes_over_a_retry_that_is_pending() -> None:
    """E6. What waited to be tried again is started in its turn, not before those it depends on."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=REST, intensity=1000)
    stage.taken()

    def hang() -> None:
        gevent.sleep(0.5)
        raise RuntimeError("not yet")

    stage.script("c").start = hang
    stage.crash("c")
    stage.script("c").start = failing(0)
    stage.script("a").start = hang
    stage.cell("a").kill()
    gevent.sleep(0.7)
    assert stage.standing() == {"c": Status.STOPPED, "b": Status.STOPPED, "a": Status.RESTARTING}
    stage.script("a").start = failing(0)
    gevent.sleep(2)
    assert stage.counts() == (3, 3, 0, 3)
    assert stage.events[-3:] == ["start a", "start b", "start c"]


@in_world()
def test_the_restart_of_a_group_also_starts_who_was_terminated_in_it() -> None:
    """E2. As in OTP: those that stand together are up together."""
    stage = Stage()
    stage.supervise(stage.children("abc"), strategy=ALL)
    stage.terminate("b")
    stage.crash("a")
    assert stage.counts() == (3, 3, 0, 3)
    stage.terminate("c")
    stage.ask(RestartChild("c"))
    assert stage.counts() == (3, 3, 0, 3)

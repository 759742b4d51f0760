"""Section C of the list of what must hold: administration."""

import gc
import weakref
from itertools import product
from typing import Any

import gevent
import pytest
from supervised import SUP, Stage, Who, Worker, failing, hanging, sleeping

from actors.runtime import ActorDeadError
from perpbot.simulation.world import World, in_world, run_forked
from supervisors.administration import (
    AdministrationError,
    CountChildren,
    DeleteChild,
    GetChildSpec,
    Refused,
    RestartChild,
    Standing,
    StartChild,
    TerminateChild,
    WhichChild,
    WhichChildren,
)
from supervisors.policy import Status
from supervisors.spec import ChildSpec, Kind, Restart, Strategy

pytestmark = pytest.mark.simulated


@in_world()
def test_starting_a_running_child_again_answers_with_it_and_a_stopped_one_is_present() -> None:
    """C1."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    with pytest.raises(AdministrationError) as caught:
        stage.start(stage.child("a"))
    assert (caught.value.why, caught.value.ref) == (Refused.ALREADY_STARTED, stage.cell("a").ref)
    stage.terminate("a")
    assert stage.refusal(StartChild(stage.child("a"))) is Refused.ALREADY_PRESENT
    assert stage.events == ["start a", "stop a"]


@in_world()
def test_a_terminated_child_leaves_its_spec() -> None:
    """C2."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    for _ in range(2):
        stage.terminate("a")
        assert stage.counts() == (1, 0, 0, 1)
        assert stage.which() == [Standing("a", None, Status.STOPPED, Kind.ACTOR)]
    assert stage.refusal(TerminateChild("b")) is Refused.NOT_FOUND


@in_world()
def test_only_a_stopped_child_can_be_restarted_by_hand() -> None:
    """C3."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    assert stage.refusal(RestartChild("a")) is Refused.RUNNING
    assert stage.refusal(RestartChild("b")) is Refused.NOT_FOUND
    stage.terminate("a")
    assert stage.ask(RestartChild("a")).ref.ask(Who()) == (2, 1)


@in_world()
def test_only_a_stopped_child_can_be_deleted() -> None:
    """C4."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    assert stage.refusal(DeleteChild("a")) is Refused.RUNNING
    stage.terminate("a")
    stage.ask(DeleteChild("a"))
    assert stage.counts() == (0, 0, 0, 0)
    assert stage.refusal(DeleteChild("a")) is Refused.NOT_FOUND
    assert stage.refusal(RestartChild("a")) is Refused.NOT_FOUND
    assert stage.start(stage.child("a")).ref is stage.cell("a").ref


REQUESTS = [
    TerminateChild("a"),
    RestartChild("a"),
    DeleteChild("a"),
    CountChildren(),
    WhichChildren(),
    WhichChild("a"),
    GetChildSpec("a"),
]


@in_world()
def test_calls_on_a_dead_or_unknown_supervisor_fail_at_once(world: World) -> None:
    """C5."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    stage.stop()
    begun = world.now()
    for request, address in product([*REQUESTS, StartChild(stage.child("b"))], [SUP, "/nobody"]):
        with pytest.raises(ActorDeadError):
            stage.ask(request, address)
    assert world.now() == begun


@in_world()
def test_children_are_listed_newest_first_and_one_by_one_alike() -> None:
    """C6."""
    stage = Stage()
    stage.supervise([*stage.children("ab"), stage.supervisor("s", [])], intensity=1000)

    def agree(**expected: Status) -> None:
        assert [(each.name, each.status) for each in stage.which()] == list(expected.items())
        for each in stage.which():
            assert each == stage.ask(WhichChild(each.name))
            up = each.status is Status.UP
            assert each.ref is (stage.cell(each.name).ref if up else None)
            assert each.kind is (Kind.SUPERVISOR if each.name == "s" else Kind.ACTOR)

    agree(s=Status.UP, b=Status.UP, a=Status.UP)
    stage.terminate("b")
    agree(s=Status.UP, b=Status.STOPPED, a=Status.UP)
    stage.start(stage.child("c"))
    agree(c=Status.UP, s=Status.UP, b=Status.STOPPED, a=Status.UP)
    stage.script("a").start = hanging(1)
    stage.crash("a")
    agree(c=Status.UP, s=Status.UP, b=Status.STOPPED, a=Status.RESTARTING)
    stage.script("a").start = failing(0)
    gevent.sleep(2)
    stage.ask(DeleteChild("b"))
    agree(c=Status.UP, s=Status.UP, a=Status.UP)
    assert stage.refusal(WhichChild("b")) is Refused.NOT_FOUND


def count_many(_: World, number: int) -> None:
    stage = Stage()
    stage.supervise([stage.supervisor("s", []), stage.supervisor("t", [])])
    for index in range(number):
        stage.start(stage.child(str(index)))
    assert stage.counts() == stage.counts() == (number + 2, number + 2, 2, number)
    for index in range(0, number, 2):
        stage.terminate(str(index))
    stage.terminate("s")
    assert stage.counts() == stage.counts() == (number + 2, number // 2 + 1, 2, number)


@pytest.mark.parametrize("number", [1000, 2000])
def test_counts_are_right_for_many_children(number: int) -> None:
    """C7."""
    run_forked(count_many, 1, number)


@in_world()
def test_children_in_restart_count_as_workers_but_not_as_active() -> None:
    """C8."""
    stage = Stage()
    stage.supervise(stage.children("abc"), intensity=10_000)
    for name in "ab":
        stage.script(name).start = hanging(0.5)
        stage.crash(name)
    assert stage.counts() == (3, 1, 0, 3)
    for name in "ab":
        stage.script(name).start = failing(0)
    gevent.sleep(2)
    assert stage.counts() == (3, 3, 0, 3)


@in_world()
def test_a_restarting_child_can_neither_be_started_nor_restarted_nor_deleted() -> None:
    """C9."""
    stage = Stage()
    stage.supervise(stage.children("a"), intensity=10_000)
    stage.script("a").start = hanging(0.1)
    stage.crash("a")
    assert stage.refusal(StartChild(stage.child("a"))) is Refused.ALREADY_PRESENT
    assert stage.refusal(RestartChild("a")) is Refused.RESTARTING
    assert stage.refusal(DeleteChild("a")) is Refused.RESTARTING
    assert stage.standing() == {"a": Status.RESTARTING}
    stage.terminate("a")
    assert stage.standing() == {"a": Status.STOPPED}


KEPT = {
    Restart.PERMANENT: {"normal", "shutdown", "crash", "kill"},
    Restart.TRANSIENT: {"normal", "shutdown", "crash", "kill"},
    Restart.TEMPORARY: set[str](),
}


def end_each_way(_: World, strategy: Strategy, restart: Restart) -> None:
    for how in ("normal", "shutdown", "crash", "kill"):
        stage = Stage()
        stage.supervise([stage.child("a", restart=restart)], strategy=strategy)
        stage.end("a", how)
        assert (stage.counts()[0] == 1) is (how in KEPT[restart]), how
        assert ("a" in stage.standing()) is (how in KEPT[restart])


@pytest.mark.parametrize(("strategy", "restart"), list(product(Strategy, Restart)))
def test_only_a_temporary_childs_spec_goes_with_it(strategy: Strategy, restart: Restart) -> None:
    """C10."""
    run_forked(end_each_way, 1, strategy, restart)


class Arguments:
    """Something large that a start function holds on to."""

    def make(self, stage: Stage, name: str) -> Worker:
        return Worker(stage, name)


@in_world()
def test_a_temporary_childs_start_arguments_are_let_go_of() -> None:
    """C11. Already while it runs: it is never started again."""
    stage = Stage()
    stage.supervise()

    def spec(name: str, restart: Restart) -> tuple[ChildSpec, Any]:
        arguments = Arguments()

        def start() -> Worker:
            return arguments.make(stage, name)

        return ChildSpec(name=name, start=start, restart=restart), weakref.ref(arguments)

    kept_spec, kept = spec("p", Restart.PERMANENT)
    for name in "ab":
        given, arguments = spec(name, Restart.TEMPORARY)
        stage.start(given)
        del given
        assert stage.counts()[0] == 1  # the last message is held on to until the next one comes
        gc.collect()
        assert arguments() is None
        assert stage.alive(name)
        stage.crash(name)
    stage.start(kept_spec)
    del kept_spec
    gc.collect()
    assert kept() is not None


@in_world()
def test_a_supervisor_answers_while_a_child_is_slow_to_handle_a_message() -> None:
    """C6. Children are never asked in order to answer."""
    stage = Stage()
    stage.script("a").stop = sleeping(3)
    stage.supervise(stage.children("a"))
    stage.cell("a").ref.tell(Who())
    assert stage.counts() == (1, 1, 0, 1)

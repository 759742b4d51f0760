"""Section G of the list of what must hold: shutdown."""

from itertools import product
from typing import Any

import gevent
import pytest
from supervised import SUP, Sleep, Stage, Who, always, failing, hanging, settle, sleeping, then

from actors.runtime import ActorDeadError, AskTimeoutError, Backoff, ExitKind, State
from actors.runtime.stopping import KILL_GRACE_S, stop_together
from perpbot.clock import monotonic_ns
from perpbot.simulation.world import World, in_world, run_forked
from supervisors.administration import DeleteChild, Refused, RestartChild, StartChild, TerminateChild
from supervisors.policy import Status
from supervisors.report import Context
from supervisors.spec import Restart

pytestmark = pytest.mark.simulated


def took_s(stage: Stage) -> float:
    begun = monotonic_ns()
    assert stage.stop().kind is ExitKind.SHUTDOWN
    return (monotonic_ns() - begun) / 1_000_000_000


def reasons(stage: Stage) -> dict[str, str]:
    """What was wrong when children were stopped, by name."""
    settle()
    return {
        each.offender.removeprefix("/sup/"): each.reason
        for each in stage.reports
        if each.context is Context.SHUTDOWN_ERROR
    }


@in_world()
def test_without_a_timeout_it_waits_for_workers_and_supervisors() -> None:
    """G1."""
    stage = Stage()
    stage.script("a").stop = stage.script("b").stop = sleeping(3600)
    inner = stage.supervisor("s", [stage.child("b", shutdown_s=None)])
    stage.supervise([stage.child("a", shutdown_s=None), inner])
    assert took_s(stage) == pytest.approx(7200)
    assert reasons(stage) == {}


def oversleep(_: World, *, dynamic: bool) -> None:
    stage = Stage()
    stage.script("b").stop = sleeping(100)
    stage.supervise(stage.children("abc", shutdown_s=2.0), dynamic=dynamic)
    overs = {name: stage.cell(name).when_over() for name in "abc"}
    assert took_s(stage) == pytest.approx(2.0, abs=0.01)
    ends = {name: over.wait(0.0).kind for name, over in overs.items()}
    assert ends == {"a": ExitKind.SHUTDOWN, "b": ExitKind.KILLED, "c": ExitKind.SHUTDOWN}
    assert reasons(stage) == {"b": "killed"}


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_child_that_sleeps_past_its_timeout_is_killed_and_its_siblings_end_well(*, dynamic: bool) -> None:
    """G2."""
    run_forked(lambda world: oversleep(world, dynamic=dynamic), 1)


def kill_at_once(_: World, *, dynamic: bool) -> None:
    stage = Stage()
    stage.supervise(stage.children("ab", shutdown_s=0), dynamic=dynamic)
    stage.taken()
    assert took_s(stage) == 0
    assert stage.taken() == []
    assert reasons(stage) == {}
    assert not stage.alive("a")


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_child_with_timeout_zero_is_killed_and_its_clean_up_never_runs(*, dynamic: bool) -> None:
    """G3. Being killed is what was declared: no error."""
    run_forked(lambda world: kill_at_once(world, dynamic=dynamic), 1)


def end_during_shutdown(_: World, restart: Restart, how: str, *, dynamic: bool) -> None:
    stage = Stage()
    stage.script("c").stop = then(lambda: stage.end("a", how), sleeping(1))
    stage.supervise([stage.child("a", restart=restart), *stage.children("bc")], dynamic=dynamic)
    stage.taken()
    assert took_s(stage) <= 1.1
    gevent.sleep(100)
    assert not any(event.startswith("start") for event in stage.events)
    assert not any(stage.alive(name) for name in "abc")


@pytest.mark.parametrize(
    ("restart", "how", "dynamic"),
    list(product(Restart, ["normal", "shutdown", "crash", "kill"], [False, True])),
)
def test_children_that_end_by_themselves_during_the_shutdown_neither_hang_it_nor_come_back(
    restart: Restart,
    how: str,
    dynamic: bool,  # noqa: FBT001
) -> None:
    """G4."""
    run_forked(lambda world: end_during_shutdown(world, restart, how, dynamic=dynamic), 1)


@in_world()
def test_each_childs_true_reason_is_reported() -> None:
    """G5."""
    stage = Stage()
    stage.supervise(stage.children("abcd", shutdown_s=1.0), dynamic=True)
    stage.script("a").stop = always(KeyError("a"))
    stage.script("b").stop = sleeping(10)
    stage.script("c").stop = always(gevent.Timeout(3))
    assert took_s(stage) == pytest.approx(1.0, abs=0.01)
    assert reasons(stage) == {
        "a": "shutdown in on_stop: KeyError: 'a'",
        "b": "killed",
        "c": "shutdown in on_stop: Timeout: 3 seconds",
    }


@in_world()
def test_a_callers_timeout_is_the_callers_and_the_stop_goes_on() -> None:
    """G6."""
    stage = Stage()
    stage.script("a").stop = sleeping(10)
    stage.supervise(stage.children("ab", shutdown_s=None))
    with pytest.raises(AskTimeoutError):
        stage.stop(timeout_s=1.0)
    assert stage.alive(SUP)
    gevent.sleep(10)
    assert not stage.alive(SUP)
    assert stage.events[-2:] == ["stop b", "stop a"]
    assert stage.stop().kind is ExitKind.SHUTDOWN


@in_world()
def test_a_child_that_removed_its_links_cannot_hang_its_termination() -> None:
    """G7. Nor its supervision: its end is noticed all the same."""
    stage = Stage()
    unlink = lambda: gevent.getcurrent().unlink_all()  # type: ignore[attr-defined]  # noqa: E731
    stage.script("a").start = unlink
    stage.script("a").stop = unlink
    stage.supervise(stage.children("a", shutdown_s=None))
    stage.crash("a")
    assert stage.incarnation("a") == 2
    stage.terminate("a")
    assert stage.standing() == {"a": Status.STOPPED}


@in_world()
def test_dynamic_children_stop_in_parallel() -> None:
    """G8. It takes as long as the slowest, at most the timeout."""
    stage = Stage()
    stage.supervise(dynamic=True)
    for number in range(20):
        stage.script(str(number)).stop = sleeping(number / 10)
        stage.start(stage.child(str(number), shutdown_s=1.5))
    assert took_s(stage) == pytest.approx(1.5, abs=0.01)
    assert sorted(map(int, reasons(stage))) == [16, 17, 18, 19]


@in_world()
def test_each_timeout_kills_only_its_own_and_needs_only_one_timer(world: World) -> None:
    """G9."""
    stage = Stage()
    stage.supervise(dynamic=True)
    waits: dict[str, float | None] = {"a": 1.0, "b": 1.0, "c": 3.0, "d": 3.0, "e": None, "f": 0, "g": 1.0}
    for name, wait_s in waits.items():
        stage.script(name).stop = sleeping(0.5 if name == "g" else 5)
        stage.start(stage.child(name, shutdown_s=wait_s))
    overs = {name: stage.cell(name).when_over() for name in waits}
    asked = gevent.spawn(stage.stop)
    timers: list[float] = []
    loop = gevent.get_hub().loop
    made = loop.timer

    def timer(after_s: float, *arguments: Any, **options: Any) -> Any:
        timers.append(after_s)
        return made(after_s, *arguments, **options)

    loop.timer = timer  # type: ignore[assignment, method-assign]
    begun = world.now()
    ended: dict[str, float] = {}
    while not asked.ready():
        for name, over in overs.items():
            if over.answered:
                ended.setdefault(name, world.now() - begun)
        made_before = len(timers)
        gevent.sleep(0.1)
        del timers[made_before : made_before + 1]  # the one of this very loop
    assert {name: round(at, 1) for name, at in ended.items()} == pytest.approx(
        {"a": 1.0, "b": 1.0, "c": 3.0, "d": 3.0, "e": 5.0, "f": 0.0, "g": 0.5}, abs=0.11
    )
    assert sorted(reasons(stage)) == ["a", "b", "c", "d"]
    assert timers.count(1.0) <= 2 + 1  # one for a, b and g; what is killed has a second to die, in the same queue
    assert timers.count(3.0) == 1


@in_world()
def test_a_permanent_child_that_ends_normally_during_the_shutdown_is_an_error_but_does_not_come_back() -> None:
    """G10."""
    stage = Stage()
    specs = [stage.child("p"), stage.child("t", restart=Restart.TRANSIENT)]
    stage.supervise([*specs, stage.child("z")])
    stage.script("z").stop = then(lambda: stage.end("p", "normal"), lambda: stage.end("t", "normal"))
    stage.stop()
    assert reasons(stage) == {"p": "normal"}
    assert stage.taken()[3:] == ["stop z", "stop p", "stop t"]


def swallow() -> None:
    for _ in range(100):
        try:
            gevent.sleep(1)
        except BaseException:  # noqa: BLE001, S112
            continue


@in_world()
def test_whatever_did_not_stop_is_named_with_its_path_and_the_supervisor_still_finishes() -> None:
    """G11."""
    stage = Stage()
    inner = stage.supervisor("in", stage.children("ab", shutdown_s=1.0))
    stage.supervise([inner, stage.child("c")], address="/sup/over")
    stage.supervise()
    stage.script("b").stop = swallow
    assert stage.ask(TerminateChild("in"), "/sup/over") is None
    assert stage.cell("/sup/over/in/b").state is State.UNKILLABLE
    assert stage.standing("/sup/over")["in"] is Status.STOPPED
    supervisor = stage.system.log.lines
    named = [fields for _, event, fields in supervisor if event == "shutdown_error"]
    assert [each["offender"] for each in named] == ["/sup/over/in/b"]
    assert [each["reason"] for each in named] == ["it did not end even when killed"]
    with pytest.raises(Exception, match="restart the process"):
        stage.ask(RestartChild("in"), "/sup/over")


@in_world()
def test_removing_a_hung_child_names_it_and_leaves_the_others_alone() -> None:
    """G11."""
    stage = Stage()
    stage.supervise(stage.children("ab", shutdown_s=1.0))
    stage.cell("b").ref.tell(Sleep(1000))
    settle()
    begun = monotonic_ns()
    stage.terminate("b")
    assert monotonic_ns() - begun <= 1_100_000_000
    assert reasons(stage) == {"b": "killed"}
    assert stage.incarnation("a") == 1
    stage.ask(DeleteChild("b"))
    assert stage.cell("a").ref.ask(Who()) == (1, 1)


@in_world()
def test_asking_a_stopping_or_stopped_supervisor_fails_at_once(world: World) -> None:
    """G12."""
    stage = Stage()
    stage.script("a").stop = sleeping(50)
    stage.supervise(stage.children("a", shutdown_s=None))
    waiting = stage.system.ref(SUP).post(StartChild(stage.child("early")), 100)
    gevent.spawn(stage.stop)
    settle()
    begun = world.now()
    assert waiting.answered
    with pytest.raises(ActorDeadError):
        stage.start(stage.child("b"))
    assert world.now() == begun
    gevent.sleep(100)
    with pytest.raises(ActorDeadError):
        stage.start(stage.child("b"))
    assert not stage.alive("b")


@in_world()
def test_stopping_while_a_child_is_in_backoff_returns_at_once() -> None:
    """G13."""
    stage = Stage()
    stage.supervise([stage.child("a", backoff=Backoff(min_s=1000, max_s=1000)), stage.child("b")])
    stage.crash("a")
    assert stage.standing() == {"b": Status.UP, "a": Status.BACKING_OFF}
    assert took_s(stage) == 0
    gevent.sleep(3000)
    assert stage.events == ["start a", "start b", "stop b"]


@in_world()
def test_a_stop_wins_over_restarts_that_fail_again_and_again() -> None:
    """F4, G13."""
    stage = Stage()
    stage.supervise(stage.children("a"), intensity=1_000_000)
    stage.script("a").start = hanging(0.2)
    stage.crash("a")
    assert took_s(stage) <= 0.5
    stage.script("a").start = failing(0)
    gevent.sleep(10)
    assert not stage.alive("a")


@in_world()
def test_stopping_nothing_together_is_fine() -> None:
    """G8."""
    stage = Stage()
    assert stop_together([]) == []
    stage.supervise(dynamic=True)
    assert took_s(stage) == 0
    assert KILL_GRACE_S == 1.0


@in_world()
def test_a_child_that_restarts_must_not_take_over_the_place_of_one_that_cannot_be_killed() -> None:
    """G11. Two of them would write to the same place."""
    stage = Stage()
    stage.supervise(stage.children("a", shutdown_s=1.0))
    stage.script("a").stop = swallow
    stage.terminate("a")
    assert stage.refusal(RestartChild("a")) is Refused.START_FAILED
    assert stage.incarnation("a") == 1

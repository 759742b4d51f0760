"""Section A of the list of what must hold: starting a tree."""

from functools import partial

import gevent
import pytest
from supervised import SUP, Stage, always, failing, settle, sleeping, then

from actors.runtime import ActorDeadError, AskTimeoutError, DeclinedError, ExitKind, StartError
from perpbot.simulation.world import in_world, run_forked
from supervisors.administration import (
    AdministrationError,
    GetChildSpec,
    Refused,
    RestartChild,
    StartChild,
    Started,
    TerminateChild,
)
from supervisors.keeper import FailedToStartChildError
from supervisors.policy import Status
from supervisors.spec import ChildSpec, Flags, Restart, SpecError
from supervisors.supervisor import Supervisor

pytestmark = pytest.mark.simulated


@in_world()
def test_an_empty_supervisor_starts_answers_and_stops_with_shutdown() -> None:
    """A1."""
    stage = Stage()
    stage.supervise()
    assert stage.counts() == (0, 0, 0, 0)
    assert stage.stop().kind is ExitKind.SHUTDOWN
    assert not stage.alive(SUP)


@in_world()
def test_children_start_strictly_in_list_order() -> None:
    """A2."""
    stage = Stage()
    names = ["ch7", "ch3", "ch10", "ch2", "ch5"]
    for name in names:
        stage.script(name).start = then(sleeping(0.1), partial(stage.events.append, f"up {name}"))
    stage.supervise([stage.child(name) for name in names])
    assert stage.events == [event for name in names for event in (f"start {name}", f"up {name}")]


def start_badly(_: object, build: object) -> None:
    stage = Stage()
    with pytest.raises(StartError, match=r"/sup did not start: (SpecError|ZeroDivisionError|TypeError): .+") as caught:
        stage.system.spawn(build, SUP)  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, SpecError | ZeroDivisionError | TypeError)
    assert not stage.alive(SUP)
    with pytest.raises(ActorDeadError):
        stage.counts()


@pytest.mark.parametrize(
    "build",
    [
        lambda: Supervisor([ChildSpec(name="", start=Supervisor)]),
        lambda: Supervisor([ChildSpec(name="a", start=Supervisor)] * 2),
        lambda: Supervisor(flags=Flags(intensity=-1)),
        lambda: Supervisor([ChildSpec(name="a")]),  # type: ignore[call-arg]
        lambda: 1 // 0,
    ],
)
def test_a_builder_that_fails_makes_the_start_fail_in_the_caller(build: object) -> None:
    """A3."""
    run_forked(start_badly, 1, build)


@in_world()
def test_a_child_that_fails_at_boot_stops_the_earlier_ones_in_reverse_and_fails_the_start() -> None:
    """A4. It is not retried, and does not count as a restart."""
    stage = Stage()
    stage.script("c").start = always(ValueError("no such venue"))
    with pytest.raises(StartError, match=r"failed to start child 'c': .*ValueError: no such venue") as caught:
        stage.supervise(stage.children("abcd"), intensity=5)
    assert isinstance(caught.value.__cause__, FailedToStartChildError)
    assert caught.value.__cause__.name == "c"
    assert stage.events == ["start a", "start b", "start c", "stop b", "stop a"]
    assert not any(stage.alive(name) for name in [SUP, "a", "b", "c", "d"])
    assert stage.cell("c").restarts == 0
    assert stage.system.escalations == 0


@in_world()
def test_a_supervisor_that_declines_to_start_leaves_nothing_behind() -> None:
    """A5."""

    class Declining(Supervisor):
        def on_start(self) -> None:
            raise DeclinedError("nothing to supervise")

    stage = Stage()
    with pytest.raises(DeclinedError):
        stage.system.spawn(Declining, SUP)
    assert stage.system.known(SUP) is None


@in_world()
def test_a_permanent_or_transient_child_that_declines_keeps_its_spec() -> None:
    """A6."""
    stage = Stage()
    stage.script("a").start = stage.script("b").start = always(DeclinedError())
    stage.supervise([stage.child("a"), stage.child("b", restart=Restart.TRANSIENT)])
    assert stage.counts() == (2, 0, 0, 2)
    assert stage.standing() == {"b": Status.STOPPED, "a": Status.STOPPED}
    assert all(each.ref is None for each in stage.which())
    assert stage.start(stage.child("c", restart=Restart.TRANSIENT)).ref is not None
    stage.script("d").start = always(DeclinedError())
    assert stage.start(stage.child("d")) == Started(None)
    assert stage.counts() == (4, 1, 0, 4)
    assert stage.system.crashes.total == 0


@in_world()
def test_a_temporary_child_that_declines_leaves_no_spec() -> None:
    """A7."""
    stage = Stage()
    stage.script("a").start = stage.script("b").start = always(DeclinedError())
    stage.supervise([stage.child("a", restart=Restart.TEMPORARY)])
    assert stage.counts() == (0, 0, 0, 0)
    assert stage.start(stage.child("b", restart=Restart.TEMPORARY)) == Started(None)
    assert stage.counts() == (0, 0, 0, 0)
    assert stage.system.known("/sup/b") is None


@in_world()
def test_start_child_that_fails_answers_with_the_error_and_keeps_no_spec() -> None:
    """A8."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    stage.script("b").start = always(ValueError("no credentials"))
    with pytest.raises(AdministrationError, match="no credentials") as caught:
        stage.start(stage.child("b"))
    assert caught.value.why is Refused.START_FAILED
    assert stage.refusal(GetChildSpec("b")) is Refused.NOT_FOUND
    assert stage.counts() == (1, 1, 0, 1)
    assert stage.incarnation(SUP) == 1


@in_world()
def test_restart_child_that_fails_answers_with_the_error_and_keeps_the_spec_without_retrying() -> None:
    """A9."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    stage.terminate("a")
    stage.script("a").start = always(ValueError("still broken"))
    with pytest.raises(AdministrationError, match="still broken") as caught:
        stage.ask(RestartChild("a"))
    assert caught.value.why is Refused.START_FAILED
    gevent.sleep(60)
    assert stage.events.count("start a") == 2
    assert stage.standing() == {"a": Status.STOPPED}
    assert stage.alive(SUP)


def start_raising(_: object, error: type[BaseException], where: str) -> None:
    stage = Stage()
    stage.supervise(stage.children("a"))
    stage.script("b").start = always(error())
    spec = stage.child("b") if where == "on_start" else ChildSpec(name="b", start=always(error()))
    assert stage.refusal(StartChild(spec)) is Refused.START_FAILED
    assert stage.counts() == (1, 1, 0, 1)
    assert stage.incarnations("a") == [1]
    assert stage.incarnation(SUP) == 1


@pytest.mark.parametrize("where", ["factory", "on_start"])
@pytest.mark.parametrize("error", [ValueError, SystemExit, gevent.Timeout, AskTimeoutError, ActorDeadError])
def test_whatever_a_start_raises_becomes_an_answer_and_never_ends_the_supervisor(
    error: type[BaseException], where: str
) -> None:
    """A10."""
    run_forked(start_raising, 1, error, where)


@in_world()
def test_a_child_that_is_killed_while_it_starts_is_an_answer_too() -> None:
    """A10."""
    stage = Stage()
    stage.supervise()
    stage.script("a").start = always(gevent.GreenletExit())
    assert stage.refusal(StartChild(stage.child("a"))) is Refused.START_FAILED
    assert stage.alive(SUP)


@in_world()
def test_an_address_that_is_taken_answers_with_who_is_there() -> None:
    """A11. The stranger is left alone."""
    stage = Stage()
    stage.supervise()
    stranger = stage.system.spawn(stage.child("a").start, "/sup/a")
    with pytest.raises(AdministrationError) as caught:
        stage.start(stage.child("a"))
    assert caught.value.why is Refused.ALREADY_STARTED
    assert caught.value.ref is stranger
    assert stage.counts() == (0, 0, 0, 0)
    stage.stop()
    assert stage.events == ["start a"]
    assert stranger.alive


@in_world()
def test_what_a_start_returns_is_handed_to_whoever_asked_for_it_and_ignored_otherwise() -> None:
    """A12."""
    stage = Stage()
    stage.script("a").start = lambda: {"session": 7}
    stage.supervise()
    started = stage.start(stage.child("a"))
    assert started.ref is not None
    assert started == Started(stage.cell("a").ref, {"session": 7})
    stage.crash("a")
    assert stage.incarnation("a") == 2
    stage.ask(TerminateChild("a"))
    assert stage.ask(RestartChild("a")) == started


@in_world()
def test_a_supervisor_that_was_killed_starts_again_over_what_it_left() -> None:
    """A2. Children that are slow to die do not keep the next incarnation from starting."""
    stage = Stage()

    def slow_to_die() -> None:
        try:
            gevent.sleep(1000)
        except gevent.GreenletExit:
            gevent.sleep(0.2)
            raise

    stage.script("b").start = lambda: stage.cell("/sup/in/b").actor.spawn_task(slow_to_die) and None  # type: ignore[union-attr]
    stage.supervise([stage.supervisor("in", stage.children("ab"))])
    stage.ask(StartChild(stage.child("c")), "/sup/in")
    stage.end("/sup/in", "kill")
    gevent.sleep(0.5)
    assert stage.standing("/sup/in") == {"b": Status.UP, "a": Status.UP}
    assert stage.incarnation("/sup/in/b") == 2
    assert stage.system.known("/sup/in/c") is None
    assert stage.counts() == (1, 1, 1, 0)


@in_world()
def test_a_start_that_takes_too_long_is_ended_and_fails() -> None:
    """A8."""
    stage = Stage()
    stage.supervise()
    stage.script("a").start = lambda: gevent.sleep(100)
    with pytest.raises(AdministrationError, match=r"did not start within 2\.0 s"):
        stage.start(stage.child("a", start_timeout_s=2.0))
    assert not stage.alive("a")
    stage.script("a").start = failing(0)
    stage.start(stage.child("a"))
    settle()
    assert stage.counts() == (1, 1, 0, 1)

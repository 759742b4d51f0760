"""What an actor does when it ends: seen, told before it begins, and bounded."""

from typing import Any

import gevent
import pytest
from runtime_actors import quiet_system

from actors.runtime import Actor, AskTimeoutError, StartError, State, System, handles
from actors.runtime.signals import Stop
from perpbot import logs
from perpbot.simulation.world import in_world
from supervisors.spec import ChildSpec
from supervisors.supervisor import Supervisor

SHUTDOWN_S = 2.0


class Clinging(Actor):
    """Hangs when it cleans up."""

    def on_failure(self, *_: Any) -> None:
        gevent.sleep(1e6)

    def on_stop(self) -> None:
        gevent.sleep(1e6)

    @handles(str)
    def fail(self, text: str) -> None:
        raise ValueError(text)


def clinging() -> tuple[System, list[Any]]:
    log: list[Any] = []
    system = System(log=logs.make_log("INFO", log.append))
    spec = ChildSpec(name="a", start=Clinging, shutdown_s=SHUTDOWN_S)
    system.spawn(lambda: Supervisor([spec]), "/sup")
    return system, log


@in_world()
def test_a_clean_up_after_a_failure_that_hangs_is_seen_told_and_ended() -> None:
    system, log = clinging()
    cell = system.cell("/sup/a")
    cell.ref.tell("lost")
    gevent.sleep(SHUTDOWN_S / 2)
    assert (cell.state, cell.doing) == (State.STOPPING, "on_failure")
    assert [each["reason"] for each in log] == ["failed in str: ValueError: lost"]
    gevent.sleep(SHUTDOWN_S + 1.0)
    assert (cell.state, cell.incarnation) == (State.RUNNING, 2)
    (crash,) = system.crashes
    assert crash.reason == "failed in on_failure: CleanUpError: on_failure was not over in 3 s, and was ended"
    assert "ValueError: lost" in crash.traceback


@in_world()
def test_a_clean_up_after_a_stop_that_hangs_is_seen_and_ended() -> None:
    system, _ = clinging()
    cell = system.cell("/sup/a")
    cell.mailbox.signal(Stop())
    gevent.sleep(SHUTDOWN_S / 2)
    assert (cell.state, cell.doing) == (State.STOPPING, "on_stop")
    gevent.sleep(SHUTDOWN_S + 1.0)
    assert (cell.state, cell.incarnation) == (State.RUNNING, 2)


class Asking(Actor):
    """Asks at its start somebody who does not answer."""

    def on_start(self) -> None:
        self.look_up("/deaf").ask("anything", timeout_s=1.0)


class Deaf(Actor):
    @handles(str)
    def listen(self, _: str) -> None:
        gevent.sleep(1e6)


@in_world()
def test_a_start_that_fails_because_somebody_else_does_not_answer_names_whom_and_what() -> None:
    system = quiet_system()
    system.spawn(Deaf, "/deaf")
    with pytest.raises(AskTimeoutError, match=r"^/deaf did not answer str within 3 s$"):
        system.ref("/deaf").ask("anything", timeout_s=3.0)
    with pytest.raises(StartError) as failed:
        system.spawn(Asking, "/asking")
    told = "AskTimeoutError: /deaf did not answer str within 1 s"
    assert str(failed.value) == f"/asking did not start: {told}"
    assert system.cell("/asking").state is State.FAILED

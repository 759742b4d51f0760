"""What `perpbot kill` makes of an actor that takes its time, and of one that never ends."""

from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent import GreenletExit

from actors.runtime import Actor, State, System
from perpbot.control.handling import NotDoneError, lay_hands
from perpbot.logs import make_log
from perpbot.simulation.world import in_world, run_forked
from supervisors.spec import ChildSpec, Flags
from supervisors.supervisor import Supervisor


class Cleaner(Actor):
    """Needs three seconds to put its things away when it is killed."""

    def on_start(self) -> None:
        self.timers.after(0, "work")

    def on_receive(self, _: Any) -> None:
        try:
            gevent.sleep(1e6)
        finally:
            gevent.sleep(3)


class Immortal(Cleaner):
    def on_receive(self, _: Any) -> None:
        while True:
            try:
                gevent.sleep(1e6)
            except GreenletExit:
                continue


def kill(system: System, timeout: float) -> str:
    program: Any = SimpleNamespace(system=system, log=system.log)
    arguments = {"address": "/sup/a", "yes": True, "timeout": timeout}
    told = lay_hands("kill", program, {**arguments, "yes": False})
    assert "If it has not ended after 10 s, PerpBot itself ends, to be started anew." in told["effects"]
    return str(lay_hands("kill", program, arguments)["said"])


def supervised(start: type[Actor]) -> System:
    system = System(log=make_log("INFO"))
    system.spawn(lambda: Supervisor([ChildSpec(name="a", start=start)]), "/sup")
    gevent.sleep(0.1)
    return system


@in_world()
def test_who_is_slow_to_end_is_never_given_up_before_ten_seconds() -> None:
    system = supervised(Cleaner)
    with pytest.raises(NotDoneError, match=r"has not within 1 s.*--timeout 10 or more, and .* PerpBot end"):
        kill(system, 1.0)
    assert system.unkillable == []
    gevent.sleep(3)
    cell = system.cell("/sup/a")
    assert (cell.state, cell.incarnation) == (State.RUNNING, 2)


@in_world()
def test_who_survives_ten_seconds_has_perpbot_end_and_that_is_said() -> None:
    system = supervised(Immortal)
    with pytest.raises(NotDoneError, match=r"survived for 10 s: .* PerpBot ends now in order, with exit code 70"):
        kill(system, 10.0)
    assert system.unkillable == ["/sup/a"]


@pytest.mark.parametrize("address", ["/sup", "/sup/socket"])
@pytest.mark.parametrize("action", ["restart", "kill"])
def test_what_ends_the_control_socket_is_answered_before_it_is_done(address: str, action: str) -> None:
    run_forked(lambda _: answer_first(address.removeprefix("/sup") or "/operations", action), 1)


def answer_first(address: str, action: str) -> None:
    system = System(log=make_log("INFO"))
    socket = ChildSpec(name="control-socket", start=Actor)
    system.spawn(lambda: Supervisor([socket], Flags(group=True)), "/sup")
    gevent.sleep(0.1)
    cell = system.cell("/control-socket" if address == "/socket" else "/sup")
    program: Any = SimpleNamespace(system=system, log=system.log)
    told = lay_hands(action, program, {"address": cell.address, "yes": True})
    assert cell.alive
    assert "comes back in a moment" in told["said"]
    gevent.sleep(5)
    assert system.cell("/control-socket").incarnation == 2 or cell.address == "/sup"

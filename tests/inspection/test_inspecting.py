"""What is shown of an actor that cannot say how it is."""

from typing import Any

import gevent

from actors.runtime import Actor, System
from perpbot.logs import make_log
from perpbot.simulation.world import in_world
from supervisors.inspection import inspect


class Speechless(Actor):
    def describe(self) -> dict[str, Any]:
        raise KeyError("gone")


class Waiting(Actor):
    def describe(self) -> dict[str, Any]:
        gevent.sleep(1e6)
        return {}


@in_world()
def test_an_actor_that_cannot_describe_itself_is_shown_all_the_same() -> None:
    system = System(log=make_log("INFO"))
    system.spawn(Speechless, "/speechless")
    system.spawn(Waiting, "/waiting")
    shown = {each: inspect(system, {}, each, None) for each in ("/speechless", "/waiting")}
    assert shown["/speechless"]["state_of_actor"] == {"describe": "raised KeyError: 'gone'"}
    assert shown["/waiting"]["state_of_actor"] == {"describe": "waited for something, and was given up after 1 s"}
    assert {each["state"] for each in shown.values()} == {"running"}

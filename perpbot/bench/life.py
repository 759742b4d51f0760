"""Starting, crashing, idling: what an actor costs beside its messages."""

import gc
from time import thread_time_ns
from typing import Any

import attrs
import gevent
import structlog
from gevent.event import Event

from actors.runtime import Actor, Ref, System, handles
from actors.runtime.crashes import MOST_HISTORIES
from perpbot.bench.machine import resident_bytes
from perpbot.bench.measured import Measured, quantile
from supervisors.spec import ChildSpec, Flags
from supervisors.supervisor import Supervisor


@attrs.frozen
class Crash:
    """Raise."""


@attrs.frozen
class Hello:
    """Be answered."""


class Fragile(Actor):
    """Crashes when told to, and says when the next one is up."""

    up = Event()

    def on_start(self) -> None:
        """Say so."""
        self.up.set()

    @handles(Crash)
    def crash(self, _: Crash) -> None:
        """Fail."""
        raise RuntimeError("told to")

    @handles(Hello)
    def hello(self, _: Hello) -> int:
        """Answer."""
        return 1


def quiet() -> System:
    """A system whose log goes nowhere."""
    return System(log=structlog.wrap_logger(None, processors=[_drop]))


def kill_all(system: System) -> None:
    """End every actor, and wait until none is left."""
    for cell in system.cells():
        cell.kill()
    while any(cell.alive for cell in system.cells()):
        gevent.sleep(0)


def _drop(_logger: Any, _method: str, _event: Any) -> Any:
    raise structlog.DropEvent


def idling(count: int) -> list[Measured]:
    """How long so many actors take to start, and what each of them weighs."""
    system = quiet()
    gc.collect()
    before, began = resident_bytes(), thread_time_ns()
    for number in range(count):
        system.spawn(Fragile, f"/idle/{number}")
    took_us = (thread_time_ns() - began) / 1e3
    gc.collect()
    each_kb = (resident_bytes() - before) / count / 1_000
    kill_all(system)
    return [
        Measured("start of an idle actor", took_us / count, "µs", 300.0, detail=f"{count:,} of them"),
        Measured("weight of an idle actor", each_kb, "kB", 10.0),
    ]


def crashing(crashes: int) -> list[Measured]:
    """From a crash to the answer of the next incarnation, and what so many of them leave behind."""
    system = quiet()
    flags = Flags(intensity=10 * crashes, period_s=3_600)
    system.spawn(lambda: Supervisor([ChildSpec(name="fragile", start=Fragile)], flags), "/parent")
    ref = system.ref("/parent/fragile")
    for _ in range(MOST_HISTORIES):
        _crash(ref)
    gc.collect()
    before = _alive()
    times_ms = [_crash(ref) for _ in range(crashes)]
    gc.collect()
    left = sum(_alive().values()) - sum(before.values())
    kill_all(system)
    return [
        Measured("crash to next answer, p50", quantile(times_ms, 0.5), "ms", 1.0),
        Measured("crash to next answer, p99", quantile(times_ms, 0.99), "ms", 1.0, detail="without back-off"),
        Measured("left behind by crashes", left, "objects", 0, detail=f"{crashes:,} of them"),
    ]


def _crash(ref: Ref) -> float:
    Fragile.up.clear()
    began = thread_time_ns()
    ref.tell(Crash())
    Fragile.up.wait()
    ref.ask(Hello())
    return (thread_time_ns() - began) / 1e6


def _alive() -> dict[str, int]:
    """How many greenlets, timers, actors and addresses there are."""
    kinds = {"Greenlet": 0, "timer": 0, "Timer": 0, "Fragile": 0, "Cell": 0, "Ref": 0, "Slot": 0, "Timers": 0}
    for each in gc.get_objects():
        name = type(each).__name__
        if name in kinds:
            kinds[name] += 1
    return kinds

"""Starting, crashing, idling: what an actor costs beside its messages."""

import gc
from pathlib import Path
from time import thread_time_ns
from typing import Any

import attrs
import gevent
import structlog
from gevent.event import Event

from actors.runtime import Actor, Ref, System, handles
from perpbot.bench.measured import Measured, quantile
from supervisors.spec import ChildSpec, Flags
from supervisors.supervisor import Supervisor

IDLE = 10_000
CRASHES = 1_000
PAGE_BYTES = 4_096


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


def _drop(_logger: Any, _method: str, _event: Any) -> Any:
    raise structlog.DropEvent


def idling() -> list[Measured]:
    """How long many actors take to start, and what each of them weighs."""
    system = quiet()
    gc.collect()
    before, began = _resident_bytes(), thread_time_ns()
    for number in range(IDLE):
        system.spawn(Fragile, f"/idle/{number}")
    took_s = (thread_time_ns() - began) / 1e9
    gc.collect()
    each_kb = (_resident_bytes() - before) / IDLE / 1_000
    for cell in system.cells():
        cell.kill()
    gevent.sleep(0.1)
    return [
        Measured(f"{IDLE:,} idle actors started", took_s, "s", 3.0, at_least=False),
        Measured("weight of an idle actor", each_kb, "kB", 10.0, at_least=False),
    ]


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def crashing() -> list[Measured]:
    """From a crash to the answer of the next incarnation, and what a thousand of them leave behind."""
    system = quiet()
    flags = Flags(intensity=10 * CRASHES, period_s=3_600)
    system.spawn(lambda: Supervisor([ChildSpec(name="fragile", start=Fragile)], flags), "/parent")
    ref = system.ref("/parent/fragile")
    for _ in range(CRASHES // 5):
        _crash(ref)
    gc.collect()
    before = _alive()
    times_ms = [_crash(ref) for _ in range(CRASHES)]
    gc.collect()
    left = sum(_alive().values()) - sum(before.values())
    p50, p99 = quantile(times_ms, 0.5), quantile(times_ms, 0.99)
    return [
        Measured("crash to next answer, p50", p50, "ms", 1.0, at_least=False),
        Measured("crash to next answer, p99", p99, "ms", 1.0, at_least=False, detail="without back-off"),
        Measured(f"left behind by {CRASHES:,} crashes", left, "objects", 0, at_least=False),
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

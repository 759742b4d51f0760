"""A supervisor with children that do as they are told, and a record of what they did."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import gevent

from actors.runtime import Actor, Cell, Exit, Ref, System, handles
from actors.runtime.exits import NORMAL, SHUTDOWN
from actors.runtime.signals import Stop
from perpbot.chance import Chance
from supervisors.administration import (
    AdministrationError,
    CountChildren,
    Counts,
    Refused,
    Standing,
    StartChild,
    Started,
    TerminateChild,
    WhichChildren,
)
from supervisors.policy import Status
from supervisors.report import Report
from supervisors.spec import ChildSpec, Flags, Kind
from supervisors.supervisor import Supervisor

SUP = "/sup"
A_MOMENT_S = 0.001


def settle() -> None:
    """Let everything that is ready happen."""
    gevent.sleep(A_MOMENT_S)


@attrs.frozen
class Crash:
    """Raise in a handler."""


@attrs.frozen
class Sleep:
    """Stay in a handler."""

    seconds: float


@attrs.frozen
class Who:
    """The answer is the number of the incarnation and how often it was asked."""


@attrs.define
class Script:
    """What a child does at certain moments; may raise, sleep, or return something."""

    start: Callable[[], Any] = lambda: None
    stop: Callable[[], Any] = lambda: None


class Worker(Actor):
    """A child that follows its script."""

    def __init__(self, stage: "Stage", name: str) -> None:
        super().__init__()
        self._stage = stage
        self._name = name
        self._asked = 0

    def on_start(self) -> Any:
        self._stage.events.append(f"start {self._name}")
        return self._stage.script(self._name).start()

    def on_stop(self) -> None:
        self._stage.events.append(f"stop {self._name}")
        self._stage.script(self._name).stop()

    @handles(Crash)
    def on_crash(self, _: Crash) -> None:
        raise RuntimeError(f"{self._name} was told to crash")

    @handles(Sleep)
    def on_sleep(self, sleep: Sleep) -> None:
        gevent.sleep(sleep.seconds)

    @handles(Who)
    def on_who(self, _: Who) -> tuple[int, int]:
        self._asked += 1
        return self.cell.incarnation, self._asked


class Collector(Actor):
    """Keeps what the supervisor at an address reports."""

    def __init__(self, address: str, reports: list[Report]) -> None:
        super().__init__()
        self._at = address
        self._reports = reports

    def on_start(self) -> None:
        self.subscribe(self._at, "report")

    @handles(Report)
    def on_report(self, report: Report) -> None:
        self._reports.append(report)


@attrs.define
class Log:
    """A log that keeps its lines."""

    lines: list[tuple[str, str, dict[str, Any]]] = attrs.field(factory=list)

    def bind(self, **_: Any) -> "Log":
        return self

    def __getattr__(self, level: str) -> Callable[..., None]:
        def log(event: str, **fields: Any) -> None:
            self.lines.append((level, event, fields))

        return log


@attrs.define
class Stage:
    """A system, the scripts of its children, and what happened."""

    system: System = attrs.field(factory=lambda: System(Chance(1), Log()))
    events: list[str] = attrs.field(factory=list)
    reports: list[Report] = attrs.field(factory=list)
    scripts: dict[str, Script] = attrs.field(factory=dict)

    # -- building ----------------------------------------------------------------------------------------------------

    def script(self, name: str) -> Script:
        return self.scripts.setdefault(name, Script())

    def child(self, name: str, **spec: Any) -> ChildSpec:
        return ChildSpec(name=name, start=lambda: Worker(self, name), **spec)

    def children(self, names: str, **spec: Any) -> list[ChildSpec]:
        """One child for each letter."""
        return [self.child(name, **spec) for name in names]

    def supervisor(self, name: str, specs: Sequence[ChildSpec], flags: Flags | None = None, **spec: Any) -> ChildSpec:
        return ChildSpec(name=name, start=lambda: Supervisor(specs, flags), kind=Kind.SUPERVISOR, **spec)

    def supervise(self, specs: Sequence[ChildSpec] = (), address: str = SUP, **flags: Any) -> Ref:
        if self.system.known(f"/collector-of{address}") is None:
            self.system.spawn(lambda: Collector(address, self.reports), f"/collector-of{address}")
        return self.system.spawn(lambda: Supervisor(specs, Flags(**flags)), address)

    # -- doing -------------------------------------------------------------------------------------------------------

    def cell(self, address: str) -> Cell:
        return self.system.cell(address if address.startswith("/") else f"{SUP}/{address}")

    def ask(self, request: Any, address: str = SUP, timeout_s: float = 30.0) -> Any:
        return self.system.ref(address).ask(request, timeout_s)

    def start(self, spec: ChildSpec) -> Started:
        started: Started = self.ask(StartChild(spec))
        return started

    def terminate(self, name: str) -> None:
        self.ask(TerminateChild(name))

    def refusal(self, request: Any) -> Refused:
        """Why a request is refused."""
        try:
            self.ask(request)
        except AdministrationError as error:
            return error.why
        raise AssertionError(f"{request} was not refused")

    def end(self, address: str, how: str) -> None:
        """Have a child end by itself: normal, shutdown, crash or kill."""
        cell = self.cell(address)
        if how == "kill":
            cell.kill()
        elif how == "crash":
            cell.ref.tell(Crash())
        else:
            cell.mailbox.signal(Stop(NORMAL if how == "normal" else SHUTDOWN))
        settle()

    def crash(self, *addresses: str) -> None:
        for address in addresses:
            self.end(address, "crash")

    def stop(self, address: str = SUP, timeout_s: float | None = None) -> Exit:
        return self.system.stop(address, timeout_s)

    # -- looking -----------------------------------------------------------------------------------------------------

    def alive(self, address: str) -> bool:
        return self.cell(address).alive

    def incarnation(self, address: str) -> int:
        return self.cell(address).incarnation

    def incarnations(self, names: str) -> list[int]:
        return [self.incarnation(name) for name in names]

    def counts(self, address: str = SUP) -> tuple[int, int, int, int]:
        counts: Counts = self.ask(CountChildren(), address)
        return counts.specs, counts.active, counts.supervisors, counts.workers

    def which(self, address: str = SUP) -> list[Standing]:
        return list(self.ask(WhichChildren(), address))

    def standing(self, address: str = SUP) -> dict[str, Status]:
        """Name and status of each child, newest first."""
        return {each.name: each.status for each in self.which(address)}

    def taken(self) -> list[str]:
        """What happened since the last time."""
        events, self.events[:] = list(self.events), []
        return events


def failing(times: int, error: Callable[[], BaseException] = lambda: RuntimeError("cannot start")) -> Callable[[], Any]:
    """A script that raises so many times and works after that."""
    left = iter(range(times))

    def play() -> None:
        if next(left, None) is not None:
            raise error()

    return play


def always(error: BaseException) -> Callable[[], Any]:
    def play() -> None:
        raise error

    return play


def sleeping(seconds: float) -> Callable[[], Any]:
    return lambda: gevent.sleep(seconds)


def hanging(seconds: float) -> Callable[[], Any]:
    """A script that takes its time and then raises."""

    def play() -> None:
        gevent.sleep(seconds)
        raise RuntimeError("not yet")

    return play


def then(*steps: Callable[[], Any]) -> Callable[[], Any]:
    """One script after the other."""

    def play() -> None:
        for step in steps:
            step()

    return play

"""What a supervisor decides, as a state machine on values: events in, decisions out, no clock and no effects.

The rules are those of Erlang/OTP's supervisor, with back-off added below them.
"""

from collections import deque
from collections.abc import Sequence
from enum import StrEnum

import attrs

from actors.runtime.exits import Exit
from supervisors.spec import ChildSpec, Flags, Restart, Strategy, check_specs

NS_PER_SECOND = 1_000_000_000


class Status(StrEnum):
    """Where a child stands, from its supervisor's side."""

    STOPPED = "stopped"
    """Not up, and nothing will bring it up by itself."""
    UP = "up"
    RESTARTING = "restarting"
    """Its last start failed, or its restart waits its turn."""
    BACKING_OFF = "backing-off"
    """It is started again after a wait."""


@attrs.define
class Child:
    """One child as the policy sees it."""

    spec: ChildSpec
    status: Status = Status.STOPPED
    incarnation: int = 0
    """Of the last start; exits of earlier ones are old news."""
    failures: int = 0
    """In a row, for back-off."""
    started_ns: int = 0
    ticket: int = 0
    """Of the retry that is pending; others are old news."""


@attrs.frozen
class StopChildren:
    """Stop these, in this order."""

    names: tuple[str, ...]


@attrs.frozen
class StartChildren:
    """Start these, in this order; report each as `started` or `start_failed`, and do not go on after a failure."""

    names: tuple[str, ...]


@attrs.frozen
class Retry:
    """Come back with `retry(name, ticket)` after `delay_s` seconds."""

    name: str
    delay_s: float
    ticket: int


@attrs.frozen
class Forget:
    """The child's spec is gone."""

    name: str


@attrs.frozen
class GiveUp:
    """Stop all children, newest first, and end."""

    reason: str


Decision = StopChildren | StartChildren | Retry | Forget | GiveUp


class Policy:
    """The state of one supervisor."""

    def __init__(self, flags: Flags, specs: Sequence[ChildSpec] = ()) -> None:
        check_specs(specs)
        self.flags = flags
        self.children: dict[str, Child] = {spec.name: Child(spec) for spec in specs}
        self._restarts: deque[int] = deque()
        self._tickets = 0

    # -- what the supervisor reports -----------------------------------------------------------------------------

    def add(self, spec: ChildSpec) -> None:
        """Take in a child; it is stopped until it is started."""
        self.children[spec.name] = Child(spec)

    def remove(self, name: str) -> None:
        """Drop a child's spec."""
        self.children.pop(name, None)

    def started(self, name: str, incarnation: int, now_ns: int) -> None:
        """A child is up."""
        child = self.children[name]
        child.status, child.incarnation, child.started_ns, child.ticket = Status.UP, incarnation, now_ns, 0

    def stopped(self, name: str) -> list[Decision]:
        """A child was stopped on purpose. A temporary one is forgotten."""
        child = self.children[name]
        child.status, child.ticket = Status.STOPPED, 0
        return self._ended(child)

    def exited(self, name: str, incarnation: int, exit_: Exit, now_ns: int, uniform: float) -> list[Decision]:
        """A child ended by itself. `uniform` is U(0, 1), for back-off."""
        child = self.children.get(name)
        if child is None or child.status is not Status.UP or child.incarnation != incarnation:
            return []
        child.status = Status.STOPPED
        if child.spec.restart is Restart.TEMPORARY:
            return self._ended(child)
        if child.spec.restart is Restart.TRANSIENT and not exit_.abnormal:
            return self._ended(child)
        return self._restart(child, now_ns, now_ns - child.started_ns, uniform)

    def start_failed(self, name: str, now_ns: int, uniform: float) -> list[Decision]:
        """A child could not be started during a restart; every attempt counts."""
        child = self.children[name]
        child.status = Status.STOPPED
        return self._restart(child, now_ns, 0, uniform)

    def retry(self, name: str, ticket: int) -> list[Decision]:
        """The wait of a `Retry` is over. One that was overtaken by other events decides nothing."""
        child = self.children.get(name)
        if child is None or child.ticket != ticket or ticket == 0:
            return []
        child.ticket = 0
        return [StartChildren(tuple(each.spec.name for each in self._group(child)))]

    # -- how it decides ------------------------------------------------------------------------------------------

    def _restart(self, child: Child, now_ns: int, ran_ns: int, uniform: float) -> list[Decision]:
        delay_s = 0.0
        backoff = child.spec.backoff
        if backoff is not None:
            if ran_ns >= backoff.reset_after_s * NS_PER_SECOND:
                child.failures = 0
            child.failures += 1
            delay_s = backoff.delay_s(child.failures, uniform)
        elif not self._within_intensity(now_ns):
            return [
                GiveUp(
                    f"{child.spec.name} was restarted more than {self.flags.intensity} times in "
                    f"{self.flags.period_s:g} s"
                )
            ]
        decisions: list[Decision] = []
        group = self._group(child)
        to_stop = [each.spec.name for each in reversed(group) if each.status is Status.UP]
        if to_stop:
            decisions.append(StopChildren(tuple(to_stop)))
        self._tickets += 1
        child.ticket = self._tickets
        child.status = Status.BACKING_OFF if delay_s else Status.RESTARTING
        decisions.append(Retry(child.spec.name, delay_s, child.ticket))
        return decisions

    def _ended(self, child: Child) -> list[Decision]:
        if child.spec.restart is Restart.TEMPORARY or self.flags.dynamic:
            self.remove(child.spec.name)
            return [Forget(child.spec.name)]
        return []

    def _within_intensity(self, now_ns: int) -> bool:
        horizon = now_ns - int(self.flags.period_s * NS_PER_SECOND)
        while self._restarts and self._restarts[0] < horizon:
            self._restarts.popleft()
        self._restarts.append(now_ns)
        return len(self._restarts) <= self.flags.intensity

    def _group(self, child: Child) -> list[Child]:
        """Who is restarted together with `child`, oldest first."""
        everyone = list(self.children.values())
        if self.flags.strategy is Strategy.ONE_FOR_ALL:
            return everyone
        if self.flags.strategy is Strategy.REST_FOR_ONE:
            return everyone[everyone.index(child) :]
        return [child]

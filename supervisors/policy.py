"""What a supervisor decides, as a state machine on values: events in, decisions out, no clock and no effects.

The rules are those of Erlang/OTP's supervisor, with back-off added below them.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from enum import StrEnum

import attrs

from actors.runtime.exits import Exit
from supervisors.spec import AutoShutdown, ChildSpec, Flags, Restart, Strategy, check_change, check_spec, check_specs

NS_PER_SECOND = 1_000_000_000


class Status(StrEnum):
    """Where a child stands, from its supervisor's side."""

    STOPPED = "stopped"
    """Not up, and nothing but the restart of a group will bring it up by itself."""
    UP = "up"
    RESTARTING = "restarting"
    """Its last start failed; it is tried again at once."""
    BACKING_OFF = "backing-off"
    """It is started again after a wait."""


WAITING = frozenset({Status.RESTARTING, Status.BACKING_OFF})


@attrs.define
class Child:
    """One child as the policy sees it."""

    spec: ChildSpec
    status: Status = Status.STOPPED
    incarnation: int = 0
    """Of the last start; exits of earlier ones are old news."""
    failures: int = 0
    """In a row, for back-off."""
    restarts: deque[int] = attrs.field(factory=deque)
    """When it was restarted with back-off, monotonic; only for a `Limit`."""
    started_ns: int = 0
    ticket: int = 0
    """Of the retry that is pending; others are old news."""


@attrs.frozen
class StopChildren:
    """Stop these, in this order; report each as `stopped`."""

    names: tuple[str, ...]


@attrs.frozen
class StartChildren:
    """Start these, in this order; report each as `started`, `declined` or `start_failed`.

    Do not go on after a failure.
    """

    names: tuple[str, ...]


@attrs.frozen
class Retry:
    """Come back with `retry(name, ticket)` after `delay_s` seconds, and after whatever waits in the mailbox."""

    name: str
    delay_s: float
    ticket: int


@attrs.frozen
class Forget:
    """The child's spec is gone."""

    name: str


@attrs.frozen
class GiveUp:
    """Stop all children, newest first, and end: restarting does not help."""

    reason: str


@attrs.frozen
class ShutDown:
    """Stop all children, newest first, and end: the work is done."""

    name: str
    """The significant child whose end decided it."""


Decision = StopChildren | StartChildren | Retry | Forget | GiveUp | ShutDown


def within(limit: int, period_s: float | None, restarts: deque[int], now_ns: int) -> bool:
    """Whether one more restart now, which is noted in `restarts`, keeps to `limit` in any `period_s` seconds.

    A restart that is exactly `period_s` old still counts.
    """
    while period_s is not None and restarts and now_ns - restarts[0] > period_s * NS_PER_SECOND:
        restarts.popleft()
    restarts.append(now_ns)
    return len(restarts) <= limit


def restarts_after(restart: Restart, exit_: Exit) -> bool:
    """Whether a child of this type is started again after this end."""
    if restart is Restart.PERMANENT:
        return True
    return restart is Restart.TRANSIENT and exit_.abnormal


class Policy:
    """The state of one supervisor."""

    def __init__(self, flags: Flags, specs: Sequence[ChildSpec] = ()) -> None:
        """Raises `SpecError` when the children cannot live under one supervisor."""
        check_specs(flags, specs)
        self.flags = flags
        self.children: dict[str, Child] = {spec.name: Child(spec) for spec in specs}
        self.over = False
        """Whether it has decided to end; it decides nothing more."""
        self._restarts: deque[int] = deque()
        self._tickets = 0

    # -- what the supervisor reports -----------------------------------------------------------------------------

    def add(self, spec: ChildSpec) -> None:
        """Take in a child; it is stopped until it is started."""
        check_spec(self.flags, spec)
        self.children[spec.name] = Child(spec)

    def remove(self, name: str) -> None:
        """Drop a child's spec."""
        self.children.pop(name, None)

    def change_flags(self, flags: Flags) -> None:
        """Go by other flags from the next event on; raises `SpecError` when they do not fit the children."""
        check_change(self.flags, flags, [child.spec for child in self.children.values()])
        self.flags = flags

    def change_child(self, spec: ChildSpec) -> None:
        """Go by another spec of a child from its next end on."""
        check_spec(self.flags, spec)
        child = self.children[spec.name]
        child.spec = spec.spent() if spec.restart is Restart.TEMPORARY and child.status is Status.UP else spec

    def started(self, name: str, incarnation: int, now_ns: int) -> None:
        """A child is up."""
        child = self.children[name]
        child.status, child.incarnation, child.started_ns, child.ticket = Status.UP, incarnation, now_ns, 0
        if child.spec.restart is Restart.TEMPORARY:
            child.spec = child.spec.spent()

    def declined(self, name: str) -> list[Decision]:
        """A child had nothing to do and did not start; that is no failure."""
        return self.stopped(name)

    def stopped(self, name: str) -> list[Decision]:
        """A child was stopped on purpose. A temporary or dynamic one is forgotten."""
        child = self.children[name]
        child.status, child.ticket = Status.STOPPED, 0
        return self._forget_maybe(child)

    def exited(self, name: str, incarnation: int, exit_: Exit, now_ns: int, uniform: float) -> list[Decision]:
        """A child ended by itself. `uniform` is U(0, 1), for back-off."""
        child = self.children.get(name)
        if self.over or child is None or child.status is not Status.UP or child.incarnation != incarnation:
            return []
        child.status = Status.STOPPED
        if restarts_after(child.spec.restart, exit_):
            ran_s = (now_ns - child.started_ns) / NS_PER_SECOND
            return self._again(child, now_ns, ran_s, uniform, failed_start=False)
        if self._ends_with(child):
            self.over = True
            return [*self._forget_maybe(child), ShutDown(name)]
        return self._forget_maybe(child)

    def start_failed(self, name: str, now_ns: int, uniform: float) -> list[Decision]:
        """A child could not be started during a restart; every attempt counts."""
        child = self.children[name]
        child.status = Status.STOPPED
        return self._again(child, now_ns, 0.0, uniform, failed_start=True)

    def retry(self, name: str, ticket: int) -> list[Decision]:
        """The wait of a `Retry` is over. One that was overtaken by other events decides nothing."""
        child = self.children.get(name)
        if self.over or child is None or child.ticket != ticket or ticket == 0:
            return []
        return [*self._stop_group(child), self._start_group(child)]

    def will_restart(self, name: str) -> bool:
        """Whether a child is up, or will be started again without being asked for."""
        child = self.children.get(name)
        if self.over or child is None:
            return False
        waiting = (each for each in self.children.values() if each.status in WAITING)
        return child.status is not Status.STOPPED or any(child in self._group(each) for each in waiting)

    def reset_backoff(self, name: str) -> None:
        """Start again from the shortest wait."""
        child = self.children[name]
        child.failures = 0
        child.restarts.clear()

    # -- how it decides ------------------------------------------------------------------------------------------

    def _again(self, child: Child, now_ns: int, ran_s: float, uniform: float, *, failed_start: bool) -> list[Decision]:
        """Restart the child with its group: at once, or after a wait, or not at all any more."""
        refusal = self._refusal(child, now_ns, ran_s)
        if refusal is not None:
            self.over = True
            return [GiveUp(refusal)]
        stops = self._stop_group(child)
        backoff = child.spec.backoff
        delay_s = 0.0 if backoff is None else backoff.delay_s(child.failures, uniform)
        if not delay_s and not failed_start:
            return [*stops, self._start_group(child)]
        self._tickets += 1
        child.ticket = self._tickets
        child.status = Status.BACKING_OFF if delay_s else Status.RESTARTING
        return [*stops, Retry(child.spec.name, delay_s, child.ticket)]

    def _refusal(self, child: Child, now_ns: int, ran_s: float) -> str | None:
        """Why no restart is left, or None; counts this one."""
        name, backoff, limit = child.spec.name, child.spec.backoff, child.spec.backoff_limit
        if backoff is None:
            if within(self.flags.intensity, self.flags.period_s, self._restarts, now_ns):
                return None
            return f"{name} was restarted more than {self.flags.intensity} times in {self.flags.period_s:g} s"
        if backoff.reset_after_s is not None and ran_s >= backoff.reset_after_s:
            self.reset_backoff(name)
        child.failures += 1
        if limit is None or within(limit.restarts, limit.within_s, child.restarts, now_ns):
            return None
        window = "" if limit.within_s is None else f" in {limit.within_s:g} s"
        return f"{name} was restarted with back-off more than {limit.restarts} times{window}"

    def _stop_group(self, child: Child) -> list[Decision]:
        """Have those stopped that are restarted with `child`; nothing that waits for them retries them meanwhile."""
        group = self._group(child)
        for each in group:
            if each is not child and each.status in WAITING:
                each.status, each.ticket = Status.STOPPED, 0
        names = tuple(each.spec.name for each in reversed(group) if each.status is Status.UP)
        return [StopChildren(names)] if names else []

    def _start_group(self, child: Child) -> StartChildren:
        child.ticket = 0
        group = (each for each in self._group(child) if each.spec.restart is not Restart.TEMPORARY)
        return StartChildren(tuple(each.spec.name for each in group))

    def _group(self, child: Child) -> list[Child]:
        """Who is restarted together with `child`, oldest first."""
        if self.flags.strategy is Strategy.ONE_FOR_ONE:
            return [child]
        everyone = list(self.children.values())
        if self.flags.strategy is Strategy.ONE_FOR_ALL:
            return everyone
        return everyone[everyone.index(child) :]

    def _forget_maybe(self, child: Child) -> list[Decision]:
        if child.spec.restart is Restart.TEMPORARY or self.flags.dynamic:
            self.remove(child.spec.name)
            return [Forget(child.spec.name)]
        return []

    def _ends_with(self, child: Child) -> bool:
        """Whether the end of `child`, which is not restarted, ends the supervisor."""
        if not child.spec.significant or self.flags.auto_shutdown is AutoShutdown.NEVER:
            return False
        if self.flags.auto_shutdown is AutoShutdown.ANY_SIGNIFICANT:
            return True
        return not any(each.spec.significant and each.status is not Status.STOPPED for each in self.children.values())


def summary(decisions: Iterable[Decision]) -> str:
    """The decision about a child that ended, in a word or two, for the history of crashes."""
    for each in decisions:
        match each:
            case Retry(_, delay_s, _):
                return f"restart in {delay_s:.1f} s" if delay_s else "restart"
            case StartChildren(names):
                return "restart" if len(names) == 1 else f"restart of {len(names)}"
            case GiveUp():
                return "give up"
            case ShutDown():
                return "shut down"
    return "not restarted"

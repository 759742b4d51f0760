"""A supervisor: carries out what its policy decides, and answers questions about its children.

Its own mailbox takes only administration. Between two attempts to restart a child it goes back to that mailbox, so
that it can always be asked, told to stop, or relieved of the child.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from actors.runtime import Actor, Cell, DomainError, Exit, ExitKind, Ref, StartError, State, handles
from actors.runtime.signals import ChildExited, Stop
from perpbot.clock import monotonic_ns
from supervisors.policy import (
    Decision,
    Forget,
    GiveUp,
    Policy,
    Retry,
    StartChildren,
    Status,
    StopChildren,
)
from supervisors.spec import ChildSpec, Flags, Kind, Restart


class AdministrationError(DomainError):
    """A request a supervisor cannot carry out; the text says why."""


@attrs.frozen
class StartChild:
    """Take in a child and start it; the answer is its reference."""

    spec: ChildSpec


@attrs.frozen
class TerminateChild:
    """Stop a child; its spec stays, and nothing restarts it."""

    name: str


@attrs.frozen
class RestartChild:
    """Start a child that is stopped; the answer is its reference."""

    name: str


@attrs.frozen
class DeleteChild:
    """Drop the spec of a child that is stopped."""

    name: str


@attrs.frozen
class CountChildren:
    """The answer is a `Counts`."""


@attrs.frozen
class Counts:
    """How many children a supervisor has."""

    specs: int
    active: int
    supervisors: int
    workers: int


@attrs.frozen
class _RetryNow:
    name: str
    ticket: int


class Supervisor(Actor):
    """Starts its children in order, watches them, restarts them by policy, and stops them newest first."""

    def __init__(self, specs: Sequence[ChildSpec] = (), flags: Flags | None = None) -> None:
        super().__init__()
        self.policy = Policy(flags or Flags(), specs)

    # -- life ----------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Start every child, oldest first; when one fails, stop those that are up and fail with its error."""
        self.cell.kind = "supervisor"
        for name in list(self.policy.children):
            try:
                self._start_child(name)
            except StartError:
                self._stop_everyone()
                raise

    def on_stop(self) -> None:
        """Stop every child, newest first."""
        self._stop_everyone()

    def on_failure(self, *_: Any) -> None:
        """Stop every child, newest first."""
        self._stop_everyone()

    def _stop_everyone(self) -> None:
        self._carry_out([StopChildren(tuple(reversed(list(self.policy.children))))])

    # -- signals -------------------------------------------------------------------------------------------------

    def on_signal(self, signal: Any) -> None:
        """Learn of a child's end, or of a wait that is over."""
        if isinstance(signal, ChildExited):
            self._report(signal)
            self._carry_out(
                self.policy.exited(signal.name, signal.incarnation, signal.exit, monotonic_ns(), self.chance.random())
            )
        elif isinstance(signal, _RetryNow):
            self._carry_out(self.policy.retry(signal.name, signal.ticket))
        else:
            super().on_signal(signal)

    @handles(_RetryNow)
    def on_retry_timer(self, retry: _RetryNow) -> None:
        """The wait before a restart is over."""
        self._carry_out(self.policy.retry(retry.name, retry.ticket))

    def _report(self, signal: ChildExited) -> None:
        child = self.policy.children.get(signal.name)
        if child is None or (child.spec.restart is not Restart.PERMANENT and not signal.exit.abnormal):
            return
        if child.status is Status.UP and child.incarnation == signal.incarnation:
            self.system.crashes.record(self.cell.children[signal.name], signal.exit, child.spec.restart.value)

    # -- effects -------------------------------------------------------------------------------------------------

    def _carry_out(self, decisions: Iterable[Decision]) -> None:
        todo = list(decisions)
        while todo:
            match todo.pop(0):
                case StopChildren(names):
                    for name in names if not self.policy.flags.dynamic else self._ask_all_to_stop(names):
                        todo.extend(self._stop_child(name))
                case StartChildren(names):
                    todo.extend(self._start_group(names))
                case Retry(name, delay_s, ticket):
                    self._wait_and_retry(name, delay_s, ticket)
                case Forget(name):
                    self._forget(name)
                case GiveUp(reason):
                    self._give_up(reason)
                    return

    def _start_child(self, name: str) -> Ref:
        child = self.policy.children[name]
        cell = self._cell_of(name)
        if not child.spec.keep_mailbox:
            cell.close_mailbox()
        ref = self.system.spawn(
            child.spec.start,
            cell.address,
            parent=self.cell,
            mailbox=child.spec.mailbox,
            start_timeout_s=child.spec.start_timeout_s,
        )
        self.policy.started(name, cell.incarnation, monotonic_ns())
        return ref

    def _start_group(self, names: Iterable[str]) -> list[Decision]:
        for name in names:
            if self.policy.children[name].status is Status.UP:
                continue
            cell = self._cell_of(name)
            cell.restarts += 1
            try:
                self._start_child(name)
            except StartError as error:
                self.log.warning("start failed", child=name, error=str(error))
                self.system.crashes.record(cell, Exit(ExitKind.FAILED, error, "on_start"), "start failed")
                return self.policy.start_failed(name, monotonic_ns(), self.chance.random())
        return []

    def _stop_child(self, name: str) -> list[Decision]:
        child = self.policy.children[name]
        cell = self._cell_of(name)
        was_alive = cell.alive
        exit_ = cell.stop(child.spec.shutdown_s)
        if was_alive:
            self._report_stop(cell, exit_)
        cell.close_mailbox()
        if cell.state not in {State.STOPPED, State.UNKILLABLE}:
            cell.state = State.STOPPED
        return self.policy.stopped(name)

    def _report_stop(self, cell: Cell, exit_: Exit | None) -> None:
        if exit_ is None:
            self.log.error("child would not stop", child=cell.address)
        elif exit_.kind is not ExitKind.SHUTDOWN or exit_.error is not None:
            self.log.warning("child did not stop cleanly", child=cell.address, exit=str(exit_))

    def _ask_all_to_stop(self, names: Iterable[str]) -> tuple[str, ...]:
        for name in names:
            if self.policy.children[name].spec.shutdown_s != 0:
                self._cell_of(name).mailbox.signal(Stop())
        return tuple(names)

    def _wait_and_retry(self, name: str, delay_s: float, ticket: int) -> None:
        cell = self._cell_of(name)
        if not self.policy.children[name].spec.keep_mailbox:
            cell.close_mailbox()
        if delay_s:
            cell.state = State.BACKING_OFF
            self.timers.after(delay_s, _RetryNow(name, ticket), key=("retry", name))
        else:
            cell.state = State.RESTARTING
            self.cell.mailbox.signal(_RetryNow(name, ticket))

    def _forget(self, name: str) -> None:
        self.policy.remove(name)
        self.system.forget(self._cell_of(name))

    def _give_up(self, reason: str) -> None:
        self.log.error("supervisor gives up", reason=reason)
        self.system.escalations += 1
        self._stop_everyone()
        self.cell.mailbox.signal(Stop(Exit(ExitKind.SHUTDOWN, GaveUpError(reason), "supervision")))

    def _cell_of(self, name: str) -> Cell:
        base = "" if self.policy.flags.group else self.address
        return self.system.cell(f"{base}/{name}")

    # -- administration ------------------------------------------------------------------------------------------

    @handles(StartChild)
    def start_child(self, request: StartChild) -> Ref:
        """Start a new child; nothing is left of it when that fails."""
        name = request.spec.name
        child = self.policy.children.get(name)
        if child is not None:
            present = "already started" if child.status is Status.UP else "already present"
            raise AdministrationError(f"{self.address}/{name} is {present}")
        self.policy.add(request.spec)
        try:
            return self._start_child(name)
        except StartError as error:
            self._forget(name)
            raise AdministrationError(str(error)) from error

    @handles(TerminateChild)
    def terminate_child(self, request: TerminateChild) -> None:
        """Stop a child; stopping a stopped one is fine."""
        self._child(request.name)
        self._carry_out([StopChildren((request.name,))])

    @handles(RestartChild)
    def restart_child(self, request: RestartChild) -> Ref:
        """Start a stopped child; a failure is only reported, nothing is retried."""
        child = self._child(request.name)
        if child.status is Status.UP:
            raise AdministrationError(f"{self.address}/{request.name} is running")
        if child.status in {Status.RESTARTING, Status.BACKING_OFF}:
            raise AdministrationError(f"{self.address}/{request.name} is restarting")
        try:
            return self._start_child(request.name)
        except StartError as error:
            raise AdministrationError(str(error)) from error

    @handles(DeleteChild)
    def delete_child(self, request: DeleteChild) -> None:
        """Drop a stopped child."""
        child = self._child(request.name)
        if child.status is not Status.STOPPED:
            raise AdministrationError(f"{self.address}/{request.name} is {child.status.value}")
        self._forget(request.name)

    @handles(CountChildren)
    def count_children(self, _: CountChildren) -> Counts:
        """How many children there are, and how many are up."""
        children = list(self.policy.children.values())
        supervisors = sum(each.spec.kind is Kind.SUPERVISOR for each in children)
        active = sum(each.status is Status.UP for each in children)
        return Counts(len(children), active, supervisors, len(children) - supervisors)

    def _child(self, name: str) -> Any:
        child = self.policy.children.get(name)
        if child is None:
            raise AdministrationError(f"{self.address} has no child {name!r}")
        return child

    def describe(self) -> dict[str, Any]:
        """The flags and where each child stands."""
        flags = self.policy.flags
        return {
            "strategy": flags.strategy.value,
            "intensity": flags.intensity,
            "period_s": flags.period_s,
            "children": {name: child.status.value for name, child in self.policy.children.items()},
        }


class GaveUpError(Exception):
    """A supervisor spent its restarts."""

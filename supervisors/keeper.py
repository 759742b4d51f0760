"""The part of a supervisor that acts: starts children, learns of their ends, and carries out what its policy decides.

Between two attempts to restart a child it goes back to its mailbox, so that it can always be asked, told to stop, or
relieved of the child.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from actors.runtime import (
    Actor,
    AddressTakenError,
    Cell,
    DeclinedError,
    Exit,
    ExitKind,
    StartError,
    State,
    handles,
)
from actors.runtime.asks import Ask
from actors.runtime.exits import shown
from actors.runtime.signals import ChildExited, Stop
from actors.runtime.stopping import stop_together
from perpbot.clock import monotonic_ns
from supervisors.administration import Started
from supervisors.policy import (
    Child,
    Decision,
    Forget,
    GiveUp,
    Policy,
    Retry,
    ShutDown,
    StartChildren,
    Status,
    StopChildren,
    restarts_after,
    summary,
)
from supervisors.report import Context, Report, report, stopped_badly, worth_reporting
from supervisors.spec import ChildSpec, Flags, Kind, Reply

REPORTS_KEPT = 50


class GaveUpError(Exception):
    """A supervisor spent its restarts."""


class FailedToStartChildError(StartError):
    """A supervisor did not start, because this child of it did not; the cause is the child's error."""

    def __init__(self, name: str, error: StartError) -> None:
        super().__init__(f"failed to start child {name!r}: {shown(error)}")
        self.name = name


@attrs.frozen
class _WaitOver:
    name: str
    ticket: int


@attrs.frozen
class _TryAgain:
    name: str
    ticket: int


class Keeper(Actor):
    """Starts its children in order, watches them, restarts them by policy, and stops them newest first.

    What it reports (see `supervisors.report`) it publishes under the topic ``report``.
    """

    def __init__(self, specs: Sequence[ChildSpec] = (), flags: Flags | None = None) -> None:
        """Raises `SpecError` when the children cannot live under one supervisor."""
        super().__init__()
        self.policy = Policy(flags or Flags(), specs)
        self._static = frozenset(self.policy.children)
        """Children that the next incarnation has too: their addresses stay."""
        self._reports: deque[Report] = deque(maxlen=REPORTS_KEPT)

    # -- life ----------------------------------------------------------------------------------------------------

    def on_start(self) -> Any:
        """Start every child, oldest first; when one fails, stop those that are up and fail with its error."""
        self.cell.kind = Kind.SUPERVISOR.value
        self._clear_the_ground()
        for name in list(self.policy.children):
            try:
                self._start_child(name)
                self.log.debug("child started", child=name)
            except DeclinedError:
                self._carry_out(self._declined(name))
            except StartError as error:
                self._report_failed_start(name, error)
                self._stop_everyone()
                raise FailedToStartChildError(name, error) from error

    def on_stop(self) -> None:
        """Stop every child, newest first."""
        self._stop_everyone()

    def on_failure(self, *_: Any) -> None:
        """Stop every child, newest first."""
        self._stop_everyone()

    def _clear_the_ground(self) -> None:
        """End what an incarnation that was killed has left, and forget what it had taken in."""
        left = list(self.cell.children.values())
        stop_together([(cell, 0) for cell in left if cell.alive])
        for cell in left:
            if cell.name not in self._static:
                self._forget_address(cell.name)

    def _stop_everyone(self) -> None:
        self.cell.close_mailbox()  # whoever asks from now on is told at once, instead of waiting in vain
        self.policy.over = True
        names = list(reversed(self.policy.children))
        self._stop_children(names, together=self.policy.flags.dynamic)
        self._retire(names)
        for name in names:
            if name not in self._static:
                self._forget_address(name)

    # -- signals -------------------------------------------------------------------------------------------------

    def on_signal(self, signal: Any) -> None:
        """Learn of a child's end."""
        if not isinstance(signal, ChildExited):
            super().on_signal(signal)
            return
        child = self.policy.children.get(signal.name)
        if child is None or child.status is not Status.UP or child.incarnation != signal.incarnation:
            return
        decisions = self.policy.exited(
            signal.name, signal.incarnation, signal.exit, monotonic_ns(), self.chance.random()
        )
        if worth_reporting(child.spec.restart, signal.exit):
            self._note(Context.CHILD_TERMINATED, str(signal.exit), child)
            self.system.crashes.record(self._cell_of(signal.name), signal.exit, summary(decisions))
        if not restarts_after(child.spec.restart, signal.exit):
            self._cell_of(signal.name).retire()
        self._carry_out(decisions)
        self._retire([signal.name])

    @handles(_WaitOver)
    def on_wait_over(self, wait: _WaitOver) -> None:
        """The back-off of a child is over: its restart waits its turn like everything else."""
        self.cell.mailbox.insist(_TryAgain(wait.name, wait.ticket))

    @handles(_TryAgain)
    def on_try_again(self, retry: _TryAgain) -> None:
        """Try the restart, unless something else has happened to the child since."""
        self._carry_out(self.policy.retry(retry.name, retry.ticket))

    # -- effects -------------------------------------------------------------------------------------------------

    def _carry_out(self, decisions: Iterable[Decision]) -> None:
        todo = deque(decisions)
        stopped: list[str] = []
        while todo:
            match todo.popleft():
                case StopChildren(names):
                    stopped += names
                    todo.extend(self._stop_children(names))
                case StartChildren(names):
                    todo.extend(self._start_group(names))
                case Retry(name, delay_s, ticket):
                    self._wait_and_retry(name, delay_s, ticket)
                case Forget(name):
                    self._forget(name)
                case GiveUp(reason):
                    self._give_up(reason)
                case ShutDown(name):
                    self.log.info("shuts down", significant=name)
                    self.cell.mailbox.signal(Stop())
        self._retire(stopped)

    def _retire(self, names: Iterable[str]) -> None:
        """Have those who watch told of children that nobody will start again."""
        for name in names:
            if name in self.policy.children and not self.policy.will_restart(name):
                cell = self._cell_of(name)
                if cell.parent is self.cell:
                    cell.retire()

    def _start_child(self, name: str) -> Started:
        """Start a child; what it decides when it declines to start is left to the caller."""
        child = self.policy.children[name]
        cell = self._cell_of(name)
        if cell.alive:
            raise AddressTakenError(f"{cell.address} is already taken")
        cell.while_down = None
        if not child.spec.keep_mailbox:
            cell.close_mailbox()
        cell.shutdown_s = child.spec.shutdown_s
        info = self.system.begin(
            cell,
            child.spec.start,
            parent=self.cell,
            mailbox=child.spec.mailbox,
            start_timeout_s=child.spec.start_timeout_s,
        )
        self.policy.started(name, cell.incarnation, monotonic_ns())
        return Started(cell.ref, info)

    def _start_group(self, names: Iterable[str]) -> list[Decision]:
        decided: list[Decision] = []
        for name in names:
            cell = self._cell_of(name)
            cell.restarts += 1
            try:
                self._start_child(name)
            except DeclinedError:
                decided += self._declined(name)
            except StartError as error:
                failed = self.policy.start_failed(name, monotonic_ns(), self.chance.random())
                self._report_failed_start(name, error, summary(failed))
                return [*decided, *failed]
        return decided

    def _declined(self, name: str) -> list[Decision]:
        self._stand_still(self._cell_of(name))
        decisions = self.policy.declined(name)
        self._retire([name])
        return decisions

    def _stop_children(self, names: Sequence[str], *, together: bool = False) -> list[Decision]:
        """Stop children, one after the other or all at the same time; none of them is tried again."""
        children = [self.policy.children[name] for name in names]
        if together:
            self._end([child for child in children if child.status is Status.UP])
        decisions: list[Decision] = []
        for child in children:
            if child.status is Status.UP and not together:
                self._end([child])
            decisions += self.policy.stopped(child.spec.name)
            self._stand_still(self._cell_of(child.spec.name))
        return decisions

    def _end(self, children: Sequence[Child]) -> None:
        waits = [(self._cell_of(child.spec.name), child.spec.shutdown_s) for child in children]
        for child, exit_ in zip(children, stop_together(waits), strict=True):
            wrong = stopped_badly(child.spec, exit_)
            if wrong is not None:
                self._note(Context.SHUTDOWN_ERROR, wrong, child)

    def _stand_still(self, cell: Cell) -> None:
        if cell.parent is not self.cell:
            return  # it was never started here; somebody else may live there
        cell.while_down = None
        cell.close_mailbox()
        if cell.state is not State.UNKILLABLE:
            cell.state = State.STOPPED

    def _wait_and_retry(self, name: str, delay_s: float, ticket: int) -> None:
        cell = self._cell_of(name)
        cell.state = State.BACKING_OFF if delay_s else State.RESTARTING
        if not self.policy.children[name].spec.keep_mailbox:
            cell.close_mailbox()
        if delay_s:
            self._answer_for(cell, self.policy.children[name].spec)
            self.timers.after(delay_s, _WaitOver(name, ticket), key=("retry", name))
        else:
            self.cell.mailbox.insist(_TryAgain(name, ticket))

    def _answer_for(self, cell: Cell, spec: ChildSpec) -> None:
        """Have somebody answer for a child in back-off, if that is declared."""
        while_down = spec.while_down
        if while_down is None:
            return

        def reply(message: Any) -> bool:
            if isinstance(while_down, Reply):
                if isinstance(message, Ask):
                    message.set(while_down.answer)
                return isinstance(message, Ask)
            other = self.look_up(while_down.address)
            if other.alive:
                other.tell(message)
            return other.alive

        cell.while_down = reply

    def _forget(self, name: str) -> None:
        self.policy.remove(name)
        self.timers.cancel(("retry", name))
        self._forget_address(name)

    def _forget_address(self, name: str) -> None:
        cell = self._cell_of(name)
        if cell.parent is self.cell and cell.state is not State.UNKILLABLE:
            self.system.forget(cell)

    def _give_up(self, reason: str) -> None:
        self.system.escalations += 1
        self._publish(
            Report(
                supervisor=self.address,
                context=Context.SHUTDOWN,
                reason=reason,
                offender=self.address,
                incarnation=self.cell.incarnation,
                restart="",
                shutdown_s=None,
                kind=Kind.SUPERVISOR.value,
            )
        )
        self.log.error("supervisor gives up", reason=reason)
        self.cell.mailbox.signal(Stop(Exit(ExitKind.SHUTDOWN, GaveUpError(reason), "supervision")))

    def _cell_of(self, name: str) -> Cell:
        base = "" if self.policy.flags.group else self.address
        return self.system.cell(f"{base}/{name}")

    # -- reports -------------------------------------------------------------------------------------------------

    def _report_failed_start(self, name: str, error: StartError, decision: str = "not started") -> None:
        self._note(Context.START_ERROR, shown(error), self.policy.children[name])
        self.system.crashes.record(self._cell_of(name), Exit(ExitKind.FAILED, error, "on_start"), decision)

    def _note(self, context: Context, reason: str, child: Child) -> None:
        cell = self._cell_of(child.spec.name)
        note = report(self.address, context, reason, child.spec, cell.address, cell.incarnation)
        self._publish(note)
        if context is Context.SHUTDOWN_ERROR:  # the others are in the log as crashes
            self.log.error(context.value, **note.fields())

    def _publish(self, note: Report) -> None:
        self._reports.append(note)
        self.publish("report", note)

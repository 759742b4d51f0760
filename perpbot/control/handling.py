"""Verbs that lay hands on one actor: restart, suspend, resume, kill. Each first says what it would do.

A restart goes the way of a failure: the supervisor decides by its rules who else starts anew.
"""

from collections.abc import Callable
from typing import Any

import attrs
import gevent

from actors.runtime import ActorDeadError, AskTimeoutError, Cell, DomainError, Exit, ExitKind, State
from actors.runtime.signals import Resume, Stop, Suspend
from actors.runtime.stacks import began_ns
from perpbot.clock import NS_PER_SECOND, awake_ns, monotonic_ns
from perpbot.control.arguments import ROOT, Args, cell_at, meant, number
from perpbot.program import Program
from supervisors import addresses
from supervisors.administration import RestartChild
from supervisors.spec import Restart, Strategy
from supervisors.supervisor import Supervisor

PATIENCE_S, LOOK_S = 10.0, 0.02
ANSWER_FIRST_S = 0.1
SURVIVED_S = 10.0
"""What has not ended so long after it was killed never will: nothing but a new process helps."""
CONTROL_SOCKET = "/control-socket"
UP = {State.RUNNING, State.SUSPENDED}
DOWN = {State.STOPPED, State.FAILED, State.BACKING_OFF, State.RESTARTING}

DANGERS = {
    "/perpbot": "it is everything",
    "/trading": "everything that money depends on is part of it",
    addresses.JOURNAL: "nothing can be ordered, closed or accounted for while it is away",
    addresses.KILL_SWITCH: "nothing that adds risk is allowed until it has read the switches again",
    "/venues": "no order reaches a venue and no price comes from one while its connections are away",
    "/books": "no order leaves while it is away, closing ones included",
    addresses.TRADES: "trades in progress are not watched while it is away; they go on from the journal",
}
"""What it costs when an actor, or one below it, is away. The longest address that fits counts."""
HARMLESS = ("instruments", "quotes", "market-data")
"""Below a venue: prices of one venue are missed for a moment, which is an everyday thing."""


class NotDoneError(DomainError):
    """What was wanted cannot be done, or not now; the text says why, and what else there is."""


class OperatorError(Exception):
    """The reason of an end that somebody wanted; the text says who."""


def danger(address: str) -> str | None:
    """Why it is dangerous to take the actor at `address` away, or None."""
    if address.startswith("/venues/") and address.rsplit("/", 1)[-1] in HARMLESS:
        return None
    fitting = [each for each in DANGERS if address == each or address.startswith(f"{each}/")]
    return DANGERS[max(fitting, key=len)] if fitting else None


@attrs.frozen
class _Handling:
    """One actor and who lays hands on it."""

    program: Program
    cell: Cell
    by: str
    patience_s: float

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait for a while; whether `condition` came true."""
        deadline = monotonic_ns() + int(self.patience_s * NS_PER_SECOND)
        while not condition():
            if monotonic_ns() >= deadline:
                return False
            gevent.sleep(LOOK_S)
        return True

    @property
    def busy(self) -> str:
        """What keeps the actor from obeying."""
        began = began_ns(self.cell)
        for_s = "" if began is None else f" for {(awake_ns() - began) / NS_PER_SECOND:.1f} s"
        return f"it has been at {self.cell.doing}{for_s}" if self.cell.doing else f"it is {self.cell.state.value}"


def restart(each: _Handling) -> str:
    """End the incarnation in order, and see that another one comes up."""
    cell = each.cell
    if cell.state in DOWN:
        return _start(each)
    before = cell.incarnation
    spec = _spec(cell)
    wanted = OperatorError(f"restarted by {each.by}")
    kind = ExitKind.SHUTDOWN if spec is None or spec.restart is Restart.PERMANENT else ExitKind.FAILED
    cell.mailbox.signal(Stop(Exit(kind, None if kind is ExitKind.SHUTDOWN else wanted, "restart")))
    if not each.wait_until(lambda: cell.incarnation > before or cell.state in DOWN):
        raise NotDoneError(f"{cell.address} will restart when it can: {each.busy}; `perpbot kill` does not wait")
    return _came_back(each, before, "restarted")


def _start(each: _Handling) -> str:
    cell = each.cell
    if cell.state in {State.BACKING_OFF, State.RESTARTING}:
        return f"{cell.address} is {cell.state.value} and comes back by itself."
    if cell.parent is None or cell.parent.actor is None:
        raise NotDoneError(f"{cell.address} is {cell.state.value}, and nobody is there to start it")
    cell.parent.ref.ask(RestartChild(cell.name), timeout_s=each.patience_s)
    return f"{cell.address} was {State.STOPPED.value} and is started."


def kill(each: _Handling) -> str:
    """End the incarnation without asking it."""
    cell = each.cell
    if cell.greenlet is None:
        raise NotDoneError(f"{cell.address} is {cell.state.value}: there is nobody to kill")
    before = cell.incarnation
    cell.kill()
    if not each.wait_until(lambda: cell.incarnation > before or cell.state in DOWN):
        if each.patience_s < SURVIVED_S:
            waited = f"within {each.patience_s:g} s: {each.busy}"
            raise NotDoneError(
                f"{cell.address} was told to end and has not {waited}. It may be cleaning up; `perpbot kill` again "
                f"with --timeout {SURVIVED_S:g} or more, and what has not ended by then has PerpBot end"
            )
        cell.survived()
        raise NotDoneError(
            f"{cell.address} survived for {each.patience_s:g} s: it swallows whatever ends it, and only a new process "
            f"helps. PerpBot ends now in order, with exit code 70"
        )
    return _came_back(each, before, "killed")


def _came_back(each: _Handling, before: int, what: str) -> str:
    cell = each.cell
    spec = _spec(cell)
    if spec is None or spec.restart is Restart.TEMPORARY:
        return f"{cell.address} was {what}; nobody starts it again."
    if each.wait_until(lambda: cell.incarnation > before and cell.state in UP):
        return f"{cell.address} was {what} and is up again, incarnation {cell.incarnation}."
    if cell.state is State.BACKING_OFF:
        return f"{cell.address} was {what}; its supervisor waits before it starts it again."
    raise NotDoneError(f"{cell.address} was {what} and did not come back: it is {cell.state.value}")


def suspend(each: _Handling) -> str:
    """Have it read no more messages."""
    cell = each.cell
    if cell.kind == "supervisor":
        raise NotDoneError(f"{cell.address} is a supervisor, and must be able to restart its actors; suspend those")
    if cell.address == CONTROL_SOCKET:
        raise NotDoneError(f"{cell.address} is what you speak to; nobody could resume it")
    if cell.state in DOWN:
        raise NotDoneError(f"{cell.address} is {cell.state.value}: there is nobody to suspend")
    cell.mailbox.signal(Suspend())
    if not each.wait_until(lambda: cell.state is State.SUSPENDED):
        raise NotDoneError(f"{cell.address} will be suspended when it is done: {each.busy}")
    return f"{cell.address} is suspended; `perpbot resume {cell.address}` has it go on."


def resume(each: _Handling) -> str:
    """Have it read messages again."""
    cell = each.cell
    if cell.state is not State.SUSPENDED:
        raise NotDoneError(f"{cell.address} is {cell.state.value}, not suspended")
    waiting = cell.mailbox.depth
    cell.mailbox.signal(Resume())
    if not each.wait_until(lambda: cell.state is not State.SUSPENDED):
        raise NotDoneError(f"{cell.address} does not go on: {each.busy}")
    return f"{cell.address} goes on, with {waiting} messages that waited."


HANDS: dict[str, Callable[[_Handling], str]] = {"restart": restart, "kill": kill, "suspend": suspend, "resume": resume}


def lay_hands(action: str, program: Program, args: Args) -> Any:
    """Carry out `action`, or only say what it would do where ``yes`` is not given and it is not harmless."""
    cell = cell_at(program.system, args)
    if cell.address == ROOT and action != "resume":
        raise NotDoneError(f"{ROOT} is everything; `perpbot stop` ends it in order")
    by = str(args.get("by") or "operator")
    told = {"action": action, "address": cell.address, "danger": danger(cell.address), "effects": effects(cell, action)}
    if action != "resume" and not meant(args):
        return {**told, "done": False}
    program.log.warning("operator", action=action, address=cell.address, by=by)
    each = _Handling(program, cell, by, number(args, "timeout", PATIENCE_S, 0.1, 600))
    said = _after_the_answer(action, each) if _carries_the_answer(cell, action) else HANDS[action](each)
    return {**told, "done": True, "said": said, "state": cell.state.value, "incarnation": cell.incarnation}


def _carries_the_answer(cell: Cell, action: str) -> bool:
    """Whether who asked would never hear of it, because the control socket ends with it."""
    if action not in {"restart", "kill"} or cell.greenlet is None:
        return False
    return cell.address == CONTROL_SOCKET or any(_carries_the_answer(child, action) for child in cell.children.values())


def _after_the_answer(action: str, each: _Handling) -> str:
    def act() -> None:
        try:
            each.program.log.warning("operator", action=action, said=HANDS[action](each), by=each.by)
        except (DomainError, ActorDeadError, AskTimeoutError) as error:
            each.program.log.error("operator", action=action, not_done=str(error), by=each.by)

    gevent.spawn_later(ANSWER_FIRST_S, act)
    return (
        f"{each.cell.address} is about to be {'killed' if action == 'kill' else 'restarted'}. The control socket "
        f"is part of it and comes back in a moment; `perpbot inspect {each.cell.address}` tells how it went."
    )


def effects(cell: Cell, action: str) -> list[str]:
    """What `action` does besides the obvious, a sentence each."""
    told = []
    waiting = cell.mailbox.depth
    if action == "suspend":
        told.append(f"{waiting} messages wait; more will, up to {cell.mailbox.capacity}. Who asks it gets no answer.")
    if action in {"suspend", "resume"}:
        return told
    spec, parent = _spec(cell), cell.parent
    if action == "kill":
        told.append(f"If it has not ended after {SURVIVED_S:g} s, PerpBot itself ends, to be started anew.")
    if cell.children:
        told.append(f"{_descendants(cell)} actors below it start anew, too.")
    if spec is None or parent is None or not isinstance(parent.actor, Supervisor):
        return told
    if spec.restart is Restart.TEMPORARY:
        return [*told, "Nobody starts it again."]
    flags = parent.actor.policy.flags
    others = _siblings(cell, parent.actor)
    if others:
        told.append(f"{parent.address} is {flags.strategy.value}: {', '.join(others)} restart, too.")
    if waiting and not spec.keep_mailbox:
        told.append(f"What waits is lost: {waiting} message{'' if waiting == 1 else 's'}.")
    if spec.backoff is None:
        allowed = f"{flags.intensity} restarts in {flags.period_s:g} s"
        told.append(f"It counts as one of the {allowed} that are allowed; one more ends {parent.address}.")
    else:
        told.append(f"Its supervisor waits {spec.backoff.min_s:g} s or more before it starts it again.")
    return told


def _siblings(cell: Cell, supervisor: Supervisor) -> list[str]:
    """Who starts anew together with `cell`."""
    flags, names = supervisor.policy.flags, list(supervisor.policy.children)
    if cell.name not in names or flags.strategy is Strategy.ONE_FOR_ONE:
        return []
    group = names if flags.strategy is Strategy.ONE_FOR_ALL else names[names.index(cell.name) :]
    return [each for each in group if each != cell.name]


def _spec(cell: Cell) -> Any:
    parent = cell.parent
    if parent is None or not isinstance(parent.actor, Supervisor):
        return None
    child = parent.actor.policy.children.get(cell.name)
    return None if child is None else child.spec


def _descendants(cell: Cell) -> int:
    return sum(1 + _descendants(each) for each in cell.children.values())

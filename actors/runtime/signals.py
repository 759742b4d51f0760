"""What travels in the control lane, ahead of every message, and how an incarnation obeys it."""

from typing import TYPE_CHECKING, Any

import attrs

from actors.runtime.exits import SHUTDOWN, Exit
from actors.runtime.state import State

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.cell import Cell


@attrs.frozen
class Stop:
    """End the incarnation after the handler that runs now; waiting messages stay unread."""

    exit: Exit = SHUTDOWN


@attrs.frozen
class FinishReading:
    """In the mailbox itself, unlike the others: end normally, now that everything sent before has been read."""


@attrs.frozen
class Suspend:
    """Leave messages unread until `Resume`; signals are still obeyed."""


@attrs.frozen
class Resume:
    """Read messages again."""


@attrs.frozen
class TaskFailed:
    """A task of the incarnation, or the handler of a compute-only actor, raised."""

    name: str
    error: BaseException
    incarnation: int


@attrs.frozen
class ChildExited:
    """To the parent: one incarnation of a child has ended."""

    name: str
    incarnation: int
    exit: Exit


def obey(cell: "Cell", actor: "Actor", signal: Any) -> Exit | None:
    """Do what `signal` says; an exit when the incarnation is to end with it."""
    if type(signal) is Stop:
        cell.state = State.STOPPING
        return signal.exit
    if type(signal) is Suspend:
        cell.suspended, cell.state = True, State.SUSPENDED
    elif type(signal) is Resume:
        cell.suspended, cell.state = False, State.RUNNING
    elif type(signal) is TaskFailed:
        if signal.incarnation == cell.incarnation:
            cell.handling = signal.name
            raise signal.error
    else:
        actor.on_signal(signal)
    return None

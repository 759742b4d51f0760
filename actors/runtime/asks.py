"""Messages whose sender waits: how they are answered, at once or later."""

from collections.abc import Callable, Collection
from time import monotonic_ns  # noqa: TID251 - on the hot path; the simulated world replaces it here too
from typing import TYPE_CHECKING, Any

from actors.runtime.errors import ActorDeadError, DomainError
from actors.runtime.slot import Slot
from actors.runtime.telemetry import HandlerTimes
from perpbot.clock import NS_PER_SECOND

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.cell import Cell
    from actors.runtime.exits import Exit

LATER = object()
"""Returned by a handler that took its ask's slot with `defer` and will answer it later."""


class Ask(Slot):
    """A message whose sender waits: the message, the place for the answer, and the deadline, in one piece."""

    __slots__ = ("asked", "message")

    def __init__(self, message: Any, timeout_s: float, asked: "Cell") -> None:
        self.answered = False
        self._error = None
        self._parked = None
        self.message = message
        self.asked = asked
        self.deadline_ns = monotonic_ns() + int(timeout_s * NS_PER_SECOND)

    def unanswered(self) -> str:
        """Who has not answered what."""
        return f"{self.asked.address} did not answer {type(self.message).__name__}"


def answer(cell: "Cell", actor: "Actor", ask: Ask, handler: Callable[[Any, Any], Any]) -> None:
    """Handle a message whose sender waits. A domain error is only an answer; any other is a failure too."""
    cell.answering = ask
    try:
        found = handler(actor, ask.message)
        if found is not LATER:
            ask.set(found)
    except DomainError as error:
        ask.fail(error)
    except Exception as error:
        ask.fail(error)
        raise
    cell.answering = None


def defer(cell: "Cell") -> Slot:
    """The slot of the ask that is being handled, to be answered later; the handler returns `LATER`."""
    slot = cell.answering
    if slot is None:
        return Slot()  # the message was told, nobody waits
    cell.deferred = (*(each for each in cell.deferred if not each.answered), slot)
    return slot


def stash(cell: "Cell", message: Any) -> object:
    """Put the message that is being handled aside, with whoever waits for the answer; the handler returns this."""
    ask = cell.answering
    asked = ask is not None and ask.message is message
    cell.mailbox.stash(ask if asked else message)
    return LATER


def take_along(cell: "Cell", types: Collection[type], most: int) -> list[Any]:
    """The messages that wait next and are of `types`, counted as handled; none while somebody listens to each."""
    if cell.listener is not None:
        return []
    taken = cell.mailbox.take_along(types, most)
    for message in taken:
        cell.times.setdefault(type(message), HandlerTimes()).add(0)
    return taken


def put_back_stash(cell: "Cell") -> None:
    """What was put aside is first in the mailbox again, and shares its fate: kept or discarded at a restart."""
    mailbox = cell.mailbox
    mailbox.stashed = [each for each in mailbox.stashed if not (type(each) is Ask and each.answered)]
    mailbox.unstash()


def fail_unanswered(cell: "Cell", exit_: "Exit") -> None:
    """Tell whoever waits for an answer of an incarnation that is over that there will be none."""
    unanswered = cell.deferred if cell.answering is None else (*cell.deferred, cell.answering)
    for slot in unanswered:
        slot.fail(ActorDeadError(f"{cell.address} ended before it answered: {exit_}"))
    cell.answering, cell.deferred = None, ()

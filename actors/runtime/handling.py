"""How one message is handled: the handler of its type is found and called, and the time it took is counted.

The loops that read mailboxes (`reading`, `trampoline`) call the handlers of plain messages themselves, because a call
for each message shows; what comes less often is handled here.
"""

from collections.abc import Callable
from time import monotonic_ns  # noqa: TID251 - on the hot path; the simulated world replaces it here too
from typing import TYPE_CHECKING, Any

from actors.runtime.asks import Ask, answer
from actors.runtime.letters import Undelivered
from actors.runtime.telemetry import HandlerTimes
from actors.runtime.timers import Timer
from actors.runtime.watch import Watch

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.cell import Cell

Handler = Callable[[Any, Any], Any]
"""Called with the actor and the message; what it returns is the answer to an ask."""
Route = tuple[Handler, list[int]]
"""The handler of one type of message, and where its times are counted."""


def route(cell: "Cell", kind: type) -> Route:
    """Find and keep the handler of a type of message that this incarnation sees for the first time."""
    if kind is Ask:
        found: Route = (answer_in_hub, HandlerTimes().cells)  # counted under the type of what is in it
    elif kind is Watch:
        found = (hear_of_end, HandlerTimes().cells)
    else:
        times = cell.times.setdefault(kind, HandlerTimes())
        handlers = {} if cell.actor is None else cell.actor.handlers
        handler = handlers.get(kind, _receive)
        found = (handler if cell.listener is None else cell.listener(handler), times.cells)
    cell.routes[kind] = found
    return found


def _receive(actor: "Actor", message: Any) -> Any:
    return actor.on_receive(message)


def handle(cell: "Cell", actor: "Actor", message: Any, ask: Ask | None = None) -> None:
    """Handle one message, in answer to `ask` if there is one."""
    began = monotonic_ns()
    kind = cell.handling = type(message)
    handler, _ = cell.routes.get(kind) or route(cell, kind)
    if ask is None:
        handler(actor, message)
    else:
        answer(cell, actor, ask, handler)
    cell.times[kind].add(monotonic_ns() - began)
    cell.handling = None


def tick(cell: "Cell", actor: "Actor", came: Timer | Watch) -> None:
    """Handle what waited in the lane of the timers."""
    if isinstance(came, Watch):
        hear_of_end(actor, came)
    elif cell.timers is not None and cell.timers.take(came):
        handle(cell, actor, came.message)
        cell.ticks_handled += 1


def hear_of_end(actor: "Actor", watch: Watch) -> None:
    """Handle word of the end of somebody who is watched, unless the watch was taken back."""
    if not watch.cancelled:
        actor.system.watches.settled(watch)
        handle(actor.cell, actor, watch.message)


def answer_in_hub(actor: "Actor", ask: Ask) -> None:
    """Handle an ask to a compute-only actor."""
    if monotonic_ns() > ask.deadline_ns:
        actor.cell.bury(ask, Undelivered.EXPIRED)
    else:
        handle(actor.cell, actor, ask.message, ask)

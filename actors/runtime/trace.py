"""Listening to one address: what it is sent, how long it takes, what it sends. Only while somebody listens.

Where nobody does, nothing stands in the way of a message: listening swaps the handlers of one address and every
`Ref.tell`, and puts all of them back.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from actors.runtime.asks import Ask
from actors.runtime.handling import Handler
from perpbot.clock import monotonic_ns

if TYPE_CHECKING:
    from actors.runtime.cell import Cell
    from actors.runtime.system import System

MOST_WAITING = 10_000


@attrs.frozen(kw_only=True)
class Handled:
    """The address has handled a message. Durations are nanoseconds."""

    message: Any
    sender: str
    asked: bool
    """Whether the sender waits for an answer."""
    waited_ns: int | None
    """None for what came before somebody listened, and for the ticks of timers."""
    took_ns: int
    answer: Any
    error: BaseException | None


@attrs.frozen(kw_only=True)
class Sent:
    """The address has sent a message."""

    message: Any
    receiver: str
    asked: bool


class Trace:
    """Listens to the address of `cell` from `start` to `stop`, whatever incarnation lives there."""

    def __init__(self, cell: "Cell", note: Callable[[Handled | Sent], None]) -> None:
        self.cell = cell
        self.arrived = 0
        """Messages that came since the start, handled or not."""
        self._note = note
        self._waiting: dict[int, tuple[int, str, bool]] = {}

    def start(self) -> None:
        """Listen."""
        system: System = self.cell.system
        system.traces.append(self)
        self.cell.listener = self.heard
        self.cell.routes.clear()  # every handler is found anew
        _connect_all(system)

    def stop(self) -> None:
        """Listen no more; doing so twice is fine."""
        system: System = self.cell.system
        if self in system.traces:
            system.traces.remove(self)
            self.cell.listener = None
            self.cell.routes.clear()  # every handler is found anew
            _connect_all(system)

    def told(self, sender: "Cell | None", receiver: "Cell", message: Any) -> None:
        """Somebody sends something to somebody."""
        asked = type(message) is Ask
        content = message.message if asked else message
        if receiver is self.cell:
            self.arrived += 1
            if len(self._waiting) < MOST_WAITING:
                by = "-" if sender is None else sender.address
                self._waiting[id(content)] = (monotonic_ns(), by, asked)
        if sender is self.cell:
            self._note(Sent(message=content, receiver=receiver.address, asked=asked))

    def heard(self, handler: Handler) -> Handler:
        """`handler`, with somebody who listens."""

        def handle(actor: Any, message: Any) -> Any:
            came = self._waiting.pop(id(message), None)
            began = monotonic_ns()
            answer, failed = None, None
            try:
                answer = handler(actor, message)
            except BaseException as error:
                failed = error
                raise
            finally:
                self._note(
                    Handled(
                        message=message,
                        sender="-" if came is None else came[1],
                        asked=came is not None and came[2],
                        waited_ns=None if came is None else began - came[0],
                        took_ns=monotonic_ns() - began,
                        answer=answer,
                        error=failed,
                    )
                )
            return answer

        return handle


def listened(cell: "Cell", put: Callable[[Any], None]) -> Callable[[Any], None]:
    """`put` of the mailbox of `cell`, with everybody who listens."""
    from actors.runtime.stacks import sender  # it knows the cells, and they know this

    def tell(message: Any) -> None:
        by = sender()
        for trace in list(cell.system.traces):
            trace.told(by, cell, message)
        put(message)

    return tell


def _connect_all(system: "System") -> None:
    for cell in system.cells():
        cell.connect()

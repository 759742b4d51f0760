"""Handles on addresses: how actors speak to each other."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from actors.runtime.asks import Ask
from actors.runtime.errors import AskCycleError
from actors.runtime.slot import Slot

if TYPE_CHECKING:
    from actors.runtime.cell import Cell


class Ref:
    """A handle on an address. It stays valid across restarts, and may be made before anybody lives there."""

    __slots__ = ("_cell", "tell")

    tell: Callable[[Any], None]
    """Leave a message in the mailbox and go on. It becomes a dead letter when nobody lives there.

    Raises:
        MailboxFullError: the mailbox is full and declared to reject.
    """

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell

    @property
    def cell(self) -> "Cell":
        """What the runtime keeps for the address, and only for the runtime."""
        return self._cell

    @property
    def address(self) -> str:
        """The address, as in ``/trading/books/orders``."""
        return self._cell.address

    def ask(self, message: Any, timeout_s: float = 5.0) -> Any:
        """Send `message` and wait for the answer; raises what the handler raised.

        Raises:
            AskTimeoutError: no answer in time; the message will not be carried out if it had not been begun.
            ActorDeadError: nobody lives there, or the actor ended before it answered.
            AskCycleError: the other waits for this actor.
            MailboxFullError: the mailbox is full and declared to reject.
        """
        asker = getattr(getcurrent(), "cell", None)
        ask = Ask(message, timeout_s, self._cell)
        if asker is None:
            self.tell(ask)
            return ask.wait(timeout_s)
        cell = self._cell
        if cell.waits_for is not None or cell is asker:
            _refuse_cycle(asker, cell)
        asker.waits_for = cell
        try:
            self.tell(ask)
            return ask.wait(timeout_s)
        finally:
            asker.waits_for = None

    def post(self, message: Any, timeout_s: float) -> Slot:
        """Send `message` and go on; the answer will be in the slot. For asking several actors at once."""
        ask = Ask(message, timeout_s, self._cell)
        self.tell(ask)
        return ask

    @property
    def alive(self) -> bool:
        """Whether somebody lives there at this moment."""
        greenlet = self._cell.greenlet
        return self._cell.alive and greenlet is not None and not greenlet.dead

    def __repr__(self) -> str:
        return f"<{self._cell.address}>"


def _refuse_cycle(asker: "Cell", asked: "Cell") -> None:
    path = [asker.address]
    cell: Cell | None = asked
    while cell is not None:
        path.append(cell.address)
        if cell is asker:
            raise AskCycleError(" asks ".join(path))
        cell = cell.waits_for

"""Handles on addresses: how actors speak to each other."""

from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from actors.runtime.errors import AskCycleError
from actors.runtime.slot import Slot
from perpbot.clock import NS_PER_SECOND, monotonic_ns

if TYPE_CHECKING:
    from actors.runtime.cell import Cell


class Ask:
    """A message whose sender waits for the answer until `deadline_ns` on the monotonic clock."""

    __slots__ = ("deadline_ns", "message", "slot")

    def __init__(self, message: Any, slot: Slot, deadline_ns: int) -> None:
        self.message = message
        self.slot = slot
        self.deadline_ns = deadline_ns


class Ref:
    """A handle on an address. It stays valid across restarts, and may be made before anybody lives there."""

    __slots__ = ("_cell",)

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell

    @property
    def address(self) -> str:
        """The address, as in ``/trading/books/orders``."""
        return self._cell.address

    def tell(self, message: Any) -> None:
        """Leave `message` in the mailbox and go on. It becomes a dead letter when nobody lives there.

        Raises:
            MailboxFullError: the mailbox is full and declared to reject.
        """
        self._cell.mailbox.put(message)

    def ask(self, message: Any, timeout_s: float = 5.0) -> Any:
        """Send `message` and wait for the answer; raises what the handler raised.

        Raises:
            AskTimeoutError: no answer in time; the message will not be carried out if it had not been begun.
            ActorDeadError: nobody lives there, or the actor ended before it answered.
            AskCycleError: the other waits for this actor.
            MailboxFullError: the mailbox is full and declared to reject.
        """
        asker = getattr(getcurrent(), "cell", None)
        slot = Slot()
        if asker is None:
            self.post(message, slot, timeout_s)
            return slot.wait(timeout_s)
        _refuse_cycle(asker, self._cell)
        asker.waits_for = self._cell
        try:
            self.post(message, slot, timeout_s)
            return slot.wait(timeout_s)
        finally:
            asker.waits_for = None

    def post(self, message: Any, slot: Slot, timeout_s: float) -> None:
        """Send `message` with `slot` for the answer, and go on; to ask several actors at once."""
        self._cell.mailbox.put(Ask(message, slot, monotonic_ns() + int(timeout_s * NS_PER_SECOND)))

    @property
    def alive(self) -> bool:
        """Whether somebody lives there at this moment."""
        return self._cell.alive

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

"""What all actors of one PerpBot share: addresses, dead letters, chance, the log."""

from collections.abc import Callable
from typing import Any, ClassVar

import gevent
import structlog

from actors.runtime.actor import Actor
from actors.runtime.cell import Cell
from actors.runtime.crashes import Crashes
from actors.runtime.errors import AddressTakenError, AskTimeoutError, DeclinedError, StartError, UnkillableError
from actors.runtime.exits import Exit, shown
from actors.runtime.letters import DeadLetters
from actors.runtime.mailbox import MailboxSpec
from actors.runtime.ref import Ref
from actors.runtime.state import State
from actors.runtime.telemetry import HandlerTimes
from actors.runtime.topics import unsubscribe_all
from actors.runtime.trace import Trace
from actors.runtime.watch import Watches
from actors.runtime.watchdog import Watchdog
from perpbot.chance import Chance


class System:
    """One PerpBot's actors by address. There may be several in a process; nothing is kept outside of them."""

    cell_class: ClassVar[type[Cell]] = Cell

    def __init__(self, chance: Chance | None = None, log: Any = None) -> None:
        self.chance = chance or Chance()
        self.log = log or structlog.get_logger()
        self.mask: Callable[[str], str] = lambda text: text
        """Takes secrets out of what is kept of failures; whoever knows the secrets sets it."""
        self.letters = DeadLetters()
        self.crashes = Crashes()
        self.escalations = 0
        self.stages: dict[str, HandlerTimes] = {}
        """Times of stages that span actors, by name."""
        self.traces: list[Trace] = []
        """Who listens to addresses at this moment."""
        self.watchdog = Watchdog()
        """Sees who keeps the hub busy; whoever owns the process starts it."""
        self.unkillable: list[str] = []
        """Addresses of actors that survived being killed."""
        self.on_unkillable: Callable[[Cell], None] = lambda _: None
        """Called for each of them: only a new process helps."""
        self.watches = Watches()
        """Who wants to know when whom is gone."""
        self._cells: dict[str, Cell] = {}

    def stage(self, name: str) -> HandlerTimes:
        """The times of the stage called `name`."""
        times = self.stages.get(name)
        if times is None:
            times = self.stages[name] = HandlerTimes()
        return times

    def cell(self, address: str) -> Cell:
        """What the runtime keeps for `address`; made when nobody asked for it before."""
        cell = self._cells.get(address)
        if cell is None:
            cell = self._cells[address] = self.cell_class(self, address)
        return cell

    def known(self, address: str) -> Cell | None:
        """What the runtime keeps for `address`, or None when nobody ever asked for it."""
        return self._cells.get(address)

    def cells(self) -> list[Cell]:
        """Every address known."""
        return list(self._cells.values())

    def ref(self, address: str) -> Ref:
        """A reference to whoever lives, or will live, at `address`."""
        return self.cell(address).ref

    def spawn(
        self,
        factory: Callable[[], Actor],
        address: str,
        *,
        parent: Cell | None = None,
        mailbox: MailboxSpec | None = None,
        start_timeout_s: float = 30.0,
    ) -> Ref:
        """Make an actor and start it at `address`, watched by `parent`; returns once its `on_start` has.

        Raises:
            StartError: it could not be made, `on_start` raised or did not return in time, or the address is taken.
            DeclinedError: it had nothing to do; nothing is left of it.
        """
        cell = self.cell(address)
        try:
            self.begin(cell, factory, parent=parent, mailbox=mailbox, start_timeout_s=start_timeout_s)
        except DeclinedError:
            self.forget(cell)
            raise
        return cell.ref

    def begin(
        self,
        cell: Cell,
        factory: Callable[[], Actor],
        *,
        parent: Cell | None,
        mailbox: MailboxSpec | None,
        start_timeout_s: float,
    ) -> Any:
        """Begin the next incarnation of `cell` as `spawn` does; returns what its `on_start` returned."""
        if cell.state is State.UNKILLABLE:
            raise UnkillableError(f"what lived at {cell.address} did not end even when killed; restart the process")
        if cell.alive:
            raise AddressTakenError(f"{cell.address} is already taken")
        cell.parent = parent
        if parent is not None:
            parent.children[cell.name] = cell
        try:
            actor = factory()
            started = cell.begin(actor, mailbox or actor.mailbox)
            return started.wait(start_timeout_s)
        except DeclinedError:
            raise
        except (Exception, SystemExit, gevent.Timeout) as error:
            if isinstance(error, AskTimeoutError) and cell.state is State.STARTING:  # not one that it has raised itself
                cell.stop(0)
                raise StartError(f"{cell.address} did not start within {start_timeout_s} s") from error
            raise StartError(f"{cell.address} did not start: {type(error).__name__}: {shown(error)}") from error

    def stop(self, address: str, timeout_s: float | None = None) -> Exit:
        """Ask whoever lives at `address` to stop, and wait until it has; nobody is killed.

        Raises:
            AskTimeoutError: it was not over in `timeout_s` seconds. It goes on stopping.
        """
        cell = self.cell(address)
        over = cell.when_over()
        cell.ask_to_stop()
        exit_: Exit = over.wait(timeout_s)
        return exit_

    def drain(self, address: str, timeout_s: float | None = None) -> Exit:
        """Have whoever lives at `address` read what waits, end normally, and wait until it has.

        Raises:
            AskTimeoutError: it was not over in `timeout_s` seconds. It goes on reading.
        """
        cell = self.cell(address)
        over = cell.when_over()
        cell.finish_reading()
        exit_: Exit = over.wait(timeout_s)
        return exit_

    def lose(self, cell: Cell) -> None:
        """Note that the actor of `cell` survived being killed; its address is of no use any more."""
        self.unkillable.append(cell.address)
        self.on_unkillable(cell)

    def forget(self, cell: Cell) -> None:
        """Remove an address for good: its mailbox is emptied, its subscriptions end."""
        cell.retire()
        if cell.parent is not None:
            cell.parent.children.pop(cell.name, None)
        for child in list(cell.children.values()):
            self.forget(child)
        self._cells.pop(cell.address, None)
        unsubscribe_all(cell)

"""The base class of every actor: handlers found by the type of the message."""

from collections.abc import Callable, Hashable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import attrs
import pykka

from actors.runtime import asks, topics
from actors.runtime.exits import NORMAL
from actors.runtime.handling import Handler
from actors.runtime.letters import Undelivered
from actors.runtime.mailbox import MailboxSpec
from actors.runtime.signals import FinishReading, Stop
from actors.runtime.slot import Slot
from actors.runtime.tasks import spawn_task
from actors.runtime.watch import DeathPactError, Terminated

if TYPE_CHECKING:
    from actors.runtime.cell import Cell
    from actors.runtime.ref import Ref
    from actors.runtime.system import System
    from actors.runtime.timers import Timers
    from perpbot.chance import Random

H = TypeVar("H", bound=Handler)

_NOT_STANDALONE = "an Actor is started by a supervisor or System.spawn; derive from StandaloneActor to `start` it"


@attrs.frozen
class Ping:
    """Every actor answers it, in its turn: whoever does is alive, and reads its mailbox."""


def handles(*types: type) -> Callable[[H], H]:
    """Mark a method as the handler of messages whose type is exactly one of `types`.

    What it returns is the answer to an ask.
    """

    def mark(method: H) -> H:
        method.handles = types  # type: ignore[attr-defined]
        return method

    return mark


class Actor(pykka.Actor):
    """An actor: one mailbox, one greenlet, one message at a time.

    Subclasses mark their handlers with `handles` and may define `on_start`, `on_stop` and `on_failure`, which run
    in the actor's own greenlet. An exception in any of them, or in a handler, ends the incarnation, and the
    supervisor decides what happens next; a `DomainError` raised in answer to an ask is only an answer.

    A handler may wait for the network or another actor; meanwhile only this actor stands still.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec()
    """How the mailbox is kept where the child spec does not say."""
    inline: ClassVar[bool] = False
    """Whether handlers run in the hub itself, without a switch of greenlets: several times as fast, and only for
    actors that compute and tell. Such a handler must not wait for anything; asking from one raises."""
    handlers: ClassVar[dict[type, Handler]] = {
        Ping: lambda _actor, _ping: None,
        FinishReading: lambda actor, _: actor.finish(),
    }

    cell: "Cell"
    """The actor's place in the system; set before `on_start`."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Takes nothing; a subclass takes what it likes. Pykka's inbox, event and urn are a `StandaloneActor`'s."""

    def __str__(self) -> str:
        cell = getattr(self, "cell", None)
        return f"{type(self).__name__} ({'nowhere' if cell is None else cell.address})"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        table = dict(cls.handlers)
        for method in vars(cls).values():
            for each in getattr(method, "handles", ()):
                table[each] = method
        cls.handlers = table

    # -- what an actor can do ------------------------------------------------------------------------------------

    @property
    def system(self) -> "System":
        """The system the actor lives in."""
        return self.cell.system

    @property
    def address(self) -> str:
        """Where the actor lives, as in ``/trading/books/orders``."""
        return self.cell.address

    @property
    def timers(self) -> "Timers":
        """Messages to itself, later."""
        return self.cell.made_timers()

    @property
    def ref(self) -> "Ref":
        """A reference to itself that stays valid across restarts."""
        return self.cell.ref

    @property
    def log(self) -> Any:
        """A logger that names the actor."""
        return self.cell.log

    @property
    def chance(self) -> "Random":
        """Randomness of its own, drawn from the system's seed."""
        return self.cell.chance

    def look_up(self, address: str) -> "Ref":
        """A reference to whoever lives, or will live, at `address`."""
        return self.cell.system.ref(address)

    def finish(self, *, forget: bool = False) -> None:
        """End normally after the handler that runs now; waiting messages stay unread.

        With `forget` they are dropped: for actors that are only told to look, and have seen all there is to see.
        """
        if forget:
            self.cell.mailbox.drain()
        self.cell.mailbox.signal(Stop(NORMAL))

    def defer(self) -> Slot:
        """Take the slot of the ask that is being handled, to answer it later; then return `LATER`.

        An incarnation that ends before it has answered fails the slot.
        """
        return asks.defer(self.cell)

    def publish(self, topic: Hashable, message: Any, *, retain: bool = False) -> None:
        """Send `message` to everyone who subscribed to `topic` at this address.

        A retained message is also sent to whoever subscribes later, until the next one of the topic.
        """
        topics.publish(self.cell, topic, message, retain=retain)

    def stash(self, message: Any) -> Any:
        """Put the message that is being handled aside until `unstash`; the handler returns what this returns.

        It keeps its place before everything that comes later, and whoever asked goes on waiting. An incarnation that
        ends puts what it had put aside back into the mailbox, which the child's spec keeps or discards.

        Raises:
            StashFullError: as many are put aside as the mailbox declares.
        """
        return asks.stash(self.cell, message)

    def unstash(self) -> None:
        """Read next what was put aside, in the order it came."""
        self.cell.mailbox.unstash()

    def take_along(self, *types: type, most: int = 1_000) -> list[Any]:
        """Take the messages that wait next, as long as they are of `types`, for a handler that does several as one.

        An ask and everything behind it stays. They count as handled; who traces the address sees each by itself.

        Raises:
            TypeError: this mailbox is not read in the order of arrival.
        """
        return asks.take_along(self.cell, types, most)

    def watch(self, ref: "Ref", instead: Any = None) -> None:
        """Have a `Terminated`, or `instead`, sent here once when `ref` is gone for good; at once if it is already.

        Restarts are silent. What it had sent before is read first. An incarnation that has no handler for
        `Terminated` fails with it. The watch ends with this incarnation; watching twice is watching once.
        """
        self.cell.system.watches.watch(self.cell, ref.cell, instead)

    def unwatch(self, ref: "Ref") -> None:
        """Take a watch back, also when word of the end waits unread already."""
        self.cell.system.watches.unwatch(self.cell, ref.cell)

    def subscribe(self, address: str, topic: Hashable) -> None:
        """Have what `address` publishes under `topic` sent here, across restarts of both.

        What was retained there is sent at once.
        """
        topics.subscribe(self.cell, self.cell.system.cell(address), topic)

    def unsubscribe_all(self) -> None:
        """Get nothing more of what others publish."""
        topics.unsubscribe_all(self.cell)

    def spawn_task(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run `function` in a greenlet of its own that ends with this incarnation.

        An exception in it ends the incarnation as if a handler had raised it. Tasks are for waiting (a socket, an
        HTTP answer); they leave results with `self.ref.tell` and do not touch the actor's state otherwise.
        """
        return spawn_task(self.cell, function, arguments)

    # -- what a subclass may define ------------------------------------------------------------------------------

    def on_start(self) -> Any:
        """Get ready; no message is handled before it returns. What it returns is for whoever asked for the start.

        Raises:
            DeclinedError: there is nothing to do for this actor.
        """

    def on_stop(self) -> None:
        """Clean up after a normal end or a stop."""

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Clean up after a failure."""

    def on_receive(self, message: Any) -> Any:
        """Handle a message that has no handler; becomes a dead letter by default.

        Raises:
            DeathPactError: it is word of the end of an actor that was watched.
        """
        if type(message) is Terminated:
            raise DeathPactError(f"{message.ref.address} is gone ({message.exit}), and this actor watched it")
        self.cell.bury(message, Undelivered.UNHANDLED)

    def on_signal(self, signal: Any) -> None:
        """Handle a control signal that is not the runtime's own."""
        self.log.warning("unexpected signal", signal=type(signal).__name__)

    def describe(self) -> dict[str, Any]:
        """What `perpbot inspect` shows of the actor's state: plain values, no secrets."""
        return {}

    # -- pykka's hooks, for StandaloneActor ----------------------------------------------------------------------

    @classmethod
    def start(cls, *_args: Any, **_kwargs: Any) -> Any:
        """Pykka's way to start an actor, for a `StandaloneActor` only."""
        raise TypeError(_NOT_STANDALONE)

    @staticmethod
    def _create_actor_inbox() -> Any:
        raise TypeError(_NOT_STANDALONE)

    @staticmethod
    def _create_future() -> Any:
        raise TypeError(_NOT_STANDALONE)

    def _start_actor_loop(self) -> None:
        raise TypeError(_NOT_STANDALONE)

"""One address: its mailbox, its incarnations one after the other, and what is known of them."""

from collections.abc import Callable
from time import monotonic_ns  # noqa: TID251 - the same clock as the reading loops'
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from actors.runtime.actor import Actor
from actors.runtime.asks import Ask
from actors.runtime.disciplines import make_mailbox
from actors.runtime.errors import ActorDeadError
from actors.runtime.exits import KILLED, NORMAL, Exit, Failure
from actors.runtime.handling import Handler, Route
from actors.runtime.letters import Undelivered
from actors.runtime.life import Life
from actors.runtime.mailbox import Mailbox, MailboxSpec
from actors.runtime.ref import Ref
from actors.runtime.signals import FinishReading, Stop
from actors.runtime.slot import Slot
from actors.runtime.state import State
from actors.runtime.stopping import stop_together
from actors.runtime.tasks import Task
from actors.runtime.telemetry import HandlerTimes
from actors.runtime.timers import Timers
from actors.runtime.topics import Topics
from actors.runtime.trace import listened
from actors.runtime.watch import Watch

if TYPE_CHECKING:
    from actors.runtime.system import System
    from perpbot.chance import Random


class Cell:
    """What the runtime keeps for one address. Actors see it only through `Ref` and their own methods.

    What is set anew for every incarnation: `actor`, `greenlet`, `timers`, `tasks`, `routes`, `suspended`, `answering`,
    `deferred`, `exit`. Everything else outlives them.
    """

    __slots__ = (
        "__weakref__",
        "_chance",
        "_log",
        "actor",
        "address",
        "answering",
        "children",
        "crashes",
        "deferred",
        "exit",
        "exit_waiters",
        "gone",
        "greenlet",
        "handling",
        "incarnation",
        "kind",
        "last_failure",
        "listener",
        "mailbox",
        "on_over",
        "parent",
        "ref",
        "restarts",
        "routes",
        "shutdown_s",
        "started_ns",
        "state",
        "suspended",
        "system",
        "tasks",
        "ticks_handled",
        "timers",
        "times",
        "topics",
        "type_name",
        "waits_for",
        "while_down",
    )

    def __init__(self, system: "System", address: str) -> None:  # noqa: PLR0915 - one for each of what is kept
        self.system = system
        self.address = address
        self.parent: Cell | None = None
        self.children: dict[str, Cell] = {}
        self.ref = Ref(self)
        self.state = State.STOPPED
        self.mailbox: Mailbox = make_mailbox(MailboxSpec(), self.bury)
        self.mailbox.close()
        self.connect()
        self.actor: Actor | None = None
        self.type_name = ""
        self.kind = "actor"
        self.shutdown_s: float | None = None
        """How long clean-up may take, in seconds; None for as long as it likes."""
        self.incarnation = 0
        self.restarts = 0
        self.crashes = 0
        """Incarnations that ended abnormally, those that could not start included."""
        self.ticks_handled = 0
        self.listener: Callable[[Handler], Handler] | None = None
        """Stands before every handler while somebody traces this address."""
        self.times: dict[type, HandlerTimes] = {}
        self.started_ns = 0
        """Monotonic, of the newest incarnation."""
        self.last_failure: Failure | None = None
        self.waits_for: Cell | None = None
        """Whom the actor asks at this moment."""
        self.handling: type | str | None = None
        """What it is doing: the type of the message, or the name of the hook or task."""
        self.routes: dict[type, Route] = {}
        """The handlers of the types of messages that this incarnation has seen."""
        self.suspended = False
        self.timers: Timers | None = None
        self.tasks: tuple[Task, ...] = ()
        self.greenlet: Life | None = None
        """There while an incarnation is up, and until its end has been seen to."""
        self.topics: Topics | None = None
        """None while nothing is published here and nothing is wanted here from others."""
        self.answering: Ask | None = None
        """The ask that is being handled."""
        self.deferred: tuple[Slot, ...] = ()
        """Asks to be answered later."""
        self.exit: Exit | None = None
        """How the newest incarnation ended; None while it goes on."""
        self.exit_waiters: tuple[Slot, ...] = ()
        self.gone = True
        """Whether nobody lives here and nobody will be started again by whoever started the last one."""
        self.on_over: Callable[[Exit], None] | None = None
        """Called in the hub when an incarnation is over; for the root, which has no parent to tell."""
        self.while_down: Callable[[Any], bool] | None = None
        """Takes care of what is sent here while nobody lives here; False makes it a dead letter all the same."""
        self._log: Any = None
        self._chance: Random | None = None

    # -- what is known of it -------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.address.rsplit("/", 1)[-1]

    @property
    def log(self) -> Any:
        """A logger that names the address."""
        if self._log is None:
            self._log = self.system.log.bind(actor=self.address)
        return self._log

    @property
    def chance(self) -> "Random":
        """Randomness for the actor at this address."""
        if self._chance is None:
            self._chance = self.system.chance.stream(self.address)
        return self._chance

    @property
    def alive(self) -> bool:
        """Whether an incarnation is up, or its end has not been seen to yet."""
        return self.state in {State.RUNNING, State.SUSPENDED, State.STARTING, State.STOPPING}

    @property
    def messages(self) -> int:
        """How many messages were handled here."""
        return sum(each.count for each in self.times.values())

    @property
    def doing(self) -> str | None:
        """What it is doing, as text."""
        return self.handling.__name__ if isinstance(self.handling, type) else self.handling

    @property
    def last_exit(self) -> Exit | None:
        """How the last incarnation ended; None before the first one."""
        return (self.exit or KILLED) if self.incarnation else None

    def made_timers(self) -> Timers:
        """The timers of the incarnation that is up, made when they are needed first."""
        if self.timers is None:
            self.timers = Timers(self.mailbox.tick)
        return self.timers

    # -- its mailbox ---------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Have the reference leave messages in the mailbox, and those who trace see it."""
        put = self.mailbox.put
        self.ref.tell = listened(self, put) if self.system.traces else put

    def bury(self, message: Any, why: Undelivered) -> None:
        """Record a message that was sent here and not handled; an asker is told at once."""
        sender = getattr(getcurrent(), "cell", None)
        if why is Undelivered.NOBODY and self.while_down is not None and self.while_down(message):
            return
        if type(message) is Watch:
            return  # the watcher is over itself
        if type(message) is Ask:
            kind = type(message.message).__name__
            message.fail(ActorDeadError(f"{self.address} did not take {kind}: {why.value}"))
            message = message.message
        self.system.letters.add(self.address, "-" if sender is None else sender.address, why, message)

    def close_mailbox(self) -> None:
        """Take no more messages; those that wait become dead letters."""
        self.mailbox.close()
        for message in self.mailbox.drain():
            self.bury(message, Undelivered.DISCARDED)

    def _open_mailbox(self, spec: MailboxSpec) -> None:
        if self.incarnation == 1 or self.mailbox.spec != spec:
            kept = self.mailbox.drain()
            self.mailbox = make_mailbox(spec, self.bury)
            self.connect()
            for message in kept:
                self.mailbox.insist(message)
        self.mailbox.control.clear()
        self.mailbox.parked = None
        self.mailbox.open()

    # -- its incarnations: what each of them does is in `life` ---------------------------------------------------

    def begin(self, actor: Actor, spec: MailboxSpec) -> Slot:
        """Start `actor` as the next incarnation; the slot is answered when `on_start` has returned or raised."""
        self.incarnation += 1
        self._open_mailbox(spec)
        self.actor = actor
        self.type_name = type(actor).__name__
        self.state = State.STARTING
        self.started_ns = monotonic_ns()
        self.exit = None
        self.gone = False
        self.suspended = False
        self.routes = {}
        actor.cell = self
        begun = Slot()
        self.greenlet = Life(self, actor, begun)
        self.greenlet.start()
        return begun

    def when_over(self) -> Slot:
        """A slot that is answered with the `Exit` of the incarnation that is up, when it is over."""
        over = Slot()
        if self.greenlet is None:
            over.set(self.exit or NORMAL)
        else:
            self.exit_waiters = (*self.exit_waiters, over)
        return over

    def finish_reading(self) -> None:
        """Have the incarnation that is up read what waits at this moment, and then end normally."""
        if self.greenlet is not None:
            self.mailbox.insist(FinishReading())

    def stop(self, timeout_s: float | None) -> Exit | None:
        """End the incarnation that is up and wait until it is over; see `stop_together`."""
        return stop_together([(self, timeout_s)])[0]

    def ask_to_stop(self) -> None:
        """Have the incarnation that is up end after the handler that runs now."""
        if self.greenlet is not None:
            self.mailbox.signal(Stop())

    def kill(self) -> None:
        """End the incarnation that is up without asking it; its clean-up does not run."""
        if self.greenlet is not None:
            self.greenlet.kill(block=False)

    def survived(self) -> None:
        """Mark the incarnation that is up as one that even a kill did not end."""
        self.state = State.UNKILLABLE
        self.log.error("unkillable", doing=self.doing, hint="only a restart of the process ends it")
        self.close_mailbox()
        self.system.lose(self)

    def retire(self) -> None:
        """Nobody will start an actor here again: take no more messages, and tell whoever watches."""
        self.close_mailbox()
        if not self.gone:
            self.gone = True
            if self.greenlet is None:
                self.system.watches.gone(self)

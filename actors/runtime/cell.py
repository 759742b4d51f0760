"""One address: its mailbox, its incarnations one after the other, and what is known of them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import StrEnum
from time import monotonic_ns  # noqa: TID251 - twice a message; the simulated world replaces it here too
from typing import TYPE_CHECKING, Any

import attrs
import gevent
from gevent import GreenletExit
from greenlet import getcurrent

from actors.runtime.actor import LATER, Actor
from actors.runtime.disciplines import make_mailbox
from actors.runtime.errors import ActorDeadError, DeclinedError, DomainError
from actors.runtime.exits import KILLED, NORMAL, Exit, ExitKind
from actors.runtime.letters import Undelivered
from actors.runtime.mailbox import Mailbox, MailboxSpec
from actors.runtime.ref import Ask, Ref
from actors.runtime.signals import ChildExited, FinishReading, Resume, Stop, Suspend, TaskFailed
from actors.runtime.slot import Slot
from actors.runtime.stopping import stop_together
from actors.runtime.telemetry import HandlerTimes
from actors.runtime.timers import Timer, Timers
from actors.runtime.topics import Topics
from actors.runtime.trace import Handler, listened
from actors.runtime.trampoline import trampoline_of
from actors.runtime.watch import Watch
from perpbot.clock import wall_ns

if TYPE_CHECKING:
    from actors.runtime.system import System
    from perpbot.chance import Random

SLICE_NS = 1_000_000
"""An actor with a full mailbox lets the others run after this long."""


class State(StrEnum):
    """What `perpbot tree` shows of an address."""

    STARTING = "starting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    RESTARTING = "restarting"
    BACKING_OFF = "backing-off"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    UNKILLABLE = "unkillable"


@attrs.frozen
class Failure:
    """The last failure of an address, for looking at."""

    at_ns: int
    exit: Exit


Route = tuple[Callable[[Any, Any], Any], list[int]]
"""The handler of one type of message, and where its times are counted."""
Hot = tuple["Cell", Actor, Mailbox, list[Any], list[Any], Any, Callable[[], Any], dict[type, Route]]
"""What reading a mailbox needs, at hand in one piece: cell, actor, mailbox, control, ticks, waiting, take, routes."""


def _receive(actor: Actor, message: Any) -> Any:
    return actor.on_receive(message)


class _Life(gevent.Greenlet):  # type: ignore[type-arg]
    """The greenlet of one incarnation."""

    spawning_stack_limit = 0
    """Who started it is in the tree; gevent's own note of it would be a fifth of an idle actor's weight."""
    cell: "Cell"
    begun: Slot


class Cell:
    """What the runtime keeps for one address. Actors see it only through `Ref` and their own methods."""

    __slots__ = (
        "__weakref__",
        "_answering",
        "_chance",
        "_deferred",
        "_exit",
        "_exit_waiters",
        "_greenlet",
        "_hot",
        "_log",
        "_routes",
        "_suspended",
        "_tasks",
        "_timers",
        "_topics",
        "actor",
        "address",
        "children",
        "crashes",
        "gone",
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
        "started_ns",
        "state",
        "system",
        "ticks_handled",
        "times",
        "type_name",
        "waits_for",
        "while_down",
    )

    def __init__(self, system: "System", address: str, parent: "Cell | None" = None) -> None:
        self.system = system
        self.address = address
        self.parent = parent
        self.children: dict[str, Cell] = {}
        self.ref = Ref(self)
        self.state = State.STOPPED
        self.mailbox: Mailbox = make_mailbox(MailboxSpec(), self.bury)
        self.mailbox.close()
        self.connect()
        self.actor: Actor | None = None
        self.type_name = ""
        self.kind = "actor"
        self.incarnation = 0
        self.restarts = 0
        self.crashes = 0
        """Incarnations that ended abnormally, those that could not start included."""
        self.ticks_handled = 0
        self.listener: Callable[[Handler], Handler] | None = None
        """Stands before every handler while somebody traces this address."""
        self.times: dict[type, HandlerTimes] = {}
        self.started_ns = 0
        self.last_failure: Failure | None = None
        self.waits_for: Cell | None = None
        self.handling: type | str | None = None
        """What it is doing: the type of the message, or the name of the hook or task."""
        self._log: Any = None
        self._chance: Random | None = None
        self._timers: Timers | None = None
        self._tasks: tuple[gevent.Greenlet[..., Any], ...] = ()
        self._greenlet: _Life | None = None
        self._topics: Topics | None = None
        self._answering: Slot | None = None
        self._deferred: tuple[Slot, ...] = ()
        self._exit: Exit | None = None
        self.gone = True
        """Whether nobody lives here and nobody will be started again by whoever started the last one."""
        self._exit_waiters: tuple[Slot, ...] = ()
        self.on_over: Callable[[Exit], None] | None = None
        """Called in the hub when an incarnation is over; for the root, which has no parent to tell."""
        self.while_down: Callable[[Any], bool] | None = None
        """Takes care of what is sent here while nobody lives here; False makes it a dead letter all the same."""
        self._suspended = False
        self._routes: dict[type, Route] = {}
        self._hot: Any = None

    # -- what actors use -----------------------------------------------------------------------------------------

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
    def greenlet(self) -> "gevent.Greenlet[..., Any] | None":
        """The greenlet of the incarnation that is up, for looking at its stack."""
        return self._greenlet

    @property
    def timers(self) -> Timers | None:
        """The timers of the incarnation that is up."""
        return self._timers

    def made_timers(self) -> Timers:
        """The same, made when they are needed first."""
        if self._timers is None:
            self._timers = Timers(self.mailbox.tick)
        return self._timers

    @property
    def tasks(self) -> Iterable["gevent.Greenlet[..., Any]"]:
        """The tasks of the incarnation that is up."""
        return self._tasks

    @property
    def messages(self) -> int:
        """How many messages were handled here."""
        return sum(each.count for each in self.times.values())

    @property
    def doing(self) -> str | None:
        """What it is doing, as text."""
        return self.handling.__name__ if isinstance(self.handling, type) else self.handling

    def connect(self) -> None:
        """Have the reference leave messages in the mailbox, and those who trace see it."""
        put = self.mailbox.put
        self.ref.tell = listened(self, put) if self.system.traces else put

    def forget_routes(self) -> None:
        """Find every handler anew: somebody began or ceased to trace this address."""
        self._routes.clear()

    @property
    def topics(self) -> Topics:
        """What is published here, and what is wanted here from others."""
        if self._topics is None:
            self._topics = Topics()
        return self._topics

    def subscribers(self, topic: Hashable) -> Iterable[Ref]:
        """Who gets what is published here under `topic`."""
        return () if self._topics is None else self._topics.subscribers.get(topic, ())

    @property
    def subscriptions(self) -> Mapping[Hashable, list[Ref]]:
        """All topics and who gets them."""
        return {} if self._topics is None else self._topics.subscribers

    @property
    def subscribed_to(self) -> Mapping[str, "Cell"]:
        """By address, who publishes what is wanted here."""
        return {} if self._topics is None else self._topics.publishers

    def add_subscriber(self, topic: Hashable, subscriber: "Cell") -> None:
        """Send `subscriber` what is published under `topic`; twice is once."""
        topics = self.topics
        if topics.add(topic, subscriber.ref):
            subscriber.topics.publishers[self.address] = self
        if topic in topics.retained:
            subscriber.ref.tell(topics.retained[topic])

    def unsubscribe_all(self) -> None:
        """Get nothing more of what others publish."""
        if self._topics is not None:
            for publisher in self._topics.publishers.values():
                publisher.topics.remove(self.ref)
            self._topics.publishers.clear()

    def spawn_task(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> "gevent.Greenlet[..., Any]":
        """Run `function` in a greenlet that ends with the incarnation and whose failure is the incarnation's."""
        task = gevent.Greenlet(self._run_task, function, arguments, self.incarnation)
        self._tasks = (*self._tasks, task)
        task.owner = self  # type: ignore[attr-defined]
        task.rawlink(self._forget_task)
        task.start()
        return task

    def _run_task(self, function: Callable[..., Any], arguments: tuple[Any, ...], incarnation: int) -> None:
        try:
            function(*arguments)
        except GreenletExit:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever ends a task is the actor's failure
            self.mailbox.signal(TaskFailed(getattr(function, "__qualname__", repr(function)), error, incarnation))

    def _forget_task(self, task: "gevent.Greenlet[..., Any]") -> None:
        self._tasks = tuple(each for each in self._tasks if each is not task)

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

    # -- the life of an incarnation ------------------------------------------------------------------------------

    def begin(self, actor: Actor, spec: MailboxSpec) -> Slot:
        """Start `actor` as the next incarnation; the slot is answered when `on_start` has returned or raised."""
        self.incarnation += 1
        self._open_mailbox(spec)
        self.actor = actor
        self.type_name = type(actor).__name__
        self.state = State.STARTING
        self.started_ns = monotonic_ns()
        self._exit = None
        self.gone = False
        self._suspended = False
        actor.cell = self
        self._routes = {}
        self._hot = self._made_hot(actor) if actor.inline else None
        started = Slot()
        greenlet = self._greenlet = _Life(self._run, actor, started)
        greenlet.cell, greenlet.begun = self, started
        greenlet.rawlink(self._ended)
        greenlet.start()
        return started

    def _made_hot(self, actor: Actor) -> "Hot":
        mailbox = self.mailbox
        return self, actor, mailbox, mailbox.control, mailbox.ticks, mailbox.waiting, mailbox.take, self._routes

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

    def _run(self, actor: Actor, started: Slot) -> None:
        try:
            self._live(actor, started)
        finally:  # also where the actor has removed the links of its greenlet
            self.mailbox.run_callback(self._ended, getcurrent())

    def _live(self, actor: Actor, started: Slot) -> None:
        try:
            self.handling = "on_start"
            info = actor.on_start()
        except GreenletExit:
            self._exit = KILLED
            return
        except DeclinedError as error:
            self._exit = Exit(ExitKind.IGNORED, error, "on_start")
            return
        except BaseException as error:  # noqa: BLE001 - the starter gets it
            self._exit = Exit(ExitKind.FAILED, error, "on_start")
            return
        self.handling = None
        self.state = State.RUNNING
        started.set(info)
        try:
            self._exit = self._loop(actor)
        except GreenletExit:
            self._exit = KILLED
        except BaseException as error:  # noqa: BLE001 - the supervisor gets it
            self._exit = Exit(ExitKind.FAILED, error, self.doing)
        self._finish(actor)

    def _finish(self, actor: Actor) -> None:
        exit_ = self._exit or NORMAL
        try:
            if exit_.kind is ExitKind.FAILED and exit_.error is not None:
                actor.on_failure(type(exit_.error), exit_.error, exit_.error.__traceback__)
            elif exit_.kind is not ExitKind.KILLED:
                actor.on_stop()
        except GreenletExit:
            self._exit = KILLED
        except BaseException as error:  # noqa: BLE001 - a failing clean-up is reported with the exit
            self._exit = Exit(exit_.kind, error, "on_failure" if exit_.abnormal else "on_stop")

    def _loop(self, actor: Actor) -> Exit:  # noqa: C901, PLR0912, PLR0915 - the hot path stays in one piece
        """Obey signals and read messages until told to stop; returns how it ended."""
        mailbox, routes, inline = self.mailbox, self._routes, actor.inline
        control, ticks, waiting, take = mailbox.control, mailbox.ticks, mailbox.waiting, mailbox.take
        switch, wake = trampoline_of(gevent.get_hub()).leave, getcurrent().switch
        slice_end = 0
        while True:
            if control:
                over = self._obey(control.pop(0), actor)
                if over is not None:
                    return over
            elif self._suspended:
                mailbox.trampoline, mailbox.parked = None, wake
                if control:  # it came from another thread in this very moment
                    mailbox.parked = None
                else:
                    switch()
            elif ticks:
                self._tick(ticks.pop(0), actor)
            elif inline:
                self.park_in_hub(self._hot)
                switch()
            elif waiting:
                now = monotonic_ns()
                if now > slice_end:
                    slice_end = now + SLICE_NS
                while waiting and not (control or ticks):
                    message = take()
                    kind = type(message)
                    if kind is Ask:
                        kind = type(message.message)
                        self.handling = kind
                        try:
                            handler, times = routes[kind]
                        except KeyError:
                            handler, times = self.route(kind)
                        if now > message.deadline_ns:
                            self.bury(message, Undelivered.EXPIRED)
                        else:
                            self._answer(actor, message, handler)
                    else:
                        self.handling = kind
                        try:
                            handler, times = routes[kind]
                        except KeyError:
                            handler, times = self.route(kind)
                        handler(actor, message)
                    ended = monotonic_ns()
                    ns = ended - now
                    now = ended
                    times[ns.bit_length()] += 1
                    times[65] += ns
                    if ns > times[66]:
                        times[66] = ns
                    if now > slice_end:
                        self._let_others_run(switch)
                        slice_end = 0
                        break
                self.handling = None
            else:
                mailbox.parked = wake
                if control or ticks or waiting:  # it came from another thread in this very moment
                    mailbox.parked = None
                else:
                    switch()

    def _tick(self, tick: Timer | Watch, actor: Actor) -> None:
        if isinstance(tick, Watch):
            self.hear_of_end(actor, tick)
            return
        if self._timers is None or not self._timers.take(tick):
            return
        began = monotonic_ns()
        kind = self.handling = type(tick.message)
        handler, _ = self._routes.get(kind) or self.route(kind)
        handler(actor, tick.message)
        self.times[kind].add(monotonic_ns() - began)
        self.ticks_handled += 1
        self.handling = None

    # -- compute-only actors: their messages are read by the hub's trampoline, everything else by their greenlet -----

    def park_in_hub(self, hot: "Hot") -> None:
        """Let the trampoline read the mailbox, now or when something comes; the greenlet when it has to."""
        mailbox, greenlet = self.mailbox, self._greenlet
        if greenlet is None:
            return
        if mailbox.control or mailbox.ticks:
            mailbox.run_callback(greenlet.switch)
            return
        if mailbox.trampoline is None:
            mailbox.trampoline = trampoline_of(gevent.get_hub())
        mailbox.parked = hot
        if mailbox.waiting or mailbox.control or mailbox.ticks:
            mailbox.wake()

    def failed_in_hub(self, error: BaseException, during: str) -> None:
        """A handler of a compute-only actor raised: its greenlet fails with it."""
        if self._greenlet is not None:
            self.mailbox.control.append(TaskFailed(self.doing or during, error, self.incarnation))
            self.mailbox.run_callback(self._greenlet.switch)

    def route(self, kind: type) -> Route:
        """Find and keep the handler of a type of message that this incarnation sees for the first time."""
        if kind is Ask:
            route: Route = (self.answer_in_hub, HandlerTimes().cells)  # counted under the type of what is in it
        elif kind is Watch:
            route = (self.hear_of_end, HandlerTimes().cells)
        else:
            times = self.times.setdefault(kind, HandlerTimes())
            handlers = {} if self.actor is None else self.actor.handlers
            handler = handlers.get(kind, _receive)
            route = (handler if self.listener is None else self.listener(handler), times.cells)
        self._routes[kind] = route
        return route

    def hear_of_end(self, actor: Actor, watch: Watch) -> None:
        """Handle word of the end of somebody who is watched, unless the watch was taken back."""
        if watch.cancelled:
            return
        self.system.watches.settled(watch)
        kind = self.handling = type(watch.message)
        handler, _ = self._routes.get(kind) or self.route(kind)
        began = monotonic_ns()
        handler(actor, watch.message)
        self.times[kind].add(monotonic_ns() - began)
        self.handling = None

    # -- asks --------------------------------------------------------------------------------------------------------

    def answer_in_hub(self, actor: Actor, ask: Ask) -> None:
        """Handle an ask to a compute-only actor."""
        began = monotonic_ns()
        if began > ask.deadline_ns:
            self.bury(ask, Undelivered.EXPIRED)
            return
        kind = self.handling = type(ask.message)
        handler, _ = self._routes.get(kind) or self.route(kind)
        self._answer(actor, ask, handler)
        self.times[kind].add(monotonic_ns() - began)
        self.handling = None

    def _answer(self, actor: Actor, ask: Ask, handler: Callable[[Any, Any], Any]) -> None:
        """Handle a message whose sender waits. A domain error is only an answer; any other is a failure too."""
        self._answering = ask
        try:
            answer = handler(actor, ask.message)
            if answer is not LATER:
                ask.set(answer)
        except DomainError as error:
            ask.fail(error)
        except Exception as error:
            ask.fail(error)
            raise
        self._answering = None

    def defer(self) -> Slot:
        """The slot of the ask that is being handled, to be answered later; the handler returns `LATER`."""
        slot = self._answering
        if slot is None:
            slot = Slot()  # the message was told, nobody waits
        else:
            self._deferred = (*(each for each in self._deferred if not each.answered), slot)
        return slot

    def stash(self, message: Any) -> object:
        """Put the message that is being handled aside, with whoever waits for the answer; the handler returns this."""
        ask = self._answering
        asked = isinstance(ask, Ask) and ask.message is message
        self.mailbox.stash(ask if asked else message)
        return LATER

    def _let_others_run(self, switch: Callable[[], Any]) -> None:
        resume = gevent.get_hub().loop.timer(0.0)  # a callback would come before the timers that are due
        resume.start(getcurrent().switch)
        try:
            switch()
        finally:
            resume.stop()
            resume.close()

    def _obey(self, signal: Any, actor: Actor) -> Exit | None:
        if type(signal) is Stop:
            self.state = State.STOPPING
            return signal.exit
        if type(signal) is Suspend:
            self._suspended, self.state = True, State.SUSPENDED
        elif type(signal) is Resume:
            self._suspended, self.state = False, State.RUNNING
        elif type(signal) is TaskFailed:
            if signal.incarnation == self.incarnation:
                self.handling = signal.name
                raise signal.error
        else:
            actor.on_signal(signal)
        return None

    def _ended(self, greenlet: "_Life") -> None:
        """Runs in the hub when the greenlet is over, whatever ended it, and also when it never ran."""
        if greenlet is not self._greenlet:
            return
        exit_ = self._exit or KILLED
        if self._timers is not None:
            self._timers.cancel_all()
        self.mailbox.ticks.clear()
        self.mailbox.parked = None
        self.system.watches.leave(self)
        self._put_back_stash()
        for task in self._tasks:
            task.kill(block=False)
        self._tasks = ()
        for child in self.children.values():
            child.kill()  # the parent is gone without having stopped it: it must not outlive it
        unanswered = self._deferred if self._answering is None else (*self._deferred, self._answering)
        for slot in unanswered:
            slot.fail(ActorDeadError(f"{self.address} ended before it answered: {exit_}"))
        self._answering, self._deferred = None, ()
        self.waits_for = None
        self.handling = None
        self.actor = self._timers = self._greenlet = None
        self.state = State.FAILED if exit_.abnormal else State.STOPPED
        self._tell(exit_, greenlet.begun)

    def _tell(self, exit_: Exit, started: Slot) -> None:
        """Let everybody know that the incarnation is over."""
        self.crashes += exit_.abnormal
        if exit_.abnormal or (exit_.error is not None and exit_.kind is not ExitKind.IGNORED):
            self.last_failure = Failure(wall_ns(), exit_)
        if not started.answered:
            started.fail(exit_.error or ActorDeadError(f"{self.address} was {exit_} before it had started"))
        elif self.parent is not None:
            self.parent.mailbox.signal(ChildExited(self.name, self.incarnation, exit_))
        waiting, self._exit_waiters = self._exit_waiters, ()
        for slot in waiting:
            slot.set(exit_)
        if self.parent is None:  # nobody who would start it again
            self.retire()
        elif self.gone:
            self.system.watches.gone(self)
        if self.on_over is not None:
            self.on_over(exit_)

    def _put_back_stash(self) -> None:
        """What was put aside is first in the mailbox again, and shares its fate: kept or discarded at a restart."""
        mailbox = self.mailbox
        mailbox.stashed = [each for each in mailbox.stashed if not (type(each) is Ask and each.answered)]
        mailbox.unstash()

    @property
    def last_exit(self) -> Exit | None:
        """How the last incarnation ended; None before the first one."""
        return (self._exit or KILLED) if self.incarnation else None

    def retire(self) -> None:
        """Nobody will start an actor here again: take no more messages, and tell whoever watches."""
        self.close_mailbox()
        if not self.gone:
            self.gone = True
            if self._greenlet is None:
                self.system.watches.gone(self)

    def finish_reading(self) -> None:
        """Have the incarnation that is up read what waits at this moment, and then end normally."""
        if self._greenlet is not None:
            self.mailbox.insist(FinishReading())

    def when_over(self) -> Slot:
        """A slot that is answered with the `Exit` of the incarnation that is up, when it is over."""
        over = Slot()
        if self._greenlet is None:
            over.set(self._exit or NORMAL)
        else:
            self._exit_waiters = (*self._exit_waiters, over)
        return over

    def stop(self, timeout_s: float | None) -> Exit | None:
        """End the incarnation that is up and wait until it is over.

        It is asked to stop and given `timeout_s` seconds (None: for ever; 0: it is not asked), then killed. The
        result is how it ended, or None when it survived even that; it is then marked unkillable.
        """
        return stop_together([(self, timeout_s)])[0]

    def ask_to_stop(self) -> None:
        """Have the incarnation that is up end after the handler that runs now."""
        if self._greenlet is not None:
            self.mailbox.signal(Stop())

    def kill(self) -> None:
        """End the incarnation that is up without asking it; its clean-up does not run."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def survived(self) -> None:
        """Mark the incarnation that is up as one that even a kill did not end."""
        self.state = State.UNKILLABLE
        self.log.error("unkillable", doing=self.doing, hint="only a restart of the process ends it")
        self.close_mailbox()
        self.system.lose(self)

    def close_mailbox(self) -> None:
        """Take no more messages; those that wait become dead letters."""
        self.mailbox.close()
        for message in self.mailbox.drain():
            self.bury(message, Undelivered.DISCARDED)

"""Runs compute-only actors in the hub, one after the other, from a single callback of the loop."""

from collections import deque
from collections.abc import Callable
from time import monotonic_ns  # noqa: TID251 - on the hot path; the simulated world replaces it here too
from typing import TYPE_CHECKING, Any

import gevent
from greenlet import greenlet

from actors.runtime.handling import Route, route
from actors.runtime.signals import TaskFailed

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.cell import Cell
    from actors.runtime.mailbox import Mailbox

Hot = tuple["Cell", "Actor", "Mailbox", list[Any], list[Any], Any, Callable[[], Any], dict[type, Route]]
"""What reading a mailbox needs, at hand in one piece: cell, actor, mailbox, control, ticks, waiting, take, routes."""

SLICE_NS = 250_000
"""After this long the loop gets its turn: timers, sockets, greenlets."""


class Trampoline:
    """The compute-only actors of one hub that have something to read. A turn costs far less than a loop's callback."""

    __slots__ = ("_again", "_loop", "leave", "ready", "run_callback", "running")

    def __init__(self, hub: Any) -> None:
        self._loop = loop = hub.loop
        self.run_callback = loop.run_callback
        self.leave = greenlet.switch.__get__(hub)
        """Goes to the hub. gevent's own way asks each time whether somebody wants to know of it; nobody here does.
        These two are kept here once for all actors of the hub."""
        self._again = loop.timer(0.0)
        """The way to the end of the queue. A callback would come before any timer: the loop runs fifty in a row."""
        self.ready: deque[Hot] = deque()
        """Whose turn it is, in this order; whoever adds to it starts the trampoline if it does not run."""
        self.running = False

    def start(self) -> None:
        """Begin with the loop's next turn."""
        self.running = True
        self._loop.run_callback(self._run)

    def schedule(self, hot: "Hot") -> None:
        """Give an actor a turn."""
        self.ready.append(hot)
        if not self.running:
            self.start()

    def _run(self) -> None:
        """Read mailbox after mailbox. The loop of `reading.read` once more: a call for each message shows."""
        ready = self.ready
        now = monotonic_ns()
        slice_end = now + SLICE_NS
        while ready:
            hot = ready.popleft()
            cell, actor, mailbox, control, ticks, waiting, take, routes = hot
            try:
                while waiting and not (control or ticks):
                    message = take()
                    kind = type(message)
                    try:
                        handler, times = routes[kind]
                    except KeyError:
                        handler, times = route(cell, kind)
                    handler(actor, message)
                    ended = monotonic_ns()
                    ns = ended - now
                    now = ended
                    times[ns.bit_length()] += 1
                    times[65] += ns  # `telemetry.SUM` and, below, `LONGEST`: a number is found sooner than a name
                    if ns > times[66]:
                        times[66] = ns
                    if now > slice_end:
                        break
            except BaseException as error:  # noqa: BLE001 - the actor fails with it, not the hub
                _fail_in_greenlet(cell, error, kind.__name__)
                continue
            mailbox.parked = hot
            if waiting or control or ticks:  # more to do, or it came from another thread in this very moment
                mailbox.parked = None
                park_in_hub(hot)
            if now > slice_end:
                self._again.start(self._run)
                return
        self.running = False
        if ready:  # from another thread, in this very moment
            self.start()


def hot_of(cell: "Cell", actor: "Actor") -> Hot:
    """What the trampoline needs to read the mailbox of `cell` for `actor`."""
    mailbox = cell.mailbox
    return cell, actor, mailbox, mailbox.control, mailbox.ticks, mailbox.waiting, mailbox.take, cell.routes


def park_in_hub(hot: Hot) -> None:
    """Let the trampoline read the mailbox, now or when something comes; the greenlet when it has to."""
    cell, _, mailbox, *_ = hot
    greenlet = cell.greenlet
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


def _fail_in_greenlet(cell: "Cell", error: BaseException, during: str) -> None:
    """A handler raised in the hub: the greenlet of its actor fails with it."""
    if cell.greenlet is not None:
        cell.mailbox.control.append(TaskFailed(cell.doing or during, error, cell.incarnation))
        cell.mailbox.run_callback(cell.greenlet.switch)


def trampoline_of(hub: Any) -> Trampoline:
    """The trampoline of `hub`."""
    found: Trampoline | None = getattr(hub, "perpbot_trampoline", None)
    if found is None:
        found = hub.perpbot_trampoline = Trampoline(hub)
    return found

"""Sees when the hub is kept busy, and by whom: a native thread that looks on while the hub does not turn.

Everything in one process runs in turn; a handler that computes for 300 ms delays every actor by 300 ms. The hub beats
by a timer. When a beat is late the thread looks at the hub's stack, at the very code that keeps it, and says whose it
is; when the hub turns again it learns how long it took. A library that holds on to the interpreter all the time keeps
the thread from looking, too: then the length is known, and not who it was.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic_ns  # noqa: TID251 - the thread must not ask a clock that gevent may have patched
from types import FrameType
from typing import Any

import attrs
import gevent
from gevent.monkey import get_original

from actors.runtime.handling import handle
from actors.runtime.life import live
from actors.runtime.reading import read
from actors.runtime.stacks import Place, places
from actors.runtime.tasks import Task
from actors.runtime.telemetry import HandlerTimes
from actors.runtime.trampoline import Trampoline
from perpbot.clock import NS_PER_SECOND, wall_ns

_start_new_thread = get_original("_thread", "start_new_thread")
_sleep = get_original("time", "sleep")
_TRAMPOLINE = Trampoline._run.__code__  # noqa: SLF001 - its frame
_ACTORS = frozenset(function.__code__ for function in (live, read, handle))
_TASKS = Task._run.__code__  # noqa: SLF001 - its frame


@attrs.frozen
class Blocked:
    """The hub did not turn for a while."""

    at_ns: int
    """Wall clock, when it was noticed."""
    lasted_ns: int
    address: str | None
    """Whose code kept it, where that was seen; a greenlet outside of all actors has no address."""
    during: str | None
    """The type of the message, or the name of the hook or task."""
    stack: tuple[Place, ...]
    """Where it was when it was noticed, outermost first; empty when the interpreter itself was held."""

    def __str__(self) -> str:
        who = "a busy machine, or a held interpreter," if not self.stack else self.address or "a greenlet of no actor"
        during = f" in {self.during}" if self.during else ""
        where = f", at {self.stack[-1].file}:{self.stack[-1].line}" if self.stack else ""
        return f"{who}{during} kept everything waiting for {self.lasted_ns / 1e6:.0f} ms{where}"


class Watchdog:
    """Watches the hub of the thread that starts it."""

    def __init__(self, limit_s: float = 0.1, stuck_s: float = 2.0, keep: int = 50) -> None:
        """Blocks shorter than `limit_s` seconds are not looked at; those of `stuck_s` are told while they last."""
        self.limit_ns = int(limit_s * NS_PER_SECOND)
        self.stuck_ns = int(stuck_s * NS_PER_SECOND)
        self.total = 0
        """How many blocks there were."""
        self.longest_ns = 0
        self.lateness = HandlerTimes()
        """How late the hub turned, each time."""
        self.beat_ns = 0
        """Monotonic, when the hub turned last."""
        self.on_blocked: Callable[[Blocked], None] = lambda _: None
        """Called in the hub after each block."""
        self.on_stuck: Callable[[Blocked], None] = lambda _: None
        """Called in the thread when a block may never end; it must not use gevent."""
        self._newest: deque[Blocked] = deque(maxlen=keep)
        self._pause_s = limit_s / 4
        self._seen: Blocked | None = None
        self._timer: Any = None
        self._hub_thread = 0

    def __iter__(self) -> Iterator[Blocked]:
        return iter(self._newest)

    def start(self) -> None:
        """Begin."""
        self._hub_thread = threading.get_ident()
        self.beat_ns = monotonic_ns()
        self._timer = gevent.get_hub().loop.timer(self._pause_s, self._pause_s, ref=False, priority=None)
        self._timer.start(self._beat)
        _start_new_thread(self._look_on, (self._timer,))

    def stop(self) -> None:
        """End; the thread follows."""
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None

    def _beat(self) -> None:
        last, self.beat_ns = self.beat_ns, monotonic_ns()
        seen, self._seen = self._seen, None
        lasted_ns = self.beat_ns - last
        self.lateness.add(max(0, lasted_ns - int(self._pause_s * NS_PER_SECOND)))
        if lasted_ns < self.limit_ns:
            return
        blocked = (
            Blocked(wall_ns(), lasted_ns, None, None, ()) if seen is None else attrs.evolve(seen, lasted_ns=lasted_ns)
        )
        self.total += 1
        self.longest_ns = max(self.longest_ns, lasted_ns)
        self._newest.append(blocked)
        self.on_blocked(blocked)

    # -- in the thread ---------------------------------------------------------------------------------------------

    def _look_on(self, timer: Any) -> None:
        told_ns = 0
        while self._timer is timer:
            _sleep(self._pause_s)
            beat_ns = self.beat_ns
            late_ns = monotonic_ns() - beat_ns
            if late_ns > self.limit_ns and self._seen is None:
                seen = self._culprit(late_ns)
                if self.beat_ns == beat_ns:
                    self._seen = seen
            if late_ns > self.stuck_ns and told_ns != beat_ns:
                told_ns = beat_ns
                stuck = self._culprit(late_ns)
                if stuck is not None:
                    self.on_stuck(stuck)

    def _culprit(self, late_ns: int) -> Blocked | None:
        frame = sys._current_frames().get(self._hub_thread)  # noqa: SLF001 - the only way to see another thread
        if frame is None:
            return None
        address, during = _whose(frame)
        return Blocked(wall_ns(), late_ns, address, during, tuple(places(frame)))


def _whose(frame: FrameType | None) -> tuple[str | None, str | None]:
    """Address and message type of the actor in whose code the innermost frame `frame` is."""
    while frame is not None:
        if frame.f_code is _TRAMPOLINE:
            cell, kind = frame.f_locals.get("cell"), frame.f_locals.get("kind")
            return (
                (cell.address, cell.doing or kind.__name__) if cell is not None and kind is not None else (None, None)
            )
        if frame.f_code in _ACTORS:
            life = frame.f_locals.get("life")
            cell = frame.f_locals["cell"] if life is None else life.cell
            return cell.address, cell.doing
        if frame.f_code is _TASKS:
            task = frame.f_locals["self"]
            return task.owner.address, task.what
        frame = frame.f_back
    return None, None

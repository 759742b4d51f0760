"""gevent's event loop on virtual time.

Nothing here reads a clock. When no callback is left to run, time jumps to the next timer; when no timer is left
either, the loop ends, and gevent raises `LoopExit` in the main greenlet: a deadlock was found. All timers that are
due at one time become runnable together, and race each other and the callbacks that they cause: a seeded choice
decides who is next.
"""

from __future__ import annotations

import sys
from heapq import heappop, heappush
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gevent.exceptions import HubDestroyed

from perpbot.simulation.world.errors import RealWorldError, StandstillError
from perpbot.simulation.world.watchers import Callback, Timer, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random  # noqa: TID251 - the type only
    from types import TracebackType

NS_PER_S = 1_000_000_000

_LONGEST_S = 1e9


class Loop:
    """A loop for gevent's hub: the whole of gevent's interface, on virtual time.

    `now_ns` is the virtual time since the loop began. Timers are rounded up to a multiple of `quantum_ns`, so that
    those which fall into one quantum race each other; they never fire early, nor at the very moment they are set
    unless they were set to zero. `choice` decides every race. `steps` counts what has run, callbacks and timers; after
    `standstill_steps` of them without any time passing the loop gives up.
    """

    default = True
    origflags = origflags_int = 0
    MAXPRI = MINPRI = 0

    def __init__(self, choice: Random, *, quantum_ns: int = 1) -> None:
        self.now_ns = 0
        self.quantum_ns = quantum_ns
        self.approx_timer_resolution = quantum_ns / NS_PER_S
        self.error_handler: Any = None
        self.on_advance: Callable[[], object] | None = None
        self.on_io: Callable[[int, int], object] | None = None
        self._random = choice.random
        self._ready: list[Callback] = []
        self._timers: list[tuple[int, int, Callback, bool]] = []
        self._timer_count = 0
        self.steps = 0
        self.standstill_steps = 1_000_000
        self._last_step = self.standstill_steps
        self._signals: list[tuple[int, Watcher]] = []

    # Running

    def run(self, nowait: bool = False, once: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """Run until nothing can ever happen again.

        Raises:
            StandstillError: too many steps passed without any time passing.
        """
        while True:
            self._drain()
            if not self._advance():
                return

    def _drain(self) -> None:
        queue = self._ready
        random = self._random
        steps, last_step = self.steps, self._last_step
        while queue:
            count = len(queue)
            if count > 1:
                index = int(random() * count)
                entry = queue[index]
                queue[index] = queue[-1]
                del queue[-1]
            else:
                entry = queue.pop()
            callback = entry.callback
            if callback is None:
                continue
            args = entry.args or ()
            entry.callback = None
            try:
                callback(*args)
            except BaseException:  # noqa: BLE001 - gevent's hub decides what becomes of it
                self.handle_error(entry, *sys.exc_info())
            entry.args = None
            steps += 1
            if steps >= last_step:
                self._stand_still(callback)
        self.steps = steps

    def _advance(self) -> bool:
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heappop(timers)
        if not timers or not self._worth_waiting():
            return False
        now = timers[0][0]
        if now > self.now_ns:
            self.now_ns = now
            self._last_step = self.steps + self.standstill_steps
            if self.on_advance is not None:
                self.on_advance()
        ready = self._ready
        while timers and timers[0][0] <= now:
            ready.append(heappop(timers)[2])
        return True

    def _worth_waiting(self) -> bool:
        """Whether any timer is one that keeps the loop alive; the first nearly always is."""
        return self._timers[0][3] or any(ref and entry.callback is not None for _, _, entry, ref in self._timers)

    def _stand_still(self, callback: Callable[..., object]) -> NoReturn:
        raise StandstillError(
            f"{self.standstill_steps:,} callbacks ran at {self.now_ns / NS_PER_S} s of virtual time without any time "
            f"passing; the last was {getattr(callback, '__qualname__', callback)}. Something polls without sleeping."
        )

    def handle_error(
        self,
        context: object,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hand an error to the hub, or stop the loop when the error says that the hub was destroyed."""
        if kind is HubDestroyed:
            self.destroy()
        elif self.error_handler is None:
            raise value or RuntimeError("an error without a value")
        else:
            self.error_handler.handle_error(context, kind, value, trace)

    # Scheduling

    def run_callback(self, func: Callable[..., object], *args: Any) -> Callback:
        """Run `func` with `args` soon, in any order with others."""
        entry = Callback(func, args)
        self._ready.append(entry)
        return entry

    run_callback_threadsafe = run_callback

    def schedule(
        self,
        after_s: float,
        func: Callable[..., object],
        args: tuple[Any, ...] = (),
        ref: bool = True,  # noqa: FBT001, FBT002 - called very often, and names cost time
    ) -> Callback:
        """Run `func` with `args` after `after_s` seconds; without `ref` that alone does not keep the loop alive."""
        if after_s <= 0:
            return self.schedule_ns(self.now_ns, func, args, ref)
        return self.schedule_ns(self.now_ns + ceil(min(after_s, _LONGEST_S) * NS_PER_S), func, args, ref)

    def schedule_ns(
        self,
        at_ns: int,
        func: Callable[..., object],
        args: tuple[Any, ...] = (),
        ref: bool = True,  # noqa: FBT001, FBT002 - called very often, and names cost time
    ) -> Callback:
        """Run `func` with `args` at `at_ns` on the loop's clock, rounded up to the quantum, or now if that is past."""
        now_ns = self.now_ns
        quantum_ns = self.quantum_ns
        entry = Callback(func, args)
        self._timer_count = count = self._timer_count + 1
        rounded_ns = -(-at_ns // quantum_ns) * quantum_ns if at_ns > now_ns else now_ns
        heappush(self._timers, (rounded_ns, count, entry, ref))
        return entry

    def timer(self, after: float, repeat: float = 0.0, ref: bool = True, priority: object = None) -> Timer:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """A timer that is to be started. Priorities mean nothing here: those due at once race each other."""
        return Timer(self, after, repeat, ref)

    def idle(self, ref: bool = True, priority: object = None) -> Timer:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """A watcher that fires when no callback is left to run."""
        return Timer(self, 0.0, 0.0, ref)

    # Time

    def now(self) -> float:
        """Seconds of virtual time since the loop began."""
        return self.now_ns / NS_PER_S

    def update_now(self) -> None:
        """Nothing: time passes only between callbacks."""

    update = update_now

    # Signals, threads, forks: only the simulated world itself can cause them

    def signal(self, signum: int, ref: bool = True, priority: object = None) -> Watcher:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """A watcher for a signal; `deliver_signal` triggers it."""
        watcher = Watcher(self, ref=ref)
        self._signals.append((signum, watcher))
        return watcher

    def deliver_signal(self, signum: int) -> bool:
        """Trigger whoever watches for `signum`; whether anybody does."""
        watchers = [watcher for number, watcher in self._signals if number == signum and watcher.active]
        for watcher in watchers:
            watcher.send()
        return bool(watchers)

    def async_(self, ref: bool = True, priority: object = None) -> Watcher:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """A watcher that its owner triggers."""
        return Watcher(self, ref=ref)

    def fork(self, ref: bool = True, priority: object = None) -> Watcher:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """A watcher that never fires: a simulated process does not fork."""
        return Watcher(self, ref=ref)

    # The real world

    def io(self, fd: int, events: int, ref: bool = True, priority: object = None) -> Any:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """A watcher for a simulated descriptor.

        Raises:
            RealWorldError: the descriptor is a real one.
        """
        watcher = self.on_io(fd, events) if self.on_io is not None else None
        if watcher is not None:
            return watcher
        wish = {1: "read from", 2: "write to"}.get(events, "read from and write to")
        raise RealWorldError(f"waiting to {wish} {_describe(fd)} inside the simulated world")

    def child(self, pid: int, trace: int = 0, ref: bool = True) -> NoReturn:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """Refuse to wait for a child process.

        Raises:
            RealWorldError: always.
        """
        raise RealWorldError(f"waiting for the child process {pid} inside the simulated world")

    def stat(self, path: str, interval: float = 0.0, ref: bool = True, priority: object = None) -> NoReturn:  # noqa: ARG002, FBT001, FBT002 - gevent's interface
        """Refuse to watch a file.

        Raises:
            RealWorldError: always.
        """
        raise RealWorldError(f"watching {path!r} inside the simulated world")

    def closing_fd(self, fd: int) -> bool:  # noqa: ARG002 - gevent's interface
        """Whether watchers for `fd` were cancelled: there are none."""
        return False

    def fileno(self) -> None:
        """No descriptor: there is nothing to poll."""
        return

    # Life and inspection

    def destroy(self) -> None:
        """Forget everything that is still to run."""
        self._ready.clear()
        self._timers.clear()

    def reinit(self) -> None:
        """Nothing to do after a fork."""

    install_sigchld = reset_sigchld = reinit

    def debug(self) -> list[str]:
        """What gevent shows when nothing can ever happen again."""
        return [f"nothing is left to happen after {self.now()} s of virtual time"]

    @property
    def iteration(self) -> int:
        """How many callbacks and timers have run."""
        return self.steps

    @property
    def pendingcnt(self) -> int:
        """How many callbacks are ready to run."""
        return len(self._ready)

    @property
    def activecnt(self) -> int:
        """How many timers wait."""
        return sum(entry.callback is not None for _, _, entry, _ in self._timers)

    def _format(self) -> str:
        return f"virtual time {self.now()} s"


def _describe(fd: int) -> str:
    try:
        target = Path(f"/proc/self/fd/{fd}").readlink()
    except OSError:
        return f"descriptor {fd}"
    return f"descriptor {fd} ({target})"

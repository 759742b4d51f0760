"""Threads of the simulated world: greenlets, and thread pools and workers that need no thread."""

from __future__ import annotations

import _thread
import itertools
import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import gevent.threadpool
from gevent import events, get_hub, getcurrent, monkey, spawn
from gevent.event import AsyncResult
from gevent.pool import GroupMappingMixin

from perpbot.storage import worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent.greenlet import Greenlet
    from gevent.hub import Hub

    from perpbot.simulation.world.rebinding import Replacements
    from perpbot.storage.worker import Done

_NEVER_PATCHED = ("patch_all", "patch_os", "patch_socket", "patch_dns", "patch_ssl", "patch_select", "patch_selectors",
                  "patch_subprocess", "patch_signal", "patch_sys")  # fmt: skip


class ThreadPool(GroupMappingMixin):
    """`gevent.threadpool.ThreadPool` without threads: its tasks run one after the other in a greenlet.

    Each takes no virtual time. A task that uses gevent holds up those behind it, whatever the pool's size.
    """

    def __init__(self, maxsize: int, hub: Hub | None = None, idle_task_timeout: float = -1) -> None:  # noqa: ARG002 - gevent's signature
        self.hub = hub or get_hub()
        self.maxsize = maxsize
        self._tasks: deque[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], AsyncResult[Any]]] = deque()
        self._worker: Greenlet[..., None] | None = None

    def spawn(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> AsyncResult[Any]:  # type: ignore[override]
        """Queue a task; the result is set, and its waiters wake, when it has run."""
        result: AsyncResult[Any] = AsyncResult()
        self._tasks.append((func, args, kwargs, result))
        if self._worker is None:
            self._worker = spawn(self._work)
        return result

    def _work(self) -> None:
        while self._tasks:
            func, args, kwargs, result = self._tasks[0]
            try:
                result.set(func(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
                result.set_exception(error)
            self._tasks.popleft()
        self._worker = None

    @property
    def size(self) -> int:
        """How many threads a real pool would have."""
        return self.maxsize

    @size.setter
    def size(self, value: int) -> None:
        self.maxsize = value

    def join(self) -> None:
        """Wait until every task has run."""
        if self._worker is not None:
            self._worker.join()

    def kill(self) -> None:
        """Nothing: there is no thread to end."""

    def __len__(self) -> int:
        return len(self._tasks)

    def _apply_immediately(self) -> bool:
        return getcurrent() is self._worker

    def _apply_async_cb_spawn(self, callback: Callable[[Any], object], result: Any) -> None:
        callback(result)

    def _apply_async_use_greenlet(self) -> bool:
        return True


class Worker(worker.Worker):
    """`perpbot.storage.worker.Worker` without a thread: the loop does one thing at a time, in no virtual time.

    Every other brief work is done at once, so that a world meets both ways.
    """

    def __init__(self) -> None:
        self._loop = get_hub().loop
        self._tasks: deque[tuple[Callable[[], Any], Done]] = deque()
        self._quick = False

    def do(self, work: Callable[[], Any], done: Done) -> None:
        """Queue a task."""
        self._tasks.append((work, done))
        if len(self._tasks) == 1:
            self._loop.run_callback(self._work)

    def do_brief(self, work: Callable[[], Any], done: Done) -> None:
        """Do a task at once where none is queued, or queue it, in turns."""
        self._quick = not self._quick
        if self._quick and not self._tasks:
            done(*worker.outcome(work))
        else:
            self.do(work, done)

    def _work(self) -> None:
        work, done = self._tasks[0]
        value, error = worker.outcome(work)
        self._tasks.popleft()
        if self._tasks:
            self._loop.run_callback(self._work)
        done(value, error)

    def end(self) -> None:
        """Nothing: there is no thread to end."""


def patch(replacements: Replacements) -> None:
    """Turn threads into greenlets and inline thread pools, now and for whoever patches again."""
    modules = (_thread, threading, queue, time)
    before = [dict(vars(module)) for module in modules]
    # Looking for plugins of gevent takes longer than everything else here together.
    events.notify_and_call_entry_points = events.notify  # type: ignore[attr-defined]
    monkey.patch_thread()
    monkey.patch_time()
    monkey.patch_queue()
    for module, names in zip(modules, before, strict=True):
        for name, original in names.items():
            replacements.note(original, vars(module).get(name, original))
    threading._counter = itertools.count(1).__next__  # type: ignore[attr-defined] # noqa: SLF001 - it names threads
    replacements.put(gevent.threadpool, ThreadPool=ThreadPool)
    replacements.put(worker, Worker=Worker)
    for name in _NEVER_PATCHED:
        setattr(monkey, name, _patched_already)


def _patched_already(*_: object, **__: object) -> None:
    """Do nothing: the world has patched what there is to patch."""

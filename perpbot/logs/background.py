"""Writes events in a thread of its own."""

from collections.abc import Callable, MutableMapping
from typing import Any

from gevent.monkey import get_original

from perpbot.clock import iso, wall_ns

Event = MutableMapping[str, Any]

MOST_WAITING = 100_000
# a real thread and what it waits with, whatever gevent has patched
_SimpleQueue = get_original("queue", "SimpleQueue")
_start_new_thread = get_original("_thread", "start_new_thread")
_allocate_lock = get_original("_thread", "allocate_lock")


class Background:
    """Writes events in a thread of its own: a stalled terminal or disk must not stop trading.

    It keeps at most `MOST_WAITING` events; beyond that the newest are left out. Those and what could not be written,
    for a disk that is full say, are counted; the count is written when that is possible again.
    """

    def __init__(self, write: Callable[[Event], None]) -> None:
        self._write = write
        self._waiting = _SimpleQueue()
        self._left_out = 0
        self._failed = 0
        self._told = 0
        self._done = _allocate_lock()
        self._done.acquire()
        _start_new_thread(self._run, ())

    def write(self, event: Event) -> None:
        """Leave one event to be written."""
        if self._waiting.qsize() >= MOST_WAITING:
            self._left_out += 1
        else:
            self._waiting.put(event)

    @property
    def lost(self) -> int:
        """How many events were never written."""
        return self._left_out + self._failed

    def _run(self) -> None:
        while (event := self._waiting.get()) is not None:
            if not self._written(event):
                self._failed += 1
            elif (lost := self.lost) > self._told and self._written(_lost(lost - self._told)):
                self._told = lost
        self._done.release()

    def _written(self, event: Event) -> bool:
        try:
            self._write(event)
        except Exception:  # noqa: BLE001 - one line that cannot be written must not keep the others from it
            return False
        return True

    def finish(self, timeout_s: float = 2.0) -> None:
        """Write what waits, for at most `timeout_s` seconds."""
        self._waiting.put(None)
        self._done.acquire(timeout=timeout_s)


def _lost(count: int) -> Event:
    return {"event": "log lines lost", "count": count, "level": "error", "time": iso(wall_ns())}

"""Log lines: JSON in a file, short lines on the terminal. Built for one system, nothing is configured globally."""

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog
from gevent.monkey import get_original

from perpbot.clock import iso, wall_ns
from perpbot.masking import Mask

Event = MutableMapping[str, Any]

KEEP_FILES = 5
MAX_BYTES = 50_000_000
MOST_WAITING = 100_000
# a real thread and what it waits with, whatever gevent has patched
_SimpleQueue = get_original("queue", "SimpleQueue")
_start_new_thread = get_original("_thread", "start_new_thread")
_allocate_lock = get_original("_thread", "allocate_lock")
_ON_TERMINAL = ("event", "level", "time", "actor", "traceback")


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


class LogFile:
    """A file of JSON lines that starts anew when it is full; the last few are kept beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._open()

    def _open(self) -> TextIO:
        return self._path.open("a", encoding="utf-8", errors="backslashreplace")

    def write(self, event: Event) -> None:
        """Append one line; `OSError` when that is not possible."""
        if self._file.closed:
            self._file = self._open()
        self._file.write(json.dumps(event, default=str, ensure_ascii=False) + "\n")
        self._file.flush()
        if self._file.tell() > MAX_BYTES:
            self._rotate()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(KEEP_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._file = self._open()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def terminal_writer(stream: TextIO) -> Callable[[Event], None]:
    """Writes events as short lines for people."""

    def write(event: Event) -> None:
        details = " ".join(f"{key}={value}" for key, value in event.items() if key not in _ON_TERMINAL)
        line = f"{event['time'][11:23]} {event['level'].upper():7} {event.get('actor', '-'):28} {event['event']}"
        stream.write(f"{line}  {details}\n" if details else f"{line}\n")
        stream.flush()

    return write


def make_log(level: str, *writers: Callable[[Event], None], mask: Mask | None = None) -> Any:
    """A structlog logger that hands every event of `level` or above to each of `writers`, without what `mask` hides."""
    known = mask or Mask()

    def deliver(_logger: Any, _method: str, event: Event) -> Event:
        shown = known.event(event)
        for write in writers:
            write(shown)
        raise structlog.DropEvent

    def stamp(_logger: Any, method: str, event: Event) -> Event:
        event["level"] = method
        event["time"] = iso(wall_ns())
        return event

    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[stamp, deliver],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )

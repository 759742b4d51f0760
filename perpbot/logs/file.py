"""The log file: one JSON object a line."""

import json
from pathlib import Path
from typing import TextIO

from perpbot.clock import day
from perpbot.logs.background import Event

DAY = slice(0, 10)
"""Of an event's time."""


class LogFile:
    """A file of JSON lines that starts anew when it is full and with every UTC day; the last few are kept beside it.

    The one before is called ``.1``, the one before that ``.2``.
    """

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        """Append to the file at `path`; at most `keep` older ones of `max_bytes` and a line each stay."""
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._open()
        self._day = day(path.stat().st_mtime_ns)
        """When it was last written to."""

    def _open(self) -> TextIO:
        return self._path.open("a", encoding="utf-8", errors="backslashreplace")

    def write(self, event: Event) -> None:
        """Append one line; `OSError` when that is not possible."""
        if self._file.closed:
            self._file = self._open()
        today = str(event["time"])[DAY]
        if today != self._day and self._file.tell():
            self._rotate()
        self._day = today
        self._file.write(json.dumps(event, default=str, ensure_ascii=False) + "\n")
        self._file.flush()
        if self._file.tell() > self._max_bytes:
            self._rotate()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._keep - 1, 0, -1):
            older = self._older(number)
            if older.exists():
                older.replace(self._older(number + 1))
        self._path.replace(self._older(1))
        self._file = self._open()

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

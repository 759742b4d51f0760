"""The file that one venue is recorded into."""

from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TextIO

import attrs

from perpbot.clock import wall_ns
from perpbot.venues.http import Http, Reply, Request
from perpbot.venues.lines import answer_line, began_line, ended_line, frame_line, header_line

WELL = range(200, 300)


class UnwritableError(Exception):
    """Nothing more can be written; the text says where and why."""


@attrs.define
class Counts:
    """What was written."""

    frames: int = 0
    answers: int = 0
    sessions: int = 0
    size: int = 0
    """Bytes."""


class RecordingFile:
    """Lines are on disk when the next one comes, and may be written from several threads; `UnwritableError`."""

    def __init__(self, path: Path, venue: str, symbols: tuple[str, ...]) -> None:
        """Make the file; `FileExistsError` when it is there already, any other `OSError` when it cannot be."""
        self.path = path
        self.counts = Counts()
        self._file: TextIO = path.open("x", encoding="utf-8", newline="\n", buffering=1)
        self._lock = Lock()
        self._write(header_line(venue, symbols))

    def frame(self, frame: bytes) -> None:
        """A frame arrives now."""
        with self._lock:
            self._write(frame_line(frame, wall_ns()))
            self.counts.frames += 1

    def answer(self, url: str, body: bytes) -> None:
        """An answer arrives now."""
        with self._lock:
            self._write(answer_line(url, body, wall_ns()))
            self.counts.answers += 1

    def began(self, url: str) -> None:
        """The stream is connected now."""
        with self._lock:
            self._write(began_line(url, wall_ns()))
            self.counts.sessions += 1

    def ended(self, url: str, reason: str) -> None:
        """The stream is gone now."""
        with self._lock:
            self._write(ended_line(url, reason, wall_ns()))

    def _write(self, line: str) -> None:
        try:
            self._file.write(f"{line}\n")
        except OSError as error:
            raise UnwritableError(f"{self.path} cannot be written any more: {error.strerror}") from error
        self.counts.size += len(line.encode()) + 1

    def close(self) -> None:
        """Nothing more comes. A recording of nothing is not kept."""
        with suppress(OSError):  # what could not be written was told when it was to be
            self._file.close()
        if not self.counts.frames and not self.counts.answers:
            with suppress(OSError):
                self.path.unlink()


class RecordingHttp(Http):
    """A venue's connections for questions, with every good answer written down."""

    def __init__(self, real: Http, file: RecordingFile) -> None:
        self.__dict__.update(real.__dict__)
        self._file = file

    def send(self, request: Request) -> Reply:
        """Send it; raises what `Http.send` raises."""
        reply = super().send(request)
        if reply.status in WELL:
            self._file.answer(request.url, reply.body)
        return reply

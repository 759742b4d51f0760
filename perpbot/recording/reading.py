"""Recordings, read: which venue a file is of, what is in it, and every line of a venue in the order of time."""

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import attrs

from perpbot.recording.answers import Answers
from perpbot.venues.lines import (
    FOR_PEOPLE,
    AnswerLine,
    FrameLine,
    Header,
    RecordedLine,
    SessionBegan,
    SessionEnded,
    read_header,
    read_line,
)
from perpbot.venues.registry import venue_class, venue_names

SHOWN = 60


class RecordingError(Exception):
    """A recording cannot be used; the text says which, where, and why."""


class UnknownVenueError(RecordingError):
    """Nobody knows which venue a file is of, or there is no such venue."""


class Placed(NamedTuple):
    """A line, and where it stands: ``FILE:NUMBER``."""

    held: RecordedLine
    place: str


@attrs.frozen(kw_only=True)
class Recording:
    """Everything that was recorded of one venue. Frames stay on disk."""

    venue: str
    paths: tuple[Path, ...]
    symbols: tuple[str, ...]
    """What was subscribed to; none where the files do not say."""
    answers: Answers
    frames: int
    first_ns: int
    last_ns: int
    marks_ns: tuple[int, ...]
    """When sessions began and ended."""
    cut_off: tuple[Path, ...]
    """Files whose writer did not end in order."""

    def lines(self) -> Iterator[Placed]:
        """Every line in the order of time."""
        return heapq.merge(*map(_lines, self.paths), key=lambda each: each.held.time_ns)


def read_recordings(arguments: Sequence[str]) -> list[Recording]:
    """The recordings in files, each argument ``FILE`` or ``VENUE=FILE``, one recording for each venue.

    Every line is looked at once.

    Raises:
        UnknownVenueError: a file does not say of which venue it is, or there is no such venue.
        RecordingError: a file cannot be read, or is no recording.
    """
    paths: dict[str, list[Path]] = {}
    for argument in arguments:
        venue, path = _venue_of(argument)
        paths.setdefault(venue, []).append(path)
    return [_scanned(venue, each) for venue, each in paths.items()]


def _venue_of(argument: str) -> tuple[str, Path]:
    name, equals, rest = argument.partition("=")
    given = name if equals and "/" not in name and not Path(argument).exists() else None
    path = Path(argument if given is None else rest)
    header = _header(path)
    name = given or (header.venue if header is not None else path.stem)
    if name in venue_names():
        return name, path
    there = f"there are {', '.join(venue_names())}"
    if given is None and header is None:
        raise UnknownVenueError(f"{path}:1: which venue is this of? Say it, as in okx={path}; {there}")
    raise UnknownVenueError(f"{path}:1: no venue is called {name!r}; {there}")


def _header(path: Path) -> Header | None:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            return read_header(file.readline(10_000))
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from error


def _scanned(venue: str, paths: Sequence[Path]) -> Recording:
    answers, marks, cut_off = [], [], []
    frames, first_ns, last_ns = 0, 0, 0
    for path in paths:
        last: RecordedLine | None = None
        for last, _ in _lines(path):
            frames += isinstance(last, FrameLine)
            if isinstance(last, AnswerLine):
                answers.append(last)
            if isinstance(last, SessionBegan | SessionEnded):
                marks.append(last.time_ns)
            first_ns = min(first_ns or last.time_ns, last.time_ns)
            last_ns = max(last_ns, last.time_ns)
        if _header(path) is not None and not isinstance(last, SessionEnded):
            cut_off.append(path)
    if not frames:
        raise RecordingError(f"{paths[0]}: no frame of {venue} is in it")
    return Recording(
        venue=venue,
        paths=tuple(paths),
        symbols=tuple(dict.fromkeys(_symbols(paths))),
        answers=Answers(venue_class(venue), sorted(answers, key=lambda each: each.time_ns)),
        frames=frames,
        first_ns=first_ns,
        last_ns=last_ns,
        marks_ns=tuple(sorted(marks)),
        cut_off=tuple(cut_off),
    )


def _symbols(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        header = _header(path)
        yield from () if header is None else header.symbols


def _lines(path: Path) -> Iterator[Placed]:
    """The lines of one file; a last one that was not written to its end is left out."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, text in enumerate(file, start=1):
                if not text.strip() or text.startswith(FOR_PEOPLE):
                    continue
                held = read_line(text)
                if not text.endswith("\n") and (held is None or _torn(held)):
                    return
                yield Placed(_usable(held, text, f"{path}:{number}"), f"{path}:{number}")
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from error


def _usable(held: RecordedLine | None, text: str, place: str) -> RecordedLine:
    if held is None:
        raise RecordingError(f"{place}: this is no line of a recording: {text.strip()[:SHOWN]!r}")
    if not held.time_ns:
        raise RecordingError(f"{place}: a frame without a time cannot be put in order; a line is TIME: FRAME")
    return held


def _torn(held: RecordedLine) -> bool:
    """Whether the end of a line is missing."""
    text = held.frame if isinstance(held, FrameLine) else held.body if isinstance(held, AnswerLine) else "{}"
    try:
        json.loads(text)
    except ValueError:
        return True
    return False

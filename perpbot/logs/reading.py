"""Log files read back: which there are, and what is in them, newest first.

A file is only ever opened by a name that was found by listing, so no name leads out of the state directory. Lines were
masked when they were written. What is read is bounded: of a long file the newest `MOST_BYTES`. Reading waits for the
disk and parses a lot, so inside PerpBot it is done in gevent's thread pool.
"""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

MOST_BYTES = 64_000_000
MOST_ON_PAGE = 500
CHUNK = 65_536


class NoSuchLogError(ValueError):
    """There is no log file of that name; the text says which there are."""


@attrs.frozen(kw_only=True)
class FoundFile:
    """One log file."""

    name: str
    size: int
    """Bytes."""
    modified_ns: int
    """Wall clock."""


@attrs.frozen(kw_only=True)
class Wanted:
    """Which lines somebody wants to see."""

    file: str | None = None
    """By name; None for the one that is written now."""
    level: str | None = None
    """The least severe, as in ``WARNING``; None for all."""
    keyword: str = ""
    """Found anywhere in the line, whatever its case."""
    page: int = 1
    page_size: int = 50


@attrs.frozen(kw_only=True)
class Page:
    """Some lines of a log file."""

    total: int
    """How many lines match."""
    page: int
    items: tuple[dict[str, Any], ...]
    """Events, newest first."""
    whole: bool
    """Whether the whole file was looked at; else only its newest `MOST_BYTES`."""


def log_files(state: Path, name: str) -> list[FoundFile]:
    """The log called `name` and its older files in the state directory, the one that is written now first."""
    ours = re.compile(re.escape(name) + r"(\.(?P<number>[0-9]{1,4}))?")
    found = []
    for path in state.iterdir():
        match = ours.fullmatch(path.name)
        if match is not None and path.is_file() and not path.is_symlink():
            about = path.stat()
            each = FoundFile(name=path.name, size=about.st_size, modified_ns=about.st_mtime_ns)
            found.append((int(match["number"] or 0), each))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def read_page(state: Path, name: str, wanted: Wanted) -> Page:
    """The lines of the log called `name` that match, one page of them.

    Raises:
        NoSuchLogError: `wanted` names a file that is not among `log_files`.
        ValueError: its level is none, or its page or page size is out of bounds.
    """
    least = _least(wanted)
    path = state / _known(state, name, wanted.file)
    skip, keyword, total = (wanted.page - 1) * wanted.page_size, wanted.keyword.casefold(), 0
    items: list[dict[str, Any]] = []
    for line in newest_first(path):
        event = _event(line, least, keyword)
        if event is not None:
            total += 1
            if total > skip and len(items) < wanted.page_size:
                items.append(event)
    return Page(total=total, page=wanted.page, items=tuple(items), whole=path.stat().st_size <= MOST_BYTES)


def matches(event: dict[str, Any], wanted: Wanted) -> bool:
    """Whether `event` is among what is wanted, wherever it was written: for lines as they come."""
    return _severity(event) >= _least(wanted) and wanted.keyword.casefold() in _text(event).casefold()


def newest_first(path: Path) -> Iterator[str]:
    """The lines of a file from its end, at most `MOST_BYTES` of them; one that is being written may be missing."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        stop, rest = max(0, end - MOST_BYTES), b""
        while end > stop:
            begin = max(stop, end - CHUNK)
            file.seek(begin)
            first, *lines = (file.read(end - begin) + rest).split(b"\n")
            yield from (each.decode("utf-8", "replace") for each in reversed(lines) if each)
            rest, end = first, begin
        if rest and not stop:
            yield rest.decode("utf-8", "replace")


def _known(state: Path, name: str, file: str | None) -> str:
    found = [each.name for each in log_files(state, name)]
    wanted = name if file is None else file
    if wanted not in found:
        raise NoSuchLogError(f"no log file {wanted!r}; there are {', '.join(found) or 'none yet'}")
    return found[found.index(wanted)]


def _least(wanted: Wanted) -> int:
    levels = logging.getLevelNamesMapping()
    level = (wanted.level or "NOTSET").upper()
    if level not in levels:
        raise ValueError(f"no level {wanted.level!r}; there are DEBUG, INFO, WARNING, ERROR and CRITICAL")
    if wanted.page < 1 or not 1 <= wanted.page_size <= MOST_ON_PAGE:
        raise ValueError(f"pages begin at 1 and have up to {MOST_ON_PAGE} lines")
    return levels[level]


def _event(line: str, least: int, keyword: str) -> dict[str, Any] | None:
    if keyword and keyword not in line.casefold():
        return None
    try:
        event = json.loads(line)
    except ValueError:  # a line that was cut short is still shown
        event = None
    event = event if isinstance(event, dict) else {"event": line, "level": "error", "time": ""}
    return event if _severity(event) >= least else None


def _severity(event: dict[str, Any]) -> int:
    return logging.getLevelNamesMapping().get(str(event.get("level", "")).upper(), logging.ERROR)


def _text(event: dict[str, Any]) -> str:
    return json.dumps(event, default=str, ensure_ascii=False)

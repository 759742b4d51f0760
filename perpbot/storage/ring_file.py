"""A small file of JSON lines that keeps the newest state of the last few things, each known by its key.

Lines are appended; of lines with the same key the last counts. A file that has grown long is written anew. Whatever
is not a whole line at the start, because its writer died, is left out.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LINES_PER_KEY = 4
"""How many times as many lines as keys a file may have before it is written anew."""

ESCAPE = "backslashreplace"
"""How a lone surrogate is written, which a venue's answer may have held: as JSON writes it."""


class RingFile:
    """The file at `path`. `complain` is called with a sentence when it cannot be written; nothing is raised then."""

    def __init__(self, path: Path, keep: int, complain: Callable[[str], None]) -> None:
        self._path = path
        self._keep = keep
        self._complain = complain
        self._latest: dict[str, dict[str, Any]] = {}
        self._lines, self._cut = 0, False
        try:
            self._latest, self._lines, self._cut = _load(path)
        except FileNotFoundError:
            pass  # the first time
        except OSError as error:
            complain(f"{path} cannot be read ({error.strerror}); what it kept is not known")
        self._trim()

    @property
    def values(self) -> list[dict[str, Any]]:
        """What the file holds, the newest last."""
        return list(self._latest.values())

    def write(self, value: Mapping[str, Any]) -> None:
        """Keep `value`, which has its key under ``key``, in place of an earlier one."""
        key = str(value["key"])
        self._latest.pop(key, None)
        self._latest[key] = dict(value)
        self._trim()
        try:
            if self._lines >= self._keep * LINES_PER_KEY:
                self._write_anew()
            else:
                with self._path.open("a", encoding="utf-8", errors=ESCAPE) as file:
                    file.write("\n" * self._cut + _line(value))
                self._lines += 1
            self._cut = False
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            self._complain(f"{self._path} cannot be written ({why}); what it should keep is lost at the end")

    def _write_anew(self) -> None:
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_text("".join(map(_line, self._latest.values())), encoding="utf-8", errors=ESCAPE)
        beside.replace(self._path)
        self._lines = len(self._latest)

    def _trim(self) -> None:
        while len(self._latest) > self._keep:
            del self._latest[next(iter(self._latest))]


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str) + "\n"


def _load(path: Path) -> tuple[dict[str, dict[str, Any]], int, bool]:
    """What the file holds by key, how many lines it has, and whether the last one is cut short."""
    text = path.read_text(encoding="utf-8", errors="replace")
    *lines, rest = text.split("\n")  # and at nothing else that ends lines elsewhere: it may be in a text
    latest: dict[str, dict[str, Any]] = {}
    for line in lines:
        try:
            value = json.loads(line)
            key = value["key"]
        except (ValueError, TypeError, KeyError, RecursionError):  # cut short by the end of its writer, or not ours
            continue
        if isinstance(value, dict) and isinstance(key, str):
            latest.pop(key, None)
            latest[key] = value
    return latest, len(lines), bool(rest)

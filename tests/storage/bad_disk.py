"""Disks that take nothing for a while."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from unittest.mock import patch

from perpbot.storage.journal import Journal

Way = Literal["refused", "made and refused", "cut short"]
REFUSED: Way = "refused"
MADE: Way = "made and refused"


@contextmanager
def bad_disk(*ways: Way) -> Iterator[list[int]]:
    """The next writes to the log ahead of the database go in these ways, and all after them well; where they went."""
    really, places, left = os.pwrite, list[int](), list(ways)

    def pwrite(file: int, data: Any, place: int) -> int:
        places.append(place)
        way = left.pop(0) if left else None
        if way == "cut short":
            return really(file, data[: len(data) // 2 // 512 * 512], place)
        length = 0 if way == "refused" else really(file, data, place)
        if way is not None:
            raise OSError(errno.EIO, "Input/output error")
        return length

    with patch.object(os, "pwrite", pwrite):
        yield places


@contextmanager
def nothing_moved() -> Iterator[None]:
    """The database takes nothing."""

    def refused(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with patch.object(Journal, "_insert", refused):
        yield


@contextmanager
def moved_and_refused() -> Iterator[None]:
    """The database takes it, and says no."""
    really = Journal._insert

    def refused(journal: Journal, batches: Any) -> None:
        really(journal, batches)
        raise sqlite3.OperationalError("disk I/O error")

    with patch.object(Journal, "_insert", refused):
        yield

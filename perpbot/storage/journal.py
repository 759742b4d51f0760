"""The journal on disk: append-only, one writer, durable when `append` returns.

It is an SQLite database in WAL mode with synchronous=FULL. What was written last may still be in the log ahead of it
(`write_ahead`), from where it is moved into the database in the background; whoever reads reads both. What was appended
survives a crash of the process and of the machine. A write that was cut short is not there at the next start, and
whatever depended on it never left.
"""

import json
import os
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import attrs
from gevent.monkey import get_original

from perpbot.execution.condensing import condense
from perpbot.execution.entries import Entry
from perpbot.storage.database import JournalError, connection, epoch_of, hold, opened, understood
from perpbot.storage.encoding import canonical, decode, encode
from perpbot.storage.outbox import Outbox
from perpbot.storage.write_ahead import LENGTH, Batch, WriteAheadLog, batches_beyond, in_a_row

MOST_ROWS = 1_000
"""So many are written by one statement."""
_PLACES, _LAST_PLACES = "(?, ?, ?, ?), ", "(?, ?, ?, ?)"
CONDENSE_FROM = 20_000
"""Entries since the last time that make it worth the while."""
_EVERY = -(2**62)
"""Below every number; what is carried has numbers below zero."""


@attrs.frozen
class Line:
    """One entry as it stands in the journal."""

    seq: int
    at_ns: int
    """Wall clock, when it was written."""
    entry: Entry


class Journal:
    """The journal of one state directory. All calls wait for the disk.

    `append` may be called by one thread and everything else by another.
    """

    def __init__(self, directory: Path, *, epoch: int) -> None:
        """Open the journal in `directory`, or make it; `epoch` then distinguishes it from every other journal.

        Raises:
            JournalError: it is held by another system, is not a journal, was written by a newer PerpBot, or has no
                room.
        """
        self.path = directory / "journal.sqlite"
        self._appending, self._moving = _native_lock(), _native_lock()
        self._waiting: deque[tuple[Batch, int]] = deque()
        """What is in the log alone, and where each batch ends there."""
        self._under_way: list[tuple[Batch, int]] = []
        with ExitStack() as held, understood(self.path):
            lock = hold(directory)
            held.callback(os.close, lock)
            self._db = held.enter_context(closing(opened(self.path, lock, epoch)))
            self.epoch = epoch_of(self._db)
            """A number that no other journal has, part of every client order id handed out here."""
            self._mover = held.enter_context(closing(connection(self.path)))
            """Has what is moved: it is no part of anybody else's transaction."""
            self.last = self._take_up(_last(self._db))
            """Number of the last entry, 0 when there is none."""
            self._ahead = held.enter_context(closing(self._begin_log()))
            self._held = held.pop_all()

    def _take_up(self, last: int) -> int:
        """Move what the last run left ahead of the database into it; returns the number of the last entry."""
        left = _left(self.path, last, self.epoch)
        self._insert(left)
        return left[-1].last if left else last

    def _begin_log(self) -> WriteAheadLog:
        ahead = ahead_of(self.path)
        try:
            return WriteAheadLog(ahead, self.epoch)
        except OSError as error:
            want = f"{ahead} cannot have its {LENGTH // 2**20} MB ({error.strerror})"
            raise JournalError(f"{want}: let it be written to, and start again") from error

    @property
    def outbox(self) -> Outbox:
        """What is to be told to somebody; it lies in the same file."""
        return Outbox(self._db)

    def append(self, entries: Iterable[Entry], at_ns: int) -> int:
        """Write `entries` in one commit; returns the number of the last once it is durable.

        Raises:
            OSError, sqlite3.Error: it could not be written, and is not there.
        """
        rows = [(type(entry).__name__, encode(entry)) for entry in entries]
        if not rows:
            return self.last
        with self._appending:
            batch = Batch(self.last + 1, at_ns, rows)
            end = self._ahead.write(batch)
            if end is None:
                self.move()
                end = self._ahead.write(batch)
            if end is None:  # the whole log is too small for it
                with self._moving:
                    self._insert([batch])
            else:
                self._waiting.append((batch, end))
            self.last = batch.last
            return batch.last

    @property
    def filled(self) -> float:
        """How full the log ahead of the database is; when it is full (1), an append has to wait for `move`."""
        return self._ahead.filled

    @property
    def unmoved(self) -> bool:
        """Whether there is anything to `move`."""
        return bool(self._waiting or self._under_way)

    def move(self) -> None:
        """Bring what the log holds into the database, and make room in the log.

        Raises:
            sqlite3.Error: the database does not take it. It stays where it is.
        """
        with self._moving:
            while self._waiting:
                self._under_way.append(self._waiting.popleft())
            if self._under_way:
                self._insert([batch for batch, _ in self._under_way])
                self._ahead.free(self._under_way[-1][1])
                self._under_way = []

    def _insert(self, batches: Iterable[Batch]) -> None:
        """Write `batches` in one commit; they go on where the database ends.

        One statement is one transaction: between several, the thread would have to wait for the interpreter's lock
        again and again.
        """
        rows = [
            (seq, batch.at_ns, kind, body.decode())
            for batch in batches
            for seq, (kind, body) in enumerate(batch.rows, start=batch.first)
        ]
        if not rows:
            return
        if len(rows) <= MOST_ROWS:
            places = f"{_PLACES * (len(rows) - 1)}{_LAST_PLACES}"
            self._mover.execute(f"insert into journal (seq, at_ns, kind, body) values {places}", [*chain(*rows)])  # noqa: S608 - only placeholders
            return
        self._mover.execute("begin immediate")
        try:
            self._mover.executemany("insert into journal (seq, at_ns, kind, body) values (?, ?, ?, ?)", rows)
            self._mover.execute("commit")
        except BaseException:
            if self._mover.in_transaction:  # after some errors SQLite has rolled back by itself
                self._mover.execute("rollback")
            raise

    def prove(self) -> None:
        """Move what waits, and write something that means nothing to both files; raises when the disk takes it not."""
        self.move()
        with self._appending:
            self._ahead.write(Batch(self.last + 1, 0, []))
        self._db.execute("insert or replace into meta values ('proved', 'yes')")

    def lines(self, kinds: Iterable[type] = ()) -> Iterator[Line]:
        """What the present is folded from, oldest first; only of `kinds` when any are given.

        That is every entry, or what a long beginning was condensed to and every entry after it.
        """
        self.move()
        with understood(self.path):
            yield from _condensed_lines(self._db, self.path, kinds)

    def condense(self, now_ns: int, *, least: int = CONDENSE_FROM) -> bool:
        """Make the next start short, when at least `least` entries came since this was last done; whether it was.

        No entry is changed or lost: what they come to is kept beside them.
        """
        self.move()
        with understood(self.path):
            if self.last - _condensed_to(self._db) < least:
                return False
            lines = list(_condensed_lines(self._db, self.path, ()))
            last = self.last
        sums, kept = condense(lines, now_ns)
        first_ns = lines[0].at_ns
        carried = [(seq, first_ns, each) for seq, each in enumerate(sums, start=-len(sums))]
        carried += [(line.seq, line.at_ns, line.entry) for line in kept]
        rows = [(seq, at_ns, type(each).__name__, encode(each).decode()) for seq, at_ns, each in carried]
        self._db.execute("begin immediate")
        try:
            self._db.execute("delete from condensed")
            self._db.executemany("insert into condensed values (?, ?, ?, ?)", rows)
            self._db.execute("insert or replace into meta values ('condensed_to', ?)", (str(last),))
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise
        return True

    def close(self) -> None:
        """Close the files and let others have them; once closed, they stay closed."""
        with suppress(sqlite3.Error, OSError):  # what cannot be moved now is in the log for the next start
            self.move()
            self._ahead.clear()
        self.let_go()

    def let_go(self) -> None:
        """Close the files as they stand, as the end of a process does."""
        self._held.close()


def ahead_of(path: Path) -> Path:
    """The log ahead of the database at `path`."""
    return path.with_suffix(".ahead")


def _native_lock() -> Any:
    """Between threads, whatever gevent has patched."""
    return get_original("_thread", "allocate_lock")()


def _decode(path: Path, seq: int, kind: str, body: str) -> Any:
    try:
        return decode(kind, body)
    except Exception as error:
        raise JournalError(
            f"{path}: entry {seq} ({kind}) cannot be read ({type(error).__name__}). Put back a copy that is whole, or "
            f"close everything at the venues by hand and start with another --state"
        ) from error


def _left(path: Path, last: int, epoch: int) -> list[Batch]:
    """What a run that did not end in order left ahead of its database, which ends with number `last`."""
    ahead = ahead_of(path)
    batches = _beyond(path, _bytes(ahead), last, epoch)
    if missing := batches[len(in_a_row(batches, last)) :]:
        raise _not_together(path, f"one ends with entry {last}, the other goes on with {missing[0].first}")
    return batches


def _beyond(path: Path, log: bytes, last: int, epoch: int) -> list[Batch]:
    try:
        return batches_beyond(last, log, epoch)
    except ValueError as error:
        raise _not_together(path, str(error)) from error


def _not_together(path: Path, why: str) -> JournalError:
    ahead = ahead_of(path)
    return JournalError(
        f"{path} and {ahead.name} are not of one moment ({why}). Put both back as they were together; or move "
        f"{ahead.name} away, and what it holds is lost"
    )


def _bytes(ahead: Path) -> bytes:
    try:
        return ahead.read_bytes()
    except FileNotFoundError:  # it is made with the first start, and a copy of the database alone has none
        return b""
    except OSError as error:
        raise JournalError(f"{ahead} cannot be read ({error.strerror}): let it be read, and start again") from error


_Row = tuple[int, int, str, str]


def _rows(db: sqlite3.Connection, kinds: Iterable[type], after: int, table: str = "journal") -> Iterator[_Row]:
    names = [kind.__name__ for kind in kinds]
    of_kinds = f" and kind in ({','.join('?' * len(names))})" if names else ""
    query = f"select seq, at_ns, kind, body from {table} where seq > ?{of_kinds} order by seq"  # noqa: S608 - only placeholders
    return db.execute(query, (after, *names))


def _lines(path: Path, rows: Iterable[_Row]) -> Iterator[Line]:
    for seq, at_ns, kind, body in rows:
        yield Line(seq, at_ns, _decode(path, seq, kind, body))


def _condensed_lines(db: sqlite3.Connection, path: Path, kinds: Iterable[type]) -> Iterator[Line]:
    wanted = tuple(kinds)
    yield from _lines(path, _rows(db, wanted, _EVERY, "condensed"))
    yield from _lines(path, _rows(db, wanted, _condensed_to(db)))


def _condensed_to(db: sqlite3.Connection) -> int:
    """Number of the last entry that is condensed; 0 when none is."""
    found = db.execute("select value from meta where name='condensed_to'").fetchone()
    return 0 if found is None else int(found[0])


def _last(db: sqlite3.Connection) -> int:
    seq: int = db.execute("select coalesce(max(seq), 0) from journal").fetchone()[0]
    return seq


def read(path: Path, kinds: Iterable[type] = (), after: int = 0, *, whole: bool = True) -> Iterator[Line]:
    """The entries of the journal at `path` beyond number `after`, also while a system writes to it.

    What the present is folded from is enough where not the `whole` is wanted: see `Journal.lines`.

    Raises:
        JournalError: it cannot be read.
    """
    wanted = tuple(kinds)
    with _both(path) as (db, ahead):
        if db is not None:
            yield from _lines(path, _rows(db, wanted, after)) if whole else _condensed_lines(db, path, wanted)
        yield from _lines(path, _rows_ahead(ahead, wanted, after))


def export(path: Path) -> Iterator[str]:
    """The journal at `path` in its canonical form: one JSON object a line, keys sorted. For comparing and keeping."""
    with _both(path) as (db, ahead):
        rows = chain(_rows(db, (), _EVERY) if db is not None else (), _rows_ahead(ahead, (), _EVERY))
        for seq, at_ns, kind, body in rows:
            entry = canonical(_decode(path, seq, kind, body))
            yield json.dumps(
                {"seq": seq, "at_ns": at_ns, "kind": kind, "body": entry}, sort_keys=True, ensure_ascii=False
            )


@contextmanager
def _both(path: Path) -> Iterator[tuple[sqlite3.Connection | None, list[Batch]]]:
    """The database at `path`, as it is at one moment, and what was ahead of it; None where it is just being made.

    The log is read before the database: what is moved meanwhile is found in both, and not in none of them.
    """
    with understood(path):
        log = _bytes(ahead_of(path))
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            db.execute("begin")
            # Whoever makes a journal makes the file first and then its tables.
            if db.execute("select count(*) from sqlite_schema").fetchone()[0]:
                last = _last(db)
                yield db, in_a_row(_beyond(path, log, last, epoch_of(db)), last)
            else:
                yield None, []


def _rows_ahead(batches: Iterable[Batch], kinds: Iterable[type], after: int) -> Iterator[_Row]:
    names = {kind.__name__ for kind in kinds}
    for batch in batches:
        for seq, (kind, body) in enumerate(batch.rows, start=batch.first):
            if seq > after and (not names or kind in names):
                yield seq, batch.at_ns, kind, body.decode()

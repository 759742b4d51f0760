"""The journal on disk: append-only, one writer, durable when `append` returns.

It is an SQLite database in WAL mode with synchronous=FULL. What was written last may still be in the log ahead of it
(`write_ahead`), from where it is moved into the database in the background; whoever reads reads both. What was appended
survives a crash of the process and of the machine. A write that was cut short is not there at the next start, and
whatever depended on it never left.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from gevent.monkey import get_original

from perpbot.execution.condensing import condense
from perpbot.execution.entries import Entry
from perpbot.storage.database import (
    JournalAwayError,
    ahead_of,
    connection,
    epoch_of,
    hold,
    opened,
    understood,
)
from perpbot.storage.encoding import encode
from perpbot.storage.outbox import Outbox
from perpbot.storage.reading import (
    ENDED,
    NOT_YET,
    Line,
    bytes_of,
    condensed_lines,
    condensed_to,
    last_of,
    left_ahead,
    not_together,
    read,
    refuse_a_lost_log,
)
from perpbot.storage.write_ahead import LENGTH, Batch, WriteAheadLog

MOST_ROWS = 1_000
"""So many are written by one statement."""
_PLACES, _LAST_PLACES = "(?, ?, ?, ?), ", "(?, ?, ?, ?)"
CONDENSE_FROM = 20_000
"""Entries since the last time that make it worth the while."""
PATIENCE_S = 5.0
"""So long the end waits for what is being written."""


class Journal:
    """The journal of one state directory. All calls wait for the disk.

    `append` may be called by one thread and everything else by another.
    """

    def __init__(self, directory: Path, *, epoch: int) -> None:
        """Open the journal in `directory`, or make it; `epoch` then distinguishes it from every other journal.

        Raises:
            JournalError: it is held by another system, is not a journal, was written by a newer PerpBot, or is not
                whole.
            JournalAwayError: the disk does not take it now.
        """
        self.path = directory / "journal.sqlite"
        self._appending, self._moving = _native_lock(), _native_lock()
        self._waiting: deque[tuple[Batch, int]] = deque()
        """What is in the log alone, and where each batch ends there."""
        self._unsure = False
        """Whether something that failed to be written past the log may be in the database."""
        self._under_way: list[tuple[Batch, int]] = []
        with ExitStack() as held, understood(self.path):
            lock = hold(directory)
            held.callback(os.close, lock)
            self._db = held.enter_context(closing(opened(self.path, lock, epoch)))
            self.epoch = epoch_of(self._db)
            """A number that no other journal has, part of every client order id handed out here."""
            self._mover = held.enter_context(closing(connection(self.path)))
            """Has what is moved: it is no part of anybody else's transaction."""
            self._ahead = held.enter_context(closing(self._opened_log()))
            self._waiting.extend(self._ahead.left)
            self.last = self._waiting[-1][0].last if self._waiting else last_of(self._db)
            """Number of the last entry, 0 when there is none."""
            self._held = held.pop_all()

    def _opened_log(self) -> WriteAheadLog:
        """The log ahead of the database; what the last run left there waits to be moved."""
        ahead, last = ahead_of(self.path), last_of(self._db)
        refuse_a_lost_log(self._db, self.path)
        left_ahead(self.path, bytes_of(ahead), last, self.epoch)
        try:
            return WriteAheadLog(ahead, self.epoch, last)
        except OSError as error:
            want = f"{ahead} cannot have its {LENGTH // 2**20} MB ({error.strerror})"
            raise JournalAwayError(f"{want}: let it be written to, and start again") from error
        except ValueError as error:
            raise not_together(self.path, str(error)) from error

    @property
    def outbox(self) -> Outbox:
        """What is to be told to somebody; it lies in the same file."""
        return Outbox(self._db)

    def append(self, entries: Iterable[Entry], at_ns: int) -> int:
        """Write `entries` in one commit; returns the number of the last once it is durable.

        Raises:
            OSError, sqlite3.Error: it could not be written: nothing may depend on it. Where the process ends before
                the next call, it may be there all the same.
        """
        rows = [(type(entry).__name__, encode(entry)) for entry in entries]
        if not rows:
            return self.last
        with self._appending:
            if self._unsure:
                self._look_where_it_ends()
            batch = Batch(self.last + 1, at_ns, rows)
            end = self._ahead.write(batch)
            if end is None:
                self.move()
                end = self._ahead.write(batch)
            if end is None:
                self._insert_large(batch)
            else:
                self._waiting.append((batch, end))
            self.last = batch.last
            return batch.last

    def _insert_large(self, batch: Batch) -> None:
        """Write what the whole log is too small for; all before it has been moved."""
        with self._moving:
            try:
                self._insert([batch])
            except BaseException:
                self._unsure = True
                raise

    def _look_where_it_ends(self) -> None:
        """What failed to be written past the log may be there all the same, and its numbers are used then."""
        with self._moving:
            self._take_back()
            self.last = last_of(self._mover)
        self._unsure = False

    def _take_back(self) -> None:
        """End a transaction that could neither be made nor taken back: what is in it is not durable, and is seen."""
        if self._mover.in_transaction:
            self._mover.execute("rollback")

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
            self._move()

    def _move(self) -> None:
        self._take_back()
        last = last_of(self._mover) if self._under_way else 0  # what failed to be moved may be there all the same
        while self._waiting:
            self._under_way.append(self._waiting.popleft())
        if self._under_way:
            beyond = [batch for batch, _ in self._under_way if batch.first > last]
            if beyond:
                self._insert(beyond)
            else:
                self._note_end(NOT_YET)  # a commit that succeeds has all before it on the disk, too
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
        with self._commit():
            self._mover.executemany("insert into journal (seq, at_ns, kind, body) values (?, ?, ?, ?)", rows)

    @contextmanager
    def _commit(self) -> Iterator[None]:
        self._take_back()
        self._mover.execute("begin immediate")
        try:
            yield
            self._mover.execute("commit")
        except BaseException:
            self._take_back()  # after some errors SQLite has done so by itself
            raise

    def prove(self) -> None:
        """Move what waits, and write something that means nothing to both files; raises when the disk takes it not."""
        with self._moving:
            self._move()
            self._note_end(NOT_YET)
        with self._appending:
            self._ahead.prove()

    def _note_end(self, how: str) -> None:
        self._mover.execute("insert or replace into meta values (?, ?)", (ENDED, how))

    def lines(self, kinds: Iterable[type] = ()) -> Iterator[Line]:
        """What the present is folded from, oldest first; only of `kinds` when any are given.

        That is every entry, or what a long beginning was condensed to and every entry after it.
        """
        return read(self.path, kinds, whole=False)

    def condense(self, now_ns: int, *, least: int = CONDENSE_FROM) -> bool:
        """Make the next start short, when at least `least` entries came since this was last done; whether it was.

        No entry is changed or lost: what they come to is kept beside them.
        """
        with self._moving, understood(self.path):
            return self._grown(least) and self._condense(now_ns)

    def _grown(self, least: int) -> bool:
        return last_of(self._mover) - condensed_to(self._mover) >= least

    def _condense(self, now_ns: int) -> bool:
        with self._commit():
            last = last_of(self._mover)
            lines = list(condensed_lines(self._mover, self.path, ()))
            sums, kept = condense(lines, now_ns)
            first_ns = lines[0].at_ns
            carried = [(seq, first_ns, each) for seq, each in enumerate(sums, start=-len(sums))]
            carried += [(line.seq, line.at_ns, line.entry) for line in kept]
            rows = [(seq, at_ns, type(each).__name__, encode(each).decode()) for seq, at_ns, each in carried]
            self._mover.execute("delete from condensed")
            self._mover.executemany("insert into condensed values (?, ?, ?, ?)", rows)
            self._mover.execute("insert or replace into meta values ('condensed_to', ?)", (str(last),))
            return True

    def close(self) -> None:
        """Close the files and let others have them; once closed, they stay closed."""
        with ExitStack() as held, suppress(sqlite3.Error, OSError):
            # What cannot be moved now stays in the log for the next start.
            if all(_taken(held, lock) for lock in (self._appending, self._moving)):  # else somebody writes still
                self._mover.execute(f"pragma busy_timeout={int(1e3 * PATIENCE_S)}")
                self._move()
                self._note_end(NOT_YET)  # a commit of our own: before it, what is read may not be on disk yet
                self._ahead.clear()
                self._note_end("in order")
        self.let_go()

    def let_go(self) -> None:
        """Close the files as they stand, as the end of a process does."""
        self._held.close()


def _native_lock() -> Any:
    """Between threads, whatever gevent has patched."""
    return get_original("_thread", "allocate_lock")()


def _taken(held: ExitStack, lock: Any) -> bool:
    """Whether `lock` could be had soon; then it is let go with all that is `held`."""
    got = bool(lock.acquire(timeout=PATIENCE_S))
    if got:
        held.callback(lock.release)
    return got

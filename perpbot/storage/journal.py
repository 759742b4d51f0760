"""The journal on disk: append-only, one writer, durable when `append` returns.

SQLite in WAL mode with synchronous=FULL: a commit survives a crash of the process and of the machine. A write that
was cut short is not there at the next start, and whatever depended on it never left.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import attrs
import msgspec
from cattrs.preconf.json import make_converter

from perpbot.execution.condensing import condense
from perpbot.execution.entries import Entry
from perpbot.model.money import plain
from perpbot.storage.outbox import OUTBOX_TABLES, Outbox

_MADE = b"journal made"
_MIGRATIONS = (
    (
        """create table journal (
            seq integer primary key, at_ns integer not null, kind text not null, body text not null) strict""",
        "create table meta (name text primary key, value text not null) strict, without rowid",
    ),
    OUTBOX_TABLES,
    (
        """create table if not exists condensed (
            seq integer primary key, at_ns integer not null, kind text not null, body text not null) strict""",
    ),
)
"""What makes each version from the one before, the first from nothing."""
SCHEMA_VERSION = len(_MIGRATIONS)
MOST_ROWS = 1_000
"""So many are written by one statement."""
_PLACES, _LAST_PLACES = "(?, ?, ?), ", "(?, ?, ?)"
CONDENSE_FROM = 20_000
"""Entries since the last time that make it worth the while."""
LOG_BYTES = 2 * 1024 * 1024
"""About what the write-ahead log grows to between two checkpoints."""
_EVERY = -(2**62)
"""Below every number; what is carried has numbers below zero."""

_converter = make_converter()
"""Slower than msgspec, and gives each number the one form it has."""
_converter.register_unstructure_hook(Decimal, plain)
_converter.register_unstructure_hook_func(
    lambda kind: issubclass(kind, msgspec.Struct),
    lambda each: {name: _converter.unstructure(value) for name, value in msgspec.structs.asdict(each).items()},
)

KINDS: dict[str, type] = {each.__name__: each for each in get_args(Entry)}
_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}


class JournalError(ValueError):
    """The journal cannot be used; the text says which file, why, and what to do."""


@attrs.frozen
class Line:
    """One entry as it stands in the journal."""

    seq: int
    at_ns: int
    """Wall clock, when it was written."""
    entry: Entry


class Journal:
    """The journal of one state directory. All calls wait for the disk and come from one thread at a time."""

    def __init__(self, directory: Path, *, epoch: int) -> None:
        """Open the journal in `directory`, or make it; `epoch` then distinguishes it from every other journal.

        Raises:
            JournalError: it is held by another system, is not a journal, was written by a newer PerpBot, or has no
                room.
        """
        self.path = directory / "journal.sqlite"
        self._lock = _lock(directory)
        try:
            with _understood(self.path):
                self._db = self._open(epoch)
        except BaseException:
            os.close(self._lock)
            raise

    def _open(self, epoch: int) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(db, epoch)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection, epoch: int) -> None:
        """Make sure of what the file is before anything is written to it."""
        version = db.execute("pragma user_version").fetchone()[0]
        if not version and os.pread(self._lock, len(_MADE), 0) == _MADE:
            raise JournalError(
                f"{self.path} is empty or gone, and it was not: what is open at the venues is not known any more. Put "
                f"it back (with its -wal), or close everything there by hand and start with another --state"
            )
        if version > SCHEMA_VERSION:
            newer = f"{self.path} was written by a newer PerpBot (schema {version})"
            raise JournalError(f"{newer}; use that one, or another --state")
        if version:
            db.execute("select seq, at_ns, kind, body from journal limit 0")
            db.execute("select value from meta limit 0")
        elif db.execute("select count(*) from sqlite_schema").fetchone()[0]:
            raise sqlite3.DatabaseError("it is the database of another program")
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=full")
        if version != SCHEMA_VERSION:
            db.execute("begin immediate")
            for statement in chain.from_iterable(_MIGRATIONS[version:]):
                db.execute(statement)
            if not version:
                db.execute("insert into meta values ('epoch', ?)", (str(epoch),))
            db.execute(f"pragma user_version={SCHEMA_VERSION}")
            db.execute("commit")
            db.execute("pragma wal_checkpoint(truncate)")  # the file itself is a journal from now on
            os.pwrite(self._lock, _MADE, 0)
        self._make_room()

    def _make_room(self) -> None:
        """Let the write-ahead log have its full length from the beginning.

        SQLite writes over what is there, and starts over after each checkpoint. What makes no file longer is durable
        sooner: nothing but itself is to be written then. Zeros behind the end of a log mean nothing to SQLite.
        """
        try:
            with self.path.with_name(f"{self.path.name}-wal").open("ab") as log:
                log.write(bytes(max(0, LOG_BYTES - log.tell())))
        except OSError as error:
            raise JournalError(
                f"{self.path} has no room for its log ({error.strerror}): make {LOG_BYTES // 2**20} MB free there, and "
                f"start again"
            ) from error

    @property
    def epoch(self) -> int:
        """A number that no other journal has, part of every client order id handed out here."""
        value = self._db.execute("select value from meta where name='epoch'").fetchone()[0]
        return int(value)

    @property
    def outbox(self) -> Outbox:
        """What is to be told to somebody; it lies in the same file."""
        return Outbox(self._db)

    def append(self, entries: Iterable[Entry], at_ns: int) -> int:
        """Write `entries` in one commit; returns the number of the last once it is durable.

        One statement is one transaction: between several, the thread would have to wait for the interpreter's lock
        again and again.
        """
        values = [each for entry in entries for each in (at_ns, type(entry).__name__, _encode(entry))]
        if not values:
            return self.last
        rows = len(values) // 3
        if rows > MOST_ROWS:
            return self._append_many(values)
        statement = f"insert into journal (at_ns, kind, body) values {_PLACES * (rows - 1)}{_LAST_PLACES}"  # noqa: S608 - only placeholders
        return int(self._db.execute(statement, values).lastrowid or 0)

    def _append_many(self, values: list[Any]) -> int:
        """More rows than one statement takes."""
        self._db.execute("begin immediate")
        try:
            rows = zip(*[iter(values)] * 3, strict=True)
            self._db.executemany("insert into journal (at_ns, kind, body) values (?, ?, ?)", rows)
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:  # after some errors SQLite has rolled back by itself
                self._db.execute("rollback")
            raise
        return self.last

    def checkpoint(self) -> None:
        """Bring what was written lately from the write-ahead log into the file, as far as no reader is in the way."""
        self._db.execute("pragma wal_checkpoint(passive)").fetchall()

    def prove(self) -> None:
        """Write and commit something that means nothing; raises what SQLite says when the disk does not take it."""
        self._db.execute("insert or replace into meta values ('proved', 'yes')")

    def lines(self, kinds: Iterable[type] = ()) -> Iterator[Line]:
        """What the present is folded from, oldest first; only of `kinds` when any are given.

        That is every entry, or what a long beginning was condensed to and every entry after it.
        """
        with _understood(self.path):
            yield from _condensed_lines(self._db, self.path, kinds)

    def condense(self, now_ns: int, *, least: int = CONDENSE_FROM) -> bool:
        """Make the next start short, when at least `least` entries came since this was last done; whether it was.

        No entry is changed or lost: what they come to is kept beside them.
        """
        with _understood(self.path):
            if self.last - _condensed_to(self._db) < least:
                return False
            lines = list(_condensed_lines(self._db, self.path, ()))
            last = self.last
        sums, kept = condense(lines, now_ns)
        first_ns = lines[0].at_ns
        rows = [(seq, first_ns, type(each).__name__, _encode(each)) for seq, each in enumerate(sums, start=-len(sums))]
        rows += [(line.seq, line.at_ns, type(line.entry).__name__, _encode(line.entry)) for line in kept]
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

    @property
    def last(self) -> int:
        """Number of the last entry, 0 when there is none."""
        seq: int = self._db.execute("select coalesce(max(seq), 0) from journal").fetchone()[0]
        return seq

    def close(self) -> None:
        """Close the file and let others have it; once closed, it stays closed."""
        self._db.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _lock(directory: Path) -> int:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"{directory} cannot hold a journal ({error}); give another --state") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise JournalError(
            f"{directory} is in use by another PerpBot; stop it, or give this one a --state of its own"
        ) from error
    return handle


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Say of what SQLite does not understand which file it is, and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(
            f"{path} cannot be read as a journal ({error}). Keep the file, and start with another --state"
        ) from error


def _encode(entry: Entry) -> str:
    try:
        return _ENCODER.encode(entry).decode()
    except UnicodeEncodeError:  # half a character, in somebody's name perhaps: no reason to stop trading
        return json.dumps(_converter.unstructure(entry), ensure_ascii=False).encode(errors="replace").decode()


def _decode(path: Path, seq: int, kind: str, body: str) -> Any:
    try:
        return _DECODERS[kind].decode(body)
    except Exception as error:
        raise JournalError(
            f"{path}: entry {seq} ({kind}) cannot be read ({type(error).__name__}). Put back a copy that is whole, or "
            f"close everything at the venues by hand and start with another --state"
        ) from error


def _lines(
    db: sqlite3.Connection, path: Path, kinds: Iterable[type], after: int = 0, table: str = "journal"
) -> Iterator[Line]:
    names = [kind.__name__ for kind in kinds]
    of_kinds = f" and kind in ({','.join('?' * len(names))})" if names else ""
    query = f"select seq, at_ns, kind, body from {table} where seq > ?{of_kinds} order by seq"  # noqa: S608 - only placeholders
    for seq, at_ns, kind, body in db.execute(query, (after, *names)):
        yield Line(seq, at_ns, _decode(path, seq, kind, body))


def _condensed_lines(db: sqlite3.Connection, path: Path, kinds: Iterable[type]) -> Iterator[Line]:
    wanted = tuple(kinds)
    yield from _lines(db, path, wanted, _EVERY, "condensed")
    yield from _lines(db, path, wanted, _condensed_to(db))


def _condensed_to(db: sqlite3.Connection) -> int:
    """Number of the last entry that is condensed; 0 when none is."""
    found = db.execute("select value from meta where name='condensed_to'").fetchone()
    return 0 if found is None else int(found[0])


def read(path: Path, kinds: Iterable[type] = (), after: int = 0, *, whole: bool = True) -> Iterator[Line]:
    """The entries of the journal at `path` beyond number `after`, also while a system writes to it.

    What the present is folded from is enough where not the `whole` is wanted: see `Journal.lines`.

    Raises:
        JournalError: it cannot be read.
    """
    with _understood(path), closing(_reader(path)) as db:
        if _begun(db):
            yield from _lines(db, path, kinds, after) if whole else _condensed_lines(db, path, kinds)


def _begun(db: sqlite3.Connection) -> bool:
    """Whether there is anything in the file: whoever makes a journal makes the file first and then its tables."""
    found: int = db.execute("select count(*) from sqlite_schema").fetchone()[0]
    return found > 0


def export(path: Path) -> Iterator[str]:
    """The journal at `path` in its canonical form: one JSON object a line, keys sorted. For comparing and keeping."""
    with _understood(path), closing(_reader(path)) as db:
        rows = db.execute("select seq, at_ns, kind, body from journal order by seq") if _begun(db) else ()
        for seq, at_ns, kind, body in rows:
            entry = _converter.unstructure(_decode(path, seq, kind, body))
            yield json.dumps(
                {"seq": seq, "at_ns": at_ns, "kind": kind, "body": entry}, sort_keys=True, ensure_ascii=False
            )


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

"""The journal's database: which file it is, that it is ours alone, and its tables."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from perpbot.statedir import LOCK_NAME
from perpbot.storage.outbox import OUTBOX_TABLES

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
    (),  # from here on the newest entries may be in the log ahead of the database: an older PerpBot would not see them
)
"""What makes each version from the one before, the first from nothing."""
BUSY_S = 60.0
"""So long a commit waits for one over another connection, whose disk may be slow."""
SCHEMA_VERSION = len(_MIGRATIONS)


class JournalError(ValueError):
    """The journal cannot be used; the text says which file, why, and what to do."""


class JournalAwayError(JournalError):
    """The journal cannot be used just now, and nothing is wrong with it: it is worth the while to try again."""


def ahead_of(path: Path) -> Path:
    """The log ahead of the database at `path`."""
    return path.with_suffix(".ahead")


def hold(directory: Path) -> int:
    """Make `directory` ours; the open file that is closed to let others have it. Raises `JournalError`."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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


_AWAY = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
}  # fmt: skip


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Say of what SQLite does not understand, or the disk does not take, which file it is, and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _AWAY:  # the upper bits only say which of its kind
            raise JournalAwayError(
                f"{path} cannot be used now ({error}): is the disk full, or does another program hold the file? Mend "
                f"that, and start again with the same --state"
            ) from error
        raise JournalError(
            f"{path} cannot be read as a journal ({error}). Keep the file, and start with another --state"
        ) from error


def opened(path: Path, lock: int, epoch: int) -> sqlite3.Connection:
    """The database at `path` with its tables, made when there is none; `lock` is what `hold` returned.

    Raises:
        JournalError: it was written by a newer PerpBot, or it is gone.
        sqlite3.Error: it is not a journal.
    """
    db = connection(path)
    try:
        _prepare(db, path, lock, epoch)
    except BaseException:
        db.close()
        raise
    return db


def connection(path: Path) -> sqlite3.Connection:
    """A connection whose commits are durable."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
    try:
        db.execute("pragma synchronous=full")
    except BaseException:
        db.close()
        raise
    return db


def recognised(db: sqlite3.Connection, path: Path, *, made: bool) -> int:
    """The version of the journal's schema, 0 for one that is still to be made; `made` is what `was_made` says.

    Raises:
        JournalError: it was written by a newer PerpBot, or it is gone.
        sqlite3.Error: it is not a journal.
    """
    version: int = db.execute("pragma user_version").fetchone()[0]
    if not version and made:
        raise gone(path)
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"{path} was written by a newer PerpBot (schema {version}); use that one, or another --state"
        )
    if version:
        db.execute("select seq, at_ns, kind, body from journal limit 0")
        db.execute("select value from meta limit 0")
    elif db.execute("select count(*) from sqlite_schema").fetchone()[0]:
        raise sqlite3.DatabaseError("it is the database of another program")
    return version


def was_made(directory: Path) -> bool:
    """Whether `directory` has, or had, a journal; raises `JournalError`."""
    lock = directory / LOCK_NAME
    try:
        return lock.read_bytes()[: len(_MADE)] == _MADE
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalError(f"{lock} cannot be read ({error.strerror}): let it be read, and start again") from error


def gone(path: Path) -> JournalError:
    """There was a journal at `path`, and there is none."""
    return JournalError(
        f"{path} is empty or gone, and it was not: what is open at the venues is not known any more. Put it back "
        f"(with its -wal and {ahead_of(path).name}), or close everything there by hand and start with "
        f"another --state"
    )


def _prepare(db: sqlite3.Connection, path: Path, lock: int, epoch: int) -> None:
    """Make sure of what the file is before anything is written to it."""
    version = recognised(db, path, made=os.pread(lock, len(_MADE), 0) == _MADE)
    db.execute("pragma journal_mode=wal")
    if version != SCHEMA_VERSION:
        db.execute("begin immediate")
        for statement in chain.from_iterable(_MIGRATIONS[version:]):
            db.execute(statement)
        if not version:
            db.execute("insert into meta values ('epoch', ?)", (str(epoch),))
        db.execute(f"pragma user_version={SCHEMA_VERSION}")
        db.execute("commit")
        db.execute("pragma wal_checkpoint(truncate)")  # the file itself is a journal from now on
        os.pwrite(lock, _MADE, 0)


def epoch_of(db: sqlite3.Connection) -> int:
    """The number that no other journal has."""
    return int(db.execute("select value from meta where name='epoch'").fetchone()[0])

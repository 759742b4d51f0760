"""What stands in a journal, read from its database and from the log ahead of it, also while a system writes to both."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import attrs

from perpbot.execution.entries import Entry
from perpbot.storage.database import JournalError, ahead_of, epoch_of, gone, recognised, understood, was_made
from perpbot.storage.encoding import canonical, decode
from perpbot.storage.write_ahead import Batch, batches_beyond, in_a_row

ENDED, NOT_YET = "ended", "not yet"
"""What a journal remembers its end under; and until then."""
TRIES = 3
"""So often whoever looks from outside reads log and database, until they go together."""
_EVERY = -(2**62)
"""Below every number; what is carried has numbers below zero."""


@attrs.frozen
class Line:
    """One entry as it stands in the journal."""

    seq: int
    at_ns: int
    """Wall clock, when it was written."""
    entry: Entry


def _decode(path: Path, seq: int, kind: str, body: str) -> Any:
    try:
        return decode(kind, body)
    except Exception as error:
        raise JournalError(
            f"{path}: entry {seq} ({kind}) cannot be read ({type(error).__name__}). Put back a copy that is whole, or "
            f"close everything at the venues by hand and start with another --state"
        ) from error


class _NotTogetherError(JournalError):
    """What is ahead of the database does not go on where it ends."""


def left_ahead(path: Path, log: bytes, last: int, epoch: int) -> list[Batch]:
    """What `log` holds beyond the database's `last` entry; raises `JournalError` where it does not go on there."""
    batches = _of_this_journal(path, log, last, epoch)
    row = in_a_row(batches, last)
    if missing := batches[len(row) :]:
        end = row[-1].last if row else last
        raise not_together(path, f"one ends with entry {end}, the other goes on with {missing[0].first}")
    return batches


def _of_this_journal(path: Path, log: bytes, last: int, epoch: int) -> list[Batch]:
    try:
        return batches_beyond(last, log, epoch)
    except ValueError as error:
        raise not_together(path, str(error)) from error


def not_together(path: Path, why: str) -> JournalError:
    """Database and log cannot be of one journal at one moment."""
    ahead = ahead_of(path)
    return _NotTogetherError(
        f"{path} and {ahead.name} are not of one moment ({why}). Put both back as they were together; or, if the first "
        f"is a copy that was put back, give up what the other holds: mv {ahead} {ahead}.old && touch {ahead}"
    )


def refuse_a_lost_log(db: sqlite3.Connection, path: Path) -> None:
    """Raise `JournalError` where the log ahead of `path` is gone and may have held what the database has not."""
    ahead = ahead_of(path)
    if not ahead.exists() and meta(db, ENDED) == NOT_YET:
        raise JournalError(
            f"{ahead} is gone, and {path.name} is of a run that crashed, or a copy made while one went on: what was "
            f"written last was there. Put it back; or go on without that, by what the venues say: touch {ahead}"
        )


def bytes_of(ahead: Path) -> bytes:
    """What the log `ahead` holds, nothing where there is none; raises `JournalError`."""
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
    """`rows` as the entries they are; `JournalError` names the one that cannot be read."""
    for seq, at_ns, kind, body in rows:
        yield Line(seq, at_ns, _decode(path, seq, kind, body))


def condensed_lines(db: sqlite3.Connection, path: Path, kinds: Iterable[type]) -> Iterator[Line]:
    """What the present is folded from, of the database: what a long beginning came to, and every entry after it."""
    wanted = tuple(kinds)
    yield from _lines(path, _rows(db, wanted, _EVERY, "condensed"))
    yield from _lines(path, _rows(db, wanted, condensed_to(db)))


def condensed_to(db: sqlite3.Connection) -> int:
    """Number of the last entry that is condensed; 0 when none is."""
    return int(meta(db, "condensed_to") or 0)


def meta(db: sqlite3.Connection, name: str) -> str | None:
    """What the journal remembers of itself under `name`."""
    found = db.execute("select value from meta where name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def last_of(db: sqlite3.Connection) -> int:
    """Number of the last entry in the database, 0 when there is none."""
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
            yield from _lines(path, _rows(db, wanted, after)) if whole else condensed_lines(db, path, wanted)
        yield from _lines(path, _rows_ahead(ahead, wanted, after))


def look_over(path: Path) -> None:
    """Raise `JournalError` where a start would refuse the journal at `path`; nothing is changed."""
    made = was_made(path.parent)
    if not path.exists():
        if made:
            raise gone(path)
        return
    with understood(path), closing(_reader(path)) as db:
        if not recognised(db, path, made=made):
            return
        refuse_a_lost_log(db, path)
        _of_this_journal(path, bytes_of(ahead_of(path)), 0, epoch_of(db))
    next(read(path), None)


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


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
    """The database at `path`, as it is at one moment, and what was ahead of it; None where it is just being made."""
    with understood(path), closing(_reader(path)) as db:
        for tries_left in reversed(range(TRIES)):
            log = bytes_of(ahead_of(path))  # before the database: what is moved meanwhile is in both, and not in none
            db.execute("begin")
            # Whoever makes a journal makes the file first and then its tables.
            if not db.execute("select count(*) from sqlite_schema").fetchone()[0]:
                yield None, []
                return
            try:
                ahead = left_ahead(path, log, last_of(db), epoch_of(db))
                break
            except _NotTogetherError:  # the log is written while it is read
                if not tries_left:
                    raise
                db.execute("rollback")
        yield db, ahead


def _rows_ahead(batches: Iterable[Batch], kinds: Iterable[type], after: int) -> Iterator[_Row]:
    """The entries of `batches` beyond number `after`; only of `kinds` when any are given."""
    names = {kind.__name__ for kind in kinds}
    for batch in batches:
        for seq, (kind, body) in enumerate(batch.rows, start=batch.first):
            if seq > after and (not names or kind in names):
                yield seq, batch.at_ns, kind, body.decode()

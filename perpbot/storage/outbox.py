"""Messages on their way to somebody, in the journal's file: what was to be told is told, also after a restart."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

OUTBOX_TABLES = (
    """create table outbox (
        id integer primary key, at_ns integer not null, channel text not null, severity text not null,
        title text not null, body text not null, tries integer not null default 0, next_ns integer not null,
        state text not null default 'waiting' check (state in ('waiting', 'sent', 'given up')),
        done_ns integer, why text not null default '') strict""",
    "create index outbox_waiting on outbox (channel, id) where state = 'waiting'",
    "create table kept (name text primary key, body text not null) strict, without rowid",
)
KEEP = 1_000
"""Messages that are over and stay to be looked at."""
_COLUMNS = "id, at_ns, channel, severity, title, body, tries, next_ns, state, why"


@attrs.frozen(kw_only=True)
class Letter:
    """One message to one channel. Times are wall clock."""

    id: int = 0
    """Given when it is put in."""
    at_ns: int
    channel: str
    severity: str
    title: str
    body: str
    tries: int = 0
    next_ns: int
    """Not to be tried before."""
    state: str = "waiting"
    """``waiting``, ``sent`` or ``given up``."""
    why: str = ""
    """Why the last try failed."""


class Outbox:
    """The outbox of one journal; like it, it waits for the disk and is called from one thread at a time.

    `sqlite3.Error` leaves everything as it was.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, letters: Iterable[Letter]) -> None:
        """Have `letters` delivered; durable when this returns."""
        rows = [(each.at_ns, each.channel, each.severity, each.title, each.body, each.next_ns) for each in letters]
        with self._commit():
            self._db.executemany(
                "insert into outbox (at_ns, channel, severity, title, body, next_ns) values (?, ?, ?, ?, ?, ?)", rows
            )
            self._db.execute(
                """delete from outbox where state != 'waiting' and id <=
                (select max(id) from outbox where state != 'waiting') - ?""",
                (KEEP,),
            )

    def next(self, channel: str) -> Letter | None:
        """The oldest that waits for `channel`, due or not."""
        found = self._letters("where state = 'waiting' and channel = ? order by id limit 1", (channel,))
        return next(found, None)

    def sent(self, letter_id: int, at_ns: int) -> None:
        """Note that it was delivered."""
        self._over(letter_id, "sent", at_ns, "")

    def failed(self, letter_id: int, why: str, next_ns: int) -> None:
        """Note that a try failed; the next one is not before `next_ns`."""
        with self._commit():
            self._db.execute(
                "update outbox set tries = tries + 1, why = ?, next_ns = ? where id = ?", (why, next_ns, letter_id)
            )

    def give_up(self, letter_id: int, why: str, at_ns: int) -> None:
        """Note that it is not tried any more."""
        self._over(letter_id, "given up", at_ns, why)

    def _over(self, letter_id: int, state: str, at_ns: int, why: str) -> None:
        with self._commit():
            self._db.execute(
                "update outbox set tries = tries + 1, state = ?, done_ns = ?, why = ? where id = ?",
                (state, at_ns, why, letter_id),
            )

    def drop_unknown(self, channels: Iterable[str], at_ns: int) -> int:
        """Give up what waits for channels that are not among `channels` any more; returns how many."""
        lost = self.waiting().keys() - set(channels)
        query = """update outbox set state = 'given up', done_ns = ?, why = 'there is no such channel any more'
            where state = 'waiting' and channel = ?"""
        with self._commit():
            return sum(self._db.execute(query, (at_ns, channel)).rowcount for channel in lost)

    def newest(self, limit: int) -> list[Letter]:
        """The newest, newest first, whatever became of them."""
        return list(self._letters("order by id desc limit ?", (limit,)))

    def waiting(self) -> Mapping[str, tuple[int, int]]:
        """By channel: how many wait, and since when the oldest does."""
        query = "select channel, count(*), min(at_ns) from outbox where state = 'waiting' group by channel"
        return {channel: (count, at_ns) for channel, count, at_ns in self._db.execute(query)}

    def keep(self, name: str, value: Any) -> None:
        """Remember `value`, which JSON can hold, under `name`."""
        with self._commit():
            self._db.execute("insert or replace into kept values (?, ?)", (name, json.dumps(value)))

    def kept(self, name: str) -> Any:
        """What was last remembered under `name`; None when nothing was."""
        row = self._db.execute("select body from kept where name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _letters(self, which: str, values: tuple[Any, ...]) -> Iterator[Letter]:
        names = [each.strip() for each in _COLUMNS.split(",")]
        for row in self._db.execute(f"select {_COLUMNS} from outbox {which}", values):  # noqa: S608 - fixed texts
            yield Letter(**dict(zip(names, row, strict=True)))

    @contextmanager
    def _commit(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

"""Where a simulated world lives between two runs of its process.

Every change is committed before the answer that tells of it leaves, so that a killed process loses nothing that
anybody was told. It need not outlive the machine, so SQLite does not wait for the disk.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from threading import Lock

import attrs
import msgspec

from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.orders import Event, Execution, Funded, OrderEvent, VenueOrder

_FILE = "venues.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    venue TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, id INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (venue, account, kind, id)
) WITHOUT ROWID;
"""

Row = tuple[str, str, str, int, bytes]


@attrs.frozen
class WorldFacts:
    """What makes a world the same world."""

    id: str
    seed: int
    runs: int
    """How often it has been started; each run has chance of its own."""


@attrs.frozen
class _AccountFacts:
    """An account without its orders and fills, which are records of their own."""

    currency: str
    cash: dict[str, Decimal]
    deposited: Decimal
    positions: dict[str, Position]
    leverage: dict[str, Decimal]
    fees_paid: Decimal
    funding_received: Decimal
    duplicates: int
    deposits: dict[str, Decimal] = attrs.field(factory=dict)


class Store:
    """Keeps nothing: the world ends with its process."""

    def world(self) -> WorldFacts | None:
        """The world that was saved, if one was."""
        return None

    def save_world(self, facts: WorldFacts) -> None:
        """Save which world this is."""

    def prices(self) -> dict[str, float] | None:
        """The fair prices when they were last saved."""
        return None

    def save_prices(self, prices: Mapping[str, float]) -> None:
        """Save the fair prices."""

    def account(self, venue: str, name: str) -> Account | None:
        """An account as it was saved, with all its history."""
        del venue, name
        return None

    def save(self, venue: str, accounts: Iterable[Account], events: Sequence[Event]) -> None:
        """Save accounts and what happened to them, all or nothing, before this returns."""

    def close(self) -> None:
        """Let go of the files."""


class SqliteStore(Store):
    """Keeps everything in one file of a directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._database = sqlite3.connect(directory / _FILE, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    def world(self) -> WorldFacts | None:
        """The world of the last run, if there was one."""
        body = self._fact("world")
        return None if body is None else msgspec.json.decode(body, type=WorldFacts)

    def save_world(self, facts: WorldFacts) -> None:
        """Write the world's facts."""
        self._save_fact("world", msgspec.json.encode(facts))

    def prices(self) -> dict[str, float] | None:
        """The fair prices of the last run."""
        body = self._fact("prices")
        return None if body is None else msgspec.json.decode(body, type=dict[str, float])

    def save_prices(self, prices: Mapping[str, float]) -> None:
        """Write the fair prices."""
        self._save_fact("prices", msgspec.json.encode(prices))

    def account(self, venue: str, name: str) -> Account | None:
        """Read an account with all its records."""
        bodies = self._bodies(venue, name, "account")
        if not bodies:
            return None
        facts = msgspec.json.decode(bodies[0], type=_AccountFacts)
        account = Account(name, **{each.name: getattr(facts, each.name) for each in attrs.fields(_AccountFacts)})
        for body in self._bodies(venue, name, "order"):
            account.keep(msgspec.json.decode(body, type=VenueOrder))
        account.executions = [
            msgspec.json.decode(body, type=Execution) for body in self._bodies(venue, name, "execution")
        ]
        account.funding = [msgspec.json.decode(body, type=Funded) for body in self._bodies(venue, name, "funding")]
        return account

    def save(self, venue: str, accounts: Iterable[Account], events: Sequence[Event]) -> None:
        """Write accounts and events in one transaction."""
        rows = [_account_row(venue, account) for account in accounts]
        for event in events:
            rows += _event_rows(venue, event)
        with self._lock:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", rows)
            self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _bodies(self, venue: str, account: str, kind: str) -> list[bytes]:
        where = "venue = ? AND account = ? AND kind = ? ORDER BY id"
        with self._lock:
            rows = self._database.execute(f"SELECT body FROM records WHERE {where}", (venue, account, kind))  # noqa: S608
            return [body for (body,) in rows]

    def _fact(self, name: str) -> bytes | None:
        with self._lock:
            row = self._database.execute("SELECT body FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _save_fact(self, name: str, body: bytes) -> None:
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, body))


def _account_row(venue: str, account: Account) -> Row:
    facts = _AccountFacts(*(getattr(account, each.name) for each in attrs.fields(_AccountFacts)))
    return venue, account.name, "account", 0, msgspec.json.encode(facts)


def _event_rows(venue: str, event: Event) -> list[Row]:
    if isinstance(event, OrderEvent):
        order = event.order
        rows = [(venue, order.account, "order", order.id, msgspec.json.encode(order))]
        if event.execution is not None:
            rows.append((venue, order.account, "execution", event.execution.id, msgspec.json.encode(event.execution)))
        return rows
    return [(venue, event.account, "funding", event.id, msgspec.json.encode(event))]

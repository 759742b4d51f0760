"""One PerpBot and its simulated venues inside a simulated world."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import ccxt  # noqa: F401 - heavy imports happen once, before the forks
import gevent
import pytest
from three_venues import NAMES

import perpbot.venues.aster
import perpbot.venues.hyperliquid
import perpbot.venues.okx  # noqa: F401 - all three are loaded before the forks
from actors.orders import Orders
from actors.runtime.signals import TaskFailed
from perpbot import logs
from perpbot.chaos.invariants import Inspector
from perpbot.chaos.run import bounds
from perpbot.chaos.watch import Watch
from perpbot.clock import monotonic_ns
from perpbot.config.settings import Settings, load_settings
from perpbot.execution.accounting import KINDS, Accounting
from perpbot.execution.entries import TradeRecord
from perpbot.execution.ledger import Ledger
from perpbot.model.money import ZERO
from perpbot.portfolio.pnl import by
from perpbot.portfolio.profit import NO_PROFIT
from perpbot.program import Program, Setting, open_journal
from perpbot.simulation.venues.market import COINS, MarketSettings
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.world import World
from perpbot.storage.reading import read
from perpbot.venues.registry import venue_names

MEMORY = Path("/dev/shm")  # noqa: S108 - virtual time should not wait for a real disk
CONFIG = Path(__file__).parents[2] / "config" / "simulation.yaml"
WORLD_ID = "00000000000000aa"
NS_PER_SECOND = 1_000_000_000


@pytest.fixture
def state() -> Iterator[Path]:
    """A state directory that costs no time."""
    with tempfile.TemporaryDirectory(prefix="perpbot-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


def settings(venues: Sequence[str] = NAMES) -> Settings:
    """What `make run` uses, with three venues: more of them take longer and tell nothing more."""
    every = load_settings(CONFIG, os.environ, tuple(venue_names()))
    pairs = tuple(pair for pair in every.scanner.priority_exchange_pairs if set(pair) <= set(venues))
    scanner = attrs.evolve(every.scanner, priority_exchange_pairs=pairs)
    return attrs.evolve(every, scanner=scanner, exchanges={name: every.exchanges[name] for name in venues})


@attrs.define
class Whole:
    """A running program and the venues it trades at."""

    world: World
    state: Path
    market: MarketSettings = attrs.field(factory=lambda: MarketSettings(frames_per_second=4.0, edge_every_s=3.0))
    settings: Settings = attrs.field(factory=settings)
    venues: SimulatedVenues = attrs.field(init=False)
    program: Program = attrs.field(init=False)
    log: list[Mapping[str, Any]] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.venues = SimulatedVenues(
            list(self.settings.exchanges),
            seed=self.world.seed,
            settings=self.market,
            coins=[base for base in self.settings.bases if base in COINS],
            world_id=WORLD_ID,
        )
        self.details = self.venues.start()
        self.program = self.make_program()
        self.inspector = Inspector(bounds(self.settings))
        Watch(self.inspector, self.venues, lambda: self.program, self.state / "journal.sqlite")

    details: Mapping[str, Any] = attrs.field(init=False)
    inspector: Inspector = attrs.field(init=False)
    """Has seen all of it; a run that stops in order must have violated nothing."""

    def make_program(self) -> Program:
        return Program(
            Setting(
                settings=self.settings,
                config="config/simulation.yaml",
                state=self.state,
                simulated=self.details,
                environment=os.environ,
                seed=self.world.seed,
            ),
            open_journal(self.state),
            logs.make_log("INFO", self.log.append),
        )

    # -- time ------------------------------------------------------------------------------------------------------

    def wait_until(self, condition: Callable[[], bool], within_s: float, what: str) -> None:
        """Let the world go on until `condition`; fail when that takes more than `within_s` virtual seconds."""
        deadline = monotonic_ns() + int(within_s * NS_PER_SECOND)
        while not condition():
            assert monotonic_ns() < deadline, f"not within {within_s} s: {what}"
            gevent.sleep(0.01)

    # -- looking ---------------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        orders = self.program.system.cell("/books/orders").actor
        return orders.ledger if isinstance(orders, Orders) else Ledger()

    @property
    def open_trades(self) -> int:
        return len(self.ledger.trades())

    @property
    def records(self) -> list[TradeRecord]:
        return self.ledger.records

    def circuit(self, venue: str, connection: str = "trading") -> str:
        return self.program.parts.gates[f"/venues/{venue}/{connection}"].circuit.value

    def all_connected(self) -> bool:
        return all(gate.circuit.value == "CONNECTED" for gate in self.program.parts.gates.values())

    def alive(self, address: str) -> bool:
        return self.program.system.cell(address).alive

    def crash(self, address: str) -> None:
        """Make the actor at `address` fail as if a handler had raised."""
        cell = self.program.system.cell(address)
        cell.mailbox.signal(TaskFailed("test", RuntimeError("crashed by the test"), cell.incarnation))

    def stop(self) -> dict[str, Any]:
        report = self.program.stop()
        self.venues.stop()
        assert self.inspector.violations == []
        return report

    def end_abruptly(self) -> None:
        """Stop everything as it stands: nothing is closed, nothing is finished."""
        self.program.abandon()

    def accounting(self) -> Accounting:
        """Profit and loss, folded anew from the journal on disk."""
        accounting = Accounting()
        for line in read(self.state / "journal.sqlite", KINDS):
            accounting.apply(line.entry)
        return accounting

    # -- the other side's books ------------------------------------------------------------------------------------

    def books(self) -> dict[str, dict[str, Any]]:
        """Each venue's own accounting of our one account there."""
        return {name: next(iter(self.venues.admin.books(name).values())) for name in self.settings.exchanges}

    def venue_profit(self) -> dict[str, Decimal]:
        """What the venues' own books say was won or lost, by currency; positions must be flat."""
        profit: dict[str, Decimal] = {}
        for books in self.books().values():
            assert not books["positions"], books["positions"]
            for currency, earned in books["earned"].items():
                profit[currency] = profit.get(currency, ZERO) + earned
        return profit


def check_accounts(whole: Whole, report: Mapping[str, Any]) -> None:
    """What must hold at the end of every run, whatever happened in it: our books are the venues' books."""
    assert report["orders"]["unknown_open"] == 0
    assert report["orders"]["duplicates"] == 0
    assert report["exposure"]["positions"] == {}
    books = whole.books()
    assert all(each["duplicates"] == 0 for each in books.values())
    ours = {currency: Decimal(each["net"]) for currency, each in report["pnl"]["by_currency"].items()}
    theirs = whole.venue_profit()
    assert ours == {currency: theirs[currency] for currency in ours}
    assert all(theirs[currency] == 0 for currency in theirs if currency not in ours)
    booked = by(whole.accounting().pnl.booked, "venue")
    for venue, each in books.items():
        for currency, earned in each["earned"].items():
            profit = booked.get((venue, currency), NO_PROFIT)
            assert profit.net == earned, f"profit in {currency} at {venue}, to the last unit"
    assert [order for each in books.values() for order in each["orders"] if order["status"] == "open"] == []

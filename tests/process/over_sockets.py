"""PerpBot in a process of its own, trading over real sockets at simulated venues that a test can reach into."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from running_system import Output, environment
from three_venues import NAMES, three_venues

from perpbot import clock
from perpbot.children import ended
from perpbot.execution.entries import CaughtUp, FundingBooked, OrderFilled
from perpbot.execution.ledger import Ledger
from perpbot.execution.record import OrderRecord
from perpbot.model.money import ZERO
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.venues.orders import Status, Ticket, VenueOrder
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue
from perpbot.storage.reading import read

PATIENCE_S = 90.0
SILENCE = re.compile(r"(websocket_timeout_sec): 10")
COINS = ("BTC", "ETH", "SOL")

Place = Callable[[Ticket, int], VenueOrder]


@attrs.define
class OverSockets:
    """A running system, and the venues it trades at, which live in this process."""

    venues: SimulatedVenues
    process: "subprocess.Popen[str]"
    output: Output
    state: Path

    # -- the venues' side ------------------------------------------------------------------------------------------

    def serving(self, venue: str) -> SimulatedVenue:
        return self.venues.venues[venue]

    def account(self, venue: str) -> Account:
        return self.serving(venue).engine.accounts[ACCOUNT]

    def faults(self, venue: str, **faults: int | bool) -> None:
        self.venues.admin.set_faults(venue, **faults)

    @contextmanager
    def placing(self, venue: str, act: Callable[[Ticket, int, Place], VenueOrder]) -> Iterator[None]:
        """As long as the block runs, the venue takes orders as `act` does, which is given how it usually does."""
        served = self.serving(venue)
        usual = served.place
        served.place = lambda ticket, now_ns: act(ticket, now_ns, usual)  # type: ignore[method-assign]
        try:
            yield
        finally:
            served.place = usual  # type: ignore[method-assign]

    # -- our side --------------------------------------------------------------------------------------------------

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite"

    def ledger(self) -> Ledger:
        """All orders and trades, folded anew from the journal on disk."""
        ledger = Ledger()
        for line in read(self.journal):
            ledger.apply(line.entry, 0)
        return ledger

    def record(self, wire_id: str) -> OrderRecord:
        """The order that has this id on the wire."""
        return next(each for each in self.ledger()._orders.values() if each.order.wire_id == wire_id)

    def orders_of(self, trade_id: str) -> list[OrderRecord]:
        return [each for each in self.ledger()._orders.values() if each.order.trade_id == trade_id]

    def caught_up(self, venue: str) -> int:
        """How often everything that the venue knows was asked for."""
        return sum(line.entry.venue == venue for line in read(self.journal, (CaughtUp,)))  # type: ignore[union-attr]

    def said(self, text: str) -> list[str]:
        """Log lines with `text` in them."""
        return [each for each in self.output.lines if text in each]

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """What `condition` says once it is true."""
        deadline = clock.monotonic_ns() + int(PATIENCE_S * clock.NS_PER_SECOND)
        pause = threading.Event()
        while not (found := condition()):
            assert clock.monotonic_ns() < deadline, f"not within {PATIENCE_S:g} s: {what}"
            pause.wait(0.05)
        return found

    # -- the end ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop in order: nothing is left open, nothing was sent twice, and both sides' books agree to the last unit."""
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0, self.output.text()
        ours = dict.fromkeys(NAMES, ZERO)
        for line in read(self.journal, (OrderFilled, FundingBooked)):
            if isinstance(line.entry, OrderFilled):
                fill = line.entry.fill
                ours[fill.venue] -= fill.side.sign * fill.quantity * fill.price + fill.fee.amount
            elif isinstance(line.entry, FundingBooked):
                ours[line.entry.payment.venue] += line.entry.payment.amount.amount
        theirs = {}
        for name in NAMES:
            account = self.account(name)
            assert account.duplicates == 0
            assert not [each for each in account.positions.values() if each.size]
            assert not [each for each in account.orders.values() if each.status is Status.OPEN]
            theirs[name] = account.balance - account.deposited
        assert ours == theirs, f"the journal says {ours}, the venues say {theirs}"


@contextmanager
def over_sockets(folder: Path) -> Iterator[OverSockets]:
    """A system that trades; whoever lets it stop by itself must have stopped it in order."""
    threads = set(threading.enumerate())
    market = MarketSettings(frames_per_second=5.0, edge_every_s=1.0, burst_every_s=0.0)
    venues = SimulatedVenues(NAMES, seed=11, settings=market, coins=COINS)
    try:
        details = folder / "venues.json"
        details.write_text(json.dumps(venues.start()))
        with _started(folder, details) as (process, output):
            yield OverSockets(venues, process, output, folder / "state")
    finally:
        venues.stop()
        for each in set(threading.enumerate()) - threads:
            each.join(PATIENCE_S)
            assert not each.is_alive(), f"{each} is left behind"


@contextmanager
def _started(folder: Path, details: Path) -> Iterator[tuple["subprocess.Popen[str]", Output]]:
    config = three_venues(folder)
    config.write_text(SILENCE.sub(r"\1: 3", config.read_text()))
    command = [sys.executable, "-m", "perpbot.main", "--no-console", "--no-web", "--config", str(config)]
    command += ["--venues", str(details), "--state", str(folder / "state")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stderr is not None
    with ended(process), process.stderr:
        output = Output(process.stderr)
        output.wait_for("after=CONNECTED", 2 * len(NAMES))
        yield process, output

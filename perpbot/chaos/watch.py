"""Watches a program and its simulated venues, all in one simulated world, for an `Inspector`."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import gevent

from actors.orders import Orders
from actors.pool import CapitalPool
from perpbot.chaos.invariants import Arrival, Inspector, Moment, Reserved
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.entries import OrdersIntended, TradeOpened
from perpbot.model.money import ZERO
from perpbot.program import Program
from perpbot.simulation.venues.orders import Ticket, VenueOrder
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue
from perpbot.storage.reading import read
from supervisors import addresses

LOOK_EVERY_S = 0.25
POOLS = ("wash", "arb", "reserve")


class Watch:
    """Tells the inspector of every order that reaches a venue, before it is taken, and how things are all the time."""

    def __init__(
        self,
        inspector: Inspector,
        venues: SimulatedVenues,
        program: Callable[[], Program],
        journal: Path,
        *,
        reachable: Callable[[], bool] | None = None,
    ) -> None:
        """Watch from now on.

        Args:
            inspector: who is told.
            venues: all venues that are traded at.
            program: the program that runs now; it may be another one later.
            journal: where it is on disk.
            reachable: whether every venue can be traded at; None leaves out what stands alone, as where somebody else
                trades in the same accounts.
        """
        self.inspector = inspector
        self._venues = venues
        self._program = program
        self._journal = journal
        self._reachable = reachable
        self._seq = 0
        self._began_ns = monotonic_ns()
        for name, venue in venues.venues.items():
            self._stand_before(name, venue)
        gevent.spawn(self._look_on)

    @property
    def now_s(self) -> float:
        """Seconds since it began."""
        return (monotonic_ns() - self._began_ns) / NS_PER_SECOND

    # -- orders on their way ---------------------------------------------------------------------------------------

    def _stand_before(self, name: str, served: SimulatedVenue) -> None:
        usual = served.place

        def place(ticket: Ticket, now_ns: int) -> VenueOrder:
            self.read_journal()
            meets = _meets(served, ticket)
            self.inspector.arrived(Arrival(at_s=self.now_s, venue=name, wire_id=ticket.client_id, meets=meets))
            return usual(ticket, now_ns)

        served.place = place  # type: ignore[method-assign]

    def read_journal(self) -> None:
        """Tell of what the journal on disk remembers by now."""
        if self._journal.exists():
            for line in read(self._journal, (TradeOpened, OrdersIntended), self._seq):
                self._seq = line.seq
                self.inspector.remembered(line.entry, self.now_s)

    # -- how things are --------------------------------------------------------------------------------------------

    def _look_on(self) -> None:
        while not self._venues.over.is_set():
            self.look()
            gevent.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Tell how things are now."""
        system = self._program().system
        orders = system.cell(addresses.ORDERS).actor
        moment = Moment(
            at_s=self.now_s,
            reachable=self._reachable is not None and self._reachable(),
            alone={} if self._reachable is None else alone(self._venues),
            pools=self.pools(),
            illegal_steps=orders.counts.illegal if isinstance(orders, Orders) else 0,
        )
        self.inspector.looked(moment)

    def pools(self) -> Mapping[str, Reserved]:
        """What each pool has set aside and left at each venue."""
        found = {}
        program = self._program()
        for name in POOLS:
            pool = program.system.cell(addresses.pool_address(name)).actor
            if isinstance(pool, CapitalPool):
                told = pool.describe()
                for venue, total in told["total"].items():
                    available = Decimal(told["available"][venue])
                    had = Decimal(total) + Decimal(told["borrowed"].get(venue, "0")) - Decimal(told["lent"][venue])
                    found[f"{name} at {venue}"] = Reserved(allocated=had - available, available=available)
        return found


def alone(venues: SimulatedVenues) -> dict[str, Decimal]:
    """Value of what all venues together hold of each coin, at the mark, unsigned."""
    net: dict[str, Decimal] = {}
    mark: dict[str, Decimal] = {}
    for venue in venues.venues.values():
        for symbol, held in venue.engine.accounts[ACCOUNT].positions.items():
            coin = venue.coins[symbol]
            net[coin] = net.get(coin, ZERO) + held.size
            mark[coin] = venue.engine.marks[symbol]
    return {coin: abs(size) * mark[coin] for coin, size in net.items()}


def _meets(venue: SimulatedVenue, ticket: Ticket) -> str:
    """The id of a waiting order of the same account that `ticket` would trade with; empty where there is none."""
    for order in venue.engine.accounts[ticket.account].open_orders:
        if order.symbol == ticket.symbol and order.side is not ticket.side and order.price is not None:
            crosses = ticket.price is None or (ticket.price - order.price) * ticket.side.sign >= 0
            if crosses:
                return order.client_id or str(order.id)
    return ""

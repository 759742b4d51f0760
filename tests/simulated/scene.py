"""What the numbered scenarios share: a program that trades, ways to make its venues err, and its orders read back."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import gevent
from whole import Whole, check_accounts

from actors.runtime.signals import TaskFailed
from perpbot import clock
from perpbot.execution.entries import FundingBooked, OrderFilled
from perpbot.execution.record import OrderRecord
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.orders import Lifetime, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue
from perpbot.simulation.world import World
from perpbot.storage.reading import read

Place = Callable[[Ticket, int], VenueOrder]


def started(world: World, state: Path, **changes: Any) -> Whole:
    """A program whose connections are up."""
    whole = Whole(world, state, **changes)
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    return whole


def ended(whole: Whole) -> dict[str, Any]:
    """Stop in order; both sides' books must agree."""
    report = whole.stop()
    check_accounts(whole, report)
    return report


def ended_after_restarts(whole: Whole) -> dict[str, Any]:
    """Stop in order; what the whole journal says was earned is what the venues' books say."""
    report = whole.stop()
    assert report["orders"]["unknown_open"] == 0
    assert report["exposure"]["positions"] == {}
    ours = dict.fromkeys(whole.settings.exchanges, ZERO)
    for line in read(whole.state / "journal.sqlite", (OrderFilled, FundingBooked)):
        if isinstance(line.entry, OrderFilled):
            fill = line.entry.fill
            ours[fill.venue] -= fill.side.sign * fill.quantity * fill.price + fill.fee.amount
        elif isinstance(line.entry, FundingBooked):
            ours[line.entry.payment.venue] += line.entry.payment.amount.amount
    books = whole.books()
    assert all(each["duplicates"] == 0 and not each["positions"] for each in books.values())
    theirs = {name: each["cash"][each["currency"]] - each["deposited"] for name, each in books.items()}
    assert ours == theirs, f"the journal says {ours}, the venues say {theirs}"
    return report


def again(whole: Whole) -> None:
    """Start the program anew on the same journal, as after a crash."""
    whole.program = whole.make_program()
    whole.program.start()
    whole.wait_until(whole.all_connected, 20.0, "all connections up again")


def quiet(whole: Whole) -> None:
    """Until no trade is in progress."""
    whole.wait_until(lambda: whole.open_trades == 0, 120.0, "no trade in progress")


def drained(whole: Whole) -> None:
    """Open nothing any more, and wait until nothing is open."""
    whole.program.kill.set("global", on=True, by="the test")
    quiet(whole)


def said(whole: Whole, event: str) -> list[Any]:
    """The log lines that begin with `event`."""
    return [each for each in whole.log if str(each.get("event", "")).startswith(event)]


def orders(whole: Whole, purpose: str | None = None) -> list[OrderRecord]:
    """Every order in the ledger, oldest first."""
    return [each for each in whole.ledger._orders.values() if purpose in {None, each.order.purpose}]


def orders_of(whole: Whole, trade_id: str) -> list[OrderRecord]:
    """The orders of one trade, oldest first."""
    return [each for each in orders(whole) if each.order.trade_id == trade_id]


def first(whole: Whole, wanted: Callable[[OrderRecord], bool], what: str = "such an order") -> OrderRecord:
    """Wait for an order."""
    found: list[OrderRecord] = []

    def look() -> bool:
        found[:] = [each for each in orders(whole) if wanted(each)]
        return bool(found)

    whole.wait_until(look, 300.0, what)
    return found[0]


def serving(whole: Whole, venue: str) -> SimulatedVenue:
    """The simulated venue itself."""
    return whole.venues.venues[venue]


def account(whole: Whole, venue: str) -> Account:
    """Our account there, as the venue keeps it."""
    return serving(whole, venue).engine.accounts[ACCOUNT]


def native(whole: Whole, venue: str, symbol: str) -> Instrument:
    """The instrument at the venue."""
    found = whole.program.parts.venues[venue].instruments.symbol(symbol)
    assert found is not None
    return found


def at_place(venue: SimulatedVenue, act: Callable[[Ticket, int, Place], VenueOrder]) -> None:
    """From now on the venue takes orders as `act` does, which is given how it usually does."""
    usual = venue.place
    venue.place = lambda ticket, now_ns: act(ticket, now_ns, usual)  # type: ignore[method-assign]


def positions(whole: Whole) -> dict[tuple[str, str], Decimal]:
    """What the venues hold for us, by venue and coin."""
    return {
        (name, serving(whole, name).coins[symbol]): held.size
        for name in whole.settings.exchanges
        for symbol, held in account(whole, name).positions.items()
        if held.size
    }


def net(whole: Whole) -> dict[str, Decimal]:
    """What the venues hold for us, by coin over all of them; only what is not zero."""
    sums: dict[str, Decimal] = {}
    for (_, coin), size in positions(whole).items():
        sums[coin] = sums.get(coin, Decimal(0)) + size
    return {coin: size for coin, size in sums.items() if size}


def somebody_trades(whole: Whole, venue: str, symbol: str, side: Side, size: Decimal) -> None:
    """An order in our account that PerpBot knows nothing of."""
    served = serving(whole, venue)
    ticket = Ticket(account=ACCOUNT, symbol=symbol, side=side, size=size, price=None, lifetime=Lifetime.IOC)
    with served.lock:
        served.engine.place(ticket, clock.wall_ns())
        served.settle(clock.wall_ns())


def crash_all(whole: Whole, prefix: str) -> int:
    """Make every actor below `prefix` fail; how many there were."""
    cells = [cell for cell in whole.program.system.cells() if cell.address.startswith(prefix) and cell.alive]
    for cell in cells:
        cell.mailbox.signal(TaskFailed("test", RuntimeError("crashed by the test"), cell.incarnation))
    return len(cells)


def watched(seconds: float, look: Callable[[], None]) -> None:
    """Let the world go on for `seconds`, looking a hundred times a second."""
    until = clock.monotonic_ns() + int(seconds * clock.NS_PER_SECOND)
    while clock.monotonic_ns() < until:
        look()
        gevent.sleep(0.01)

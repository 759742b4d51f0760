"""Orders that wait at a venue: ours are cancelled when they should not, others' never, and all of them without us."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import gevent
import pytest
from msgspec.structs import replace
from whole import Whole

from perpbot import clock
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import Price
from perpbot.model.order import Order, TimeInForce
from perpbot.simulation.venues.orders import Lifetime, Status, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue
from perpbot.simulation.world import World, run_forked
from perpbot.venues.http import Request
from perpbot.venues.okx import Okx

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

FAR = Decimal("0.97")


def okx(whole: Whole) -> SimulatedVenue:
    return whole.venues.venues["okx"]


def far_bid(mark: Decimal, instrument: Instrument) -> Price:
    return instrument.round_price(Price(mark * FAR), Side.BUY, outward=False)


def others_order(whole: Whole) -> VenueOrder:
    """Somebody else's order in the same account, which waits."""
    venue = okx(whole)
    instrument = next(iter(venue.engine.instruments))
    with venue.lock:
        price = far_bid(venue.engine.marks[instrument.native], instrument)
        ticket = Ticket(account=ACCOUNT, symbol=instrument.native, side=Side.BUY, size=instrument.min_quantity,
                        price=price, lifetime=Lifetime.GTC)  # fmt: skip
        return venue.engine.place(ticket, clock.wall_ns())


def waiting(whole: Whole) -> list[VenueOrder]:
    return okx(whole).engine.accounts[ACCOUNT].open_orders


@contextmanager
def one_order_that_rests() -> Iterator[None]:
    """The venue takes our next buy at OKX for one that waits, far from the market."""
    honest = Okx.place
    left = [1]

    def place(self: Okx, order: Order, instrument: Instrument) -> Request:
        if left[0] and order.side is Side.BUY:
            left[0] = 0
            price = far_bid(order.price, instrument)
            order = replace(order, time_in_force=TimeInForce.GTC, price=price)
        return honest(self, order, instrument)

    Okx.place = place  # type: ignore[method-assign]
    try:
        yield
    finally:
        Okx.place = honest  # type: ignore[method-assign]


def with_a_stray(world: World, state: Path, remedy: str) -> dict[str, Any]:
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(whole.all_connected, 20, "all connected")
    other = others_order(whole)
    with one_order_that_rests():
        whole.wait_until(lambda: len(waiting(whole)) == 2, 120, "an order of ours that waits")
        stray = next(each for each in waiting(whole) if each.id != other.id)
        answer = None
        if remedy == "cancel-all":
            (answer,) = whole.program.cancel_waiting(["okx"])
        elif remedy == "reconnect":
            whole.crash("/venues/okx/trading")
        else:
            whole.program.drain = lambda: False  # type: ignore[method-assign]  # its trade waits for it
    if remedy != "stop":
        over = lambda: okx(whole).engine.accounts[ACCOUNT].orders[stray.id].status is not Status.OPEN  # noqa: E731
        whole.wait_until(over, 20, "the stray is gone")
        whole.wait_until(lambda: not any(each.in_flight for each in whole.ledger.unsettled("okx")), 20, "we know it")
    whole.program.stop()
    kept = [each.id for each in waiting(whole)]
    whole.venues.stop()
    return {"answer": answer, "stray": stray.client_id, "kept": kept, "other": other.id}


@pytest.mark.parametrize("remedy", ["cancel-all", "reconnect", "stop"])
def test_an_order_of_ours_that_should_not_wait_is_cancelled_and_others_are_left_alone(state: Path, remedy: str) -> None:
    report = run_forked(with_a_stray, 3, state, remedy)
    assert report["kept"] == [report["other"]]
    if remedy == "cancel-all":
        assert (len(report["answer"].gone), report["answer"].left, report["answer"].trouble) == (1, (), "")


def guarded(world: World, state: Path, end: str) -> list[bool]:
    """Whether an order still waits: while we live, and long after we are gone."""
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(whole.all_connected, 20, "all connected")
    others_order(whole)
    gevent.sleep(150)
    seen = [bool(waiting(whole))]
    if end == "stop":
        whole.program.stop()
    else:
        whole.end_abruptly()
    gevent.sleep(55 if end == "stop" else 30)
    seen.append(bool(waiting(whole)))
    gevent.sleep(100)
    seen.append(bool(waiting(whole)))
    whole.venues.stop()
    return seen


@pytest.mark.parametrize(
    ("end", "seen"), [pytest.param("stop", [True, True, True], marks=pytest.mark.full), ("death", [True, True, False])]
)
def test_the_venue_cancels_what_waits_when_we_die_and_not_when_we_stop(state: Path, end: str, seen: list[bool]) -> None:
    assert run_forked(guarded, 3, state, end) == seen

"""The connection breaks while an order is on its way and its answer is lost: what became of it is known soon."""

import os
from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import CONFIG, Whole, check_accounts, settings

from actors.order_requests import ReadCounts
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.config.settings import load_settings
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.venue import SimulatedVenue
from perpbot.simulation.world import World, run_forked
from perpbot.venues.registry import venue_class, venue_names

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

SOON_S = 3.0
VENUES = tuple(load_settings(CONFIG, os.environ, tuple(venue_names())).exchanges)


def break_at_the_next_order(whole: Whole, venue: SimulatedVenue, *, carried_out: bool) -> list[int]:
    """Cut every connection when an order arrives; the list holds the time then. What it does is told to nobody.

    A dead man's switch is a trading request, too: only while an order is under way it can be one.
    """
    cut_at: list[int] = []
    usual = venue._carry_out

    def carry_out(request: Request, now_ns: int) -> Answer:
        if not venue.trades(request) or cut_at or not whole.ledger.unsettled(venue.name):
            return usual(request, now_ns)
        cut_at.append(monotonic_ns())
        venue.server.cut()
        return usual(request, now_ns) if carried_out else Answer(500, b"")

    venue._carry_out = carry_out  # type: ignore[method-assign]
    return cut_at


def broken(world: World, state: Path, name: str, carried_out: bool) -> dict[str, Any]:  # noqa: FBT001 - forked
    other = "hyperliquid" if name == "okx" else "okx"
    whole = Whole(world, state, settings=settings((other, name)))
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    orders = whole.program.system.ref("/books/orders")

    def unknown() -> int:
        return int(orders.ask(ReadCounts()).unknown_open)

    cut_at = break_at_the_next_order(whole, whole.venues.venues[name], carried_out=carried_out)
    whole.wait_until(lambda: bool(cut_at), 120.0, "an order")
    whole.wait_until(lambda: unknown() > 0, 3.0, "an order of unknown fate")
    whole.wait_until(lambda: whole.circuit(name) == "CONNECTED", 15.0, "the connection again")
    back = monotonic_ns()
    whole.wait_until(lambda: unknown() == 0, 20.0, "the fate of the order")
    now = monotonic_ns()
    gevent.sleep(15.0)
    report = whole.stop()
    check_accounts(whole, report)
    since_s = {"back": (now - back) / NS_PER_SECOND, "cut": (now - cut_at[0]) / NS_PER_SECOND}
    return {**report, "known_after_s": since_s}


def check(report: dict[str, Any]) -> None:
    assert report["clean"] is True
    assert report["orders"]["duplicates"] == 0
    assert report["supervision"]["restarts"] == 0


@pytest.mark.parametrize("name", VENUES)
def test_what_became_of_an_order_is_known_soon_after_the_connection_that_broke_on_it_is_back(
    name: str, state: Path
) -> None:
    venue_class(name)
    report = run_forked(broken, 71, state, name, True)
    assert report["known_after_s"]["back"] < SOON_S
    check(report)


@pytest.mark.parametrize("name", VENUES)
def test_that_an_order_never_arrived_is_known_when_it_can_no_longer_arrive(name: str, state: Path) -> None:
    lifetime_s = venue_class(name).request_lifetime_s
    report = run_forked(broken, 71, state, name, False)
    assert lifetime_s <= report["known_after_s"]["cut"] < lifetime_s + SOON_S
    check(report)

"""PerpBot dies at random moments of virtual time, at nine venues too; its books are the venues' books every time."""

import os
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event
from scene import account, again, drained, ended_after_restarts, started
from whole import CONFIG, Whole, settings

from perpbot.chaos.torn import tear
from perpbot.config.settings import load_settings
from perpbot.execution.entries import OrderFilled, OrdersIntended, TradeOpened
from perpbot.simulation.venues.account import Account
from perpbot.simulation.world import World, run_forked
from perpbot.storage.reading import read
from perpbot.venues.registry import venue_class, venue_names

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

ALL = tuple(load_settings(CONFIG, os.environ, tuple(venue_names())).exchanges)
THREE = ("okx", "hyperliquid", "aster")


def kill(whole: Whole) -> None:
    """Nothing is sent, written or finished from this moment on."""

    def dead(*_: Any) -> None:
        Event().wait()

    file = whole.program.journal
    file.append = file.prove = dead  # type: ignore[method-assign, assignment]
    for venue in whole.program.parts.venues.values():
        venue.http.send = dead  # type: ignore[method-assign, assignment]
    whole.end_abruptly()


def killed(world: World, state: Path, venues: tuple[str, ...], times: int) -> dict[str, Any]:
    whole = started(world, state, settings=settings(venues))
    chance = world.chance.stream("kills")
    for _ in range(times):
        lost, late, twice = chance.sample(venues, 3)
        whole.venues.admin.set_faults(lost, drop_answers=1, trading_only=True)
        whole.venues.admin.set_faults(late, latency_ms=300, trading_only=True)
        whole.venues.admin.set_faults(twice, duplicates=2)
        gevent.sleep(chance.uniform(0.0, 4.0))
        kill(whole)
        gevent.sleep(0.5)  # requests that were on their way arrive
        tear(state / "journal.sqlite", chance.random())
        whole.venues.admin.set_faults(late, latency_ms=0)
        made = [(order.id, order.client_id) for each in accounts(whole) for order in each.orders.values()]
        filled = sum(len(each.executions) for each in accounts(whole))
        again(whole)
        check_known(whole, made, filled)
    drained(whole)
    return ended_after_restarts(whole)


def accounts(whole: Whole) -> list[Account]:
    """Our accounts at all venues, as these keep them."""
    return [account(whole, venue) for venue in whole.settings.exchanges]


def check_known(whole: Whole, made: list[tuple[int, str]], filled: int) -> None:
    """The orders and fills that the venues had when PerpBot was dead are in its journal; nothing was sent twice."""
    intended: list[str] = []
    fills = 0
    for line in read(whole.state / "journal.sqlite"):
        if isinstance(line.entry, TradeOpened | OrdersIntended):
            intended += [order.wire_id for order in line.entry.orders]
        fills += isinstance(line.entry, OrderFilled)
    assert len(intended) == len(set(intended))
    assert {client_id for _, client_id in made} <= set(intended)
    assert len(made) == len({client_id for _, client_id in made})
    assert fills >= filled
    assert all(each.duplicates == 0 for each in accounts(whole))


def test_killed_sixteen_times_it_knows_every_order_and_fill_and_sends_nothing_twice(state: Path) -> None:
    report = run_forked(killed, 101, state, THREE, 16)
    assert report["clean"] is True


@pytest.mark.full
@pytest.mark.parametrize("part", range(20))
def test_killed_a_thousand_times_at_nine_venues_in_twenty_parts(part: int, state: Path) -> None:
    for venue in ALL:
        venue_class(venue)
    report = run_forked(killed, 1_000 + part, state, ALL, 50, timeout_s=900.0)
    assert report["clean"] is True

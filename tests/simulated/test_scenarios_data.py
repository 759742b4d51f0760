"""Scenarios 20 to 24: connections, data and memory."""

import os
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
import scene
from scene import account, at_place, ended, first, said, serving, started
from whole import CONFIG, Whole, check_accounts, settings

from actors import positions
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.config.settings import load_settings
from perpbot.execution import accounting, ledger, numbering
from perpbot.model.quote import Quote
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.venues.orders import Ticket, VenueOrder
from perpbot.simulation.world import World, run_forked
from perpbot.venues.registry import venue_class, venue_names

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

VENUES = tuple(load_settings(CONFIG, os.environ, tuple(venue_names())).exchanges)
OTHERS = [name for name in VENUES if name not in {"okx", "hyperliquid"}]


def deaf(world: World, state: Path) -> dict[str, Any]:
    """OKX ends its streams in order while an order is on its way; the new ones take subscriptions and say nothing."""
    whole = started(world, state)
    okx = serving(whole, "okx")
    usual = okx.topics.publish
    cut: list[int] = []

    def place(ticket: Ticket, now_ns: int, at: Any) -> VenueOrder:
        order: VenueOrder = at(ticket, now_ns)
        if not cut and order.filled:
            cut.append(monotonic_ns())
            okx.server.cut()
            okx.topics.publish = lambda *_: None  # type: ignore[method-assign]
        return order

    at_place(okx, place)
    whole.wait_until(lambda: bool(cut), 120.0, "an order at OKX")
    filled = next(each for each in account(whole, "okx").orders.values() if each.filled)
    record = first(whole, lambda each: each.order.wire_id == filled.client_id)
    whole.wait_until(lambda: bool(record.fills), 20.0, "the fill that nobody announced")
    known_s = (monotonic_ns() - cut[0]) / NS_PER_SECOND
    gevent.sleep(5.0)
    before = whole.ledger.trades_opened
    gevent.sleep(15.0)
    opened = [each for each in scene.orders(whole, "open") if each.order.venue == "okx"]
    beside = [each for each in opened if whole.ledger.trade(each.order.trade_id) is not None]
    okx.topics.publish = usual  # type: ignore[method-assign]
    whole.wait_until(lambda: len(_quotes(whole, "okx")) == 3, 60.0, "prices of OKX again")
    report = ended(whole)
    return {**report, "known_s": known_s, "opened": before, "beside": len(beside)}


def _quotes(whole: Whole, venue: str) -> dict[str, Quote]:
    feed: Any = whole.program.system.cell(f"/venues/{venue}/quotes").actor
    return {symbol: quote for symbol, quote in feed.latest.items() if not quote.stale}


def test_20_a_stream_that_came_back_deaf_hides_no_fill_and_opens_nothing_on_old_prices(state: Path) -> None:
    report = run_forked(deaf, 43, state)
    assert report["known_s"] < 10
    assert report["beside"] == 0
    assert report["clean"] is True


def silent_book(world: World, state: Path, venue: str) -> dict[str, Any]:
    usual = settings()
    pair = {"okx": usual.exchanges["okx"], venue: usual.exchanges["okx"]}
    scanner = attrs.evolve(usual.scanner, priority_exchange_pairs=())
    whole = started(world, state, settings=attrs.evolve(usual, exchanges=pair, scanner=scanner))
    connection = whole.program.system.cell(f"/venues/{venue}/market-data")
    whole.venues.admin.set_faults(venue, silent_books=1)
    began = monotonic_ns()
    whole.wait_until(lambda: bool(said(whole, "book stood still")), 20.0, "the silence noticed")
    noticed_s = (monotonic_ns() - began) / NS_PER_SECOND
    whole.venues.admin.set_faults(venue, silent_books=0)
    whole.wait_until(lambda: set(connection.actor.describe()["books"].values()) == {"valid"}, 10.0, "books")  # type: ignore[union-attr]
    told = said(whole, "book stood still")
    gevent.sleep(13.0)
    assert said(whole, "book stood still") == told
    whole.program.stop()
    whole.venues.stop()
    return {"noticed_s": noticed_s, "symbols": [each["symbol"] for each in told], "venue": told[0]["venue"]}


@pytest.mark.parametrize("venue", ["hyperliquid", *(pytest.param(each, marks=pytest.mark.full) for each in OTHERS)])
def test_21_a_book_that_stands_still_on_a_stream_that_lives_is_found_out_and_made_anew(venue: str, state: Path) -> None:
    venue_class(venue)
    found = run_forked(silent_book, 62, state, venue)
    assert found["venue"] == venue
    assert found["symbols"] == ["BTC-PERP"]
    assert 9.0 < found["noticed_s"] < 16.0


def bad_books(world: World, state: Path) -> dict[str, Any]:
    """Gaps, wrong checksums, numbers that are none and crossed pictures, all at once, while it trades."""
    whole = started(world, state)
    farthest = [Decimal(0)]

    def note(venue: str) -> None:
        served = serving(whole, venue)

        def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
            farthest[0] = max(farthest[0], abs((ticket.price or 0) / served.engine.marks[ticket.symbol] - 1))
            return usual(ticket, now_ns)  # type: ignore[no-any-return]

        at_place(served, place)

    for venue in whole.settings.exchanges:
        note(venue)
        checksum = {"wrong_checksum": 15} if venue == "okx" else {}
        whole.venues.admin.set_faults(venue, gap=15, not_a_number=15, **checksum)
    gevent.sleep(20.0)
    valid = {
        venue: set(whole.program.system.cell(f"/venues/{venue}/market-data").actor.describe()["books"].values())  # type: ignore[union-attr]
        for venue in whole.settings.exchanges
    }
    crashes = [crash.reason for crash in whole.program.system.crashes]
    report = ended(whole)
    return {**report, "valid": valid, "farthest": farthest[0], "crashes": crashes}


def test_22_a_book_with_a_gap_a_wrong_checksum_or_nonsense_has_no_price_until_it_is_made_anew(state: Path) -> None:
    report = run_forked(bad_books, 47, state)
    assert report["valid"] == {venue: {"valid"} for venue in report["venues"]}
    assert sum(each["gaps"] for each in report["venues"].values()) >= 4
    assert report["farthest"] < Decimal("0.02")
    assert report["crashes"] == []
    assert report["clean"] is True


def limited(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    faults = serving(whole, "okx").faults
    whole.venues.admin.set_faults("okx", status_429=6, retry_after_s=4)
    times: list[float] = []
    left = faults.status_429
    while left:
        if faults.status_429 != left:
            left = faults.status_429
            times.append(monotonic_ns() / NS_PER_SECOND)
        assert whole.circuit("okx") == "CONNECTED"
        gevent.sleep(0.01)
    told = said(whole, "too many requests")
    paused = whole.program.system.cell("/venues/okx/trading").actor.describe()["rate_limits"]["paused_s"]  # type: ignore[union-attr]
    whole.venues.admin.set_faults("okx", retry_after_s=0)
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > done + 1, 90.0, "trading again")
    report = whole.stop()
    check_accounts(whole, report)
    return {
        **report,
        "pauses_s": [after - before for before, after in pairwise(times)],
        "told": told,
        "paused_s": paused,
    }


def test_23_after_a_429_nothing_is_sent_for_as_long_as_the_venue_says_and_the_log_says_so(state: Path) -> None:
    report = run_forked(limited, 63, state)
    assert all(pause < 0.1 or pause > 3.9 for pause in report["pauses_s"])  # the short ones were on their way
    assert max(report["pauses_s"]) > 3.9
    assert report["paused_s"] > 3.5
    assert [(each["venue"], each["status"], each["nothing_leaves_for_s"]) for each in report["told"]] == [
        ("okx", "429", 4.0)
    ] * 6
    assert report["clean"] is True


def census(whole: Whole) -> dict[str, int]:
    """How much each container of each actor holds, apart from the newest records."""
    sizes: dict[str, int] = {}
    for cell in whole.program.system.cells():
        if cell.actor is not None:
            _measure(cell.actor, cell.address.rpartition("-t")[0] or cell.address, sizes, 0)
    return sizes


def _measure(thing: Any, name: str, sizes: dict[str, int], depth: int) -> None:
    for key, value in vars(thing).items() if hasattr(thing, "__dict__") else ():
        if isinstance(value, dict | list | set) or hasattr(value, "maxlen"):
            sizes[f"{name}.{key}"] = sizes.get(f"{name}.{key}", 0) + len(value)
        elif depth == 0 and type(value).__module__.startswith("perpbot"):
            _measure(value, f"{name}.{key}", sizes, 1)


def busy(world: World, state: Path) -> dict[str, tuple[int, int]]:
    ledger.ORDERS_KEPT = numbering.NUMBERS_KEPT = positions.REFS_KEPT = 15
    accounting.ORDERS_KEPT = 15  # type: ignore[attr-defined]
    whole = started(world, state, market=MarketSettings(frames_per_second=4.0, edge_every_s=1.0))
    whole.ledger._records.keep = 15
    whole.wait_until(lambda: whole.ledger.trades_opened >= 15, 200.0, "the caches full")
    before = census(whole)
    whole.wait_until(lambda: whole.ledger.trades_opened >= 40, 400.0, "many more trades")
    after = census(whole)
    whole.stop()
    return {name: (before.get(name, 0), size) for name, size in after.items() if size > 1.5 * before.get(name, 0) + 8}


def test_24_nothing_grows_with_the_number_of_orders(state: Path) -> None:
    assert run_forked(busy, 53, state) == {}

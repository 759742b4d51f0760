"""The life of connections in whole runs: streams that go away, fall silent, are limited, and come back."""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import CONFIG, Whole, check_accounts

from actors.state import ReadState
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.config.settings import load_settings
from perpbot.control.pages import problems
from perpbot.model.quote import Quote, Source
from perpbot.simulation.world import World, run_forked
from perpbot.venues.registry import venue_class, venue_names

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

ALWAYS = 1_000_000
VENUES = tuple(load_settings(CONFIG, os.environ, tuple(venue_names())).exchanges)


def started(world: World, state: Path, **changes: Any) -> Whole:
    whole = Whole(world, state, **changes)
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    whole.wait_until(lambda: len(quotes(whole, "okx")) == 3, 10.0, "prices of OKX")
    return whole


def quotes(whole: Whole, venue: str) -> dict[str, Quote]:
    return dict(whole.program.system.cell(f"/venues/{venue}/quotes").actor.latest)  # type: ignore[union-attr]


def every_quote(whole: Whole, venue: str, **wanted: Any) -> bool:
    found = quotes(whole, venue).values()
    return len(found) == 3 and all(getattr(each, name) is value for each in found for name, value in wanted.items())


def events(whole: Whole, name: str) -> list[Any]:
    return [each for each in whole.log if each.get("event") == name]


def without_streams(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    admin = whole.venues.admin
    admin.set_faults("okx", refuse_streams=ALWAYS)
    admin.disconnect("okx")
    whole.wait_until(lambda: every_quote(whole, "okx", source=Source.REST, stale=False), 3.0, "quotes by REST")
    gevent.sleep(1.0)
    shown = whole.program.system.cell("/venues/okx/quotes").actor.describe()["quotes"]["BTC-PERP"]  # type: ignore[union-attr]
    assert shown.endswith(" (by REST)")
    admin.set_faults("okx", status_500=ALWAYS)
    whole.wait_until(lambda: every_quote(whole, "okx", stale=True), 10.0, "stale quotes")
    assert len(events(whole, "quote is stale")) == 3
    traded_at = {each.opened_at_ns for each in whole.records}
    gevent.sleep(5.0)
    boards = [whole.program.system.cell(f"/strategies/scanner-{base}-PERP").actor for base in ("BTC", "ETH", "SOL")]
    assert all("okx" not in board.describe()["quotes"] for board in boards)  # type: ignore[union-attr]
    admin.set_faults("okx", refuse_streams=0, status_500=0)
    whole.wait_until(lambda: every_quote(whole, "okx", source=Source.STREAM, stale=False), 15.0, "the stream again")
    asked = whole.program.system.cell("/venues/okx/polling").actor.describe()["answers"]  # type: ignore[union-attr]
    gevent.sleep(20.0)
    assert whole.program.system.cell("/venues/okx/polling").actor.describe()["answers"] == asked  # type: ignore[union-attr]
    report = whole.stop()
    check_accounts(whole, report)
    return {**report, "traded": len(traded_at)}


def test_without_a_stream_books_are_asked_for_and_after_failed_polls_the_last_quote_is_marked_stale(
    state: Path,
) -> None:
    report = run_forked(without_streams, 61, state)
    assert report["clean"] is True
    assert report["supervision"]["restarts"] == 0


def away_from_the_start(world: World, state: Path) -> list[str]:
    whole = Whole(world, state)
    admin = whole.venues.admin
    admin.set_faults("okx", status_500=ALWAYS)
    admin.set_faults("aster", refuse_streams=ALWAYS)
    whole.program.start()
    gevent.sleep(2.0)
    shown = whole.program.system.ref("/state").ask(ReadState(), timeout_s=1.0)
    whole.stop()
    return [each for each in problems(shown) if each.startswith(("okx", "aster"))]


def test_what_could_not_be_connected_says_what_came_of_the_last_attempt(state: Path) -> None:
    okx, *aster = run_forked(away_from_the_start, 61, state)
    assert okx.startswith("okx is DISCONNECTED: instruments not read: okx answered 500")
    assert aster
    assert all(each.endswith("no stream is opened there: the answer was HTTP 404") for each in aster)


def closing_at_once(world: World, state: Path) -> list[float]:
    """The venue takes every session, sends prices, and ends it: the pauses between its sessions."""
    whole = started(world, state)
    gate = whole.program.parts.gates["/venues/okx/market-data"]
    pauses = []
    for _ in range(7):
        whole.venues.admin.disconnect("okx")
        whole.wait_until(lambda: gate.circuit.value != "CONNECTED", 5.0, "the end of the session")
        lost = monotonic_ns()
        whole.wait_until(lambda: gate.circuit.value == "CONNECTED", 10.0, "the next session")
        pauses.append((monotonic_ns() - lost) / NS_PER_SECOND)
    gevent.sleep(5.0)
    whole.venues.admin.disconnect("okx")
    whole.wait_until(lambda: gate.circuit.value != "CONNECTED", 5.0, "the end of the session")
    lost = monotonic_ns()
    whole.wait_until(lambda: gate.circuit.value == "CONNECTED", 10.0, "the next session")
    pauses.append((monotonic_ns() - lost) / NS_PER_SECOND)
    whole.program.stop()
    whole.venues.stop()
    return pauses


def test_a_venue_that_takes_sessions_only_to_end_them_is_met_with_growing_pauses(state: Path) -> None:
    *pauses, after_a_session_that_lasted = run_forked(closing_at_once, 65, state)
    assert all(later > 1.5 * earlier for earlier, later in pairwise(pauses[:4]))
    assert all(pause > 1.9 for pause in pauses[4:])
    assert after_a_session_that_lasted < 0.5


def renewed(world: World, state: Path) -> dict[str, Any]:
    life_s = 40.0
    venue_class("aster").session_life_s = life_s
    whole = started(world, state)
    feed = whole.program.system.cell("/venues/aster/quotes").actor
    data = whole.program.system.cell("/venues/aster/market-data").actor
    oldest = 0.0
    began = monotonic_ns()
    while monotonic_ns() - began < 3 * life_s * NS_PER_SECOND:
        quotes_now = list(feed.latest.values())  # type: ignore[union-attr]
        assert len(quotes_now) == 3
        oldest = max(oldest, *(each.age_ns(monotonic_ns()) / NS_PER_SECOND for each in quotes_now))
        gevent.sleep(0.05)
    report = whole.stop()
    check_accounts(whole, report)
    renewals = [each for each in events(whole, "session renewed") if each["venue"] == "aster"]
    return {
        "of": [each["actor"].rsplit("/", 1)[-1] for each in renewals],
        "sessions": data.describe()["session"],  # type: ignore[union-attr]
        "closed": [each for each in events(whole, "stream closed") if each["venue"] == "aster"],
        "oldest_s": oldest,
        "clean": report["clean"],
    }


def test_a_session_is_renewed_before_the_venue_ends_it_and_prices_go_on(state: Path) -> None:
    found = run_forked(renewed, 66, state)
    assert found["of"].count("market-data") == 3
    assert found["of"].count("trading") == 3
    assert found["sessions"] == 4
    assert found["closed"] == []
    assert found["oldest_s"] < 1.5
    assert found["clean"] is True


def login_turned_down(world: World, state: Path) -> int:
    """OKX turns the first login down, and leaves the session as it is."""
    whole = Whole(world, state)
    okx: Any = whole.venues.venues["okx"]
    really, times = okx.login_fault, []

    def fault(*login: Any) -> tuple[str, str] | None:
        times.append(monotonic_ns())
        return really(*login) if len(times) > 1 else ("60006", "Timestamp request expired")

    okx.login_fault = fault
    whole.program.start()
    whole.wait_until(whole.all_connected, 30.0, "all connections up")
    whole.stop()
    return len(times)


def test_a_login_that_is_turned_down_is_tried_again_on_a_session_of_its_own(state: Path) -> None:
    assert run_forked(login_turned_down, 41, state) == 2

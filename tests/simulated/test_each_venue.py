"""The whole program on OKX and one other venue, each in turn, and on all of them: its books are their books too."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, check_accounts, settings

from perpbot.simulation.world import World, run_forked
from perpbot.storage.reading import export
from perpbot.venues.registry import venue_class, venue_names

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

VENUES = ("backpack", "edgex", "grvt", "paradex", "extended", "lighter")
"""Those that the other tests of whole runs do not trade on."""


def trade_on(world: World, state: Path, *names: str) -> dict[str, Any]:
    whole = Whole(world, state, settings=settings(names))
    whole.program.start()
    gevent.sleep(60.0)
    report = whole.stop()
    check_accounts(whole, report)
    errors = [event for event in whole.log if event.get("level") in {"error", "critical"}]
    traded = {name: len(books["fills"]) for name, books in whole.books().items()}
    return {**report, "errors": errors, "traded": traded}


@pytest.mark.parametrize("name", VENUES)
def test_trades_complete_there_and_end_flat_with_the_venues_own_profit(name: str, state: Path) -> None:
    venue_class(name)  # loaded before the fork
    report = run_forked(trade_on, 1, state, "okx", name)
    assert report["clean"] is True
    assert report["trades"]["completed"] >= 3
    assert report["traded"][name] >= 6
    assert report["errors"] == []
    assert report["supervision"]["escalations"] == 0
    assert report["supervision"]["restarts"] == 0


def test_a_minute_of_trading_on_all_venues_at_once_ends_flat_with_the_profit_of_all_their_books(state: Path) -> None:
    names = venue_names()
    for name in names:
        venue_class(name)
    report = run_forked(trade_on, 1, state, *names, timeout_s=240)
    assert report["clean"] is True
    assert report["trades"]["completed"] >= 10
    assert set(report["traded"]) == set(names)
    assert sum(fills > 0 for fills in report["traded"].values()) >= len(names) - 2
    assert report["errors"] == []
    assert report["supervision"]["escalations"] == 0
    assert report["supervision"]["restarts"] == 0


@pytest.mark.parametrize("name", ["paradex", pytest.param("extended", marks=pytest.mark.full)])
def test_signing_in_python_leaves_the_world_as_it_is_the_same_seed_gives_the_same_journal(
    name: str, state: Path
) -> None:
    venue_class(name)
    for run in ("first", "second"):
        run_forked(trade_on, 7, state / run, "okx", name)
    first, second = (list(export(state / run / "journal.sqlite")) for run in ("first", "second"))
    assert first == second
    assert len(first) > 20

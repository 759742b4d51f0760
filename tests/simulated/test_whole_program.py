"""The whole program trades, and its books are the venues' books."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, check_accounts

from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked
from perpbot.storage.journal import export

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def trade_for(world: World, state: Path, seconds: float, market: MarketSettings | None = None) -> dict[str, Any]:
    whole = Whole(world, state) if market is None else Whole(world, state, market=market)
    whole.program.start()
    gevent.sleep(seconds)
    report = whole.stop()
    check_accounts(whole, report)
    return report


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_minute_of_trading_completes_trades_and_ends_flat_with_the_venues_own_profit(seed: int, state: Path) -> None:
    report = run_forked(trade_for, seed, state, 60.0)
    assert report["clean"] is True
    assert report["trades"]["completed"] >= 5
    assert report["supervision"]["escalations"] == 0
    assert report["supervision"]["restarts"] == 0


def test_the_same_seed_gives_the_same_journal(state: Path) -> None:
    exports = []
    for run in ("first", "second"):
        run_forked(trade_for, 7, state / run, 30.0)
        exports.append(list(export(state / run / "journal.sqlite")))
    assert exports[0] == exports[1]
    assert len(exports[0]) > 20


def test_another_seed_gives_another_journal(state: Path) -> None:
    for seed in (8, 9):
        run_forked(trade_for, seed, state / str(seed), 30.0)
    first, second = (list(export(state / str(seed) / "journal.sqlite")) for seed in (8, 9))
    assert first != second


def test_a_run_without_edges_trades_nothing_and_loses_nothing(state: Path) -> None:
    quiet = MarketSettings(frames_per_second=4.0, edge_every_s=0.0, burst_every_s=0.0)
    report = run_forked(trade_for, 4, state, 20.0, quiet)
    assert report["trades"]["opened"] == 0
    assert report["pnl"]["net"] == "0"
    assert report["clean"] is True

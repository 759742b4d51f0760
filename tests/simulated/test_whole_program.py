"""The whole program trades, and its books are the venues' books."""

from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from whole import Whole, check_accounts
from whole import settings as whole_settings

from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, real_seconds, run_forked
from perpbot.storage.reading import export

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def trade_for(world: World, state: Path, seconds: float, market: MarketSettings | None = None) -> dict[str, Any]:
    return carry_on(Whole(world, state) if market is None else Whole(world, state, market=market), seconds)


def carry_on(whole: Whole, seconds: float) -> dict[str, Any]:
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


def trade_with_unknown_symbol(world: World, state: Path) -> dict[str, Any]:
    settings = whole_settings()
    symbols = (*settings.symbols, "NOSUCH-PERP")
    whole = Whole(world, state, settings=attrs.evolve(settings, symbols=symbols))
    whole.program.start()
    gevent.sleep(30.0)
    complaints = [event for event in whole.log if event["event"] == "unknown symbol"]
    report = whole.stop()
    check_accounts(whole, report)
    return {**report, "complaints": complaints}


def test_a_symbol_that_no_venue_lists_is_named_once_a_venue_and_the_others_trade(state: Path) -> None:
    report = run_forked(trade_with_unknown_symbol, 5, state)
    assert sorted(each["venue"] for each in report["complaints"]) == ["aster", "hyperliquid", "okx"]
    assert all(each["missing"] == ["NOSUCH-PERP"] for each in report["complaints"])
    assert report["trades"]["completed"] > 0
    assert report["clean"] is True


HOUR = MarketSettings(frames_per_second=2.0, edge_every_s=30.0, depth=12)


def an_hour(world: World, state: Path) -> tuple[dict[str, Any], float]:
    settings = whole_settings()
    capital = attrs.evolve(settings.capital, snapshot_interval_sec=10.0)
    whole = Whole(world, state, market=HOUR, settings=attrs.evolve(settings, capital=capital))
    began = real_seconds()
    report = carry_on(whole, 3600.0)
    return report, real_seconds() - began


@pytest.mark.full
def test_an_hour_of_three_venues_and_three_symbols_takes_less_than_a_minute(state: Path) -> None:
    report, took_s = run_forked(an_hour, 1, state, timeout_s=300)
    assert report["trades"]["completed"] > 60
    assert report["clean"] is True
    assert took_s < 60

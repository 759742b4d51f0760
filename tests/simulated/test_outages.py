"""Venues go away and come back, and answer with nonsense; the rest goes on."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, check_accounts

from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def started(world: World, state: Path) -> Whole:
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    whole.wait_until(lambda: len(whole.records) > 0, 60.0, "a first trade")
    return whole


def outage(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    whole.wait_until(lambda: whole.open_trades > 0, 60.0, "a trade in progress")
    whole.venues.admin.stop("hyperliquid")
    whole.wait_until(lambda: whole.circuit("hyperliquid") == "CIRCUIT_OPEN", 10.0, "the trading circuit open")
    whole.wait_until(lambda: whole.circuit("hyperliquid", "market-data") == "CIRCUIT_OPEN", 10.0, "the feed's too")
    opened_before = whole.ledger.trades_opened
    gevent.sleep(30.0)
    between_the_others = whole.ledger.trades_opened - opened_before
    restarts = {cell.address: cell.restarts for cell in whole.program.system.cells() if cell.restarts}
    whole.venues.admin.start("hyperliquid")
    whole.wait_until(lambda: whole.circuit("hyperliquid") == "CONNECTED", 6.0, "trading there again")
    whole.wait_until(lambda: whole.circuit("hyperliquid", "market-data") == "CONNECTED", 6.0, "prices from there again")
    gevent.sleep(60.0)
    after = [r for r in whole.records if "hyperliquid" in {r.buy_venue, r.sell_venue}][-1]
    back_at = max(e["time"] for e in whole.log if e.get("event") == "circuit" and e.get("after") == "CONNECTED")
    report = whole.stop()
    check_accounts(whole, report)
    return {
        **report,
        "between_the_others": between_the_others,
        "restarts": restarts,
        "last_with_hyperliquid_ns": after.opened_at_ns,
        "back_at": back_at,
    }


def test_a_venue_that_dies_opens_its_circuit_while_the_others_trade_on_and_is_back_within_seconds(
    state: Path,
) -> None:
    report = run_forked(outage, 41, state)
    assert report["between_the_others"] > 0
    assert report["restarts"] == {}
    assert report["supervision"]["escalations"] == 0
    assert report["clean"] is True


def everywhere(**faults: int) -> dict[str, dict[str, int]]:
    return dict.fromkeys(("okx", "hyperliquid", "aster"), faults)


FAULTS: dict[str, dict[str, dict[str, int]]] = {
    "500 to orders": everywhere(status_500=6, trading_only=True),
    "429 to orders": everywhere(status_429=4, trading_only=True),
    "pages to orders": everywhere(html=4, trading_only=True),
    "half answers to orders": everywhere(truncated=4, trading_only=True),
    "500 to orders that went through": {"okx": {"masked_500": 4, "trading_only": True}},
    "no answer to orders": everywhere(drop_answers=4, trading_only=True),
    "orders that get lost": {"okx": {"drop_requests": 4, "trading_only": True}},
    "what is no number": everywhere(not_a_number=3),
    "gaps": {"okx": {"gap": 3}, "aster": {"gap": 3}},
    "a wrong checksum": {"okx": {"wrong_checksum": 3}},
    "everything twice": everywhere(duplicates=8),
    "orders filled in part": everywhere(partial_fills=4),
    "long, each its own": {"okx": {"status_500": 30}, "hyperliquid": {"html": 30}, "aster": {"truncated": 30}},
}


def misbehave(world: World, state: Path, faults: dict[str, dict[str, int]]) -> dict[str, Any]:
    whole = started(world, state)
    for venue, each in faults.items():
        whole.venues.admin.set_faults(venue, **each)
    gevent.sleep(45.0)
    for venue, each in faults.items():
        whole.venues.admin.set_faults(venue, **{name: 0 for name in each if name != "trading_only"})
    whole.wait_until(whole.all_connected, 30.0, "all connections up again")
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > done + 1, 90.0, "trading again")
    report = whole.stop()
    check_accounts(whole, report)
    crashes = [crash.reason for crash in whole.program.system.crashes]
    return {**report, "crashes": crashes}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_venues_that_answer_badly_cost_no_account_and_crash_no_actor(
    faults: dict[str, dict[str, int]], state: Path
) -> None:
    report = run_forked(misbehave, 51, state, faults)
    assert report["crashes"] == []
    assert report["supervision"]["restarts"] == 0
    assert report["clean"] is True
    assert Decimal(report["exposure"]["net_usd"]) == 0

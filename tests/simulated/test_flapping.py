"""A venue goes away and comes back every second; nobody but its own connections notices."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, check_accounts

from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

VENUE = "hyperliquid"


def incarnations(whole: Whole) -> dict[str, int]:
    """Of everybody but the trades, which come and go."""
    cells = whole.program.system.cells()
    return {cell.address: cell.incarnation for cell in cells if cell.type_name != "Trade"}


def flap(world: World, state: Path, seconds: int) -> dict[str, Any]:
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    whole.wait_until(lambda: len(whole.records) > 0, 60.0, "a first trade")
    before, done = incarnations(whole), len(whole.records)
    moves = {address: gate.moves for address, gate in whole.program.parts.gates.items()}
    for second in range(seconds):
        (whole.venues.admin.start if second % 2 else whole.venues.admin.stop)(VENUE)
        gevent.sleep(1.0)
    between_the_others = sum(VENUE not in {each.buy_venue, each.sell_venue} for each in whole.records[done:])
    moved = {address for address, gate in whole.program.parts.gates.items() if gate.moves != moves[address]}
    after = incarnations(whole)
    whole.wait_until(whole.all_connected, 60.0, "all connections up again")
    back = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > back + 1, 90.0, "trading again")
    letters = list(whole.program.system.letters)
    crashes = [crash.reason for crash in whole.program.system.crashes]
    report = whole.stop()
    check_accounts(whole, report)
    return {
        **report,
        "between_the_others": between_the_others,
        "moved": moved,
        "restarted": {address for address in before if after.get(address) != before[address]},
        "lost": [f"{each.type} {each.sender} -> {each.receiver}: {each.why.value}" for each in letters],
        "crashes": crashes,
    }


@pytest.mark.parametrize(
    "seconds", [pytest.param(60, id="a minute"), pytest.param(600, id="ten minutes", marks=pytest.mark.full)]
)
def test_a_venue_that_flaps_once_a_second_restarts_nobody_and_loses_nothing(seconds: int, state: Path) -> None:
    report = run_forked(flap, 61, state, seconds, timeout_s=300.0)
    assert report["moved"] == {f"/venues/{VENUE}/market-data", f"/venues/{VENUE}/trading"}
    assert (report["restarted"], report["crashes"], report["lost"]) == (set(), [], [])
    assert report["supervision"]["escalations"] == 0
    assert report["between_the_others"] > 0
    assert report["clean"] is True

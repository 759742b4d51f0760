"""An actor that crashes again and again, for as long as one looks: who else may notice, and who may not."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, check_accounts

from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

LOOK_S = 0.1
CRASHES = 12
"""More than a supervisor allows where restarts count."""
SURFACES = ("/state", "/status-log")


def crash_again_and_again(world: World, state: Path, address: str) -> dict[str, Any]:
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(lambda: whole.open_trades > 0, 60.0, "a trade")
    system = whole.program.system
    incarnations = {cell.address: cell.incarnation for cell in system.cells()}
    for _ in range(CRASHES):
        whole.wait_until(lambda: system.cell(address).state.value == "running", 60.0, f"{address} up again")
        assert not whole.program.gave_up
        whole.crash(address)
        gevent.sleep(LOOK_S)
    restarted = [
        each.address
        for each in system.cells()
        if each.incarnation != incarnations.get(each.address, each.incarnation) and each.type_name != "Trade"
    ]
    whole.wait_until(lambda: whole.alive(address), 60.0, f"{address} up again")
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > done, 60.0, "trading goes on")
    report = whole.stop()
    check_accounts(whole, report)
    return {**report, "restarted": restarted}


@pytest.mark.parametrize("address", SURFACES)
def test_what_only_looks_may_crash_for_ever_and_nobody_else_notices(address: str, state: Path) -> None:
    report = run_forked(crash_again_and_again, 71, state, address)
    assert report["clean"] is True
    assert report["restarted"] == [address]
    assert report["supervision"]["escalations"] == 0

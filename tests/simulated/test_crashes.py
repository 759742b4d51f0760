"""Each actor is crashed once, in the middle of a trade; every time the system recovers, flat and accounted for."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, check_accounts

from perpbot.simulation.world import World, farm, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

STATIC = [
    "/journal",
    "/kill-switch",
    "/venues",
    "/venues/okx",
    "/venues/okx/instruments",
    "/venues/okx/quotes",
    "/venues/okx/market-data",
    "/venues/okx/trading",
    "/venues/hyperliquid",
    "/venues/hyperliquid/market-data",
    "/venues/hyperliquid/trading",
    "/venues/aster",
    "/venues/aster/market-data",
    "/venues/aster/trading",
    "/books",
    "/books/orders",
    "/books/balances",
    "/books/positions",
    "/books/pool-arb",
    "/books/risk",
    "/trades",
    "/trades/executor",
    "/strategies",
    "/strategies/scanner-BTC-PERP",
    "/trading",
    "/operations",
    "/state",
    "/status-log",
]


def crash_one(world: World, state: Path, address: str, delay_s: float) -> dict[str, Any]:
    whole = Whole(world, state)
    whole.program.start()
    whole.wait_until(lambda: whole.open_trades > 0, 60.0, "a trade")
    gevent.sleep(delay_s)
    whole.crash(address)
    gevent.sleep(1.0)
    whole.wait_until(whole.all_connected, 30.0, "all connections up again")
    whole.wait_until(lambda: whole.alive(address), 10.0, f"{address} up again")
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > done + 1, 60.0, "trading again")
    report = whole.stop()
    check_accounts(whole, report)
    return report


@pytest.mark.parametrize("address", STATIC)
def test_an_actor_that_crashes_in_the_middle_of_a_trade_costs_nothing(address: str, state: Path) -> None:
    report = run_forked(crash_one, 21, state, address, 0.002)
    assert report["clean"] is True
    assert report["supervision"]["restarts"] >= 1


def crash_trades(world: World, state: Path) -> dict[str, Any]:
    whole = Whole(world, state)
    whole.program.start()
    crashed = 0
    chance = world.chance.stream("test")
    for _ in range(6):
        whole.wait_until(lambda: whole.open_trades > 0, 60.0, "a trade")
        gevent.sleep(chance.choice((0.0, 0.001, 0.003, 0.01, 0.5, 3.0)))
        for cell in whole.program.system.cells():
            if cell.type_name == "Trade" and cell.alive:
                whole.crash(cell.address)
                crashed += 1
        gevent.sleep(4.0)
    report = whole.stop()
    check_accounts(whole, report)
    return {**report, "crashed": crashed}


def test_trades_that_crash_at_any_moment_finish_all_the_same(state: Path) -> None:
    results = list(farm(lambda world: crash_trades(world, state / str(world.seed)), range(30, 34)))
    for _, report in results:
        assert not isinstance(report, Exception), report
        assert report["clean"] is True
        assert report["crashed"] > 0
        assert report["trades"]["opened"] == sum(report["trades"][end] for end in ("completed", "unwound", "failed"))

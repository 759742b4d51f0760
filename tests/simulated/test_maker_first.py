"""One leg waits as a maker, the other takes what it fills: end to end, and nothing stays alone."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from whole import Whole, check_accounts, settings

from perpbot.config.decisions import FallbackPolicy, OrderPlan
from perpbot.execution.opening import FOLLOW, MAKE
from perpbot.model.order import Liquidity
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def maker_first(world: World, state: Path, fallback: FallbackPolicy) -> dict[str, Any]:
    made = settings()
    rules = attrs.evolve(
        made.execution, order_plan=OrderPlan.MAKER_FIRST, fallback_policy=fallback, wait_fill_timeout_sec=2.0
    )
    market = MarketSettings(frames_per_second=4.0, edge_every_s=2.0)
    whole = Whole(world, state, market, attrs.evolve(made, execution=rules))
    whole.program.start()
    whole.wait_until(lambda: len(whole.records) >= 12, 240.0, "a dozen trades")
    orders, records = list(whole.ledger._orders.values()), list(whole.records)
    report = whole.stop()
    check_accounts(whole, report)
    makers = [fill for each in orders if each.order.purpose == MAKE for fill in each.fills.values()]
    return {
        **report,
        "made": {fill.liquidity for fill in makers},
        "purposes": {each.order.purpose for each in orders if each.fills},
        "unhedged_ms": max(each.unhedged_ms for each in records),
        "phases": sorted(each.phase for each in records),
    }


def test_a_maker_is_followed_by_a_taker_and_ended_in_time(state: Path) -> None:
    report = run_forked(maker_first, 41, state, FallbackPolicy.AGGRESSIVE)
    assert report["clean"] is True
    assert report["orders"]["illegal"] == 0
    assert report["made"] == {Liquidity.MAKER}
    assert {MAKE, FOLLOW, "open", "close"} <= report["purposes"], "it took where nobody came to the maker"
    assert report["unhedged_ms"] < 3_000, "with the cancel, three hedges and giving back"

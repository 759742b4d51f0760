"""Funding is part of what trades came to, of `perpbot pnl`, and of the day's result that the daily limit goes by."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import account, drained, ended, serving, started
from whole import settings

from perpbot import clock
from perpbot.control.accounts import pnl
from perpbot.model.money import ZERO
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

EIGHT_HOURS_S = 8 * 3_600
RATE = Decimal("0.05")


def costly_funding(world: World, state: Path) -> dict[str, Any]:
    """Both legs of an open trade pay 5 % at their next settlement."""
    usual = settings()
    limited = attrs.evolve(usual, risk=attrs.evolve(usual.risk, daily_loss_limit=Decimal(5)))
    whole = started(world, state, settings=limited)
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
    (trade, *_) = (each for each in whole.ledger.trades() if each.phase == "open")
    for venue in whole.settings.exchanges:
        rate = -RATE if venue == trade.plan.sell.venue else RATE
        serving(whole, venue).funding_rate = lambda _, rate=rate: rate  # type: ignore[method-assign, misc]
    world.step_wall_clock(EIGHT_HOURS_S - clock.wall_ns() / clock.NS_PER_SECOND % EIGHT_HOURS_S - 0.5)
    gevent.sleep(1.0)
    whole.wait_until(lambda: any("daily-loss" in each for each in whole.program.state().blocks), 120.0, "a block")
    drained(whole)
    paid = {venue: account(whole, venue).funding_received for venue in whole.settings.exchanges}
    whole.wait_until(lambda: sum(each.funding for each in whole.records) == sum(paid.values()), 120.0, "all funding")
    (record,) = (each for each in whole.records if each.trade_id == trade.plan.trade_id)
    answer = pnl(whole.program, {})
    daily = whole.program.system.cell("/books/risk").actor.describe()["daily_profit"]  # type: ignore[union-attr]
    ended(whole)
    return {
        "paid": sum(paid.values()),
        "record": record,
        "statistics": Decimal(answer["statistics"]["net"]),
        "all": sum((Decimal(each["net"]) for each in answer["currencies"].values()), ZERO),
        "daily": Decimal(daily),
    }


def test_funding_counts_in_the_record_the_statistics_and_the_daily_limit(state: Path) -> None:
    report = run_forked(costly_funding, 71, state)
    record = report["record"]
    assert report["paid"] < -10
    assert record.funding < 0
    assert record.funding == sum(each.funding for each in record.legs.values())
    assert all(each.funding < 0 for each in record.legs.values())
    assert report["statistics"] == pytest.approx(report["all"], abs=Decimal("0.00001"))
    assert report["daily"] == pytest.approx(report["all"], abs=Decimal("0.00001"))

"""Funding is part of what trades came to, of `perpbot pnl`, and of the day's result that the daily limit goes by."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import account, again, drained, ended, ended_after_restarts, serving, started
from whole import settings

from actors.account_reader import ReadFunding
from actors.positions import Positions
from perpbot import clock
from perpbot.control.accounts import pnl
from perpbot.model.money import ZERO
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

EIGHT_HOURS_S = 8 * 3_600
RATE = Decimal("0.05")
TOO_LATE_S = 0.001
"""Before a settlement: nobody can close in time."""


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
    world.step_wall_clock(EIGHT_HOURS_S - clock.wall_ns() / clock.NS_PER_SECOND % EIGHT_HOURS_S - TOO_LATE_S)
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


def funding_of_a_pause(world: World, state: Path) -> dict[str, Any]:
    """Funding is settled while PerpBot is dead, and read again before anybody is there who books it."""
    whole = started(world, state, market=MarketSettings(frames_per_second=1.0, edge_every_s=3.0))
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
    whole.program.kill.set("global", on=True, by="the test")
    whole.end_abruptly()
    world.step_wall_clock(9 * 3_600.0)
    gevent.sleep(5.0)
    begin = Positions.on_start

    def slowly(self: Positions) -> None:
        gevent.sleep(3.0)
        begin(self)

    Positions.on_start = slowly  # type: ignore[method-assign]
    again(whole)
    for venue in whole.settings.exchanges:  # as once a minute
        whole.program.system.ref(f"/venues/{venue}/trading").ask(ReadFunding())
    drained(whole)
    paid = {venue: account(whole, venue).funding_received for venue in whole.settings.exchanges}
    ended_after_restarts(whole)
    return paid


def test_funding_that_was_settled_while_perpbot_was_dead_is_booked_however_slowly_it_begins(state: Path) -> None:
    assert any(run_forked(funding_of_a_pause, 71, state).values())

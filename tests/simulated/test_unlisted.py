"""A venue that stops listing what we hold there, as some do while they are maintained."""

from pathlib import Path
from typing import Any

import pytest
from scene import drained, ended, native, said, somebody_trades, started
from whole import Whole

from perpbot.execution.views import TradeView
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def not_listed_for_a_moment(world: World, state: Path) -> dict[str, Any]:
    """Meanwhile somebody closes our position there: OKX counts contracts, which only the list says how to read."""
    whole = started(world, state, market=MarketSettings(frames_per_second=1.0, edge_every_s=3.0))
    venue = whole.program.parts.venues["okx"]
    whole.wait_until(lambda: bool(_open_there(whole)), 240.0, "an open trade")
    whole.program.kill.set("global", on=True, by="the test")
    trade, *_ = _open_there(whole)
    symbol, leg = trade.plan.symbol, next(each.name for each in trade.plan.legs if each.venue == "okx")
    held = sum((each.held for each in trade.orders if each.order.leg == leg), ZERO)
    coin, listed = native(whole, "okx", symbol).native, venue.fetch_instruments
    venue.fetch_instruments = lambda: [each for each in listed() if each.symbol != symbol]  # type: ignore[method-assign]
    whole.crash("/venues/okx/instruments")  # it begins anew, and reads the list
    whole.wait_until(lambda: bool(said(whole, "unknown symbol")), 5.0, "it is not listed any more")
    somebody_trades(whole, "okx", coin, Side.SELL if held > 0 else Side.BUY, abs(held))
    whole.wait_until(lambda: bool(said(whole, "a fill that is not ours")), 5.0, "the fill is read")
    told, *_ = said(whole, "a fill that is not ours")
    venue.fetch_instruments = listed  # type: ignore[method-assign]
    whole.crash("/venues/okx/instruments")
    whole.wait_until(lambda: native(whole, "okx", symbol) in _listed(whole), 5.0, "it is listed again")
    drained(whole)
    differ = said(whole, "position differs")
    return {**ended(whole), "told": told["trade"], "ours": trade.plan.trade_id, "differ": differ}


def _open_there(whole: Whole) -> list[TradeView]:
    trades = whole.ledger.trades()
    return [each for each in trades if each.phase == "open" and "okx" in {leg.venue for leg in each.plan.legs}]


def _listed(whole: Whole) -> tuple[Any, ...]:
    """What the trading connection takes orders for."""
    connection: Any = whole.program.system.cell("/venues/okx/trading").actor
    return tuple(connection._instruments.values())


def test_what_a_venue_tells_of_a_position_in_what_it_does_not_list_any_more_is_understood(state: Path) -> None:
    report = run_forked(not_listed_for_a_moment, 71, state)
    assert report["told"] == report["ours"]
    assert report["differ"] == []
    assert report["clean"] is True

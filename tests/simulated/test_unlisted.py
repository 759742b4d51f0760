"""What a venue lists, and does not: what we hold there, as while it is maintained, or one coin twice."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from scene import drained, ended, native, said, somebody_trades, started
from whole import Whole

from perpbot.execution.views import TradeView
from perpbot.model.instrument import Instrument, Side
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


def one_coin_against_two_dollars(world: World, state: Path) -> dict[str, set[str]]:
    """OKX lists each coin against USDC as well, before and behind the others."""
    whole = Whole(world, state)
    venue = whole.program.parts.venues["okx"]
    listed = venue.fetch_instruments

    def twice() -> list[Instrument]:
        usdt = listed()
        usdc = [attrs.evolve(each, native=each.native.replace("USDT", "USDC"), quote="USDC") for each in usdt]
        return [*usdc[:1], *usdt, *usdc[1:]]

    venue.fetch_instruments = twice  # type: ignore[method-assign]
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    known = {each.native for each in venue.instruments}
    sent = {each.native for each in _listed(whole)}
    whole.stop()
    return {"known": known, "sent": sent}


def test_a_coin_that_a_venue_lists_against_two_dollars_is_one_instrument(state: Path) -> None:
    report = run_forked(one_coin_against_two_dollars, 71, state)
    assert report["known"] == report["sent"]
    assert len(report["known"]) == 3
    assert all("USDT" in each for each in report["known"])

"""A venue raises its minimum beyond what a trade holds there: the trade stays hedged, is named, and is never torn."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from scene import ended, net, positions, quiet, said, serving, started
from whole import Whole, settings

from perpbot.model.instrument import Instrument, InstrumentTable
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def minimum_grows_and_falls(world: World, state: Path) -> dict[str, Any]:
    made = settings(("okx", "extended"))
    made = attrs.evolve(made, symbols=made.symbols[:1], execution=attrs.evolve(made.execution, max_hold_sec=20.0))
    whole = started(world, state, settings=made, market=MarketSettings(frames_per_second=2.0, edge_every_s=2.0))
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 300.0, "an open trade")
    usual = serving(whole, "extended").engine.instruments
    _list(whole, [attrs.evolve(each, min_quantity=1_000 * each.min_quantity) for each in usual])
    whole.program.kill.set("global", on=True, by="the test")
    whole.wait_until(lambda: len(said(whole, "order refused")) > 4, 120.0, "the venue refuses to close it")
    held, exposed, residuals = positions(whole), net(whole), list(whole.ledger.residuals)
    _list(whole, list(usual))
    quiet(whole)
    report = ended(whole)
    return {**report, "held": held, "exposed": exposed, "residuals": residuals}


def _list(whole: Whole, listed: list[Instrument]) -> None:
    """What Extended lists from now on, and PerpBot learns at once."""
    served = serving(whole, "extended")
    served.engine.instruments = InstrumentTable(listed)
    served._instruments = {each.native: each for each in listed}
    whole.crash("/venues/extended/instruments")


@pytest.mark.full
def test_a_trade_whose_venue_has_raised_its_minimum_stays_hedged_until_it_can_be_closed(state: Path) -> None:
    report = run_forked(minimum_grows_and_falls, 5, state)
    assert len(report["held"]) == 2
    assert report["exposed"] == {}
    assert report["residuals"] == []
    assert report["clean"] is True

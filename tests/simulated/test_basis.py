"""A lasting difference between currencies: learnt from the venues' mids, shown, and not traded on."""

from decimal import Decimal
from pathlib import Path

import gevent
import pytest
from whole import Whole

from actors import basis as watch
from actors.scanner import Scanner
from perpbot.control.pages import status
from perpbot.scanning import basis
from perpbot.simulation.venues.market import Market, MarketSettings
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

CHEAP = 1.006
"""What a coin costs more in USDC than in USDT."""


def apart(world: World, state: Path) -> tuple[dict[str, str], int, int]:
    """The worth that is shown, and how many edges were found before it was known, and in as long a time after."""
    basis.LEAST_SPAN_NS, basis.LEAST_SAMPLES = 10 * 10**9, 5
    watch.TELL_EVERY_S = 25.0
    honest = Market.mid
    Market.mid = lambda self, venue, coin: honest(self, venue, coin) * (CHEAP if venue == "hyperliquid" else 1.0)  # type: ignore[method-assign]
    whole = Whole(world, state, market=MarketSettings(frames_per_second=4.0, edge_every_s=3_600.0))
    whole.program.kill.set("global", on=True, by="the test")
    whole.program.start()
    gevent.sleep(24)
    before = found(whole)
    gevent.sleep(4)
    known = found(whole)
    gevent.sleep(24)
    after = found(whole) - known
    shown = status(whole.program.state(), whole.program.system)["basis"]
    whole.end_abruptly()
    whole.venues.stop()
    return shown, before, after


def found(whole: Whole) -> int:
    actors = (whole.program.system.cell(f"/strategies/scanner-{each}").actor for each in whole.settings.symbols)
    return sum(each.describe()["opportunities"] for each in actors if isinstance(each, Scanner))


def test_a_difference_that_lasts_is_learnt_and_is_no_edge_any_more(state: Path) -> None:
    shown, before, after = run_forked(apart, 5, state)
    assert shown["USDC"] == "1"
    assert abs(Decimal(shown["USDT"]) - Decimal(str(CHEAP))) < Decimal("0.001")
    assert before > 100
    assert after < before / 20

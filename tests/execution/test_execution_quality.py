"""How well trades were carried out: slippage over all legs, and how long each step took."""

from typing import Any

import attrs
import pytest
from execution_values import d, plan
from hypothesis import given
from hypothesis import strategies as st

from perpbot.execution.entries import LegRecord, TradeOpened, TradeRecord
from perpbot.execution.ledger import Ledger
from perpbot.execution.quality import quality
from perpbot.execution.settle import Timings, settle
from perpbot.execution.trade import Phase
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO
from perpbot.portfolio.statistics import quantile


def leg(side: Side, venue: str, value: str) -> LegRecord:
    """Two coins that were expected to be worth 200."""
    return LegRecord(
        side=side, venue=venue, expected=d(100), opened=d(2), opened_value=d(value),
        trading=ZERO, fees=ZERO, funding=ZERO, volume=d(value),
    )  # fmt: skip


def record(*legs: LegRecord, **changes: Any) -> TradeRecord:
    ledger = Ledger()
    ledger.apply(TradeOpened(plan=plan(2), pool="arb", reserved={}, orders=[]), 0)
    view = ledger.trade("7-t1")
    assert view is not None
    usual = settle(view, Phase.COMPLETED, "done", ["USDT"], Timings(), 5)
    by_name = {each.side.value: each for each in legs}
    return attrs.evolve(usual, legs=by_name, slippage=sum((each.slippage for each in legs), ZERO), **changes)


def test_slippage_is_weighed_by_what_was_opened_over_all_and_by_venue() -> None:
    found = quality(
        [
            record(leg(Side.BUY, "okx", "201"), leg(Side.SELL, "aster", "198")),
            record(leg(Side.BUY, "okx", "199"), leg(Side.SELL, "grvt", "200")),
        ]
    )
    assert (found.trades, found.slippage) == (2, d(1 + 2 - 1))
    assert found.slippage_bps == 25
    assert found.venues_bps == {"aster": 100, "grvt": 0, "okx": 0}


def test_trades_in_which_nothing_was_filled_are_left_out_and_of_none_nothing_is_said() -> None:
    found = quality([record(phase=Phase.FAILED.value)])
    assert (found.trades, found.slippage, found.slippage_bps) == (0, ZERO, None)
    assert not found.venues_bps
    assert not found.times


def test_each_step_has_its_median_its_slowest_hundredth_and_its_slowest() -> None:
    times = quality([record(hedged_ms=float(ms), phases_ms={"check": ms / 10}) for ms in range(1, 201)]).times
    assert (times["hedged"].p50, times["hedged"].p99, times["hedged"].max) == (100, 198, 200)
    assert times["check"].p50 == pytest.approx(10)
    assert {"sent", "hedged", "unhedged", "check"} == times.keys()


@given(values=st.lists(st.floats(0, 1e6), min_size=1), fraction=st.floats(0, 1))
def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed(values: list[float], fraction: float) -> None:
    found = quantile(sorted(values), fraction)
    assert found in values
    assert sum(each <= found for each in values) >= fraction * len(values)
    assert sum(each < found for each in values) <= fraction * len(values)

"""Venues whose clocks are wrong, or are set while they are traded at: what they date is as young as it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole, settings

from perpbot import clock
from perpbot.scanning.ticks import BadTick
from perpbot.simulation.world import World, run_forked
from perpbot.venues.registry import venue_class, venue_names

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

HOUR_MS = 3_600_000
UNDATED = ("edgex",)
"""Its books come without a time."""


def seen(whole: Whole) -> Mapping[str, Any]:
    """By venue: how far its frames and answers are ahead, how old its frames seem, and what was held back."""
    found = {}
    for name, venue in whole.program.parts.venues.items():
        feed: Any = whole.program.system.cell(f"/venues/{name}/quotes").actor
        dated_ns = max(each.venue_time_ns for each in feed.latest.values())
        found[name] = {
            "frames_ahead_ms": (dated_ns - clock.wall_ns()) / clock.NS_PER_MS if dated_ns else None,
            "answers_ahead_ms": venue.http.venue_clock.ahead_ms,
            "latency_ms": whole.program.parts.gates[f"/venues/{name}/market-data"].health.quantile_ms(1.0),
            "held_back": {why for each in feed.describe()["held_back"].values() for why in each},
            "quotes": len(feed.latest),
        }
    return found


def set_clocks(world: World, state: Path, venues: Sequence[str]) -> dict[int, Mapping[str, Any]]:
    whole = Whole(world, state, settings=settings(venues))
    for name in venues:
        whole.venues.admin.set_faults(name, clock_ahead_ms=HOUR_MS)
    whole.program.start()
    whole.wait_until(whole.all_connected, 20.0, "all connections up")
    found = {}
    for ahead_ms in (HOUR_MS, -HOUR_MS, 5_000):
        for name in venues:
            whole.venues.admin.set_faults(name, clock_ahead_ms=ahead_ms)
        gevent.sleep(4.0)
        found[ahead_ms] = seen(whole)
    whole.end_abruptly()
    whole.venues.stop()
    return found


@pytest.mark.parametrize(
    "venues", [("okx", "hyperliquid"), pytest.param(tuple(venue_names()), marks=pytest.mark.full, id="all")]
)
def test_a_clock_that_is_wrong_or_set_while_we_listen_makes_no_quote_old(venues: tuple[str, ...], state: Path) -> None:
    for name in venues:
        venue_class(name)
    for ahead_ms, found in run_forked(set_clocks, 17, state, venues).items():
        for name in venues:
            each = found[name]
            assert abs(each["answers_ahead_ms"] - ahead_ms) < 1_500, (name, ahead_ms, each)
            assert not each["held_back"] & {BadTick.FUTURE, BadTick.TOO_OLD}, (name, ahead_ms, each)
            assert each["quotes"] == 3
            if name in UNDATED:
                assert each["frames_ahead_ms"] is None
            else:
                assert abs(each["frames_ahead_ms"] - ahead_ms) < 1_500, (name, ahead_ms, each)
                assert each["latency_ms"] < 1_000, (name, ahead_ms, each)

"""A venue whose list of fills lags minutes behind its orders: what it told late is still asked for."""

from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import drained, ended, first, orders_of, started
from whole import settings

from actors import order_inquiries
from perpbot.model.order import Fill
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

OVERLAP_S = 2.0
BEHIND_S = 6.0


def lagging(world: World, state: Path) -> dict[str, Any]:
    """The stream loses a fill, and for minutes the venue's list does not have it, while it says the order is filled."""
    order_inquiries.OVERLAP_MS = int(OVERLAP_S * 1_000)  # minutes would take longer and tell nothing more
    made = settings(("okx", "extended"))
    made = attrs.evolve(made, symbols=made.symbols[:1])
    whole = started(world, state, settings=made, market=MarketSettings(frames_per_second=1.0, edge_every_s=2.0))
    okx = whole.program.parts.venues["okx"]
    decode, fills = okx.decode_private, okx.fetch_fills
    hidden: list[str] = []

    def decode_private(frame: str | bytes, received_ns: int) -> list[Any]:
        kept: list[Any] = []
        for event in decode(frame, received_ns):
            if isinstance(event, Fill) and (not hidden or event.client_id in hidden):
                hidden.append(event.client_id)
            else:
                kept.append(event)
        return kept

    def fetch_fills(since_ms: int) -> list[Fill]:
        return [each for each in fills(since_ms) if each.client_id not in hidden]

    okx.decode_private, okx.fetch_fills = decode_private, fetch_fills  # type: ignore[method-assign]
    whole.wait_until(lambda: bool(hidden), 120.0, "a fill that is lost")
    whole.program.kill.set("global", on=True, by="the test")
    gevent.sleep(BEHIND_S)
    okx.decode_private, okx.fetch_fills = decode, fills  # type: ignore[method-assign]
    record = first(whole, lambda each: each.order.wire_id == hidden[0])
    missing = record.settled
    whole.wait_until(lambda: record.settled, 60.0, "the fill found")
    drained(whole)
    held = sum(each.held for each in orders_of(whole, record.order.trade_id))
    return {**ended(whole), "held": held, "missing": missing}


def test_a_fill_that_its_venue_lists_minutes_late_is_found_and_made_good(state: Path) -> None:
    report = run_forked(lagging, 31, state)
    assert report["missing"] is False
    assert report["held"] == 0

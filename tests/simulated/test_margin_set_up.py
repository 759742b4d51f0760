"""A venue that will not set the margin: said once and clearly, nothing opened there, all else goes on."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from whole import Whole

from perpbot.simulation.venues.orders import Refusal, RefusedError
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def refuse(*_: object) -> None:
    raise RefusedError(Refusal.LEVERAGE)


def without_leverage(world: World, state: Path) -> dict[str, Any]:
    whole = Whole(world, state)
    engine = whole.venues.venues["okx"].engine
    for symbol in engine.accounts["main"].leverage:
        engine.accounts["main"].leverage[symbol] *= 2
    honest, engine.set_leverage = engine.set_leverage, refuse  # type: ignore[method-assign, assignment]
    whole.program.start()
    whole.wait_until(whole.all_connected, 20, "all connected")
    gevent.sleep(40)
    before = len(whole.books()["okx"]["orders"])
    said = [event for event in whole.log if event.get("event", "").startswith("nothing is opened")]
    engine.set_leverage = honest  # type: ignore[method-assign]
    gevent.sleep(60)
    report = whole.stop()
    return {"before": before, "said": said, "after": len(whole.books()["okx"]["orders"]), **report}


def test_nothing_is_opened_where_the_margin_is_not_confirmed_until_it_is(state: Path) -> None:
    report = run_forked(without_leverage, 3, state)
    assert report["before"] == 0
    assert len(report["said"]) == len({event["symbol"] for event in report["said"]}) > 0
    assert all("59102" in event["why"] for event in report["said"])
    assert report["after"] > 0
    assert report["clean"] is True

"""Several trades of one symbol: what one of them has waiting at a venue is never met by what another one sends."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from scene import drained, ended, orders_of, serving
from whole import Whole, settings

from actors.executor import CloseTrade
from perpbot.clock import NS_PER_MS, monotonic_ns
from perpbot.config.decisions import FallbackPolicy, OrderPlan
from perpbot.execution.trade import CloseReason, Phase
from perpbot.execution.views import TradeView
from perpbot.model.order import Order, TimeInForce
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.venues.orders import Ending
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def crowded(world: World, state: Path) -> Whole:
    """Many trades at once in two symbols; each begins with an order that waits for long."""
    made = settings()
    rules = attrs.evolve(
        made.execution, order_plan=OrderPlan.MAKER_FIRST, fallback_policy=FallbackPolicy.AGGRESSIVE,
        wait_fill_timeout_sec=20.0, trades_per_symbol=6, max_open_trades=12, max_hold_sec=600.0,
        close_profit_pct=made.execution.stop_loss_pct,
    )  # fmt: skip
    risk = attrs.evolve(
        made.risk, symbol_cooldown_sec=0.1, max_symbol_share_pct=made.risk.max_symbol_share_pct * 3,
        max_concentration_pct=made.risk.max_symbol_share_pct * 3,
    )  # fmt: skip
    made = attrs.evolve(made, execution=rules, risk=risk, symbols=made.symbols[:2])
    whole = Whole(world, state, MarketSettings(frames_per_second=4.0, edge_every_s=0.5), made)
    whole.program.start()
    whole.wait_until(whole.all_connected, 20.0, "all connections up")
    return whole


def doubtful(whole: Whole) -> tuple[TradeView, Order] | None:
    """An open trade, and an order of another one that waits where closing the first would meet it."""
    for record in whole.ledger.unsettled():
        order = record.order
        if order.time_in_force is TimeInForce.POST_ONLY and record.status.open:
            for trade in whole.ledger.trades():
                here = any(leg.venue == order.venue and leg.side is order.side for leg in trade.plan.legs)
                if trade.phase == Phase.OPEN.value and trade.plan.symbol == order.symbol and here:
                    return trade, order
    return None


def close_one(whole: Whole) -> float:
    """Close a trade whose way out is blocked; the milliseconds until its close is journalled."""
    whole.wait_until(lambda: doubtful(whole) is not None, 300.0, "an order in the way")
    found = doubtful(whole)
    assert found is not None
    trade_id, waiting = found[0].plan.trade_id, found[1]
    whole.program.system.ref(f"/trades/{trade_id}").tell(CloseTrade(CloseReason.STOP))
    began = monotonic_ns()
    whole.wait_until(lambda: "close" in {each.order.purpose for each in orders_of(whole, trade_id)}, 30.0, "its close")
    assert whole.ledger.known(waiting.client_id).status.final, "what waited was over before the close left"
    return (monotonic_ns() - began) / NS_PER_MS


def close_into_our_own(world: World, state: Path, times: int) -> dict[str, Any]:
    whole = crowded(world, state)
    took_ms = [close_one(whole) for _ in range(times)]
    endings = [
        order.ending
        for venue in whole.settings.exchanges
        for each in serving(whole, venue).engine.accounts.values()
        for order in each.orders.values()
    ]
    drained(whole)
    return {**ended(whole), "met": endings.count(Ending.SELF_TRADE), "took_ms": took_ms}


def test_what_waits_in_the_way_of_a_close_is_cancelled_before_the_close_leaves(state: Path) -> None:
    report = run_forked(close_into_our_own, 3, state, 3)
    assert report["met"] == 0
    assert max(report["took_ms"]) < 2_000, "one round trip to the venue, and the news of the end"
    assert report["clean"] is True

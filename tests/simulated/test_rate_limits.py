"""A venue that takes few orders: nothing is opened there one leg at a time, and nothing starves."""

from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import drained, ended, started
from whole import Whole, settings

from actors.order_news import PlaceOrder
from actors.order_sender import OrderSender
from perpbot.clock import NS_PER_MS, monotonic_ns
from perpbot.config.settings import Settings
from perpbot.model.order import Balance
from perpbot.simulation.venues.market import MarketSettings
from perpbot.simulation.world import World, run_forked
from perpbot.venues.rate_limit import Urgency
from perpbot.venues.registry import venue_class

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

TIGHT = "okx"
TRADES = 30


def busy() -> Settings:
    """As much is opened as the market gives, and closed again soon; one venue takes two orders a second."""
    usual = settings()
    exchange = usual.exchanges[TIGHT]
    trading = attrs.evolve(exchange.trading, rate_limit_per_sec=2.0, burst_size=5)
    return attrs.evolve(
        usual,
        exchanges={**usual.exchanges, TIGHT: attrs.evolve(exchange, trading=trading)},
        execution=attrs.evolve(usual.execution, max_open_trades=100, trades_per_symbol=10, max_hold_sec=2.0),
        risk=attrs.evolve(usual.risk, symbol_cooldown_sec=0.1),
        scanner=attrs.evolve(usual.scanner, holding_time_sec=1.0),
    )


def traded(world: World, state: Path) -> dict[str, Any]:
    left_ns: dict[tuple[str, str], dict[str, int]] = {}
    really = OrderSender._leaves

    def leaves(sender: OrderSender, place: PlaceOrder) -> None:
        order = place.order
        left_ns.setdefault((order.trade_id, order.purpose), {}).setdefault(order.venue, monotonic_ns())
        really(sender, place)

    OrderSender._leaves = leaves  # type: ignore[assignment, method-assign]
    market = MarketSettings(frames_per_second=10.0, edge_every_s=0.5)
    whole: Whole = started(world, state, settings=busy(), market=market)
    whole.wait_until(lambda: whole.ledger.trades_opened >= TRADES, 300.0, "trades")
    refused = dict(whole.program.system.cell("/books/risk").actor.describe()["refused"])  # type: ignore[union-attr]
    drained(whole)
    ended(whole)
    apart_ms: dict[str, list[int]] = {}
    for (_, purpose), venues in left_ns.items():
        apart = max(venues.values()) - min(venues.values()) if len(venues) > 1 else 0
        apart_ms.setdefault(purpose, []).append(round(apart / NS_PER_MS))
    return {"refused": refused, "apart_ms": apart_ms, "venues": [set(each) for each in left_ns.values()]}


def test_a_leg_waits_for_no_rate_limit_while_the_other_one_leaves(state: Path) -> None:
    found = run_forked(traded, 7, state)
    assert found["refused"]["execution/rate-limit"] > 0
    assert max(found["apart_ms"]["open"]) <= 5
    assert len(found["apart_ms"]["close"]) >= TRADES, "nothing starves"
    assert max(found["apart_ms"]["close"]) <= 5


def account_reads(world: World, state: Path, venue: str) -> tuple[int, int]:
    """How often the account is read in five seconds: with all that the venue allows, and with half of it spent."""
    whole = started(world, state, settings=settings(("okx", venue)))
    adapter = whole.program.parts.venues[venue]
    usual, read_ns = adapter.fetch_balances, []

    def fetch_balances() -> list[Balance]:
        read_ns.append(monotonic_ns())
        return usual()

    adapter.fetch_balances = fetch_balances  # type: ignore[method-assign]
    counts = []
    for spent in (False, True):
        limiter = adapter.http.limiter
        while spent and limiter.reads_spent(monotonic_ns()) < 0.5:
            limiter.take("GET trades", Urgency.READ, monotonic_ns())
        before = len(read_ns)
        gevent.sleep(5.0)
        counts.append(len(read_ns) - before)
    whole.end_abruptly()
    whole.venues.stop()
    return counts[0], counts[1]


def test_what_is_read_all_the_time_leaves_room_for_questions_that_money_depends_on(state: Path) -> None:
    venue_class("lighter")
    usual, with_half_spent = run_forked(account_reads, 7, state, "lighter")
    assert usual >= 2
    assert with_half_spent == 0

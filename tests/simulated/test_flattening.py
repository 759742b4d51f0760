"""Flattening and the kill switch work whatever else is dead, and two who close at once send nothing twice."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import gevent
import pytest
from scene import ended, orders_of, positions, started

from actors.flattener import Flatten
from actors.kill_switch import TurnKillSwitch
from perpbot.execution.entries import OrdersIntended
from perpbot.simulation.world import World, run_forked
from perpbot.storage.reading import read
from supervisors import addresses
from supervisors.administration import TerminateChild

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def beside_the_dead(world: World, state: Path, way: str) -> dict[str, Any]:
    whole = started(world, state)
    system = whole.program.system
    whole.wait_until(lambda: sum(each.phase == "open" for each in whole.ledger.trades()) >= 2, 240.0, "open trades")
    for dead in ("strategies", "trades"):
        system.ref("/trading").ask(TerminateChild(dead))
    assert not whole.alive("/trades")
    system.ref(addresses.KILL_SWITCH).ask(TurnKillSwitch("global", on=True, by="the test"))
    opened = whole.ledger.trades_opened
    held = len(positions(whole))
    if way == "flatten":
        system.ref(addresses.FLATTENER).ask(Flatten(), timeout_s=60.0)
        left = positions(whole)
        gevent.sleep(5.0)
    more = whole.ledger.trades_opened - opened
    report = ended(whole)
    entries = [line.entry for line in read(state / "journal.sqlite", (OrdersIntended,))]
    intended = [order for entry in entries if isinstance(entry, OrdersIntended) for order in entry.orders]
    closes = [each.reduce_only for each in intended if each.purpose == "close"]
    left = left if way == "flatten" else positions(whole)
    return {**report, "held": held, "left": left, "closes": closes, "more": more}


@pytest.mark.parametrize("way", ["flatten", "stop"])
def test_what_is_open_is_closed_with_trades_and_strategies_dead_and_the_kill_switch_on(way: str, state: Path) -> None:
    report = run_forked(beside_the_dead, 89, state, way)
    assert report["held"] >= 2
    assert report["left"] == {}
    assert report["more"] == 0
    assert set(report["closes"]) == {True}
    assert report["clean"] is False, "an end without the executor is not one in order"


def crash_while_flattening(world: World, state: Path) -> dict[str, Any]:
    """The trades' own actors come back again and again while others close for them."""
    whole = started(world, state)
    whole.wait_until(lambda: sum(each.phase == "open" for each in whole.ledger.trades()) >= 2, 240.0, "open trades")
    trades = [each.plan.trade_id for each in whole.ledger.trades()]
    slot = whole.program.system.ref(addresses.FLATTENER).post(Flatten(), 60.0)
    for _ in range(6):
        for trade in trades:
            if whole.alive(f"/trades/{trade}"):
                whole.crash(f"/trades/{trade}")
        gevent.sleep(0.3)
    closed = slot.wait(60.0)
    beyond = [trade for trade in trades if _closed_beyond(whole, trade)]
    return {**ended(whole), "closed": set(trades) <= set(closed), "beyond": beyond}


def _closed_beyond(whole: Any, trade: str) -> bool:
    """Whether more was ever sent to close a leg than it held."""
    mine = orders_of(whole, trade)
    for leg in ("buy", "sell"):
        opened, closed = (
            sum((each.filled for each in mine if (each.order.leg, each.order.purpose) == (leg, purpose)), Decimal(0))
            for purpose in ("open", "close")
        )
        if closed > opened:
            return True
    return False


def test_a_trade_that_two_actors_close_is_closed_once(state: Path) -> None:
    report = run_forked(crash_while_flattening, 97, state)
    assert report["closed"]
    assert report["beyond"] == []
    assert report["orders"]["duplicates"] == 0
    assert report["clean"] is True


def slow_disk(world: World, state: Path) -> dict[str, Any]:
    """Each commit takes longer than an approval is fresh, from the middle of trades on."""
    whole = started(world, state)
    whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 240.0, "an open trade")
    journal: Any = whole.program.system.cell("/journal").actor
    written = journal._written
    journal._written = lambda *done: gevent.spawn_later(1.5, written, *done)
    opened = whole.ledger.trades_opened
    whole.program.system.ref(addresses.KILL_SWITCH).ask(TurnKillSwitch("global", on=True, by="the test"))
    whole.program.system.ref(addresses.FLATTENER).post(Flatten(), 60.0)
    whole.wait_until(lambda: not positions(whole), 60.0, "all positions closed")
    journal._written = written
    return {**ended(whole), "more": whole.ledger.trades_opened - opened}


def test_what_is_open_is_closed_also_when_each_commit_takes_longer_than_an_approval_is_fresh(state: Path) -> None:
    report = run_forked(slow_disk, 89, state)
    assert report["more"] <= 1, "at most what was on its way already"

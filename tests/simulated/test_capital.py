"""Capital in the whole program: safe mode, borrowing, hints, and what a restart of a pool remembers."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from whole import Whole, check_accounts, settings

from actors.balances import Rebase
from actors.pool import PoolView, ReadPool
from actors.state import ReadState, State
from perpbot import clock
from perpbot.control import accounts
from perpbot.control.pages import status
from perpbot.simulation.world import World, run_forked
from supervisors import addresses

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

VENUE = "okx"


def started(world: World, state: Path, **capital: Any) -> Whole:
    usual = settings()
    whole = Whole(world, state, settings=attrs.evolve(usual, capital=attrs.evolve(usual.capital, **capital)))
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    return whole


def pay_in(whole: Whole, venue: str, amount: Decimal) -> None:
    """Deposit at the venue, or withdraw when it is negative."""
    served = whole.venues.venues[venue]
    with served.lock:
        account = served.engine.accounts["main"]
        account.settle(amount)
        account.deposited += amount


def view(whole: Whole) -> State:
    state: State = whole.program.system.ref(addresses.STATE).ask(ReadState(0.0))
    return state


def pool(whole: Whole, name: str) -> PoolView:
    found: PoolView = whole.program.system.ref(addresses.pool_address(name)).ask(ReadPool())
    return found


def opened_since(whole: Whole, since_ns: int) -> int:
    """How many trades were opened at the venue."""
    over = [each for each in whole.records if each.opened_at_ns > since_ns]
    fresh = [each.plan for each in whole.ledger.trades() if each.plan.opened_at_ns > since_ns]
    return sum(VENUE in {each.buy_venue, each.sell_venue} for each in over) + sum(
        VENUE in {leg.venue for leg in plan.legs} for plan in fresh
    )


def opened_in(whole: Whole, seconds: float) -> int:
    since_ns = clock.wall_ns()
    gevent.sleep(seconds)
    return opened_since(whole, since_ns)


# -- safe mode ---------------------------------------------------------------------------------------------------------


def losing(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    safe = f"pool/safe-mode: {VENUE} is in safe mode, allowed arbitrage at venues that are not"
    equity = view(whole).capital[VENUE].equity
    pay_in(whole, VENUE, -equity * 6 / 100)
    whole.wait_until(lambda: view(whole).capital[VENUE].safe_mode, 10.0, "safe mode")
    in_safe_mode = opened_in(whole, 15.0)
    refused = any(safe in each.verdict for each in view(whole).decisions)
    pay_in(whole, VENUE, equity * Decimal("1.5") / 100)
    whole.crash("/books/balances")
    gevent.sleep(4.0)
    kept = view(whole).capital[VENUE].safe_mode, opened_in(whole, 8.0)
    page = status(view(whole), whole.program.system)
    whole.program.system.ref(addresses.BALANCES).ask(Rebase(VENUE, "the test"))
    lifted = view(whole).capital[VENUE].safe_mode
    since_ns = clock.wall_ns()
    whole.wait_until(lambda: opened_since(whole, since_ns) > 0, 120.0, "a trade there again")
    report = whole.stop()
    check_accounts(whole, report)
    return {
        "in_safe_mode": in_safe_mode,
        "refused": refused,
        "kept": kept,
        "shown": page["safe_mode"],
        "lifted": not lifted,
    }


def test_a_venue_that_lost_is_not_traded_at_until_it_recovers_even_after_a_restart_or_an_operator_says_so(
    state: Path,
) -> None:
    report = run_forked(losing, 41, state)
    assert report["in_safe_mode"] == 0
    assert report["refused"]
    assert report["kept"] == (True, 0), "4.5 percent is above the release of 4"
    assert report["shown"] == [VENUE]
    assert report["lifted"]


# -- pools -------------------------------------------------------------------------------------------------------------


def borrowing(world: World, state: Path) -> dict[str, Any]:
    """Pools so small that one trade uses most of what arbitrage has."""
    usual = settings().capital.pools
    small = attrs.evolve(
        usual,
        wash=attrs.evolve(usual.wash, share_pct=Decimal(96), enabled=True),
        arb=attrs.evolve(usual.arb, share_pct=Decimal(2)),
        reserve=attrs.evolve(usual.reserve, share_pct=Decimal(2)),
    )
    whole = started(world, state, pools=small)
    whole.wait_until(lambda: any(pool(whole, "arb").borrowed.values()), 120.0, "the reserve tops arbitrage up")
    lent = pool(whole, "arb"), pool(whole, "reserve")
    whole.crash(addresses.pool_address("reserve"))
    gevent.sleep(3.0)
    again = pool(whole, "arb"), pool(whole, "reserve")
    hints = [str(each) for each in view(whole).low]
    owners = set(pool(whole, "arb").owners) - {each.plan.trade_id for each in whole.ledger.trades()}
    whole.crash(addresses.pool_address("arb"))
    gevent.sleep(3.0)
    adopted = set(pool(whole, "arb").owners) ^ {each.plan.trade_id for each in whole.ledger.trades()}
    page = accounts.balances(whole.program, {})
    whole.wait_until(lambda: whole.open_trades == 0, 240.0, "no trade in progress")
    gevent.sleep(0.1)
    left = pool(whole, "arb").owners
    report = whole.stop()
    check_accounts(whole, report)
    return {
        "lent": lent,
        "again": again,
        "hints": hints,
        "strangers": owners,
        "adopted": adopted,
        "left": left,
        "page": page,
    }


def test_the_reserve_tops_arbitrage_up_and_both_agree_after_either_was_restarted(state: Path) -> None:
    report = run_forked(borrowing, 43, state)
    for arb, reserve in (report["lent"], report["again"]):
        for venue, borrowed in arb.borrowed.items():
            assert borrowed <= reserve.total[venue]
            assert reserve.available[venue] == reserve.total[venue] - borrowed
            assert arb.available[venue] == arb.total[venue] + borrowed - arb.allocated[venue]
    assert report["strangers"] == set(), "every reservation belongs to a trade in progress"
    assert report["adopted"] == set(), "and every trade in progress has its reservation again"
    assert report["left"] == ()
    assert set(report["page"]["symbols"]) == {"BTC-PERP", "ETH-PERP", "SOL-PERP"}


def emptied(world: World, state: Path) -> tuple[list[str], list[str]]:
    whole = started(world, state)
    whole.wait_until(lambda: len(view(whole).capital) == 3, 20.0, "balances are read")
    pay_in(whole, VENUE, -view(whole).capital[VENUE].equity * 9_995 / 10_000)
    whole.wait_until(lambda: bool(view(whole).low), 20.0, "a hint")
    page = status(view(whole), whole.program.system)
    problems = [each for each in page["problems"] if "can be opened" in each]
    whole.program.stop()
    whole.venues.stop()
    return page["low"], problems


def test_a_venue_that_runs_low_is_named_with_what_to_move_there_and_from_where(state: Path) -> None:
    (hint,), problems = run_forked(emptied, 47, state)
    assert hint.startswith(f"{VENUE} has ")
    assert "left to trade with, and a trade needs 110: move about " in hint
    assert hint.endswith(("there from aster", "there from hyperliquid"))
    assert problems == [f"nothing can be opened at {VENUE}: {hint}"]


def fill_and_read(world: World, state: Path) -> int:
    """Nanoseconds from a fill to balances that know of it, though they are read once a minute otherwise."""
    whole = started(world, state, snapshot_interval_sec=60.0)
    whole.wait_until(
        lambda: any(each.fills for trade in whole.ledger.trades() for each in trade.orders), 60.0, "a fill"
    )
    since_ns = clock.monotonic_ns()
    before = {each.venue: each.wallet for each in view(whole).balances}
    whole.wait_until(lambda: {each.venue: each.wallet for each in view(whole).balances} != before, 5.0, "it is read")
    took_ns = clock.monotonic_ns() - since_ns
    whole.program.stop()
    whole.venues.stop()
    return took_ns


def test_balances_are_read_soon_after_a_fill(state: Path) -> None:
    assert run_forked(fill_and_read, 53, state) < 2 * clock.NS_PER_SECOND


def reloaded(world: World, state: Path) -> dict[str, Any]:
    """Another configuration while a trade is open."""
    whole = started(world, state)
    whole.wait_until(lambda: whole.open_trades > 0, 120.0, "a trade in progress")
    before = pool(whole, "arb")
    pools: dict[str, dict[str, Any]] = {
        "wash": {"enabled": True, "share_pct": Decimal(20)},
        "arb": {"share_pct": Decimal(70)},
    }
    capital = whole.settings.capital
    other = attrs.evolve(
        capital,
        pools=attrs.evolve(
            capital.pools, **{name: attrs.evolve(getattr(capital.pools, name), **new) for name, new in pools.items()}
        ),
        allocation=attrs.evolve(capital.allocation, max_use_pct=Decimal(50)),
        snapshot_interval_sec=capital.snapshot_interval_sec + 1,
    )
    done = whole.program.reconfigure(attrs.evolve(whole.settings, capital=other))
    after = pool(whole, "arb")
    equity = {name: each.equity for name, each in view(whole).capital.items()}
    whole.crash(addresses.pool_address("arb"))
    gevent.sleep(2.0)
    again = pool(whole, "arb")
    restart = [each["setting"] for each in whole.log if each.get("event") == "needs a restart"]
    report = whole.stop()
    check_accounts(whole, report)
    return {
        "done": sorted(each.key for each in done), "restart": restart,
        "before": before, "after": after, "again": again, "equity": equity,
    }  # fmt: skip


def test_pools_and_their_parts_follow_another_configuration_and_what_does_not_is_named(state: Path) -> None:
    report = run_forked(reloaded, 67, state)
    assert report["done"] == [
        "capital.allocation.max_use_pct",
        "capital.pools.arb.share_pct",
        "capital.pools.wash.enabled",
        "capital.pools.wash.share_pct",
    ]
    assert report["restart"] == ["capital.snapshot_interval_sec"]
    before, after, again = report["before"], report["after"], report["again"]
    share = Decimal("0.7")
    assert after.total == {venue: equity * share for venue, equity in report["equity"].items()}
    assert after.total != before.total
    assert after.owners == before.owners, "what is reserved stays reserved"
    assert sum(each.allocated for each in after.symbols.values()) == pytest.approx(sum(after.total.values()) / 2)
    later = {venue: pytest.approx(float(total), rel=0.01) for venue, total in after.total.items()}
    assert {venue: float(total) for venue, total in again.total.items()} == later, "one that begins later does too"

"""Scenarios 25 to 30: what is peculiar to perpetual futures."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import account, again, drained, ended, ended_after_restarts, orders, serving, started
from whole import Whole, settings

from perpbot import clock
from perpbot.model.order import OrderStatus
from perpbot.simulation.venues.orders import Refusal, RefusedError
from perpbot.simulation.world import World, run_forked
from perpbot.venues.registry import venue_class

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

EIGHT_HOURS_S = 8 * 3_600.0


def sizes(world: World, state: Path, pair: tuple[str, str]) -> dict[str, Any]:
    whole = started(world, state, settings=settings(pair))
    whole.wait_until(lambda: len(whole.records) >= 2, 240.0, "two trades")
    drained(whole)
    wrong = []
    for venue in pair:
        theirs = account(whole, venue).by_client
        for each in orders(whole):
            if each.order.venue == venue and each.order.wire_id in theirs:
                order = theirs[each.order.wire_id]
                wrong += [] if (order.size, order.filled) == (each.order.quantity, each.filled) else [order]
    contracts = {each.contract_size for each in serving(whole, pair[0]).engine.instruments}
    compared = sum(len(account(whole, venue).orders) for venue in pair)
    return {**ended(whole), "wrong": wrong, "contracts": contracts, "compared": compared}


def test_25_the_quantity_of_every_order_is_coins_at_a_venue_that_counts_contracts(state: Path) -> None:
    report = run_forked(sizes, 59, state, ("okx", "hyperliquid"))
    assert any(size != 1 for size in report["contracts"]), "OKX counts contracts of less than a coin"
    assert report["compared"] >= 8
    assert report["wrong"] == []
    assert report["clean"] is True


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
    gevent.sleep(15)
    before = len(whole.books()["okx"]["orders"])
    said = [event for event in whole.log if event.get("event", "").startswith("nothing is opened")]
    engine.set_leverage = honest  # type: ignore[method-assign]
    whole.wait_until(lambda: len(account(whole, "okx").orders) >= 2, 200, "orders at OKX")
    gevent.sleep(12)
    report = whole.stop()
    return {"before": before, "said": said, "after": len(whole.books()["okx"]["orders"]), **report}


def test_26_nothing_is_opened_where_leverage_and_margin_mode_are_not_confirmed_until_they_are(state: Path) -> None:
    report = run_forked(without_leverage, 3, state)
    assert report["before"] == 0
    assert len(report["said"]) == len({event["symbol"] for event in report["said"]}) > 0
    assert all("59102" in event["why"] for event in report["said"])
    assert report["after"] > 0
    assert report["clean"] is True


def little_cash(world: World, state: Path, cash: str) -> dict[str, Any]:
    """Every account holds `cash`; a leg is worth up to 500 at a leverage of five."""
    usual = settings()
    limits = attrs.evolve(usual.risk, min_equity=Decimal(0), max_trade_equity_pct=Decimal(100),
                          max_symbol_share_pct=Decimal(100), max_concentration_pct=Decimal(100))  # fmt: skip
    whole = Whole(world, state, settings=attrs.evolve(usual, risk=limits))
    for venue in whole.settings.exchanges:
        mine = account(whole, venue)
        mine.cash[mine.currency] = mine.deposited = Decimal(cash)
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    whole.wait_until(lambda: len(whole.records) >= 2, 120.0, "two trades")
    drained(whole)
    notional = max((each.order.notional for each in orders(whole, "open")), default=Decimal(0))
    refused = [each.reason for each in orders(whole) if each.status is OrderStatus.REFUSED]
    return {**ended(whole), "notional": notional, "refused": refused}


def test_27_a_leg_needs_its_margin_and_not_its_whole_value(state: Path) -> None:
    report = run_forked(little_cash, 61, state, "600")
    assert report["trades"]["completed"] >= 1
    assert report["notional"] > Decimal("1.5") * 600 * 20 / 100, "the share of arbitrage is a fifth of 600"
    assert report["refused"] == [], "no venue had to say that there is not enough"
    assert report["clean"] is True


def nonces(world: World, state: Path, pair: tuple[str, str]) -> dict[str, Any]:
    """Venues that number requests: bursts, a wall clock that is set back, and a restart."""
    whole = started(world, state, settings=settings(pair))
    whole.wait_until(lambda: len(whole.records) >= 2, 240.0, "two trades")
    world.step_wall_clock(-30.0)
    for venue in pair:  # theirs goes on
        whole.venues.admin.set_faults(venue, clock_ahead_ms=30_000)
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) >= done + 2, 240.0, "two trades after the clock was set back")
    refused = [each.reason for each in orders(whole) if each.status is OrderStatus.REFUSED]
    whole.end_abruptly()
    again(whole)
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) >= done + 2, 240.0, "two trades after the restart")
    refused += [each.reason for each in orders(whole) if each.status is OrderStatus.REFUSED]
    drained(whole)
    return {**ended_after_restarts(whole), "refused": refused}


@pytest.mark.parametrize("pair", [("hyperliquid", "aster")])
def test_28_requests_are_numbered_so_that_bursts_restarts_and_a_clock_set_back_lose_none(
    pair: tuple[str, str], state: Path
) -> None:
    for venue in pair:
        venue_class(venue)
    report = run_forked(nonces, 67, state, pair)
    assert not [reason for reason in report["refused"] if "nonce" in reason.lower()]
    assert report["clean"] is True


def wrong_clock(world: World, state: Path, venue: str, ahead_s: int) -> dict[str, Any]:
    whole = started(world, state)
    whole.wait_until(lambda: bool(whole.records), 60.0, "a first trade")
    whole.venues.admin.set_faults(venue, clock_ahead_ms=ahead_s * 1_000)
    gevent.sleep(12.0)
    before = len(whole.records)

    def completed_there() -> bool:
        there = [each for each in whole.records[before:] if venue in {each.buy_venue, each.sell_venue}]
        return any(each.phase == "completed" for each in there)

    whole.wait_until(completed_there, 120.0, "a trade completed there")
    return ended(whole)


@pytest.mark.parametrize(
    ("venue", "ahead_s"),
    [
        ("okx", -3_600),
        pytest.param("okx", 3_600, marks=pytest.mark.full),
        pytest.param("hyperliquid", -3_600, marks=pytest.mark.full),
        pytest.param("hyperliquid", 3_600, marks=pytest.mark.full),
        pytest.param("aster", -3_600, marks=pytest.mark.full),
        pytest.param("aster", 3_600, marks=pytest.mark.full),
    ],
)
def test_29_a_clock_that_is_an_hour_off_costs_nothing(venue: str, ahead_s: int, state: Path) -> None:
    report = run_forked(wrong_clock, 41, state, venue, ahead_s)
    assert report["clean"] is True


def funding_and_fees(world: World, state: Path) -> dict[str, Any]:
    """Three settlements while a trade is open, with rates of both signs, each told and asked for more than once."""
    whole = started(world, state)
    for rate in ("0.002", "-0.001", "0.0005"):
        for venue in whole.settings.exchanges:
            serving(whole, venue).funding_rate = lambda _, rate=rate: Decimal(rate)  # type: ignore[method-assign, misc]
        whole.wait_until(lambda: any(each.phase == "open" for each in whole.ledger.trades()), 120.0, "an open trade")
        world.step_wall_clock(EIGHT_HOURS_S - clock.wall_ns() / clock.NS_PER_SECOND % EIGHT_HOURS_S - 0.5)
        gevent.sleep(1.0)
        for venue in whole.settings.exchanges:
            whole.venues.admin.disconnect(venue)
        whole.wait_until(whole.all_connected, 20.0, "all connections up again")
    drained(whole)
    paid = sum((account(whole, venue).funding_received for venue in whole.settings.exchanges), Decimal(0))
    settlements = sum(len(account(whole, venue).funding) for venue in whole.settings.exchanges)
    fees = sum((account(whole, venue).fees_paid for venue in whole.settings.exchanges), Decimal(0))
    return {**ended(whole), "paid": paid, "paid_fees": fees, "settlements": settlements}


def test_30_fees_cost_once_and_funding_has_the_venues_own_sign_and_amount(state: Path) -> None:
    report = run_forked(funding_and_fees, 71, state)
    assert report["settlements"] >= 6
    assert report["paid"] != 0
    assert Decimal(report["pnl"]["funding"]) == report["paid"]
    assert Decimal(report["pnl"]["fees"]) == report["paid_fees"] > 0
    assert report["clean"] is True

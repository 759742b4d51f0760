"""Scenarios 1 to 7: legs that stand alone."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import (
    account,
    at_place,
    drained,
    ended,
    first,
    net,
    orders,
    orders_of,
    said,
    serving,
    started,
    watched,
)
from whole import Whole

from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.record import OrderRecord
from perpbot.model.instrument import Side
from perpbot.model.order import OrderStatus
from perpbot.simulation.venues.orders import Ending, Lifetime, Refusal, RefusedError, Ticket, VenueOrder
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

FAR = Decimal("0.97")


def let_one_rest(whole: Whole, venue: str) -> list[VenueOrder]:
    """The venue lets our next buy that opens wait, far from the market, though it was sent to fill at once."""
    served = serving(whole, venue)
    resting: list[VenueOrder] = []

    def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        if resting or ticket.reduce_only or ticket.side is not Side.BUY:
            return usual(ticket, now_ns)  # type: ignore[no-any-return]
        grid = served.instrument(ticket.symbol)
        price = grid.round_price(served.engine.marks[ticket.symbol] * FAR, Side.BUY, outward=False)
        order: VenueOrder = usual(attrs.evolve(ticket, price=price, lifetime=Lifetime.GTC), now_ns)
        resting.append(order)
        return order

    at_place(served, place)
    return resting


def fill_just_before_the_cancel(whole: Whole, venue: str, resting: list[VenueOrder]) -> list[int]:
    """When we cancel the order that waits, it fills before the cancel is read, which is refused then."""
    engine = serving(whole, venue).engine
    usual = engine.cancel
    refused: list[int] = []

    def cancel(name: str, order_id: int, now_ns: int, ending: Ending = Ending.USER) -> VenueOrder:
        order = engine.accounts[name].orders.get(order_id)
        if order is not None and resting and order_id == resting[0].id:
            engine._take_client(order, order.price or Decimal(0), order.remaining, None, now_ns)
            engine.books[order.symbol].own(order.side).discard(order)
            refused.append(order_id)
        return usual(name, order_id, now_ns, ending)

    engine.cancel = cancel  # type: ignore[method-assign, assignment]
    return refused


def cancel_loses_the_race(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    resting = let_one_rest(whole, "okx")
    refused = fill_just_before_the_cancel(whole, "okx", resting)
    whole.wait_until(lambda: bool(resting), 120.0, "an order that rests")
    whole.wait_until(lambda: bool(refused), 60.0, "a cancel that is refused")
    record = first(whole, lambda each: each.order.wire_id == resting[0].client_id)
    whole.wait_until(lambda: record.status is OrderStatus.FILLED, 30.0, "the fill known")
    whole.wait_until(lambda: whole.ledger.trade(record.order.trade_id) is None, 60.0, "its trade over")
    mine = orders_of(whole, record.order.trade_id)
    report = ended(whole)
    return {
        **report,
        "refused": len(refused),
        "hedges": sum(each.order.purpose == "hedge" for each in mine),
        "left": sum(each.held for each in mine),
    }


def test_01_a_fill_that_overtakes_its_cancel_is_made_good_once(state: Path) -> None:
    report = run_forked(cancel_loses_the_race, 3, state)
    assert report["refused"] >= 1
    assert report["hedges"] <= 1
    assert report["left"] == 0
    assert report["clean"] is True


def leave_a_crumb(whole: Whole, venue: str) -> list[Decimal]:
    """The venue fills all of our next opening order but less than any venue trades."""
    crumbs: list[Decimal] = []

    def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        if crumbs or ticket.reduce_only:
            return usual(ticket, now_ns)  # type: ignore[no-any-return]
        lot = served.instrument(ticket.symbol).lot
        crumbs.append(lot)
        return served.engine.place(ticket, now_ns, ticket.size - lot)

    served = serving(whole, venue)
    at_place(served, place)
    return crumbs


def crumb(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    crumbs = leave_a_crumb(whole, "okx")
    short = first(whole, lambda each: each.status is OrderStatus.CANCELLED and bool(each.filled), "a partial fill")
    trade = short.order.trade_id
    whole.wait_until(lambda: whole.ledger.trade(trade) is None, 60.0, "its trade over")
    mine = orders_of(whole, trade)
    (record,) = (each for each in whole.records if each.trade_id == trade)
    report = ended(whole)
    return {
        **report,
        "crumbs": len(crumbs),
        "refused": [each.reason for each in mine if each.status is OrderStatus.REFUSED],
        "left": sum(each.held for each in mine),
        "phase": record.phase,
    }


def test_02_a_partial_fill_that_leaves_less_than_a_minimum_is_carried_and_closed_with_all_else(state: Path) -> None:
    report = run_forked(crumb, 5, state)
    assert report["crumbs"] == 1
    assert report["refused"] == [], "nothing is sent that the venue would not take"
    assert report["left"] == 0
    assert report["phase"] == "completed"
    assert report["clean"] is True


def refuse_for_size(whole: Whole, venue: str) -> list[Ticket]:
    """The venue takes no order that opens: its minimum has grown and we do not know."""
    turned: list[Ticket] = []

    def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        if ticket.reduce_only:
            return usual(ticket, now_ns)  # type: ignore[no-any-return]
        turned.append(ticket)
        raise RefusedError(Refusal.SMALL)

    at_place(serving(whole, venue), place)
    return turned


def second_leg_refused(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    turned = refuse_for_size(whole, "okx")
    refused = first(whole, lambda each: each.status is OrderStatus.REFUSED)
    whole.wait_until(lambda: whole.ledger.trade(refused.order.trade_id) is None, 60.0, "its trade over")
    mine = orders_of(whole, refused.order.trade_id)
    both = {
        each.order.quantity
        >= max(whole.program.parts.venues[venue].instruments.symbol(each.order.symbol).min_quantity  # type: ignore[union-attr]
               for venue in whole.settings.exchanges)
        for each in orders(whole, "open")
    }  # fmt: skip
    report = ended(whole)
    return {**report, "turned": len(turned), "both": both, "left": sum(each.held for each in mine)}


def test_03_both_minima_are_met_before_a_leg_leaves_and_a_second_leg_refused_for_its_size_costs_the_first(
    state: Path,
) -> None:
    report = run_forked(second_leg_refused, 7, state)
    assert report["turned"] >= 1
    assert report["both"] == {True}
    assert report["left"] == 0
    assert report["clean"] is True


def many_partial_fills(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    whole.venues.admin.set_faults("okx", partial_fills=12)
    whole.wait_until(lambda: len(orders(whole, "hedge")) >= 2, 240.0, "two hedges")
    drained(whole)
    wrong = []
    for trade in {each.order.trade_id for each in orders(whole)}:
        mine = orders_of(whole, trade)
        legs = {leg: sum(each.held for each in mine if each.order.leg == leg) for leg in ("buy", "sell")}
        plan = next(each.order.quantity for each in mine if each.order.purpose == "open")
        most = max(_most_held(mine, leg) for leg in legs)
        wrong += [trade] if any(legs.values()) or most > plan else []
    hedges = len(orders(whole, "hedge"))
    return {**ended(whole), "wrong": wrong, "hedges": hedges}


def _most_held(mine: list[OrderRecord], leg: str) -> Decimal:
    """The largest position of a leg, its fills taken in the venue's order."""
    fills = sorted((fill.time_ns, fill) for each in mine if each.order.leg == leg for fill in each.fills.values())
    most = held = Decimal(0)
    for _, fill in fills:
        held += fill.side.sign * fill.quantity
        most = max(most, abs(held))
    return most


def test_04_every_partial_fill_is_hedged_from_what_both_legs_hold_and_never_more_than_that(state: Path) -> None:
    report = run_forked(many_partial_fills, 11, state)
    assert report["hedges"] >= 2
    assert report["wrong"] == []
    assert report["clean"] is True


def rests_for_ever(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    resting = let_one_rest(whole, "okx")
    whole.wait_until(lambda: bool(resting), 120.0, "an order that rests")
    began = monotonic_ns()
    record = first(whole, lambda each: each.order.wire_id == resting[0].client_id)
    whole.wait_until(lambda: whole.ledger.trade(record.order.trade_id) is None, 60.0, "its trade over")
    took_s = (monotonic_ns() - began) / NS_PER_SECOND
    report = ended(whole)
    return {**report, "took_s": took_s, "open": len(account(whole, "okx").open_orders)}


def test_05_where_one_leg_rests_and_the_other_is_filled_the_first_is_cancelled_and_both_are_flat(state: Path) -> None:
    report = run_forked(rests_for_ever, 3, state)
    assert report["took_s"] < 15
    assert report["open"] == 0
    assert report["clean"] is True


def stale_book(world: World, state: Path) -> dict[str, Any]:
    """The venue whose leg fails goes silent at the same moment: there is no price to hedge by."""
    whole = started(world, state)
    sent: list[tuple[str, Decimal, bool]] = []
    silent: list[int] = []

    def note(venue: str) -> None:
        served = serving(whole, venue)

        def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
            mark = served.engine.marks[ticket.symbol]
            sent.append((venue, abs((ticket.price or Decimal("inf")) / mark - 1), ticket.reduce_only))
            if venue == "okx" and not ticket.reduce_only and not silent:
                silent.append(monotonic_ns())
                served.faults.silent_books = len(served.coins)
                raise RefusedError(Refusal.NO_LIQUIDITY)
            return usual(ticket, now_ns)  # type: ignore[no-any-return]

        at_place(served, place)

    for venue in whole.settings.exchanges:
        note(venue)
    whole.wait_until(lambda: bool(silent), 120.0, "a leg that fails")
    gevent.sleep(20.0)
    naked = net(whole)
    whole.venues.admin.set_faults("okx", silent_books=0)
    report = ended(whole)
    return {**report, "naked": naked, "farthest": max(distance for _, distance, _ in sent)}


def test_06_no_order_goes_without_a_price_and_none_is_priced_by_a_book_that_is_silent(state: Path) -> None:
    report = run_forked(stale_book, 13, state)
    assert report["naked"] == {}
    assert report["farthest"] < Decimal("0.02")
    assert report["clean"] is True


def a_leg_keeps_failing(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    turned = refuse_for_size(whole, "okx")
    worst = Decimal(0)
    largest = whole.settings.scanner.max_notional

    aster = serving(whole, "aster")

    def look() -> None:
        nonlocal worst
        marks = {coin: aster.engine.marks[name] for name, coin in aster.coins.items()}
        worst = max([worst, *(abs(size) * marks[coin] for coin, size in net(whole).items())])

    watched(25.0, look)
    drained(whole)
    report = ended(whole)
    told = len(said(whole, "cooldown"))
    return {**report, "turned": len(turned), "worst": worst / largest, "told": told}


def test_07_a_leg_that_keeps_failing_piles_nothing_up_and_is_met_with_pauses(state: Path) -> None:
    report = run_forked(a_leg_keeps_failing, 17, state)
    assert report["turned"] >= 3
    assert report["worst"] < Decimal("1.1"), "never more than one trade's leg in a coin"
    assert report["told"] >= 1
    assert report["exposure"]["positions"] == {}

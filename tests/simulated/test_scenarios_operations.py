"""Scenarios 31 to 33: stopping, retrying, and prices that cannot be."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import gevent
import pytest
from scene import account, at_place, drained, ended, orders, positions, serving, started
from test_waiting_orders import far_bid

from perpbot import clock
from perpbot.model.instrument import Side
from perpbot.simulation.venues.orders import Lifetime, RefusedError, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def stopped_in_the_middle(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    okx = serving(whole, "okx")
    instrument = next(iter(okx.engine.instruments))
    with okx.lock:
        price = far_bid(okx.engine.marks[instrument.native], instrument)
        others = okx.engine.place(
            Ticket(account=ACCOUNT, symbol=instrument.native, side=Side.BUY, size=instrument.min_quantity,
                   price=price, lifetime=Lifetime.GTC), clock.wall_ns())  # fmt: skip
    whole.wait_until(lambda: whole.open_trades >= 2, 240.0, "two trades in progress")
    late: list[Ticket] = []
    stopped: list[int] = []
    for venue in whole.settings.exchanges:

        def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
            late.extend([ticket] if stopped and not ticket.reduce_only else [])
            return usual(ticket, now_ns)  # type: ignore[no-any-return]

        at_place(serving(whole, venue), place)
    stopped.append(1)
    report = whole.program.stop()
    sent = sum(len(account(whole, venue).orders) for venue in whole.settings.exchanges)
    gevent.sleep(30.0)
    after = sum(len(account(whole, venue).orders) for venue in whole.settings.exchanges) - sent
    left = positions(whole)
    waiting = [each.id for each in account(whole, "okx").open_orders]
    whole.venues.stop()
    return {**report, "late": len(late), "after": after, "left": left, "kept": waiting == [others.id]}


def test_31_a_stop_flattens_opens_nothing_sends_nothing_afterwards_and_leaves_others_orders_alone(state: Path) -> None:
    report = run_forked(stopped_in_the_middle, 73, state)
    assert report["trades"]["closed_at_stop"] >= 1
    assert report["late"] == 0, "nothing is opened once it was told to stop"
    assert report["after"] == 0
    assert report["left"] == {}
    assert report["kept"]
    assert report["clean"] is True


def lost_answers(world: World, state: Path) -> dict[str, Any]:
    """Every answer to an order is lost, at every venue in turn, though the orders are carried out."""
    whole = started(world, state)
    most = 0
    for venue in whole.settings.exchanges:
        whole.venues.admin.set_faults(venue, drop_answers=3, trading_only=True)
        gevent.sleep(12.0)
        whole.venues.admin.set_faults(venue, drop_answers=0)
    drained(whole)
    for venue in whole.settings.exchanges:
        ids = [each.client_id for each in account(whole, venue).orders.values()]
        most = max([most, *(ids.count(each) for each in ids)])
    sent = {each.order.wire_id for each in orders(whole)}
    strangers = [
        each.client_id
        for venue in whole.settings.exchanges
        for each in account(whole, venue).orders.values()
        if each.client_id not in sent
    ]
    twice = [each for each in _at_work(whole) if each > 1]
    return {**ended(whole), "most": most, "strangers": strangers, "twice": twice}


def _at_work(whole: Any) -> list[int]:
    """For every order that opens: how many of the same trade and leg there are with that purpose."""
    opened = [(each.order.trade_id, each.order.leg) for each in orders(whole, "open")]
    return [opened.count(each) for each in opened]


def test_32_an_order_whose_answer_is_lost_is_asked_for_and_never_sent_again_under_another_number(state: Path) -> None:
    report = run_forked(lost_answers, 79, state)
    assert report["most"] == 1
    assert report["strangers"] == []
    assert report["twice"] == []
    assert report["orders"]["duplicates"] == 0
    assert report["clean"] is True


def silly_prices(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    taken = []
    for venue in whole.settings.exchanges:
        served = serving(whole, venue)
        instrument = next(iter(served.engine.instruments))
        for price in ("0", "-1"):
            for side in Side:
                ticket = Ticket(account=ACCOUNT, symbol=instrument.native, side=side, size=instrument.min_quantity,
                                price=Decimal(price), lifetime=Lifetime.IOC)  # fmt: skip
                with served.lock:
                    try:
                        taken.append(attrs.asdict(served.engine.place(ticket, clock.wall_ns())))
                    except RefusedError:
                        continue
    whole.wait_until(lambda: len(whole.records) >= 2, 120.0, "two trades")
    drained(whole)
    farthest = max(
        abs(fill.price / served.engine.marks[fill.symbol] - 1)
        for served in map(whole.venues.venues.__getitem__, whole.settings.exchanges)
        for fill in served.engine.accounts[ACCOUNT].executions
    )
    return {**ended(whole), "taken": taken, "farthest": farthest}


def test_33_nothing_is_ordered_or_filled_at_a_price_of_zero_or_less_nor_far_from_the_market(state: Path) -> None:
    report = run_forked(silly_prices, 83, state)
    assert [each for each in report["taken"] if each["filled"]] == []
    assert report["farthest"] < Decimal("0.05")
    assert report["clean"] is True

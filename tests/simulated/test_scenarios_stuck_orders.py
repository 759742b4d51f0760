"""Scenarios 17 to 19: orders and remainders that do not end by themselves."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from scene import (
    again,
    at_place,
    drained,
    ended,
    ended_after_restarts,
    orders,
    orders_of,
    positions,
    serving,
    started,
)
from whole import Whole

from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.pricing import REFUSALS_BELIEVED
from perpbot.execution.trade import TOP_UP
from perpbot.model.instrument import InstrumentTable
from perpbot.model.order import Order, OrderStatus, OrderUpdate
from perpbot.simulation.venues.orders import Ticket, VenueOrder
from perpbot.simulation.venues.venue import SimulatedVenue
from perpbot.simulation.world import World, run_forked

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated


def partly_filled_closes(world: World, state: Path) -> dict[str, Any]:
    """Every close is filled by a lot or two, four times in a row."""
    whole = started(world, state)
    cut: list[Ticket] = []

    def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        if not ticket.reduce_only or len(cut) >= 4:
            return usual(ticket, now_ns)  # type: ignore[no-any-return]
        cut.append(ticket)
        return served.engine.place(ticket, now_ns, 2 * served.instrument(ticket.symbol).lot)

    served = serving(whole, "okx")
    at_place(served, place)
    whole.wait_until(lambda: bool(cut), 120.0, "a close that is filled in part")
    began = monotonic_ns()
    trade = next(each.order.trade_id for each in orders(whole, "close") if each.order.wire_id == cut[0].client_id)
    whole.wait_until(lambda: whole.ledger.trade(trade) is None, 60.0, "its trade over")
    took_s = (monotonic_ns() - began) / NS_PER_SECOND
    closes = [each for each in orders_of(whole, trade) if each.order.purpose == "close" and each.order.venue == "okx"]
    return {**ended(whole), "took_s": took_s, "closes": len(closes)}


def test_17_a_close_that_is_filled_in_part_is_sent_for_the_rest_until_nothing_is_left(state: Path) -> None:
    report = run_forked(partly_filled_closes, 3, state)
    assert report["closes"] >= 3
    assert report["took_s"] < 20
    assert report["clean"] is True


def ghost(world: World, state: Path) -> dict[str, Any]:
    """The venue lists an order of ours as open for ever, and says that there is none when it is cancelled."""
    whole = started(world, state)
    okx = whole.program.parts.venues["okx"]
    whole.wait_until(lambda: any(each.order.venue == "okx" for each in orders(whole)), 120.0, "an order there")
    drained(whole)
    record = next(each for each in orders(whole) if each.order.venue == "okx")
    order = record.order
    update = OrderUpdate(
        venue="okx", account=order.account, symbol=order.symbol, client_id=order.wire_id,
        venue_order_id=record.venue_order_id, status=OrderStatus.ACCEPTED, filled=record.filled,
    )  # fmt: skip
    cancels: list[Order] = []
    usual = okx.cancel

    def cancel(order: Order, venue_order_id: str | None, instrument: Any) -> Any:
        cancels.append(order)
        return usual(order, venue_order_id, instrument)

    okx.cancel = cancel  # type: ignore[method-assign]
    okx.fetch_open_orders = lambda: [update]  # type: ignore[method-assign]
    (answer,) = whole.program.cancel_waiting(["okx"])
    before = len(cancels)
    whole.crash("/venues/okx/trading")
    whole.wait_until(lambda: whole.circuit("okx") == "CONNECTED", 30.0, "the connection again")
    whole.program.kill.set("global", on=False, by="the test")
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > done + 1, 90.0, "trading goes on")
    del okx.fetch_open_orders
    report = ended(whole)
    return {**report, "left": answer.left, "order": order.client_id, "cancels": (before, len(cancels))}


def test_18_the_cancel_of_an_order_that_is_gone_is_tried_a_few_times_and_told(state: Path) -> None:
    report = run_forked(ghost, 5, state)
    assert report["left"] == (report["order"],)
    assert report["cancels"] == (3, 6), "three rounds when asked, three after the reconnect, and no more"
    assert report["orders"]["duplicates"] == 0


def coarse(whole: Whole, lots: int) -> SimulatedVenue:
    """OKX trades so many lots at least."""
    served = serving(whole, "okx")
    listed = [attrs.evolve(each, min_quantity=lots * each.lot) for each in served.engine.instruments]
    served.engine.instruments = InstrumentTable(listed)
    served._instruments = {each.native: each for each in listed}
    return served


def left_of_a_close(
    whole: Whole, served: SimulatedVenue, lots: Callable[[Ticket], int], *, restarts: bool = False
) -> str:
    """A close at a coarse venue is filled but for so many lots; its trade, when that is over, perhaps after a crash."""
    cut: list[Ticket] = []

    def place(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        instrument = served.instrument(ticket.symbol)
        if not ticket.reduce_only or cut or ticket.size <= instrument.min_quantity + lots(ticket) * instrument.lot:
            return usual(ticket, now_ns)  # type: ignore[no-any-return]
        cut.append(ticket)
        return served.engine.place(ticket, now_ns, ticket.size - lots(ticket) * instrument.lot)

    at_place(served, place)
    whole.program.start()
    whole.wait_until(lambda: bool(cut), 120.0, "a close that leaves a rest")
    trade = next(each.order.trade_id for each in orders(whole, "close") if each.order.wire_id == cut[0].client_id)
    if restarts:
        whole.end_abruptly()
        again(whole)
    whole.wait_until(lambda: whole.ledger.trade(trade) is None, 60.0, "its trade over")
    return trade


def crumb_left(world: World, state: Path) -> dict[str, Any]:
    """OKX trades ten lots at least, and fills all of a close but what may stand alone."""
    whole = Whole(world, state)
    served = coarse(whole, 10)
    trade = left_of_a_close(whole, served, lambda ticket: worth(served, ticket, 10, ROUND_FLOOR))
    (record,) = (each for each in whole.records if each.trade_id == trade)
    refused = [each.reason for each in orders_of(whole, trade) if each.status is OrderStatus.REFUSED]
    done = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > done + 1, 90.0, "trading goes on")
    drained(whole)
    held = positions(whole)
    report = whole.stop()
    return {**report, "reason": record.reason, "refused": refused, "held": held}


def worth(served: SimulatedVenue, ticket: Ticket, dollars: int, rounding: str) -> int:
    """How many lots are worth so much."""
    assert ticket.price is not None
    lots = dollars / (served.instrument(ticket.symbol).lot * ticket.price)
    return int(lots.to_integral_value(rounding))


def rest_topped_up(world: World, state: Path, restarts: bool) -> dict[str, Any]:  # noqa: FBT001 - run in a fork
    """OKX trades twenty lots at least, and leaves more of a close than may stand alone."""
    whole = Whole(world, state)
    served = coarse(whole, 20)
    trade = left_of_a_close(whole, served, lambda ticket: worth(served, ticket, 15, ROUND_CEILING), restarts=restarts)
    (record,) = (each for each in whole.records if each.trade_id == trade)
    more = [each.order for each in orders_of(whole, trade) if each.order.purpose == TOP_UP]
    report = ended_after_restarts(whole) if restarts else ended(whole)
    return {**report, "phase": record.phase, "reason": record.reason, "more": [each.venue for each in more]}


def test_19_a_remainder_below_the_minimum_ends_its_trade_holds_nobody_up_and_is_shown(state: Path) -> None:
    report = run_forked(crumb_left, 7, state)
    assert report["reason"] == "a rest is left that its venue does not take"
    assert len(report["refused"]) <= REFUSALS_BELIEVED, "what the venue does not take is not tried again and again"
    ours = {(key.split("/")[0], key.split("/")[2].split("-")[0]): Decimal(size)
            for key, size in report["exposure"]["positions"].items()}  # fmt: skip
    assert ours == report["held"]
    assert ours


@pytest.mark.parametrize("restarts", [False, True])
def test_a_remainder_that_may_not_stand_alone_is_topped_up_to_what_its_venue_takes(state: Path, restarts: Any) -> None:
    report = run_forked(rest_topped_up, 7, state, restarts)
    assert report["phase"] == "completed"
    assert "rest" not in report["reason"]
    assert len(report["more"]) == 2
    assert "okx" in report["more"]
    assert report["exposure"]["positions"] == {}
    assert report["clean"] is True

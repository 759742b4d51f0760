"""The numbered scenarios that concern connections and requests under way, over real sockets and in real time.

`tests/simulated` has all of them in virtual time; here nothing of PerpBot is simulated, and it runs in its own process.
"""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest
from over_sockets import OverSockets, Place, over_sockets

from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.record import OrderRecord
from perpbot.model.instrument import Side
from perpbot.model.order import OrderStatus
from perpbot.simulation.venues.orders import Ending, Lifetime, Ticket, VenueOrder

pytestmark = pytest.mark.process

FAR = Decimal("0.97")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverSockets]:
    """One system for all of them, as in a long life; at the end its books are the venues' books."""
    with over_sockets(tmp_path_factory.mktemp("sockets")) as made:
        yield made
        made.stop()


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> None:
    """The venues' threads, one for each connection, outlive a test; `over_sockets` sees that all of them end."""


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def seconds_since(began_ns: int) -> float:
    return (monotonic_ns() - began_ns) / NS_PER_SECOND


def over(whole: OverSockets, record: OrderRecord) -> list[OrderRecord]:
    """The orders of the trade of `record`, once it is over."""
    trade = record.order.trade_id
    whole.wait(lambda: whole.ledger().trade(trade) is None, "its trade over")
    return whole.orders_of(trade)


# -- orders under way --------------------------------------------------------------------------------------------------


@pytest.mark.full
def test_01_a_fill_that_overtakes_its_cancel_is_made_good_once(whole: OverSockets) -> None:
    served = whole.serving("okx")
    resting: list[VenueOrder] = []
    refused: list[int] = []
    usual_cancel = served.engine.cancel

    def place(ticket: Ticket, now_ns: int, usual: Place) -> VenueOrder:
        """Let the next buy that opens wait far from the market, though it was sent to fill at once."""
        if resting or ticket.reduce_only or ticket.side is not Side.BUY:
            return usual(ticket, now_ns)
        price = served.instrument(ticket.symbol).round_price(
            served.engine.marks[ticket.symbol] * FAR, Side.BUY, outward=False
        )
        resting.append(usual(attrs.evolve(ticket, price=price, lifetime=Lifetime.GTC), now_ns))
        return resting[0]

    def cancel(name: str, order_id: int, now_ns: int, ending: Ending = Ending.USER) -> VenueOrder:
        """Fill the order that waits just before its cancel is read, which is refused then."""
        order = served.engine.accounts[name].orders[order_id]
        if resting and order_id == resting[0].id:
            served.engine._take_client(order, order.price or Decimal(0), order.remaining, None, now_ns)
            served.engine.books[order.symbol].own(order.side).discard(order)
            refused.append(order_id)
        return usual_cancel(name, order_id, now_ns, ending)

    served.engine.cancel = cancel  # type: ignore[method-assign, assignment]
    with whole.placing("okx", place):
        whole.wait(lambda: refused, "a cancel that is refused")
    served.engine.cancel = usual_cancel  # type: ignore[method-assign]
    mine = over(whole, whole.record(resting[0].client_id))
    assert whole.record(resting[0].client_id).status is OrderStatus.FILLED
    assert sum(each.order.purpose == "hedge" for each in mine) <= 1
    assert sum(each.held for each in mine) == 0


# -- connections and data ----------------------------------------------------------------------------------------------


def test_20_a_stream_that_came_back_deaf_hides_no_fill_and_opens_nothing_on_old_prices(whole: OverSockets) -> None:
    okx = whole.serving("okx")
    usual_publish = okx.topics.publish
    cut: list[VenueOrder] = []

    def place(ticket: Ticket, now_ns: int, usual: Place) -> VenueOrder:
        order = usual(ticket, now_ns)
        if not cut and order.filled:
            cut.append(order)
            okx.server.cut()
            okx.topics.publish = lambda *_: None  # type: ignore[method-assign]
        return order

    with whole.placing("okx", place):
        whole.wait(lambda: cut, "an order that fills at OKX")
    began = monotonic_ns()
    order = cut[0]
    whole.wait(lambda: whole.record(order.client_id).filled == order.filled, "the fill that nobody announced")
    assert seconds_since(began) < 30
    pause(4.0)  # prices of before are too old by now
    before = len(okx.engine.accounts["main"].orders)
    pause(3.0)
    opened = list(okx.engine.accounts["main"].orders.values())[before:]
    okx.topics.publish = usual_publish  # type: ignore[method-assign]
    assert [each for each in opened if not each.reduce_only] == []
    placed = len(okx.engine.accounts["main"].orders)
    whole.wait(lambda: len(okx.engine.accounts["main"].orders) > placed, "OKX is traded at again")


@pytest.mark.full
@pytest.mark.parametrize("venue", ["okx", "hyperliquid"])
def test_21_a_book_that_stands_still_on_a_stream_that_lives_is_found_out_and_made_anew(
    venue: str, whole: OverSockets
) -> None:
    told = len(whole.said("book stood still"))
    began = monotonic_ns()
    whole.faults(venue, silent_books=1)
    whole.wait(lambda: len(whole.said("book stood still")) > told, "the silence noticed")
    whole.faults(venue, silent_books=0)
    line = whole.said("book stood still")[told]
    assert f"venue={venue}" in line
    assert "symbol=BTC-PERP" in line
    assert seconds_since(began) < 30


@pytest.mark.full
def test_22_a_book_with_a_gap_a_wrong_checksum_or_nonsense_has_no_price_until_it_is_made_anew(
    whole: OverSockets,
) -> None:
    okx = whole.serving("okx")
    farthest = Decimal(0)

    def place(ticket: Ticket, now_ns: int, usual: Place) -> VenueOrder:
        nonlocal farthest
        farthest = max(farthest, abs((ticket.price or 0) / okx.engine.marks[ticket.symbol] - 1))
        return usual(ticket, now_ns)

    before = len(okx.engine.accounts["main"].orders)
    whole.faults("okx", gap=5, not_a_number=5, wrong_checksum=5)
    with whole.placing("okx", place):
        whole.wait(lambda: _all_used(okx.faults), "all of it sent")
        whole.wait(lambda: len(okx.engine.accounts["main"].orders) > before + 1, "orders there, before and after")
    assert farthest < Decimal("0.03")
    assert whole.said("crashed") == []


def _all_used(faults: Any) -> bool:
    return not (faults.gap or faults.not_a_number or faults.wrong_checksum)


@pytest.mark.full
def test_23_after_a_429_nothing_is_sent_for_as_long_as_the_venue_says_and_reconnects_grow_rarer(
    whole: OverSockets,
) -> None:
    okx = whole.serving("okx")
    answered: list[int] = []
    usual = okx.too_many

    def too_many() -> Any:
        answered.append(monotonic_ns())
        return usual()

    okx.too_many = too_many  # type: ignore[method-assign]
    whole.faults("okx", status_429=2, retry_after_s=3)
    whole.wait(lambda: not okx.faults.status_429, "both answers of 429")
    whole.faults("okx", retry_after_s=0, refuse_streams=1_000)
    okx.too_many = usual  # type: ignore[method-assign]
    gap_s = (answered[1] - answered[0]) / NS_PER_SECOND
    assert gap_s < 0.2 or gap_s > 2.8, "what was on its way may follow at once; all else waits"
    assert whole.said("too many requests")
    okx.server.cut()
    pause(5.0)
    attempts = 1_000 - okx.faults.refuse_streams
    whole.faults("okx", refuse_streams=0)
    assert 2 <= attempts <= 20, "two streams, that wait from 0.2 s up to 2 s"
    caught_up = whole.caught_up("okx")
    whole.wait(lambda: whole.caught_up("okx") > caught_up, "OKX back, and asked for everything that was missed")


# -- answers and clocks ------------------------------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize("ahead_s", [-3_600, 3_600])
def test_29_a_clock_that_is_an_hour_off_costs_nothing(ahead_s: int, whole: OverSockets) -> None:
    whole.faults("okx", clock_ahead_ms=ahead_s * 1_000)
    orders = whole.account("okx").orders
    pause(3.0)  # its answers tell what time it is there
    before = list(orders)

    def filled() -> int:
        return sum(bool(orders[each].filled) for each in list(orders) if each not in before)

    whole.wait(lambda: filled() >= 2, "orders fill there")
    whole.faults("okx", clock_ahead_ms=0)
    pause(3.0)


def test_32_an_order_whose_answer_is_lost_is_asked_for_and_never_sent_again(whole: OverSockets) -> None:
    hyperliquid = whole.serving("hyperliquid")
    before = set(hyperliquid.engine.accounts["main"].by_client)
    whole.faults("hyperliquid", drop_answers=2, trading_only=True)
    whole.wait(lambda: not hyperliquid.faults.drop_answers, "two answers lost")
    whole.wait(lambda: len(set(hyperliquid.engine.accounts["main"].by_client) - before) >= 2, "two orders there")
    lost = list(set(hyperliquid.engine.accounts["main"].by_client) - before)[:2]
    for each in lost:
        over(whole, whole.record(each))
        assert whole.record(each).settled
    assert whole.account("hyperliquid").duplicates == 0

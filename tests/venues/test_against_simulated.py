"""The adapters against the simulated venues, over real sockets: what one side signs the other understands."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from served_venue import Served, of_kind

from perpbot.model.book import Book
from perpbot.model.events import Bar, BookDelta, BookSnapshot, DecodeError, Event, Funding, Mark, PublicTrade
from perpbot.model.instrument import Side
from perpbot.model.order import (
    Accepted,
    Balance,
    Fill,
    Liquidity,
    Order,
    OrderStatus,
    OrderUpdate,
    Position,
    Refused,
    TimeInForce,
    Unknown,
)
from perpbot.trial.client import BookStream
from perpbot.venues.http import NoAnswerError

pytest_plugins = ["served_fixtures"]
pytestmark = pytest.mark.process

LATER = (
    "edgex",
    "lighter",
    "paradex",
)
"""Venues that look at margin and position only after they have taken an order."""
SILENT = ("grvt",)
"""Venues that stream no balances."""


def is_of(fill: Fill, outcome: Accepted) -> bool:
    """Whether a fill is of the order that was taken, where the venue said its own id at once."""
    return bool(outcome.venue_order_id) and fill.venue_order_id == outcome.venue_order_id


def check_turned_down(at: Served, order: Order) -> None:
    """The venue refuses `order`, at once or after it has taken it."""
    outcome = at.client.place(order)
    if isinstance(outcome, Accepted):
        assert at.venue.name in LATER
        found = at.client.find(order)
        assert found.status is OrderStatus.REFUSED
        assert found.filled == 0
    else:
        assert isinstance(outcome, Refused)
        assert not outcome.retryable


def ended(order: Order) -> Any:
    return lambda event: isinstance(event, OrderUpdate) and event.client_id == order.wire_id and event.status.final


def flatten(at: Served) -> None:
    held = at.client.held()
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        assert isinstance(at.client.place(at.order(side, "0.004", size=str(abs(held)), reduce_only=True)), Accepted)
        assert at.client.held() == 0


# -- market data -------------------------------------------------------------------------------------------------


def test_instruments_have_their_grid_and_costs(at: Served) -> None:
    assert at.bitcoin.tick > 0
    assert at.bitcoin.lot > 0
    assert at.bitcoin.taker_fee > 0
    assert at.bitcoin.funding_hours > 0
    assert {each.venue for each in at.venue.instruments} == {at.venue.name}


def test_a_book_and_funding_come_by_the_stream(at: Served) -> None:
    seen: set[type[Event]] = set()
    for event in at.client.events(at.client.open_book().socket, at.venue.decode_public):
        seen.add(type(event))
        if {Funding, Mark} <= seen and seen & {BookSnapshot, BookDelta}:
            break
    book = at.client.book()
    assert 0 < book.best_bid()[0] < book.best_ask()[0]


def test_trades_and_bars_come_by_the_stream(at: Served) -> None:
    seen: dict[type[Event], Any] = {type(each): each for each in at.client.tape()}
    trade = seen[PublicTrade]
    assert trade.symbol == "BTC-PERP"
    assert trade.price > 0 < trade.quantity
    assert (Bar in seen) == (at.venue.name != "paradex")
    if Bar in seen:
        bar = seen[Bar]
        assert (bar.symbol, bar.resolution) == ("BTC-PERP", "1m")
        assert abs(bar.close / trade.price - 1) < Decimal("0.01")


def test_a_book_by_rest_has_the_prices_and_sizes_of_the_stream(at: Served) -> None:
    asked = at.venue.fetch_book(at.bitcoin)
    book = Book(at.venue.name, asked.symbol)
    book.snapshot(asked.bids, asked.asks, asked.sequence)
    streamed = at.client.book()
    assert asked.symbol == "BTC-PERP"
    assert book.valid
    assert abs(book.best_bid()[0] / streamed.best_bid()[0] - 1) < Decimal("0.005")
    sizes = [sum(size for _, size in each.bids(5)) for each in (book, streamed)]
    assert Decimal("0.05") < sizes[0] / sizes[1] < 20


def broken_by(reason: str) -> Callable[[BookStream], bool]:
    """Enough when the book has lost its price for `reason` and found it again."""
    return lambda stream: has_price(stream) and any(each.startswith(reason) for each in stream.reasons)


def has_price(stream: BookStream) -> bool:
    return stream.builder.book.valid


def with_price(at: Served) -> BookStream:
    stream = at.client.open_book()
    at.client.follow(stream, has_price)
    return stream


def test_a_book_that_lost_a_frame_is_rebuilt(at: Served) -> None:
    if at.venue.name == "hyperliquid":
        pytest.skip("every frame of Hyperliquid is a snapshot")
    stream = with_price(at)
    at.admin.set_faults(gap=1)
    at.client.follow(stream, broken_by("gap"))


def test_a_frame_with_a_bad_number_is_refused_and_the_book_found_again(at: Served) -> None:
    stream = with_price(at)
    at.admin.set_faults(not_a_number=1)
    with pytest.raises(DecodeError, match=at.venue.name):
        at.client.follow(stream, lambda _stream: False)
    at.client.follow(stream, has_price)


def test_a_wrong_checksum_takes_the_price_away_until_a_new_snapshot(details: dict[str, Any]) -> None:
    at = Served("okx", details)
    stream = with_price(at)
    at.admin.set_faults(wrong_checksum=1)
    at.client.follow(stream, broken_by("the checksum"))
    at.close()


# -- orders ------------------------------------------------------------------------------------------------------


def test_an_ioc_order_fills_and_the_stream_tells_all_of_it(at: Served) -> None:
    socket = at.client.open_account()
    order = at.order(Side.BUY, "0.004")
    began_ms = at.venue.venue_ms() - 60_000
    outcome = at.client.place(order)
    assert isinstance(outcome, Accepted)
    events: list[Event] = []

    def told(event: Event) -> bool:
        events.append(event)
        filled = sum(fill.quantity for fill in of_kind(events, Fill) if fill.client_id == order.wire_id)
        known = any(ended(order)(each) for each in events)
        worth = at.venue.name in SILENT or bool(of_kind(events, Balance))
        return known and filled == order.quantity and bool(of_kind(events, Position)) and worth

    at.client.hear(socket, told, "the stream does not tell all of it")
    streamed = [fill for fill in of_kind(events, Fill) if fill.client_id == order.wire_id]
    read = [fill for fill in at.venue.fetch_fills(began_ms) if fill.client_id == order.wire_id or is_of(fill, outcome)]
    assert {fill.trade_ref for fill in streamed} == {fill.trade_ref for fill in read}
    assert sum(fill.quantity for fill in read) == order.quantity
    assert all(fill.fee.amount > 0 and fill.liquidity is Liquidity.TAKER for fill in read)
    assert all(fill.fee.amount <= fill.quantity * fill.price * at.bitcoin.taker_fee * 2 for fill in read)
    assert at.client.find(order).status is OrderStatus.FILLED
    assert at.client.held() == order.quantity
    flatten(at)


def test_an_order_rests_until_it_is_cancelled_by_either_id(at: Served) -> None:
    socket = at.client.open_account()
    for by_ours in (True, False):
        order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
        outcome = at.client.place(order)
        assert isinstance(outcome, Accepted)
        assert order.wire_id in {each.client_id for each in at.venue.fetch_open_orders()}
        assert at.client.find(order).status is OrderStatus.ACCEPTED
        at.client.cancel(order, None if by_ours else outcome.venue_order_id)
        last = at.client.hear(socket, ended(order), "the stream does not tell the end")[-1]
        assert isinstance(last, OrderUpdate)
        assert last.status is OrderStatus.CANCELLED
        assert last.filled == 0
        assert at.client.find(order).status is OrderStatus.CANCELLED
        assert order.wire_id not in {each.client_id for each in at.venue.fetch_open_orders()}


def test_a_post_only_order_never_takes(at: Served) -> None:
    crossing = at.order(Side.BUY, "0.002", time_in_force=TimeInForce.POST_ONLY)
    at.client.place(crossing)
    found = at.venue.fetch_order(crossing, at.bitcoin)
    assert found is None or (found.status.final and found.filled == 0)
    resting = at.order(Side.SELL, "-0.02", time_in_force=TimeInForce.POST_ONLY)
    assert isinstance(at.client.place(resting), Accepted)
    assert at.client.find(resting).status is OrderStatus.ACCEPTED
    at.client.cancel(resting)
    assert at.client.held() == 0


def test_an_ioc_order_that_meets_nothing_is_over(at: Served) -> None:
    order = at.order(Side.BUY, "-0.02")
    assert isinstance(at.client.place(order), Accepted | Refused)
    found = at.venue.fetch_order(order, at.bitcoin)
    assert found is None or (found.status.final and found.filled == 0)


def test_a_reduce_only_order_closes_and_does_not_turn_the_position(at: Served) -> None:
    assert isinstance(at.client.place(at.order(Side.SELL, "0.004")), Accepted)
    assert at.client.held() < 0
    at.client.place(at.order(Side.BUY, "0.004", size="0.05", reduce_only=True))
    assert at.client.held() == 0
    check_turned_down(at, at.order(Side.BUY, "0.004", reduce_only=True))


def test_an_order_the_venue_never_heard_of_is_none(at: Served) -> None:
    assert at.venue.fetch_order(at.order(Side.BUY, "0"), at.bitcoin) is None


def test_an_order_placed_twice_is_not_refused_but_unknown(at: Served) -> None:
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    assert isinstance(at.client.place(order), Accepted)
    assert isinstance(at.client.place(order), Unknown)
    at.client.cancel(order)


def test_an_order_larger_than_the_account_is_refused(at: Served) -> None:
    check_turned_down(at, at.order(Side.BUY, "0.004", size="5000"))


def test_balances_are_cash_and_what_it_is_worth(at: Served) -> None:
    (balance,) = at.venue.fetch_balances()
    assert balance.wallet > 9_000
    assert balance.equity is not None
    assert balance.available is not None
    assert abs(balance.equity - balance.wallet) < 100


# -- trouble -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["status_500", "masked_500", "html", "truncated"])
def test_an_order_answered_with_trouble_is_unknown_and_then_found_or_not(at: Served, fault: str) -> None:
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    at.admin.set_faults(**{fault: 1, "trading_only": True})
    assert isinstance(at.client.place(order), Unknown)
    found = at.venue.fetch_order(order, at.bitcoin)
    assert (found is not None) == (fault in {"masked_500", "truncated"})
    if found is not None:
        at.client.cancel(order)


@pytest.mark.parametrize(("fault", "arrived"), [("drop_requests", False), ("drop_answers", True)])
def test_an_order_without_an_answer_may_have_arrived(at: Served, fault: str, arrived: bool) -> None:  # noqa: FBT001 - a case
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    at.admin.set_faults(**{fault: 1, "trading_only": True})
    with pytest.raises(NoAnswerError):
        at.client.place(order)
    assert (at.venue.fetch_order(order, at.bitcoin) is not None) == arrived
    if arrived:
        at.client.cancel(order)


def test_over_the_rate_limit_an_order_may_be_tried_later(at: Served) -> None:
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    at.admin.set_faults(status_429=1, trading_only=True)
    outcome = at.client.place(order)
    assert isinstance(outcome, Refused)
    assert outcome.retryable
    assert at.venue.fetch_order(order, at.bitcoin) is None


def test_a_request_that_comes_too_late_is_turned_away(at: Served) -> None:
    force = (
        TimeInForce.IOC if at.venue.name in {"extended", "grvt"} else TimeInForce.GTC
    )  # there an order expires with its request
    order = at.order(Side.BUY, "-0.02", time_in_force=force)
    request = at.behind(at.venue.request_lifetime_s + 1).place(order, at.bitcoin)
    assert not isinstance(at.venue.read_place(at.venue.http.send(request)), Accepted)
    assert at.venue.fetch_order(order, at.bitcoin) is None

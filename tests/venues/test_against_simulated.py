"""The adapters against the simulated venues, over real sockets: what one side signs the other understands."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from served_venue import Served, of_kind, served
from venue_cases import NAMES

from perpbot.model.book import Book
from perpbot.model.events import Bar, BookDelta, BookSnapshot, Event, Funding, Mark, PublicTrade
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
from perpbot.venues.book_builder import BookBuilder
from perpbot.venues.http import NoAnswerError

pytestmark = pytest.mark.process

LATER = (
    "edgex",
    "lighter",
    "paradex",
)
"""Venues that look at margin and position only after they have taken an order."""
SILENT = ("grvt",)
"""Venues that stream no balances."""


@pytest.fixture(scope="module")
def details() -> Iterator[dict[str, Any]]:
    with served() as found:
        yield found


@pytest.fixture(params=NAMES)
def at(request: pytest.FixtureRequest, details: dict[str, Any]) -> Iterator[Served]:
    made = Served(request.param, details)
    yield made
    made.close()


def is_of(fill: Fill, outcome: Accepted) -> bool:
    """Whether a fill is of the order that was taken, where the venue said its own id at once."""
    return bool(outcome.venue_order_id) and fill.venue_order_id == outcome.venue_order_id


def status(at: Served, order: Order) -> OrderUpdate:
    found = at.venue.fetch_order(order, at.bitcoin)
    assert found is not None
    return found


def check_turned_down(at: Served, order: Order) -> None:
    """The venue refuses `order`, at once or after it has taken it."""
    outcome = at.place(order)
    if isinstance(outcome, Accepted):
        assert at.venue.name in LATER
        found = status(at, order)
        assert found.status is OrderStatus.REFUSED
        assert found.filled == 0
    else:
        assert isinstance(outcome, Refused)
        assert not outcome.retryable


def ended(order: Order) -> Any:
    return lambda event: isinstance(event, OrderUpdate) and event.client_id == order.wire_id and event.status.final


def position(at: Served) -> Decimal:
    return sum((each.quantity for each in at.venue.fetch_positions() if each.symbol == "BTC-PERP"), Decimal(0))


def cancel(at: Served, order: Order, venue_order_id: str | None = None) -> int:
    return at.venue.http.send(at.venue.cancel(order, venue_order_id, at.bitcoin)).status


def flatten(at: Served) -> None:
    held = position(at)
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        assert isinstance(at.place(at.order(side, "0.004", size=str(abs(held)), reduce_only=True)), Accepted)
        assert position(at) == 0


# -- market data -------------------------------------------------------------------------------------------------


def test_instruments_have_their_grid_and_costs(at: Served) -> None:
    assert at.bitcoin.tick > 0
    assert at.bitcoin.lot > 0
    assert at.bitcoin.taker_fee > 0
    assert at.bitcoin.funding_hours > 0
    assert {each.venue for each in at.venue.instruments} == {at.venue.name}


def test_a_book_and_funding_come_by_the_stream(at: Served) -> None:
    seen: set[type[Event]] = set()
    for event in at.public_events(at.public()):
        seen.add(type(event))
        if {Funding, Mark} <= seen and seen & {BookSnapshot, BookDelta}:
            break
    book = at.fresh_book()
    assert 0 < book.best_bid()[0] < book.best_ask()[0]


def test_trades_and_bars_come_by_the_stream(at: Served) -> None:
    seen: dict[type[Event], Any] = {}
    for tape in at.venue.tapes([at.bitcoin]):
        for event in at.public_events(at.tape(tape)):
            seen[type(event)] = event
            if tape.brings <= seen.keys():
                break
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
    streamed = at.fresh_book()
    assert asked.symbol == "BTC-PERP"
    assert book.valid
    assert abs(book.best_bid()[0] / streamed.best_bid()[0] - 1) < Decimal("0.005")
    sizes = [sum(size for _, size in each.bids(5)) for each in (book, streamed)]
    assert Decimal("0.05") < sizes[0] / sizes[1] < 20


def broken_by(reason: str) -> Callable[[BookBuilder, int], bool]:
    """Enough when the book has lost its price for `reason` and found it again."""
    reasons: list[str] = []

    def enough(builder: BookBuilder, _taken: int) -> bool:
        reasons.append(builder.book.reason or "")
        return any(each.startswith(reason) for each in reasons) and builder.book.valid

    return enough


def has_price(builder: BookBuilder, _taken: int) -> bool:
    return builder.book.valid


def test_a_book_that_lost_a_frame_is_rebuilt(at: Served) -> None:
    if at.venue.name == "hyperliquid":
        pytest.skip("every frame of Hyperliquid is a snapshot")
    socket = at.public()
    built = at.book(socket, has_price)
    at.faults(gap=1)
    at.book(socket, broken_by("gap"), built)


def test_a_frame_with_a_bad_number_is_refused_and_the_book_found_again(at: Served) -> None:
    socket = at.public()
    built = at.book(socket, has_price)
    at.faults(not_a_number=1)
    at.book(socket, lambda builder, _taken: at.undecodable > 0 and builder.book.valid, built)
    assert at.undecodable == 1


def test_a_wrong_checksum_takes_the_price_away_until_a_new_snapshot(details: dict[str, Any]) -> None:
    at = Served("okx", details)
    socket = at.public()
    built = at.book(socket, has_price)
    at.faults(wrong_checksum=1)
    at.book(socket, broken_by("the checksum"), built)
    at.close()


# -- orders ------------------------------------------------------------------------------------------------------


def test_an_ioc_order_fills_and_the_stream_tells_all_of_it(at: Served) -> None:
    socket = at.private()
    order = at.order(Side.BUY, "0.004")
    began_ms = at.venue.venue_ms() - 60_000
    outcome = at.place(order)
    assert isinstance(outcome, Accepted)
    events: list[Event] = []

    def told(event: Event) -> bool:
        events.append(event)
        filled = sum(fill.quantity for fill in of_kind(events, Fill) if fill.client_id == order.wire_id)
        known = any(ended(order)(each) for each in events)
        worth = at.venue.name in SILENT or bool(of_kind(events, Balance))
        return known and filled == order.quantity and bool(of_kind(events, Position)) and worth

    at.until(socket, told)
    streamed = [fill for fill in of_kind(events, Fill) if fill.client_id == order.wire_id]
    read = [fill for fill in at.venue.fetch_fills(began_ms) if fill.client_id == order.wire_id or is_of(fill, outcome)]
    assert {fill.trade_ref for fill in streamed} == {fill.trade_ref for fill in read}
    assert sum(fill.quantity for fill in read) == order.quantity
    assert all(fill.fee.amount > 0 and fill.liquidity is Liquidity.TAKER for fill in read)
    assert all(fill.fee.amount <= fill.quantity * fill.price * at.bitcoin.taker_fee * 2 for fill in read)
    assert status(at, order).status is OrderStatus.FILLED
    assert position(at) == order.quantity
    flatten(at)


def test_an_order_rests_until_it_is_cancelled_by_either_id(at: Served) -> None:
    socket = at.private()
    for by_ours in (True, False):
        order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
        outcome = at.place(order)
        assert isinstance(outcome, Accepted)
        assert order.wire_id in {each.client_id for each in at.venue.fetch_open_orders()}
        assert status(at, order).status is OrderStatus.ACCEPTED
        cancel(at, order, None if by_ours else outcome.venue_order_id)
        last = at.until(socket, ended(order))[-1]
        assert isinstance(last, OrderUpdate)
        assert last.status is OrderStatus.CANCELLED
        assert last.filled == 0
        assert status(at, order).status is OrderStatus.CANCELLED
        assert order.wire_id not in {each.client_id for each in at.venue.fetch_open_orders()}


def test_a_post_only_order_never_takes(at: Served) -> None:
    crossing = at.order(Side.BUY, "0.002", time_in_force=TimeInForce.POST_ONLY)
    at.place(crossing)
    found = at.venue.fetch_order(crossing, at.bitcoin)
    assert found is None or (found.status.final and found.filled == 0)
    resting = at.order(Side.SELL, "-0.02", time_in_force=TimeInForce.POST_ONLY)
    assert isinstance(at.place(resting), Accepted)
    assert status(at, resting).status is OrderStatus.ACCEPTED
    cancel(at, resting)
    assert position(at) == 0


def test_an_ioc_order_that_meets_nothing_is_over(at: Served) -> None:
    order = at.order(Side.BUY, "-0.02")
    assert isinstance(at.place(order), Accepted | Refused)
    found = at.venue.fetch_order(order, at.bitcoin)
    assert found is None or (found.status.final and found.filled == 0)


def test_a_reduce_only_order_closes_and_does_not_turn_the_position(at: Served) -> None:
    assert isinstance(at.place(at.order(Side.SELL, "0.004")), Accepted)
    assert position(at) < 0
    at.place(at.order(Side.BUY, "0.004", size="0.05", reduce_only=True))
    assert position(at) == 0
    check_turned_down(at, at.order(Side.BUY, "0.004", reduce_only=True))


def test_an_order_the_venue_never_heard_of_is_none(at: Served) -> None:
    assert at.venue.fetch_order(at.order(Side.BUY, "0"), at.bitcoin) is None


def test_an_order_placed_twice_is_not_refused_but_unknown(at: Served) -> None:
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    assert isinstance(at.place(order), Accepted)
    assert isinstance(at.place(order), Unknown)
    cancel(at, order)


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
    at.faults(**{fault: 1, "trading_only": True})
    assert isinstance(at.place(order), Unknown)
    found = at.venue.fetch_order(order, at.bitcoin)
    assert (found is not None) == (fault in {"masked_500", "truncated"})
    if found is not None:
        cancel(at, order)


@pytest.mark.parametrize(("fault", "arrived"), [("drop_requests", False), ("drop_answers", True)])
def test_an_order_without_an_answer_may_have_arrived(at: Served, fault: str, arrived: bool) -> None:  # noqa: FBT001 - a case
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    at.faults(**{fault: 1, "trading_only": True})
    with pytest.raises(NoAnswerError):
        at.place(order)
    assert (at.venue.fetch_order(order, at.bitcoin) is not None) == arrived
    if arrived:
        cancel(at, order)


def test_over_the_rate_limit_an_order_may_be_tried_later(at: Served) -> None:
    order = at.order(Side.BUY, "-0.02", time_in_force=TimeInForce.GTC)
    at.faults(status_429=1, trading_only=True)
    outcome = at.place(order)
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

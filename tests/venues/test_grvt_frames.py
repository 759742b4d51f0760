"""GRVT's frames become events; times are nanoseconds in quotes, rates are percent."""

import json
from decimal import Decimal
from typing import Any

import pytest
from venue_cases import fill_of, price, size, venue, with_bitcoin

from perpbot.model.book import Follows
from perpbot.model.events import (
    Ack,
    Bar,
    BookDelta,
    BookSnapshot,
    DecodeError,
    Event,
    Funding,
    Mark,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import Side
from perpbot.model.money import Rate
from perpbot.model.order import Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.venue import Venue

VENUE = with_bitcoin(venue("grvt"))
NOON_NS = 1_700_000_000_000_000_000
BITCOIN = "BTC_USDT_Perp"
SELECTOR = f"{BITCOIN}@50"


def frame(stream: str, number: int = 0, previous: int = 0, selector: str = SELECTOR, **feed: Any) -> str:
    numbers = {"sequence_number": str(number), "prev_sequence_number": str(previous)}
    words = {"event_time": str(NOON_NS), "instrument": BITCOIN, **feed}
    return json.dumps({"stream": stream, "selector": selector, **numbers, "feed": words})


def decode(stream: str, made: Venue = VENUE, /, **words: Any) -> list[Event]:
    return made.decode_public(frame(stream, **words), 7)


def level(at: str, amount: str) -> dict[str, Any]:
    return {"price": at, "size": amount, "num_orders": 1}


LEVELS = {"bids": [level("99.5", "1.2")], "asks": [level("101", "3")]}
CONFIRMED = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscribe",
        "result": {
            "stream": "v1.book.d",
            "subs": [SELECTOR],
            "first_sequence_number": ["101"],
            "latest_sequence_number": ["100"],
        },
    }
)


def test_a_change_of_a_book_names_the_one_before() -> None:
    bids, asks = [(price("99.5"), size("1.2"))], [(price("101"), size("3"))]
    wanted = BookDelta("BTC-PERP", bids, asks, 15, 14, 15, NOON_NS)
    assert decode("v1.book.d", number=15, previous=14, **LEVELS) == [wanted]


def test_the_whole_book_is_numbered_as_its_subscription_was_confirmed() -> None:
    made = with_bitcoin(venue("grvt"))
    assert [each.sequence for each in decode("v1.book.d", made, **LEVELS) if isinstance(each, BookSnapshot)] == [0]
    assert made.decode_public(CONFIRMED, 0) == [Ack(f"v1.book.d {SELECTOR}")]
    assert [each.sequence for each in decode("v1.book.d", made, **LEVELS) if isinstance(each, BookSnapshot)] == [100]


@pytest.mark.parametrize(("first", "taken"), [(101, Taken.APPLIED), (102, Taken.BROKEN), (100, Taken.IGNORED)])
def test_a_change_lost_right_after_the_whole_book_is_noticed(first: int, taken: Taken) -> None:
    made = with_bitcoin(venue("grvt"))
    made.decode_public(CONFIRMED, 0)
    builder = BookBuilder(made, "BTC-PERP")
    (whole,) = decode("v1.book.d", made, **LEVELS)
    (change,) = decode("v1.book.d", made, number=first, previous=first - 1, bids=[level("99.6", "1")], asks=[])
    assert isinstance(whole, BookSnapshot)
    assert isinstance(change, BookDelta)
    assert builder.take(whole) is Taken.APPLIED
    assert builder.take(change) is taken


@pytest.mark.parametrize(
    ("book", "follows"),
    [(0, Follows.NEXT), (14, Follows.NEXT), (13, Follows.GAP), (15, Follows.OLD), (16, Follows.OLD)],
)
def test_a_change_follows_the_one_it_names(book: int, follows: Follows) -> None:
    assert VENUE.follows(book, BookDelta("BTC-PERP", [], [], 15, 14, 15, 0)) is follows


def test_the_ticker_has_the_mark_and_the_funding_rate_in_percent() -> None:
    prices = {"mark_price": "100.5", "index_price": "100.4"}
    words = {"funding_rate": "0.01", "funding_interval_hours": 4, "next_funding_time": str(NOON_NS + 5)}
    assert decode("v1.ticker.s", **prices, **words) == [
        Mark("BTC-PERP", price("100.5"), price("100.4"), NOON_NS),
        Funding("BTC-PERP", Rate(Decimal("0.0001"), Decimal(4)), NOON_NS + 5, NOON_NS),
    ]


def test_a_rate_told_for_eight_hours_alone_is_for_eight_hours() -> None:
    _, funding = decode("v1.ticker.s", mark_price="100", index_price="100", funding_rate_8h_curr="0.02")
    assert isinstance(funding, Funding)
    assert funding.rate == Rate(Decimal("0.0002"), Decimal(8))


@pytest.mark.parametrize(("bought", "side"), [(True, Side.BUY), (False, Side.SELL)])
def test_a_trade_has_the_takers_side(bought: bool, side: Side) -> None:  # noqa: FBT001 - a case
    wanted = PublicTrade("BTC-PERP", price("100"), size("3"), side, "9-1", NOON_NS)
    assert decode("v1.trade", is_taker_buyer=bought, size="3", price="100", trade_id="9-1") == [wanted]


def test_a_candle_is_a_bar() -> None:
    words = {"open_time": str(NOON_NS), "open": "100", "close": "101", "high": "103", "low": "99"}
    volumes = {"volume_b": "5", "volume_q": "505", "selector": f"{BITCOIN}@CI_1_M-TRADE"}
    prices = (price("100"), price("103"), price("99"), price("101"))
    wanted = Bar("BTC-PERP", "1m", NOON_NS, *prices, size("5"), Decimal(505), closed=False)
    assert decode("v1.candle", **words, **volumes) == [wanted]


@pytest.mark.parametrize(
    ("text", "reason", "status"),
    [
        ("PENDING", "UNSPECIFIED", OrderStatus.ACCEPTED),
        ("OPEN", "UNSPECIFIED", OrderStatus.ACCEPTED),
        ("FILLED", "UNSPECIFIED", OrderStatus.FILLED),
        ("CANCELLED", "IOC_CANCEL", OrderStatus.CANCELLED),
        ("REJECTED", "FAIL_POST_ONLY", OrderStatus.REFUSED),
    ],
)
def test_an_order_says_what_became_of_it(text: str, reason: str, status: OrderStatus) -> None:
    state = {"status": text, "reject_reason": reason, "traded_size": ["0.3"], "update_time": str(NOON_NS)}
    legs, metadata = [{"instrument": BITCOIN}], {"client_order_id": "17"}
    (update,) = decode("v1.order", order_id="0x00", legs=legs, metadata=metadata, state=state)
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled, update.client_id) == (status, size("0.3"), "17")
    assert (update.venue_order_id, update.reason) == ("", "" if reason == "UNSPECIFIED" else reason)


def test_a_fill_names_our_order_and_a_rebate_is_negative() -> None:
    words = {"is_buyer": True, "is_taker": False, "size": "0.2", "price": "100.5", "fee": "-0.00002"}
    ids = {"trade_id": "65424692-2", "order_id": "0x77", "client_order_id": "17"}
    (fill,) = decode("v1.fill", **words, **ids)
    paid = {"at": "100.5", "quantity": "0.2", "fee": "-0.00002"}
    ours = {"trade_ref": "BTC_USDT_Perp:65424692-2", "client_id": "17", "venue_order_id": "0x77"}
    assert fill == fill_of("grvt", Side.BUY, Liquidity.MAKER, NOON_NS, **paid, **ours)


def test_a_short_position_is_negative() -> None:
    (position,) = decode("v1.position", size="-0.5", entry_price="100.0")
    assert position == Position(
        venue="grvt", account="main", symbol="BTC-PERP", quantity=size("-0.5"), entry_price=price("100")
    )


@pytest.mark.parametrize(
    "words",
    [
        {"jsonrpc": "2.0", "error": {"code": 3000, "message": "Instrument is invalid"}, "id": 1, "method": "subscribe"},
        {"code": 3000, "message": "Instrument is invalid", "status": 400},
    ],
)
def test_a_complaint_has_its_code(words: dict[str, Any]) -> None:
    assert VENUE.decode_private(json.dumps(words), 0) == [VenueError("3000", "Instrument is invalid")]


def test_streams_that_mean_nothing_here_are_ignored_by_name() -> None:
    assert decode("v1.mini.d", index_price="1") == []
    with pytest.raises(DecodeError, match=r"grvt: stream is 'v9\.surprise'"):
        decode("v9.surprise")


@pytest.mark.parametrize(
    "bad",
    [
        {**LEVELS, "asks": [level("0", "1")]},
        {**LEVELS, "asks": [level("NaN", "1")]},
        {**LEVELS, "asks": [level("101", "-1")]},
        {**LEVELS, "number": -1},
        {**LEVELS, "event_time": "-5"},
        {"bids": []},
    ],
)
def test_what_is_not_the_protocol_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"^grvt: "):
        decode("v1.book.d", **bad)

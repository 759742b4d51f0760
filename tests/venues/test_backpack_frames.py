"""Backpack's frames become events; times are microseconds in or out of quotes."""

import json
from decimal import Decimal
from typing import Any

import pytest
from venue_cases import fill_of, price, size, venue, with_bitcoin

from perpbot.model.book import Follows
from perpbot.model.events import Bar, BookDelta, DecodeError, Event, Funding, Mark, PublicTrade, VenueError
from perpbot.model.instrument import Side
from perpbot.model.money import Rate
from perpbot.model.order import Balance, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.model.quote import Quote

VENUE = with_bitcoin(venue("backpack"), funding_hours=Decimal(4))
NOON_MS = 1_700_000_000_000
NOON_US = NOON_MS * 1_000
NOON_NS = NOON_MS * 1_000_000
MARKET = "BTC_USDC_PERP"


def decode(stream: str, **words: Any) -> list[Event]:
    return VENUE.decode_public(json.dumps({"stream": stream, "data": {"s": MARKET, **words}}), 7)


DEPTH = {"e": "depth", "E": NOON_US, "T": NOON_US, "U": 11, "u": 15, "b": [["99.50", "1.2"]], "a": [["101", "0"]]}


@pytest.mark.parametrize("stamp", [NOON_US, str(NOON_US)])
def test_a_change_of_a_book_covers_its_numbers(stamp: int | str) -> None:
    bids, asks = [(price("99.5"), size("1.2"))], [(price("101"), size("0"))]
    assert decode(f"depth.{MARKET}", **{**DEPTH, "T": stamp}) == [
        BookDelta("BTC-PERP", bids, asks, 11, 10, 15, NOON_NS)
    ]


@pytest.mark.parametrize(
    ("book", "follows"),
    [
        (98, Follows.GAP),
        (99, Follows.GAP),
        (100, Follows.NEXT),
        (105, Follows.NEXT),
        (109, Follows.NEXT),
        (110, Follows.OLD),
        (111, Follows.OLD),
    ],
)
def test_a_change_begins_right_after_the_book_or_covers_its_number(book: int, follows: Follows) -> None:
    assert VENUE.follows(book, BookDelta("BTC-PERP", [], [], 101, 100, 110, 0)) is follows


def test_the_best_levels_are_a_quote() -> None:
    words = {"e": "bookTicker", "b": "99", "B": "1", "a": "100", "A": "2", "u": 5, "E": NOON_US, "T": NOON_US}
    wanted = (price("99"), size("1"), price("100"), size("2"))
    assert decode(f"bookTicker.{MARKET}", **words) == [Quote("backpack", "BTC-PERP", *wanted, NOON_NS, 7)]


@pytest.mark.parametrize(("maker", "side"), [(True, Side.SELL), (False, Side.BUY)])
def test_a_trade_has_the_takers_side(maker: bool, side: Side) -> None:  # noqa: FBT001 - a case
    words = {"e": "trade", "E": NOON_US, "T": NOON_US, "p": "100", "q": "3", "a": "1", "b": "2", "t": 9, "m": maker}
    wanted = PublicTrade("BTC-PERP", price("100"), size("3"), side, "9", NOON_NS)
    assert decode(f"trade.{MARKET}", **words) == [wanted]


MARK = {"e": "markPrice", "E": NOON_US, "T": NOON_US, "p": "100.5", "i": "100.4", "f": "0.0001"}


@pytest.mark.parametrize("next_time", [NOON_MS + 5, NOON_US + 5_000])
def test_the_mark_price_comes_with_the_funding_rate_of_the_markets_interval(next_time: int) -> None:
    assert decode(f"markPrice.{MARKET}", **MARK, n=next_time) == [
        Mark("BTC-PERP", price("100.5"), price("100.4"), NOON_NS),
        Funding("BTC-PERP", Rate(Decimal("0.0001"), Decimal(4)), NOON_NS + 5_000_000, NOON_NS),
    ]


def test_a_candle_is_a_bar_of_the_resolution_its_stream_names() -> None:
    times = {"t": "2023-11-14T22:13:00", "T": "2023-11-14T22:14:00"}
    words = {"e": "kline", "E": NOON_US, **times, "o": "100", "c": "101", "h": "103", "l": "99", "v": "5", "n": 2}
    prices = (price("100"), price("103"), price("99"), price("101"))
    opened = (NOON_MS - 20_000) * 1_000_000
    wanted = Bar("BTC-PERP", "1m", opened, *prices, size("5"), None, closed=True)
    assert decode(f"kline.1m.{MARKET}", **words, X=True) == [wanted]


ORDER = {
    "E": NOON_US, "T": str(NOON_US), "c": 17, "S": "Ask", "o": "LIMIT", "f": "IOC", "q": "0.5", "p": "100",
    "X": "PartiallyFilled", "i": "77", "z": "0.3", "Z": "30", "O": "USER", "r": False,
}  # fmt: skip
FILL = {"e": "orderFill", "t": 9, "l": "0.2", "L": "100.5", "m": False, "n": "0.01005", "N": "USDC"}


def test_an_order_with_a_fill_is_the_fill_and_what_is_known_of_the_order() -> None:
    fill, update = decode("account.orderUpdate", **ORDER, **FILL)
    paid = {"at": "100.5", "quantity": "0.2", "fee": "0.01005"}
    ids = {"trade_ref": "BTC_USDC_PERP:9", "client_id": "17", "venue_order_id": "77"}
    assert fill == fill_of("backpack", Side.SELL, Liquidity.TAKER, NOON_NS, **paid, **ids)
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled, update.client_id) == (OrderStatus.ACCEPTED, size("0.3"), "17")


@pytest.mark.parametrize(
    ("event", "state", "status"),
    [
        ("orderAccepted", "New", OrderStatus.ACCEPTED),
        ("orderCancelled", "Cancelled", OrderStatus.CANCELLED),
        ("orderExpired", "Expired", OrderStatus.CANCELLED),
    ],
)
def test_an_order_without_a_fill_is_an_update_only(event: str, state: str, status: OrderStatus) -> None:
    (update,) = decode("account.orderUpdate", **{**ORDER, "e": event, "X": state, "t": None})
    assert isinstance(update, OrderUpdate)
    assert update.status is status


def test_an_order_says_why_it_expired() -> None:
    (update,) = decode("account.orderUpdate", **{**ORDER, "e": "orderExpired", "X": "Expired", "R": "PriceBand"})
    assert isinstance(update, OrderUpdate)
    assert update.reason == "PriceBand"


def test_a_fill_without_a_number_is_refused() -> None:
    with pytest.raises(DecodeError, match="backpack: the trade id of a fill of order 77"):
        decode("account.orderUpdate", **ORDER, **{**FILL, "t": None})


@pytest.mark.parametrize("kind", [{"e": "positionClosed"}, {"e": "positionAdjusted"}, {}])
def test_a_position_is_told_also_as_a_first_picture_without_a_name(kind: dict[str, str]) -> None:
    (position,) = decode("account.positionUpdate", **kind, E=NOON_US, q="-0.5", B="100.0", b="99", M="101")
    assert position == Position(
        venue="backpack", account="main", symbol="BTC-PERP", quantity=size("-0.5"), entry_price=price("100")
    )


def test_a_balance_is_all_of_its_parts() -> None:
    (balance,) = decode("account.balanceUpdate", e="balanceUpdate", E=NOON_US, a="USDC", A="30", L="9", S="0.5")
    assert balance == Balance(
        venue="backpack", account="main", currency="USDC", wallet=Decimal("39.5"), equity=None, available=None
    )


def test_a_complaint_has_its_code() -> None:
    text = '{"id":null,"error":{"code":4006,"message":"Invalid stream"}}'
    assert VENUE.decode_private(text, 0) == [VenueError("4006", "Invalid stream")]


def test_events_that_mean_nothing_here_are_ignored_by_name() -> None:
    assert decode(f"openInterest.{MARKET}", e="openInterest", o="5") == []
    with pytest.raises(DecodeError, match="backpack: event type is 'surprise'"):
        decode("surprise", e="surprise")


@pytest.mark.parametrize(
    "bad",
    [
        {**DEPTH, "a": [["0", "1"]]},
        {**DEPTH, "a": [["NaN", "1"]]},
        {**DEPTH, "a": [["101", "-1"]]},
        {**DEPTH, "a": [["101"]]},
        {**DEPTH, "U": 16},
        {**DEPTH, "U": -1},
        {**DEPTH, "T": 10**18},
        {key: value for key, value in DEPTH.items() if key != "u"},
    ],
)
def test_what_is_not_the_protocol_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"^backpack: "):
        decode(f"depth.{MARKET}", **bad)


@pytest.mark.parametrize("when", ["", "yesterday", "1969-12-31T23:59:59", "2025-13-01T00:00:00"])
def test_a_time_that_is_none_is_refused(when: str) -> None:
    prices = {"o": "100", "c": "101", "h": "103", "l": "99", "v": "5", "n": 2, "X": True}
    with pytest.raises(DecodeError, match="backpack: a time"):
        decode(f"kline.1m.{MARKET}", e="kline", t=when, T=when, **prices)

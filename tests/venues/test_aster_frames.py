"""Aster's frames become events, bare or wrapped with their stream's name."""

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
    SessionEnding,
    VenueError,
)
from perpbot.model.instrument import InstrumentTable, Side
from perpbot.model.money import Money, Rate
from perpbot.model.order import Balance, Fill, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.model.quote import Quote

VENUE = with_bitcoin(venue("aster"), funding_hours=Decimal(4))
NOON_MS = 1_700_000_000_000
NOON_NS = NOON_MS * 1_000_000


def decode(words: dict[str, Any]) -> list[Event]:
    bare = VENUE.decode_public(json.dumps(words), 7)
    wrapped = VENUE.decode_public(json.dumps({"stream": "btcusdt@something", "data": words}), 7)
    assert bare == wrapped
    return bare


DEPTH = {
    "e": "depthUpdate", "E": NOON_MS + 1, "T": NOON_MS, "s": "BTCUSDT", "U": 11, "u": 15, "pu": 10,
    "b": [["99.50", "1.2"]], "a": [["101", "0"]],
}  # fmt: skip


def test_a_change_of_a_book_carries_its_three_numbers() -> None:
    bids, asks = [(price("99.5"), size("1.2"))], [(price("101"), size("0"))]
    assert decode(DEPTH) == [BookDelta("BTC-PERP", bids, asks, 11, 10, 15, NOON_NS)]


def test_a_partial_book_is_a_snapshot() -> None:
    text = json.dumps({"stream": "btcusdt@depth5@100ms", "data": DEPTH})
    (event,) = VENUE.decode_public(text, 0)
    assert isinstance(event, BookSnapshot)
    assert event.sequence == 15


def test_a_change_must_reach_back_to_where_the_book_is() -> None:
    def follows(book: int) -> Follows:
        return VENUE.follows(book, BookDelta("BTC-PERP", [], [], 105, 100, 110, 0))

    assert follows(111) is Follows.OLD
    assert follows(110) is Follows.NEXT
    assert follows(107) is Follows.NEXT
    assert follows(105) is Follows.NEXT
    assert follows(100) is Follows.NEXT
    assert follows(99) is Follows.GAP


def test_the_best_levels_are_a_quote() -> None:
    words = {"e": "bookTicker", "u": 5, "s": "BTCUSDT", "b": "99", "B": "1", "a": "100", "A": "2", "T": NOON_MS}
    wanted = (price("99"), size("1"), price("100"), size("2"))
    assert decode({**words, "E": NOON_MS}) == [Quote("aster", "BTC-PERP", *wanted, NOON_NS, 7)]


@pytest.mark.parametrize(("maker", "side"), [(True, Side.SELL), (False, Side.BUY)])
def test_a_trade_has_the_takers_side(maker: bool, side: Side) -> None:  # noqa: FBT001 - a case
    words = {"e": "aggTrade", "E": NOON_MS, "a": 9, "s": "BTCUSDT", "p": "100", "q": "3", "f": 1, "l": 2}
    wanted = PublicTrade("BTC-PERP", price("100"), size("3"), side, "9", NOON_NS)
    assert decode({**words, "T": NOON_MS, "m": maker}) == [wanted]


MARK = {"e": "markPriceUpdate", "E": NOON_MS, "s": "BTCUSDT", "p": "100.5", "i": "100.4", "P": "100", "r": "0.0001"}


def test_the_mark_price_comes_with_the_funding_rate_of_the_instruments_interval() -> None:
    assert decode({**MARK, "T": NOON_MS + 5}) == [
        Mark("BTC-PERP", price("100.5"), price("100.4"), NOON_NS),
        Funding("BTC-PERP", Rate(Decimal("0.0001"), Decimal(4)), NOON_NS + 5_000_000, NOON_NS),
    ]


def test_a_symbol_without_funding_has_a_mark_only() -> None:
    assert decode({**MARK, "r": "", "T": 0}) == [Mark("BTC-PERP", price("100.5"), price("100.4"), NOON_NS)]


def test_a_candle_is_a_bar() -> None:
    candle = {"t": NOON_MS, "T": NOON_MS + 59_999, "s": "BTCUSDT", "i": "1m", "o": "100", "c": "101", "h": "103"}
    words = {"e": "kline", "E": NOON_MS, "s": "BTCUSDT", "k": {**candle, "l": "99", "v": "5", "q": "505", "x": True}}
    prices = (price("100"), price("103"), price("99"), price("101"))
    assert decode(words) == [Bar("BTC-PERP", "1m", NOON_NS, *prices, size("5"), Decimal(505), closed=True)]


ORDER = {
    "s": "BTCUSDT", "c": "perp0000000000000001", "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "0.5", "p": "100",
    "x": "TRADE", "X": "PARTIALLY_FILLED", "i": 77, "l": "0.2", "z": "0.3", "L": "100.5", "n": "0.00804", "N": "USDT",
    "T": NOON_MS, "t": 9, "m": False, "ps": "BOTH",
}  # fmt: skip


def order_update(**changes: object) -> dict[str, Any]:
    return {"e": "ORDER_TRADE_UPDATE", "E": NOON_MS + 1, "T": NOON_MS, "o": {**ORDER, **changes}}


def test_an_order_with_a_fill_is_the_fill_and_what_is_known_of_the_order() -> None:
    fill, update = decode(order_update())
    paid = {"at": "100.5", "quantity": "0.2", "fee": "0.00804"}
    ids = {"trade_ref": "BTCUSDT:9", "client_id": "perp0000000000000001", "venue_order_id": "77"}
    assert fill == fill_of("aster", Side.SELL, Liquidity.TAKER, NOON_NS, **paid, **ids)
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled) == (OrderStatus.ACCEPTED, size("0.3"))


def test_a_commission_in_bnb_leaves_the_price_in_what_the_instrument_is_quoted_in() -> None:
    fill, _ = decode(order_update(n="0.00002", N="BNB"))
    assert isinstance(fill, Fill)
    assert (fill.fee, fill.currency) == (Money(Decimal("0.00002"), "BNB"), "USDT")


def test_a_fill_without_commission_costs_nothing() -> None:
    words = order_update(m=True)
    del words["o"]["n"], words["o"]["N"]
    fill, _ = decode(words)
    assert isinstance(fill, Fill)
    assert (fill.fee, fill.liquidity) == (Money(Decimal(0), "USDT"), Liquidity.MAKER)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("NEW", OrderStatus.ACCEPTED),
        ("CANCELED", OrderStatus.CANCELLED),
        ("EXPIRED", OrderStatus.CANCELLED),
        ("REJECTED", OrderStatus.REFUSED),
    ],
)
def test_an_order_without_a_fill_is_an_update_only(text: str, status: OrderStatus) -> None:
    (update,) = decode(order_update(x=text, X=text, l="0", L="0", t=0))
    assert isinstance(update, OrderUpdate)
    assert update.status is status


def test_the_account_tells_cash_and_positions() -> None:
    balances = [{"a": "USDT", "wb": "39.4", "cw": "39.4", "bc": "0"}]
    positions = [{"s": "BTCUSDT", "pa": "-0.5", "ep": "100.0", "up": "1", "ps": "BOTH"}]
    words = {"e": "ACCOUNT_UPDATE", "T": NOON_MS, "E": NOON_MS, "a": {"B": balances, "P": positions, "m": "ORDER"}}
    balance, position = decode(words)
    assert balance == Balance(
        venue="aster", account="main", currency="USDT", wallet=Decimal("39.4"), equity=None, available=None
    )
    assert position == Position(
        venue="aster", account="main", symbol="BTC-PERP", quantity=size("-0.5"), entry_price=price("100")
    )


def test_a_flat_position_has_no_entry_price() -> None:
    positions = [{"s": "BTCUSDT", "pa": "0", "ep": "0.00000", "up": "0", "ps": "BOTH"}]
    (position,) = decode({"e": "ACCOUNT_UPDATE", "T": NOON_MS, "E": NOON_MS, "a": {"P": positions, "m": "ORDER"}})
    assert isinstance(position, Position)
    assert position.entry_price is None


@pytest.mark.parametrize(
    ("words", "event"),
    [
        ({"result": None, "id": 3}, Ack("request 3")),
        ({"id": 4, "error": {"code": -1, "msg": "no such stream"}}, VenueError("-1", "no such stream")),
        ({"code": -1121, "msg": "Invalid symbol."}, VenueError("-1121", "Invalid symbol.")),
        ({"e": "listenKeyExpired", "E": NOON_MS}, SessionEnding("the listen key has expired")),
    ],
)
def test_the_session_speaks(words: dict[str, Any], event: Event) -> None:
    assert VENUE.decode_private(json.dumps(words), 0) == [event]


def test_events_that_mean_nothing_here_are_ignored_by_name() -> None:
    assert decode({"e": "forceOrder", "E": NOON_MS, "o": {}}) == []
    with pytest.raises(DecodeError, match="aster: event type is 'surprise'"):
        decode({"e": "surprise"})


@pytest.mark.parametrize(
    "bad",
    [
        {**DEPTH, "a": [["0", "1"]]},
        {**DEPTH, "a": [["-1", "1"]]},
        {**DEPTH, "a": [["NaN", "1"]]},
        {**DEPTH, "a": [["101", "-1"]]},
        {**DEPTH, "a": [["101"]]},
        {**DEPTH, "a": [[101, "1"]]},
        {**DEPTH, "u": "15"},
        {**DEPTH, "T": -1},
        {key: value for key, value in DEPTH.items() if key != "pu"},
        {"stream": "btcusdt@depth@100ms"},
        {},
    ],
)
def test_what_is_not_the_protocol_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"^aster: "):
        VENUE.decode_public(json.dumps(bad), 0)


def test_coins_traded_by_the_thousand_are_counted_and_priced_by_the_coin() -> None:
    made = venue("aster")
    made.instruments = InstrumentTable(made.read_instruments(json.dumps({"symbols": [SHIB]}).encode()))
    words = {**DEPTH, "s": "1000SHIBUSDT", "b": [["0.0125", "3"]], "a": []}
    (event,) = made.decode_public(json.dumps(words), 0)
    assert isinstance(event, BookDelta)
    assert event.symbol == "SHIB-PERP"
    assert event.bids == [(price("0.0000125"), size("3000"))]


SHIB = {
    "symbol": "1000SHIBUSDT", "status": "TRADING", "contractType": "PERPETUAL", "baseAsset": "1000SHIB",
    "quoteAsset": "USDT", "requiredMarginPercent": "5.0000",
    "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "0.000001", "minPrice": "0.000001", "maxPrice": "100"},
        {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1", "maxQty": "1000"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ],
}  # fmt: skip

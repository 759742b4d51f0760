"""OKX's frames become events: contracts become coins, a charged fee is positive, bad numbers never pass."""

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
    LoggedIn,
    Mark,
    Pong,
    PublicTrade,
    SessionEnding,
    VenueError,
)
from perpbot.model.instrument import Side
from perpbot.model.money import Money, Price, Rate
from perpbot.model.order import Balance, Fill, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.model.quote import Quote

OKX = with_bitcoin(venue("okx"))
SWAP = "BTC-USDT-SWAP"


def decode(frame: dict[str, Any] | str) -> list[Event]:
    return OKX.decode_public(frame if isinstance(frame, str) else json.dumps(frame), 7)


def frame(channel: str, *rows: object, **more: object) -> dict[str, Any]:
    return {"arg": {"channel": channel, "instId": SWAP}, "data": list(rows), **more}


def book(**changes: object) -> dict[str, object]:
    usual = {"asks": [["101", "3", "0", "1"]], "bids": [["99.5", "20", "0", "4"]], "ts": "1700000000000"}
    return {**usual, "checksum": 0, "seqId": 12, "prevSeqId": 11, **changes}


def test_a_snapshot_of_a_book_is_in_coins() -> None:
    (event,) = decode(frame("books", book(prevSeqId=-1), action="snapshot"))
    bids, asks = [(price("99.5"), size("0.2"))], [(price("101"), size("0.03"))]
    assert event == BookSnapshot("BTC-PERP", bids, asks, 12, 1_700_000_000_000_000_000, None)


def test_an_update_of_a_book_carries_its_numbers_and_a_size_of_zero() -> None:
    (event,) = decode(frame("books", book(bids=[["99.5", "0", "0", "0"]]), action="update"))
    assert isinstance(event, BookDelta)
    assert event.bids == [(price("99.5"), size("0"))]
    assert (event.previous, event.last) == (11, 12)


def test_a_checksum_of_zero_is_none() -> None:
    (event,) = decode(frame("books", book(checksum=-855196043), action="update"))
    assert isinstance(event, BookDelta)
    assert event.checksum == -855196043


def test_a_delta_follows_by_the_number_before_it() -> None:
    def delta(previous: int, last: int) -> BookDelta:
        return BookDelta("BTC-PERP", [], [], last, previous, last, 0)

    assert OKX.follows(10, delta(10, 12)) is Follows.NEXT
    assert OKX.follows(10, delta(10, 10)) is Follows.NEXT
    assert OKX.follows(10, delta(10, 3)) is Follows.NEXT
    assert OKX.follows(10, delta(11, 12)) is Follows.GAP
    assert OKX.follows(10, delta(9, 11)) is Follows.GAP


def test_the_best_levels_are_a_quote() -> None:
    (event,) = decode(frame("bbo-tbt", book()))
    wanted = (price("99.5"), size("0.2"), price("101"), size("0.03"))
    assert event == Quote("okx", "BTC-PERP", *wanted, 1_700_000_000_000_000_000, 7)


def test_a_side_without_levels_is_no_quote() -> None:
    assert decode(frame("bbo-tbt", book(asks=[]))) == []


def test_a_ticker_is_a_quote() -> None:
    row = {"bidPx": "99", "bidSz": "1", "askPx": "100", "askSz": "2", "ts": "1700000000000"}
    (event,) = decode(frame("tickers", row))
    assert isinstance(event, Quote)
    assert (event.bid, event.ask_size) == (price("99"), size("0.02"))


def test_a_trade_has_the_takers_side() -> None:
    row = {"instId": SWAP, "tradeId": "9", "px": "100", "sz": "3", "side": "sell", "ts": "1700000000000"}
    (event,) = decode(frame("trades", row))
    assert event == PublicTrade("BTC-PERP", price("100"), size("0.03"), Side.SELL, "9", 1_700_000_000_000_000_000)


def test_funding_tells_its_interval() -> None:
    row = {"instId": SWAP, "fundingRate": "-0.0001", "fundingTime": "1700726400000", "nextFundingTime": "1700740800000"}
    (event,) = decode(frame("funding-rate", row))
    rate = Rate(Decimal("-0.0001"), Decimal(4))
    assert event == Funding("BTC-PERP", rate, 1_700_726_400_000_000_000, 0)


def test_the_mark_price_is_a_mark() -> None:
    (event,) = decode(frame("mark-price", {"instId": SWAP, "markPx": "100.5", "ts": "1700000000000"}))
    assert event == Mark("BTC-PERP", price("100.5"), None, 1_700_000_000_000_000_000)


def test_a_candle_is_a_bar_with_its_volume_in_coins() -> None:
    row = ["1700000000000", "100", "103", "99", "101", "500", "5", "505", "1"]
    (event,) = decode(frame("candle1H", row))
    prices = (price("100"), price("103"), price("99"), price("101"))
    assert event == Bar("BTC-PERP", "1h", 1_700_000_000_000_000_000, *prices, size("5"), Decimal(505), closed=True)


ORDER = {
    "instId": SWAP, "ordId": "77", "clOrdId": "perp0000000000000001", "state": "partially_filled",
    "accFillSz": "3", "side": "buy", "uTime": "1700000000002", "fillPx": "100.5", "fillSz": "2",
    "fillFee": "-0.01005", "fillFeeCcy": "USDT", "fillTime": "1700000000001", "tradeId": "9", "execType": "T",
}  # fmt: skip


def test_an_order_with_a_fill_is_the_fill_and_what_is_known_of_the_order() -> None:
    fill, update = decode(frame("orders", ORDER))
    paid = {"at": "100.5", "quantity": "0.02", "fee": "0.01005"}
    ids = {"trade_ref": "BTC-USDT-SWAP:9", "client_id": "perp0000000000000001", "venue_order_id": "77"}
    assert fill == fill_of("okx", Side.BUY, Liquidity.TAKER, 1_700_000_000_001_000_000, **paid, **ids)
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled) == (OrderStatus.ACCEPTED, Decimal("0.03"))


def test_a_rebate_is_a_negative_fee() -> None:
    fill, _ = decode(frame("orders", {**ORDER, "fillFee": "0.002", "execType": "M"}))
    assert isinstance(fill, Fill)
    assert fill.fee == Money(Decimal("-0.002"), "USDT")
    assert fill.liquidity is Liquidity.MAKER


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("live", OrderStatus.ACCEPTED),
        ("filled", OrderStatus.FILLED),
        ("canceled", OrderStatus.CANCELLED),
        ("mmp_canceled", OrderStatus.CANCELLED),
    ],
)
def test_an_order_without_a_new_fill_is_an_update_only(state: str, status: OrderStatus) -> None:
    (update,) = decode(frame("orders", {**ORDER, "state": state, "tradeId": "", "fillSz": "0", "execType": ""}))
    assert isinstance(update, OrderUpdate)
    assert update.status is status


def test_the_last_fill_told_again_with_a_cancellation_is_no_new_fill() -> None:
    words = {**ORDER, "state": "canceled", "execType": "", "fillFee": "0", "fillFeeCcy": ""}
    (update,) = decode(frame("orders", words))
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled) == (OrderStatus.CANCELLED, size("0.03"))


@pytest.mark.parametrize("category", ["adl", "partial_liquidation", "full_liquidation"])
def test_a_liquidation_is_a_fill_although_it_was_neither_maker_nor_taker(category: str) -> None:
    fill, _ = decode(frame("orders", {**ORDER, "clOrdId": "", "execType": "", "category": category}))
    assert isinstance(fill, Fill)
    assert (fill.trade_ref, fill.quantity, fill.liquidity) == ("BTC-USDT-SWAP:9", size("0.02"), Liquidity.TAKER)


def test_a_position_is_signed_and_in_coins() -> None:
    net = {"instId": SWAP, "pos": "-7", "posSide": "net", "avgPx": "100"}
    short = {"instId": SWAP, "pos": "7", "posSide": "short", "avgPx": "100"}
    closed = {"instId": SWAP, "pos": "0", "posSide": "net", "avgPx": ""}

    def position(quantity: str, entry: Price | None) -> Position:
        return Position(venue="okx", account="main", symbol="BTC-PERP", quantity=size(quantity), entry_price=entry)

    entry = price("100")
    wanted = [position("-0.07", entry), position("-0.07", entry), position("0", None)]
    assert decode(frame("positions", net, short, closed)) == wanted


def test_the_account_tells_cash_equity_and_what_is_free() -> None:
    details = [{"ccy": "USDT", "cashBal": "100", "eq": "110", "availEq": "", "availBal": "90"}]
    assert decode({"arg": {"channel": "account"}, "data": [{"details": details}]}) == [
        Balance(
            venue="okx",
            account="main",
            currency="USDT",
            wallet=Decimal(100),
            equity=Decimal(110),
            available=Decimal(90),
        )
    ]


@pytest.mark.parametrize(
    ("words", "event"),
    [
        ("pong", Pong()),
        ({"event": "login", "code": "0", "msg": ""}, LoggedIn()),
        ({"event": "subscribe", "arg": {"channel": "books", "instId": SWAP}}, Ack("books", "BTC-PERP")),
        ({"event": "subscribe", "arg": {"channel": "account"}}, Ack("account")),
        ({"event": "error", "code": "60018", "msg": "no such channel"}, VenueError("60018", "no such channel")),
        ({"event": "notice", "code": "64008", "msg": "upgrade soon"}, SessionEnding("64008 upgrade soon")),
    ],
)
def test_the_session_speaks(words: dict[str, Any] | str, event: Event) -> None:
    assert decode(words) == [event]


def test_channels_that_mean_nothing_here_are_ignored_by_name() -> None:
    assert decode(frame("price-limit", {"buyLmt": "1"})) == []
    with pytest.raises(DecodeError, match="okx: channel is 'surprise'"):
        decode(frame("surprise", {}))


@pytest.mark.parametrize(
    "bad",
    [
        book(asks=[["0", "3", "0", "1"]]),
        book(asks=[["-101", "3", "0", "1"]]),
        book(asks=[["NaN", "3", "0", "1"]]),
        book(asks=[["Infinity", "3", "0", "1"]]),
        book(asks=[["101", "-3", "0", "1"]]),
        book(asks=[["101"]]),
        book(asks=[[101, "3", "0", "1"]]),
        book(asks=None),
        book(ts="yesterday"),
        book(seqId="twelve"),
    ],
)
def test_a_book_with_a_bad_field_is_refused_and_the_field_named(bad: dict[str, object]) -> None:
    with pytest.raises(DecodeError, match=r"^okx: .*(BTC-USDT-SWAP|\$)"):
        decode(frame("books", bad, action="update"))


@pytest.mark.parametrize("text", ["", "{", '{"arg":', "[]", "null", "ping", '{"arg":{"channel":"books"}}'])
def test_what_is_not_the_protocol_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="okx"):
        decode(text)


def test_a_spot_frame_decodes_with_its_own_name_and_size() -> None:
    row = {"instId": "BTC-USDT", "tradeId": "9", "px": "100", "sz": "3", "side": "sell", "ts": "1700000000000"}
    text = json.dumps({"arg": {"channel": "trades", "instId": "BTC-USDT"}, "data": [row]})
    (event,) = venue("okx").decode_public(text, 0)
    assert isinstance(event, PublicTrade)
    assert (event.symbol, event.quantity) == ("BTC-USDT", size("3"))

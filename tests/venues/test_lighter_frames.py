"""Lighter's frames become events."""

import json
from decimal import Decimal
from typing import Any

import pytest
from lighter_cases import MS, ORDER, POSITION, TRADE, VENUE
from venue_cases import fill_of, price, size

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
    Ping,
    Pong,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import Side
from perpbot.model.money import Rate
from perpbot.model.order import Balance, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.model.quote import Quote

NS = MS * 1_000_000
LEVELS = {"asks": [{"price": "101.5", "size": "3"}], "bids": [{"price": "100", "size": "0.00000"}]}


def decoded(words: dict[str, Any]) -> list[Event]:
    return VENUE.decode_private(json.dumps(words), 7)


def told(channel: str, **content: Any) -> list[Event]:
    kind = channel.partition(":")[0]
    return decoded({"type": f"update/{kind}", "channel": channel, "timestamp": MS, **content})


# -- markets -----------------------------------------------------------------------------------------------------


def test_a_subscription_begins_with_the_whole_book() -> None:
    book = {**LEVELS, "code": 0, "offset": 7, "nonce": 904_845, "begin_nonce": 0}
    words = {"type": "subscribed/order_book", "channel": "order_book:1", "timestamp": MS, "order_book": book}
    bids, asks = [(price("100"), size("0"))], [(price("101.5"), size("3"))]
    assert decoded(words) == [Ack("order_book", "BTC-PERP"), BookSnapshot("BTC-PERP", bids, asks, 904_845, NS)]


def test_a_change_begins_with_the_nonce_that_the_one_before_ended_with() -> None:
    (delta,) = told("order_book:1", order_book={**LEVELS, "nonce": 12, "begin_nonce": 10})
    assert isinstance(delta, BookDelta)
    assert (delta.previous, delta.last) == (10, 12)
    assert VENUE.follows(10, delta) is Follows.NEXT
    assert VENUE.follows(12, delta) is Follows.OLD
    assert VENUE.follows(11, delta) is Follows.GAP
    assert VENUE.follows(9, delta) is Follows.GAP


def test_a_change_that_does_not_say_what_it_follows_is_a_gap() -> None:
    (delta,) = told("order_book:1", order_book={**LEVELS, "nonce": 12})
    assert isinstance(delta, BookDelta)
    assert VENUE.follows(10, delta) is Follows.GAP


TOUCH = {"s": "BTC", "a": {"price": "101", "size": "3"}, "b": {"price": "100", "size": "2"}}


def test_the_best_levels_are_a_quote_unless_a_side_is_empty() -> None:
    wanted = (price("100"), size("2"), price("101"), size("3"))
    assert told("ticker:1", ticker=TOUCH) == [Quote("lighter", "BTC-PERP", *wanted, NS, 7)]
    assert told("ticker:1", ticker={**TOUCH, "b": {"price": "", "size": ""}}) == []


STATS = {
    "symbol": "BTC", "market_id": 1, "index_price": "64400.1", "mark_price": "64356.3",
    "current_funding_rate": "-0.0028", "funding_rate": "-0.0005", "funding_timestamp": 1_780_545_600_001,
    "daily_price_change": -4.366136694955931,
}  # fmt: skip


@pytest.mark.parametrize(("of", "content"), [("1", STATS), ("all", {"1": STATS})])
def test_funding_is_percent_an_hour_and_is_paid_at_the_next_full_one(of: str, content: dict[str, Any]) -> None:
    assert told(f"market_stats:{of}", market_stats=content) == [
        Mark("BTC-PERP", price("64356.3"), price("64400.1"), NS),
        Funding("BTC-PERP", Rate(Decimal("-0.000028"), Decimal(1)), 1_780_549_200_000_000_000, NS),
    ]


@pytest.mark.parametrize(("asks", "side"), [(True, Side.BUY), (False, Side.SELL)])
def test_a_public_trade_has_the_takers_side(asks: bool, side: Side) -> None:  # noqa: FBT001 - a case
    events = told("trade:1", trades=[{**TRADE, "is_maker_ask": asks}], liquidation_trades=[])
    assert events == [PublicTrade("BTC-PERP", price("2352.73"), size("0.1336"), side, "19209006902", NS)]


def test_a_candle_is_a_bar_of_numbers_that_are_numbers() -> None:
    candle = {"t": MS, "o": 2264.2, "h": 2264.34, "l": 2263.36, "c": 2263.89, "v": 13.2243, "V": 29935.958345, "i": 1}
    ohlc = (price("2264.2"), price("2264.34"), price("2263.36"), price("2263.89"))
    wanted = Bar("BTC-PERP", "1m", NS, *ohlc, size("13.2243"), Decimal("29935.958345"), closed=False)
    assert told("candle:1:1m", candles=[candle]) == [wanted]


@pytest.mark.parametrize(
    ("words", "events"),
    [
        ({"session_id": "8d354239", "type": "connected"}, []),
        ({"type": "unsubscribed", "channel": "order_book:1"}, [Ack("order_book", "BTC-PERP")]),
        ({"type": "subscribed/account_all_orders", "channel": "account_all_orders:65"}, [Ack("account_all_orders")]),
        ({"type": "ping"}, [Ping('{"type":"pong"}')]),
        ({"type": "pong"}, [Pong()]),
        ({"error": {"code": 30003, "message": "Already Subscribed to : ticker:1"}}, []),
        ({"error": {"code": 30005, "message": "Invalid Channel"}}, [VenueError("30005", "Invalid Channel")]),
        ({"code": 200, "id": "1", "tx_hash": "ab", "type": "jsonapi/sendtx"}, []),
    ],
)
def test_the_session_speaks(words: dict[str, Any], events: list[Event]) -> None:
    assert decoded(words) == events


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"type": "surprise"},
        {"type": "update/surprise", "channel": "surprise:1"},
        {"type": "update/order_book", "channel": "order_book:1"},
        {"type": "update/order_book", "channel": "order_book:1", "order_book": {**LEVELS, "nonce": -1}},
        {"type": "update/candle", "channel": "candle:1:1m", "candles": [{"t": 1, "o": 1, "h": 1, "l": 1, "c": "x"}]},
        {"type": "update/account_all_trades", "channel": "x:65", "trades": {"1": [{**TRADE, "bid_account_id": 66}]}},
    ],
)
def test_what_is_not_the_protocol_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"^lighter: "):
        decoded(bad)


# -- the account -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "filled", "reason"),
    [
        ({}, OrderStatus.ACCEPTED, "0.002", ""),
        ({"status": "in-progress"}, OrderStatus.ACCEPTED, "0.002", ""),
        ({"status": "filled", "filled_base_amount": "0.0010"}, OrderStatus.FILLED, "0.005", ""),
        ({"status": "canceled"}, OrderStatus.CANCELLED, "0.002", ""),
        ({"status": "canceled-post-only", "filled_base_amount": "0"}, OrderStatus.CANCELLED, "0", "post-only"),
        ({"status": "canceled-reason-of-tomorrow"}, OrderStatus.CANCELLED, "0.002", "reason-of-tomorrow"),
        (
            {"status": "canceled-margin-not-allowed", "filled_base_amount": "0"},
            OrderStatus.REFUSED,
            "0",
            "margin-not-allowed",
        ),
        ({"status": "canceled-margin-not-allowed"}, OrderStatus.CANCELLED, "0.002", "margin-not-allowed"),
    ],
)
def test_an_order_is_where_its_status_says(
    words: dict[str, Any], status: OrderStatus, filled: str, reason: str
) -> None:
    wanted = OrderUpdate(
        venue="lighter",
        account="main",
        symbol="BTC-PERP",
        client_id="42",
        venue_order_id="281476929510110",
        status=status,
        filled=size(filled),
        reason=reason,
        time_ns=NS,
    )
    for kind in ("account_all_orders:65", "account_orders:1"):
        assert told(kind, orders={"1": [{**ORDER, **words}]}) == [wanted]


def test_times_come_in_seconds_too() -> None:
    (update,) = told("account_all_orders:65", orders={"1": [{**ORDER, "updated_at": 0}]})
    assert isinstance(update, OrderUpdate)
    assert update.time_ns == 1_777_941_383_000_000_000


@pytest.mark.parametrize(
    ("words", "side", "liquidity", "fee", "client_id", "order_id"),
    [
        ({}, Side.BUY, Liquidity.TAKER, "0.061607646688", "7001011966", "562947905631053"),
        ({"is_maker_ask": False}, Side.BUY, Liquidity.MAKER, "0.008801092384", "7001011966", "562947905631053"),
        (
            {"ask_account_id": 65, "bid_account_id": 3},
            Side.SELL,
            Liquidity.MAKER,
            "0.008801092384",
            "",
            "281476929510102",
        ),
        ({"taker_fee": 0}, Side.BUY, Liquidity.TAKER, "0", "7001011966", "562947905631053"),
    ],
)
def test_of_a_trade_the_accounts_side_is_its_fill(
    words: dict[str, Any], side: Side, liquidity: Liquidity, fee: str, client_id: str, order_id: str
) -> None:
    paid = {"at": "2352.73", "quantity": "0.1336", "fee": fee}
    ids = {"trade_ref": "19209006902", "client_id": client_id, "venue_order_id": order_id}
    wanted = fill_of("lighter", side, liquidity, NS, **paid, **ids)
    assert told("account_all_trades:65", trades={"1": [{**TRADE, **words}]}) == [wanted]


def test_a_position_has_its_sign_apart_and_no_entry_when_it_is_flat() -> None:
    flat = {**POSITION, "position": "0.0000", "avg_entry_price": "0.00", "sign": 1}
    for row, quantity, entry in ((POSITION, "-1.5", price("2350.10")), (flat, "0", None)):
        wanted = Position(
            venue="lighter", account="main", symbol="BTC-PERP", quantity=size(quantity), entry_price=entry
        )
        assert told("account_all_positions:65", positions={"1": row}) == [wanted]
    with pytest.raises(DecodeError, match="the sign of a position"):
        told("account_all_positions:65", positions={"1": {**POSITION, "sign": 2}})


def test_the_collateral_is_cash_and_the_portfolio_equity() -> None:
    stats = {"collateral": "39.995369", "portfolio_value": "39.995169", "available_balance": "39.168314"}
    assert told("user_stats:65", stats=stats) == [
        Balance(
            venue="lighter",
            account="main",
            currency="USDC",
            wallet=Decimal("39.995369"),
            equity=Decimal("39.995169"),
            available=Decimal("39.168314"),
        )
    ]

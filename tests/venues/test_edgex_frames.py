"""EdgeX's frames become events."""

import json
from decimal import Decimal
from typing import Any

import pytest
from edgex_cases import BTC, FILL, NOON_MS, ORDER, PAID
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
    Ping,
    Pong,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import Side
from perpbot.model.money import Money, Rate
from perpbot.model.order import Balance, Fill, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.model.quote import Quote

NOON_NS = NOON_MS * 1_000_000
VENUE = with_bitcoin(venue("edgex"), funding_hours=Decimal(4))


def push(channel: str, row: dict[str, Any]) -> list[Event]:
    content = {"channel": channel, "dataType": "changed", "data": [{"contractId": BTC, **row}]}
    return VENUE.decode_public(json.dumps({"type": "quote-event", "channel": channel, "content": content}), 7)


def changes(**rows: Any) -> list[Event]:
    content = {"event": "ORDER_UPDATE", "version": 9, "time": NOON_MS, "accountId": 77, "data": rows}
    return VENUE.decode_private(json.dumps({"type": "trade-event", "content": content}), 7)


# -- market data -------------------------------------------------------------------------------------------------


DEPTH = {
    "startVersion": "2070150099", "endVersion": "2070150189", "level": 15, "contractName": "BTCUSDC",
    "asks": [{"price": "82862.8", "size": "0.551"}], "bids": [{"price": "82862.5", "size": "0.677"}],
}  # fmt: skip
BIDS, ASKS = [(price("82862.5"), size("0.677"))], [(price("82862.8"), size("0.551"))]


@pytest.mark.parametrize("kind", ["SNAPSHOT", "Snapshot"])
def test_a_picture_of_a_book_is_a_snapshot_in_any_case(kind: str) -> None:
    wanted = BookSnapshot("BTC-PERP", BIDS, ASKS, 2070150189, 0)
    assert push("depth.30000001.15", {**DEPTH, "depthType": kind}) == [wanted]


def test_a_change_of_a_book_begins_with_the_version_the_one_before_ended_with() -> None:
    (delta,) = push("depth.30000001.15", {**DEPTH, "depthType": "CHANGED"})
    assert delta == BookDelta("BTC-PERP", BIDS, ASKS, 2070150099, 2070150099, 2070150189, 0)
    assert isinstance(delta, BookDelta)
    assert VENUE.follows(2070150099, delta) is Follows.NEXT
    for other in (2070150098, 2070150100, 2070150189, 0):
        assert VENUE.follows(other, delta) is Follows.GAP


def test_an_empty_change_moves_the_version_on() -> None:
    (delta,) = push("depth.30000001.15", {**DEPTH, "asks": [], "bids": [], "depthType": "CHANGED"})
    assert isinstance(delta, BookDelta)
    assert (delta.bids, delta.asks, delta.last) == ([], [], 2070150189)


TICKER = {
    "lastPrice": "223.41", "indexPrice": "223.95", "oraclePrice": "224.02", "markPrice": "224.03",
    "fundingRate": "0.00006758", "fundingTime": "1790582400000", "nextFundingTime": "1790596800000",
}  # fmt: skip


def test_a_ticker_is_the_mark_price_and_the_rate_of_the_next_settlement() -> None:
    assert push("ticker.30000001", TICKER) == [
        Mark("BTC-PERP", price("224.03"), price("223.95"), 0),
        Funding("BTC-PERP", Rate(Decimal("0.00006758"), Decimal(4)), 1_790_596_800_000_000_000, 0),
    ]


def test_a_ticker_without_a_mark_price_has_the_oracles() -> None:
    mark, _ = push("ticker.30000001", {key: value for key, value in TICKER.items() if key != "markPrice"})
    assert isinstance(mark, Mark)
    assert mark.price == price("224.02")


def test_a_funding_rate_is_paid_one_interval_after_it_was_fixed() -> None:
    row = {"fundingRate": "0.001", "fundingTime": "1790582400000", "fundingRateIntervalMin": "480"}
    wanted = Funding("BTC-PERP", Rate(Decimal("0.001"), Decimal(8)), 1_790_611_200_000_000_000, 0)
    assert push("fundingRate.30000001", row) == [wanted]


BEST = {"bestBidPrice": "99", "bestBidSize": "1", "bestAskPrice": "100", "bestAskSize": "2", "time": str(NOON_MS)}


def test_the_best_levels_are_a_quote_unless_the_book_is_empty() -> None:
    wanted = (price("99"), size("1"), price("100"), size("2"))
    assert push("bookTicker.all.1s", BEST) == [Quote("edgex", "BTC-PERP", *wanted, NOON_NS, 7)]
    assert push("bookTicker.all.1s", {**BEST, "bestBidPrice": "0", "bestBidSize": "0"}) == []


@pytest.mark.parametrize(("maker", "side"), [(True, Side.SELL), (False, Side.BUY)])
def test_a_trade_has_the_takers_side(maker: bool, side: Side) -> None:  # noqa: FBT001 - a case
    row = {"ticketId": "f3d5", "time": str(NOON_MS), "price": "100", "size": "3", "isBuyerMaker": maker}
    assert push("trades.30000001", row) == [PublicTrade("BTC-PERP", price("100"), size("3"), side, "f3d5", NOON_NS)]


@pytest.mark.parametrize(("kind", "resolution"), [("MINUTE_1", "1m"), ("HOUR_4", "4h"), ("DAY_1", "1d")])
def test_a_kline_is_a_bar(kind: str, resolution: str) -> None:
    prices = {"open": "100", "high": "103", "low": "99", "close": "101"}
    row = {"klineType": kind, "klineTime": str(NOON_MS), **prices, "size": "5", "value": "505"}
    ohlc = (price("100"), price("103"), price("99"), price("101"))
    wanted = Bar("BTC-PERP", resolution, NOON_NS, *ohlc, size("5"), Decimal(505), closed=False)
    assert push(f"kline.LAST_PRICE.30000001.{kind}", row) == [wanted]


@pytest.mark.parametrize(
    ("words", "events"),
    [
        ({"type": "connected", "sid": "b146", "time": "1"}, []),
        ({"type": "subscribed", "channel": "depth.30000001.15"}, [Ack("depth", "BTC-PERP")]),
        ({"type": "unsubscribed", "channel": "bookTicker.all.1s"}, [Ack("bookTicker")]),
        ({"type": "ping", "time": "1693208170000"}, [Ping('{"type":"pong","time":"1693208170000"}')]),
        ({"type": "pong", "time": "0"}, [Pong()]),
        (
            {"type": "error", "content": {"code": "INVALID_CONTRACT_ID", "msg": "invalid contractId:1"}},
            [VenueError("INVALID_CONTRACT_ID", "invalid contractId:1")],
        ),
    ],
)
def test_the_session_speaks(words: dict[str, Any], events: list[Event]) -> None:
    assert VENUE.decode_public(json.dumps(words), 0) == events


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "surprise"},
        {"type": "ping", "time": '1"}'},
        {"type": "quote-event", "channel": "surprise.1", "content": {"data": []}},
        {"type": "quote-event", "channel": "depth.30000001.15", "content": {"data": [{**DEPTH, "contractId": BTC}]}},
        {"type": "quote-event", "channel": "depth.30000001.15"},
        {},
    ],
)
def test_what_is_not_the_protocol_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"^edgex: "):
        VENUE.decode_public(json.dumps(bad), 0)


# -- the account -------------------------------------------------------------------------------------------------


def test_a_fill_carries_the_id_of_the_order_told_beside_it() -> None:
    fill, update = changes(order=[ORDER], orderFillTransaction=[FILL])
    paid = {"at": "97444.5", "quantity": "0.001", "fee": "0.017540"}
    ids = {
        "trade_ref": "564815957260763406",
        "client_id": "perp0000000000000001",
        "venue_order_id": "564815695875932430",
    }
    assert fill == fill_of("edgex", Side.BUY, Liquidity.MAKER, NOON_NS, **paid, **ids)
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled, update.reason) == (OrderStatus.ACCEPTED, size("0.001"), "")


def test_a_fill_at_a_rounded_price_costs_what_was_paid() -> None:
    (fill,) = changes(orderFillTransaction=[{**FILL, "fillPrice": "97444"}])
    assert isinstance(fill, Fill)
    assert fill.price * fill.quantity == Decimal("97.4445")


@pytest.mark.parametrize(
    ("words", "status", "filled"),
    [
        ({"status": "PENDING", "cumFillSize": "0"}, OrderStatus.ACCEPTED, "0"),
        ({"status": "CANCELING"}, OrderStatus.ACCEPTED, "0.001"),
        ({"status": "FILLED"}, OrderStatus.FILLED, "0.003"),
        ({"status": "CANCELED", "cancelReason": "COULD_NOT_FILL"}, OrderStatus.CANCELLED, "0.001"),
        ({"status": "CANCELED", "cancelReason": "MARGIN_NOT_ENOUGH", "cumFillSize": "0"}, OrderStatus.REFUSED, "0"),
        ({"status": "CANCELED", "cancelReason": "REDUCE_ONLY_CANCELED"}, OrderStatus.CANCELLED, "0.001"),
    ],
)
def test_an_order_stands_where_its_status_says(words: dict[str, str], status: OrderStatus, filled: str) -> None:
    (update,) = changes(order=[{**ORDER, **words}])
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled) == (status, size(filled))


def test_the_account_tells_cash_and_positions() -> None:
    row = {"coinId": "1000", "amount": "-81.943188", "legacyAmount": "15.501312"}
    held = {"contractId": BTC, "openSize": "-0.001", "openValue": "-97.4445"}
    flat = {"contractId": BTC, "openSize": "0.000", "openValue": "0"}
    position, none, balance = changes(position=[held, flat], collateral=[row], account=[{"id": "1"}], order=None)
    assert position == Position(
        venue="edgex", account="main", symbol="BTC-PERP", quantity=size("-0.001"), entry_price=price("97444.5")
    )
    assert isinstance(none, Position)
    assert none.quantity == 0
    assert none.entry_price is None
    assert balance == Balance(
        venue="edgex", account="main", currency="USDC", wallet=Decimal("15.501312"), equity=None, available=None
    )


def test_funding_is_a_change_of_a_position() -> None:
    (payment,) = changes(positionTransaction=[{**PAID, "type": "BUY_POSITION"}, PAID])
    assert payment == FundingPayment(
        venue="edgex",
        account="main",
        symbol="BTC-PERP",
        amount=Money(Decimal("-0.5"), "USDC"),
        settled_ns=NOON_NS,
        ref="5",
    )

"""Hyperliquid's frames become events: every book is whole, a k-coin is a thousand coins, funding is hourly."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from venue_cases import META, fill_of, price, size, venue, with_bitcoin

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
    Pong,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import InstrumentTable, Side
from perpbot.model.money import Money, Rate
from perpbot.model.order import Balance, FundingPayment, Liquidity, OrderStatus, OrderUpdate, Position
from perpbot.model.quote import Quote

VENUE = with_bitcoin(venue("hyperliquid"))
NOON_MS = 1_700_000_000_000
NOON_NS = NOON_MS * 1_000_000


def decode(channel: str, data: object) -> list[Event]:
    return VENUE.decode_public(json.dumps({"channel": channel, "data": data}), 7)


def level(price: str, size: str) -> dict[str, object]:
    return {"px": price, "sz": size, "n": 1}


def test_a_book_is_a_snapshot_without_number() -> None:
    data = {"coin": "BTC", "time": NOON_MS, "levels": [[level("99.0", "1.5")], [level("101.0", "2")]]}
    wanted = BookSnapshot("BTC-PERP", [(price("99"), size("1.5"))], [(price("101"), size("2"))], 0, NOON_NS)
    assert decode("l2Book", data) == [wanted]


def test_no_delta_can_follow() -> None:
    assert VENUE.follows(0, BookDelta("BTC-PERP", [], [], 0, 0, 0, 0)) is Follows.GAP


def test_the_best_levels_are_a_quote_when_there_are_both() -> None:
    both = {"coin": "BTC", "time": NOON_MS, "bbo": [level("99.0", "1.5"), level("101.0", "2")]}
    wanted = (price("99"), size("1.5"), price("101"), size("2"))
    assert decode("bbo", both) == [Quote("hyperliquid", "BTC-PERP", *wanted, NOON_NS, 7)]
    assert decode("bbo", {**both, "bbo": [None, level("101.0", "2")]}) == []


@pytest.mark.parametrize(("letter", "side"), [("A", Side.SELL), ("B", Side.BUY)])
def test_a_trade_has_the_takers_side(letter: str, side: Side) -> None:
    row = {"coin": "BTC", "side": letter, "px": "100.0", "sz": "3", "time": NOON_MS, "tid": 9, "hash": "0x0"}
    assert decode("trades", [row]) == [PublicTrade("BTC-PERP", price("100"), size("3"), side, "9", NOON_NS)]


def test_the_context_of_an_asset_is_its_mark_and_its_hourly_funding() -> None:
    ctx = {"markPx": "100.5", "oraclePx": "100.4", "funding": "0.0000125", "midPx": None}
    assert decode("activeAssetCtx", {"coin": "BTC", "ctx": ctx}) == [
        Mark("BTC-PERP", price("100.5"), price("100.4"), 0),
        Funding("BTC-PERP", Rate(Decimal("0.0000125"), Decimal(1)), None, 0),
    ]


def test_a_candle_is_a_bar_that_may_still_change() -> None:
    row = {"t": NOON_MS, "T": NOON_MS + 59_999, "s": "BTC", "i": "1m", "o": "100", "c": "101", "h": "103", "l": "99"}
    prices = (price("100"), price("103"), price("99"), price("101"))
    wanted = Bar("BTC-PERP", "1m", NOON_NS, *prices, size("1.5"), None, closed=False)
    assert decode("candle", {**row, "v": "1.5", "n": 20}) == [wanted]


def test_a_k_coin_is_counted_and_priced_by_the_coin() -> None:
    made = venue("hyperliquid")
    made.instruments = InstrumentTable(made.read_instruments(META.encode()))
    data = {"coin": "kPEPE", "time": NOON_MS, "levels": [[level("0.012", "5")], [level("0.013", "7")]]}
    (event,) = made.decode_public(json.dumps({"channel": "l2Book", "data": data}), 0)
    assert isinstance(event, BookSnapshot)
    assert event.symbol == "PEPE-PERP"
    assert event.bids == [(price("0.000012"), size("5000"))]


ORDER = {
    "coin": "BTC", "side": "B", "limitPx": "100.0", "sz": "0.7", "oid": 77, "timestamp": NOON_MS, "origSz": "1.0",
    "cloid": "0x70657270000000000000000000000001",
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "remaining", "wanted", "filled"),
    [
        ("open", "0.7", OrderStatus.ACCEPTED, "0.3"),
        ("filled", "0.0", OrderStatus.FILLED, "1"),
        ("canceled", "0.7", OrderStatus.CANCELLED, "0.3"),
        ("reduceOnlyCanceled", "1.0", OrderStatus.CANCELLED, "0"),
        ("badAloPxRejected", "1.0", OrderStatus.REFUSED, "0"),
        ("iocCancelRejected", "1.0", OrderStatus.CANCELLED, "0"),
    ],
)
def test_an_order_tells_its_status_and_what_is_filled(
    status: str, remaining: str, wanted: OrderStatus, filled: str
) -> None:
    row = {"order": {**ORDER, "sz": remaining}, "status": status, "statusTimestamp": NOON_MS + 1}
    (update,) = decode("orderUpdates", [row])
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled) == (wanted, size(filled))
    assert (update.client_id, update.venue_order_id) == ("0x70657270000000000000000000000001", "77")


def test_a_status_nobody_knows_is_refused() -> None:
    row = {"order": ORDER, "status": "meditating", "statusTimestamp": NOON_MS}
    with pytest.raises(DecodeError, match="hyperliquid: status is 'meditating'"):
        decode("orderUpdates", [row])


@pytest.mark.parametrize(("crossed", "liquidity"), [(True, Liquidity.TAKER), (False, Liquidity.MAKER)])
def test_a_fill_costs_what_it_says(crossed: bool, liquidity: Liquidity) -> None:  # noqa: FBT001 - a case
    row = {
        "coin": "BTC", "px": "100.0", "sz": "0.1", "side": "A", "time": NOON_MS, "oid": 77, "tid": 9,
        "crossed": crossed, "fee": "0.0045", "feeToken": "USDC", "cloid": None, "liquidationMarkPx": None,
    }  # fmt: skip
    paid = {"at": "100", "quantity": "0.1", "fee": "0.0045"}
    ids = {"trade_ref": "9", "client_id": "", "venue_order_id": "77"}
    wanted = fill_of("hyperliquid", Side.SELL, liquidity, NOON_NS, **paid, **ids)
    assert decode("userFills", {"user": "0x0", "isSnapshot": True, "fills": [row]}) == [wanted]


def state(*positions: Mapping[str, object], value: str = "110.0") -> dict[str, object]:
    clearing = {"marginSummary": {"accountValue": value}, "withdrawable": "90.0"}
    return {
        "user": "0x0",
        "dex": "",
        "clearinghouseState": {
            **clearing,
            "assetPositions": [{"type": "oneWay", "position": row} for row in positions],
        },
    }


def test_the_clearing_house_tells_positions_and_collateral() -> None:
    held = {"coin": "BTC", "szi": "-0.5", "entryPx": "100.0", "unrealizedPnl": "10.0"}
    position, balance = decode("clearinghouseState", state(held))
    assert position == Position(
        venue="hyperliquid", account="main", symbol="BTC-PERP", quantity=size("-0.5"), entry_price=price("100")
    )
    assert balance == Balance(
        venue="hyperliquid",
        account="main",
        currency="USDC",
        wallet=Decimal(100),
        equity=Decimal(110),
        available=Decimal(90),
    )


def test_a_position_that_is_no_longer_listed_is_told_as_zero_once() -> None:
    made = with_bitcoin(venue("hyperliquid"))
    held = {"coin": "BTC", "szi": "-0.5", "entryPx": "100.0", "unrealizedPnl": "10.0"}

    def positions(frame: dict[str, object]) -> list[Decimal]:
        events = made.decode_private(json.dumps({"channel": "clearinghouseState", "data": frame}), 0)
        return [event.quantity for event in events if isinstance(event, Position)]

    assert positions(state(held)) == [Decimal("-0.5")]
    assert positions(state()) == [Decimal(0)]
    assert positions(state()) == []


def test_another_exchange_on_hyperliquid_is_not_ours() -> None:
    assert decode("clearinghouseState", {**state(), "dex": "xyz"}) == []


def test_funding_received_is_positive() -> None:
    row = {"time": NOON_MS, "coin": "BTC", "usdc": "75.6", "szi": "-7", "fundingRate": "0.0000438"}
    assert decode("userFundings", {"user": "0x0", "fundings": [row]}) == [
        FundingPayment(
            venue="hyperliquid",
            account="main",
            symbol="BTC-PERP",
            amount=Money(Decimal("75.6"), "USDC"),
            settled_ns=NOON_NS,
            ref=f"BTC:{NOON_MS}",
        )
    ]


def test_the_session_speaks() -> None:
    assert VENUE.decode_public('{"channel":"pong"}', 0) == [Pong()]
    assert VENUE.decode_public("Websocket connection established.", 0) == []
    subscription = {"method": "subscribe", "subscription": {"type": "l2Book", "coin": "BTC"}}
    assert decode("subscriptionResponse", subscription) == [Ack("l2Book", "BTC-PERP")]
    assert decode("error", "no such coin") == [VenueError("error", "no such coin")]
    assert decode("allMids", {"mids": {"BTC": "100"}}) == []


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        ("l2Book", {"coin": "BTC", "time": NOON_MS, "levels": [[level("-99", "1")], []]}),
        ("l2Book", {"coin": "BTC", "time": NOON_MS, "levels": [[level("99", "NaN")], []]}),
        ("l2Book", {"coin": "BTC", "time": NOON_MS, "levels": [[level("99", "1")]]}),
        ("l2Book", {"coin": "BTC", "time": -1, "levels": [[], []]}),
        ("bbo", {"coin": "BTC", "time": NOON_MS, "bbo": [level("101", "1"), level("99", "1")]}),
        ("trades", [{"coin": "BTC", "side": "C", "px": "1", "sz": "1", "time": NOON_MS, "tid": 1}]),
        ("trades", [{"coin": "BTC", "side": "A", "px": "1", "sz": "0", "time": NOON_MS, "tid": 1}]),
        ("surprise", {}),
    ],
)
def test_what_is_not_the_protocol_is_refused(channel: str, data: Any) -> None:
    with pytest.raises(DecodeError, match=r"^hyperliquid: "):
        decode(channel, data)


def test_names_that_are_no_perpetual_of_its_own_are_kept() -> None:
    for coin, symbol in (("BTC", "BTC-PERP"), ("PURR/USDC", "PURR/USDC"), ("@107", "@107"), ("xyz:TSLA", "xyz:TSLA")):
        row = {"coin": coin, "side": "A", "px": "1", "sz": "1", "time": NOON_MS, "tid": 1}
        text = json.dumps({"channel": "trades", "data": [row]})
        (event,) = venue("hyperliquid").decode_public(text, 0)
        assert isinstance(event, PublicTrade)
        assert event.symbol == symbol

"""EdgeX's frames become events, its requests carry both signatures, and its answers are read to the end."""

import hashlib
import hmac
import json
import shutil
import subprocess
import venv
from base64 import b64encode
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from coincurve import PrivateKey
from ethereum_checks import address_of, keccak256, signer_of
from venue_cases import (
    CREDENTIALS,
    EDGEX_META,
    PRIVATE_KEY,
    Answer,
    an_order,
    bitcoin,
    edgex,
    parameters_of,
    sent,
    trading,
    venue,
    with_bitcoin,
)

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
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import Money, Price, Quantity, Rate
from perpbot.model.order import (
    Balance,
    Fill,
    FundingPayment,
    Liquidity,
    OrderStatus,
    OrderUpdate,
    Position,
    TimeInForce,
)
from perpbot.model.quote import Quote
from perpbot.venues.edgex_instruments import MetaData, contracts
from perpbot.venues.edgex_signing import SignedOrder, canonical, order_signature
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError

BTC = "30000001"
NOON_MS = 1_790_586_000_000
NOON_NS = NOON_MS * 1_000_000
VENUE = with_bitcoin(venue("edgex"), funding_hours=Decimal(4))


def push(channel: str, row: dict[str, Any]) -> list[Event]:
    content = {"channel": channel, "dataType": "changed", "data": [{"contractId": BTC, **row}]}
    return VENUE.decode_public(json.dumps({"type": "quote-event", "channel": channel, "content": content}), 7)


def changes(**rows: Any) -> list[Event]:
    content = {"event": "ORDER_UPDATE", "version": 9, "time": NOON_MS, "accountId": 77, "data": rows}
    return VENUE.decode_private(json.dumps({"type": "trade-event", "content": content}), 7)


def price(text: str) -> Price:
    return Price(Decimal(text))


def size(text: str) -> Quantity:
    return Quantity(Decimal(text))


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

ORDER = {
    "id": "564815695875932430", "coinId": "1000", "contractId": BTC, "side": "BUY", "price": "97444.5", "size": "0.003",
    "clientOrderId": "perp0000000000000001", "status": "OPEN", "cumFillSize": "0.001",
    "cancelReason": "UNKNOWN_ORDER_CANCEL_REASON", "updatedTime": str(NOON_MS),
}  # fmt: skip
FILL = {
    "id": "564815957260763406", "coinId": "1000", "contractId": BTC, "orderId": "564815695875932430",
    "orderSide": "BUY", "fillSize": "0.001", "fillValue": "97.4445", "fillFee": "0.017540", "fillPrice": "97444.5",
    "direction": "MAKER", "matchTime": str(NOON_MS), "createdTime": str(NOON_MS + 2),
}  # fmt: skip


def test_a_fill_carries_the_id_of_the_order_told_beside_it() -> None:
    fill, update = changes(order=[ORDER], orderFillTransaction=[FILL])
    assert fill == Fill(
        venue="edgex",
        account="main",
        symbol="BTC-PERP",
        trade_ref="564815957260763406",
        client_id="perp0000000000000001",
        venue_order_id="564815695875932430",
        side=Side.BUY,
        price=price("97444.5"),
        quantity=size("0.001"),
        fee=Money(Decimal("0.017540"), "USDC"),
        liquidity=Liquidity.MAKER,
        time_ns=NOON_NS,
        quote="USDC",
    )
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


PAID = {
    "id": "5", "coinId": "1000", "contractId": BTC, "type": "SETTLE_FUNDING_FEE", "deltaFundingFee": "-0.5",
    "fundingTime": str(NOON_MS), "createdTime": str(NOON_MS + 9),
}  # fmt: skip


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


# -- instruments -------------------------------------------------------------------------------------------------


def test_contracts_are_named_by_their_numbers() -> None:
    (instrument,) = venue("edgex", lambda _request: edgex(EDGEX_META), signed=False).fetch_instruments()
    assert instrument == Instrument(
        venue="edgex",
        symbol="BTC-PERP",
        native=BTC,
        base="BTC",
        quote="USDC",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.002"),
        maker_fee=Decimal("0.0004"),
        taker_fee=Decimal("0.00045"),
        funding_hours=Decimal(4),
        max_leverage=Decimal(100),
    )


RATES = {"isSetFeeRate": True, "takerFeeRate": "0.0003", "makerFeeRate": "0.0001"}
UNSET = {"isSetFeeRate": False, "takerFeeRate": "", "makerFeeRate": ""}


@pytest.mark.parametrize(
    ("of_all", "of_one", "taker"),
    [(UNSET, UNSET, "0.00045"), (RATES, UNSET, "0.0003"), (RATES, {**RATES, "takerFeeRate": "0.0002"}, "0.0002")],
)
def test_the_accounts_fees_go_before_the_usual(of_all: dict[str, Any], of_one: dict[str, Any], taker: str) -> None:
    account = {"defaultTradeSetting": of_all, "contractIdToTradeSetting": {BTC: of_one}}
    made = venue("edgex", lambda request: edgex(account if "getAccountById" in request.url else EDGEX_META))
    assert made.fetch_instruments()[0].taker_fee == Decimal(taker)


def changed_contract(**words: Any) -> dict[str, Any]:
    return {**EDGEX_META, "contractList": [{**EDGEX_META["contractList"][0], **words}]}


@pytest.mark.parametrize("words", [{"enableTrade": False}, {"enableOpenPosition": False}, {"quoteCoinId": "1001"}])
def test_contracts_nothing_can_be_opened_in_are_left_out(words: dict[str, Any]) -> None:
    made = venue("edgex", lambda _request: edgex(changed_contract(**words)), signed=False)
    assert made.fetch_instruments() == []


@pytest.mark.parametrize(
    "words", [{"tickSize": "0"}, {"stepSize": "NaN"}, {"baseCoinId": "9"}, {"fundingRateIntervalMin": "0"}]
)
def test_a_contract_that_makes_no_sense_is_refused(words: dict[str, Any]) -> None:
    made = venue("edgex", lambda _request: edgex(changed_contract(**words)), signed=False)
    with pytest.raises(VenueReadError, match="edgex"):
        made.fetch_instruments()


# -- requests ----------------------------------------------------------------------------------------------------


def request_is_signed(request: Request) -> bool:
    """Worked out here: HMAC over time, method, path and sorted content, with the secret's base64 as key."""
    split = urlsplit(request.url)
    if request.body is None:
        content = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(split.query)))
    else:
        words = json.loads(request.body)
        texts = {name: "&".join(each) if isinstance(each, list) else each for name, each in words.items()}
        content = "&".join(
            f"{name}={str(each).lower() if isinstance(each, bool) else each}" for name, each in sorted(texts.items())
        )
    text = f"{request.headers['X-edgeX-Timestamp']}{request.method}{split.path}{content}"
    key = b64encode(CREDENTIALS["edgex"]["secret"].encode())
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == request.headers["X-edgeX-Signature"]


def test_every_private_request_is_signed() -> None:
    made = trading("edgex")
    order, instrument = an_order(made), bitcoin("edgex")
    asked = venue("edgex", lambda _request: edgex([]))
    with pytest.raises(VenueReadError):
        asked.fetch_order(order, instrument)
    requests = [
        made.place(order, instrument),
        made.cancel(order, "7", instrument),
        made.cancel(order, None, instrument),
    ]
    for request in (*requests, *sent(asked)):
        assert request_is_signed(request)
        assert request.headers["X-edgeX-Api-Key"] == "key-1"
        assert request.headers["X-edgeX-Passphrase"] == "phrase-1"
        assert parameters_of(request)["accountId"] == "77"
    assert [parameters_of(each) for each in requests[1:]] == [
        {"accountId": "77", "orderIdList": ["7"]},
        {"accountId": "77", "clientOrderIdList": ["perp0000000000000001"]},
    ]


def test_an_order_says_what_it_signs_and_expires() -> None:
    made = trading("edgex")
    before_ms = made.venue_ms()
    words = parameters_of(made.place(an_order(made, reduce_only=True), bitcoin("edgex")))
    expires_ms = int(words["expireTime"])
    assert before_ms + 8_900 <= expires_ms <= made.venue_ms() + 10_000
    assert int(words["l2ExpireTime"]) == expires_ms + 8 * 24 * 3_600_000
    wanted = {
        "price": "65000", "size": "0.05", "type": "LIMIT", "side": "BUY", "timeInForce": "IMMEDIATE_OR_CANCEL",
        "clientOrderId": "perp0000000000000001", "reduceOnly": True, "l2Value": "3250", "l2Size": "0.05",
        "l2LimitFee": "2", "contractId": BTC,
    }  # fmt: skip
    assert {name: words[name] for name in wanted} == wanted
    assert int(words["l2Nonce"]) == int(hashlib.sha256(b"perp0000000000000001").hexdigest()[:8], 16)


def test_an_order_that_waits_is_good_for_weeks() -> None:
    made = trading("edgex")
    words = parameters_of(made.place(an_order(made, time_in_force=TimeInForce.GTC), bitcoin("edgex")))
    assert int(words["expireTime"]) > made.venue_ms() + 21 * 24 * 3_600_000


def digest_of(words: dict[str, Any]) -> bytes:
    """What the account's signer must have signed, worked out without the code under test."""
    signer = address_of(PrivateKey.from_hex(PRIVATE_KEY[2:]).public_key)

    def number(value: int) -> bytes:
        return value.to_bytes(32, "big")

    base = b"OrderBase(uint256 nonce,address signer,uint64 accountId,uint256 expirationTimestamp)"
    params = (
        b"LimitOrderParams(OrderBase base,int256 amountSynthetic,int256 amountCollateral,uint256 amountFee,"
        b"uint64 assetIdSynthetic,uint64 assetIdCollateral,bool isBuyingSynthetic,bytes32 parentOrderHash,"
        b"uint256 subOrderIndex)"
    ) + base
    address = bytes(12) + bytes.fromhex(signer[2:])
    inner = keccak256(
        keccak256(base)
        + number(int(words["l2Nonce"]))
        + address
        + number(77)
        + number(int(words["expireTime"]) // 1000)
    )
    amounts = [
        Decimal(words["l2Size"]) * 10**10,
        Decimal(words["l2Value"]) * 10**6,
        Decimal(words["l2LimitFee"]) * 10**6,
    ]
    outer = keccak256(
        keccak256(params)
        + inner
        + b"".join(number(int(each)) for each in amounts)
        + number(int(words["contractId"]))
        + number(1000)
        + number(words["side"] == "BUY")
        + bytes(64)
    )
    kind = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    contract = bytes(12) + bytes.fromhex("ed" * 20)
    domain = keccak256(keccak256(kind) + keccak256(b"EdgeX") + keccak256(b"1") + number(3343) + contract)
    return keccak256(b"\x19\x01" + domain + outer)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("quantity", "limit"), [("0.05", "65000"), ("0.763", "82899.7"), ("1.234", "1234.5")])
def test_an_order_is_signed_by_the_accounts_signer(side: Side, quantity: str, limit: str) -> None:
    made = trading("edgex")
    order = an_order(made, side=side, quantity=Decimal(quantity), price=Decimal(limit))
    words = parameters_of(made.place(order, bitcoin("edgex")))
    signed = words["l2Signature"]
    found = signer_of(digest_of(words), signed[:64], signed[64:128], int(signed[128:], 16))
    assert found == address_of(PrivateKey.from_hex(PRIVATE_KEY[2:]).public_key)


def test_an_order_for_what_was_not_listed_says_so() -> None:
    made = trading("edgex")
    with pytest.raises(VenueReadError, match="30000009 was not listed"):
        made.place(an_order(made), bitcoin("edgex", native="30000009"))


def test_an_account_that_cannot_trade_is_refused() -> None:
    made = venue("edgex", lambda _request: edgex({**EDGEX_META, "status": "DISABLED"}))
    with pytest.raises(VenueReadError, match="DISABLED"):
        made.prepare_trading()


def test_the_private_streams_handshake_is_signed_over_its_own_url() -> None:
    made = trading("edgex")
    url = made.open_private()
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["accountId"] == "77"
    request = Request("GET", url, made.private_headers(url))
    assert request.headers["X-edgeX-Timestamp"] == query["timestamp"]
    assert request_is_signed(request)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": None, "a": True}, "a=true&b="),
        ({"a": ["x", "y"]}, "a=x&y"),
        ({}, ""),
        ({"a": {"c": 1, "b": "2"}}, "a=b=2&c=1"),
    ],
)
def test_content_is_signed_in_the_order_of_its_names(value: dict[str, Any], text: str) -> None:
    assert canonical(value) == text


# -- reads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
def test_fills_are_read_to_the_end_oldest_first_each_once(count: int) -> None:
    rows = [{**FILL, "id": str(number), "createdTime": str(NOON_MS + number)} for number in range(count)][::-1]

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        begin = int(asked.get("offsetData", 0))
        end = begin + int(asked["size"])
        return edgex({"dataList": rows[begin:end], "nextPageOffsetData": str(end) if end < len(rows) else ""})

    fills = with_bitcoin(venue("edgex", answer)).fetch_fills(NOON_MS)
    assert [fill.trade_ref for fill in fills] == [str(number) for number in range(count)]


def test_a_page_that_does_not_go_on_is_a_failure() -> None:
    stuck = edgex({"dataList": [FILL], "nextPageOffsetData": "5"})
    with pytest.raises(VenueReadError, match="does not go on after 5"):
        venue("edgex", lambda _request: stuck).fetch_fills(NOON_MS)


def test_an_order_is_looked_for_in_the_history_when_its_client_id_finds_nothing() -> None:
    def answer(request: Request) -> Answer:
        return edgex({"dataList": [{**ORDER, "status": "CANCELED"}]} if "History" in request.url else [])

    made = with_bitcoin(venue("edgex", answer))
    update = made.fetch_order(an_order(made), bitcoin("edgex"))
    assert update is not None
    assert update.status is OrderStatus.CANCELLED


def test_cash_is_what_the_coin_is_worth_without_open_profits() -> None:
    assets = {
        "positionList": [{"contractId": BTC, "openSize": "0.001", "openValue": "97.4445"}],
        "positionAssetList": [{"coinId": "1000", "unrealizePnl": "0.289926609240472316741943359375"}],
        "collateralAssetModelList": [
            {"coinId": "1000", "totalEquity": "15.791238609240472316741943359375", "availableAmount": "13.836550"},
            {"coinId": "1001", "totalEquity": "0", "availableAmount": "0"},
        ],
    }
    made = with_bitcoin(venue("edgex", lambda _request: edgex(assets)))
    (balance,) = made.fetch_balances()
    assert (balance.currency, balance.wallet, balance.available) == ("USDC", Decimal("15.501312"), Decimal("13.836550"))
    (position,) = made.fetch_positions()
    assert (position.quantity, position.entry_price) == (Decimal("0.001"), Decimal("97444.5"))


def test_funding_is_read_to_the_end() -> None:
    made = with_bitcoin(venue("edgex", lambda _request: edgex({"dataList": [PAID], "nextPageOffsetData": ""})))
    (payment,) = made.fetch_funding_payments(NOON_MS)
    assert payment.amount == Money(Decimal("-0.5"), "USDC")
    assert parameters_of(sent(made)[0])["filterTypeList"] == "SETTLE_FUNDING_FEE"


# -- the official SDK --------------------------------------------------------------------------------------------

SIGNED = {
    ("65000", "0.05", True, "perp0000000000000001", 1_800_000_010): "eb4fd246f5a2dadfe0bb2d9e08122b6f52eb6fb9f4776d97e8"
    "a2859be60cc38b4994d1f4e8689ed1abde1932e661f5119391fb6652eb6a96467b21342e6546941b",
    ("82899.7", "0.763", False, "perp0000000000000002", 1_800_000_010): "0e29c528c47b6fc4fb73d0c2ef1d2b0483d68aace0077"
    "f933494e6b32823b4c832feee5a766cee39210b8efed5a62986657cea32fc69feaca6c7a2a1306e61e21c",
    ("1234.5", "1.234", True, "x", 1_900_000_000): "72cadb258f3ff627dcfd428b237f579c63123952075dab2c5d466cdb4fcac2677b3"
    "cf4ad6123f65adbfda1c81c897810bad7ca9137d2a202f11d29eb02a44e9c1b",
    ("0.1", "0.001", False, "perp9", 1_900_000_000): "0f48ac04c2caeb7062a19642e6d4e6e739ebcaede01d57b583661bca5bb40fcc2"
    "a6d55629dc16a5d46cd89b5bbf37d3477776f09eaf398c208b958c9ea4d66b01c",
}
"""Signatures made by the official Python SDK 2.0.1, by price, size, whether it buys, client id and expiry."""


def ours(limit: str, quantity: str, client_id: str, expires_s: int, *, buys: bool) -> str:
    meta = msgspec.convert(EDGEX_META, MetaData)
    order = SignedOrder(
        account_id=77,
        contract_id=int(BTC),
        client_id=client_id,
        buys=buys,
        size=Decimal(quantity),
        price=Decimal(limit),
        expires_s=expires_s,
    )
    return order_signature(PRIVATE_KEY, meta.domain(), order, contracts(meta)[BTC])


@pytest.mark.parametrize(("case", "signature"), SIGNED.items(), ids=[key[3] for key in SIGNED])
def test_a_signature_is_that_of_the_official_sdk(case: tuple[str, str, bool, str, int], signature: str) -> None:
    limit, quantity, buys, client_id, expires_s = case
    assert ours(limit, quantity, client_id, expires_s, buys=buys) == signature


SDK_SIGNS = """
import asyncio, json, sys
from decimal import Decimal
from edgex_sdk.internal.async_client import AsyncClient
from edgex_sdk.order.client import Client
from edgex_sdk.order.types import CreateOrderParams

class Kept(AsyncClient):
    async def make_authenticated_request(self, method, path, data=None, params=None, rewrite_version=True):
        return data["l2Signature"]

meta, key, case = json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
limit, quantity, buys, client_id, expires_s = case
params = CreateOrderParams(
    "30000001", limit, quantity, "LIMIT", "BUY" if buys else "SELL", "IMMEDIATE_OR_CANCEL", client_id, expires_s * 1000
)
client = Client(Kept(base_url="http://nowhere", account_id=77, trading_private_key=key))
print(asyncio.run(client.create_order(params, meta, Decimal(limit))).removeprefix("0x"))
"""


@pytest.mark.full
@pytest.mark.process
def test_the_official_sdk_signs_the_same(tmp_path: Path) -> None:
    if shutil.which("pip") is None and not hasattr(venv, "create"):
        pytest.skip("no way to make an environment")
    venv.create(tmp_path / "sdk", with_pip=True)
    python = tmp_path / "sdk" / "bin" / "python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", "edgex-python-sdk==2.0.1"], check=False, capture_output=True, timeout=300
    )
    if installed.returncode:
        pytest.skip("the official SDK cannot be installed here")
    for limit, quantity, buys, client_id, expires_s in SIGNED:
        case = json.dumps([limit, quantity, buys, client_id, expires_s])
        made = subprocess.run(
            [python, "-c", SDK_SIGNS, json.dumps(EDGEX_META), PRIVATE_KEY, case],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert made.stdout.strip() == ours(limit, quantity, client_id, expires_s, buys=buys)

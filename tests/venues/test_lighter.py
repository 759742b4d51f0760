"""Lighter's frames become events, its requests are signed transactions, and its answers are read to the end."""

import json
from base64 import b64decode
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from venue_cases import (
    LIGHTER_MARKETS,
    Answer,
    an_order,
    bitcoin,
    parameters_of,
    sent,
    trading,
    venue,
    with_bitcoin,
)

from perpbot.clock import wall_ms
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
from perpbot.venues.ecgfp5 import encode, holds, public
from perpbot.venues.goldilocks import to_bytes
from perpbot.venues.http import Request
from perpbot.venues.lighter_client import TOKEN_MS
from perpbot.venues.lighter_instruments import leverage, margin_ticks
from perpbot.venues.lighter_signing import message, private_key, text_message
from perpbot.venues.venue import Credentials, Margin, VenueReadError

SECRET = private_key("4f" * 39 + "00")
PUBLIC = to_bytes(encode(public(SECRET))).hex()
VENUE = with_bitcoin(venue("lighter"), tick=Decimal("0.1"), lot=Decimal("0.00001"))
MS = 1_777_941_384_181
NS = MS * 1_000_000
LEVELS = {"asks": [{"price": "101.5", "size": "3"}], "bids": [{"price": "100", "size": "0.00000"}]}


def price(text: str) -> Price:
    return Price(Decimal(text))


def size(text: str) -> Quantity:
    return Quantity(Decimal(text))


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


TRADE = {
    "trade_id": 19_209_006_902, "type": "trade", "market_id": 1, "size": "0.1336", "price": "2352.73",
    "usd_amount": "314.324728", "ask_id": 281_476_929_510_102, "bid_id": 562_947_905_631_053, "ask_client_id": 0,
    "bid_client_id": 7_001_011_966, "ask_account_id": 91_249, "bid_account_id": 65, "is_maker_ask": True,
    "timestamp": MS, "taker_fee": 196, "maker_fee": 28,
}  # fmt: skip


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

ORDER = {
    "order_index": 281_476_929_510_110, "client_order_index": 42, "order_id": "281476929510110",
    "client_order_id": "42", "market_index": 1, "owner_account_index": 65, "initial_base_amount": "0.0050",
    "price": "2352.74", "remaining_base_amount": "0.0030", "is_ask": True, "filled_base_amount": "0.0020",
    "status": "open", "timestamp": 1_777_941_383, "created_at": 1_777_941_383, "updated_at": MS,
}  # fmt: skip


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
    wanted = Fill(
        venue="lighter",
        account="main",
        symbol="BTC-PERP",
        trade_ref="19209006902",
        client_id=client_id,
        venue_order_id=order_id,
        side=side,
        price=price("2352.73"),
        quantity=size("0.1336"),
        fee=Money(Decimal(fee), "USDC"),
        liquidity=liquidity,
        time_ns=NS,
        quote="USDC",
    )
    assert told("account_all_trades:65", trades={"1": [{**TRADE, **words}]}) == [wanted]


POSITION = {
    "market_id": 1, "symbol": "BTC", "initial_margin_fraction": "5.00", "sign": -1, "position": "1.5000",
    "avg_entry_price": "2350.10", "margin_mode": 0,
}  # fmt: skip


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


# -- instruments -------------------------------------------------------------------------------------------------


def markets(**words: Any) -> dict[str, Any]:
    return {**LIGHTER_MARKETS, "order_book_details": [{**LIGHTER_MARKETS["order_book_details"][0], **words}]}


def test_a_market_is_an_instrument_on_the_grid_of_its_decimals() -> None:
    instrument, pepe = venue("lighter", lambda _request: LIGHTER_MARKETS, signed=False).fetch_instruments()
    assert instrument == Instrument(
        venue="lighter",
        symbol="BTC-PERP",
        native="1",
        base="BTC",
        quote="USDC",
        tick=Decimal("0.1"),
        lot=Decimal("0.00001"),
        min_quantity=Decimal("0.0002"),
        min_notional=Decimal(10),
        maker_fee=Decimal("0.00004"),
        taker_fee=Decimal("0.00028"),
        funding_hours=Decimal(1),
        max_leverage=Decimal(50),
    )
    assert (pepe.symbol, pepe.tick, pepe.lot, pepe.min_quantity) == (
        "PEPE-PERP", Decimal("1e-9"), Decimal(1000), Decimal(500_000),
    )  # fmt: skip


def test_fees_are_those_of_the_accounts_kind_where_there_are_credentials() -> None:
    def answer(request: Request) -> Answer:
        limits = {"code": 200, "current_maker_fee_tick": 0, "current_taker_fee_tick": 196}
        return limits if "accountLimits" in request.url else LIGHTER_MARKETS

    instrument, _ = venue("lighter", answer).fetch_instruments()
    assert (instrument.maker_fee, instrument.taker_fee) == (Decimal(0), Decimal("0.000196"))


@pytest.mark.parametrize("words", [{"status": "inactive"}, {"market_type": "spot"}])
def test_what_is_not_an_active_perpetual_is_left_out(words: dict[str, Any]) -> None:
    assert venue("lighter", lambda _request: markets(**words), signed=False).fetch_instruments() == []


@pytest.mark.parametrize(
    "words",
    [{"size_decimals": -1}, {"price_decimals": 99}, {"min_initial_margin_fraction": 0}, {"min_base_amount": "x"}],
)
def test_a_market_that_makes_no_sense_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(VenueReadError, match="lighter"):
        venue("lighter", lambda _request: markets(**words), signed=False).fetch_instruments()


def test_every_whole_leverage_is_understood_from_its_margin_fraction() -> None:
    for times in range(1, 51):
        assert leverage(Decimal(margin_ticks(times))) == times
        assert leverage(Decimal(10_000 // times)) == times
    assert leverage(Decimal(333)) == Decimal(30)
    assert leverage(Decimal(9_000)) != 1


# -- requests ----------------------------------------------------------------------------------------------------


def place(**changes: Any) -> tuple[Request, dict[str, Any]]:
    made = trading("lighter")
    request = made.place(an_order(made, **changes), bitcoin("lighter", lot=Decimal("0.00001")))
    return request, parameters_of(request)


def test_an_order_is_a_signed_transaction_in_whole_steps() -> None:
    before_ms = wall_ms()
    request, words = place(side=Side.SELL, quantity=size("0.05"), price=price("65000.1"), reduce_only=True)
    assert request.url == "https://mainnet.zklighter.elliot.ai/api/v1/sendTx"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="tx_type"\r\n\r\n14\r\n' in (request.body or b"")
    assert {name: words[name] for name in ("MarketIndex", "ClientOrderIndex", "BaseAmount", "Price", "IsAsk")} == {
        "MarketIndex": 1, "ClientOrderIndex": 1, "BaseAmount": 5_000, "Price": 650_001, "IsAsk": 1,
    }  # fmt: skip
    assert (words["Type"], words["TimeInForce"], words["ReduceOnly"], words["OrderExpiry"]) == (0, 0, 1, 0)
    assert 0 <= words["ExpiredAt"] - before_ms - 10_000 < 5_000
    signature = b64decode(words.pop("Sig"))
    assert holds(public(SECRET), message(304, 14, words, {4: 1}), signature)


def test_an_order_that_waits_does_so_for_four_weeks() -> None:
    _, words = place(time_in_force=TimeInForce.GTC)
    assert 27 < (words["OrderExpiry"] - wall_ms()) / 86_400_000 < 29


@pytest.mark.parametrize("changes", [{"price": Decimal("65000.05")}, {"quantity": Decimal("0.000005")}])
def test_what_is_off_the_grid_is_never_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a multiple of"):
        place(**changes)


def test_a_cancel_names_the_order_by_either_number() -> None:
    made = trading("lighter")
    order, instrument = an_order(made), bitcoin("lighter")
    assert parameters_of(made.cancel(order, "281476929510110", instrument))["Index"] == 281_476_929_510_110
    assert parameters_of(made.cancel(order, None, instrument))["Index"] == 1


def test_client_ids_of_any_journal_are_numbers_of_48_bits_that_are_not_zero() -> None:
    numbers = [int(VENUE.wire_id(epoch * 10**10 + at)) for epoch in (1_767_225_600, 1_767_225_601) for at in range(500)]
    assert len(set(numbers)) == 1_000
    assert all(0 < number < 2**48 for number in [*numbers, int(VENUE.wire_id(0)), int(VENUE.wire_id(2**48 - 1))])


def keys(**words: Any) -> dict[str, Any]:
    return {
        "code": 200,
        "api_keys": [{"account_index": 65, "api_key_index": 5, "nonce": 7, "public_key": PUBLIC, **words}],
    }


def test_trading_begins_with_the_key_that_lighter_knows_and_with_nonces_above_its_own() -> None:
    late = 2**45
    made = venue("lighter", lambda _request: keys(nonce=late))
    made.prepare_trading()
    words = parameters_of(made.place(an_order(made), bitcoin("lighter")))
    assert words["Nonce"] == late
    assert sent(made)[0].url.endswith("/api/v1/apikeys?account_index=65&api_key_index=5")


@pytest.mark.parametrize("words", [{"public_key": "00" * 40}, {"api_key_index": 6}])
def test_another_key_than_the_one_lighter_knows_is_said(words: dict[str, Any]) -> None:
    with pytest.raises(VenueReadError, match="key 5 of account 65 has another private key"):
        venue("lighter", lambda _request: keys(**words)).prepare_trading()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"privateKey": "4f"}, None),
        ({"privateKey": "zz" * 40}, "privateKey of account 'main' is none"),
        ({"privateKey": "ff" * 40}, "below the order"),
        ({"accountId": "me"}, "the credential accountId must be a number"),
        ({"apiKey": ""}, "lack apiKey"),
    ],
)
def test_credentials_that_are_none_are_named_without_being_shown(
    changed: dict[str, str], complaint: str | None
) -> None:
    made = venue("lighter", lambda _request: keys())
    made.credentials = Credentials({"privateKey": "4f" * 39 + "00", "apiKey": "5", "accountId": "65", **changed})
    with pytest.raises(VenueReadError, match=complaint or "another private key") as caught:
        made.prepare_trading()
    assert changed.get("privateKey", "-") not in str(caught.value)


def test_private_questions_carry_a_token_and_subscriptions_the_same() -> None:
    made = with_bitcoin(venue("lighter", lambda _request: {"code": 200, "orders": []}))
    made.fetch_open_orders()
    token = sent(made)[0].headers["Authorization"]
    text, _, signature = token.rpartition(":")
    until_s, account, key = text.split(":")
    assert (account, key) == ("65", "5")
    assert 0 <= wall_ms() + TOKEN_MS - int(until_s) * 1_000 < 5_000
    assert holds(public(SECRET), text_message(text), bytes.fromhex(signature))
    frames = [json.loads(frame) for frame in made.private_subscriptions([])]
    assert {frame["auth"] for frame in frames} == {token}
    assert {frame["channel"] for frame in frames} == {
        "account_all_orders/65", "account_all_trades/65", "account_all_positions/65", "user_stats/65",
    }  # fmt: skip
    assert (made.session_life_s or 0) * 1_000 < TOKEN_MS


def test_a_testnet_order_is_signed_for_the_testnets_chain() -> None:
    kind = type(VENUE)
    assert kind.testnet is not None
    made = kind(kind.testnet, venue("lighter").http, VENUE.credentials)
    words = parameters_of(made.place(an_order(made), bitcoin("lighter")))
    assert holds(public(SECRET), message(300, 14, words, {4: 1}), b64decode(words["Sig"]))


# -- reads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
def test_fills_are_read_to_the_end_oldest_first_each_once(count: int) -> None:
    rows = [{**TRADE, "trade_id": number, "timestamp": MS + number} for number in range(count)][::-1]

    def answer(request: Request) -> Answer:
        asked = dict(parse_qsl(urlsplit(request.url).query))
        assert asked["sort_by"] == "timestamp"
        begin = int(asked.get("cursor", 0))
        end = begin + int(asked["limit"])
        return {"code": 200, "trades": rows[begin:end], **({"next_cursor": str(end)} if end < len(rows) else {})}

    made = with_bitcoin(venue("lighter", answer))
    assert [fill.trade_ref for fill in made.fetch_fills(MS)] == [str(number) for number in range(count)]


def test_reading_fills_stops_where_they_are_too_old() -> None:
    rows = [{**TRADE, "trade_id": number, "timestamp": MS - number * 1_000} for number in range(5)]
    made = with_bitcoin(venue("lighter", lambda _request: {"code": 200, "trades": rows, "next_cursor": "1"}))
    assert [fill.trade_ref for fill in made.fetch_fills(MS - 2_000)] == ["2", "1", "0"]
    assert len(sent(made)) == 1


def test_a_page_that_does_not_go_on_is_a_failure() -> None:
    stuck = {"code": 200, "trades": [TRADE], "next_cursor": "5"}
    with pytest.raises(VenueReadError, match="does not go on after 5"):
        venue("lighter", lambda _request: stuck).fetch_fills(MS)


def test_an_order_that_is_not_open_is_looked_for_among_those_of_late() -> None:
    over = {**ORDER, "client_order_id": "1", "status": "canceled", "updated_at": wall_ms()}

    def answer(request: Request) -> Answer:
        return {"code": 200, "orders": [over] if "Inactive" in request.url else []}

    made = with_bitcoin(venue("lighter", answer))
    update = made.fetch_order(an_order(made), bitcoin("lighter"))
    assert update is not None
    assert update.status is OrderStatus.CANCELLED


ACCOUNT = {
    "code": 200,
    "accounts": [
        {
            "collateral": "9100.242706", "available_balance": "12582.743947", "total_asset_value": "15298.07",
            "cross_asset_value": "15298.07", "positions": [POSITION, {**POSITION, "market_id": 9, "position": "0"}],
        }
    ],
}  # fmt: skip


def test_positions_balances_and_margins_are_read_from_the_account() -> None:
    def answer(request: Request) -> Answer:
        return ACCOUNT if "/account?" in request.url else LIGHTER_MARKETS

    made = with_bitcoin(venue("lighter", answer))
    (position,) = made.fetch_positions()
    assert (position.symbol, position.quantity) == ("BTC-PERP", Decimal("-1.5"))
    (balance,) = made.fetch_balances()
    assert (balance.wallet, balance.equity) == (Decimal("9100.242706"), Decimal("15298.07"))
    pepe = bitcoin("lighter", native="4", symbol="PEPE-PERP")
    assert made.fetch_margins([bitcoin("lighter"), pepe]) == {
        "BTC-PERP": Margin(Decimal(20)), "PEPE-PERP": Margin(Decimal(10)),
    }  # fmt: skip


def test_funding_is_read_to_the_end_and_may_come_in_seconds() -> None:
    row = {"timestamp": MS // 1_000, "market_id": 1, "funding_id": 9, "change": "-0.5", "rate": "0.0001"}
    made = with_bitcoin(venue("lighter", lambda _request: {"code": 200, "position_fundings": [row]}))
    assert made.fetch_funding_payments(MS - 1_000) == [
        FundingPayment(
            venue="lighter",
            account="main",
            symbol="BTC-PERP",
            amount=Money(Decimal("-0.5"), "USDC"),
            settled_ns=MS // 1_000 * 1_000_000_000,
            ref="1-9",
        )
    ]


def test_a_book_by_rest_is_made_of_orders() -> None:
    def order(at: str, left: str) -> dict[str, Any]:
        return {"price": at, "remaining_base_amount": left, "order_id": "1"}

    asks, bids = [order("101", "1.5"), order("101", "0.5"), order("102", "1")], [order("100", "3")]
    made = with_bitcoin(venue("lighter", lambda _request: {"code": 200, "asks": asks, "bids": bids}))
    book = made.fetch_book(bitcoin("lighter"))
    assert book.asks == [(Decimal(101), Decimal(2)), (Decimal(102), Decimal(1))]
    assert book.bids == [(Decimal(100), Decimal(3))]

"""Lighter's markets, its requests, which are signed transactions, and its answers, read to the end."""

import json
from base64 import b64decode
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lighter_cases import MS, ORDER, POSITION, TRADE, VENUE
from venue_cases import (
    LIGHTER_MARKETS,
    Answer,
    an_order,
    bitcoin,
    parameters_of,
    price,
    sent,
    size,
    trading,
    venue,
    with_bitcoin,
)

from perpbot.clock import wall_ms
from perpbot.model.instrument import Side
from perpbot.model.money import Money
from perpbot.model.order import FundingPayment, OrderStatus, TimeInForce
from perpbot.venues.ecgfp5 import encode, holds, public
from perpbot.venues.goldilocks import to_bytes
from perpbot.venues.http import Request
from perpbot.venues.lighter_client import TOKEN_MS
from perpbot.venues.lighter_instruments import leverage, margin_ticks
from perpbot.venues.lighter_signing import message, private_key, text_message
from perpbot.venues.venue import Credentials, Margin, VenueReadError

SECRET = private_key("4f" * 39 + "00")
PUBLIC = to_bytes(encode(public(SECRET))).hex()


# -- instruments -------------------------------------------------------------------------------------------------


def markets(**words: Any) -> dict[str, Any]:
    return {**LIGHTER_MARKETS, "order_book_details": [{**LIGHTER_MARKETS["order_book_details"][0], **words}]}


def test_a_market_is_an_instrument_on_the_grid_of_its_decimals() -> None:
    instrument, pepe = venue("lighter", lambda _request: LIGHTER_MARKETS, signed=False).fetch_instruments()
    assert instrument == bitcoin(
        "lighter",
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

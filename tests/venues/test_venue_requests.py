"""The requests that place, cancel and ask: their words, their signatures checked without ccxt, their expiry."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from coincurve import PrivateKey
from Crypto.Signature import eddsa
from ethereum_checks import address_of, digest, keccak256, signer_of
from venue_cases import (
    CREDENTIALS,
    MASTER,
    NAMES,
    PRIVATE_KEY,
    an_order,
    bitcoin,
    in_turn,
    parameters_of,
    sent,
    trading,
    venue,
)

from perpbot.model.instrument import Side
from perpbot.model.order import TimeInForce
from perpbot.venues.grvt_instruments import Asset
from perpbot.venues.grvt_signing import sign
from perpbot.venues.http import Request
from perpbot.venues.registry import venue_class
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import Credentials, Venue, VenueReadError

AGENT = address_of(PrivateKey.from_hex(PRIVATE_KEY[2:]).public_key)


def place(made: Venue, **changes: Any) -> Request:
    return made.place(an_order(made, **changes), bitcoin(made.name))


def okx_body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(str(request.body))
    return body


def hyperliquid_order(request: Request) -> dict[str, Any]:
    order: dict[str, Any] = okx_body(request)["action"]["orders"][0]
    return order


def aster_words(request: Request) -> dict[str, str]:
    return dict(parse_qsl(str(request.body) if request.body else urlsplit(request.url).query))


# -- OKX ---------------------------------------------------------------------------------------------------------


def okx_signature(request: Request) -> str:
    split = urlsplit(request.url)
    path = split.path + (f"?{split.query}" if split.query else "")
    body = "" if request.body is None else str(request.body)
    text = f"{request.headers['OK-ACCESS-TIMESTAMP']}{request.method}{path}{body}"
    secret = CREDENTIALS["okx"]["secret"].encode()
    return base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()


def test_okx_orders_are_signed_and_expire() -> None:
    made = trading("okx")
    request = place(made)
    assert (request.method, request.url) == ("POST", "https://www.okx.com/api/v5/trade/order")
    assert request.headers["OK-ACCESS-SIGN"] == okx_signature(request)
    assert request.headers["OK-ACCESS-KEY"] == "key-1"
    assert request.headers["OK-ACCESS-PASSPHRASE"] == "phrase-1"
    signed_ms = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp() * 1000
    assert 0 <= int(request.headers["expTime"]) - signed_ms <= made.request_lifetime_s * 1000 + 100
    assert okx_body(request) == {
        "instId": "BTC-USDT-SWAP",
        "tdMode": "cross",
        "clOrdId": "perp0000000000000001",
        "side": "buy",
        "ordType": "ioc",
        "px": "65000",
        "sz": "5",
        "reduceOnly": False,
    }


def test_okx_cancels_and_queries_are_signed() -> None:
    made = trading("okx")
    order, instrument = an_order(made), bitcoin("okx")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert okx_body(by_id) == {"instId": "BTC-USDT-SWAP", "ordId": "77"}
    assert okx_body(by_ours) == {"instId": "BTC-USDT-SWAP", "clOrdId": "perp0000000000000001"}
    asked = venue("okx", in_turn([{"code": "51603", "data": [], "msg": ""}]))
    asked.fetch_order(order, instrument)
    for request in (by_id, by_ours, *sent(asked)):
        assert request.headers["OK-ACCESS-SIGN"] == okx_signature(request)


def test_okx_logs_in_with_a_signature_of_its_own() -> None:
    (frame,) = trading("okx").login()
    argument = json.loads(frame)["args"][0]
    text = f"{argument['timestamp']}GET/users/self/verify"
    wanted = base64.b64encode(hmac.new(b"secret-1", text.encode(), hashlib.sha256).digest()).decode()
    assert argument["sign"] == wanted


def test_okx_demo_trading_says_so() -> None:
    kind = venue_class("okx")
    assert kind.testnet is not None
    made = kind(kind.testnet, trading("okx").http, Credentials(CREDENTIALS["okx"]))
    assert made.place(an_order(made), bitcoin("okx")).headers["x-simulated-trading"] == "1"
    assert "x-simulated-trading" not in place(trading("okx")).headers


# -- Hyperliquid -------------------------------------------------------------------------------------------------


def hyperliquid_signer(request: Request, source: str = "a") -> str:
    """The wallet that signed: msgpack of the action, nonce, no vault, expiry; hashed; an agent of it hashed."""
    body = okx_body(request)
    packed = msgspec.msgpack.encode(body["action"]) + body["nonce"].to_bytes(8, "big") + b"\x00"
    packed += b"\x00" + body["expiresAfter"].to_bytes(8, "big")
    kind = keccak256(b"Agent(string source,bytes32 connectionId)")
    agent = keccak256(kind + keccak256(source.encode()) + keccak256(packed))
    return signer_of(digest("Exchange", 1337, agent), **body["signature"])


def test_hyperliquid_orders_are_signed_by_the_agent_and_expire() -> None:
    made = trading("hyperliquid")
    request = place(made)
    body = okx_body(request)
    assert (request.method, request.url) == ("POST", "https://api.hyperliquid.xyz/exchange")
    assert hyperliquid_signer(request) == AGENT
    assert 0 <= body["expiresAfter"] - body["nonce"] <= made.request_lifetime_s * 1000 + 100
    assert set(body) == {"action", "nonce", "signature", "expiresAfter"}
    assert body["action"] == {
        "type": "order",
        "orders": [
            {
                "a": 0,
                "b": True,
                "p": "65000",
                "s": "0.05",
                "r": False,
                "t": {"limit": {"tif": "Ioc"}},
                "c": "0x70657270000000000000000000000001",
            }
        ],
        "grouping": "na",
    }


def test_hyperliquid_cancels_are_signed_by_the_agent() -> None:
    made = trading("hyperliquid")
    order, instrument = an_order(made), bitcoin("hyperliquid")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert okx_body(by_id)["action"] == {"type": "cancel", "cancels": [{"a": 0, "o": 77}]}
    assert okx_body(by_ours)["action"] == {
        "type": "cancelByCloid",
        "cancels": [{"asset": 0, "cloid": "0x70657270000000000000000000000001"}],
    }
    assert hyperliquid_signer(by_id) == hyperliquid_signer(by_ours) == AGENT


def test_hyperliquids_testnet_has_a_signature_of_its_own() -> None:
    kind = venue_class("hyperliquid")
    assert kind.testnet is not None
    made = kind(
        kind.testnet, venue("hyperliquid", in_turn([{"universe": [BTC]}])).http, Credentials(CREDENTIALS["aster"])
    )
    made.prepare_trading()
    request = made.place(an_order(made), bitcoin("hyperliquid"))
    assert hyperliquid_signer(request, source="b") == AGENT


BTC = {"name": "BTC", "szDecimals": 5, "maxLeverage": 40}


def test_hyperliquid_needs_to_know_an_assets_number() -> None:
    made = trading("hyperliquid")
    with pytest.raises(VenueReadError, match="NEWCOIN was not listed"):
        made.place(an_order(made), bitcoin("hyperliquid", native="NEWCOIN"))


def test_hyperliquid_prices_and_sizes_have_no_trailing_zeros() -> None:
    order = hyperliquid_order(place(trading("hyperliquid"), price=Decimal("65000.50"), quantity=Decimal("0.100")))
    assert (order["p"], order["s"]) == ("65000.5", "0.1")


def test_a_k_coin_is_ordered_by_the_thousand() -> None:
    made = trading("hyperliquid")
    instrument = bitcoin("hyperliquid", native="kPEPE", contract_size=Decimal(1000), price_unit=Decimal(1000))
    order = an_order(made, price=Decimal("0.0000123"), quantity=Decimal(5000))
    wire = hyperliquid_order(made.place(order, instrument))
    assert (wire["a"], wire["p"], wire["s"]) == (1, "0.0123", "5")


# -- Aster -------------------------------------------------------------------------------------------------------


def aster_signer(request: Request, chain_id: int = 1666) -> str:
    text = str(request.body) if request.body else urlsplit(request.url).query
    message, _, signature = text.rpartition("&signature=")
    hashed = keccak256(keccak256(b"Message(string msg)") + keccak256(message.encode()))
    raw = signature.removeprefix("0x")
    return signer_of(digest("AsterSignTransaction", chain_id, hashed), raw[:64], raw[64:128], int(raw[128:], 16))


def test_aster_orders_are_signed_by_the_agent_for_the_user() -> None:
    request = place(trading("aster"), reduce_only=True, time_in_force=TimeInForce.POST_ONLY)
    assert (request.method, request.url) == ("POST", "https://fapi.asterdex.com/fapi/v3/order")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert aster_signer(request) == AGENT
    words = aster_words(request)
    assert words.pop("signature")
    assert int(words.pop("nonce")) % 1000 == 0
    assert words == {
        "user": MASTER,
        "signer": AGENT,
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTX",
        "quantity": "0.05",
        "price": "65000",
        "newClientOrderId": "perp0000000000000001",
        "reduceOnly": "true",
    }


def test_aster_cancels_and_queries_are_signed_by_the_agent() -> None:
    made = trading("aster")
    order, instrument = an_order(made), bitcoin("aster")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert (by_id.method, by_id.url) == ("DELETE", "https://fapi.asterdex.com/fapi/v3/order")
    assert aster_words(by_id)["orderId"] == "77"
    assert aster_words(by_ours)["origClientOrderId"] == "perp0000000000000001"
    asked = venue("aster", in_turn([(400, '{"code":-2013,"msg":"Order does not exist."}')]))
    asked.fetch_order(order, instrument)
    for request in (by_id, by_ours, *sent(asked)):
        assert aster_signer(request) == AGENT


def test_asters_testnet_has_a_signature_of_its_own() -> None:
    kind = venue_class("aster")
    assert kind.testnet is not None
    made = kind(kind.testnet, trading("aster").http, Credentials(CREDENTIALS["aster"]))
    request = made.place(an_order(made), bitcoin("aster"))
    assert request.url == "https://fapi.asterdex-testnet.com/fapi/v3/order"
    assert aster_signer(request, chain_id=714) == AGENT


def test_the_nonce_of_aster_is_its_time_in_microseconds() -> None:
    made = trading("aster")
    before_us = made.venue_ms() * 1000
    nonce = int(aster_words(place(made))["nonce"])
    assert 0 <= nonce - before_us < 1_000_000


# -- Backpack ----------------------------------------------------------------------------------------------------


def backpack_signature_holds(request: Request, instruction: str) -> bool:
    """Whether the signature is the key's over instruction, sorted parameters, time and window; checked without ccxt."""
    words = okx_body(request) if request.body else dict(parse_qsl(urlsplit(request.url).query))
    said = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in words.items()}
    parameters = "".join(f"{name}={value}&" for name, value in sorted(said.items()))
    headers = request.headers
    text = f"instruction={instruction}&{parameters}timestamp={headers['X-Timestamp']}&window={headers['X-Window']}"
    return backpack_signed(text, headers["X-API-Key"], headers["X-Signature"])


def backpack_signed(text: str, key: str, signature: str) -> bool:
    public = eddsa.import_public_key(base64.b64decode(key))
    try:
        eddsa.new(public, "rfc8032").verify(text.encode(), base64.b64decode(signature))
    except ValueError:
        return False
    return key == CREDENTIALS["backpack"]["apiKey"]


def test_backpack_orders_are_signed_and_expire() -> None:
    made = trading("backpack")
    request = place(made, reduce_only=True, time_in_force=TimeInForce.POST_ONLY)
    assert (request.method, request.url) == ("POST", "https://api.backpack.exchange/api/v1/order")
    assert backpack_signature_holds(request, "orderExecute")
    assert int(request.headers["X-Window"]) == made.request_lifetime_s * 1000
    assert okx_body(request) == {
        "symbol": "BTC_USDC_PERP",
        "side": "Bid",
        "orderType": "Limit",
        "timeInForce": "GTC",
        "quantity": "0.05",
        "price": "65000",
        "clientId": 1,
        "postOnly": True,
        "reduceOnly": True,
    }


def test_backpack_cancels_and_queries_are_signed() -> None:
    made = trading("backpack")
    order, instrument = an_order(made), bitcoin("backpack")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert (by_id.method, okx_body(by_id)) == ("DELETE", {"symbol": "BTC_USDC_PERP", "orderId": "77"})
    assert okx_body(by_ours) == {"symbol": "BTC_USDC_PERP", "clientId": 1}
    asked = venue("backpack", in_turn([(404, '{"code":"RESOURCE_NOT_FOUND","message":"Order not found"}'), "[]"]))
    asked.fetch_order(order, instrument)
    requests = [by_id, by_ours, *sent(asked)]
    instructions = ("orderCancel", "orderCancel", "orderQuery", "orderHistoryQueryAll")
    for request, instruction in zip(requests, instructions, strict=True):
        assert backpack_signature_holds(request, instruction)


def test_backpacks_private_streams_are_signed_each_frame_at_its_own_time() -> None:
    frames = [json.loads(frame) for frame in trading("backpack").private_subscriptions([])]
    stamps = []
    for frame in frames:
        key, signature, stamp, window = frame["signature"]
        assert backpack_signed(f"instruction=subscribe&timestamp={stamp}&window={window}", key, signature)
        stamps.append(int(stamp))
    assert [stream for frame in frames for stream in frame["params"]] == [
        "account.orderUpdate",
        "account.positionUpdate",
        "account.balanceUpdate",
    ]
    assert stamps == sorted(set(stamps))


# -- GRVT --------------------------------------------------------------------------------------------------------


def grvt_order(request: Request) -> dict[str, Any]:
    order: dict[str, Any] = okx_body(request)["order"]
    return order


def grvt_signer(order: dict[str, Any], chain_id: int = 325) -> str:
    """The wallet that signed an order of one leg, worked out without ccxt."""

    def word(value: int) -> bytes:
        return int(value).to_bytes(32, "big")

    (leg,), signature = order["legs"], order["signature"]
    leg_kind = b"OrderLeg(uint256 assetID,uint64 contractSize,uint64 limitPrice,bool isBuyingContract)"
    sizes = (int(Decimal(leg[name]) * 10**9) for name in ("size", "limit_price"))
    hashed_leg = keccak256(keccak256(leg_kind) + b"".join(map(word, (0x030501, *sizes, leg["is_buying_asset"]))))
    kind = (
        b"Order(uint64 subAccountID,bool isMarket,uint8 timeInForce,bool postOnly,bool reduceOnly,OrderLeg[] legs,"
        b"uint32 nonce,int64 expiration)" + leg_kind
    )
    force = {"GOOD_TILL_TIME": 1, "IMMEDIATE_OR_CANCEL": 3}[order["time_in_force"]]
    head = (int(order["sub_account_id"]), order["is_market"], force, order["post_only"], order["reduce_only"])
    tail = (signature["nonce"], int(signature["expiration"]))
    hashed = keccak256(keccak256(kind) + b"".join(map(word, head)) + keccak256(hashed_leg) + b"".join(map(word, tail)))
    domain_kind = keccak256(b"EIP712Domain(string name,string version,uint256 chainId)")
    domain = keccak256(domain_kind + keccak256(b"GRVT Exchange") + keccak256(b"0") + word(chain_id))
    signed = keccak256(b"\x19\x01" + domain + hashed)
    return signer_of(signed, signature["r"], signature["s"], signature["v"])


def test_grvt_orders_are_signed_by_the_wallet_and_carry_the_session() -> None:
    made = trading("grvt")
    request = place(made, reduce_only=True)
    assert (request.method, request.url) == ("POST", "https://trades.grvt.io/full/v1/create_order")
    assert (request.headers["Cookie"], request.headers["X-Grvt-Account-Id"]) == ("gravity=cookie-1", MASTER)
    order = grvt_order(request)
    signature = order.pop("signature")
    assert grvt_signer({**order, "signature": signature}) == signature["signer"].lower() == AGENT
    now_ns = made.venue_ms() * 1_000_000
    assert 0 < int(signature["expiration"]) - now_ns <= made.request_lifetime_s * 10**9 + 10**8
    assert order == {
        "sub_account_id": "2147050003876484",
        "is_market": False,
        "time_in_force": "IMMEDIATE_OR_CANCEL",
        "post_only": False,
        "reduce_only": True,
        "legs": [
            {"instrument": "BTC_USDT_Perp", "size": "0.05", "limit_price": "65000", "is_buying_asset": True},
        ],
        "metadata": {"client_order_id": "1"},
    }


def test_grvts_testnet_has_a_signature_of_its_own() -> None:
    kind, made = venue_class("grvt"), trading("grvt")
    assert kind.testnet is not None
    made.endpoints = kind.testnet
    request = place(made)
    assert request.url == "https://trades.testnet.grvt.io/full/v1/create_order"
    assert grvt_signer(grvt_order(request), chain_id=326) == AGENT


@pytest.mark.parametrize(
    ("size", "price", "r", "s"),
    [
        (
            "1.013",
            "68900.5",
            "b00512d986a718b15136a8ba23de1c1ec84bbdb9958629cbbe4909bae620bb04",
            "79f706de61c68cc14d7734594b5d8689df2b2a7b25951f9a3f61d799f4327ffc",
        ),
        (
            "1.123123123",
            "68900.777123479",
            "365ec79d299c8bcd5f2acff89faf741a90ca02a4b8a6b1b1a5d4f3d16130f9f0",
            "465129bca7855f008ea5bc22fe3ee630e4a8e3b9b99c1745631deef29957048a",
        ),
    ],
)
def test_grvts_own_kit_makes_the_same_signature(size: str, price: str, r: str, s: str) -> None:
    """The values are those its tests want, for its testnet."""
    made = trading("grvt")
    assert isinstance(made, SignedVenue)
    exchange = made.signer.exchange
    exchange.privateKey = "f7934647276a6e1fa0af3f4467b4b8ddaf45d25a7368fa1a295eef49a446819d"
    leg = {"instrument": "BTC_USDT_Perp", "size": size, "limit_price": price, "is_buying_asset": False}
    order = {
        "sub_account_id": "8289849667772468", "is_market": False, "time_in_force": "GOOD_TILL_TIME",
        "post_only": False, "reduce_only": False, "legs": [leg], "metadata": {"client_order_id": "1"},
        "signature": {"nonce": 828700936, "expiration": "1730800479321350000"},
    }  # fmt: skip
    signature = sign(exchange, order, Asset(0x030501, 10**9), 326)["signature"]
    assert (signature["r"], signature["s"], signature["v"]) == (f"0x{r}", f"0x{s}", 28)


def test_grvt_needs_to_know_what_stands_for_an_instrument() -> None:
    made = trading("grvt")
    with pytest.raises(VenueReadError, match="NEW_USDT_Perp was not listed"):
        made.place(an_order(made), bitcoin("grvt", native="NEW_USDT_Perp"))


def test_grvt_cancels_by_either_id() -> None:
    made = trading("grvt")
    order, instrument = an_order(made), bitcoin("grvt")
    account = {"sub_account_id": "2147050003876484"}
    assert okx_body(made.cancel(order, "0x77", instrument)) == {**account, "order_id": "0x77"}
    assert okx_body(made.cancel(order, "", instrument)) == {**account, "client_order_id": "1"}


# -- all of them -------------------------------------------------------------------------------------------------


NONCES: dict[str, Callable[[Request], Any]] = {
    "okx": lambda request: request.headers["OK-ACCESS-TIMESTAMP"],
    "hyperliquid": lambda request: okx_body(request)["nonce"],
    "aster": lambda request: int(aster_words(request)["nonce"]),
    "edgex": lambda request: int(request.headers["X-edgeX-Timestamp"]),
    "lighter": lambda request: parameters_of(request)["Nonce"],
    "backpack": lambda request: int(request.headers["X-Timestamp"]),
    "extended": lambda request: int(okx_body(request)["nonce"]) if request.body else None,
    "paradex": lambda request: okx_body(request)["signature_timestamp"] if request.body else None,
    "grvt": lambda request: grvt_order(request)["signature"]["nonce"] if "order" in okx_body(request) else None,
}


@pytest.mark.parametrize("name", NAMES)
def test_every_request_has_a_later_nonce(name: str) -> None:
    made = trading(name)
    order, instrument = an_order(made), bitcoin(name)
    requests = [made.place(order, instrument) if n % 2 else made.cancel(order, "7", instrument) for n in range(20)]
    taken = [nonce for request in requests if (nonce := NONCES[name](request)) is not None]
    assert len(taken) >= 10
    assert all(earlier < later for earlier, later in pairwise(taken))


@pytest.mark.parametrize("name", NAMES)
def test_building_sends_nothing_and_the_order_takes_no_builder_along(name: str) -> None:
    made = trading(name)
    request = place(made)
    assert sent(made) == []
    text = re.sub('"Sig":"[^"]*"', "", f"{request.url} {request.body!r}").lower()
    assert not any(word in text for word in ("builder", "referrer", "feerate", "approve", "tag"))


@pytest.mark.parametrize("name", [each for each in NAMES if each != "lighter"])  # which is told in whole steps
@pytest.mark.parametrize("price", ["0.00000001", "65000.1", "12345678.123456789", "1E+3"])
def test_no_number_passes_through_a_float(name: str, price: str) -> None:
    request = place(trading(name), price=Decimal(price), quantity=Decimal("0.00000001"))
    text = str(request.body)
    for found in _numbers(json.loads(text) if text.startswith("{") else aster_words(request)):
        assert not isinstance(found, float)
        assert "e" not in str(found).lower() or str(found).startswith("0x")
    assert format(Decimal(price), "f") in text


def _numbers(value: object) -> list[object]:
    if isinstance(value, dict):
        return [
            found
            for key, each in value.items()
            if key not in {"signature", "l2Signature", "user", "signer"}
            for found in _numbers(each)
        ]
    if isinstance(value, list):
        return [found for each in value for found in _numbers(each)]
    return [value] if isinstance(value, float) or str(value)[:1].isdigit() else []


TERMS: dict[str, Callable[[Request], str]] = {
    "okx": lambda request: okx_body(request)["ordType"],
    "hyperliquid": lambda request: hyperliquid_order(request)["t"]["limit"]["tif"],
    "aster": lambda request: aster_words(request)["timeInForce"],
    "edgex": lambda request: okx_body(request)["timeInForce"],
    "lighter": lambda request: str(parameters_of(request)["TimeInForce"]),
    "extended": lambda request: okx_body(request)["timeInForce"] + "+" * okx_body(request)["postOnly"],
    "paradex": lambda request: okx_body(request)["instruction"],
    "grvt": lambda request: "PO" if grvt_order(request)["post_only"] else grvt_order(request)["time_in_force"],
    "backpack": lambda request: "PO" if "postOnly" in okx_body(request) else okx_body(request)["timeInForce"],
}


@pytest.mark.parametrize(
    ("name", "ioc", "resting", "post_only"),
    [
        ("okx", "ioc", "limit", "post_only"),
        ("hyperliquid", "Ioc", "Gtc", "Alo"),
        ("aster", "IOC", "GTC", "GTX"),
        ("edgex", "IMMEDIATE_OR_CANCEL", "GOOD_TIL_CANCEL", "POST_ONLY"),
        ("lighter", "0", "1", "2"),
        ("backpack", "IOC", "GTC", "PO"),
        ("extended", "IOC", "GTT", "GTT+"),
        ("paradex", "IOC", "GTC", "POST_ONLY"),
        ("grvt", "IMMEDIATE_OR_CANCEL", "GOOD_TILL_TIME", "PO"),
    ],
)
def test_how_long_an_order_waits_is_said_in_the_venues_words(name: str, ioc: str, resting: str, post_only: str) -> None:
    made = trading(name)
    forces = (TimeInForce.IOC, TimeInForce.GTC, TimeInForce.POST_ONLY)
    assert [TERMS[name](place(made, time_in_force=force)) for force in forces] == [ioc, resting, post_only]


def test_sides_and_reduce_only_are_said_in_the_venues_words() -> None:
    changes: dict[str, Any] = {"side": Side.SELL, "reduce_only": True}
    okx = okx_body(place(trading("okx"), **changes))
    hyperliquid = hyperliquid_order(place(trading("hyperliquid"), **changes))
    aster = aster_words(place(trading("aster"), **changes))
    assert (okx["side"], okx["reduceOnly"]) == ("sell", True)
    assert (hyperliquid["b"], hyperliquid["r"]) == (False, True)
    assert (aster["side"], aster["reduceOnly"]) == ("SELL", "true")
    assert "reduceOnly" not in aster_words(place(trading("aster")))


@pytest.mark.parametrize("name", NAMES)
def test_client_ids_are_unique_and_in_the_venues_form(name: str) -> None:
    made = venue(name)
    ids = [made.wire_id(number) for number in (0, 1, 2, 10**9, 10**15)]
    assert len(set(ids)) == len(ids)
    for text in ids:
        if name == "hyperliquid":
            assert len(text) == 34
            assert int(text, 16) >= 0
        else:
            assert text.isalnum()
            assert len(text) <= {"aster": 36, "backpack": 10, "grvt": 19, "lighter": 16}.get(name, 32)


@pytest.mark.parametrize("name", NAMES)
def test_subscriptions_are_frames_of_json(name: str) -> None:
    made = trading(name)
    instruments = [bitcoin(name), bitcoin(name, native="OTHER", symbol="OTHER-PERP")]
    frames = [*made.public_subscriptions(instruments), *made.private_subscriptions(instruments)]
    text = " ".join(frames).lower()
    assert all(isinstance(json.loads(frame), dict) for frame in frames)
    assert "other" in text
    assert ("depth" if name in {"aster", "backpack", "edgex"} else "book") in text
    if not made.book_by_rest:
        assert len(made.book_resubscription(instruments[0])) == 2

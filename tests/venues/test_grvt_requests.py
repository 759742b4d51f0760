"""GRVT's requests: their words, their signature checked without ccxt and against GRVT's own kit."""

from decimal import Decimal
from typing import Any

import pytest
from ethereum_checks import keccak256, signer_of
from requests_cases import AGENT, body_of, grvt_order, place
from venue_cases import MASTER, an_order, bitcoin, trading

from perpbot.venues.grvt_instruments import Asset
from perpbot.venues.grvt_signing import sign
from perpbot.venues.registry import venue_class
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import VenueReadError


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
    assert body_of(made.cancel(order, "0x77", instrument)) == {**account, "order_id": "0x77"}
    assert body_of(made.cancel(order, "", instrument)) == {**account, "client_order_id": "1"}

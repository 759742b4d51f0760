"""Hyperliquid's requests: their words, their signature checked without ccxt, their expiry."""

from decimal import Decimal

import msgspec
import pytest
from ethereum_checks import digest, keccak256, signer_of
from requests_cases import AGENT, body_of, hyperliquid_order, place
from venue_cases import CREDENTIALS, an_order, bitcoin, in_turn, trading, venue

from perpbot.venues.http import Request
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import Credentials, VenueReadError


def hyperliquid_signer(request: Request, source: str = "a") -> str:
    """The wallet that signed: msgpack of the action, nonce, no vault, expiry; hashed; an agent of it hashed."""
    body = body_of(request)
    packed = msgspec.msgpack.encode(body["action"]) + body["nonce"].to_bytes(8, "big") + b"\x00"
    packed += b"\x00" + body["expiresAfter"].to_bytes(8, "big")
    kind = keccak256(b"Agent(string source,bytes32 connectionId)")
    agent = keccak256(kind + keccak256(source.encode()) + keccak256(packed))
    return signer_of(digest("Exchange", 1337, agent), **body["signature"])


def test_hyperliquid_orders_are_signed_by_the_agent_and_expire() -> None:
    made = trading("hyperliquid")
    request = place(made)
    body = body_of(request)
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
    assert body_of(by_id)["action"] == {"type": "cancel", "cancels": [{"a": 0, "o": 77}]}
    assert body_of(by_ours)["action"] == {
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

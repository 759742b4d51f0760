"""EdgeX's requests and orders carry the signatures that it checks. tests/kits has its own SDK sign orders, too."""

import hashlib
import hmac
import json
from base64 import b64encode
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from coincurve import PrivateKey
from edgex_cases import BTC
from ethereum_checks import address_of, keccak256, signer_of
from venue_cases import (
    CREDENTIALS,
    EDGEX_META,
    PRIVATE_KEY,
    an_order,
    bitcoin,
    edgex,
    parameters_of,
    sent,
    trading,
    venue,
)

from perpbot.model.instrument import Side
from perpbot.venues.edgex_instruments import MetaData, contracts
from perpbot.venues.edgex_signing import SignedOrder, canonical, order_signature
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError

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

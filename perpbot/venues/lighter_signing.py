"""Lighter's transactions and tokens, and the signatures on them.

An order or a cancel is a transaction. What is signed is the Poseidon2 hash of its numbers in a fixed order, joined
with the hash of its attributes where it has any. A token is a line of text with the signature of its bytes.

Source: https://github.com/elliottech/lighter-go (types/txtypes), whose library makes and checks the same signatures.
That library sets every transaction to be void ten minutes from now, which is too late to know soon that an order
never was: that is why it is not used.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache

import attrs

from perpbot.venues import ecgfp5
from perpbot.venues.goldilocks import Element, digest, limbs

MAINNET_CHAIN = 304
TESTNET_CHAIN = 300

CREATE_ORDER = 14
CANCEL_ORDER = 15
CANCEL_ALL = 16
UPDATE_LEVERAGE = 20

BODIES: Mapping[int, tuple[str, ...]] = {
    CREATE_ORDER: (
        "MarketIndex",
        "ClientOrderIndex",
        "BaseAmount",
        "Price",
        "IsAsk",
        "Type",
        "TimeInForce",
        "ReduceOnly",
        "TriggerPrice",
        "OrderExpiry",
    ),
    CANCEL_ORDER: ("MarketIndex", "Index"),
    CANCEL_ALL: ("TimeInForce", "Time"),
    UPDATE_LEVERAGE: ("MarketIndex", "InitialMarginFraction", "MarginMode"),
}
"""What each kind of transaction tells, in the order in which it is hashed."""
SKIP_NONCE = 4
"""The attribute that lets nonces grow by more than one."""

_ATTRIBUTES = 4
"""Attributes in a hash; where there are fewer the rest is zero."""


@attrs.frozen(kw_only=True)
class Key:
    """A key of an account. Each has nonces of its own."""

    chain: int
    account: int
    index: int
    secret: int = attrs.field(repr=False)


def private_key(text: str) -> int:
    """The private key in eighty hexadecimal digits; `ValueError` when it is none."""
    number = int.from_bytes(bytes.fromhex(text.removeprefix("0x")), "little")
    if not 0 < number < ecgfp5.ORDER:
        raise ValueError("a key of Lighter is a number above zero and below the order of its curve")
    return number


def transaction(key: Key, kind: int, body: Mapping[str, int], nonce: int, expires_ms: int) -> str:
    """A signed transaction as JSON. Lighter does not take it after `expires_ms`, nor with a nonce that is not new."""
    told = {
        "AccountIndex": key.account,
        "ApiKeyIndex": key.index,
        **body,
        "ExpiredAt": expires_ms,
        "Nonce": nonce,
    }
    attributes = {SKIP_NONCE: 1}
    signature = ecgfp5.sign(key.secret, message(key.chain, kind, told, attributes))
    whole = {
        **told,
        "Sig": b64encode(signature).decode(),
        "L2TxAttributes": {str(each): value for each, value in attributes.items()},
    }
    return json.dumps(whole, separators=(",", ":"))


def message(chain: int, kind: int, told: Mapping[str, int], attributes: Mapping[int, int]) -> Element:
    """What is signed of a transaction."""
    names = ("Nonce", "ExpiredAt", "AccountIndex", "ApiKeyIndex", *BODIES[kind])
    plain = digest([chain, kind, *(told[name] for name in names)])
    given = tuple(sorted((each, value) for each, value in attributes.items() if value))
    return digest([*plain, *_attributes(given)]) if given else plain


@cache
def _attributes(given: tuple[tuple[int, int], ...]) -> Element:
    padding = (0, 0) * (_ATTRIBUTES - len(given))
    return digest([*(number for pair in given for number in pair), *padding])


def token(key: Key, until_s: int) -> str:
    """What private questions and subscriptions are asked with, until then."""
    text = f"{until_s}:{key.account}:{key.index}"
    return f"{text}:{ecgfp5.sign(key.secret, text_message(text)).hex()}"


def text_message(text: str) -> Element:
    """What is signed of a token."""
    return digest(limbs(text.encode()))

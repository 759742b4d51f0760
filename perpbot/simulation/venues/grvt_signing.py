"""What GRVT's clients sign, worked out from what they send: orders and logins of wallets, as EIP-712 digests."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from perpbot.simulation.venues.ethereum import keccak, struct_hash

CHAIN_ID = 325

_DOMAIN = ("string name", "string version", "uint256 chainId")
_LEG = ("uint256 assetID", "uint64 contractSize", "uint64 limitPrice", "bool isBuyingContract")
_ORDER = (
    "uint64 subAccountID", "bool isMarket", "uint8 timeInForce", "bool postOnly", "bool reduceOnly", "OrderLeg[] legs",
    "uint32 nonce", "int64 expiration",
)  # fmt: skip
_LOGIN = ("address signer", "uint32 nonce", "int64 expiration")
_TIFS = {"GOOD_TILL_TIME": 1, "ALL_OR_NONE": 2, "IMMEDIATE_OR_CANCEL": 3, "FILL_OR_KILL": 4}
_UNITS = 10**9
"""Whole units of a coin and of a dollar alike."""


def order_digest(order: Mapping[str, Any], hashes: Mapping[str, str]) -> bytes:
    """What is signed for an order, with the hash of each instrument."""
    legs = b"".join(struct_hash("OrderLeg", _LEG, _leg_values(leg, hashes)) for leg in order["legs"])
    words = (
        int(order["sub_account_id"]),
        bool(order["is_market"]),
        _TIFS[order["time_in_force"]],
        bool(order["post_only"]),
        bool(order["reduce_only"]),
        int.from_bytes(keccak(legs), "big"),
        int(order["signature"]["nonce"]),
        int(order["signature"]["expiration"]),
    )
    kind = f"Order({','.join(_ORDER)})OrderLeg({','.join(_LEG)})"
    return _digest(keccak(keccak(kind.encode()) + b"".join(int(word).to_bytes(32, "big") for word in words)))


def login_digest(address: str, signature: Mapping[str, Any]) -> bytes:
    """What is signed for the login of a wallet."""
    values = (address, int(signature["nonce"]), int(signature["expiration"]))
    return _digest(struct_hash("WalletLogin", _LOGIN, values))


def _leg_values(leg: Mapping[str, Any], hashes: Mapping[str, str]) -> Sequence[Any]:
    price = Decimal(leg.get("limit_price") or 0)
    return (
        int(hashes[leg["instrument"]], 16),
        int(Decimal(leg["size"]) * _UNITS),
        int(price * _UNITS),
        bool(leg["is_buying_asset"]),
    )


def _digest(hashed: bytes) -> bytes:
    return keccak(b"\x19\x01" + struct_hash("EIP712Domain", _DOMAIN, ("GRVT Exchange", "0", CHAIN_ID)) + hashed)

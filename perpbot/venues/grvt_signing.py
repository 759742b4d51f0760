"""What GRVT has signed of an order: EIP-712 typed data, worked out in whole numbers and signed by ccxt's primitives.

Source: https://github.com/gravity-technologies/grvt-pysdk. ccxt's own way from sizes to whole numbers goes through
floats; this one is exact.
"""

from decimal import Decimal
from typing import Any

from perpbot.model.order import TimeInForce
from perpbot.venues.grvt_instruments import Asset

CHAIN_ID = 325
TESTNET_CHAIN_ID = 326

PRICE_UNITS = 10**9
"""Whole units of one unit of the quote currency."""
TIFS = {
    TimeInForce.GTC: "GOOD_TILL_TIME",
    TimeInForce.POST_ONLY: "GOOD_TILL_TIME",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
}

_TIF_NUMBERS = {"GOOD_TILL_TIME": 1, "ALL_OR_NONE": 2, "IMMEDIATE_OR_CANCEL": 3, "FILL_OR_KILL": 4}

Words = dict[str, Any]


def sign(exchange: Any, order: Words, asset: Asset, chain_id: int) -> Words:
    """`order` with its signature complete; it must have one with ``nonce`` and ``expiration``.

    Args:
        exchange: ccxt's class for GRVT, with the private key.
        order: as GRVT takes it, with one leg.
        asset: what the leg's instrument is in what is signed.
        chain_id: which GRVT it is for.
    """
    domain = {"name": "GRVT Exchange", "version": "0", "chainId": chain_id}
    kinds = exchange.eip_definitions()["EIP712_ORDER_TYPE"]
    encoded = exchange.eth_encode_structured_data(domain, kinds, message(order, asset))
    key = exchange.remove0x_prefix(exchange.privateKey)
    signed = exchange.ecdsa(exchange.hash(encoded, "keccak", "hex"), key, "secp256k1", None)
    signature = {
        **order["signature"],
        "r": f"0x{signed['r'].removeprefix('0x').zfill(64)}",
        "s": f"0x{signed['s'].removeprefix('0x').zfill(64)}",
        "v": 27 + signed["v"],
        "signer": exchange.eth_get_address_from_private_key(f"0x{key}"),
        "chain_id": str(chain_id),
    }
    return {**order, "signature": signature}


def message(order: Words, asset: Asset) -> Words:
    """The fields of the typed data, in whole numbers."""
    (leg,) = order["legs"]
    return {
        "subAccountID": int(order["sub_account_id"]),
        "isMarket": order["is_market"],
        "timeInForce": _TIF_NUMBERS[order["time_in_force"]],
        "postOnly": order["post_only"],
        "reduceOnly": order["reduce_only"],
        "legs": [
            {
                "assetID": asset.number,
                "contractSize": int(Decimal(leg["size"]) * asset.units),
                "limitPrice": int(Decimal(leg["limit_price"]) * PRICE_UNITS),
                "isBuyingContract": leg["is_buying_asset"],
            }
        ],
        "nonce": order["signature"]["nonce"],
        "expiration": int(order["signature"]["expiration"]),
    }

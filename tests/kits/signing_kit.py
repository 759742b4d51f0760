"""Signs what our adapters signed, with what the venues or their chains give out; the argument says for whom."""

import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from driving import given, tell


def hyperliquid(words: dict[str, Any]) -> dict[str, Any]:
    """The action built by the kit from an order, and its signature."""
    from eth_account import Account
    from hyperliquid.utils.signing import order_request_to_order_wire, order_wires_to_order_action, sign_l1_action
    from hyperliquid.utils.types import Cloid

    order = {**words["order"], "cloid": Cloid.from_str(words["order"]["cloid"])}
    action = order_wires_to_order_action([order_request_to_order_wire(order, 0)])
    signature = sign_l1_action(
        Account.from_key(words["key"]), action, None, words["nonce"], words["expires_after"], True
    )
    return {"action": action, **{each: int(str(signature[each]), 0) for each in "rsv"}}


def edgex(words: dict[str, Any]) -> dict[str, Any]:
    """The order's signature, as the kit would send it."""
    import asyncio
    from decimal import Decimal

    from edgex_sdk.internal.async_client import AsyncClient
    from edgex_sdk.order.client import Client
    from edgex_sdk.order.types import CreateOrderParams

    class Kept(AsyncClient):
        async def make_authenticated_request(self, method: str, path: str, data: Any = None, **_more: Any) -> Any:
            return data if method and path else None

    params = CreateOrderParams(**words["order"])
    client = Client(Kept(base_url="http://nowhere", account_id=words["account"], trading_private_key=words["key"]))
    body = asyncio.run(client.create_order(params, words["meta"], Decimal(words["order"]["price"])))
    names = ("l2Signature", "l2Nonce", "l2Value", "l2Size", "l2LimitFee", "l2ExpireTime")
    return {each: str(body[each]).removeprefix("0x") for each in names}


def grvt(words: dict[str, Any]) -> dict[str, Any]:
    """The order's signature."""
    from eth_account import Account
    from pysdk.grvt_raw_base import GrvtApiConfig
    from pysdk.grvt_raw_env import GrvtEnv
    from pysdk.grvt_raw_signing import sign_order
    from pysdk.grvt_raw_types import Order, OrderLeg, OrderMetadata, Signature, TimeInForce

    order, market = words["order"], SimpleNamespace(**words["market"])
    (leg,), theirs = order["legs"], order["signature"]
    made = Order(
        metadata=OrderMetadata(client_order_id=order["metadata"]["client_order_id"], create_time="0"),
        sub_account_id=order["sub_account_id"],
        time_in_force=TimeInForce(order["time_in_force"]),
        post_only=order["post_only"],
        is_market=order["is_market"],
        reduce_only=order["reduce_only"],
        legs=[OrderLeg(**{each: leg[each] for each in ("instrument", "size", "limit_price", "is_buying_asset")})],
        signature=Signature(signer="", r="", s="", v=0, expiration=int(theirs["expiration"]), nonce=theirs["nonce"]),
    )
    config = GrvtApiConfig(GrvtEnv.PROD, None, words["key"], None, None)
    signed = sign_order(made, config, Account.from_key(words["key"]), {leg["instrument"]: market}).signature
    return {"r": signed.r, "s": signed.s, "v": signed.v, "signer": signed.signer.lower()}


def extended(words: dict[str, Any]) -> dict[str, Any]:
    """The kit's hash of the order, and whether our signature is one of it."""
    from decimal import Decimal

    import fast_stark_crypto as stark
    from x10.config import MAINNET_CONFIG
    from x10.models.asset import SettlementAsset
    from x10.models.order import OrderSide
    from x10.signing.order_object_settlement import SettlementDataCtx, create_order_settlement_data

    body, config, key = words["body"], words["l2Config"], int(words["key"], 16)
    synthetic = SettlementAsset(
        name="BTC", precision=5, is_collateral=False,
        starkex_id=config["syntheticId"], starkex_resolution=config["syntheticResolution"],
    )  # fmt: skip
    collateral = SettlementAsset(
        name="USD", precision=6, is_collateral=True,
        starkex_id=config["collateralId"], starkex_resolution=config["collateralResolution"],
    )  # fmt: skip
    context = SettlementDataCtx(
        market=SimpleNamespace(synthetic_asset=synthetic, collateral_asset=collateral),
        taker_fee=Decimal(body["fee"]),
        builder_fee=None,
        nonce=int(body["nonce"]),
        collateral_position_id=int(body["settlement"]["collateralPosition"]),
        expire_time=datetime.fromtimestamp(body["expiryEpochMillis"] / 1000, UTC),
        signer=lambda message: stark.sign(private_key=key, msg_hash=message),
        public_key=int(body["settlement"]["starkKey"], 16),
        starknet_domain=MAINNET_CONFIG.signing.starknet_domain,
    )
    made = create_order_settlement_data(
        side=OrderSide(body["side"]), synthetic_amount=Decimal(body["qty"]), price=Decimal(body["price"]), ctx=context
    )
    r, s = (int(body["settlement"]["signature"][each], 16) for each in "rs")
    return {"hash": str(made.order_hash), "holds": stark.verify(stark.get_public_key(key), made.order_hash, r, s)}


def backpack(words: dict[str, Any]) -> dict[str, Any]:
    """The headers and body of the order, at the time ours had."""
    import bpx.base.base_account as kit

    kit.time = lambda: (int(words["headers"]["X-Timestamp"]) + 0.5) / 1000
    account = kit.BaseAccount(words["key"], words["secret"], int(words["headers"]["X-Window"]), False)
    made = account.execute_order(**words["order"])
    return {"headers": made.headers, "body": made.data}


def aster(words: dict[str, Any]) -> dict[str, Any]:
    """The signature of a message, by eth-account."""
    from eth_account import Account
    from eth_account.messages import encode_typed_data

    nobody = "0x" + "00" * 20
    domain = {"name": "AsterSignTransaction", "version": "1", "chainId": 1666, "verifyingContract": nobody}
    types = {"Message": [{"name": "msg", "type": "string"}]}
    message = encode_typed_data(domain, types, {"msg": words["message"]})
    return {"signature": Account.sign_message(message, words["key"]).signature.hex().removeprefix("0x")}


SIGNERS = {each.__name__: each for each in (hyperliquid, edgex, grvt, extended, backpack, aster)}
tell(**SIGNERS[sys.argv[1]](given()))

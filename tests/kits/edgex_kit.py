"""Drives EdgeX V2 with edgex-python-sdk, unchanged but for its address."""

import asyncio
import json
from decimal import Decimal

from driving import around, given, tell, until
from edgex_sdk.client import Client
from edgex_sdk.order.types import (
    CancelOrderParams,
    GetActiveOrderParams,
    OrderFillTransactionParams,
    OrderSide,
    TimeInForce,
)
from edgex_sdk.quote.client import GetOrderBookDepthParams
from edgex_sdk.ws.manager import Manager

BTC = "30000001"
place = given()
url, keys = place["rest"], place["credentials"]
secrets = {"api_key": keys["apiKey"], "api_passphrase": keys["password"], "api_secret": keys["secret"]}
books, updates = [], []
streams = Manager("ws" + url[len("http") :], int(keys["accountId"]), **secrets)
streams.connect_public()
streams.connect_private()
streams.subscribe_depth(BTC, lambda text: books.append(json.loads(text)))
streams.subscribe_order_update(lambda text: updates.extend(json.loads(text)["content"]["data"]["order"]))
until(lambda: len(books) > 1)


async def drive() -> None:
    """Trade."""
    client = Client(url, int(keys["accountId"]), trading_private_key=keys["privateKey"], **secrets)
    async with client:
        depth = (await client.quote.get_order_book_depth(GetOrderBookDepthParams(BTC, 15)))["data"][0]
        bid, ask = depth["bids"][0]["price"], depth["asks"][0]["price"]
        waits, buys, _ = (str(each) for each in around(bid, ask, "0.1"))

        async def order(side: OrderSide, price: str, tif: TimeInForce, **more: object) -> str:
            return (await client.create_limit_order(BTC, "0.02", price, side, tif, **more))["data"]["orderId"]

        async def waiting() -> list[str]:
            rows = (await client.get_active_orders(GetActiveOrderParams()))["data"]["dataList"]
            return [each["id"] for each in rows]

        async def position() -> str:
            rows = (await client.get_account_positions())["data"]["positionList"]
            return next((each["openSize"] for each in rows), "0")

        resting = await order(OrderSide.BUY, waits, TimeInForce.GOOD_TIL_CANCEL, client_order_id="kit1")
        opened = await waiting()
        found = (await client.order.get_orders_by_client_order_id(["kit1"]))["data"][0]["id"]
        await client.cancel_order(CancelOrderParams(order_id=resting))
        after = await waiting()
        again = await client.cancel_order(CancelOrderParams(order_id=resting))
        await client.account.update_leverage_setting(BTC, "7")
        await order(OrderSide.BUY, buys, TimeInForce.IMMEDIATE_OR_CANCEL)
        held = await position()
        await client.create_market_order(BTC, "0.02", OrderSide.SELL, reduce_only=True)
        fills = (await client.get_order_fill_transactions(OrderFillTransactionParams()))["data"]["dataList"]
        until(lambda: {each["id"] for each in updates} >= {resting, *(each["orderId"] for each in fills)})
        coin = (await client.get_account_asset())["data"]["collateralAssetModelList"][0]
        tell(
            markets=[each["contractName"] for each in (await client.get_metadata())["data"]["contractList"]],
            bid=bid,
            ask=ask,
            resting=resting,
            found=found,
            open=opened,
            after_cancel=after,
            cancelled_twice=again["data"]["cancelResultMap"][resting] != "SUCCESS",
            held=held,
            flat=await position(),
            fills=[[each["orderSide"].lower(), each["fillSize"], each["fillFee"]] for each in fills],
            balance=coin["totalEquity"],
            books=len(books),
            updates=[each["id"] for each in updates],
            funding=str(Decimal((await client.get_24_hour_quote(BTC))["data"][0]["fundingRate"])),
        )


asyncio.run(drive())
streams.disconnect_all()

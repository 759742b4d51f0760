"""Drives GRVT with grvt-pysdk. Shims: the kit knows its hosts by environment, and they are three of one name each."""

import asyncio
import os
import time
from decimal import Decimal

from driving import around, given, tell
from pysdk import grvt_ccxt_env, grvt_ccxt_ws, grvt_raw_base
from pysdk.grvt_ccxt_env import GrvtEndpointType, GrvtWSEndpointType
from pysdk.grvt_ccxt_env import GrvtEnv as StreamEnv
from pysdk.grvt_raw_async import GrvtRawAsync
from pysdk.grvt_raw_base import GrvtApiConfig
from pysdk.grvt_raw_env import GrvtEndpointConfig, GrvtEnv, GrvtEnvConfig
from pysdk.grvt_raw_sync import GrvtRawSync
from pysdk.grvt_raw_signing import sign_order
from pysdk.grvt_raw_types import (
    ApiCancelOrderRequest,
    ApiCreateOrderRequest,
    ApiFillHistoryRequest,
    ApiGetAllInstrumentsRequest,
    ApiGetOrderRequest,
    ApiOpenOrdersRequest,
    ApiOrderbookLevelsRequest,
    ApiPositionsRequest,
    ApiSubAccountSummaryRequest,
    Order,
    OrderLeg,
    OrderMetadata,
    Signature,
    TimeInForce,
)

BTC = "BTC_USDT_Perp"
PUBLIC, PRIVATE = GrvtWSEndpointType.MARKET_DATA_RPC_FULL, GrvtWSEndpointType.TRADE_DATA_RPC_FULL
place = given()
rest, keys = place["rest"], place["credentials"]
host = GrvtEndpointConfig(rest, None)
hosts = GrvtEnvConfig(edge=host, trade_data=host, market_data=host, chain_id=325)
grvt_raw_base.get_env_config = lambda _env: hosts
grvt_ccxt_env.get_grvt_endpoint_domains = lambda _env: dict.fromkeys(GrvtEndpointType, rest)
streams = {PUBLIC: place["ws"]["public"], PRIVATE: place["ws"]["private"]}
grvt_ccxt_ws.get_grvt_ws_endpoint = lambda _env, kind: streams.get(kind, "")
config = GrvtApiConfig(GrvtEnv.PROD, None, keys["privateKey"], keys["apiKey"], None)
session = GrvtRawSync(config)
me = session._post(True, f"{rest}/full/v1/get_sub_accounts", {})["sub_account_ids"][0]
books, updates = [], []


async def until(question: object, seconds: float = 15) -> None:
    """Wait until the answer is true."""
    async with asyncio.timeout(seconds):
        while not question():
            await asyncio.sleep(0.02)


async def listen() -> grvt_ccxt_ws.GrvtCcxtWS:
    """Streams of the kit, those of the JSON-RPC form."""
    words = {"trading_account_id": me, "private_key": keys["privateKey"], "api_key": keys["apiKey"]}
    socket = grvt_ccxt_ws.GrvtCcxtWS(StreamEnv.PROD, asyncio.get_running_loop(), parameters=words)
    socket.endpoint_types = [PUBLIC, PRIVATE]  # the older two, without JSON-RPC, are not simulated
    await socket.load_markets()
    await socket.refresh_cookie()

    async def book(message: dict) -> None:
        books.append(message)

    async def update(message: dict) -> None:
        updates.append(message["feed"]["order_id"])

    for kind in (PUBLIC, PRIVATE):
        await socket.connect_channel(kind)
    await socket.subscribe("book.d", book, PUBLIC, {"instrument": BTC, "rate": "500"})
    await socket.subscribe("order", update, PRIVATE, {})
    return socket


async def drive() -> None:
    """Trade."""
    socket = await listen()
    kit = GrvtRawAsync(config)
    listed = (await kit.get_all_instruments_v1(ApiGetAllInstrumentsRequest(is_active=True))).result
    by_name = {each.instrument: each for each in listed}
    book = (await kit.orderbook_levels_v1(ApiOrderbookLevelsRequest(BTC, 10))).result
    bid, ask = book.bids[0].price, book.asks[0].price
    waits, buys, sells = (str(each) for each in around(bid, ask, "0.1"))
    numbers = iter(range(4711, 4800))

    async def order(price: str, tif: TimeInForce, *, buy: bool = True, reduce_only: bool = False) -> str:
        number = next(numbers)
        expires = str((int(time.time()) + 600) * 10**9)
        made = Order(
            sub_account_id=me,
            time_in_force=tif,
            legs=[OrderLeg(instrument=BTC, size="0.02", limit_price=price, is_buying_asset=buy)],
            signature=Signature(signer="", r="", s="", v=0, expiration=expires, nonce=number),
            metadata=OrderMetadata(client_order_id=str(number)),
            is_market=False,
            post_only=False,
            reduce_only=reduce_only,
        )
        signed = sign_order(made, config, kit.account, by_name)
        answer = await kit.create_order_v1(ApiCreateOrderRequest(signed))
        return answer.result.metadata.client_order_id

    async def waiting() -> list[str]:
        return [each.order_id for each in (await kit.open_orders_v1(ApiOpenOrdersRequest(me))).result]

    async def position() -> str:
        held = (await kit.positions_v1(ApiPositionsRequest(me))).result
        return next((each.size for each in held), "0")

    name = await order(waits, TimeInForce.GOOD_TILL_TIME)
    opened = await waiting()
    found = (await kit.get_order_v1(ApiGetOrderRequest(me, client_order_id=name))).result.order_id
    await kit.cancel_order_v1(ApiCancelOrderRequest(me, order_id=found))
    after = await waiting()
    again = await kit.cancel_order_v1(ApiCancelOrderRequest(me, order_id=found))
    await order(buys, TimeInForce.IMMEDIATE_OR_CANCEL)
    held = await position()
    await order(sells, TimeInForce.IMMEDIATE_OR_CANCEL, buy=False, reduce_only=True)
    fills = (await kit.fill_history_v1(ApiFillHistoryRequest(me))).result
    await until(lambda: books and {found, *(each.order_id for each in fills)} <= set(updates))
    tell(
        markets=[each.base for each in listed],
        bid=bid,
        ask=ask,
        resting=opened[0],
        found=found,
        open=opened,
        after_cancel=after,
        cancelled_twice=hasattr(again, "code"),
        held=held,
        flat=await position(),
        fills=[["buy" if each.is_buyer else "sell", each.size, each.fee] for each in fills],
        balance=(await kit.sub_account_summary_v1(ApiSubAccountSummaryRequest(me))).result.total_equity,
        books=len(books),
        updates=updates,
        funding=str(Decimal((await socket.fetch_ticker(BTC))["funding_rate"])),
    )
    os._exit(0)  # the kit's readers cannot be told to stop


asyncio.run(drive())

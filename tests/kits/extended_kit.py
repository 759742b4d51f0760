"""Drives Extended with x10-python-trading-starknet, by its own configuration of addresses. No shims."""

import asyncio
from dataclasses import replace
from decimal import Decimal

from driving import around, given, tell
from x10.clients.rest import RestApiClient
from x10.clients.streamrpc.streamrpc_client import StreamRpcClient
from x10.clients.streamrpc.subscription_params import AccountParams, OrderbooksParams
from x10.config import MAINNET_CONFIG
from x10.core.stark_account import StarkPerpetualAccount
from x10.errors import ApiError
from x10.models.order import OrderSide, TimeInForce

BTC = "BTC-USD"
place = given()
rest, keys = place["rest"] + "/api/v1", place["credentials"]
endpoints = replace(
    MAINNET_CONFIG.endpoints,
    api_base_url=rest,
    api_base_order_management_url=rest,
    stream_rpc_url=place["ws"]["public"],
)
config = replace(MAINNET_CONFIG, endpoints=endpoints)
stranger = StarkPerpetualAccount(0, keys["privateKey"], "0x0", keys["apiKey"])
books, updates = [], []


def heard(message: object) -> None:
    """Keep the numbers of orders that changed."""
    if message.type.endswith("ORDER"):
        updates.extend(each.id for each in message.data.orders)


async def until(question: object) -> None:
    """Wait until the answer is true."""
    async with asyncio.timeout(10):
        while not question():
            await asyncio.sleep(0.02)


async def drive() -> None:
    """Trade."""
    async with RestApiClient(config, stranger) as kit:
        account = (await kit.account.get_account()).data
    me = StarkPerpetualAccount(account.l2_vault, keys["privateKey"], account.l2_key, keys["apiKey"])
    async with StreamRpcClient(api_url=endpoints.stream_rpc_url) as stream, RestApiClient(config, me) as kit:
        await stream.subscribe(params=OrderbooksParams(market=BTC), handler=books.append)
        await stream.subscribe(params=AccountParams(account=str(account.id), api_key=keys["apiKey"]), handler=heard)
        await until(lambda: len(books) > 1)
        listed = await kit.info.get_markets_dict()
        book = (await kit.info.get_orderbook_snapshot(market_name=BTC)).data
        bid, ask = book.bid[0].price, book.ask[0].price
        waits, buys, sells = around(bid, ask, str(listed[BTC].trading_config.min_price_change.normalize()))

        async def order(side: OrderSide, price: Decimal, tif: TimeInForce, **more: object) -> int:
            return (
                await kit.place_order(
                    BTC, Decimal("0.02"), price, side, taker_fee=Decimal("0.0005"), time_in_force=tif, **more
                )
            ).data.id

        async def waiting() -> list[int]:
            return [each.id for each in (await kit.account.get_open_orders()).data]

        async def position() -> str:
            held = (await kit.account.get_positions()).data
            return next((str(each.size) for each in held), "0")

        resting = await order(OrderSide.BUY, waits, TimeInForce.GTT, external_id="kit1")
        opened = await waiting()
        found = (await kit.account.get_order_by_external_id("kit1")).data[0].id
        await kit.orders.cancel_order(resting)
        await until(lambda: updates.count(resting) > 1)
        after = await waiting()
        try:
            again = (await kit.orders.cancel_order(resting)).error is not None
        except ApiError:
            again = True
        await kit.account.update_leverage(BTC, Decimal(7))
        await order(OrderSide.BUY, buys, TimeInForce.IOC)
        held = await position()
        await order(OrderSide.SELL, sells, TimeInForce.IOC, reduce_only=True)
        fills = (await kit.account.get_trades(market_names=[BTC])).data
        await until(lambda: {each.order_id for each in fills} <= set(updates))
        tell(
            markets=[each.asset_name for each in listed.values()],
            bid=str(bid),
            ask=str(ask),
            resting=resting,
            found=found,
            open=opened,
            after_cancel=after,
            cancelled_twice=again,
            held=held,
            flat=await position(),
            fills=[[each.side.lower(), str(each.qty), str(each.fee)] for each in fills],
            balance=str((await kit.account.get_balance()).data.equity),
            books=len(books),
            updates=updates,
            funding=str(listed[BTC].market_stats.funding_rate),
        )


asyncio.run(drive())

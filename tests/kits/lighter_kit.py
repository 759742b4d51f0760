"""Drives Lighter with lighter-sdk. No shims: its clients are given the addresses.

Its stream client knows books and an account's summary; what else comes it hands on, and orders are subscribed to
through its socket.
"""

import asyncio
import json
from decimal import Decimal

import lighter
from driving import around, given, tell

place = given()
keys = place["credentials"]
me, key = int(keys["accountId"]), int(keys["apiKey"])
books, orders, summaries = [], [], []


def heard(message: dict[str, object]) -> None:
    """Keep the orders that changed."""
    if str(message.get("type", "")).endswith("account_all_orders"):
        orders.extend(each for rows in message["orders"].values() for each in rows)


async def until(question: object) -> None:
    """Wait until the answer is true."""
    async with asyncio.timeout(10):
        while not question():
            await asyncio.sleep(0.02)


async def drive(rest: lighter.ApiClient, signer: lighter.SignerClient) -> None:
    """Trade."""
    token, _ = signer.create_auth_token_with_expiry(api_key_index=key)
    about_orders, about_account = lighter.OrderApi(rest), lighter.AccountApi(rest)
    listed = (await about_orders.order_book_details()).order_book_details
    bitcoin = next(each for each in listed if each.symbol == "BTC")
    market, tick, lot = bitcoin.market_id, bitcoin.price_decimals, bitcoin.size_decimals
    stream = lighter.WsClient(
        ws_url=place["ws"]["public"],
        order_book_ids=[market],
        account_ids=[me],
        on_order_book_update=lambda _, book: books.append(len(book["bids"])),
        on_account_update=lambda _, told: summaries.append(told),
        on_unhandled_message=heard,
    )
    listening = asyncio.create_task(stream.run_async())
    await until(lambda: len(books) > 1 and summaries)
    await stream.ws.send(json.dumps({"type": "subscribe", "channel": f"account_all_orders/{me}", "auth": token}))
    book = await about_orders.order_book_orders(market_id=market, limit=5)
    bid, ask = book.bids[0].price, book.asks[0].price
    waits, buys, sells = (int(each.scaleb(tick)) for each in around(bid, ask, str(Decimal(1).scaleb(-tick))))
    size = int(Decimal("0.02").scaleb(lot))

    async def order(client_id: int, price: int, tif: int, *, is_ask: bool = False, reduce_only: bool = False) -> None:
        waiting = {} if tif else {"order_expiry": signer.DEFAULT_IOC_EXPIRY}
        _, _, error = await signer.create_order(
            market, client_id, size, price, is_ask, signer.ORDER_TYPE_LIMIT, tif, reduce_only, **waiting
        )
        assert error is None, error

    async def active() -> list[lighter.Order]:
        return (await about_orders.account_active_orders(token, me, market_id=market)).orders

    async def account() -> lighter.DetailedAccount:
        return (await about_account.account(by="index", value=str(me))).accounts[0]

    async def position() -> str:
        return next(str(each.sign * Decimal(each.position)) for each in (await account()).positions)

    gtt, ioc = signer.ORDER_TIME_IN_FORCE_GOOD_TILL_TIME, signer.ORDER_TIME_IN_FORCE_IMMEDIATE_OR_CANCEL
    await order(4711, waits, gtt)
    await until(lambda: any(each["client_order_index"] == 4711 for each in orders))
    waiting = await active()
    found = next(each.order_index for each in waiting if each.client_order_index == 4711)
    resting = waiting[0].order_index
    await signer.cancel_order(market, resting)
    await until(lambda: any(each["status"] == "canceled" for each in orders))
    after = [each.order_index for each in await active()]
    _, _, again = await signer.cancel_order(market, resting)
    await signer.update_leverage(market, signer.CROSS_MARGIN_MODE, 7)
    await order(4712, buys, ioc)
    held = await position()
    await order(4713, sells, ioc, is_ask=True, reduce_only=True)
    trades = (await about_orders.trades("timestamp", 100, authorization=token, account_index=me)).trades
    await until(lambda: sum(len(rows) for each in summaries for rows in each["trades"].values()) >= len(trades))
    await until(lambda: sum(each["status"] == "filled" for each in orders) > 1)
    listening.cancel()
    tell(
        markets=[each.symbol for each in listed],
        bid=bid,
        ask=ask,
        resting=resting,
        found=found,
        open=[each.order_index for each in waiting],
        after_cancel=after,
        cancelled_twice=again is not None,
        held=held,
        flat=await position(),
        fills=[_fill(each) for each in trades],
        balance=(await account()).collateral,
        books=len(books),
        updates=[each["order_index"] for each in orders],
    )


def _fill(trade: lighter.Trade) -> list[str]:
    """Side, size and fee in USDC of a trade in which we took."""
    fee = Decimal(trade.taker_fee or 0).scaleb(-6) * Decimal(trade.price) * Decimal(trade.size)
    return ["sell" if trade.ask_account_id == me else "buy", trade.size, str(fee)]


async def main() -> None:
    """Open both clients, and close them."""
    rest = lighter.ApiClient(lighter.Configuration(host=place["rest"]))
    signer = lighter.SignerClient(place["rest"], me, {key: keys["privateKey"]})
    try:
        await drive(rest, signer)
    finally:
        await signer.close()
        await rest.close()


asyncio.run(main())

"""Drives Backpack with bpx-py. Shim: the kit's address is a constant of its classes. It has no WebSocket client."""

from bpx.account import Account
from bpx.base.base_account import BaseAccount
from bpx.base.base_public import BasePublic
from bpx.public import Public
from driving import around, given, tell

place = given()
BaseAccount.BPX_API_URL = BasePublic.BASE_URL = place["rest"] + "/"
keys, market = place["credentials"], "BTC_USDC_PERP"
account, public = Account(keys["apiKey"], keys["secret"]), Public()

depth = public.get_depth(market)
bid, ask = depth["bids"][-1][0], depth["asks"][0][0]
waits, buys, sells = (str(each) for each in around(bid, ask, "0.1"))


def position() -> str:
    """Coins held."""
    return next((each["netQuantity"] for each in account.get_open_positions()), "0")


resting = account.execute_order(market, "Bid", "Limit", "GTC", "0.02", waits, client_id=4711)["id"]
waiting = [each["id"] for each in account.get_open_orders(symbol=market)]
found = account.get_open_order(market, client_id=4711)["id"]
account.cancel_order(market, order_id=resting)
after = [each["id"] for each in account.get_open_orders(symbol=market)]
again = account.cancel_order(market, order_id=resting)
account.update_account(leverage_limit="7")
account.execute_order(market, "Bid", "Limit", "IOC", "0.02", buys)
held = position()
account.execute_order(market, "Ask", "Limit", "IOC", "0.02", sells, reduce_only=True)
fills = account.get_fill_history(market)
tell(
    markets=[each["baseSymbol"] for each in public.get_markets()],
    bid=bid,
    ask=ask,
    resting=resting,
    found=found,
    open=waiting,
    after_cancel=after,
    cancelled_twice="code" in again,
    held=held,
    flat=position(),
    fills=[[{"Bid": "buy", "Ask": "sell"}[each["side"]], each["quantity"], each["fee"]] for each in fills],
    balance=account.get_collateral()["netEquity"],
    funding=public.get_funding_interval_rates(market)[0]["fundingRate"],
    interval=len(public.get_klines(market, "1m", 0)),
)

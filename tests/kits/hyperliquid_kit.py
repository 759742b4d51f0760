"""Drives Hyperliquid with hyperliquid-python-sdk. Shim: the kit signs for the main network only at its own address."""

import hyperliquid.exchange
from driving import around, given, tell, until
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

place = given()
url, keys = place["rest"], place["credentials"]
hyperliquid.exchange.MAINNET_API_URL = url
me = keys["walletAddress"]
info = Info(url)
exchange = Exchange(Account.from_key(keys["privateKey"]), url, account_address=me)
books, best, updates, streamed = [], [], [], []
info.subscribe({"type": "l2Book", "coin": "BTC"}, books.append)
info.subscribe({"type": "bbo", "coin": "BTC"}, best.append)
info.subscribe({"type": "orderUpdates", "user": me}, updates.append)
info.subscribe({"type": "userFills", "user": me}, streamed.append)
until(lambda: books and best)

levels = info.l2_snapshot("BTC")["levels"]
bid, ask = (side[0]["px"] for side in levels)
waits, buys, _ = (float(each) for each in around(bid, ask, "1"))
ioc, gtc = {"limit": {"tif": "Ioc"}}, {"limit": {"tif": "Gtc"}}


def position() -> str:
    """Coins held."""
    return next((each["position"]["szi"] for each in info.user_state(me)["assetPositions"]), "0")


cloid = Cloid.from_int(4711)
resting = exchange.order("BTC", True, 0.02, waits, gtc, cloid=cloid)["response"]["data"]["statuses"][0]["resting"][
    "oid"
]
waiting = [each["oid"] for each in info.open_orders(me)]
found = info.query_order_by_cloid(me, cloid)["order"]["order"]["oid"]
exchange.cancel("BTC", resting)
after = [each["oid"] for each in info.open_orders(me)]
again = exchange.cancel("BTC", resting)["response"]["data"]["statuses"][0]
exchange.update_leverage(7, "BTC")
exchange.order("BTC", True, 0.02, buys, ioc)
held = position()
exchange.market_close("BTC")
fills = info.user_fills(me)
until(lambda: any(each["order"]["oid"] == resting for update in updates for each in update["data"]))
until(lambda: sum(len(each["data"]["fills"]) for each in streamed) >= len(fills))
tell(
    markets=[each["name"] for each in info.meta()["universe"]],
    bid=bid,
    ask=ask,
    resting=resting,
    found=found,
    open=waiting,
    after_cancel=after,
    cancelled_twice="error" in again,
    held=held,
    flat=position(),
    fills=[[{"B": "buy", "A": "sell"}[each["side"]], each["sz"], each["fee"]] for each in fills],
    balance=info.user_state(me)["marginSummary"]["accountValue"],
    books=len(books),
    updates=[each["order"]["oid"] for update in updates for each in update["data"]],
)
info.disconnect_websocket()

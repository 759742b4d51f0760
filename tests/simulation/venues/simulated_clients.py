"""ccxt's own classes, pointed at simulated venues by nothing but urls and options."""

from decimal import Decimal
from typing import Any

import ccxt
from simulated_service import PATIENCE_S

from perpbot import clock

VENUES = ("okx", "hyperliquid", "aster", "backpack", "paradex", "extended", "grvt")
SYMBOLS = {
    "okx": "BTC/USDT:USDT",
    "hyperliquid": "BTC/USDC:USDC",
    "aster": "BTC/USDT:USDT",
    "backpack": "BTC/USDC:USDC",
    "extended": "BTC/USDC:USDC",
    "paradex": "BTC/USD:USDC",
    "grvt": "BTC/USDT:USDT",
}
CURRENCIES = {symbol: pair.rpartition(":")[2] for symbol, pair in SYMBOLS.items()}
CONTRACTS = {name: Decimal("0.01") if name == "okx" else Decimal(1) for name in VENUES}
"""Coins in one unit of a size."""
OPTIONS: dict[str, dict[str, Any]] = {
    "okx": {"fetchMarkets": {"types": ["swap"]}, "defaultType": "swap"},
    "hyperliquid": {"fetchMarkets": {"types": ["swap"]}, "builderFee": False},
    "aster": {"builderFee": False, "defaultType": "swap", "fetchOpenOrders": {"warnIfNoSymbol": False}},
    "backpack": {},
    "grvt": {"builderFee": False},
    "extended": {"builderFee": False},
    "paradex": {},
}
LATER = ("paradex",)
"""Venues that look at margin and position only after they have taken an order."""
NOT_FOUND: dict[str, type[ccxt.BaseError]] = {
    "backpack": ccxt.InvalidOrder,
    "extended": ccxt.ExchangeError,
    "paradex": ccxt.InvalidOrder,
    "grvt": ccxt.OperationRejected,
}
"""What ccxt raises for an order that is not open any more, where that is not `OrderNotFound`."""


def account_options(venue: str, credentials: dict[str, Any]) -> dict[str, Any]:
    """Options that hold keys: ccxt takes the key of a Paradex account only there."""
    if venue != "paradex":
        return {}
    account = {"privateKey": credentials["privateKey"], "address": credentials["walletAddress"]}
    return {"paradexAccount": account, "authToken": None}


def keys(venue: str, credentials: dict[str, Any]) -> dict[str, Any]:
    """The credentials ccxt's class takes: of GRVT's the wallet's key alone, with which it logs in too."""
    return {name: value for name, value in credentials.items() if (venue, name) != ("grvt", "apiKey")}


def client(venue: str, served: dict[str, Any]) -> Any:
    rest = served[venue]["rest"]
    credentials = {**keys(venue, served[venue]["credentials"]), "enableRateLimit": False, "timeout": PATIENCE_S * 1_000}
    options = {**OPTIONS[venue], **account_options(venue, credentials)}
    exchange = getattr(ccxt, venue)({**credentials, "options": options})
    exchange.urls["api"] = {
        "okx": {"rest": rest},
        "hyperliquid": {"public": rest, "private": rest},
        "aster": {
            "fapiPublic": f"{rest}/fapi", "fapiPrivate": f"{rest}/fapi",
            "sapiPublic": f"{rest}/api", "sapiPrivate": f"{rest}/api",
        },
        "backpack": {"public": rest, "private": rest},
        "grvt": dict.fromkeys(("privateEdge", "privateTrading", "publicMarket"), f"{rest}/"),
        "extended": {"rest": rest},
        "paradex": {"v1": rest, "v2": rest},
    }[venue]  # fmt: skip
    exchange.load_markets()
    return exchange


class Trader:
    """One venue with its differences levelled: sizes in coins, prices as they come."""

    def __init__(self, venue: str, served: dict[str, Any]) -> None:
        self.venue = venue
        self.symbol = SYMBOLS[venue]
        self.exchange = client(venue, served)
        self.numbers = 0

    def touch(self) -> tuple[float, float]:
        book = self.exchange.fetch_order_book(self.symbol, 5)
        return book["bids"][0][0], book["asks"][0][0]

    def client_id(self) -> str:
        self.numbers += 1
        forms = {"hyperliquid": f"0x{self.numbers:032x}", "backpack": str(self.numbers), "grvt": str(self.numbers)}
        return forms.get(self.venue, f"test{self.numbers}")

    def find(self, name: str) -> Any:
        """The order of a client id; `ccxt.OrderNotFound` when it is not open, or not known at all."""
        if self.venue != "backpack":
            try:
                return self.exchange.fetch_order(name, self.symbol, {"clientOrderId": name})
            except NOT_FOUND.get(self.venue, ccxt.OrderNotFound) as error:
                raise ccxt.OrderNotFound(str(error)) from error
        market = self.exchange.market(self.symbol)
        try:
            found = self.exchange.privateGetApiV1Order({"symbol": market["id"], "clientId": int(name)})
        except ccxt.ExchangeNotAvailable as error:
            raise ccxt.OrderNotFound(str(error)) from error
        return self.exchange.parse_order(found, market)

    def cancel(self, name: str) -> None:
        """Cancel the order of a client id."""
        if self.venue == "backpack":
            market = self.exchange.market(self.symbol)
            self.exchange.privateDeleteApiV1Order({"symbol": market["id"], "clientId": int(name)})
        else:
            self.exchange.cancel_order("", self.symbol, {"clientOrderId": name})

    def set_leverage(self, leverage: int) -> None:
        """Set how many times its margin the account may hold."""
        if self.venue == "backpack":
            self.exchange.privatePatchApiV1Account({"leverageLimit": str(leverage)})
        else:
            self.exchange.set_leverage(leverage, self.symbol)

    def place(self, side: str, coins: str, price: float | None, **params: Any) -> Any:
        """A limit order, or a market order when `price` is None."""
        size = float(Decimal(coins) / CONTRACTS[self.venue])
        if self.venue == "grvt":
            return self._place_at_grvt(side, size, price, params)
        if price is None:
            middle = sum(self.touch()) / 2
            if self.venue == "extended":  # where the price of a market order is the worst it may get
                worst = middle * (1.005 if side == "buy" else 0.995)
                middle = float(self.exchange.price_to_precision(self.symbol, worst))
            return self.exchange.create_order(self.symbol, "market", side, size, middle, params)
        rounded = float(self.exchange.price_to_precision(self.symbol, price))
        return self.exchange.create_order(self.symbol, "limit", side, size, rounded, params)

    def _place_at_grvt(self, side: str, size: float, price: float | None, params: dict[str, Any]) -> Any:
        """GRVT confirms an order before it has an id, and wants no price for a market order."""
        if price is not None:
            price = float(self.exchange.price_to_precision(self.symbol, price))
        kind = "market" if price is None else "limit"
        params.setdefault("clientOrderId", str(clock.wall_ns()))
        self.exchange.create_order(self.symbol, kind, side, size, price, params)
        return self.find(params["clientOrderId"])

    def position(self) -> Decimal:
        """Coins held, signed."""
        for held in self.exchange.fetch_positions([self.symbol]):
            if self.venue == "backpack":  # whose contracts are those of waiting orders too
                return Decimal(held["info"]["netQuantity"])
            if held["contracts"]:
                sign = 1 if held["side"] == "long" else -1
                return sign * Decimal(str(held["contracts"])) * CONTRACTS[self.venue]
        return Decimal(0)

    def refuses(self, error: type[Exception], *arguments: Any, **params: Any) -> bool:
        """Whether the venue refuses an order, at once with `error`, or after it has taken it."""
        try:
            placed = self.place(*arguments, **params)
        except error:
            return self.venue not in LATER
        found = self.order(placed["id"])
        return self.venue in LATER and found["status"] in {"rejected", "canceled"} and not found["filled"]

    def order(self, order_id: str) -> Any:
        return self.exchange.fetch_order(order_id, self.symbol)

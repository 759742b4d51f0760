"""A simulated Hyperliquid: perpetuals settled in USDC, ``/info`` and ``/exchange``, one WebSocket for all.

A price may have five significant figures and 6 - szDecimals decimals, and whole numbers always; an order is worth
10 USD at least. Funding is paid every hour.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.book import BookSide
from perpbot.simulation.venues.ethereum import address_of_private, private_key
from perpbot.simulation.venues.hyperliquid_exchange import HyperliquidExchange
from perpbot.simulation.venues.hyperliquid_info import LIGHT, HyperliquidInfo
from perpbot.simulation.venues.hyperliquid_stream import HyperliquidStream
from perpbot.simulation.venues.hyperliquid_words import Words, decimal, ms, side
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, Print
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.tape import MINUTE_MS, Bar
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_DEPTH = 20
_SLOW_NS = 3 * clock.NS_PER_SECOND
_FACTS = {"BTC": (5, 40), "ETH": (4, 25), "SOL": (2, 20), "DOGE": (0, 10)}
"""Coin: decimals of a size, leverage."""
_PRICE_DECIMALS = 6


class Hyperliquid(SimulatedVenue):
    """Hyperliquid."""

    name: ClassVar[str] = "hyperliquid"
    currency: ClassVar[str] = "USDC"
    band: ClassVar[Decimal] = Decimal("0.8")
    tells_fee_coin: ClassVar[bool] = True
    fee_step: ClassVar[Decimal] = Decimal("1e-6")
    streams: dict[HyperliquidStream, None]

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        keys = self.credentials()
        self.address = keys["walletAddress"]
        self.info = HyperliquidInfo(self)
        self.exchange = HyperliquidExchange(self)
        self._limits = Limits(burst=2400, per_second=40)
        self._touch: dict[str, str] = {}

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named after their coin, sized in coins."""
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """A wallet that signs for itself."""
        key = private_key(f"{self.world.id}/hyperliquid")
        return {"walletAddress": address_of_private(key), "privateKey": key}

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real host: ``/info``, ``/exchange``."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}/hyperliquid" for scheme in ("http", "ws"))
        return {"rest": http, "ws": {"public": f"{ws}/ws", "private": f"{ws}/ws"}}

    def listed(self) -> list[Instrument]:
        """The markets in the order of their asset numbers."""
        return [self.instrument(coin) for coin in self.coins]

    def check_coin(self, coin: object) -> str:
        """`coin`, if it is one; `KeyError` otherwise."""
        if coin not in self.coins:
            raise KeyError(coin)
        return str(coin)

    def account_at(self, address: str) -> Account | None:
        """The account of an address."""
        return self.engine.accounts[ACCOUNT] if address.lower() == self.address else None

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.path.endswith("/exchange")

    def too_many(self) -> Answer:
        """429 with an empty value."""
        return Answer(429, b"null")

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Answer a question or carry out an action; what cannot be understood is 422 and plain text."""
        try:
            body = msgspec.json.decode(request.body)
            if (request.method, request.path) == ("POST", "/hyperliquid/info"):
                return self._inform(body, now_ns)
            if (request.method, request.path) == ("POST", "/hyperliquid/exchange"):
                return self._act(body, now_ns)
        except MALFORMED:
            return Answer(422, b"Failed to deserialize the JSON body into the target type", _TEXT)
        return Answer(404, b"", _TEXT)

    def _inform(self, question: Words, now_ns: int) -> Answer:
        if not self._limits.allow("weight", now_ns, 2 if question["type"] in LIGHT else 20):
            return self.too_many()
        return _json(self.info.handlers[question["type"]](question, now_ns))

    def _act(self, request: Words, now_ns: int) -> Answer:
        parts = request["action"].get("orders") or request["action"].get("cancels") or []
        if not self._limits.allow("weight", now_ns, 1 + len(parts) // 40):
            return self.too_many()
        return _json(self.exchange.act(request, now_ns))

    # -- WebSocket -----------------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """The one path."""
        return HyperliquidStream(self, socket) if request.path == "/hyperliquid/ws" else None

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Books as whole pictures of twenty levels, the touch when it changes, trades; the rest once a second."""
        topics = self.topics
        if (bids or asks) and ("l2Book", symbol) in topics:
            self.publish_book(("l2Book", symbol), self._book_text(symbol, now_ns))
        if (bids or asks) and ("bbo", symbol) in topics:
            touch = self.touch_text(symbol)
            if touch != self._touch.get(symbol):
                self._touch[symbol] = touch
                self.publish_book(("bbo", symbol), self.bbo_text(symbol, touch, now_ns))
        if prints and ("trades", symbol) in topics:
            self.topics.publish(("trades", symbol), _push("trades", [self.trade_words(each) for each in prints]))
        if self.is_due(symbol, now_ns, _SLOW_NS):
            self._publish_slow(symbol, now_ns)

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Tell the streams that listen to the account."""
        if events:
            for stream in list(self.streams):
                stream.push_events(events, now_ns)

    def _publish_slow(self, coin: str, now_ns: int) -> None:
        if ("activeAssetCtx", coin) in self.topics:
            context = {"coin": coin, "ctx": self.info.context_words(coin)}
            self.topics.publish(("activeAssetCtx", coin), _push("activeAssetCtx", context))
        if ("candle", coin) in self.topics:
            bar = self.bar_words(coin, self.tapes[coin].minute, "1m")
            self.topics.publish(("candle", coin), _push("candle", bar))
        if coin == next(iter(self.coins)):
            self.topics.publish(("allMids",), _push("allMids", {"mids": self.info.mids()}))
            for stream in list(self.streams):
                stream.push_state(now_ns)

    # -- words that streams and info share -----------------------------------------------------------------------

    def book_words(self, coin: str, now_ns: int) -> Words:
        """Twenty levels of each side, bids first."""
        book = self.engine.books[coin]
        levels = [
            [
                {"px": decimal(price), "sz": decimal(size), "n": part.count(price)}
                for price, size in part.picture(_DEPTH)
            ]
            for part in (book.bids, book.asks)
        ]
        return {"coin": coin, "time": ms(now_ns), "levels": levels}

    def trade_words(self, trade: Print) -> Words:
        """A public trade."""
        return {
            "coin": trade.symbol,
            "side": side(trade.side),
            "px": decimal(trade.price),
            "sz": decimal(trade.size),
            "time": ms(trade.time_ns),
            "hash": f"0x{trade.id:064x}",
            "tid": trade.id,
            "users": ["0x" + "0" * 40] * 2,
        }

    def bar_words(self, coin: str, bar: Bar, interval: str) -> Words:
        """A bar: from ``t`` to ``T``."""
        minutes = {"m": 1, "h": 60}[interval[-1]] * int(interval[:-1])
        prices = zip("ohlc", (bar.open, bar.high, bar.low, bar.close), strict=True)
        return {
            "t": bar.open_ms,
            "T": bar.open_ms + minutes * MINUTE_MS - 1,
            "s": coin,
            "i": interval,
            **{name: decimal(price) for name, price in prices},
            "v": decimal(bar.volume),
            "n": bar.trades,
        }

    def touch_text(self, coin: str) -> str:
        """The best level of each side as JSON."""
        book = self.engine.books[coin]
        return f"{_level_texts(book.bids, 1) or 'null'},{_level_texts(book.asks, 1) or 'null'}"

    def bbo_text(self, coin: str, touch: str, now_ns: int) -> str:
        """A message about the touch."""
        return f'{{"channel":"bbo","data":{{"coin":"{coin}","bbo":[{touch}],"time":{ms(now_ns)}}}}}'

    def _book_text(self, coin: str, now_ns: int) -> str:
        book = self.engine.books[coin]
        levels = f"[{_level_texts(book.bids, _DEPTH)}],[{_level_texts(book.asks, _DEPTH)}]"
        return f'{{"channel":"l2Book","data":{{"coin":"{coin}","levels":[{levels}],"time":{ms(now_ns)}}}}}'


_TEXT = {"Content-Type": "text/plain"}


def _level_texts(part: BookSide, depth: int) -> str:
    levels, texts = part.levels, []
    for price, size in part.picture(depth):
        text = str(price)
        if "." not in text:
            text += ".0"
        texts.append(f'{{"px":"{text}","sz":"{size!s}","n":{len(levels[price].queue) + 1}}}')
    return ",".join(texts)


def _push(channel: str, data: object) -> str:
    return msgspec.json.encode({"channel": channel, "data": data}).decode()


def _json(value: object) -> Answer:
    return Answer(200, msgspec.json.encode(value))


def _instrument(coin: str) -> Instrument:
    decimals, leverage = _FACTS[coin]
    lot = Decimal(1).scaleb(-decimals)
    return Instrument(
        venue="hyperliquid",
        symbol=canonical_symbol(coin),
        native=coin,
        base=coin,
        quote="USDC",
        tick=Decimal(1).scaleb(decimals - _PRICE_DECIMALS),
        lot=lot,
        min_quantity=lot,
        min_notional=Decimal(10),
        significant_figures=5,
        maker_fee=Decimal("0.00015"),
        taker_fee=Decimal("0.00045"),
        funding_hours=Decimal(1),
        max_leverage=Decimal(leverage),
    )

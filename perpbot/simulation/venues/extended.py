"""A simulated Extended: perpetuals settled in USDC, REST with a key, signed orders, and one WebSocket for all."""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.book import BookSide
from perpbot.simulation.venues.extended_data import ExtendedData
from perpbot.simulation.venues.extended_stream import ExtendedStream
from perpbot.simulation.venues.extended_trading import ExtendedTrading
from perpbot.simulation.venues.extended_words import ExtendedError, Words, bar_words, ms
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, Print
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.starknet import private_key
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.venue import SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_ROOT = "/extended/api/v1/"
_STREAM = "/extended/stream/v2/rpc"
_SLOW_NS = clock.NS_PER_SECOND
_VAULTS = 900_000

Sizes = dict[Decimal, Decimal]
"""Prices with what is there."""

_FACTS = {
    # coin: tick, lot, smallest order, leverage
    "BTC": ("1", "0.00001", "0.0001", 50),
    "ETH": ("0.1", "0.0001", "0.01", 50),
    "SOL": ("0.01", "0.01", "0.1", 20),
    "DOGE": ("0.00001", "1", "10", 20),
}


class Extended(SimulatedVenue):
    """Extended."""

    name: ClassVar[str] = "extended"
    currency: ClassVar[str] = "USDC"
    band: ClassVar[Decimal] = Decimal("0.05")
    fee_step: ClassVar[Decimal] = Decimal("1e-6")
    streams: dict[ExtendedStream, None]

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        keys = self.credentials()
        self.api_key, self.key = keys["apiKey"], keys["privateKey"]
        self.vault = 100_000 + int(self.api_key, 16) % _VAULTS
        self.data = ExtendedData(self)
        self.trading = ExtendedTrading(self)
        self._public = self.data.handlers()
        self._private = self.trading.handlers()
        self._limits = Limits(burst=1_000, per_second=200)
        self._told: dict[str, tuple[Sizes, Sizes]] = {symbol: ({}, {}) for symbol in self.coins}

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named ``BTC-USD``, sized in coins."""
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """The key of the requests, and the Stark key of the orders."""
        seed = f"{self.world.id}/extended"
        return {"apiKey": sha256(seed.encode()).hexdigest()[:32], "privateKey": private_key(seed)}

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real host: ``/api/v1/…``."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}" for scheme in ("http", "ws"))
        return {"rest": f"{http}/extended", "ws": dict.fromkeys(("public", "private"), f"{ws}{_STREAM}")}

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.method in {"POST", "DELETE"} and request.path.startswith(f"{_ROOT}user/order")

    def too_many(self) -> Answer:
        """429 in Extended's words."""
        return _json(ExtendedError("TOO_MANY_REQUESTS", "Too many requests").words(), 429)

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the key where it wants one, and answer in Extended's envelope."""
        if not self._limits.allow("all", now_ns):
            return self.too_many()
        try:
            return self._answer(request, request.path.removeprefix(_ROOT), now_ns)
        except ExtendedError as error:
            return _json(error.words(), error.status)
        except MALFORMED:
            return _json(ExtendedError("BAD_REQUEST", "The request cannot be understood").words(), 400)

    def _answer(self, request: Request, path: str, now_ns: int) -> Answer:
        public, market = _shape(path, self._public)
        if request.method == "GET" and public is not None:
            return _accept(self._public[public](market, request.parameters, now_ns))
        known = [shape for method, shape in self._private if method == request.method]
        private, named = _shape(path, known)
        if private is None:
            raise ExtendedError("NOT_FOUND", "No such endpoint")
        if request.headers.get("x-api-key") != self.api_key:
            raise ExtendedError("UNAUTHORIZED", "Authentication failure", 401)
        in_body = request.method in {"POST", "PATCH"} and request.body != b""
        body = msgspec.json.decode(request.body) if in_body else request.parameters
        return _accept(self._private[request.method, private](named, body, now_ns))

    # -- WebSocket -----------------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """The one path."""
        return ExtendedStream(self, socket) if request.path == _STREAM else None

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Books as changes, trades, and the slow channels once a second."""
        if bids or asks:
            told_bids, told_asks = self._told[symbol]
            self._publish_book(symbol, _changes(told_bids, bids), _changes(told_asks, asks), now_ns)
        if prints:
            trades = msgspec.json.encode([self.trade_words(each) for each in prints]).decode()
            self._push(f"trades.{symbol}", "TRADES", trades, now_ns)
        if self.is_due(symbol, now_ns, _SLOW_NS):
            for scope, topic in (("prices", f"prices.mark.{symbol}"), ("funding-rates", f"funding-rates.{symbol}")):
                latest = self.first_push(scope, symbol, now_ns)
                if latest is not None:
                    self._push(topic, *latest, now_ns)
            bars = msgspec.json.encode([bar_words(self.tapes[symbol].minute)]).decode()
            self._push(f"candles.last.{symbol}.PT1M", "CANDLES", bars, now_ns)

    def _publish_book(self, symbol: str, bids: str, asks: str, now_ns: int) -> None:
        topic = f"orderbooks.{symbol}"
        if not any(stream.listens(topic) for stream in self.streams):
            return
        data = f'{{"m":"{symbol}","b":[{bids}],"a":[{asks}],"d":"f"}}'
        spoilt = self.spoil_book(data)
        for stream in list(self.streams):
            stream.push(topic, "ORDERBOOKS.DELTA", spoilt or "", now_ns, lost=spoilt is None)

    def first_push(self, scope: str, symbol: str, now_ns: int) -> tuple[str, str] | None:
        """The type and the data of what a subscription starts with; None when it only tells what happens."""
        if scope == "orderbooks":
            book = self.engine.books[symbol]
            sides = f'"b":[{_levels(book.bids)}],"a":[{_levels(book.asks)}]'
            return "ORDERBOOKS.SNAPSHOT", f'{{"m":"{symbol}",{sides},"d":"f"}}'
        if scope == "prices":
            return "PRICES.MP", f'{{"m":"{symbol}","p":"{plain(self.engine.marks[symbol])}","ts":{ms(now_ns)}}}'
        if scope == "funding-rates":
            rate = plain(self.funding_rate(symbol))
            return "FUNDING_RATES", f'{{"m":"{symbol}","f":"{rate}","T":{ms(now_ns)}}}'
        return None

    def _push(self, topic: str, kind: str, data: str, now_ns: int) -> None:
        for stream in list(self.streams):
            stream.push(topic, kind, data, now_ns)

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Tell the streams of the account."""
        if events:
            for stream in list(self.streams):
                stream.push_events(events, now_ns)

    def trade_words(self, trade: Print) -> Words:
        """A public trade."""
        return {
            "i": trade.id,
            "m": trade.symbol,
            "S": trade.side.value.upper(),
            "tT": "TRADE",
            "T": ms(trade.time_ns),
            "p": plain(trade.price),
            "q": plain(trade.size),
        }


def _levels(side: BookSide) -> str:
    return ",".join(f'{{"p":"{price!s}","q":"{size!s}","c":"{size!s}"}}' for price, size in side.picture())


def _changes(told: Sizes, levels: Changes) -> str:
    """Changed levels: by how much they changed since they were last `told`, and what is there now."""
    texts = []
    for price, size in levels:
        texts.append(f'{{"p":"{price!s}","q":"{size - told.get(price, ZERO)!s}","c":"{size!s}"}}')
        if size:
            told[price] = size
        else:
            told.pop(price, None)
    return ",".join(texts)


def _shape(path: str, known: Any) -> tuple[str | None, str]:
    """A path as the handlers know it, and the name in it; None when nobody knows it."""
    if path in known:
        return path, ""
    parts = path.split("/")
    for place in range(len(parts) - 1, 0, -1):
        shape = "/".join([*parts[:place], "*", *parts[place + 1 :]])
        if shape in known:
            return shape, unquote(parts[place])
    return None, ""


def _accept(found: Any) -> Answer:
    if isinstance(found, tuple):
        data, cursor = found
        return _json({"status": "OK", "data": data, "pagination": {"cursor": cursor, "count": len(data)}})
    return _json({"status": "OK"} if found is None else {"status": "OK", "data": found})


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def _instrument(coin: str) -> Instrument:
    tick, lot, smallest, leverage = _FACTS[coin]
    return Instrument(
        venue="extended",
        symbol=canonical_symbol(coin),
        native=f"{coin}-USD",
        base=coin,
        quote="USDC",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(smallest),
        maker_fee=Decimal(0),
        taker_fee=Decimal("0.00025"),
        funding_hours=Decimal(1),
        max_leverage=Decimal(leverage),
    )

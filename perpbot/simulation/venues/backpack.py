"""A simulated Backpack: perpetuals settled in USDC, signed with Ed25519 keys.

A private request carries ``X-API-Key``, ``X-Timestamp``, ``X-Window`` and ``X-Signature``: over the name of its
instruction, its parameters in alphabetical order, the time and the window. It is good from its time until its window
has passed.
"""

import base64
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import msgspec
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from perpbot import clock
from perpbot.model.instrument import Instrument, Side, canonical_symbol
from perpbot.model.money import plain
from perpbot.simulation.venues.backpack_data import BackpackData
from perpbot.simulation.venues.backpack_stream import BALANCES, ORDERS, POSITIONS, BackpackStream
from perpbot.simulation.venues.backpack_trading import BackpackTrading
from perpbot.simulation.venues.backpack_words import (
    BackpackError,
    Words,
    balance_event,
    micros,
    ms,
    naive,
    order_event,
    position_event,
)
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, Execution, OrderEvent, Print
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.tape import MINUTE_MS
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_MOST_WINDOW_MS = 60_000
_AHEAD_MS = 1_000
"""How far a client's clock may be ahead."""
_SLOW_NS = clock.NS_PER_SECOND
_FACTS = {
    # coin: tick, lot, leverage
    "BTC": ("0.1", "0.00001", 50),
    "ETH": ("0.01", "0.0001", 50),
    "SOL": ("0.01", "0.01", 50),
    "DOGE": ("0.00001", "1", 20),
}


class Backpack(SimulatedVenue):
    """Backpack."""

    name: ClassVar[str] = "backpack"
    currency: ClassVar[str] = "USDC"
    band: ClassVar[Decimal] = Decimal("0.25")
    tells_fee_coin: ClassVar[bool] = True
    fee_step: ClassVar[Decimal] = Decimal("1e-6")

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        self._key = self._private_key().public_key()
        self.data = BackpackData(self)
        self.trading = BackpackTrading(self)
        self._limits = Limits(burst=2000, per_second=33)
        self.numbers = dict.fromkeys(self.coins, 1_345_000_000)
        """The last number used in each book."""
        self._touch: dict[str, Words] = {}

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named ``BTC_USDC_PERP``, sized in coins."""
        return [_instrument(coin) for coin in coins]

    def _private_key(self) -> ECC.EccKey:
        return eddsa.import_private_key(sha256(f"{self.world.id}/backpack".encode()).digest())

    def credentials(self) -> dict[str, str]:
        """A key pair: the public half names the client, the seed of the private half signs."""
        key = self._private_key()
        public = key.public_key().export_key(format="raw")
        return {"apiKey": base64.b64encode(public).decode(), "secret": base64.b64encode(key.seed).decode()}

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real hosts: ``/api/v1/…`` and ``/wapi/v1/…``; streams have none."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}/backpack" for scheme in ("http", "ws"))
        return {"rest": http, "ws": {"public": ws, "private": ws}}

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.method in {"POST", "DELETE"} and request.path.endswith(("/order", "/orders"))

    def too_many(self) -> Answer:
        """429 with its code."""
        return _json({"code": "TOO_MANY_REQUESTS", "message": "Too many requests"}, 429)

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the signature where it wants one, and answer."""
        path = request.path.removeprefix("/backpack/")
        if not self._limits.allow("requests", now_ns):
            return self.too_many()
        try:
            if request.method == "GET" and path in self.data.handlers:
                return _json(self.data.handlers[path](request.parameters, now_ns))
            endpoint = self.trading.endpoints.get((request.method, path))
            if endpoint is None:
                return _json({"code": "RESOURCE_NOT_FOUND", "message": "Not found"}, 404)
            parameters = request.parameters if request.method == "GET" else _object(request.body)
            headers = ("x-api-key", "x-signature", "x-timestamp", "x-window")
            signature = tuple(request.headers.get(name, "") for name in headers)
            self.check_signature(endpoint.instruction, _sorted(parameters), signature, now_ns)
            answer = endpoint.handler(parameters, now_ns)
            return Answer(200, b"") if answer is None else _json(answer)
        except BackpackError as error:
            return _json(error.words(), error.status)
        except MALFORMED:
            return _json({"code": "INVALID_CLIENT_REQUEST", "message": "Bad Request parse request payload error"}, 400)

    def check_signature(self, instruction: str, parameters: str, signature: Sequence[str], now_ns: int) -> None:
        """Check key, signature, time and window, in this order of `signature`; `BackpackError` when one is wrong."""
        key, signed, stamp, window = signature
        age_ms = ms(now_ns) - int(stamp or 0)
        if not -_AHEAD_MS <= age_ms <= min(int(window or 5_000), _MOST_WINDOW_MS):
            raise BackpackError("INVALID_CLIENT_REQUEST", "Request has expired")
        if key != self.credentials()["apiKey"]:
            raise BackpackError("UNAUTHORIZED", "Unauthorized", 401)
        rest = f"&{parameters}" if parameters else ""
        text = f"instruction={instruction}{rest}&timestamp={stamp}&window={window or 5_000}"
        try:
            eddsa.new(self._key, "rfc8032").verify(text.encode(), base64.b64decode(signed))
        except ValueError as error:
            raise BackpackError("INVALID_SIGNATURE", "Invalid signature", 401) from error

    # -- the account's streams -----------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """One place for everything."""
        return BackpackStream(self, socket) if request.path.rstrip("/") == "/backpack" else None

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Orders one by one; position and cash after fills and funding."""
        account, marks = self.engine.accounts[ACCOUNT], self.engine.marks
        for event in events:
            if isinstance(event, OrderEvent):
                symbol = event.order.symbol
                self._tell(ORDERS, symbol, order_event(event.order, event.execution, now_ns))
                if event.execution is not None:
                    self._tell_position(event.execution, now_ns)
            else:
                symbol = event.symbol
                self._tell(POSITIONS, symbol, position_event(symbol, account, marks[symbol], event.size, now_ns))
            if not isinstance(event, OrderEvent) or event.execution is not None:
                self._tell(BALANCES, None, balance_event(account, marks, now_ns))

    def _tell_position(self, fill: Execution, now_ns: int) -> None:
        account, mark = self.engine.accounts[ACCOUNT], self.engine.marks[fill.symbol]
        words = position_event(fill.symbol, account, mark, fill.position_before, now_ns)
        self._tell(POSITIONS, fill.symbol, words)

    def _tell(self, stream: str, symbol: str | None, words: Words) -> None:
        """To those who listen to all markets, and to those who listen to this one."""
        for topic in (stream,) if symbol is None else (stream, f"{stream}.{symbol}"):
            if topic in self.topics:
                text = _wrapped(topic, msgspec.json.encode(words).decode())
                self.topics.publish(topic, text)
                if self.faults.take("duplicates"):
                    self.topics.publish(topic, text)

    # -- market streams ------------------------------------------------------------------------------------------

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Book changes, the touch when it changes, trades; the rest once a second."""
        if bids or asks:
            self._publish_book(symbol, bids, asks, now_ns)
        if f"trade.{symbol}" in self.topics:
            for each in prints:
                self._send(f"trade.{symbol}", _trade_words(each, now_ns))
        if self.is_due(symbol, now_ns, _SLOW_NS):
            slow = {"markPrice": self._mark_words, "ticker": self._ticker_words, "kline.1m": self._bar_words}
            for kind, words in slow.items():
                if f"{kind}.{symbol}" in self.topics:
                    self._send(f"{kind}.{symbol}", words(symbol, now_ns))

    def _publish_book(self, symbol: str, bids: Changes, asks: Changes, now_ns: int) -> None:
        first, stamp = self.numbers[symbol] + 1, micros(now_ns)
        self.numbers[symbol] += len(bids) + len(asks)
        numbers = f'"E":"{stamp}","T":"{stamp}","U":{first},"e":"depth","s":"{symbol}","u":{self.numbers[symbol]}'
        text = f'{{"a":[{_levels(asks)}],"b":[{_levels(bids)}],{numbers}}}'
        self.publish_book(f"depth.{symbol}", _wrapped(f"depth.{symbol}", text))
        topic = f"bookTicker.{symbol}"
        if topic in self.topics:
            touch = self._touch_words(symbol)
            if touch != self._touch.get(symbol):
                self._touch[symbol] = touch
                numbers = f'"E":"{stamp}","T":"{stamp}","e":"bookTicker","s":"{symbol}","u":{self.numbers[symbol]}'
                text = ",".join(f'"{name}":"{value}"' for name, value in touch.items())
                self.publish_book(topic, _wrapped(topic, f"{{{text},{numbers}}}"))

    def _touch_words(self, symbol: str) -> Words:
        book = self.engine.books[symbol]
        best = {name: next(iter(side.picture(1)), None) for name, side in (("b", book.bids), ("a", book.asks))}
        prices = {name: str(level[0]) for name, level in best.items() if level}
        return prices | {name.upper(): str(level[1]) for name, level in best.items() if level}

    def _send(self, topic: str, words: Words) -> None:
        self.topics.publish(topic, _wrapped(topic, msgspec.json.encode(words).decode()))

    def _mark_words(self, symbol: str, now_ns: int) -> Words:
        words, stamp = self.data.mark_words(symbol), str(micros(now_ns))
        prices = {"p": words["markPrice"], "i": words["indexPrice"], "f": words["fundingRate"]}
        return {"e": "markPrice", "E": stamp, "s": symbol, **prices, "n": words["nextFundingTimestamp"], "T": stamp}

    def _ticker_words(self, symbol: str, now_ns: int) -> Words:
        day = self.data.day_words(symbol)
        letters = {
            "o": "firstPrice", "c": "lastPrice", "h": "high", "l": "low", "v": "volume", "V": "quoteVolume",
        }  # fmt: skip
        words = {letter: day[name] for letter, name in letters.items()}
        return {"e": "ticker", "E": str(micros(now_ns)), "s": symbol, **words, "n": int(day["trades"])}

    def _bar_words(self, symbol: str, now_ns: int) -> Words:
        bar = self.tapes[symbol].minute
        start_ns = bar.open_ms * clock.NS_PER_MS
        return {
            "e": "kline",
            "E": str(micros(now_ns)),
            "s": symbol,
            "t": naive(start_ns, "seconds"),
            "T": naive(start_ns + MINUTE_MS * clock.NS_PER_MS, "seconds"),
            "o": plain(bar.open),
            "h": plain(bar.high),
            "l": plain(bar.low),
            "c": plain(bar.close),
            "v": plain(bar.volume),
            "n": bar.trades,
            "X": False,
        }


def _trade_words(trade: Print, now_ns: int) -> Words:
    return {
        "e": "trade",
        "E": str(micros(now_ns)),
        "s": trade.symbol,
        "p": plain(trade.price),
        "q": plain(trade.size),
        "a": str(trade.id),
        "b": str(trade.id + 1),
        "t": trade.id,
        "T": str(micros(trade.time_ns)),
        "m": trade.side is Side.SELL,
    }


def _wrapped(stream: str, text: str) -> str:
    return f'{{"data":{text},"stream":"{stream}"}}'


def _levels(levels: Changes) -> str:
    return ",".join([f'["{price!s}","{size!s}"]' for price, size in levels])


def _object(body: bytes) -> dict[str, Any]:
    """A body's JSON, which must be an object."""
    decoded: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    return decoded


def _sorted(parameters: Mapping[str, Any]) -> str:
    """Parameters as they are signed: by name, booleans in lower case."""
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in parameters.items()}
    return urlencode(sorted(words.items()), quote_via=quote)


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def _instrument(coin: str) -> Instrument:
    tick, lot, leverage = _FACTS[coin]
    return Instrument(
        venue="backpack",
        symbol=canonical_symbol(coin),
        native=f"{coin}_USDC_PERP",
        base=coin,
        quote="USDC",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        funding_hours=Decimal(8),
        max_leverage=Decimal(leverage),
    )

"""A simulated Aster: perpetuals settled in USDT in the Binance-futures dialect, signed by wallets.

Private requests carry ``user``, ``signer``, ``nonce`` and, last, ``signature``: EIP-712 over the parameters exactly
as they are sent. The nonce is the time in microseconds, good for ten seconds either way and for one request.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.simulation.venues.aster_data import AsterData, aggregate_words
from perpbot.simulation.venues.aster_stream import AsterStream, topics_of
from perpbot.simulation.venues.aster_trading import AsterTrading
from perpbot.simulation.venues.aster_words import AsterError, Words, account_event, ms, order_event
from perpbot.simulation.venues.ethereum import Domain, address_of_private, keccak, private_key, recover, typed_digest
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, Funded, OrderEvent, Print
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.tape import MINUTE_MS
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_DOMAIN = Domain("AsterSignTransaction", "1", 1666)
_NONCES = 100
_WINDOW_US = 10_000_000
_SLOW_NS = 3 * clock.NS_PER_SECOND
_LISTEN_KEY_NS = 3600 * clock.NS_PER_SECOND
_DEPTHS = (5, 10, 20)
_FACTS = {
    # coin: tick, lot, leverage
    "BTC": ("0.1", "0.001", 125),
    "ETH": ("0.01", "0.001", 100),
    "SOL": ("0.01", "0.01", 75),
    "DOGE": ("0.00001", "1", 75),
}


class Aster(SimulatedVenue):
    """Aster."""

    name: ClassVar[str] = "aster"
    currency: ClassVar[str] = "USDT"
    band: ClassVar[Decimal] = Decimal("0.15")
    tells_fee_coin: ClassVar[bool] = True

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        self.address = self.credentials()["walletAddress"]
        self.data = AsterData(self)
        self.trading = AsterTrading(self)
        self._limits = Limits(burst=2400, per_second=40)
        self._nonces: dict[str, list[int]] = {}
        self._numbers = dict.fromkeys(self.coins, 10_000_000)
        """The last number used in each book; a message covers those after the one before it."""
        self._published = dict(self._numbers)
        self._touch: dict[str, Words] = {}
        self._listen_key: tuple[str, int] | None = None

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named ``BTCUSDT``, sized in coins."""
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """A wallet that is its own agent."""
        key = private_key(f"{self.world.id}/aster")
        address = address_of_private(key)
        return {"privateKey": key, "walletAddress": address, "signerAddress": address}

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real hosts: ``/fapi/v3/…``, ``/ws/…`` and ``/stream``."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}/aster" for scheme in ("http", "ws"))
        return {"rest": http, "ws": {"public": f"{ws}/ws", "private": f"{ws}/ws", "stream": f"{ws}/stream"}}

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.method in {"POST", "DELETE"} and request.path.lower().endswith(("order", "orders"))

    def too_many(self) -> Answer:
        """429 with code -1003."""
        message = "Too many requests; current limit is 2400 requests per minute."
        return _json({"code": -1003, "msg": message}, 429)

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the signature where it wants one, and answer."""
        path = request.path.removeprefix("/aster").removeprefix("/fapi").removeprefix("/v3/")
        if request.path == "/aster/api/v3/exchangeInfo":
            return _json({"timezone": "UTC", "serverTime": ms(now_ns), "rateLimits": [], "symbols": []})
        if not self._limits.allow("weight", now_ns, 1):
            return self.too_many()
        try:
            if request.method == "GET" and path in self.data.handlers:
                return _json(self.data.handlers[path](request.parameters, now_ns))
            handler = self.trading.handlers.get((request.method, path))
            if handler is None:
                return Answer(404, b"", {"Content-Type": "text/plain"})
            text = request.body.decode() or request.query
            parameters = dict(parse_qsl(text, keep_blank_values=True))
            self._check_signature(text, parameters, now_ns)
            return _json(handler(parameters, now_ns))
        except AsterError as error:
            return _json(error.words(), error.status)
        except MALFORMED:
            return _json(
                {"code": -1102, "msg": "A mandatory parameter was not sent, was empty/null, or malformed."}, 400
            )

    def _check_signature(self, text: str, parameters: Mapping[str, str], now_ns: int) -> None:
        signed, _, _ = text.partition("&signature=")
        signature = parameters.get("signature", "")
        for name in ("user", "signer", "nonce", "signature"):
            if name not in parameters:
                raise AsterError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        try:
            signer = recover(
                typed_digest(_DOMAIN, "Message", ("string msg",), (signed,)),
                bytes.fromhex(signature.removeprefix("0x")),
            )
        except ValueError as error:
            raise AsterError(-1022, "Signature for this request is not valid.") from error
        if signer != parameters["signer"].lower() or {signer, parameters["user"].lower()} != {self.address}:
            raise AsterError(-1022, "Signature for this request is not valid.")
        self._check_nonce(signer, int(parameters["nonce"]), now_ns)

    def _check_nonce(self, signer: str, nonce: int, now_ns: int) -> None:
        """Each nonce once; of a hundred kept ones the new one may not be the smallest; ten seconds either way."""
        used = self._nonces.setdefault(signer, [])
        too_old = len(used) >= _NONCES and nonce < min(used)
        if nonce in used or too_old or abs(nonce - now_ns // 1000) > _WINDOW_US:
            raise AsterError(-4225, "Nonce Expired")
        used.append(nonce)
        used.sort()
        del used[:-_NONCES]

    # -- the user stream -----------------------------------------------------------------------------------------

    def listen_key(self, now_ns: int) -> str | None:
        """The key of the user stream while it is good."""
        if self._listen_key is None or now_ns >= self._listen_key[1]:
            return None
        return self._listen_key[0]

    def renew_listen_key(self, now_ns: int) -> str:
        """Make the key good for an hour, and a new one where none is."""
        key = self.listen_key(now_ns) or keccak(f"{self.world.id}/{now_ns}".encode()).hex()
        self._listen_key = key, now_ns + _LISTEN_KEY_NS
        return key

    def drop_listen_key(self) -> None:
        """End the user stream."""
        self._listen_key = None

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Orders one by one; balance and positions after fills and funding."""
        account, marks = self.engine.accounts[ACCOUNT], self.engine.marks
        for event in events:
            if isinstance(event, OrderEvent):
                self._tell_user(order_event(event.order, event.execution, now_ns))
                if event.execution is not None:
                    self._tell_user(account_event(account, [event.order.symbol], marks, now_ns))
            elif isinstance(event, Funded):
                self._tell_user(account_event(account, [], marks, now_ns))

    def _tell_user(self, message: Words) -> None:
        """Only a session whose key is still good hears it."""
        key = self.listen_key(self.now_ns)
        if key is not None:
            self._send(key, msgspec.json.encode(message).decode())
            if self.faults.take("duplicates"):
                self._send(key, msgspec.json.encode(message).decode())

    def _expire_listen_key(self, now_ns: int) -> None:
        if self._listen_key is not None and self.listen_key(now_ns) is None:
            self._send(self._listen_key[0], f'{{"e":"listenKeyExpired","E":{ms(now_ns)}}}')
            self._listen_key = None

    # -- market streams ------------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """``/ws``, ``/ws/<stream>`` and ``/stream?streams=<stream>/…``, whose messages name their stream."""
        path = request.path.removeprefix("/aster")
        if path == "/stream":
            return AsterStream(self, socket, request.parameters.get("streams", "").split("/"), named=True)
        if path == "/ws" or path.startswith("/ws/"):
            return AsterStream(self, socket, path.removeprefix("/ws").split("/"), named=False)
        return None

    def number_snapshot(self, symbol: str) -> int:
        """A number for a picture of the book, so that the next message begins at or before it and ends after it."""
        self._numbers[symbol] += 1
        return self._numbers[symbol]

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Book changes and pictures, the touch when it changes, trades; the rest once a second."""
        lower = symbol.lower()
        if bids or asks:
            self._publish_book(symbol, bids, asks, now_ns)
        if prints and self._wanted(f"{lower}@aggTrade"):
            for each in prints:
                trade = {"e": "aggTrade", "E": ms(now_ns), "s": symbol, **aggregate_words(each)}
                self._send(f"{lower}@aggTrade", msgspec.json.encode(trade).decode())
        if self.is_due(symbol, now_ns, _SLOW_NS):
            self._expire_listen_key(now_ns)
            slow = {"markPrice": self._mark_words, "ticker": self._ticker_words, "kline_1m": self._bar_words}
            for kind, words in slow.items():
                if self._wanted(f"{lower}@{kind}"):
                    self._send(f"{lower}@{kind}", msgspec.json.encode(words(symbol, now_ns)).decode())

    def _publish_book(self, symbol: str, bids: Changes, asks: Changes, now_ns: int) -> None:
        lower, previous, stamp = symbol.lower(), self._published[symbol], ms(now_ns)
        self._numbers[symbol] += len(bids) + len(asks)
        self._published[symbol] = number = self._numbers[symbol]
        numbers = f'"U":{previous + 1},"u":{number},"pu":{previous}'
        head = f'{{"e":"depthUpdate","E":{stamp},"T":{stamp},"s":"{symbol}",{numbers},'
        if self._wanted(f"{lower}@depth"):
            self._send_book(f"{lower}@depth", f'{head}"b":[{_levels(bids)}],"a":[{_levels(asks)}]}}')
        book = self.engine.books[symbol]
        for depth in _DEPTHS:
            if self._wanted(f"{lower}@depth{depth}"):
                best, worst = _levels(book.bids.picture(depth)), _levels(book.asks.picture(depth))
                self._send_book(f"{lower}@depth{depth}", f'{head}"b":[{best}],"a":[{worst}]}}')
        if self._wanted(f"{lower}@bookTicker"):
            touch = self.data.touch_words(symbol)
            if touch != self._touch.get(symbol):
                self._touch[symbol] = touch
                self._send_book(f"{lower}@bookTicker", self._touch_text(symbol, touch, now_ns))

    def _touch_text(self, symbol: str, touch: Words, now_ns: int) -> str:
        return (
            f'{{"e":"bookTicker","u":{self._numbers[symbol]},"s":"{symbol}",'
            f'"b":"{touch["bidPrice"]}","B":"{touch["bidQty"]}","a":"{touch["askPrice"]}","A":"{touch["askQty"]}",'
            f'"T":{ms(now_ns)},"E":{ms(now_ns)}}}'
        )

    def _wanted(self, stream: str) -> bool:
        return self.topics.any_of(topics_of(stream))

    def _send(self, stream: str, text: str) -> None:
        """To those who listen to one stream as it is, and to those whose messages name their stream."""
        for name, named in topics_of(stream):
            if (name, named) in self.topics:
                self.topics.publish((name, named), f'{{"stream":"{name}","data":{text}}}' if named else text)

    def _send_book(self, stream: str, text: str) -> None:
        spoilt = self.spoil_book(text)
        if spoilt is not None:
            self._send(stream, spoilt)

    def _mark_words(self, symbol: str, now_ns: int) -> Words:
        words = self.data.premium_words(symbol, now_ns)
        return {
            "e": "markPriceUpdate",
            "E": ms(now_ns),
            "s": symbol,
            "p": words["markPrice"],
            "i": words["indexPrice"],
            "P": words["estimatedSettlePrice"],
            "r": words["lastFundingRate"],
            "T": words["nextFundingTime"],
        }

    def _ticker_words(self, symbol: str, now_ns: int) -> Words:
        day = self.data.day_words(symbol, now_ns)
        letters = {
            "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "c": "lastPrice", "Q": "lastQty",
            "o": "openPrice", "h": "highPrice", "l": "lowPrice", "v": "volume", "q": "quoteVolume", "O": "openTime",
            "C": "closeTime", "F": "firstId", "L": "lastId", "n": "count",
        }  # fmt: skip
        return {"e": "24hrTicker", "E": ms(now_ns), "s": symbol, **{key: day[name] for key, name in letters.items()}}

    def _bar_words(self, symbol: str, now_ns: int) -> Words:
        bar = self.tapes[symbol].minute
        prices = zip("ohlc", (bar.open, bar.high, bar.low, bar.close), strict=True)
        details = {
            "t": bar.open_ms,
            "T": bar.open_ms + MINUTE_MS - 1,
            "s": symbol,
            "i": "1m",
            **{letter: str(price) for letter, price in prices},
            "v": str(bar.volume),
            "q": str(bar.quote_volume),
            "n": bar.trades,
            "x": False,
        }
        return {"e": "kline", "E": ms(now_ns), "s": symbol, "k": details}


def _levels(levels: Changes) -> str:
    return ",".join([f'["{price!s}","{size!s}"]' for price, size in levels])


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def _instrument(coin: str) -> Instrument:
    tick, lot, leverage = _FACTS[coin]
    return Instrument(
        venue="aster",
        symbol=canonical_symbol(coin),
        native=f"{coin}USDT",
        base=coin,
        quote="USDT",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        min_notional=Decimal(5),
        maker_fee=Decimal("0.0001"),
        taker_fee=Decimal("0.00035"),
        funding_hours=Decimal(8),
        max_leverage=Decimal(leverage),
    )

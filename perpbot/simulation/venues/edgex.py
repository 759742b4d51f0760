"""A simulated EdgeX, version 2: perpetuals settled in USDC, HMAC over requests, EIP-712 over orders.

A private request carries ``X-edgeX-Api-Key``, ``-Passphrase``, ``-Timestamp`` and ``-Signature``: over time, method,
path and sorted parameters. How old its time may be is not documented; it is ten seconds here.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.simulation.venues import edgex_words as words
from perpbot.simulation.venues.edgex_data import LEVELS, EdgexData
from perpbot.simulation.venues.edgex_stream import EdgexStream
from perpbot.simulation.venues.edgex_trading import EdgexTrading
from perpbot.simulation.venues.edgex_words import FIRST_CONTRACT, EdgexError, Owner, Words
from perpbot.simulation.venues.ethereum import address_of_private, private_key
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, Execution, Funded, Print, Status, VenueOrder
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.venue import SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_PUBLIC, _PRIVATE = "/edgex/api/v2/public/", "/edgex/api/v2/private/"
_STREAMS = {"/edgex/api/v1/public/ws": False, "/edgex/api/v1/private/ws": True}
_WINDOW_MS = 10_000
_SLOW_NS = clock.NS_PER_SECOND
_FACTS = {
    # coin: tick, lot, leverage
    "BTC": ("0.1", "0.001", 100),
    "ETH": ("0.01", "0.001", 100),
    "SOL": ("0.01", "0.01", 50),
    "DOGE": ("0.00001", "1", 50),
}


class Edgex(SimulatedVenue):
    """EdgeX."""

    name: ClassVar[str] = "edgex"
    currency: ClassVar[str] = "USDC"
    band: ClassVar[Decimal] = Decimal("0.2")
    fee_step: ClassVar[Decimal] = Decimal("1e-6")
    streams: dict[EdgexStream, None]

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        keys = self.credentials()
        self.signer = address_of_private(keys["privateKey"])
        self.owner = Owner(str(int(keys["accountId"]) + 1), keys["accountId"])
        self.data = EdgexData(self)
        self.trading = EdgexTrading(self)
        self.versions = dict.fromkeys(self.coins, (2_070_150_000, 2_070_150_000))
        """Where the last message about each book began and ended."""
        self.event_version = 1_000
        self._pictures: dict[tuple[str, int], tuple[Changes, Changes]] = {}
        self._limits = Limits(burst=1000, per_second=50)
        self._touch: dict[str, Words] = {}

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named by numbers, sized in coins."""
        return [_instrument(coin, str(FIRST_CONTRACT + list(_FACTS).index(coin))) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """Key, secret and passphrase for requests, the account, and the key of its signer for orders."""
        digest = sha256(f"{self.world.id}/edgex".encode()).hexdigest()
        key = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
        return {
            "apiKey": key,
            "secret": digest[32:],
            "password": f"Pass-{digest[:8]}",
            "privateKey": private_key(f"{self.world.id}/edgex"),
            "accountId": str(7 * 10**17 + int(digest[:12], 16)),
        }

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real hosts: ``/api/v2/…`` and ``/api/v1/…/ws``."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}" for scheme in ("http", "ws"))
        public, private = (f"{ws}{path}" for path in _STREAMS)
        return {"rest": f"{http}/edgex", "ws": {"public": public, "private": private}}

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.method == "POST" and request.path.startswith(f"{_PRIVATE}order/c")

    def too_many(self) -> Answer:
        """429 with a code."""
        return _refuse(EdgexError("TOO_MANY_REQUESTS", "too many requests", 429), self.now_ns)

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the signature where it wants one, and answer in EdgeX's envelope."""
        if not self._limits.allow("requests", now_ns):
            return self.too_many()
        try:
            handler = self.data.handlers.get(request.path.removeprefix(_PUBLIC))
            if request.method == "GET" and handler is not None:
                return _envelope(handler(request.parameters, now_ns), now_ns)
            act = self.trading.handlers.get((request.method, request.path.removeprefix(_PRIVATE)))
            if act is None:
                return Answer(404, b"", {"Content-Type": "text/plain"})
            told = request.parameters if request.method == "GET" else dict(msgspec.json.decode(request.body))
            path = request.path.removeprefix("/edgex")
            self._check_signature(request, path, told, now_ns)
            if told.get("accountId") != self.owner.account_id:
                raise EdgexError("FORBIDDEN", "the account is not yours", 403)
            return _envelope(act(told, now_ns), now_ns)
        except EdgexError as error:
            return _refuse(error, now_ns)
        except MALFORMED:
            return _refuse(EdgexError("INVALID_PARAMETER", "the request cannot be understood", 400), now_ns)

    def _check_signature(self, request: Request, path: str, told: Mapping[str, Any], now_ns: int) -> None:
        headers, keys = request.headers, self.credentials()
        if headers.get("x-edgex-api-key") != keys["apiKey"] or headers.get("x-edgex-passphrase") != keys["password"]:
            raise EdgexError("UNAUTHORIZED", "unknown api key or wrong passphrase", 401)
        stamp = headers.get("x-edgex-timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) - now_ns // clock.NS_PER_MS) > _WINDOW_MS:
            raise EdgexError("INVALID_TIMESTAMP", "timestamp out of window", 401)
        key, signed = b64encode(keys["secret"].encode()), f"{stamp}{request.method}{path}{_sorted(told)}"
        wanted = hmac.digest(key, signed.encode(), "sha256").hex()
        if not hmac.compare_digest(wanted, headers.get("x-edgex-signature", "")):
            raise EdgexError("INVALID_SIGNATURE", "signature does not match", 401)

    # -- the account's stream ------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """Market data for everybody, the account's changes for who has signed the handshake."""
        private = _STREAMS.get(request.path)
        if private is None:
            return None
        with self.lock:
            now_ns = self.now_ns
            if private:
                try:
                    self._check_signature(request, request.path.removeprefix("/edgex"), request.parameters, now_ns)
                except EdgexError:
                    return None
            stream = EdgexStream(self, socket, now_ns, private=private)
            self.streams[stream] = None
            if private:
                orders = [words.order_words(each, self.owner) for each in self.trading.account.open_orders]
                told = {"account": [self.trading.account_words()], "order": orders}
                stream.push(
                    "Snapshot",
                    self.event_version,
                    {**told, **self.trading.holdings(self.trading.held(), now_ns)},
                    now_ns,
                )
            return stream

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Orders one by one, with fill, position and collateral; a filled one is told once more by itself."""
        for event in events:
            if isinstance(event, Funded):
                paid = [words.funding_words(event, self.owner)]
                held = self.trading.holdings([event.symbol], now_ns)
                self._tell("FUNDING_SETTLEMENT", {"positionTransaction": paid, **held}, now_ns)
            else:
                self._tell_order(event.order, event.execution, now_ns)

    def _tell_order(self, order: VenueOrder, fill: Execution | None, now_ns: int) -> None:
        told: Words = {"order": [words.order_words(order, self.owner)]}
        if fill is not None:
            held = self.trading.holdings([order.symbol], now_ns)
            self._tell(
                "ORDER_UPDATE", {**told, "orderFillTransaction": [words.fill_words(fill, self.owner)], **held}, now_ns
            )
        if fill is None or order.status is Status.FILLED:
            self._tell("ORDER_UPDATE", told, now_ns)

    def _tell(self, event: str, data: Words, now_ns: int) -> None:
        self.event_version += 1
        times = 2 if self.faults.take("duplicates") else 1
        for stream in [each for each in self.streams if each.private] * times:
            stream.push(event, self.event_version, data, now_ns)

    # -- market streams ------------------------------------------------------------------------------------------

    def first_words(self, channel: str, now_ns: int) -> list[Words]:
        """What a subscription starts with."""
        kind, _, rest = channel.partition(".")
        symbol, _, detail = rest.partition(".")
        symbols = list(self.coins) if symbol == "all" else [symbol]
        if kind == "depth":
            level, book = int(detail), self.engine.books[symbol]
            self._pictures[symbol, level] = book.bids.picture(level), book.asks.picture(level)
            return [self.data.book_words(symbol, level)]
        if kind == "metadata":
            return [self.data.metadata_words()]
        return [row for each in symbols for row in self._rows(kind, each, now_ns)]

    def _rows(self, kind: str, symbol: str, now_ns: int) -> list[Words]:
        if kind == "ticker":
            return [self.data.ticker_words(symbol, now_ns)]
        if kind == "fundingRate":
            return [self.data.funding_words(symbol, now_ns)]
        if kind == "bookTicker":
            return [{**self.data.touch_words(symbol), "time": words.ms(now_ns)}]
        return []

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Books as changes of the best levels, the touch when it changes, trades; the rest once a second."""
        if bids or asks:
            before = self.versions[symbol][1]
            self.versions[symbol] = before, before + len(bids) + len(asks)
            for level in LEVELS:
                self._publish_book(symbol, level)
            touch = self.data.touch_words(symbol)
            if touch != self._touch.get(symbol):
                self._touch[symbol] = touch
                self._publish([f"bookTicker.{symbol}", "bookTicker.all"], {**touch, "time": words.ms(now_ns)})
        for each in prints:
            self._publish([f"trades.{symbol}"], self._trade_words(each))
        if self.is_due(symbol, now_ns, _SLOW_NS):
            self._publish_slow(symbol, now_ns)
            for stream in list(self.streams):
                stream.beat(now_ns)

    def _publish_slow(self, symbol: str, now_ns: int) -> None:
        for kind in ("ticker", "fundingRate", "bookTicker"):
            channels = [f"{kind}.all.1s"]
            if kind != "bookTicker":  # which is told whenever it changes
                channels += [f"{kind}.{symbol}", f"{kind}.all"]
            if self.topics.any_of(channels):
                self._publish(channels, self._rows(kind, symbol, now_ns)[0])
        channel = f"kline.LAST_PRICE.{symbol}.MINUTE_1"
        if channel in self.topics:
            self._publish([channel], self.data.bar_words(symbol, self.tapes[symbol].minute, "MINUTE_1"))

    def _publish(self, channels: Sequence[str], row: Words) -> None:
        for channel in channels:
            if channel in self.topics:
                content = {"channel": channel, "dataType": "changed", "data": [row]}
                message = {"type": "quote-event", "channel": channel, "content": content}
                self.topics.publish(channel, msgspec.json.encode(message).decode())

    def _publish_book(self, symbol: str, level: int) -> None:
        """What has changed among the best levels, perhaps nothing; its numbers count the changes behind them too."""
        channel = f"depth.{symbol}.{level}"
        if channel not in self.topics:
            return
        book, (first, last) = self.engine.books[symbol], self.versions[symbol]
        before, now = self._pictures[symbol, level], (book.bids.picture(level), book.asks.picture(level))
        self._pictures[symbol, level] = now
        bids, asks = (_levels(_changes(old, new)) for old, new in zip(before, now, strict=True))
        name = f"{self.coins[symbol]}USDC"
        self.publish_book(
            channel,
            f'{{"type":"quote-event","channel":"{channel}","content":{{"channel":"{channel}","dataType":"changed",'
            f'"data":[{{"asks":[{asks}],"bids":[{bids}],"startVersion":"{first}","endVersion":"{last}",'
            f'"level":{level},"contractId":"{symbol}","contractName":"{name}","depthType":"CHANGED"}}]}}}}',
        )

    def _trade_words(self, trade: Print) -> Words:
        return {
            "ticketId": f"{trade.id:08x}-0000-4000-8000-000000000000",
            "time": words.ms(trade.time_ns),
            "price": str(trade.price),
            "size": str(trade.size),
            "value": str(trade.price * trade.size),
            "contractId": trade.symbol,
            "contractName": f"{self.coins[trade.symbol]}USDC",
            "isBestMatch": True,
            "isBuyerMaker": trade.side.sign < 0,
        }


def _changes(before: Changes, now: Changes) -> Changes:
    """What makes the levels of `before` those of `now`; zero for one that has gone."""
    old, new = dict(before), dict(now)
    gone = [(price, Decimal(0)) for price in old if price not in new]
    return gone + [(price, size) for price, size in now if old.get(price) != size]


def _levels(levels: Changes) -> str:
    return ",".join([f'{{"price":"{price!s}","size":"{size!s}"}}' for price, size in levels])


def _sorted(value: Any) -> str:
    """Parameters as they are signed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "&".join(f"{name}={_sorted(value[name])}" for name in sorted(value))
    if isinstance(value, list):
        return "&".join(_sorted(each) for each in value)
    return str(value)


def _envelope(data: object, now_ns: int) -> Answer:
    return _json({"code": "SUCCESS", "data": data, "msg": None, "errorParam": None}, now_ns)


def _refuse(error: EdgexError, now_ns: int) -> Answer:
    words = {"code": error.code, "data": None, "msg": error.message, "errorParam": None}
    return _json(words, now_ns, error.status)


def _json(words: Words, now_ns: int, status: int = 200) -> Answer:
    stamp = str(now_ns // clock.NS_PER_MS)
    whole = {**words, "requestTime": stamp, "responseTime": stamp, "traceId": f"{now_ns:032x}"}
    return Answer(status, msgspec.json.encode(whole))


def _instrument(coin: str, native: str) -> Instrument:
    tick, lot, leverage = _FACTS[coin]
    return Instrument(
        venue="edgex",
        symbol=canonical_symbol(coin),
        native=native,
        base=coin,
        quote="USDC",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        maker_fee=Decimal("0.0004"),
        taker_fee=Decimal("0.00045"),
        funding_hours=Decimal(4),
        max_leverage=Decimal(leverage),
    )

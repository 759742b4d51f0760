"""A simulated OKX: perpetuals settled in USDT, API v5 over REST and WebSocket.

Requests are signed with HMAC-SHA256 in base64 over timestamp, method, path with query, and body; the timestamp may
be 30 s off. A request that arrives after its ``expTime`` is refused, so that a client who sends it knows when an
order it has heard nothing of can no longer come into being.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.model.money import plain
from perpbot.simulation.venues import okx_words as words
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.okx_data import OkxData
from perpbot.simulation.venues.okx_stream import OkxStream
from perpbot.simulation.venues.okx_trading import OkxTrading
from perpbot.simulation.venues.okx_words import OkxError, Words
from perpbot.simulation.venues.orders import Event, OrderEvent, Print
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.tape import Bar
from perpbot.simulation.venues.venue import SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_API = "/okx/api/v5/"
_STREAM = "/okx/ws/v5/"
_WINDOW_MS = 30_000
_SLOW_NS = 3 * clock.NS_PER_SECOND

_FACTS = {
    # coin: tick, contract size, lot in contracts, leverage
    "BTC": ("0.1", "0.01", "0.01", 100),
    "ETH": ("0.01", "0.1", "0.01", 100),
    "SOL": ("0.01", "1", "0.01", 50),
    "DOGE": ("0.00001", "1000", "0.01", 50),
}


class Okx(SimulatedVenue):
    """OKX."""

    name: ClassVar[str] = "okx"
    currency: ClassVar[str] = "USDT"
    band: ClassVar[Decimal] = Decimal("0.05")
    streams: dict[OkxStream, None]

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        self.sequences = dict.fromkeys(self.coins, 1_000_000)
        self.data = OkxData(self)
        self.trading = OkxTrading(self)
        self._public = self.data.handlers()
        self._private = {"GET": self.trading.readers(), "POST": self.trading.writers()}
        self._limits = Limits(burst=120, per_second=60)
        self._per_contract = {each.native: Decimal(plain(1 / each.contract_size)) for each in self.engine.instruments}

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named ``BTC-USDT-SWAP``, sized in contracts."""
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """Key, secret and passphrase."""
        digest = sha256(f"{self.world.id}/okx".encode()).hexdigest()
        key = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
        return {"apiKey": key, "secret": digest[32:].upper(), "password": f"Pass-{digest[:8]}"}

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real hosts: ``/api/v5/…`` and ``/ws/v5/…``."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}" for scheme in ("http", "ws"))
        streams = {kind: f"{ws}{_STREAM}{kind}" for kind in ("public", "private", "business")}
        return {"rest": f"{http}/okx", "ws": streams}

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.method == "POST" and request.path.startswith(f"{_API}trade/")

    def too_many(self) -> Answer:
        """429 with code 50011."""
        return _refuse(OkxError("50011", "Too Many Requests", 429))

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the signature where it wants one, and answer in OKX's envelope."""
        path = request.path.removeprefix(_API)
        if not self._limits.allow(path, now_ns):
            return self.too_many()
        try:
            if request.method == "GET" and path in self._public:
                return _accept(self._public[path](request.parameters, now_ns))
            handler = self._private.get(request.method, {}).get(path)
            if handler is None:
                raise OkxError("404", "API endpoint request not found", 404)
            self._check_signature(request, now_ns)
            if request.method == "GET":
                return _accept(handler(request.parameters, now_ns))
            return self._write(handler, path, request, now_ns)
        except OkxError as error:
            return _refuse(error)
        except MALFORMED:
            return _refuse(OkxError("51000", "Parameter error", 400))

    def login_fault(self, arguments: Words, now_ns: int) -> tuple[str, str] | None:
        """What is wrong with a WebSocket login, or None: a signature over ``GET/users/self/verify``, in seconds."""
        keys = self.credentials()
        if arguments.get("apiKey") != keys["apiKey"]:
            return "60005", "Invalid apiKey"
        if arguments.get("passphrase") != keys["password"]:
            return "60024", "Wrong passphrase"
        stamp = str(arguments.get("timestamp", ""))
        if not stamp.isdigit() or abs(int(stamp) * 1000 - now_ns // clock.NS_PER_MS) > _WINDOW_MS:
            return "60006", "Timestamp request expired"
        if arguments.get("sign") != self._sign(f"{stamp}GET/users/self/verify"):
            return "60007", "Invalid sign"
        return None

    def _write(self, handler: Callable[[Any, int], list[Words]], path: str, request: Request, now_ns: int) -> Answer:
        body = msgspec.json.decode(request.body)
        if path.startswith("trade/") and _expired(request.headers.get("exptime"), now_ns):
            code, message = words.EXPIRED
            sent = body if isinstance(body, list) else [body]
            return envelope(
                [{"clOrdId": each.get("clOrdId", ""), "ordId": "", "sCode": code, "sMsg": message} for each in sent]
            )
        return envelope(handler(body, now_ns))

    def _check_signature(self, request: Request, now_ns: int) -> None:
        headers, keys = request.headers, self.credentials()
        for number, name in ((103, "KEY"), (104, "PASSPHRASE"), (106, "SIGN"), (107, "TIMESTAMP")):
            if not headers.get(f"ok-access-{name.lower()}"):
                raise OkxError(f"50{number}", f"Request header OK-ACCESS-{name} can not be empty.", 401)
        if headers["ok-access-key"] != keys["apiKey"]:
            raise OkxError("50111", "Invalid OK-ACCESS-KEY", 401)
        if headers["ok-access-passphrase"] != keys["password"]:
            raise OkxError("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.", 401)
        stamp = headers["ok-access-timestamp"]
        if abs(_stamp_ms(stamp) - now_ns // clock.NS_PER_MS) > _WINDOW_MS:
            raise OkxError("50102", "Timestamp request expired", 401)
        signed = f"{stamp}{request.method}{request.target.removeprefix('/okx')}{request.body.decode()}"
        if not hmac.compare_digest(self._sign(signed), headers["ok-access-sign"]):
            raise OkxError("50113", "Invalid Sign", 401)

    def _sign(self, text: str) -> str:
        secret = self.credentials()["secret"]
        return b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()

    # -- WebSocket -----------------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """Sessions at ``public``, ``private`` and ``business``."""
        kind = request.path.removeprefix(_STREAM)
        return OkxStream(self, socket, kind) if kind in {"public", "private", "business"} else None

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Books as deltas, five levels and the touch; trades; and the slow channels once a second."""
        if bids or asks:
            previous = self.sequences[symbol]
            self.sequences[symbol] = sequence = previous + len(bids) + len(asks)
            self._publish_books(symbol, (bids, asks), (previous, sequence), now_ns)
        for each in prints:
            self.push("trades", symbol, self.trade_words(each))
        if self.is_due(symbol, now_ns, _SLOW_NS):
            for channel in ("tickers", "mark-price", "funding-rate", "candle1m"):
                if (channel, symbol) in self.topics:
                    self.push(channel, symbol, self.channel_words(channel, symbol, now_ns))

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Orders one by one, then positions and balance as they are after them."""
        for stream in list(self.streams):
            for event in events:
                if isinstance(event, OrderEvent):
                    stream.push_order(event)
            touched = {event.order.symbol if isinstance(event, OrderEvent) else event.symbol: None for event in events}
            if any(not isinstance(event, OrderEvent) or event.execution for event in events):
                stream.push_account(list(touched), now_ns)

    def push(self, channel: str, symbol: str, data: object) -> None:
        """Send one item of a public channel."""
        if (channel, symbol) in self.topics:
            message = {"arg": {"channel": channel, "instId": symbol}, "data": [data]}
            self.topics.publish((channel, symbol), msgspec.json.encode(message).decode())

    def channel_words(self, channel: str, symbol: str, now_ns: int) -> object:
        """The latest of a slow channel."""
        if channel == "tickers":
            return self.data.ticker_words(symbol, now_ns)
        if channel == "mark-price":
            return self.data.mark_words(symbol, now_ns)
        if channel == "funding-rate":
            return self.data.funding_words(symbol, now_ns)
        return self.bar_words(symbol, self.tapes[symbol].minute, over=False)

    def _publish_books(
        self, symbol: str, changes: tuple[Changes, Changes], numbers: tuple[int, int], now_ns: int
    ) -> None:
        topics, stamp = self.topics, words.ms(now_ns)
        head = '{"arg":{"channel":"%s","instId":"%s"},'
        if ("books", symbol) in topics:
            bids, asks = (self._levels(symbol, side, bids=number == 0) for number, side in enumerate(changes))
            checksum = -123456789 if self.faults.take("wrong_checksum") else 0
            text = (
                f'{head % ("books", symbol)}"action":"update","data":[{{"asks":[{asks}],"bids":[{bids}],"ts":"{stamp}",'
                f'"checksum":{checksum},"prevSeqId":{numbers[0]},"seqId":{numbers[1]}}}]}}'
            )
            self.publish_book(("books", symbol), text)
        for channel, depth in (("books5", 5), ("bbo-tbt", 1)):
            if (channel, symbol) in topics:
                bids, asks = (self._best(symbol, depth, bids=bids) for bids in (True, False))
                text = (
                    f'{head % (channel, symbol)}"data":[{{"asks":[{asks}],"bids":[{bids}],"instId":"{symbol}",'
                    f'"ts":"{stamp}","seqId":{numbers[1]}}}]}}'
                )
                self.publish_book((channel, symbol), text)

    # -- words that streams and REST share -----------------------------------------------------------------------

    def level_words(self, symbol: str, *, bids: bool, depth: int) -> list[list[str]]:
        """Levels of one side as lists: price, contracts, a zero from former times, number of orders."""
        book = self.engine.books[symbol]
        side = book.bids if bids else book.asks
        per_contract = self._per_contract[symbol]
        return [
            [str(price), str(size * per_contract), "0", str(side.count(price))] for price, size in side.picture(depth)
        ]

    def trade_words(self, trade: Print) -> Words:
        """A public trade."""
        return {
            "instId": trade.symbol,
            "tradeId": str(trade.id),
            "px": str(trade.price),
            "sz": words.contracts(self.instrument(trade.symbol), trade.size),
            "side": trade.side.value,
            "ts": words.ms(trade.time_ns),
            "count": "1",
        }

    def bar_words(self, symbol: str, bar: Bar, *, over: bool) -> list[str]:
        """A bar: start, four prices, volume in contracts, coins and quote currency, and whether it is over."""
        prices = (plain(each) for each in (bar.open, bar.high, bar.low, bar.close))
        volume = words.contracts(self.instrument(symbol), bar.volume)
        return [str(bar.open_ms), *prices, volume, plain(bar.volume), plain(bar.quote_volume), "1" if over else "0"]

    def _levels(self, symbol: str, levels: Changes, *, bids: bool) -> str:
        per_contract, book = self._per_contract[symbol], self.engine.books[symbol]
        known = (book.bids if bids else book.asks).levels
        return ",".join(
            [
                f'["{price!s}","{size * per_contract!s}","0","{1 + len(known[price].queue)}"]'
                if size
                else f'["{price!s}","0","0","0"]'
                for price, size in levels
            ]
        )

    def _best(self, symbol: str, depth: int, *, bids: bool) -> str:
        book = self.engine.books[symbol]
        return self._levels(symbol, (book.bids if bids else book.asks).picture(depth), bids=bids)


def envelope(data: list[Words]) -> Answer:
    """The answer to orders: 0 when all were taken, 1 when none was, 2 when some were."""
    failed = [each for each in data if each.get("sCode", "0") != "0"]
    code, message = "0", ""
    if failed:
        whole = len(failed) == len(data)
        code, message = ("1", "All operations failed") if whole else ("2", "Bulk operation partially succeeded.")
    return _json({"code": code, "data": data, "msg": message})


def _accept(data: Sequence[object]) -> Answer:
    return _json({"code": "0", "data": data, "msg": ""})


def _refuse(error: OkxError) -> Answer:
    return _json({"code": error.code, "data": [], "msg": error.message}, error.status)


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def _expired(deadline: str | None, now_ns: int) -> bool:
    return deadline is not None and int(deadline) < now_ns // clock.NS_PER_MS


def _stamp_ms(stamp: str) -> int:
    try:
        return int(datetime.fromisoformat(stamp).timestamp() * 1000)
    except ValueError as error:
        raise OkxError("50112", "Invalid OK-ACCESS-TIMESTAMP", 401) from error


def _instrument(coin: str) -> Instrument:
    tick, contract, lot, leverage = _FACTS[coin]
    smallest = Decimal(lot) * Decimal(contract)
    return Instrument(
        venue="okx",
        symbol=canonical_symbol(coin),
        native=f"{coin}-USDT-SWAP",
        base=coin,
        quote="USDT",
        tick=Decimal(tick),
        lot=smallest,
        min_quantity=smallest,
        contract_size=Decimal(contract),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        funding_hours=Decimal(8),
        max_leverage=Decimal(leverage),
    )

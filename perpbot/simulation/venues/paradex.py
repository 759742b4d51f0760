"""A simulated Paradex: perpetuals settled in USDC, REST, and one WebSocket for all.

A request carries a token that was got with a signature and lives for five minutes; an order is signed by itself.
Funding runs on continuously at the real one; here it is settled every eight hours.
"""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from perpbot import clock
from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.simulation.venues import paradex_words as words
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.orders import Event, OrderEvent, Print
from perpbot.simulation.venues.paradex_data import Handler, ParadexData
from perpbot.simulation.venues.paradex_sbe import book_frame, funding_frame, summary_frame, trade_frame
from perpbot.simulation.venues.paradex_stream import ParadexStream
from perpbot.simulation.venues.paradex_trading import ParadexTrading
from perpbot.simulation.venues.paradex_words import ParadexError, Words
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.starknet import Felt, account_address, is_signed, message_hash, private_key
from perpbot.simulation.venues.stream import MALFORMED
from perpbot.simulation.venues.venue import SimulatedVenue, World
from perpbot.simulation.venues.websocket import Session, WebSocket

_ROOT = "/paradex/v1/"
_STREAM = "/paradex/ws/v1"
_TOKEN_NS = 300 * clock.NS_PER_SECOND
_CLOCK_S = 30
_SLOW_NS = clock.NS_PER_SECOND
_DEPTH = 400
_LOGIN = "Request(method:felt,path:felt,body:felt,timestamp:felt,expiration:felt)"

_FACTS = {
    # coin: tick, lot, leverage
    "BTC": ("0.1", "0.00001", 50),
    "ETH": ("0.01", "0.0001", 50),
    "SOL": ("0.001", "0.001", 20),
    "DOGE": ("0.00001", "1", 10),
}


class Paradex(SimulatedVenue):
    """Paradex."""

    name: ClassVar[str] = "paradex"
    currency: ClassVar[str] = "USDC"
    band: ClassVar[Decimal] = Decimal("0.05")
    chain_id: ClassVar[str] = "PRIVATE_SN_PARACLEAR_MAINNET"
    channels: ClassVar[tuple[str, ...]] = ("order_book", "markets_summary", "funding_data", "trades")
    """The public channels."""
    streams: dict[ParadexStream, None]

    def __init__(self, world: World, coins: Sequence[str], now_ns: int, port: int = 0) -> None:
        super().__init__(world, coins, now_ns, port)
        keys = self.credentials()
        self.address, self.key = keys["walletAddress"], keys["privateKey"]
        self.sequences = dict.fromkeys(self.coins, 14_000_000)
        self.data = ParadexData(self)
        self.trading = ParadexTrading(self)
        self._tokens: dict[str, int] = {}
        self._public = self.data.handlers()
        self._private = self.trading.handlers()
        self._limits = Limits(burst=240, per_second=120)

    # -- facts ---------------------------------------------------------------------------------------------------

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        """Perpetuals named ``BTC-USD-PERP``, sized in coins."""
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        """The account's Stark key and its address."""
        seed = f"{self.world.id}/paradex"
        return {"privateKey": private_key(seed), "walletAddress": account_address(seed)}

    def endpoints(self) -> dict[str, Any]:
        """The paths continue as on the real hosts."""
        http, ws = (f"{scheme}://127.0.0.1:{self.server.port}" for scheme in ("http", "ws"))
        return {"rest": f"{http}{_ROOT.rstrip('/')}", "ws": dict.fromkeys(("public", "private"), f"{ws}{_STREAM}")}

    def message(self, kind: str, values: Sequence[Felt]) -> int:
        """What the account's owner signs for a struct of type `kind`."""
        return message_hash(("Paradex", self.chain_id, 1), self.address, kind, values)

    def is_valid(self, token: str, now_ns: int) -> bool:
        """Whether a token was handed out here and has not expired."""
        return now_ns < self._tokens.get(token, 0)

    # -- HTTP ----------------------------------------------------------------------------------------------------

    def trades(self, request: Request) -> bool:
        """Whether a request places or cancels orders."""
        return request.method in {"POST", "DELETE"} and request.path.startswith(f"{_ROOT}orders")

    def too_many(self) -> Answer:
        """429 in Paradex's words."""
        return _json(ParadexError("RATE_LIMIT_EXCEEDED", "too many requests").words(), 429)

    def respond(self, request: Request, now_ns: int) -> Answer:
        """Find the endpoint, check the token where it wants one, and answer."""
        path = request.path.removeprefix(_ROOT)
        if not self._limits.allow(f"{request.method} {path.partition('/')[0]}", now_ns):
            return self.too_many()
        try:
            return self._answer(request, path, now_ns)
        except ParadexError as error:
            return _json(error.words(), error.status)
        except MALFORMED:
            return _json(ParadexError("VALIDATION_ERROR", "the request cannot be understood").words(), 400)

    def _answer(self, request: Request, path: str, now_ns: int) -> Answer:
        if (request.method, path) == ("POST", "auth"):
            return _json(self._authorise(request, now_ns))
        shape, rest = self._shape(request.method, path)
        if request.method == "GET" and shape in self._public:
            return _json(self._public[shape](rest, request.parameters, now_ns))
        handler = self._private.get((request.method, shape))
        if handler is None:
            raise ParadexError("NOT_FOUND", "no such endpoint", 404)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.is_valid(token, now_ns):
            raise ParadexError("INVALID_TOKEN", "token is invalid or expired", 401)
        return self._write(handler, rest, request, now_ns)

    def _write(self, handler: Handler, rest: str, request: Request, now_ns: int) -> Answer:
        body = msgspec.json.decode(request.body) if request.method == "POST" else request.parameters
        found = handler(rest, body, now_ns)
        if found is None:
            return Answer(204, b"")
        return _json(found, 201 if (request.method, rest) == ("POST", "") else 200)

    def _shape(self, method: str, path: str) -> tuple[str, str]:
        """A path as the handlers know it, and its last part where that is a name."""
        if path in self._public or (method, path) in self._private:
            return path, ""
        head, _, last = path.rpartition("/")
        return f"{head}/*", unquote(last)

    def _authorise(self, request: Request, now_ns: int) -> Words:
        headers, now_s = request.headers, now_ns // clock.NS_PER_SECOND
        stamp, expiry = int(headers["paradex-timestamp"]), int(headers["paradex-signature-expiration"])
        if abs(stamp - now_s) > _CLOCK_S or expiry < now_s:
            raise ParadexError("INVALID_SIGNATURE_EXPIRATION", "signature has expired", 401)
        if headers["paradex-starknet-account"] != self.address:
            raise ParadexError("NOT_ONBOARDED", "User has never called /onboarding endpoint")
        message = self.message(_LOGIN, ("POST", "/v1/auth", "", stamp, expiry))
        if not is_signed(message, headers["paradex-starknet-signature"], self.key):
            raise ParadexError("STARKNET_SIGNATURE_VERIFICATION_FAILED", "signature does not match", 401)
        token = sha256(f"{self.world.id}/{len(self._tokens)}/{now_ns}".encode()).hexdigest()
        self._tokens[token] = now_ns + _TOKEN_NS
        return {"jwt_token": token}

    # -- WebSocket -----------------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        """The one path; the query says whether public channels will be asked for."""
        binary = request.parameters.get("sbeSchemaId") == "1"
        return ParadexStream(self, socket, binary=binary) if request.path == _STREAM else None

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        """Books as changes, trades, and the slow channels once a second."""
        if bids or asks:
            self.sequences[symbol] += 1
            self._publish_book(symbol, (bids, asks), now_ns)
        for each in prints:
            if ("trades", symbol) in self.topics:
                self.topics.publish(("trades", symbol), _trade_frame(each))
        if self.is_due(symbol, now_ns, _SLOW_NS):
            for channel in ("markets_summary", "funding_data"):
                frame = self.first_frame(channel, symbol, now_ns) if (channel, symbol) in self.topics else None
                if frame is not None:
                    self.topics.publish((channel, symbol), frame)

    def _publish_book(self, symbol: str, sides: tuple[Changes, Changes], now_ns: int) -> None:
        topic = ("order_book", symbol)
        if topic not in self.topics or self.faults.take("gap"):
            return
        if self.faults.take("not_a_number"):
            sides = ([(Decimal("NaN"), Decimal(1))], sides[1])
        self.topics.publish(topic, book_frame(symbol, sides, self.sequences[symbol], now_ns, whole=False))

    def first_frame(self, channel: str, symbol: str, now_ns: int) -> bytes | None:
        """What a public channel says now; None when it only tells what happens."""
        sequence = self.sequences[symbol]
        if channel == "order_book":
            book = self.engine.books[symbol]
            sides = book.bids.picture(_DEPTH), book.asks.picture(_DEPTH)
            return book_frame(symbol, sides, sequence, now_ns, whole=True)
        if channel == "markets_summary":
            numbers = (self.engine.marks[symbol], self.index_price(symbol), self.tapes[symbol].last)
            return summary_frame(symbol, numbers, sequence, now_ns)
        if channel == "funding_data":
            hours = int(self.instrument(symbol).funding_hours)
            return funding_frame(symbol, self.funding_rate(symbol), hours, sequence, now_ns)
        return None

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        """Tell the streams of the account."""
        if events:
            for stream in list(self.streams):
                stream.push_events(events, now_ns)

    def order_words(self, event: OrderEvent) -> Words:
        """An order as a stream tells it."""
        return words.order_words(event.order, self.address)


def _trade_frame(trade: Print) -> bytes:
    bought = trade.side.sign > 0
    return trade_frame(trade.symbol, trade.id, (trade.price, trade.size), trade.time_ns, bought=bought)


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def _instrument(coin: str) -> Instrument:
    tick, lot, leverage = _FACTS[coin]
    return Instrument(
        venue="paradex",
        symbol=canonical_symbol(coin),
        native=f"{coin}-USD-PERP",
        base=coin,
        quote="USDC",
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        min_notional=Decimal(10),
        maker_fee=Decimal("0.00003"),
        taker_fee=Decimal("0.00045"),
        funding_hours=Decimal(8),
        max_leverage=Decimal(leverage),
    )

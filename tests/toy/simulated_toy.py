"""The simulated Toy: its words around the engine that all simulated venues share."""

# ruff: noqa: ARG002 - the interface gives more than Toy needs

import hashlib
import hmac
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from perpbot.clock import NS_PER_MS, NS_PER_SECOND
from perpbot.model.instrument import Instrument, Side, canonical_symbol
from perpbot.model.money import plain
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.ladder import Changes
from perpbot.simulation.venues.orders import (
    Event,
    Execution,
    Lifetime,
    OrderEvent,
    Print,
    Refusal,
    RefusedError,
    Ticket,
    VenueOrder,
)
from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.stream import MALFORMED, Stream
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue
from perpbot.simulation.venues.websocket import Session, WebSocket

DEPTH = 20
STEPS = {"BTC": ("0.1", "0.0001"), "ETH": ("0.01", "0.001"), "SOL": ("0.001", "0.01"), "DOGE": ("0.00001", "1")}


class SimulatedToy(SimulatedVenue):
    name: ClassVar[str] = "toy"
    currency: ClassVar[str] = "USDC"
    band: ClassVar[Decimal] = Decimal("0.5")

    def instruments(self, coins: Sequence[str]) -> list[Instrument]:
        return [_instrument(coin) for coin in coins]

    def credentials(self) -> dict[str, str]:
        return {"apiKey": "toy-key", "secret": hashlib.sha256(f"{self.world.id}/toy".encode()).hexdigest()}

    def endpoints(self) -> dict[str, Any]:
        stream = f"ws://127.0.0.1:{self.server.port}/toy/stream"
        return {"rest": f"http://127.0.0.1:{self.server.port}/toy", "ws": {"public": stream, "private": stream}}

    def trades(self, request: Request) -> bool:
        return request.path in {"/toy/private/order", "/toy/private/cancel"} and request.method == "POST"

    def too_many(self) -> Answer:
        return _error(429, "too many requests")

    @property
    def account(self) -> Account:
        return self.engine.accounts[ACCOUNT]

    # -- requests ------------------------------------------------------------------------------------------------

    def respond(self, request: Request, now_ns: int) -> Answer:
        try:
            return self._answer(request, now_ns)
        except RefusedError as error:
            return _error(400, str(error))
        except MALFORMED:
            return _error(400, "malformed")

    def _answer(self, request: Request, now_ns: int) -> Answer:
        if request.path == "/toy/markets":
            return _data([_market(each) for each in self._instruments.values()])
        if request.path == "/toy/book":
            return _data(self.book_words(request.parameters["market"], now_ns))
        if not self._genuine(request, now_ns):
            return _error(401, "who is that")
        body = msgspec.json.decode(request.body) if request.body else {}
        handler = getattr(self, f"_{request.method.lower()}_{request.path.rpartition('/')[2]}")
        return _data(handler({**request.parameters, **body}, now_ns))

    def _genuine(self, request: Request, now_ns: int) -> bool:
        time = request.headers["toy-time"]
        text = f"{time}{request.method}{request.target}{request.body.decode()}"
        return self.signed(request.headers["toy-key"], text, request.headers["toy-sign"], time, now_ns)

    def signed(self, key: str, text: str, signature: str, time: str, now_ns: int) -> bool:
        """Whether the one account signed `text` within the last five seconds."""
        keys = self.credentials()
        expected = hmac.new(keys["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        late_ns = now_ns - int(time) * NS_PER_MS
        return key == keys["apiKey"] and hmac.compare_digest(expected, signature) and late_ns <= 5 * NS_PER_SECOND

    def _post_order(self, wire: dict[str, Any], now_ns: int) -> dict[str, Any]:
        ticket = Ticket(
            account=ACCOUNT,
            symbol=wire["market"],
            side=Side(wire["side"]),
            size=Decimal(wire["size"]),
            price=Decimal(wire["price"]),
            lifetime=Lifetime(wire["lifetime"]),
            reduce_only=wire["reduce"],
            client_id=wire["id"],
        )
        return order_words(self.place(ticket, now_ns))

    def _post_cancel(self, wire: dict[str, Any], now_ns: int) -> dict[str, Any]:
        number = wire["number"] if "number" in wire else self._found(wire["id"]).id
        return order_words(self.engine.cancel(ACCOUNT, number, now_ns))

    def _found(self, client_id: str) -> VenueOrder:
        found = self.account.by_client.get(client_id)
        if found is None:
            raise RefusedError(Refusal.UNKNOWN_ORDER)
        return found

    def _get_order(self, wire: dict[str, Any], _now_ns: int) -> dict[str, Any]:
        return order_words(self._found(wire["id"]))

    def _get_open(self, _wire: dict[str, Any], _now_ns: int) -> list[dict[str, Any]]:
        return [order_words(each) for each in self.account.open_orders]

    def _get_fills(self, wire: dict[str, Any], _now_ns: int) -> list[dict[str, Any]]:
        since_ns = int(wire["since"]) * NS_PER_MS
        return [fill_words(each) for each in self.account.executions if each.time_ns >= since_ns]

    def _get_positions(self, _wire: dict[str, Any], _now_ns: int) -> list[dict[str, Any]]:
        return [self.position_words(symbol) for symbol, held in self.account.positions.items() if held.size]

    def _get_balance(self, _wire: dict[str, Any], _now_ns: int) -> dict[str, Any]:
        return self.balance_words()

    def _get_payments(self, wire: dict[str, Any], _now_ns: int) -> list[dict[str, Any]]:
        since_ns = int(wire["since"]) * NS_PER_MS
        return [
            {"market": each.symbol, "amount": plain(each.amount), "time": each.time_ns // NS_PER_MS}
            for each in self.account.funding
            if each.time_ns >= since_ns
        ]

    def _get_leverage(self, _wire: dict[str, Any], _now_ns: int) -> dict[str, int]:
        return {symbol: int(leverage) for symbol, leverage in self.account.leverage.items()}

    def _post_leverage(self, wire: dict[str, Any], _now_ns: int) -> dict[str, int]:
        self.engine.set_leverage(ACCOUNT, wire["market"], Decimal(wire["leverage"]))
        return self._get_leverage(wire, _now_ns)

    # -- streams -------------------------------------------------------------------------------------------------

    def open_stream(self, request: Request, socket: WebSocket) -> Session | None:
        return ToyStream(self, socket) if request.path == "/toy/stream" else None

    def publish(self, symbol: str, bids: Changes, asks: Changes, prints: Sequence[Print], now_ns: int) -> None:
        if ("market", symbol) not in self.topics:
            return
        if bids or asks:
            self.publish_book(("market", symbol), _text({"book": self.book_words(symbol, now_ns)}))
        self.topics.publish(("market", symbol), _text({"rate": self._rate_words(symbol, now_ns)}))

    def announce(self, events: Sequence[Event], now_ns: int) -> None:
        for event in events:
            if isinstance(event, OrderEvent):
                if event.execution is not None:
                    self._tell({"fill": fill_words(event.execution)})
                    self._tell({"position": self.position_words(event.order.symbol)})
                self._tell({"order": order_words(event.order)})
        self._tell({"balance": self.balance_words()})

    def _tell(self, message: dict[str, Any]) -> None:
        self.topics.publish(("account",), _text(message))

    # -- words ---------------------------------------------------------------------------------------------------

    def book_words(self, symbol: str, now_ns: int) -> dict[str, Any]:
        book = self.engine.books[symbol]
        sides = {"bids": book.bids, "asks": book.asks}
        words = {name: [(plain(p), plain(s)) for p, s in side.picture(DEPTH)] for name, side in sides.items()}
        return {**words, "market": symbol, "number": now_ns // NS_PER_MS, "time": now_ns // NS_PER_MS}

    def _rate_words(self, symbol: str, now_ns: int) -> dict[str, Any]:
        rate, mark = plain(self.funding_rate(symbol)), plain(self.engine.marks[symbol])
        settles = self.next_funding_ns[symbol] // NS_PER_MS
        return {"market": symbol, "rate": rate, "mark": mark, "next": settles, "time": now_ns // NS_PER_MS}

    def position_words(self, symbol: str) -> dict[str, Any]:
        held = self.account.position(symbol)
        return {"market": symbol, "size": plain(held.size), "entry": plain(held.entry)}

    def balance_words(self) -> dict[str, Any]:
        account, marks = self.account, self.engine.marks
        cash, equity, free = account.balance, account.equity(marks), account.available(marks)
        return {"currency": self.currency, "cash": plain(cash), "equity": plain(equity), "free": plain(free)}


class ToyStream(Stream):
    def __init__(self, venue: SimulatedToy, socket: WebSocket) -> None:
        super().__init__(venue, socket)
        self._venue = venue

    def handle(self, message: Any, now_ns: int) -> None:
        if message["listen"] == "market":
            self._venue.topics.add(("market", self._venue.instrument(message["market"]).native), self.socket)
        elif self._venue.signed(message["key"], f"{message['time']}stream", message["sign"], message["time"], now_ns):
            self._venue.topics.add(("account",), self.socket)
        else:
            raise ValueError("sign")

    def complain(self, text: str) -> None:
        self.socket.close(1008, "malformed")


def order_words(order: VenueOrder) -> dict[str, Any]:
    return {
        "id": order.client_id,
        "number": order.id,
        "market": order.symbol,
        "status": order.status.value,
        "filled": plain(order.filled),
        "time": order.updated_ns // NS_PER_MS,
    }


def fill_words(fill: Execution) -> dict[str, Any]:
    return {
        "id": fill.client_id,
        "number": fill.order_id,
        "trade": str(fill.id),
        "market": fill.symbol,
        "side": fill.side.value,
        "price": plain(fill.price),
        "size": plain(fill.size),
        "fee": plain(fill.fee),
        "maker": fill.maker,
        "time": fill.time_ns // NS_PER_MS,
    }


def _market(each: Instrument) -> dict[str, Any]:
    numbers = {"tick": each.tick, "lot": each.lot, "maker": each.maker_fee, "taker": each.taker_fee}
    texts = {name: plain(value) for name, value in numbers.items()}
    return {"market": each.native, "coin": each.base, **texts, "leverage": int(each.max_leverage)}


def _instrument(coin: str) -> Instrument:
    tick, lot = (Decimal(each) for each in STEPS[coin])
    return Instrument(
        venue="toy",
        symbol=canonical_symbol(coin),
        native=f"{coin}-TOY",
        base=coin,
        quote="USDC",
        tick=tick,
        lot=lot,
        min_quantity=lot,
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0004"),
        funding_hours=Decimal(8),
        max_leverage=Decimal(20),
    )


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _data(data: object) -> Answer:
    return Answer(200, msgspec.json.encode({"data": data}))


def _error(status: int, text: str) -> Answer:
    return Answer(status, msgspec.json.encode({"error": text}))

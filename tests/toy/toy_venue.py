"""Toy, a venue that exists nowhere: the smallest adapter there can be, for `docs/venues/add-a-venue.md`."""

# ruff: noqa: ARG002 - the interface gives more than Toy needs

import hashlib
import hmac
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import msgspec

from perpbot.model.book import Follows
from perpbot.model.events import BookDelta, BookSnapshot, DecodeError, Event, Funding, Mark
from perpbot.model.instrument import Instrument, Side, canonical_symbol
from perpbot.model.money import Money, Price, Rate, plain
from perpbot.model.order import (
    Accepted,
    Balance,
    Fill,
    FundingPayment,
    Liquidity,
    Order,
    OrderStatus,
    OrderUpdate,
    Outcome,
    Position,
    Refused,
    Unknown,
)
from perpbot.venues.answers import FIRST_CLIENT_ERROR, ask, reads, unclear_or_limited
from perpbot.venues.http import Reply, Request
from perpbot.venues.venue import Endpoints, Heartbeat, Margin, Venue, VenueReadError
from perpbot.venues.wire import ArrayLevel, JsonReader, Millis, Scales, levels, ns, number, unsigned

T = TypeVar("T")
NO_SUCH_ORDER, DUPLICATE = "no such order", "client id used before"
STATUSES = {"open": OrderStatus.ACCEPTED, "filled": OrderStatus.FILLED, "cancelled": OrderStatus.CANCELLED}


class MarketRow(msgspec.Struct):
    market: str
    coin: str
    tick: str
    lot: str
    maker: str
    taker: str
    leverage: int


class BookRow(msgspec.Struct):
    market: str
    number: int
    bids: list[ArrayLevel]
    asks: list[ArrayLevel]
    time: Millis


class RateRow(msgspec.Struct):
    market: str
    rate: str
    mark: str
    next: Millis
    time: Millis


class OrderRow(msgspec.Struct):
    id: str
    number: int
    market: str
    status: str
    filled: str
    time: Millis


class FillRow(msgspec.Struct):
    id: str
    number: int
    trade: str
    market: str
    side: str
    price: str
    size: str
    fee: str
    maker: bool
    time: Millis


class PositionRow(msgspec.Struct):
    market: str
    size: str
    entry: str


class BalanceRow(msgspec.Struct):
    currency: str
    cash: str
    equity: str
    free: str


class PaymentRow(msgspec.Struct):
    market: str
    amount: str
    time: Millis


class Frame(msgspec.Struct):
    """A frame of either stream: one of these is there."""

    book: BookRow | None = None
    rate: RateRow | None = None
    order: OrderRow | None = None
    fill: FillRow | None = None
    position: PositionRow | None = None
    balance: BalanceRow | None = None


class Answer(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""


class Toy(Venue):
    """Toy with one account at it."""

    name = "toy"
    mainnet = Endpoints(rest="https://toy.example", public_ws="wss://toy.example/s", private_ws="wss://toy.example/s")
    credential_names = ("apiKey", "secret")
    request_lifetime_s: ClassVar[float] = 5.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scales = Scales("toy", canonical_symbol)
        self._read_answer = JsonReader("toy", Answer)
        self._read_frame = JsonReader("toy", Frame)

    # -- asking --------------------------------------------------------------------------------------------------

    def _signed(self, method: str, path: str, body: str = "") -> Request:
        url, time = f"{self.endpoints.rest}/private/{path}", str(self.venue_ms())
        parts = urlsplit(url)
        text = f"{time}{method}{parts.path}{f'?{parts.query}' if parts.query else ''}{body}"
        headers = {"Toy-Key": self.secrets["apiKey"], "Toy-Time": time, "Toy-Sign": self._sign(text)}
        return Request(method, url, headers, body or None)

    def _sign(self, text: str) -> str:
        return hmac.new(self.secrets["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()

    def _ask(self, type_: type[T], request: Request) -> T:
        reply = ask("toy", self.http, request)
        answer = self._read_answer(reply.body)
        if reply.status >= FIRST_CLIENT_ERROR:
            raise VenueReadError(f"toy answered {reply.status}: {answer.error}")
        return JsonReader("toy", type_)(answer.data)

    # -- market data ---------------------------------------------------------------------------------------------

    @reads
    def fetch_instruments(self) -> list[Instrument]:
        return self.read_instruments(ask("toy", self.http, Request("GET", f"{self.endpoints.rest}/markets")).body)

    def read_instruments(self, answer: bytes) -> list[Instrument]:
        return [_instrument(row) for row in JsonReader("toy", list[MarketRow])(self._read_answer(answer).data)]

    @property
    def public_heartbeat(self) -> Heartbeat:
        return Heartbeat(interval_s=10.0, silence_s=30.0, frame=None)

    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        return [json.dumps({"listen": "market", "market": each.native}) for each in instruments]

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        return self.public_subscriptions([instrument])

    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        return self._decode(frame)

    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        return self._decode(frame)

    def _decode(self, text: str | bytes) -> list[Event]:
        frame = self._read_frame(text)
        events: list[Event] = []
        if frame.book is not None:
            events.append(self._book(frame.book))
        if frame.rate is not None:
            row, symbol = frame.rate, self._scales.of(frame.rate.market, self.instruments).symbol
            mark = self._scales.of(row.market, self.instruments).prices[row.mark]
            events.append(
                Funding(symbol, Rate(number(row.rate, "toy", "rate"), Decimal(8)), ns(row.next), ns(row.time))
            )
            events.append(Mark(symbol, mark, None, ns(row.time)))
        events += [self._update(each) for each in (frame.order,) if each is not None]
        events += [self._fill(each) for each in (frame.fill,) if each is not None]
        events += [self._position(each) for each in (frame.position,) if each is not None]
        events += [self._balance(each) for each in (frame.balance,) if each is not None]
        return events

    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        return Follows.GAP  # every frame is a whole book

    @reads
    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        url = f"{self.endpoints.rest}/book?market={instrument.native}"
        return self._book(self._ask(BookRow, Request("GET", url)))

    def _book(self, row: BookRow) -> BookSnapshot:
        scale = self._scales.of(row.market, self.instruments)
        return BookSnapshot(scale.symbol, levels(scale, row.bids), levels(scale, row.asks), row.number, ns(row.time))

    # -- account -------------------------------------------------------------------------------------------------

    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        time = str(self.venue_ms())
        sign = self._sign(f"{time}stream")
        return [json.dumps({"listen": "account", "key": self.secrets["apiKey"], "time": time, "sign": sign})]

    def prepare_trading(self) -> None:
        self._ask(BalanceRow, self._signed("GET", "balance"))  # the key is good

    @reads
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        found = self._ask(dict[str, int], self._signed("GET", "leverage"))
        return {each.symbol: Margin(Decimal(found[each.native])) for each in instruments}

    @reads
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        body = json.dumps({"market": instrument.native, "leverage": leverage})
        self._ask(dict[str, int], self._signed("POST", "leverage", body))

    def place(self, order: Order, instrument: Instrument) -> Request:
        wire = {
            "id": order.wire_id,
            "market": instrument.native,
            "side": order.side.value,
            "size": plain(instrument.wire_size(order.quantity)),
            "price": plain(instrument.wire_price(order.price)),
            "lifetime": order.time_in_force.value,
            "reduce": order.reduce_only,
        }
        return self._signed("POST", "order", json.dumps(wire))

    def read_place(self, reply: Reply) -> Outcome:
        by_status = unclear_or_limited("toy", reply)
        if by_status is not None:
            return by_status
        try:
            answer = self._read_answer(reply.body)
            if reply.status < FIRST_CLIENT_ERROR:
                return Accepted(str(JsonReader("toy", OrderRow)(answer.data).number))
        except DecodeError as error:
            return Unknown(f"{error} in {reply.excerpt!r}")
        # an id that was used may be this very order, sent before
        return Unknown(answer.error) if answer.error == DUPLICATE else Refused(answer.error)

    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        which = {"number": int(venue_order_id)} if venue_order_id else {"id": order.wire_id}
        return self._signed("POST", "cancel", json.dumps(which))

    @reads
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        reply = ask("toy", self.http, self._signed("GET", f"order?id={order.wire_id}"))
        answer = self._read_answer(reply.body)
        if answer.error == NO_SUCH_ORDER:
            return None
        if reply.status >= FIRST_CLIENT_ERROR:
            raise VenueReadError(f"toy answered {reply.status}: {answer.error}")
        return self._update(JsonReader("toy", OrderRow)(answer.data))

    @reads
    def fetch_open_orders(self) -> list[OrderUpdate]:
        return [self._update(row) for row in self._ask(list[OrderRow], self._signed("GET", "open"))]

    @reads
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        return [self._fill(row) for row in self._ask(list[FillRow], self._signed("GET", f"fills?since={since_ms}"))]

    @reads
    def fetch_positions(self) -> list[Position]:
        return [self._position(row) for row in self._ask(list[PositionRow], self._signed("GET", "positions"))]

    @reads
    def fetch_balances(self) -> list[Balance]:
        return [self._balance(self._ask(BalanceRow, self._signed("GET", "balance")))]

    @reads
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        rows = self._ask(list[PaymentRow], self._signed("GET", f"payments?since={since_ms}"))
        return [self._payment(row) for row in rows]

    # -- rows ----------------------------------------------------------------------------------------------------

    def _update(self, row: OrderRow) -> OrderUpdate:
        scale = self._scales.of(row.market, self.instruments)
        return OrderUpdate(
            venue="toy",
            account=self.account,
            symbol=scale.symbol,
            client_id=row.id,
            venue_order_id=str(row.number),
            status=STATUSES[row.status],
            filled=scale.sizes[row.filled],
            time_ns=ns(row.time),
        )

    def _fill(self, row: FillRow) -> Fill:
        scale = self._scales.of(row.market, self.instruments)
        return Fill(
            venue="toy",
            account=self.account,
            symbol=scale.symbol,
            trade_ref=row.trade,
            client_id=row.id,
            venue_order_id=str(row.number),
            side=Side(row.side),
            price=scale.prices[row.price],
            quantity=scale.positive(row.size),
            fee=Money(number(row.fee, "toy", "fee"), "USDC"),
            liquidity=Liquidity.MAKER if row.maker else Liquidity.TAKER,
            time_ns=ns(row.time),
            quote=scale.quote,
        )

    def _position(self, row: PositionRow) -> Position:
        scale = self._scales.of(row.market, self.instruments)
        entry: Price | None = scale.price_or_none(row.entry)
        size = scale.signed(row.size)
        return Position(venue="toy", account=self.account, symbol=scale.symbol, quantity=size, entry_price=entry)

    def _balance(self, row: BalanceRow) -> Balance:
        cash, equity = number(row.cash, "toy", "cash"), number(row.equity, "toy", "equity")
        free = unsigned(row.free, "toy", "free")
        return Balance(
            venue="toy", account=self.account, currency=row.currency, wallet=cash, equity=equity, available=free
        )

    def _payment(self, row: PaymentRow) -> FundingPayment:
        return FundingPayment(
            venue="toy",
            account=self.account,
            symbol=self._scales.of(row.market, self.instruments).symbol,
            amount=Money(number(row.amount, "toy", "payment"), "USDC"),
            settled_ns=ns(row.time),
            ref=f"{row.market}/{row.time}",
        )


def _instrument(row: MarketRow) -> Instrument:
    lot = unsigned(row.lot, "toy", "lot")
    return Instrument(
        venue="toy",
        symbol=canonical_symbol(row.coin),
        native=row.market,
        base=row.coin,
        quote="USDC",
        tick=unsigned(row.tick, "toy", "tick"),
        lot=lot,
        min_quantity=lot,
        maker_fee=number(row.maker, "toy", "maker"),
        taker_fee=number(row.taker, "toy", "taker"),
        funding_hours=Decimal(8),
        max_leverage=Decimal(row.leverage),
    )

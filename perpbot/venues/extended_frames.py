"""Extended's words on its streams: which frame is which event, and whether one is missing.

One connection carries many subscriptions (``v2/rpc``), and its frames are counted from zero through all of them. So a
gap says that something was lost, but not what: every book of the connection is lost then. Source: Extended's Python
SDK and recorded frames; the meaning of the fields is that of https://api.docs.extended.exchange.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

import msgspec

from perpbot.model.book import Level
from perpbot.model.events import (
    Ack,
    BookDelta,
    BookReset,
    BookSnapshot,
    Event,
    Funding,
    Mark,
    PublicTrade,
    SessionEnding,
    VenueError,
)
from perpbot.model.instrument import Side, canonical_symbol
from perpbot.model.money import Rate
from perpbot.venues.extended_account import ExtendedAccount
from perpbot.venues.venue import Venue
from perpbot.venues.wire import JsonReader, Millis, Scale, Scales, bar, levels, ns, number, refuse

FUNDING_HOURS = Decimal(1)
UNLINKED = -2
"""No book is ever there, so what follows this follows nothing."""

_PERPETUAL = re.compile(r"([A-Z0-9]+)-USD")
_THOUSANDS = re.compile(r"1000([A-Z]+)")
_OF_ACCOUNT = frozenset({"BALANCE", "ORDER", "POSITION", "TRADE"})
"""Types that older streams, one for each thing, send without saying that they are about the account."""
_CANDLES = re.compile(r"candles\.last\.(.+)\.(PT[0-9]{1,2}[MH]|P1D)")
"""The name of a subscription to bars of trades; their frames do not tell the market and how long a bar is."""
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}

_Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Error(msgspec.Struct):
    code: int | str
    message: str = ""
    data: object = None


class _Result(msgspec.Struct):
    subscription: str = ""


class _Frame(msgspec.Struct):
    type: str = ""
    data: msgspec.Raw = msgspec.Raw()
    ts: Millis = 0
    seq: _Sequence | None = None
    id: str | None = None
    result: _Result | None = None
    error: _Error | str | None = None
    subscription: str = ""


class _Level(msgspec.Struct, gc=False):
    """A level; in a change ``q`` is by how much, and ``c`` what is there now."""

    p: str
    q: str
    c: str | None = None


class _Book(msgspec.Struct):
    m: str
    b: list[_Level]
    a: list[_Level]


class _RestLevel(msgspec.Struct, gc=False):
    price: str
    size: str = msgspec.field(name="qty")


class BookRow(msgspec.Struct):
    """A book by REST, which names neither its time nor its number."""

    market: str
    bids: list[_RestLevel] = msgspec.field(name="bid")
    asks: list[_RestLevel] = msgspec.field(name="ask")


class _Trade(msgspec.Struct):
    i: int
    m: str
    side: str = msgspec.field(name="S")
    time: Millis = msgspec.field(name="T")
    p: str
    q: str


class _Price(msgspec.Struct):
    m: str
    p: str


class _Funding(msgspec.Struct):
    m: str
    f: str
    time: Millis = msgspec.field(name="T")


class _Candle(msgspec.Struct):
    open_ms: Millis = msgspec.field(name="T")
    o: str
    h: str
    l: str  # noqa: E741 - Extended's word
    c: str
    v: str


def default_symbol(native: str) -> str:
    """``BTC-USD`` is ``BTC-PERP``, ``1000PEPE-USD`` is ``PEPE-PERP``; anything else keeps its name."""
    perpetual = _PERPETUAL.fullmatch(native)
    return canonical_symbol(coin_and_unit(perpetual[1])[0]) if perpetual else native


def coin_and_unit(asset: str) -> tuple[str, Decimal]:
    """The coin of an asset and how many of it there are in one: ``1000PEPE`` is a thousand PEPE."""
    thousands = _THOUSANDS.fullmatch(asset)
    return (thousands[1], Decimal(1000)) if thousands else (asset, Decimal(1))


class ExtendedFrames:
    """Turns the frames of one connection into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("extended", default_symbol)
        self._last = UNLINKED
        self._books: dict[str, int] = {}
        """The number of the last frame about each market whose book is known to be whole."""
        self.account = ExtendedAccount(venue.account, self.scale)
        self._read_frame = JsonReader("extended", _Frame)
        self._read_book = JsonReader("extended", _Book)
        self._read_trades = JsonReader("extended", list[_Trade])
        self._read_candles = JsonReader("extended", list[_Candle])
        self._read_price = JsonReader("extended", _Price)
        self._read_funding = JsonReader("extended", _Funding)
        self._types: dict[str, Callable[[msgspec.Raw, int, int], list[Event]]] = {
            "SNAPSHOT": self._snapshot,
            "DELTA": self._delta,
            "TRADES": lambda data, _seq, _time_ns: [self._trade(row) for row in self._read_trades(data)],
            "MP": self._mark,
            "FUNDING_RATES": self._funding,
        }

    def scale(self, native: str) -> Scale:
        """What the native name means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Extended's protocol."""
        read = self._read_frame(frame)
        if read.seq is None:
            return self._answer(read)
        lost = self._count(read.seq)
        scope, _, kind = read.type.rpartition(".")
        if scope == "ACCOUNT" or kind in _OF_ACCOUNT:
            gap = [SessionEnding("a frame about the account is missing")] if lost else []
            return [*gap, *self.account.events(read.data)]
        resets = self._lose_books(read.seq) if lost else []
        candles = _CANDLES.fullmatch(read.subscription)
        if candles is not None:
            return [*resets, *self._bars(read.data, candles[1], candles[2])]
        handler = self._types.get(kind)
        if handler is None:
            refuse("extended", "type", read.type)
        return [*resets, *handler(read.data, read.seq, ns(read.ts))]

    def book(self, row: BookRow) -> BookSnapshot:
        """The book in an answer by REST."""
        scale = self.scale(row.market)
        return BookSnapshot(scale.symbol, levels(scale, row.bids), levels(scale, row.asks), 0, 0)

    def _count(self, sequence: int) -> bool:
        """Whether a frame is missing before this one. The first of a connection has the number zero."""
        lost = sequence != self._last + 1 and sequence != 0 and self._last != UNLINKED
        if sequence == 0:
            self._books.clear()
        self._last = sequence
        return lost

    def _lose_books(self, sequence: int) -> list[Event]:
        lost, self._books = self._books, {}
        return [BookReset(self.scale(market).symbol, f"gap: a frame before {sequence} is missing") for market in lost]

    def _answer(self, frame: _Frame) -> list[Event]:
        error = frame.error
        if isinstance(error, str):
            return [VenueError("error", error)]
        if error is not None:
            details = f": {error.data}" if error.data else ""
            return [VenueError(str(error.code), f"{error.message}{details}")]
        if frame.id is None or frame.result is None:
            refuse("extended", "a frame", "neither news nor an answer")
        scope, _, rest = frame.result.subscription.partition(".")
        if not scope:
            return []
        market = "" if scope in {"account", "candles"} else rest.rpartition(".")[2]
        return [Ack(scope, self.scale(market).symbol if market not in {"", "all"} else None)]

    # -- public --------------------------------------------------------------------------------------------------

    def _snapshot(self, data: msgspec.Raw, sequence: int, time_ns: int) -> list[Event]:
        row = self._read_book(data)
        scale = self.scale(row.m)
        self._books.pop(row.m, None)
        bids, asks = ([(scale.prices[each.p], scale.sizes[each.q]) for each in side] for side in (row.b, row.a))
        self._books[row.m] = sequence
        return [BookSnapshot(scale.symbol, bids, asks, sequence, time_ns)]

    def _delta(self, data: msgspec.Raw, sequence: int, time_ns: int) -> list[Event]:
        """A change. One that cannot be read is missing from the book as well as one that was lost."""
        row = self._read_book(data)
        scale, previous = self.scale(row.m), self._books.pop(row.m, UNLINKED)
        bids, asks = ([_now(scale, each) for each in side] for side in (row.b, row.a))
        if previous != UNLINKED:
            self._books[row.m] = sequence
        return [BookDelta(scale.symbol, bids, asks, sequence, previous, sequence, time_ns)]

    def _trade(self, row: _Trade) -> PublicTrade:
        scale = self.scale(row.m)
        if row.side not in _SIDES:
            refuse("extended", "side", row.side)
        price, size = scale.prices[row.p], scale.positive(row.q)
        return PublicTrade(scale.symbol, price, size, _SIDES[row.side], str(row.i), ns(row.time))

    def _bars(self, data: msgspec.Raw, market: str, interval: str) -> list[Event]:
        scale, resolution = self.scale(market), interval.removeprefix("P").removeprefix("T").lower()
        return [
            bar("extended", scale, resolution, row.open_ms, (row.o, row.h, row.l, row.c),
                (scale.sizes[row.v], None), closed=False)
            for row in self._read_candles(data)
        ]  # fmt: skip

    def _mark(self, data: msgspec.Raw, _sequence: int, time_ns: int) -> list[Event]:
        row = self._read_price(data)
        scale = self.scale(row.m)
        return [Mark(scale.symbol, scale.prices[row.p], None, time_ns)]

    def _funding(self, data: msgspec.Raw, _sequence: int, _time_ns: int) -> list[Event]:
        row = self._read_funding(data)
        rate = Rate(number(row.f, "extended", "funding rate"), FUNDING_HOURS)
        return [Funding(self.scale(row.m).symbol, rate, None, ns(row.time))]


def _now(scale: Scale, level: _Level) -> Level:
    """What a level is after a change."""
    if level.c is None:
        refuse("extended", f"a changed level of {scale.native}", "without what is there now")
    return scale.prices[level.p], scale.sizes[level.c]

"""Backpack's words on its streams: which frame is which event.

Source: https://docs.backpack.exchange, section Streams, and recorded frames. Times are microseconds, as a number or in
quotes.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.events import BookDelta, BookSnapshot, Event, Funding, Mark, PublicTrade, VenueError
from perpbot.model.instrument import Side, canonical_symbol
from perpbot.model.money import Rate
from perpbot.venues.backpack_account import BackpackAccount
from perpbot.venues.backpack_wire import Micros, Sequence, reader, time_ns, utc_ns
from perpbot.venues.venue import Venue
from perpbot.venues.wire import ArrayLevel, JsonReader, Scale, Scales, bar, levels, number, quote, refuse

FUNDING_HOURS = Decimal(8)
"""The usual time between two payments; each market names its own."""

_PERPETUAL = re.compile(r"(k?)([A-Z0-9]+)_USDC?_PERP")
_IGNORED_KINDS = frozenset({
    "externalTicker", "liquidation", "openInterest", "quoteAccepted", "quoteCancelled", "rfqAccepted",
    "rfqAcceptedBinding", "rfqActive", "rfqCancelled", "rfqCandidate", "rfqFilled", "rfqRefreshed",
    "stockIndicativeQuote", "stockPrice", "ticker",
})  # fmt: skip


class _Error(msgspec.Struct):
    code: int
    message: str = ""


class _Frame(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    error: _Error | None = None


class _Kind(msgspec.Struct):
    e: str = ""


class _Depth(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    time: Micros = msgspec.field(name="T")
    first: Sequence = msgspec.field(name="U")
    last: Sequence = msgspec.field(name="u")
    bids: list[ArrayLevel] = msgspec.field(name="b")
    asks: list[ArrayLevel] = msgspec.field(name="a")


class BookAnswer(msgspec.Struct, rename="camel"):
    """A book by REST; its bids rise, so that the best is the last."""

    last_update_id: Sequence
    timestamp: Micros
    bids: list[ArrayLevel]
    asks: list[ArrayLevel]


class _BookTicker(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    bid: str = msgspec.field(name="b")
    bid_size: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_size: str = msgspec.field(name="A")
    time: Micros = msgspec.field(name="T")


class _Trade(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    trade_id: int = msgspec.field(name="t")
    price: str = msgspec.field(name="p")
    size: str = msgspec.field(name="q")
    time: Micros = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class _Mark(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    time: Micros = msgspec.field(name="E")
    price: str = msgspec.field(name="p")
    index: str = msgspec.field(name="i", default="")
    rate: str = msgspec.field(name="f", default="")
    next_funding: Micros = msgspec.field(name="n", default=0)


class _Candle(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    start: str = msgspec.field(name="t")
    open: str = msgspec.field(name="o")
    high: str = msgspec.field(name="h")
    low: str = msgspec.field(name="l")
    close: str = msgspec.field(name="c")
    volume: str = msgspec.field(name="v")
    closed: bool = msgspec.field(name="X")


_Convert = Callable[[Any, Scale, int], list[Event]]
_Kinds = tuple[JsonReader[Any], _Convert]


def default_symbol(native: str) -> str:
    """``BTC_USDC_PERP`` is ``BTC-PERP``; what is no perpetual in dollars keeps its name."""
    perpetual = _PERPETUAL.fullmatch(native)
    return canonical_symbol(perpetual[2]) if perpetual else native


class BackpackFrames:
    """Turns Backpack's frames into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("backpack", default_symbol)
        self.account = BackpackAccount(venue.account, self.scale)
        self._read_frame: JsonReader[_Frame] = reader(_Frame)
        self._read_kind: JsonReader[_Kind] = reader(_Kind)
        self._read_candle: JsonReader[_Candle] = reader(_Candle)
        self._kinds: dict[str, _Kinds] = {
            "depth": (reader(_Depth), _delta),
            "bookTicker": (reader(_BookTicker), _quote),
            "trade": (reader(_Trade), _trade),
            "markPrice": (reader(_Mark), _mark),
        }

    def scale(self, native: str) -> Scale:
        """What the native name means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of either kind of stream; `DecodeError` when it is not Backpack's protocol."""
        read = self._read_frame(frame)
        if read.error is not None:
            return [VenueError(str(read.error.code), read.error.message)]
        if not read.stream:
            refuse("backpack", "a frame without stream", frame)
        kind = self._read_kind(read.data).e
        public = self._kinds.get(kind)
        if public is not None:
            read_row, convert = public
            row = read_row(read.data)
            return convert(row, self.scale(row.symbol), received_ns)
        if kind == "kline":
            return self._bar(self._read_candle(read.data), read.stream)
        private = self.account.handler(read.stream, kind)
        if private is not None:
            return private(read.data)
        if kind not in _IGNORED_KINDS:
            refuse("backpack", "event type", kind)
        return []

    def book(self, native: str, answer: BookAnswer) -> BookSnapshot:
        """The book in an answer by REST."""
        scale = self.scale(native)
        bids, asks = levels(scale, answer.bids), levels(scale, answer.asks)
        return BookSnapshot(scale.symbol, bids, asks, answer.last_update_id, time_ns(answer.timestamp))

    def _bar(self, row: _Candle, stream: str) -> list[Event]:
        """The resolution is told by the name of the stream alone: ``kline.1m.BTC_USDC_PERP``."""
        parts = stream.split(".")
        if len(parts) != len(("kline", "resolution", "symbol")):
            refuse("backpack", "the stream of a candle", stream)
        scale = self.scale(row.symbol)
        prices = row.open, row.high, row.low, row.close
        volumes = scale.sizes[row.volume], None
        open_ms = utc_ns(row.start) // NS_PER_MS
        return [bar("backpack", scale, parts[1], open_ms, prices, volumes, closed=row.closed)]


def _delta(row: _Depth, scale: Scale, _received_ns: int) -> list[Event]:
    if row.first > row.last:
        refuse("backpack", "the numbers of a change", f"{row.first}, {row.last}")
    bids, asks = levels(scale, row.bids), levels(scale, row.asks)
    return [BookDelta(scale.symbol, bids, asks, row.first, row.first - 1, row.last, time_ns(row.time))]


def _quote(row: _BookTicker, scale: Scale, received_ns: int) -> list[Event]:
    bid, ask = ArrayLevel(row.bid, row.bid_size), ArrayLevel(row.ask, row.ask_size)
    return [quote(scale, bid, ask, venue_time_ns=time_ns(row.time), received_ns=received_ns)]


def _trade(row: _Trade, scale: Scale, _received_ns: int) -> list[Event]:
    side = Side.SELL if row.buyer_is_maker else Side.BUY
    price, size = scale.prices[row.price], scale.positive(row.size)
    return [PublicTrade(scale.symbol, price, size, side, str(row.trade_id), time_ns(row.time))]


def _mark(row: _Mark, scale: Scale, _received_ns: int) -> list[Event]:
    """Mark and index price, and the estimated funding rate."""
    when = time_ns(row.time)
    mark = Mark(scale.symbol, scale.prices[row.price], scale.price_or_none(row.index), when)
    if not row.rate:
        return [mark]
    hours = scale.instrument.funding_hours if scale.instrument else FUNDING_HOURS
    rate = Rate(number(row.rate, "backpack", "funding rate"), hours)
    return [mark, Funding(scale.symbol, rate, time_ns(row.next_funding) or None, when)]

"""Aster's words on its streams: which frame is which event.

Source: https://github.com/asterdex/api-docs, futures API v3, and recorded frames; the dialect is that of Binance's
futures. Frames come bare or wrapped with the name of their stream.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.events import Ack, BookDelta, BookSnapshot, Event, Funding, Mark, PublicTrade, VenueError
from perpbot.model.instrument import Side, canonical_symbol
from perpbot.model.money import Rate
from perpbot.venues.aster_account import AsterAccount
from perpbot.venues.venue import Venue
from perpbot.venues.wire import (
    ArrayLevel,
    JsonReader,
    Millis,
    Scale,
    Scales,
    bar,
    best_reader,
    levels,
    ns,
    number,
    refuse,
    unsigned,
)

FUNDING_HOURS = Decimal(8)
"""The usual time between two payments; ``fundingInfo`` has the others."""

_LINEAR = re.compile(r"([A-Z0-9]+)(?:USDT|USDC)")
_PICTURE = re.compile(r".*@depth(?:5|10|20)(?:@.*)?")
"""Streams whose frames look like changes of a book but are all of it."""

_BEST = (
    '{"stream":"<text>","data":{"e":"bookTicker","u":<whole>,"s":"<symbol>",'
    '"b":"<bid>","B":"<bid_size>","a":"<ask>","A":"<ask_size>","T":<ms>,"E":<whole>}}'
)
"""A frame with a best bid and offer, as it is always written."""

_IGNORED_KINDS = frozenset({
    "24hrMiniTicker", "24hrTicker", "ACCOUNT_CONFIG_UPDATE", "CONDITIONAL_ORDER_TRIGGER_REJECT", "GRID_UPDATE",
    "STRATEGY_UPDATE", "TRADE_LITE", "announcement", "assetIndexUpdate", "compositeIndex", "contractInfo",
    "executionReport", "forceOrder", "outboundAccountPosition", "trade", "tradepro",
})  # fmt: skip

_Text = str | bytes | msgspec.Raw


class _Error(msgspec.Struct):
    code: int
    msg: str = ""


class _Frame(msgspec.Struct):
    e: str = ""
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    id: int | None = None
    error: _Error | None = None
    code: int = 0
    msg: str = ""


class _Kind(msgspec.Struct):
    e: str


class _Depth(msgspec.Struct, tag_field="e", tag="depthUpdate", gc=False):
    symbol: str = msgspec.field(name="s")
    time: Millis = msgspec.field(name="T")
    first: int = msgspec.field(name="U")
    last: int = msgspec.field(name="u")
    previous: int = msgspec.field(name="pu")
    bids: list[ArrayLevel] = msgspec.field(name="b")
    asks: list[ArrayLevel] = msgspec.field(name="a")


class BookAnswer(msgspec.Struct, rename="camel"):
    """A book by REST."""

    last_update_id: int
    time: Millis = msgspec.field(name="T")
    bids: list[ArrayLevel]
    asks: list[ArrayLevel]


class _BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker", gc=False):
    symbol: str = msgspec.field(name="s")
    bid: str = msgspec.field(name="b")
    bid_size: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_size: str = msgspec.field(name="A")
    time: Millis = msgspec.field(name="T")


class _Often(msgspec.Struct, gc=False):
    """What comes most often, read in one go."""

    stream: str
    data: _Depth | _BookTicker


class _Trade(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    trade_id: int = msgspec.field(name="a")
    price: str = msgspec.field(name="p")
    size: str = msgspec.field(name="q")
    time: Millis = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class _Mark(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    event_time: Millis = msgspec.field(name="E")
    price: str = msgspec.field(name="p")
    index: str = msgspec.field(name="i", default="")
    rate: str = msgspec.field(name="r", default="")
    next_funding: Millis = msgspec.field(name="T", default=0)


class _Candle(msgspec.Struct):
    open_ms: Millis = msgspec.field(name="t")
    interval: str = msgspec.field(name="i")
    open: str = msgspec.field(name="o")
    high: str = msgspec.field(name="h")
    low: str = msgspec.field(name="l")
    close: str = msgspec.field(name="c")
    volume: str = msgspec.field(name="v")
    quote_volume: str = msgspec.field(name="q")
    closed: bool = msgspec.field(name="x")


class _CandleFrame(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    candle: _Candle = msgspec.field(name="k")


_Convert = Callable[[Any, Scale, int], list[Event]]
_Kinds = tuple[JsonReader[Any], _Convert]


@lru_cache(maxsize=2_000)
def _is_picture(stream: str) -> bool:
    return _PICTURE.fullmatch(stream) is not None


def default_symbol(native: str) -> str:
    """``BTCUSDT`` is ``BTC-PERP``; what is not quoted in dollars keeps its name."""
    linear = _LINEAR.fullmatch(native)
    return canonical_symbol(linear[1]) if linear else native


class AsterFrames:
    """Turns Aster's frames into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("aster", default_symbol)
        self.account = AsterAccount(venue.account, self.scale)
        self.read_best = best_reader("aster", _BEST, self.scale)
        self._read_often = msgspec.json.Decoder(_Often).decode
        self._read_frame = JsonReader("aster", _Frame)
        self._read_kind = JsonReader("aster", _Kind)
        self._read_depth = JsonReader("aster", _Depth)
        self._kinds: dict[str, _Kinds] = {
            "depthUpdate": (self._read_depth, _delta),
            "bookTicker": (JsonReader("aster", _BookTicker), _quote),
            "aggTrade": (JsonReader("aster", _Trade), _trade),
            "markPriceUpdate": (JsonReader("aster", _Mark), _mark),
            "kline": (JsonReader("aster", _CandleFrame), _bar),
        }

    def scale(self, native: str) -> Scale:
        """What the native name means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of either stream; `DecodeError` when it is not Aster's protocol."""
        try:
            often = self._read_often(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError):  # something else, or not what it should be
            return self._decode(frame, received_ns)
        row, scales = often.data, self._scales
        scale = scales[row.symbol] if scales.table is self._venue.instruments else self.scale(row.symbol)
        if isinstance(row, _BookTicker):
            time_ns = row.time * NS_PER_MS
            return [scale.best(row.bid, row.bid_size, row.ask, row.ask_size, time_ns, received_ns)]
        if _is_picture(often.stream):
            return [_snapshot(scale, row.bids, row.asks, row.last, row.time)]
        return _delta(row, scale, received_ns)

    def _decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """Any frame, in two steps: what it is, then what it says."""
        read = self._read_frame(frame)
        if read.e:
            return self._event(read.e, frame, received_ns)
        if not read.stream:
            return self._session(read, frame)
        if _is_picture(read.stream):
            row = self._read_depth(read.data)
            return [_snapshot(self.scale(row.symbol), row.bids, row.asks, row.last, row.time)]
        return self._event(self._read_kind(read.data).e, read.data, received_ns)

    def book(self, native: str, answer: BookAnswer) -> BookSnapshot:
        """The book in an answer by REST."""
        return _snapshot(self.scale(native), answer.bids, answer.asks, answer.last_update_id, answer.time)

    def _event(self, kind: str, text: _Text, received_ns: int) -> list[Event]:
        public = self._kinds.get(kind)
        if public is not None:
            reader, convert = public
            row = reader(text)
            return convert(row, self.scale(row.symbol), received_ns)
        private = self.account.kinds.get(kind)
        if private is not None:
            return private(text)
        if kind not in _IGNORED_KINDS:
            refuse("aster", "event type", kind)
        return []

    def _session(self, frame: _Frame, text: _Text) -> list[Event]:
        if frame.error is not None:
            return [VenueError(str(frame.error.code), frame.error.msg)]
        if frame.code < 0:
            return [VenueError(str(frame.code), frame.msg)]
        if frame.result is msgspec.UNSET:
            refuse("aster", "a frame without event type", text)
        return [Ack(f"request {frame.id}")]


def _snapshot(scale: Scale, bids: list[ArrayLevel], asks: list[ArrayLevel], sequence: int, time: int) -> BookSnapshot:
    return BookSnapshot(scale.symbol, levels(scale, bids), levels(scale, asks), sequence, ns(time))


def _delta(row: _Depth, scale: Scale, _received_ns: int) -> list[Event]:
    bids, asks = levels(scale, row.bids), levels(scale, row.asks)
    return [BookDelta(scale.symbol, bids, asks, row.first, row.previous, row.last, ns(row.time))]


def _quote(row: _BookTicker, scale: Scale, received_ns: int) -> list[Event]:
    return [scale.best(row.bid, row.bid_size, row.ask, row.ask_size, row.time * NS_PER_MS, received_ns)]


def _trade(row: _Trade, scale: Scale, _received_ns: int) -> list[Event]:
    side = Side.SELL if row.buyer_is_maker else Side.BUY
    price, size = scale.prices[row.price], scale.positive(row.size)
    return [PublicTrade(scale.symbol, price, size, side, str(row.trade_id), ns(row.time))]


def _mark(row: _Mark, scale: Scale, _received_ns: int) -> list[Event]:
    """Mark and index price, and the funding rate for symbols that have one."""
    time_ns = ns(row.event_time)
    mark = Mark(scale.symbol, scale.prices[row.price], scale.price_or_none(row.index), time_ns)
    if not row.rate:
        return [mark]
    hours = scale.instrument.funding_hours if scale.instrument else FUNDING_HOURS
    rate = Rate(number(row.rate, "aster", "funding rate"), hours)
    return [mark, Funding(scale.symbol, rate, ns(row.next_funding) or None, time_ns)]


def _bar(row: _CandleFrame, scale: Scale, _received_ns: int) -> list[Event]:
    candle = row.candle
    prices = candle.open, candle.high, candle.low, candle.close
    volumes = scale.sizes[candle.volume], unsigned(candle.quote_volume, "aster", "quote volume")
    return [bar("aster", scale, candle.interval, candle.open_ms, prices, volumes, closed=candle.closed)]

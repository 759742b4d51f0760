"""GRVT's words on its streams: which frame is which event.

Source: https://api-docs.grvt.io/market_data_streams and recorded frames. Times are nanoseconds in quotes, funding
rates are in percent.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.events import Ack, BookDelta, BookSnapshot, Event, Funding, Mark, PublicTrade, VenueError
from perpbot.model.instrument import Side, canonical_symbol
from perpbot.model.money import Rate
from perpbot.venues.grvt_account import GrvtAccount, Nanos, reader
from perpbot.venues.grvt_instruments import coin_and_unit
from perpbot.venues.venue import Venue
from perpbot.venues.wire import JsonReader, Scale, Scales, bar, levels, number, quote, refuse, unsigned

FUNDING_HOURS = Decimal(8)
"""The usual time between two payments; each instrument names its own."""

_PERCENT = Decimal(100)
_PERPETUAL = re.compile(r"([A-Za-z0-9]+)_USD[TC]?_Perp")
_CANDLE = re.compile(r".+@CI_([0-9]+)_([MHDW])-TRADE")
_IGNORED_STREAMS = frozenset(
    {"v1.mini.d", "v1.ticker.d", "v1.state", "v1.cancel", "v1.deposit", "v1.transfer", "v1.withdrawal"}
)


class _Error(msgspec.Struct):
    code: int
    message: str = ""


class _Subscribed(msgspec.Struct):
    stream: str = ""
    subs: list[str] = []
    first_sequence_number: list[int] = []
    """The number of the first frame to come for each of `subs`, pictures not counted."""


class _Frame(msgspec.Struct):
    stream: str = ""
    selector: str = ""
    sequence_number: int = 0
    prev_sequence_number: int = 0
    feed: msgspec.Raw = msgspec.Raw()
    result: _Subscribed | None = None
    error: _Error | None = None
    code: int = 0
    message: str = ""


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class BookRow(msgspec.Struct):
    """A book, or what has changed of it."""

    event_time: Nanos
    instrument: str
    bids: list[_Level]
    asks: list[_Level]


class _Ticker(msgspec.Struct):
    event_time: Nanos
    instrument: str
    mark_price: str = ""
    index_price: str = ""
    funding_rate: str = ""
    funding_rate_8h_curr: str = ""
    funding_interval_hours: int = 0
    next_funding_time: Nanos = 0


class _Mini(msgspec.Struct):
    event_time: Nanos
    instrument: str
    best_bid_price: str
    best_bid_size: str
    best_ask_price: str
    best_ask_size: str


class _Trade(msgspec.Struct):
    event_time: Nanos
    instrument: str
    is_taker_buyer: bool
    size: str
    price: str
    trade_id: str


class _Candle(msgspec.Struct):
    open_time: Nanos
    instrument: str
    open: str
    high: str
    low: str
    close: str
    volume_b: str
    volume_q: str


_Convert = Callable[["GrvtFrames", Any, _Frame, int], list[Event]]


def default_symbol(native: str) -> str:
    """``BTC_USDT_Perp`` is ``BTC-PERP``; what is no perpetual in dollars keeps its name."""
    perpetual = _PERPETUAL.fullmatch(native)
    return canonical_symbol(coin_and_unit(perpetual[1])[0]) if perpetual else native


class GrvtFrames:
    """Turns GRVT's frames into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("grvt", default_symbol)
        self.account = GrvtAccount(venue.account, self.scale)
        self._read_frame: JsonReader[_Frame] = reader(_Frame)
        self._starts: dict[str, int] = {}
        """What the whole book of each selector counts as: the number before the first change to come."""
        self._kinds: dict[str, tuple[JsonReader[Any], _Convert]] = {
            "v1.book.d": (reader(BookRow), _change),
            "v1.book.s": (reader(BookRow), _picture),
            "v1.ticker.s": (reader(_Ticker), _mark),
            "v1.mini.s": (reader(_Mini), _quote),
            "v1.trade": (reader(_Trade), _trade),
            "v1.candle": (reader(_Candle), _bar),
        }

    def scale(self, native: str) -> Scale:
        """What the native name means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of either stream; `DecodeError` when it is not GRVT's protocol."""
        read = self._read_frame(frame)
        if not read.stream:
            return self._session(read, frame)
        public = self._kinds.get(read.stream)
        if public is not None:
            read_row, convert = public
            return convert(self, read_row(read.feed), read, received_ns)
        private = self.account.streams.get(read.stream)
        if private is not None:
            return private(read.feed)
        if read.stream not in _IGNORED_STREAMS:
            refuse("grvt", "stream", read.stream)
        return []

    def book(self, row: BookRow, selector: str = "") -> BookSnapshot:
        """The whole of a book, numbered as its subscription was confirmed; 0 when that is not known."""
        scale, sequence = self.scale(row.instrument), self._starts.get(selector, 0)
        return BookSnapshot(scale.symbol, levels(scale, row.bids), levels(scale, row.asks), sequence, row.event_time)

    def _session(self, read: _Frame, frame: str | bytes) -> list[Event]:
        error = read.error or (_Error(read.code, read.message) if read.code else None)
        if error is not None:
            return [VenueError(str(error.code), error.message)]
        if read.result is None or not read.result.stream:
            refuse("grvt", "a frame without stream", frame)
        result = read.result
        if result.stream == "v1.book.d" and all(number > 0 for number in result.first_sequence_number):
            firsts = zip(result.subs, result.first_sequence_number, strict=False)
            self._starts |= {selector: number - 1 for selector, number in firsts}
        return [Ack(f"{result.stream} {' '.join(result.subs)}".rstrip())]


def _change(frames: GrvtFrames, row: BookRow, frame: _Frame, _received_ns: int) -> list[Event]:
    """A frame numbered 0 is the whole book, every other one what has changed since the one before."""
    if frame.sequence_number < 0 or frame.prev_sequence_number < 0:
        refuse("grvt", "the numbers of a change", f"{frame.prev_sequence_number}, {frame.sequence_number}")
    if frame.sequence_number == 0:
        return [frames.book(row, frame.selector)]
    scale = frames.scale(row.instrument)
    bids, asks = levels(scale, row.bids), levels(scale, row.asks)
    first, previous = frame.prev_sequence_number + 1, frame.prev_sequence_number
    return [BookDelta(scale.symbol, bids, asks, first, previous, frame.sequence_number, row.event_time)]


def _picture(frames: GrvtFrames, row: BookRow, _frame: _Frame, _received_ns: int) -> list[Event]:
    return [frames.book(row)]


def _mark(frames: GrvtFrames, row: _Ticker, _frame: _Frame, _received_ns: int) -> list[Event]:
    """Mark and index price, and the funding rate for the interval the frame or the instrument names."""
    scale = frames.scale(row.instrument)
    index = scale.price_or_none(row.index_price)
    events: list[Event] = [Mark(scale.symbol, scale.prices[row.mark_price], index, row.event_time)]
    hours = Decimal(row.funding_interval_hours) if row.funding_interval_hours > 0 else _hours(scale)
    text = row.funding_rate
    if not text:
        text, hours = row.funding_rate_8h_curr, FUNDING_HOURS
    if text:
        rate = Rate(number(text, "grvt", "funding rate") / _PERCENT, hours)
        events.append(Funding(scale.symbol, rate, row.next_funding_time or None, row.event_time))
    return events


def _hours(scale: Scale) -> Decimal:
    return scale.instrument.funding_hours if scale.instrument else FUNDING_HOURS


def _quote(frames: GrvtFrames, row: _Mini, _frame: _Frame, received_ns: int) -> list[Event]:
    scale = frames.scale(row.instrument)
    bid, ask = _Level(row.best_bid_price, row.best_bid_size), _Level(row.best_ask_price, row.best_ask_size)
    return [quote(scale, bid, ask, venue_time_ns=row.event_time, received_ns=received_ns)]


def _trade(frames: GrvtFrames, row: _Trade, _frame: _Frame, _received_ns: int) -> list[Event]:
    scale = frames.scale(row.instrument)
    side = Side.BUY if row.is_taker_buyer else Side.SELL
    price, size = scale.prices[row.price], scale.positive(row.size)
    return [PublicTrade(scale.symbol, price, size, side, row.trade_id, row.event_time)]


def _bar(frames: GrvtFrames, row: _Candle, frame: _Frame, _received_ns: int) -> list[Event]:
    """A bar that may not be over: GRVT does not say."""
    resolution = _CANDLE.fullmatch(frame.selector)
    if resolution is None:
        refuse("grvt", "the selector of a candle", frame.selector)
    scale = frames.scale(row.instrument)
    prices = row.open, row.high, row.low, row.close
    volumes = scale.sizes[row.volume_b], unsigned(row.volume_q, "grvt", "volume_q")
    name = f"{resolution[1]}{resolution[2].lower()}"
    return [bar("grvt", scale, name, row.open_time // NS_PER_MS, prices, volumes, closed=False)]

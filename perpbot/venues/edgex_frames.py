"""EdgeX's words on its streams: which frame is which event.

Source: https://edgex-1.gitbook.io/edgeX-documentation/api-v2/websocket-api, and recorded frames, which are believed
where the two differ: levels are objects, and words for the type of data come in any case.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from perpbot.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    Mark,
    Ping,
    Pong,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import Side
from perpbot.model.money import Rate
from perpbot.venues.edgex_account import Changes, EdgexAccount
from perpbot.venues.edgex_instruments import COINS, MINUTES
from perpbot.venues.venue import Venue
from perpbot.venues.wire import ArrayLevel as Level
from perpbot.venues.wire import JsonReader, Millis, Scale, Scales, bar, levels, ns, number, positive, quote, refuse

FUNDING_HOURS = Decimal(4)
"""The usual time between two payments; the metadata has the others."""

_RESOLUTIONS = {"MINUTE": "m", "HOUR": "h", "DAY": "d", "WEEK": "w", "MONTH": "M"}
_IGNORED_CHANNELS = frozenset({"metadata"})


class _Content(msgspec.Struct, rename="camel"):
    data: msgspec.Raw = msgspec.Raw()
    event: str = ""
    code: str = ""
    msg: str | None = None


class _Frame(msgspec.Struct):
    type: str
    channel: str = ""
    time: str = ""
    content: _Content = msgspec.field(default_factory=_Content)


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class Depth(msgspec.Struct, rename="camel"):
    """A book, or what changed in one."""

    contract_id: str
    start_version: int
    end_version: int
    depth_type: str
    bids: list[_Level]
    asks: list[_Level]


class _Ticker(msgspec.Struct, rename="camel"):
    contract_id: str
    funding_rate: str = ""
    next_funding_time: Millis = 0
    index_price: str = ""
    oracle_price: str = ""
    mark_price: str = ""


class _FundingRate(msgspec.Struct, rename="camel"):
    contract_id: str
    funding_rate: str
    funding_time: Millis = 0
    funding_rate_interval_min: str = ""


class _BookTicker(msgspec.Struct, rename="camel"):
    contract_id: str
    best_bid_price: str
    best_bid_size: str
    best_ask_price: str
    best_ask_size: str
    time: Millis = 0


class _Trade(msgspec.Struct, rename="camel"):
    contract_id: str
    ticket_id: str
    time: Millis
    price: str
    size: str
    is_buyer_maker: bool


class _Kline(msgspec.Struct, rename="camel"):
    contract_id: str
    kline_type: str
    kline_time: Millis
    open: str
    high: str
    low: str
    close: str
    size: str
    value: str


_Convert = Callable[[Any, Scale, int], list[Event]]


def _reader(type_: Any) -> JsonReader[Any]:
    return JsonReader("edgex", type_, numbers_in_quotes=True)


class EdgexFrames:
    """Turns EdgeX's frames into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("edgex", lambda native: native)
        self.coins = dict(COINS)
        """Coins by number; whoever reads the metadata replaces it."""
        self.account = EdgexAccount(venue.account, self.scale, lambda coin_id: self.coins.get(coin_id, coin_id))
        self._read_frame: JsonReader[_Frame] = _reader(_Frame)
        self._read_changes: JsonReader[Changes] = _reader(Changes)
        self._channels: dict[str, tuple[JsonReader[Any], _Convert]] = {
            "depth": (_reader(list[Depth]), _book),
            "ticker": (_reader(list[_Ticker]), _mark),
            "fundingRate": (_reader(list[_FundingRate]), _funding),
            "bookTicker": (_reader(list[_BookTicker]), _quote),
            "trades": (_reader(list[_Trade]), _trade),
            "kline": (_reader(list[_Kline]), _bar),
        }

    def scale(self, native: str) -> Scale:
        """What the number of a contract means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of either stream; `DecodeError` when it is not EdgeX's protocol."""
        read = self._read_frame(frame)
        if read.type == "quote-event":
            return self._market(read, received_ns)
        if read.type == "trade-event":
            return self.account.changes(self._read_changes(read.content.data))
        return self._session(read)

    def book(self, row: Depth) -> BookSnapshot:
        """The book in an answer by REST."""
        scale = self.scale(row.contract_id)
        return BookSnapshot(scale.symbol, levels(scale, row.bids), levels(scale, row.asks), row.end_version, 0)

    def _market(self, frame: _Frame, received_ns: int) -> list[Event]:
        kind = frame.channel.partition(".")[0]
        if kind in _IGNORED_CHANNELS:
            return []
        if kind not in self._channels:
            refuse("edgex", "channel", frame.channel)
        reader, convert = self._channels[kind]
        rows = reader(frame.content.data)
        return [event for row in rows for event in convert(row, self.scale(row.contract_id), received_ns)]

    def _session(self, frame: _Frame) -> list[Event]:
        if frame.type == "ping":
            return [Ping(f'{{"type":"pong","time":"{_time(frame.time)}"}}')]
        if frame.type == "pong":
            return [Pong()]
        if frame.type in {"subscribed", "unsubscribed"}:
            return [self._ack(frame.channel)]
        if frame.type == "error":
            return [VenueError(frame.content.code, frame.content.msg or "")]
        if frame.type != "connected":
            refuse("edgex", "type", frame.type)
        return []

    def _ack(self, channel: str) -> Ack:
        """What was confirmed; of books and tickers also for which contract."""
        kind, _, rest = channel.partition(".")
        native = rest.partition(".")[0]
        return Ack(kind, self.scale(native).symbol if native.isdecimal() else None)


def _time(text: str) -> str:
    """A time to send back; only digits, so that nothing else gets into our frame."""
    if not text.isascii() or not text.isdecimal():
        refuse("edgex", "the time of a ping", text)
    return text


def _book(row: Depth, scale: Scale, _received_ns: int) -> list[Event]:
    bids, asks = levels(scale, row.bids), levels(scale, row.asks)
    kind = row.depth_type.upper()
    if kind == "SNAPSHOT":
        return [BookSnapshot(scale.symbol, bids, asks, row.end_version, 0)]
    if kind != "CHANGED":
        refuse("edgex", "depthType", row.depth_type)
    return [BookDelta(scale.symbol, bids, asks, row.start_version, row.start_version, row.end_version, 0)]


def _mark(row: _Ticker, scale: Scale, _received_ns: int) -> list[Event]:
    """Mark and index price, and the rate that will be paid at the next settlement. A new contract has no prices."""
    events: list[Event] = []
    price = scale.price_or_none(row.mark_price or row.oracle_price)
    if price is not None:
        events.append(Mark(scale.symbol, price, scale.price_or_none(row.index_price), 0))
    if row.funding_rate:
        hours = scale.instrument.funding_hours if scale.instrument else FUNDING_HOURS
        rate = Rate(number(row.funding_rate, "edgex", "fundingRate"), hours)
        events.append(Funding(scale.symbol, rate, ns(row.next_funding_time) or None, 0))
    return events


def _funding(row: _FundingRate, scale: Scale, _received_ns: int) -> list[Event]:
    """The rate fixed at `funding_time`, which is paid one interval later."""
    hours = scale.instrument.funding_hours if scale.instrument else FUNDING_HOURS
    if row.funding_rate_interval_min:
        hours = positive(row.funding_rate_interval_min, "edgex", "fundingRateIntervalMin") / MINUTES
    paid_ms = row.funding_time + int(hours * 3_600_000) if row.funding_time else 0
    rate = Rate(number(row.funding_rate, "edgex", "fundingRate"), hours)
    return [Funding(scale.symbol, rate, ns(paid_ms) or None, 0)]


def _quote(row: _BookTicker, scale: Scale, received_ns: int) -> list[Event]:
    """The best levels; zeros where a book is empty."""
    if scale.price_or_none(row.best_bid_price) is None or scale.price_or_none(row.best_ask_price) is None:
        return []
    bid, ask = Level(row.best_bid_price, row.best_bid_size), Level(row.best_ask_price, row.best_ask_size)
    return [quote(scale, bid, ask, venue_time_ns=ns(row.time), received_ns=received_ns)]


def _trade(row: _Trade, scale: Scale, _received_ns: int) -> list[Event]:
    side = Side.SELL if row.is_buyer_maker else Side.BUY
    price, size = scale.prices[row.price], scale.positive(row.size)
    return [PublicTrade(scale.symbol, price, size, side, row.ticket_id, ns(row.time))]


def _bar(row: _Kline, scale: Scale, _received_ns: int) -> list[Event]:
    """A bar. EdgeX does not say when it is closed: the next one has begun."""
    unit, _, count = row.kline_type.partition("_")
    if unit not in _RESOLUTIONS or not count.isdecimal():
        refuse("edgex", "klineType", row.kline_type)
    prices = row.open, row.high, row.low, row.close
    volumes = scale.sizes[row.size], number(row.value, "edgex", "value")
    return [bar("edgex", scale, count + _RESOLUTIONS[unit], row.kline_time, prices, volumes, closed=False)]

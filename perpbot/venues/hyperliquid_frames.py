"""Hyperliquid's words on its stream: which frame is which event.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/websocket/subscriptions, and recorded
frames. Sizes are coins, for a k-coin thousands of them; the funding rate is for one hour.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from perpbot.model.events import (
    Ack,
    Bar,
    BookSnapshot,
    Event,
    Funding,
    Mark,
    Pong,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import canonical_symbol
from perpbot.model.money import Rate
from perpbot.venues.hyperliquid_account import HyperliquidAccount, side_of
from perpbot.venues.venue import Venue
from perpbot.venues.wire import JsonReader, Millis, Scale, Scales, bar, levels, ns, number, quote, refuse

FUNDING_HOURS = Decimal(1)

_GREETING = "Websocket connection established."
"""A frame that is not JSON: the first one of a connection."""

_PERPETUAL = re.compile(r"[A-Za-z0-9]+")

_IGNORED_CHANNELS = frozenset({
    "activeAssetData", "activeSpotAssetCtx", "allDexsAssetCtxs", "allDexsClearinghouseState", "allMids", "assetCtxs",
    "fastAssetCtxs", "notification", "openOrders", "post", "spotAssetCtxs", "spotState", "twapStates", "user",
    "userHistoricalOrders", "userNonFundingLedgerUpdates", "userTwapHistory", "userTwapSliceFills", "webData3",
})  # fmt: skip


class _Frame(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Level(msgspec.Struct, gc=False):
    price: str = msgspec.field(name="px")
    size: str = msgspec.field(name="sz")


class Book(msgspec.Struct):
    """A book of twenty levels a side: bids, then asks."""

    coin: str
    time: Millis
    levels: tuple[list[_Level], list[_Level]]


class _Best(msgspec.Struct):
    coin: str
    time: Millis
    bbo: tuple[_Level | None, _Level | None]


class _Trade(msgspec.Struct):
    coin: str
    side: str
    px: str
    sz: str
    time: Millis
    tid: int


class _Context(msgspec.Struct, rename="camel"):
    mark_px: str
    oracle_px: str
    funding: str


class _AssetContext(msgspec.Struct):
    coin: str
    ctx: _Context


class _Candle(msgspec.Struct):
    open_ms: Millis = msgspec.field(name="t")
    coin: str = msgspec.field(name="s")
    interval: str = msgspec.field(name="i")
    open: str = msgspec.field(name="o")
    high: str = msgspec.field(name="h")
    low: str = msgspec.field(name="l")
    close: str = msgspec.field(name="c")
    volume: str = msgspec.field(name="v")


class _Subscription(msgspec.Struct):
    type: str
    coin: str = ""


class _Subscribed(msgspec.Struct):
    subscription: _Subscription


_Handler = Callable[[msgspec.Raw, int], list[Event]]


def default_symbol(native: str) -> str:
    """``BTC`` is ``BTC-PERP``; spot pairs and the coins of other exchanges on Hyperliquid keep their names."""
    return canonical_symbol(native) if _PERPETUAL.fullmatch(native) else native


def _reader(type_: Any) -> JsonReader[Any]:
    return JsonReader("hyperliquid", type_, numbers_in_quotes=True)


class HyperliquidFrames:
    """Turns Hyperliquid's frames into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("hyperliquid", default_symbol)
        self.account = HyperliquidAccount(venue.account, self.scale)
        self._read_frame = JsonReader("hyperliquid", _Frame)
        self._read_book = _reader(Book)
        self._read_best = _reader(_Best)
        self._read_trades = _reader(list[_Trade])
        self._read_context = _reader(_AssetContext)
        self._read_candle = _reader(_Candle)
        self._read_subscribed = _reader(_Subscribed)
        self._read_text = _reader(str)
        self._channels: dict[str, _Handler] = {
            "l2Book": self._book,
            "bbo": self._quote,
            "trades": lambda data, _received_ns: [self._trade(row) for row in self._read_trades(data)],
            "activeAssetCtx": self._context,
            "candle": lambda data, _received_ns: [self._bar(self._read_candle(data))],
            "subscriptionResponse": self._ack,
            "pong": lambda _data, _received_ns: [Pong()],
            "error": lambda data, _received_ns: [VenueError("error", self._read_text(data))],
        }

    def scale(self, native: str) -> Scale:
        """What the native name means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of either stream; `DecodeError` when it is not Hyperliquid's protocol."""
        if len(frame) == len(_GREETING) and frame in {_GREETING, _GREETING.encode()}:
            return []
        read = self._read_frame(frame)
        handler = self._channels.get(read.channel)
        if handler is not None:
            return handler(read.data, received_ns)
        private = self.account.channels.get(read.channel)
        if private is not None:
            return private(read.data)
        if read.channel not in _IGNORED_CHANNELS:
            refuse("hyperliquid", "channel", read.channel)
        return []

    def book(self, row: Book) -> BookSnapshot:
        """The book in a frame or in an answer by REST."""
        scale = self.scale(row.coin)
        bids, asks = row.levels
        return BookSnapshot(scale.symbol, levels(scale, bids), levels(scale, asks), 0, ns(row.time))

    def _book(self, data: msgspec.Raw, _received_ns: int) -> list[Event]:
        return [self.book(self._read_book(data))]

    def _quote(self, data: msgspec.Raw, received_ns: int) -> list[Event]:
        row = self._read_best(data)
        bid, ask = row.bbo
        if bid is None or ask is None:
            return []
        scale = self.scale(row.coin)
        return [quote(scale, bid, ask, venue_time_ns=ns(row.time), received_ns=received_ns)]

    def _trade(self, row: _Trade) -> PublicTrade:
        scale = self.scale(row.coin)
        price, size = scale.prices[row.px], scale.positive(row.sz)
        return PublicTrade(scale.symbol, price, size, side_of(row.side), str(row.tid), ns(row.time))

    def _context(self, data: msgspec.Raw, _received_ns: int) -> list[Event]:
        row = self._read_context(data)
        scale, ctx = self.scale(row.coin), row.ctx
        rate = Rate(number(ctx.funding, "hyperliquid", "funding"), FUNDING_HOURS)
        return [
            Mark(scale.symbol, scale.prices[ctx.mark_px], scale.prices[ctx.oracle_px], 0),
            Funding(scale.symbol, rate, None, 0),
        ]

    def _bar(self, row: _Candle) -> Bar:
        """A bar. Hyperliquid does not say when it is closed: the next one has begun."""
        scale = self.scale(row.coin)
        prices = row.open, row.high, row.low, row.close
        volumes = scale.sizes[row.volume], None
        return bar("hyperliquid", scale, row.interval, row.open_ms, prices, volumes, closed=False)

    def _ack(self, data: msgspec.Raw, _received_ns: int) -> list[Event]:
        subscription = self._read_subscribed(data).subscription
        symbol = self.scale(subscription.coin).symbol if subscription.coin else None
        return [Ack(subscription.type, symbol)]

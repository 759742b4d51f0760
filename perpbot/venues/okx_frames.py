"""OKX's words on its streams: which frame is which event.

Source: OKX API v5, https://www.okx.com/docs-v5/en/, and recorded frames. All numbers come in quotes; sizes are
contracts.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from perpbot.model.events import (
    Ack,
    Bar,
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    LoggedIn,
    Mark,
    Pong,
    PublicTrade,
    SessionEnding,
    VenueError,
)
from perpbot.model.instrument import Side, canonical_symbol
from perpbot.model.money import Rate
from perpbot.venues.answers import first
from perpbot.venues.okx_account import OkxAccount
from perpbot.venues.venue import Venue
from perpbot.venues.wire import (
    ArrayLevel,
    JsonReader,
    Millis,
    Scale,
    Scales,
    WireLevel,
    bar,
    levels,
    ns,
    number,
    quote,
    refuse,
    unsigned,
)

MS_PER_HOUR = 3_600_000

_LINEAR = re.compile(r"([A-Z0-9]+)-(?:USDT|USDC)-SWAP")
_RESOLUTION = re.compile(r"candle([0-9]{1,2})([smHDWM])(?:utc)?")
_UNITS = {"s": "s", "m": "m", "H": "h", "D": "d", "W": "w", "M": "M"}
_PONG = "pong"
_NO_CHECKSUM = 0
"""What OKX writes since it stopped computing checksums in 2026."""

_IGNORED_CHANNELS = frozenset({
    "adl-warning", "algo-advance", "balance_and_position", "estimated-price", "index-tickers", "instruments",
    "liquidation-orders", "liquidation-warning", "open-interest", "opt-summary", "orders-algo", "price-limit", "status",
})  # fmt: skip
_IGNORED_OPERATIONS = frozenset({
    "order", "batch-orders", "cancel-order", "batch-cancel-orders", "amend-order", "batch-amend-orders", "mass-cancel",
})  # fmt: skip

_Sequence = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]


class _Arg(msgspec.Struct, rename="camel"):
    channel: str
    inst_id: str = ""


class _Frame(msgspec.Struct):
    arg: _Arg | None = None
    data: msgspec.Raw = msgspec.Raw()
    action: str = ""
    event: str = ""
    op: str = ""
    code: str = ""
    msg: str = ""


class _Book(msgspec.Struct, rename="camel"):
    asks: list[ArrayLevel]
    bids: list[ArrayLevel]
    ts: Millis
    checksum: int = _NO_CHECKSUM
    seq_id: _Sequence = 0
    prev_seq_id: _Sequence = 0


class _Ticker(msgspec.Struct, rename="camel"):
    bid_px: str
    bid_sz: str
    ask_px: str
    ask_sz: str
    ts: Millis


class _Trade(msgspec.Struct, rename="camel"):
    trade_id: str
    px: str
    sz: str
    side: Side
    ts: Millis


class _Funding(msgspec.Struct, rename="camel"):
    funding_rate: str
    funding_time: Millis
    next_funding_time: Millis
    ts: Millis = 0


class _Mark(msgspec.Struct, rename="camel"):
    mark_px: str
    ts: Millis


class _Candle(msgspec.Struct, array_like=True):
    ts: Millis
    open: str
    high: str
    low: str
    close: str
    volume: str
    """Contracts for a swap, coins for spot."""
    volume_ccy: str
    """Coins for a swap, quote currency for spot."""
    volume_quote: str = ""
    confirm: Literal["0", "1"] = "0"


_Convert = Callable[[Any, Scale, int], Event | None]
_Channel = tuple[JsonReader[Any], _Convert]


def default_symbol(native: str) -> str:
    """``BTC-USDT-SWAP`` is ``BTC-PERP``; what is not linear keeps its name."""
    linear = _LINEAR.fullmatch(native)
    return canonical_symbol(linear[1]) if linear else native


def _rows(type_: Any) -> JsonReader[Any]:
    return JsonReader("okx", list[type_], numbers_in_quotes=True)


class OkxFrames:
    """Turns OKX's frames into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("okx", default_symbol)
        self._read_frame = JsonReader("okx", _Frame)
        self._read_candles = _rows(_Candle)
        self.account = OkxAccount(venue.account, self.scale)
        books, trades = _rows(_Book), _rows(_Trade)
        self._read_books = books
        self._channels: dict[tuple[str, str], _Channel] = {
            ("books", "update"): (books, _delta),
            ("books", "snapshot"): (books, _snapshot),
            ("books-l2-tbt", "update"): (books, _delta),
            ("books-l2-tbt", "snapshot"): (books, _snapshot),
            ("books50-l2-tbt", "update"): (books, _delta),
            ("books50-l2-tbt", "snapshot"): (books, _snapshot),
            ("books5", ""): (books, _snapshot),
            ("bbo-tbt", ""): (books, _best),
            ("tickers", ""): (_rows(_Ticker), _ticker),
            ("trades", ""): (trades, _trade),
            ("trades-all", ""): (trades, _trade),
            ("funding-rate", ""): (_rows(_Funding), _funding),
            ("mark-price", ""): (_rows(_Mark), _mark),
        }

    def scale(self, native: str) -> Scale:
        """What the native name means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of either stream; `DecodeError` when it is not OKX's protocol."""
        if len(frame) == len(_PONG) and frame in {_PONG, _PONG.encode()}:
            return [Pong()]
        read = self._read_frame(frame)
        arg = read.arg
        if read.event:
            return self._session(read, arg)
        if arg is None:
            if read.op not in _IGNORED_OPERATIONS:
                refuse("okx", "a frame without channel", frame)
            return []
        channel = self._channels.get((arg.channel, read.action))
        if channel is None:
            return self._rare(read, arg)
        rows, convert = channel
        scale = self.scale(arg.inst_id)
        return [event for row in rows(read.data) if (event := convert(row, scale, received_ns)) is not None]

    def book(self, native: str, data: msgspec.Raw) -> BookSnapshot:
        """The book in an answer by REST; `DecodeError` when it holds none."""
        return _snapshot(first("okx", self._read_books(data)), self.scale(native), 0)

    def _session(self, frame: _Frame, arg: _Arg | None) -> list[Event]:
        if frame.event == "error" or frame.event.endswith("-error"):
            return [VenueError(frame.code, frame.msg)]
        if frame.event == "login":
            return [LoggedIn()]
        if frame.event == "notice":
            return [SessionEnding(f"{frame.code} {frame.msg}")]
        if frame.event in {"subscribe", "unsubscribe"} and arg is not None:
            symbol = self.scale(arg.inst_id).symbol if arg.inst_id else None
            return [Ack(arg.channel, symbol)]
        if frame.event != "channel-conn-count":
            refuse("okx", "event", frame.event)
        return []

    def _rare(self, frame: _Frame, arg: _Arg) -> list[Event]:
        private = self.account.channels.get(arg.channel)
        if private is not None:
            return private(frame.data)
        if arg.channel in _IGNORED_CHANNELS:
            return []
        resolution = _RESOLUTION.fullmatch(arg.channel)
        if resolution is None:
            refuse("okx", "channel", f"{arg.channel} {frame.action}".strip())
        name = resolution[1] + _UNITS[resolution[2]]
        scale = self.scale(arg.inst_id)
        return [_bar(row, scale, name) for row in self._read_candles(frame.data)]


def _snapshot(row: _Book, scale: Scale, _received_ns: int) -> BookSnapshot:
    bids, asks = levels(scale, row.bids), levels(scale, row.asks)
    return BookSnapshot(scale.symbol, bids, asks, row.seq_id, ns(row.ts), row.checksum or None)


def _delta(row: _Book, scale: Scale, _received_ns: int) -> BookDelta:
    bids, asks, last = levels(scale, row.bids), levels(scale, row.asks), row.seq_id
    return BookDelta(scale.symbol, bids, asks, last, row.prev_seq_id, last, ns(row.ts), row.checksum or None)


def _best(row: _Book, scale: Scale, received_ns: int) -> Event | None:
    if not row.bids or not row.asks:
        return None
    return _quote(scale, row.bids[0], row.asks[0], row.ts, received_ns)


def _ticker(row: _Ticker, scale: Scale, received_ns: int) -> Event | None:
    if not row.bid_px or not row.ask_px:
        return None
    bid, ask = ArrayLevel(row.bid_px, row.bid_sz), ArrayLevel(row.ask_px, row.ask_sz)
    return _quote(scale, bid, ask, row.ts, received_ns)


def _quote(scale: Scale, bid: WireLevel, ask: WireLevel, ts: int, received_ns: int) -> Event:
    return quote(scale, bid, ask, venue_time_ns=ns(ts), received_ns=received_ns)


def _trade(row: _Trade, scale: Scale, _received_ns: int) -> PublicTrade:
    return PublicTrade(scale.symbol, scale.prices[row.px], scale.positive(row.sz), row.side, row.trade_id, ns(row.ts))


def funding_hours(native: str, funding_ms: int, next_funding_ms: int) -> Decimal:
    """The time between two settlements of a swap; `DecodeError` when the second is not after the first."""
    if next_funding_ms <= funding_ms:
        refuse("okx", f"nextFundingTime of {native}", next_funding_ms)
    return Decimal(next_funding_ms - funding_ms) / MS_PER_HOUR


def _funding(row: _Funding, scale: Scale, _received_ns: int) -> Funding:
    hours = funding_hours(scale.native, row.funding_time, row.next_funding_time)
    rate = Rate(number(row.funding_rate, "okx", "fundingRate"), hours)
    return Funding(scale.symbol, rate, ns(row.funding_time), ns(row.ts))


def _mark(row: _Mark, scale: Scale, _received_ns: int) -> Mark:
    return Mark(scale.symbol, scale.prices[row.mark_px], None, ns(row.ts))


def _bar(row: _Candle, scale: Scale, resolution: str) -> Bar:
    swap = scale.native.endswith("-SWAP")
    coins, quoted = (row.volume_ccy, row.volume_quote) if swap else (row.volume, row.volume_ccy)
    volumes = unsigned(coins, "okx", "volume"), unsigned(quoted, "okx", "quote volume") if quoted else None
    prices = row.open, row.high, row.low, row.close
    return bar("okx", scale, resolution, row.ts, prices, volumes, closed=row.confirm == "1")

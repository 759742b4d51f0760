"""Paradex's words on its streams: which frame is which event.

Requests, answers and private channels are JSON-RPC; public channels come in binary, and in JSON where the stream was
opened without asking for that. Source: https://docs.paradex.trade/ws, and recorded frames. Sizes are coins, for a
k-coin thousands of them.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

import msgspec

from perpbot.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    LoggedIn,
    Mark,
    PublicTrade,
    VenueError,
)
from perpbot.model.instrument import Side, canonical_symbol
from perpbot.model.money import Rate
from perpbot.model.quote import Quote
from perpbot.venues.paradex_account import ParadexAccount
from perpbot.venues.paradex_sbe import (
    BinaryBook,
    BinaryFunding,
    BinaryLevel,
    BinarySummary,
    BinaryTrade,
    is_binary,
    read_binary,
)
from perpbot.venues.venue import Venue
from perpbot.venues.wire import ArrayLevel, JsonReader, Millis, Scale, Scales, levels, ns, number, quote, refuse

FUNDING_HOURS = Decimal(8)
"""What a rate is for, unless the market says otherwise. Funding itself runs on continuously."""

_LONGEST_HOURS = 10_000
_PERPETUAL = re.compile(r"(k?)([A-Z0-9]+)-USD-PERP")
_SIDES = {1: Side.BUY, 2: Side.SELL}

_Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Error(msgspec.Struct):
    code: int
    message: str = ""
    data: object = None


class _Result(msgspec.Struct):
    channel: str = ""
    node_id: str = ""


class _Params(msgspec.Struct):
    channel: str
    data: msgspec.Raw


class _Frame(msgspec.Struct):
    method: str = ""
    params: _Params | None = None
    result: _Result | None = None
    error: _Error | None = None
    id: int | None = None


class _Level(msgspec.Struct, gc=False):
    side: str
    price: str
    size: str = "0"


class _Book(msgspec.Struct):
    market: str
    seq_no: _Sequence
    last_updated_at: Millis
    update_type: str
    inserts: list[_Level]
    updates: list[_Level] = []
    deletes: list[_Level] = []


class BookRow(msgspec.Struct):
    """A book by REST."""

    market: str
    seq_no: _Sequence
    last_updated_at: Millis
    bids: list[ArrayLevel]
    asks: list[ArrayLevel]


class _Best(msgspec.Struct):
    market: str
    last_updated_at: Millis
    bid: str
    bid_size: str
    ask: str
    ask_size: str


class _Trade(msgspec.Struct):
    id: str
    market: str
    side: str
    size: str
    price: str
    created_at: Millis


class _Summary(msgspec.Struct):
    symbol: str
    mark_price: str
    created_at: Millis
    underlying_price: str = ""


class _Funding(msgspec.Struct):
    market: str
    funding_rate: str
    created_at: Millis
    funding_period_hours: Decimal = FUNDING_HOURS


_Handler = Callable[[msgspec.Raw, int], Event | None]


def default_symbol(native: str) -> str:
    """``BTC-USD-PERP`` is ``BTC-PERP``; what is no perpetual keeps its name."""
    perpetual = _PERPETUAL.fullmatch(native)
    return canonical_symbol(perpetual[2]) if perpetual else native


def period(hours: Decimal) -> Decimal:
    """The hours a funding rate is for; some rows say none at all and mean the usual ones."""
    return hours if hours.is_finite() and 0 < hours < _LONGEST_HOURS else FUNDING_HOURS


class ParadexFrames:
    """Turns Paradex's frames into events."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._scales = Scales("paradex", default_symbol)
        self.account = ParadexAccount(venue.account, self.scale)
        self._read_frame = JsonReader("paradex", _Frame)
        self._read_book = JsonReader("paradex", _Book)
        self._read_best = JsonReader("paradex", _Best)
        self._read_trade = JsonReader("paradex", _Trade)
        self._read_summary = JsonReader("paradex", _Summary)
        self._read_funding = JsonReader("paradex", _Funding)
        self._channels: dict[str, _Handler] = {
            "order_book": self._book,
            "bbo": self._best,
            "trades": self._trade,
            "markets_summary": self._summary,
            "funding_data": self._funding,
        }

    def scale(self, native: str) -> Scale:
        """What the native name means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of either stream; `DecodeError` when it is not Paradex's protocol."""
        if isinstance(frame, bytes) and is_binary(frame):
            return [self._binary(frame)]
        read = self._read_frame(frame)
        if read.params is not None:
            return self._push(read.params, received_ns)
        return self._answer(read)

    def book(self, row: BookRow) -> BookSnapshot:
        """The book in an answer by REST."""
        scale = self.scale(row.market)
        bids, asks = levels(scale, row.bids), levels(scale, row.asks)
        return BookSnapshot(scale.symbol, bids, asks, row.seq_no, ns(row.last_updated_at))

    def _push(self, params: _Params, received_ns: int) -> list[Event]:
        name = params.channel.partition(".")[0]
        private = self.account.channels.get(name)
        if private is not None:
            return [private(params.data)]
        handler = self._channels.get(name)
        if handler is None:
            refuse("paradex", "channel", params.channel)
        event = handler(params.data, received_ns)
        return [] if event is None else [event]

    def _answer(self, frame: _Frame) -> list[Event]:
        if frame.error is not None:
            details = f": {frame.error.data}" if frame.error.data else ""
            return [VenueError(str(frame.error.code), f"{frame.error.message}{details}")]
        if frame.result is None or frame.id is None:
            refuse("paradex", "a frame", "neither news nor an answer")
        if frame.result.node_id:
            return [LoggedIn()]
        if not frame.result.channel:
            return []
        name, _, rest = frame.result.channel.partition(".")
        market = rest.partition(".")[0]
        known = market not in {"", "ALL"} and name not in self.account.channels
        return [Ack(name, self.scale(market).symbol if known else None)]

    # -- public channels in JSON ---------------------------------------------------------------------------------

    def _book(self, data: msgspec.Raw, _received_ns: int) -> Event:
        row = self._read_book(data)
        gone = [_Level(each.side, each.price) for each in row.deletes]
        rows: dict[str, list[_Level]] = {"BUY": [], "SELL": []}
        for each in (*row.inserts, *row.updates, *gone):
            if each.side not in rows:
                refuse("paradex", "side", each.side)
            rows[each.side].append(each)
        if row.update_type not in {"s", "d"}:
            refuse("paradex", "update_type", row.update_type)
        scale, time_ns = self.scale(row.market), ns(row.last_updated_at)
        bids, asks = levels(scale, rows["BUY"]), levels(scale, rows["SELL"])
        if row.update_type == "s":
            return BookSnapshot(scale.symbol, bids, asks, row.seq_no, time_ns)
        return BookDelta(scale.symbol, bids, asks, row.seq_no, row.seq_no - 1, row.seq_no, time_ns)

    def _best(self, data: msgspec.Raw, received_ns: int) -> Quote | None:
        row = self._read_best(data)
        if not row.bid or not row.ask:
            return None
        bid, ask = BinaryLevel(row.bid, row.bid_size), BinaryLevel(row.ask, row.ask_size)
        venue_time_ns = ns(row.last_updated_at)
        return quote(self.scale(row.market), bid, ask, venue_time_ns=venue_time_ns, received_ns=received_ns)

    def _trade(self, data: msgspec.Raw, _received_ns: int) -> PublicTrade:
        row = self._read_trade(data)
        side = {"BUY": 1, "SELL": 2}.get(row.side, 0)
        return self._public_trade(
            BinaryTrade(row.market, row.id, side, row.price, row.size, ns(row.created_at)),
        )

    def _summary(self, data: msgspec.Raw, _received_ns: int) -> Mark:
        row = self._read_summary(data)
        return self._mark(BinarySummary(row.symbol, row.mark_price, row.underlying_price, ns(row.created_at)))

    def _funding(self, data: msgspec.Raw, _received_ns: int) -> Funding:
        row = self._read_funding(data)
        return self._rate(row.market, row.funding_rate, row.funding_period_hours, ns(row.created_at))

    # -- public channels in binary -------------------------------------------------------------------------------

    def _binary(self, frame: bytes) -> Event:
        message = read_binary(frame)
        if isinstance(message, BinaryBook):
            return self._binary_book(message)
        if isinstance(message, BinarySummary):
            return self._mark(message)
        if isinstance(message, BinaryFunding):
            return self._rate(message.market, message.rate, Decimal(message.hours), message.time_ns)
        return self._public_trade(message)

    def _binary_book(self, book: BinaryBook) -> Event:
        scale, sequence = self.scale(book.market), book.sequence
        bids, asks = levels(scale, book.bids), levels(scale, book.asks)
        if book.whole:
            return BookSnapshot(scale.symbol, bids, asks, sequence, book.time_ns)
        return BookDelta(scale.symbol, bids, asks, sequence, sequence - 1, sequence, book.time_ns)

    def _public_trade(self, trade: BinaryTrade) -> PublicTrade:
        scale = self.scale(trade.market)
        if trade.side not in _SIDES:
            refuse("paradex", "the side of a trade", trade.side)
        price, size = scale.prices[trade.price], scale.positive(trade.size)
        return PublicTrade(scale.symbol, price, size, _SIDES[trade.side], trade.trade_id, trade.time_ns)

    def _mark(self, summary: BinarySummary) -> Mark:
        scale = self.scale(summary.market)
        index = scale.price_or_none(summary.index)
        return Mark(scale.symbol, scale.prices[summary.mark], index, summary.time_ns)

    def _rate(self, market: str, rate: str, hours: Decimal, time_ns: int) -> Funding:
        """The funding rate. It has no next settlement: funding runs on continuously."""
        funding_rate = Rate(number(rate, "paradex", "funding_rate"), period(hours))
        return Funding(self.scale(market).symbol, funding_rate, None, time_ns)

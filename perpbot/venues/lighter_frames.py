"""Lighter's words on its stream: which frame is which event.

One connection carries channels for everybody and, with a token, for an account. A channel is subscribed to with a slash
and told with a colon, first with a frame of type ``subscribed/…``, then with ``update/…``.

Source: https://apidocs.lighter.xyz/docs/websocket-reference.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import attrs
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
from perpbot.model.money import ZERO, Rate
from perpbot.venues.lighter_account import LighterAccount, OrderRow, PositionRow, StatsRow, TradeRow
from perpbot.venues.lighter_instruments import FUNDING_HOURS
from perpbot.venues.venue import Venue
from perpbot.venues.wire import (
    JsonReader,
    Millis,
    Scale,
    Scales,
    bar,
    levels,
    ns,
    number,
    quote,
    refuse,
    unsigned,
)

PONG = '{"type":"pong"}'
HOUR_MS = 3_600_000
UNLINKED = -1
"""Older frames do not say what they follow: no book can go on from them."""

_FIRST, _UPDATE = "subscribed/", "update/"
_DONE = frozenset({30002, 30003})
"""Complaints that what is asked for is so already."""
_IGNORED_CHANNELS = frozenset({"height", "spot_market_stats", "account_all_assets", "account_all", "account_tx"})
_PERCENT = Decimal("0.01")

_Nonce = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Error(msgspec.Struct):
    code: int
    message: str = ""


class _Frame(msgspec.Struct):
    type: str = ""
    channel: str = ""
    timestamp: Millis = 0
    error: _Error | None = None


class _Level(msgspec.Struct, gc=False):
    price: str
    size: str


class _Book(msgspec.Struct):
    asks: list[_Level]
    bids: list[_Level]
    nonce: _Nonce
    begin_nonce: _Nonce = UNLINKED


class _BookFrame(msgspec.Struct):
    order_book: _Book


class _Ticker(msgspec.Struct):
    a: _Level
    b: _Level


class _TickerFrame(msgspec.Struct):
    ticker: _Ticker


class _Stats(msgspec.Struct):
    market_id: int
    index_price: str = ""
    mark_price: str = ""
    current_funding_rate: str = ""
    funding_timestamp: Millis = 0


class _StatsFrame(msgspec.Struct):
    market_stats: msgspec.Raw


class _TradesFrame(msgspec.Struct):
    trades: list[TradeRow] = []
    liquidation_trades: list[TradeRow] | None = None


class _Candle(msgspec.Struct):
    t: Millis
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741 - its name on the wire
    c: Decimal
    v: Decimal
    V: Decimal


class _CandleFrame(msgspec.Struct):
    candles: list[_Candle]


class _OrdersFrame(msgspec.Struct):
    orders: dict[str, list[OrderRow]] | None = None


class _FillsFrame(msgspec.Struct):
    trades: dict[str, list[TradeRow]] | None = None


class _PositionsFrame(msgspec.Struct):
    positions: dict[str, PositionRow] | None = None


class _UserFrame(msgspec.Struct):
    stats: StatsRow


class BookOrder(msgspec.Struct):
    """An order in a book by REST."""

    price: str
    remaining_base_amount: str


class BookOrders(msgspec.Struct):
    """A book by REST, order by order, the best first."""

    asks: list[BookOrder]
    bids: list[BookOrder]


@attrs.frozen
class _Told:
    """What the head of a frame says."""

    begins: bool
    """Whether it is the first of its channel."""
    of: str
    """The channel's name behind its kind."""
    time_ns: int
    received_ns: int


_Convert = Callable[[Any, _Told], list[Event]]


class LighterFrames:
    """Turns Lighter's frames into events."""

    def __init__(self, venue: Venue, index: Callable[[], int]) -> None:
        """`index` gives the account's number."""
        self._venue = venue
        self._scales = Scales("lighter", lambda native: native)
        self.account = LighterAccount(venue.account, index, self.scale)
        self._read_frame = JsonReader("lighter", _Frame)
        self._read_stats = JsonReader("lighter", _Stats)
        self._read_all: JsonReader[dict[str, _Stats]] = JsonReader("lighter", dict[str, _Stats])
        self._channels: dict[str, tuple[JsonReader[Any], _Convert]] = {
            "order_book": (JsonReader("lighter", _BookFrame), self._book),
            "ticker": (JsonReader("lighter", _TickerFrame), self._quote),
            "market_stats": (JsonReader("lighter", _StatsFrame), self._stats),
            "trade": (JsonReader("lighter", _TradesFrame), self._trades),
            "candle": (JsonReader("lighter", _CandleFrame), self._bars),
            "account_orders": (JsonReader("lighter", _OrdersFrame), self._orders),
            "account_all_orders": (JsonReader("lighter", _OrdersFrame), self._orders),
            "account_all_trades": (JsonReader("lighter", _FillsFrame), self._fills),
            "account_all_positions": (JsonReader("lighter", _PositionsFrame), self._positions),
            "user_stats": (JsonReader("lighter", _UserFrame), self._collateral),
        }

    def scale(self, native: str) -> Scale:
        """What the number of a market means."""
        return self._scales.of(native, self._venue.instruments)

    def decode(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame; `DecodeError` when it is not Lighter's protocol."""
        read = self._read_frame(frame)
        if read.error is not None:
            return self._complaint(read.error)
        if not read.type.startswith((_FIRST, _UPDATE)):
            return self._session(read)
        kind, _, rest = read.channel.partition(":")
        told = _Told(read.type.startswith(_FIRST), rest, ns(read.timestamp), received_ns)
        acks: list[Event] = [self._ack(read.channel)] if told.begins else []
        if kind in _IGNORED_CHANNELS:
            return acks
        if kind not in self._channels:
            refuse("lighter", "channel", read.channel)
        reader, convert = self._channels[kind]
        return acks + convert(reader(frame), told)

    def book(self, native: str, row: BookOrders) -> BookSnapshot:
        """The book in an answer by REST, which names neither its time nor its number."""
        scale = self.scale(native)
        return BookSnapshot(scale.symbol, levels(scale, _merged(row.bids)), levels(scale, _merged(row.asks)), 0, 0)

    def _session(self, frame: _Frame) -> list[Event]:
        if frame.type == "ping":
            return [Ping(PONG)]
        if frame.type == "pong":
            return [Pong()]
        if frame.type == "unsubscribed":
            return [self._ack(frame.channel)]
        if frame.type not in {"connected", "jsonapi/sendtx"}:
            refuse("lighter", "type", frame.type)
        return []

    def _complaint(self, error: _Error) -> list[Event]:
        return [] if error.code in _DONE else [VenueError(str(error.code), error.message)]

    def _ack(self, channel: str) -> Ack:
        """What was confirmed; of markets also of which."""
        kind, _, rest = channel.partition(":")
        native = rest.partition(":")[0]
        of_market = native.isdecimal() and not kind.startswith(("account", "user"))
        return Ack(kind, self.scale(native).symbol if of_market else None)

    # -- markets -------------------------------------------------------------------------------------------------

    def _book(self, read: _BookFrame, told: _Told) -> list[Event]:
        book, scale, time = read.order_book, self.scale(told.of), told.time_ns
        bids, asks = levels(scale, book.bids), levels(scale, book.asks)
        if told.begins:
            return [BookSnapshot(scale.symbol, bids, asks, book.nonce, time)]
        return [BookDelta(scale.symbol, bids, asks, book.begin_nonce, book.begin_nonce, book.nonce, time)]

    def _quote(self, read: _TickerFrame, told: _Told) -> list[Event]:
        """The best levels; empty texts where a side of the book is empty."""
        bid, ask, scale = read.ticker.b, read.ticker.a, self.scale(told.of)
        if scale.price_or_none(bid.price) is None or scale.price_or_none(ask.price) is None:
            return []
        return [quote(scale, bid, ask, venue_time_ns=told.time_ns, received_ns=told.received_ns)]

    def _stats(self, read: _StatsFrame, told: _Told) -> list[Event]:
        of_all = told.of == "all"
        rows = self._read_all(read.market_stats).values() if of_all else [self._read_stats(read.market_stats)]
        return [event for row in rows for event in self._market(row, told.time_ns)]

    def _market(self, row: _Stats, time: int) -> list[Event]:
        """Mark and index price, and the rate of this hour in percent. The time of the row is that of the last one."""
        scale, events = self.scale(str(row.market_id)), list[Event]()
        price = scale.price_or_none(row.mark_price)
        if price is not None:
            events.append(Mark(scale.symbol, price, scale.price_or_none(row.index_price), time))
        if row.current_funding_rate:
            rate = number(row.current_funding_rate, "lighter", "current_funding_rate") * _PERCENT
            paid = row.funding_timestamp // HOUR_MS * HOUR_MS + HOUR_MS if row.funding_timestamp else 0
            events.append(Funding(scale.symbol, Rate(rate, FUNDING_HOURS), ns(paid) or None, time))
        return events

    def _trades(self, read: _TradesFrame, _told: _Told) -> list[Event]:
        return [self._trade(row) for row in [*read.trades, *(read.liquidation_trades or [])]]

    def _trade(self, row: TradeRow) -> PublicTrade:
        scale, side = self.scale(str(row.market_id)), Side.BUY if row.is_maker_ask else Side.SELL
        price, size = scale.prices[row.price], scale.positive(row.size)
        return PublicTrade(scale.symbol, price, size, side, str(row.trade_id), row.time_ns)

    def _bars(self, read: _CandleFrame, told: _Told) -> list[Event]:
        """Bars. Lighter does not say when one is closed: the next one has begun."""
        native, _, resolution = told.of.partition(":")
        return [self._bar(row, self.scale(native), resolution) for row in read.candles]

    def _bar(self, row: _Candle, scale: Scale, resolution: str) -> Event:
        prices = str(row.o), str(row.h), str(row.l), str(row.c)
        volumes = scale.sizes[str(row.v)], unsigned(str(row.V), "lighter", "V")
        return bar("lighter", scale, resolution, row.t, prices, volumes, closed=False)

    # -- the account ---------------------------------------------------------------------------------------------

    def _orders(self, read: _OrdersFrame, _told: _Told) -> list[Event]:
        return [self.account.order(row) for rows in (read.orders or {}).values() for row in rows]

    def _fills(self, read: _FillsFrame, _told: _Told) -> list[Event]:
        rows = [row for rows in (read.trades or {}).values() for row in rows]
        return [self.account.fill(row) for row in sorted(rows, key=lambda row: row.trade_id)]

    def _positions(self, read: _PositionsFrame, _told: _Told) -> list[Event]:
        return [self.account.position(row) for row in (read.positions or {}).values()]

    def _collateral(self, read: _UserFrame, _told: _Told) -> list[Event]:
        return [self.account.stats(read.stats)]


def _merged(orders: list[BookOrder]) -> list[_Level]:
    """Levels of orders, which stand one by one; those of a price stand together."""
    sizes: dict[str, Decimal] = {}
    for each in orders:
        size = number(each.remaining_base_amount, "lighter", "remaining_base_amount")
        sizes[each.price] = sizes.get(each.price, ZERO) + size
    return [_Level(price, str(size)) for price, size in sizes.items()]

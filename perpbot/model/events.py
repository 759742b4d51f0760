"""What a venue's frames mean: the events every wire format is decoded to.

What comes most often, books and quotes, are structs of msgspec: they are made in a fifth of the time.
"""

from decimal import Decimal

import attrs
import msgspec

from perpbot.model.book import Level
from perpbot.model.instrument import Side
from perpbot.model.money import Price, Quantity, Rate
from perpbot.model.order import Balance, Fill, FundingPayment, OrderUpdate, Position
from perpbot.model.quote import Quote


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """The whole picture of a book, as far as the venue shows it."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    sequence: int
    """The venue's number of this state; 0 where it does not number."""
    venue_time_ns: int
    checksum: int | None = None


class BookDelta(msgspec.Struct, frozen=True, gc=False):
    """Changed levels. `first`, `previous` and `last` are the numbers the venue gives; which matter is its rule."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    first: int
    previous: int
    last: int
    venue_time_ns: int
    checksum: int | None = None


@attrs.frozen
class BookReset:
    """The venue says that its numbering starts anew: the book must be rebuilt."""

    symbol: str
    reason: str


@attrs.frozen
class PublicTrade:
    """A trade between others."""

    symbol: str
    price: Price
    quantity: Quantity
    side: Side
    """The taker's side."""
    trade_ref: str
    venue_time_ns: int


@attrs.frozen
class Funding:
    """The funding rate that will be, or is being, paid."""

    symbol: str
    rate: Rate
    next_settlement_ns: int | None
    venue_time_ns: int


@attrs.frozen
class Mark:
    """The price margins and profits are counted at, and the index behind it where the venue shows it."""

    symbol: str
    price: Price
    index: Price | None
    venue_time_ns: int


@attrs.frozen
class Bar:
    """An open-high-low-close bar of one resolution."""

    symbol: str
    resolution: str
    open_ns: int
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity
    quote_volume: Decimal | None
    closed: bool


@attrs.frozen
class Pong:
    """The venue answered a heartbeat."""


@attrs.frozen
class Ping:
    """The venue asks for a sign of life: it wants to hear `answer`."""

    answer: str


@attrs.frozen
class Ack:
    """The venue confirmed a subscription or another request of the stream."""

    channel: str
    symbol: str | None = None


@attrs.frozen
class LoggedIn:
    """The private stream is authenticated."""


@attrs.frozen
class SessionEnding:
    """The venue will end this session or has made its key invalid: connect again."""

    reason: str


@attrs.frozen
class VenueError:
    """The venue complains on the stream."""

    code: str
    message: str


PublicEvent = BookSnapshot | BookDelta | BookReset | Quote | PublicTrade | Funding | Mark | Bar
PrivateEvent = OrderUpdate | Fill | Position | Balance | FundingPayment
SessionEvent = Ping | Pong | Ack | LoggedIn | SessionEnding | VenueError
Event = PublicEvent | PrivateEvent | SessionEvent


class DecodeError(ValueError):
    """A frame that is not what the venue's protocol says; the text names the venue and what was wrong."""

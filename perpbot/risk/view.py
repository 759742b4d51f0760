"""What the risk rules look at: one moment of the account, as values."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.order import Order
from perpbot.model.quote import Quote
from perpbot.portfolio.exposure import Exposure

NOTHING = Quantity(ZERO)


class LegRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One order of an opening, as it would be sent."""

    venue: str
    side: Side
    quantity: Quantity
    limit: Price
    expected: Price
    """Mean price the book promises."""
    margin: Decimal
    """Capital to be reserved, in the venue's currency."""
    maintenance: Decimal = ZERO
    """Fraction of a position's value below which its venue liquidates."""
    leverage: Decimal = Decimal(1)
    """What `margin` was reckoned at."""
    smallest: Quantity = NOTHING
    """The fewest coins that its venue takes at the limit price, by quantity and by value."""
    depth: Decimal | None = None
    """Coins that the book offered up to the price of the last one; None where it was not looked at."""
    waits: bool = False
    """Whether it waits as a maker first: then nothing has to be there to be taken."""

    @property
    def notional(self) -> Decimal:
        """Value at the limit price."""
        return self.quantity * self.limit


class OpenRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade that wants to be opened: its legs are at different venues."""

    trade_id: str
    symbol: str
    legs: tuple[LegRequest, ...]


class Gate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Whether a venue's trading connection lets orders through."""

    open_refusal: str | None
    """Why it would refuse an order that adds risk, or None."""
    reduce_refusal: str | None
    """Why it would refuse an order that takes risk away, or None."""
    generation: int
    leverage: Decimal | None = None
    """What the venue has confirmed for the symbol asked for; None where it was not asked."""
    wait_s: float = 0.0
    """How long the venue's rate limit would hold back an order that adds risk."""


class Naked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade whose legs are not equal, or not known."""

    trade_id: str
    symbol: str
    venues: tuple[str, ...]
    """Of its legs."""
    value: Decimal
    """What is known to stand alone, in quote currency at the prices the trade was opened for."""
    unknown_at: tuple[str, ...]
    """Venues that have not told the fate of an order."""
    since_ns: int
    """Monotonic."""


class View(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The account at one moment. Amounts are quote currency, taken as US dollars."""

    now_ns: int
    """Monotonic."""
    pool: str
    pool_available: Mapping[str, Decimal]
    safe_mode: Mapping[str, bool]
    """By venue."""
    equity: Decimal
    """Over all venues."""
    peak_equity: Decimal
    daily_profit: Decimal
    """Of this day, after fees and funding."""
    failures_in_row: int
    cooldown_until_ns: int
    frozen_until_ns: Mapping[str, int]
    """By symbol, while its market is fast."""
    last_opened_ns: Mapping[str, int]
    """By symbol."""
    exposure: Exposure
    open_sides: Mapping[str, Side | None]
    """Which way trades in progress in the symbol asked for stand, by venue; None where it is being cleared."""
    quotes: Mapping[str, Quote]
    """Of the symbol asked for, by venue."""
    gates: Mapping[str, Gate]
    naked: tuple[Naked, ...] = ()
    """Trades with a leg that has stood alone for too long."""
    doubted: frozenset[tuple[str, str]] = frozenset()
    """Venue and symbol of positions that are not what the venue says."""
    symbol_room: Decimal | None = None
    """What the pool has left for the symbol asked for; None where symbols have no part of their own."""
    venue_equity: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    venue_free: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    """What each venue has free for new margin, as it last said; a venue that is not here has not said."""
    working: tuple[Order, ...] = ()
    """Our orders in the symbol asked for that may still fill."""
    scores: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    """By venue, how well its connections work, between 0 and 1; 1 where it is not said."""
    ill: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Venues with a connection that is not well, and why."""

    def position_value(self, venue: str, symbol: str) -> Decimal:
        """Gross value of the position in `symbol` at `venue`."""
        return self.exposure.by_position.get((venue, symbol), ZERO)

"""What a simulated venue is asked, what it keeps, and what it tells: tickets, orders, executions, refusals.

Sizes are coins, prices are quote currency for one coin, times are nanoseconds of the wall clock.
"""

from decimal import Decimal
from enum import StrEnum

import attrs

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO


class Lifetime(StrEnum):
    """How long an order waits."""

    GTC = "gtc"
    POST_ONLY = "post-only"
    IOC = "ioc"
    FOK = "fok"


class Status(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Over with less than its size filled; `Ending` says why."""


class Ending(StrEnum):
    """Why an order ended before it was filled."""

    USER = "user"
    POST_ONLY = "post-only"
    """It would have taken liquidity."""
    UNFILLED = "unfilled"
    """The rest of an order that does not wait."""
    FILL_OR_KILL = "fill-or-kill"
    SELF_TRADE = "self-trade"
    """It would have traded with its own account."""
    REDUCE_ONLY = "reduce-only"
    """There was no position left to reduce."""
    TIMER = "timer"
    """The account's dead man's switch."""
    MARGIN = "margin"
    """There was not enough, and the venue said so only after it had taken the order."""
    BAND = "band"
    """Its price was too far from the mark, and the venue said so only after it had taken the order."""


class Refusal(StrEnum):
    """Why a venue does not take a request."""

    SYMBOL = "no such market"
    SIDE = "no such side"
    PRICE = "price off the grid"
    SIZE = "size off the grid"
    SMALL = "size below the minimum"
    NOTIONAL = "value below the minimum"
    BAND = "price too far from the mark"
    REDUCE_ONLY = "nothing to reduce"
    MARGIN = "not enough margin"
    DUPLICATE = "client id used before"
    NO_LIQUIDITY = "nobody on the other side"
    UNKNOWN_ORDER = "no such order"
    OVER = "the order is over"
    LEVERAGE = "leverage out of range"


class RefusedError(Exception):
    """The venue does not take a request; each dialect says it in its own words."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@attrs.frozen(kw_only=True)
class Ticket:
    """An order as a client asks for it."""

    account: str
    symbol: str
    """The venue's own name of the market."""
    side: Side
    size: Decimal
    price: Decimal | None
    """None for a market order."""
    lifetime: Lifetime
    reduce_only: bool = False
    client_id: str = ""


@attrs.define(kw_only=True)
class VenueOrder:
    """An order the venue took."""

    id: int
    account: str
    symbol: str
    side: Side
    size: Decimal
    price: Decimal | None
    lifetime: Lifetime
    reduce_only: bool
    client_id: str
    created_ns: int
    updated_ns: int
    status: Status = Status.OPEN
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    """Quote currency of what was filled."""
    fees: Decimal = ZERO
    """Those in the currency of settlement."""
    realised: Decimal = ZERO
    """Profit its fills realised, fees not counted."""
    ending: Ending | None = None

    @property
    def remaining(self) -> Decimal:
        """Coins not filled."""
        return self.size - self.filled

    @property
    def average(self) -> Decimal:
        """Mean price of what was filled; zero when nothing was."""
        return self.notional / self.filled if self.filled else ZERO


@attrs.frozen(kw_only=True)
class Execution:
    """One fill of one order. Both sides of a trade between two clients carry the same id."""

    id: int
    order_id: int
    account: str
    symbol: str
    client_id: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    """Positive when it costs."""
    currency: str
    maker: bool
    realised: Decimal
    position_before: Decimal
    time_ns: int


@attrs.frozen(kw_only=True)
class Funded:
    """Funding paid (negative) or received (positive) for one position at one settlement."""

    id: int
    account: str
    symbol: str
    rate: Decimal
    amount: Decimal
    size: Decimal
    """The position it was for, signed."""
    mark: Decimal
    currency: str
    time_ns: int


@attrs.frozen
class OrderEvent:
    """An order changed. `order` is a picture of it right after; `execution` is the fill that did it, if one did."""

    order: VenueOrder
    execution: Execution | None = None


Event = OrderEvent | Funded


@attrs.frozen
class Print:
    """A public trade."""

    id: int
    symbol: str
    price: Decimal
    size: Decimal
    side: Side
    """The taker's side."""
    time_ns: int

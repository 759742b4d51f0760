"""What a trade is at one moment, and what it may want: the values that its decisions are made from and of."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import attrs
import msgspec

from perpbot.execution.plan import Leg, Plan
from perpbot.model.events import Funding
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.order import TimeInForce
from perpbot.model.quote import Quote


class Phase(StrEnum):
    """Where a trade is on its way. The first two steps, reserving and checking, come before it exists."""

    OPENING = "opening"
    """Both legs were sent; it converges to equal legs."""
    OPEN = "open"
    """Hedged, waiting for a reason to close."""
    CLOSING = "closing"
    """It converges to nothing held."""
    COMPLETED = "completed"
    """Opened, hedged and closed again."""
    UNWOUND = "unwound"
    """A leg was missing; what the other had was given back."""
    FAILED = "failed"
    """Neither leg filled."""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self in {Phase.COMPLETED, Phase.UNWOUND, Phase.FAILED}


class CloseReason(StrEnum):
    """Why an open trade is closed."""

    REVERTED = "spread reverted"
    TARGET = "target reached"
    TIME = "held long enough"
    LOSS = "loss limit reached"
    FUNDING = "funding turned"
    STOP = "closed at stop"
    FLATTENED = "flattened"
    BROKEN = "could not be hedged"
    FOREIGN = "somebody else traded in its position"
    ADOPTED = "adopted from somebody else"
    REST = "a rest is left that its venue does not take"


@attrs.frozen(kw_only=True)
class Resting:
    """An order of a leg that waits at its venue as a maker."""

    client_id: str
    since_ns: int
    """Monotonic, when it was sent."""
    cancelling_since_ns: int | None = None
    """Monotonic, when its end was asked for; None while it was not."""


@attrs.frozen(kw_only=True)
class LegState:
    """What the orders of one leg add up to."""

    held: Quantity
    """Signed, from fills."""
    busy: bool = False
    """An order of it is open, or its fate or its fills are not known yet: nothing else is sent."""
    tries: Mapping[str, int] = attrs.field(factory=dict)
    """Orders sent so far, by purpose."""
    last_try_ns: int = 0
    """Monotonic, when the last of them ended."""
    waiting_since_ns: int | None = None
    """While busy: monotonic, since when nothing was heard of the order that waits longest."""
    resting: Resting | None = None
    """The order that waits as a maker. It does not make the leg busy: what of it fills is hedged at once."""
    fills: int = 0
    """Executions of maker orders so far."""
    refused: bool = False
    """An order of it was turned down for what it is, not for what passes."""
    refusals: int = 0
    """How many of its newest orders in a row were."""
    fee_elsewhere: Decimal = ZERO
    """Value of those of its fills whose fee was taken in another currency than the price's."""


@attrs.frozen(kw_only=True)
class LegMarket:
    """What a leg's venue looks like now."""

    instrument: Instrument
    quote: Quote | None
    """None when there is no fresh one."""
    tradable: bool
    """Whether its trading connection takes orders that reduce risk."""
    opens: bool = True
    """Whether it takes orders that add risk, too."""
    funding: Funding | None = None
    """What is paid at its next settlement, as far as is known."""


TOP_UP = "top-up"
"""Purpose of the orders that make of a rest what its venue takes."""
ADD_RISK = frozenset({"open", "make", TOP_UP})
"""Purposes of the orders that need an approval to open."""
BUILD = frozenset({"open", "make", "follow", "hedge"})
"""Purposes of the orders that build a trade up."""


class Want(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order the trade wants to be sent now."""

    leg: str
    side: Side
    quantity: Quantity
    price: Price
    reduce_only: bool
    purpose: str
    time_in_force: TimeInForce = TimeInForce.IOC
    expected: Price | None = None
    """Of an order of the closing: the best price of now."""

    @property
    def adds_risk(self) -> bool:
        """Whether it opens: it needs an approval of all four levels."""
        return self.purpose in ADD_RISK


@attrs.frozen(kw_only=True)
class Step:
    """What a trade does next."""

    phase: Phase
    wants: tuple[Want, ...] = ()
    cancels: tuple[str, ...] = ()
    """Client ids of orders that should end."""
    reason: str = ""
    retry_ms: int | None = None
    """Look again after this long even when nothing happens."""
    trouble: str = ""
    """What holds the trade up and nobody but the operator can mend."""


@attrs.frozen(kw_only=True)
class Situation:
    """Everything a trade decides from."""

    plan: Plan
    phase: Phase
    legs: Mapping[str, LegState]
    markets: Mapping[str, LegMarket]
    now_ns: int
    opened_ns: int
    """Monotonic, when the phase OPEN began."""
    uneven_since_ns: int | None = None
    """Monotonic, since when the legs are not equal; None while they are."""
    close_asked: CloseReason | None = None
    """Why it was told to close, if it was."""
    may_open: bool = False
    """Whether orders that open may be sent once more: it was not taken up while it opened, nor refused just now."""
    wall_ns: int = 0
    """The wall clock."""
    spent: Decimal = ZERO
    """Cash so far in quote currency: what selling brought minus what buying cost, minus the fees in it."""
    tolerance: Decimal = ZERO
    """Value up to which a rest may be left alone: `risk.unhedged_tolerance`."""

    def matters(self, quantity: Decimal) -> bool:
        """Whether `quantity` coins are worth more than may stand alone."""
        return abs(quantity) * self.plan.reference > self.tolerance

    @property
    def hedged(self) -> bool:
        """Whether the legs hedge each other in more than what may stand alone."""
        least = min(self.opened(leg) for leg in self.plan.legs)
        return least > 0 and self.matters(least)

    def leg(self, leg: Leg) -> LegState:
        """The state of a leg."""
        return self.legs[leg.name]

    def opened(self, leg: Leg) -> Decimal:
        """Coins a leg holds in the direction it opens."""
        return leg.side.sign * self.legs[leg.name].held

    def market(self, leg: Leg) -> LegMarket:
        """The market of a leg."""
        return self.markets[leg.name]

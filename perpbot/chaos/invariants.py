"""What must be true of PerpBot whatever happens to it, and who notes when it is not.

Pure: somebody tells an `Inspector` what the journal remembers, what reaches the venues, and how things are now.
"""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.execution.entries import Entry, OrdersIntended, TradeOpened
from perpbot.execution.plan import Plan
from perpbot.model.money import ZERO, plain
from perpbot.model.order import Order

RULES: Mapping[str, str] = {
    "two venues": "The legs of a trade that opens are at two venues, and each order of it is at its leg's.",
    "journalled first": "No order reaches a venue that the journal does not know.",
    "sent once": "An order reaches its venue once at most, and no id is used again.",
    "self-trade": "No order meets one of our own that waits.",
    "alone": "What stands alone of a coin over all venues is never more than the most, nor more than the tolerance for "
    "longer than the bound while all venues can be reached.",
    "capital": "Nothing is reserved that a pool does not have.",
    "order states": "No order takes a step that is not in the table.",
    "books": "In the end the journal says what the venues say: fills, positions, cash to the last unit.",
    "left open": "In the end no trade, no order, no position and no reservation is left.",
}
"""By name, what is watched."""


@attrs.frozen(kw_only=True)
class Bounds:
    """How much may stand alone, in quote currency, and for how long."""

    tolerance: Decimal
    """So little does not count."""
    most: Decimal
    """Never more than this, not even for a moment."""
    seconds: float
    """While all venues can be reached, never more than the tolerance for longer than this."""


@attrs.frozen
class Violation:
    """Something that must not be."""

    at_s: float
    """Seconds since the run began."""
    rule: str
    """Its name in `RULES`."""
    what: str

    def __str__(self) -> str:
        return f"{self.at_s:.3f} s, {self.rule}: {self.what}"


@attrs.frozen(kw_only=True)
class Arrival:
    """An order that reaches a venue."""

    at_s: float
    venue: str
    wire_id: str
    meets: str = ""
    """The id of an order of ours that it would trade with."""


@attrs.frozen(kw_only=True)
class Reserved:
    """What a pool has set aside at a venue, and what it has left."""

    allocated: Decimal
    available: Decimal

    @property
    def known(self) -> bool:
        """Whether the pool has been told by now what there is at all."""
        return self.allocated + self.available > 0


@attrs.frozen(kw_only=True)
class Moment:
    """How things are now."""

    at_s: float
    reachable: bool
    """Whether every venue can be traded at, and has been undisturbed since."""
    alone: Mapping[str, Decimal]
    """Value of what all venues together hold of a coin, unsigned."""
    pools: Mapping[str, Reserved]
    """By pool and venue."""
    illegal_steps: int = 0
    """Orders' news so far that contradicted what was known."""


@attrs.frozen(kw_only=True)
class Books:
    """One side's books: ours, folded from the journal, or the venues'."""

    fills: Mapping[str, int]
    """By venue."""
    positions: Mapping[str, Decimal]
    """By venue and coin, what is not zero."""
    earned: Mapping[str, Decimal]
    """Cash by venue and currency: what it became minus what it was."""


class Inspector:
    """Holds every rule against what it is told, and keeps the violations, each once."""

    def __init__(self, bounds: Bounds) -> None:
        self.violations: list[Violation] = []
        self._bounds = bounds
        self._plans: dict[str, Plan] = {}
        self._intended: dict[str, Order] = {}
        self._arrived: set[str] = set()
        self._alone_since: dict[str, float] = {}
        self._allocated: dict[str, Decimal] = {}
        self._illegal = 0

    @property
    def trades(self) -> int:
        """How many trades the journal told of."""
        return len(self._plans)

    # -- what it is told -------------------------------------------------------------------------------------------

    def remembered(self, entry: Entry, at_s: float) -> None:
        """The journal has `entry` now."""
        match entry:
            case TradeOpened():
                self._plans[entry.plan.trade_id] = entry.plan
                if entry.plan.clears and entry.orders:
                    self._note(
                        at_s, "two venues", f"trade {entry.plan.trade_id} has both legs at {entry.plan.buy.venue}"
                    )
                self._intend(entry.orders, at_s)
            case OrdersIntended():
                self._intend(entry.orders, at_s)
            case _:
                pass

    def _intend(self, orders: list[Order], at_s: float) -> None:
        for order in orders:
            plan = self._plans.get(order.trade_id)
            if plan is not None and order.venue != plan.leg(order.leg).venue:
                self._note(at_s, "two venues", f"order {order.client_id} goes to {order.venue}, its leg does not")
            if order.wire_id in self._intended:
                self._note(at_s, "sent once", f"id {order.wire_id} is used a second time")
            self._intended[order.wire_id] = order

    def arrived(self, arrival: Arrival) -> None:
        """An order reaches a venue."""
        where = f"{arrival.wire_id or 'an order without an id'} at {arrival.venue}"
        order = self._intended.get(arrival.wire_id)
        if order is None or order.venue != arrival.venue:
            self._note(arrival.at_s, "journalled first", f"{where} is not in the journal")
        if arrival.wire_id in self._arrived:
            self._note(arrival.at_s, "sent once", f"{where} was there before")
        if arrival.meets:
            self._note(arrival.at_s, "self-trade", f"{where} meets {arrival.meets}")
        self._arrived.add(arrival.wire_id)

    def looked(self, now: Moment) -> None:
        """This is how things are now."""
        for coin, value in now.alone.items():
            self._look_alone(coin, value, now)
        for name, each in now.pools.items():
            before = self._allocated.get(name, ZERO)
            if each.known and each.available < 0 and each.allocated > before:
                self._note(now.at_s, "capital", f"{name} has reserved {plain(-each.available)} that it does not have")
            self._allocated[name] = each.allocated
        if now.illegal_steps > self._illegal:
            self._note(now.at_s, "order states", f"{now.illegal_steps} contradictions in what venues told")
        self._illegal = now.illegal_steps

    def _look_alone(self, coin: str, value: Decimal, now: Moment) -> None:
        if value > self._bounds.most:
            self._note(now.at_s, "alone", f"{plain(round(value, 2))} of {coin} stand alone", coin)
        if value <= self._bounds.tolerance or not now.reachable:
            self._alone_since.pop(coin, None)
            return
        since = self._alone_since.setdefault(coin, now.at_s)
        if now.at_s - since > self._bounds.seconds:
            what = f"{plain(round(value, 2))} of {coin} stand alone for {now.at_s - since:.1f} s"
            self._note(now.at_s, "alone", what, coin)

    def ended(self, at_s: float, ours: Books, theirs: Books, left: list[str]) -> None:
        """It is over: both sides' books, and what is left open."""
        for what in ("fills", "positions", "earned"):
            here, there = getattr(ours, what), getattr(theirs, what)
            for name in sorted({*here, *there}):
                if here.get(name, 0) != there.get(name, 0):
                    said = f"the journal says {here.get(name, 0)}, the venue {there.get(name, 0)}"
                    self._note(at_s, "books", f"{what} at {name}: {said}")
        for each in left:
            self._note(at_s, "left open", each)

    def wrong(self, at_s: float, rule: str, what: str) -> None:
        """Somebody else has seen a violation of `rule`."""
        self._note(at_s, rule, what)

    def _note(self, at_s: float, rule: str, what: str, subject: str = "") -> None:
        """Keep a violation, unless the same thing was kept before."""
        about = subject or what
        if not any(each.rule == rule and about in each.what for each in self.violations):
            self.violations.append(Violation(at_s, rule, what))

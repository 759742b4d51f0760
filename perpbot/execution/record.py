"""The fate of one order: a strict state machine over what is sent, answered, told and filled.

Events may come late, twice and in any order. Fills count once by the venue's id; the cumulative quantity never goes
down; what ended does not come back to life. What contradicts this is reported, not obeyed.
"""

from decimal import Decimal

import attrs

from perpbot.execution.order_edges import LEGAL
from perpbot.model.money import ZERO, Quantity
from perpbot.model.order import Accepted, Fill, Order, OrderStatus, OrderUpdate, Outcome, Refused, Unknown

NOTHING = Quantity(ZERO)
ENDED_EARLY = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})
"""Which of the two it was is of no importance: the first that is told stays."""
OVER_WITH_NOTHING = frozenset({OrderStatus.REFUSED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})
"""As long as nothing is filled these three mean the same: nothing will be."""


class IllegalOrderEventError(Exception):
    """An event that contradicts what is known of the order; the text says which."""


@attrs.define
class OrderRecord:
    """One order and all that is known of it."""

    order: Order
    status: OrderStatus = OrderStatus.JOURNALLED
    venue_order_id: str = ""
    reported: Decimal = ZERO
    """Cumulative quantity as the venue reports it; fills may be ahead or behind."""
    fills: dict[str, Fill] = attrs.field(factory=dict)
    """By the venue's id of the fill."""
    filled: Quantity = NOTHING
    """Coins in fills that are here: their sum."""
    reason: str = ""
    """Why it was refused or cancelled, or why its fate is unknown."""
    retryable: bool = False
    """It was refused for what passes: another one like it may be taken."""
    contradiction: str = ""
    """What a fill contradicted, for the operator."""
    changed_ns: int = 0
    """Monotonic, of the last news; kept by whoever holds the record."""
    intended_ns: int = 0
    """Monotonic, when it was journalled, or read from the journal."""

    @property
    def settled(self) -> bool:
        """Whether nothing is open any more: it ended, and every fill the venue counts is here."""
        return self.status.final and self.filled >= self.reported

    @property
    def in_flight(self) -> Quantity:
        """Coins that may still fill, as far as is known."""
        if self.settled:
            return Quantity(ZERO)
        if self.status.final:
            return Quantity(self.reported - self.filled)
        return Quantity(self.order.quantity - self.filled)

    @property
    def held(self) -> Quantity:
        """What its fills did to the position, signed."""
        return Quantity(self.order.side.sign * self.filled)

    @property
    def _written_off(self) -> bool:
        """Whether nothing could fill: it was refused, or could no longer arrive."""
        never_there = self.status is OrderStatus.EXPIRED and not self.venue_order_id and not self.reported
        return self.status is OrderStatus.REFUSED or never_there

    def submitted(self) -> None:
        """It was handed to the network."""
        if self.status is OrderStatus.JOURNALLED:
            self.status = OrderStatus.SUBMITTED

    def cancelling(self) -> None:
        """Its venue was asked to end it. That changes nothing unless it is open."""
        if self.status.open:
            self.status = OrderStatus.PENDING_CANCEL

    def expire(self, reason: str) -> bool:
        """It can no longer arrive at its venue, which does not know it; whether that is news."""
        return self._follows(OrderStatus.EXPIRED) and self._move(OrderStatus.EXPIRED, reason)

    def outcome(self, outcome: Outcome) -> bool:
        """The venue's answer to the request, or its absence; whether it is news."""
        match outcome:
            case Accepted(venue_order_id):
                follows = self._follows(OrderStatus.ACCEPTED)
                learnt = self._learn(venue_order_id)
                return (follows and self._move(OrderStatus.ACCEPTED, "")) or learnt
            case Refused(reason, retryable):
                news = self._follows(OrderStatus.REFUSED) and self._move(OrderStatus.REFUSED, reason)
                self.retryable = retryable if news else self.retryable
                return news
            case Unknown(reason):
                if self.status in {OrderStatus.JOURNALLED, OrderStatus.SUBMITTED}:
                    return self._move(OrderStatus.UNKNOWN, reason)
                return False

    def update(self, update: OrderUpdate) -> bool:
        """What the venue tells of the order; whether it is news. What is not obeyed changes nothing.

        That something is filled is a fact, as a fill is: a refused order of which that is told waits for its fills.
        Some venues take orders unseen and turn them down later: that cancels what was accepted.
        """
        if update.filled > self.order.quantity:
            raise IllegalOrderEventError(f"{self.order.client_id}: more filled than ordered, {update.filled}")
        status = self._meant(update)
        filled_yet_written_off = bool(update.filled) and self._written_off
        follows = not filled_yet_written_off and self._follows(status)
        news = self._learn(update.venue_order_id)
        if update.filled > self.reported:
            self.reported, news = update.filled, True
        if filled_yet_written_off:
            self._take_back()
            follows = self._follows(status)
        return (follows and self._move(status, update.reason)) or news

    def fill(self, fill: Fill) -> bool:
        """One execution; whether it is news.

        A fill is a fact and is never turned away. One that contradicts what the venue had said before is taken in
        and noted in `contradiction`.
        """
        if fill.trade_ref in self.fills:
            return False
        self.fills[fill.trade_ref] = fill
        self.filled = Quantity(self.filled + fill.quantity)
        written_off = self._written_off
        self._learn(fill.venue_order_id)
        filled = self.filled
        self.reported = max(self.reported, filled)
        if written_off:
            self._take_back()
        if filled > self.order.quantity:
            self.contradiction = f"{filled} filled of {self.order.quantity}"
        if filled >= self.order.quantity:
            self._move(OrderStatus.FILLED, "")
        elif self._follows(OrderStatus.PARTIALLY_FILLED):
            self._move(OrderStatus.PARTIALLY_FILLED, "")
        return True

    def _meant(self, update: OrderUpdate) -> OrderStatus:
        """What the venue's word for the status comes to."""
        if update.status is OrderStatus.REFUSED and (update.filled or self.status.open):
            return OrderStatus.CANCELLED
        if update.status is OrderStatus.EXPIRED and update.filled and self._written_off:
            return OrderStatus.CANCELLED
        if update.status is OrderStatus.ACCEPTED and update.filled:
            return OrderStatus.PARTIALLY_FILLED
        return update.status

    def _learn(self, venue_order_id: str) -> bool:
        """Keep the first id the venue calls it by; whether that is news."""
        if self.venue_order_id or not venue_order_id:
            return False
        self.venue_order_id = venue_order_id
        return True

    def _take_back(self) -> None:
        self.contradiction = f"filled although {self.status.value} ({self.reason})"
        self.status = OrderStatus.CANCELLED

    def _follows(self, status: OrderStatus) -> bool:
        """Whether `status` may follow; False when the order's end has overtaken it, an error when it contradicts."""
        ends = {self.status, status}
        same = ends == ENDED_EARLY or (len(ends) > 1 and not self.reported and ends <= OVER_WITH_NOTHING)
        overtaken = status.open and (self.status.final or self.status.open)
        if same:
            return False
        if status in LEGAL[self.status]:
            return True
        if overtaken:
            return False
        raise IllegalOrderEventError(f"{self.order.client_id}: {status.value} after {self.status.value}")

    def _move(self, status: OrderStatus, reason: str) -> bool:
        if status is self.status:
            return False
        self.status, self.reason = status, reason
        return True

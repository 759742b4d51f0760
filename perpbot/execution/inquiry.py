"""Orders whose fate should be known by now: when a venue is asked for one, and what its answer comes to."""

import attrs

from perpbot.execution.entries import OrderAnswered, OrderTold
from perpbot.execution.ledger import EXPIRED
from perpbot.execution.record import OrderRecord
from perpbot.model.money import Quantity
from perpbot.model.order import OrderStatus, OrderUpdate, TimeInForce

NS_PER_SECOND = 1_000_000_000
ASK_UNKNOWN_AFTER_NS = 200_000_000
"""An order of unknown fate is asked for this soon."""
ASK_SILENT_AFTER_NS = 2 * NS_PER_SECOND
"""An order nothing was heard of for this long is asked for too: private messages get lost."""
ASK_AGAIN_NS = NS_PER_SECOND
SELDOM_NS = 4 * NS_PER_SECOND
"""Pauses between two questions for the same order grow with the time since its last news, from one to the other:
answers cost what the venue allows, and with nothing left of it nobody learns any order's fate."""
CLOCKS_NS = NS_PER_SECOND
"""How far a venue's clock, by which requests expire, may be from ours."""
FORGOTTEN_AFTER_NS = 10 * NS_PER_SECOND
"""An order that the venue had, and does not know any more this long after its request could last arrive, is over."""


@attrs.frozen
class OrderFound:
    """From a trading connection: what the venue knows of an order; None when it does not know it."""

    client_id: str
    update: OrderUpdate | None
    asked_ns: int
    """Monotonic, when the question left."""


def is_due(record: OrderRecord, asked_ns: int, arrival_ns: int, now_ns: int) -> bool:
    """Whether to ask for an order now that was last asked for at `asked_ns`; 0 for never.

    As soon as its request can no longer arrive it is asked for again: from then on the venue's not knowing it counts.
    """
    patience = ASK_UNKNOWN_AFTER_NS if record.status is OrderStatus.UNKNOWN else ASK_SILENT_AFTER_NS
    if now_ns - record.changed_ns < patience:
        return False
    if asked_ns < _too_late_ns(record, arrival_ns) <= now_ns:
        return True
    pause_ns = min(max(ASK_AGAIN_NS, asked_ns - record.changed_ns), SELDOM_NS)
    return now_ns - asked_ns >= pause_ns


def needs_every_fill(record: OrderRecord, arrival_ns: int, now_ns: int) -> bool:
    """Whether to ask for all fills rather than for the order: it is over, or should be.

    `arrival_ns` is how long after the last news of an order its request may still arrive at the venue.
    """
    late_ns = _too_late_ns(record, arrival_ns) + FORGOTTEN_AFTER_NS
    return record.status.final or (record.status.open and now_ns > late_ns)


def findings(record: OrderRecord, found: OrderFound, arrival_ns: int) -> list[OrderAnswered | OrderTold]:
    """What an answer says of an order; nothing when the order is settled or its request may still arrive."""
    if record.settled:
        return []
    if found.update is not None:
        return [OrderTold(client_id=found.client_id, update=found.update)]
    if record.status.final or record.status.open:
        return []  # the venue once had it: not knowing it now says nothing, see `forgotten`
    if found.asked_ns < _too_late_ns(record, arrival_ns):
        return []  # the request may still be on its way
    return [OrderAnswered(client_id=found.client_id, outcome=EXPIRED, reason="it never reached the venue")]


def overstays(record: OrderRecord, found: OrderFound) -> bool:
    """Whether an order still waits at its venue that was sent to fill at once."""
    waits = found.update is not None and found.update.status is OrderStatus.ACCEPTED
    return waits and not record.status.final and record.order.time_in_force is TimeInForce.IOC


def forgotten(record: OrderRecord, found: OrderFound, arrival_ns: int) -> list[OrderTold]:
    """An order meant to fill at once, which the venue had and knows no more, with all fills here, is over."""
    if found.update is not None or not record.status.open:
        return []
    order = record.order
    waits = order.time_in_force is not TimeInForce.IOC and record.status is not OrderStatus.PENDING_CANCEL
    if waits or found.asked_ns < _too_late_ns(record, arrival_ns) + FORGOTTEN_AFTER_NS:
        return []
    return [cancelled(record, record.filled, "the venue does not know it any more")]


def cancelled(record: OrderRecord, filled: Quantity, reason: str) -> OrderTold:
    """What says in place of its venue that an order is over, `filled` coins of it, for a `reason` that is shown."""
    order = record.order
    update = OrderUpdate(
        venue=order.venue,
        account=order.account,
        symbol=order.symbol,
        client_id=order.wire_id,
        venue_order_id=record.venue_order_id,
        status=OrderStatus.CANCELLED,
        filled=filled,
        reason=reason,
    )
    return OrderTold(client_id=order.client_id, update=update)


def may_arrive(record: OrderRecord, arrival_ns: int, now_ns: int) -> bool:
    """Whether its request may still be on its way to the venue."""
    return now_ns < _too_late_ns(record, arrival_ns)


def _too_late_ns(record: OrderRecord, arrival_ns: int) -> int:
    return record.changed_ns + arrival_ns + CLOCKS_NS

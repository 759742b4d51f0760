"""Every way an order's status may go, each with its reason: the table of `docs/orders.md`, and what the code obeys."""

from collections.abc import Mapping

import attrs

from perpbot.model.order import OrderStatus

JOURNALLED, SUBMITTED, UNKNOWN = OrderStatus.JOURNALLED, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN
ACCEPTED, PARTLY, CANCELLING = OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL
FILLED, CANCELLED, EXPIRED, REFUSED = (
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
    OrderStatus.EXPIRED,
    OrderStatus.REFUSED,
)


@attrs.frozen
class Edge:
    """One step that an order may take."""

    before: OrderStatus
    after: OrderStatus
    why: str


EDGES = (
    Edge(JOURNALLED, SUBMITTED, "its request is handed to the network"),
    Edge(JOURNALLED, ACCEPTED, "news of it overtakes the word that it left, or comes after a restart"),
    Edge(JOURNALLED, PARTLY, "the same, with the first fill"),
    Edge(JOURNALLED, FILLED, "the same, with the last fill"),
    Edge(JOURNALLED, CANCELLED, "the same, with its end"),
    Edge(JOURNALLED, REFUSED, "the gate, the rate limit or the venue does not take it"),
    Edge(JOURNALLED, UNKNOWN, "its request broke off"),
    Edge(JOURNALLED, EXPIRED, "after a restart the venue does not know it, and it can no longer arrive"),
    Edge(SUBMITTED, ACCEPTED, "the venue has taken it"),
    Edge(SUBMITTED, PARTLY, "its first fill overtakes the answer"),
    Edge(SUBMITTED, FILLED, "its last fill overtakes the answer"),
    Edge(SUBMITTED, CANCELLED, "the venue took it and ended it at once, as it does with what an IOC order leaves"),
    Edge(SUBMITTED, REFUSED, "the venue does not take it"),
    Edge(SUBMITTED, UNKNOWN, "a time-out, a broken connection, or an answer that says neither yes nor no"),
    Edge(SUBMITTED, EXPIRED, "the venue does not know it, and it can no longer arrive"),
    Edge(UNKNOWN, ACCEPTED, "asked, the venue has it"),
    Edge(UNKNOWN, PARTLY, "a fill says that the venue has it"),
    Edge(UNKNOWN, FILLED, "asked, the venue has filled it"),
    Edge(UNKNOWN, CANCELLED, "asked, the venue has ended it"),
    Edge(UNKNOWN, REFUSED, "asked, the venue says that it did not take it"),
    Edge(UNKNOWN, EXPIRED, "asked, the venue does not know it, and it can no longer arrive"),
    Edge(ACCEPTED, PARTLY, "a fill"),
    Edge(ACCEPTED, CANCELLING, "we ask for its end"),
    Edge(ACCEPTED, FILLED, "its last fill, or word of it"),
    Edge(ACCEPTED, CANCELLED, "the venue has ended it, also where it took it unseen and turns it down later"),
    Edge(ACCEPTED, EXPIRED, "its time is over"),
    Edge(PARTLY, CANCELLING, "we ask for the end of the rest"),
    Edge(PARTLY, FILLED, "its last fill, or word of it"),
    Edge(PARTLY, CANCELLED, "the venue has ended the rest"),
    Edge(PARTLY, EXPIRED, "the time of the rest is over"),
    Edge(CANCELLING, FILLED, "the cancel lost the race against the last fill"),
    Edge(CANCELLING, CANCELLED, "the venue has ended it"),
    Edge(CANCELLING, EXPIRED, "its time is over"),
    Edge(CANCELLED, FILLED, "a late fill was the last one"),
    Edge(EXPIRED, FILLED, "a late fill was the last one"),
    Edge(EXPIRED, CANCELLED, "a part was filled although it could not arrive any more: reported as a contradiction"),
    Edge(REFUSED, CANCELLED, "it was filled although it was refused: taken in, and reported as a contradiction"),
)

LEGAL: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    status: frozenset({status, *(edge.after for edge in EDGES if edge.before is status)}) for status in OrderStatus
}
"""Which status may follow which; that one follows itself is no news."""

MEANING = {
    JOURNALLED: "durable here; not known to have left",
    SUBMITTED: "handed to the network",
    UNKNOWN: "it may or may not have reached the venue; nothing else is sent until that is resolved",
    ACCEPTED: "the venue has it, it is open, and nothing of it is filled",
    PARTLY: "open, with a part filled",
    CANCELLING: "open; the venue was asked to end it, and may fill it first",
    FILLED: "over, all of it filled",
    CANCELLED: "over, with less than its quantity filled, perhaps nothing",
    EXPIRED: "over, because its time was: it can no longer arrive, or the venue ended it for its age",
    REFUSED: "over: the venue, or the gate before it, did not take it; nothing can fill",
}


def markdown() -> str:
    """The page `docs/orders.md`; `python -m perpbot.execution` writes it."""
    meanings = "\n".join(f"| `{each.value}` | {_end(each)} | {MEANING[each]} |" for each in MEANING)
    edges = "\n".join(f"| `{each.before.value}` | `{each.after.value}` | {each.why} |" for each in EDGES)
    return HEAD + meanings + MIDDLE + edges + "\n"


def _end(status: OrderStatus) -> str:
    return "yes" if status.final else ""


HEAD = """# What may become of an order

This page is written by `python -m perpbot.execution` from the table that the code obeys.

An order begins as a decision, an `Order`. Its record begins in the journal, together with the reservation and the
approval it leaves with; no order is anywhere else before. From there:

| status | over | meaning |
|---|---|---|
"""

MIDDLE = """

An order that is over can still have fills on their way. It is settled when every fill that its venue counts is here;
only then its trade goes on.

These are all the steps there are. News that is late, or told twice, changes nothing. News that contradicts what is
known changes nothing either, but is logged as an error and counted: `illegal` in `perpbot inspect /books/orders`,
`orders.illegal` in the summary of a run, and the metric `perpbot_order_contradictions_total`. A fill is a fact, is
counted once by the venue's id of it, and is never turned away.

| from | to | because |
|---|---|---|
"""

"""Cancelling our own orders that wait at a venue, and seeing that they are gone. Nobody else's are touched."""

from collections.abc import Callable, Sequence

import attrs

from perpbot.model.order import Order, OrderUpdate
from perpbot.venues.http import NoAnswerError, NotSentError
from perpbot.venues.venue import Venue, VenueReadError

ROUNDS = 3
"""How often what still waits is cancelled again; after that somebody has to look at it."""


@attrs.frozen
class Waiting:
    """An order of ours that waits at its venue."""

    order: Order
    venue_order_id: str
    may_rest: bool
    """Whether it is meant to wait: it was sent to rest, and its trade is in progress."""


@attrs.frozen
class Cancelled:
    """What became of the orders of ours that waited at one venue, by our ids."""

    venue: str
    gone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Those that still wait."""
    trouble: str = ""
    """Why it is not known, or not done; empty when it is."""


Ours = Callable[[Sequence[OrderUpdate]], Sequence[Waiting]]
"""Which of a venue's open orders are to be cancelled."""


def cancel(venue: Venue, waiting: Waiting) -> str:
    """Ask for one order to be cancelled, once; why that may not have arrived, or nothing.

    What the venue answers is not looked at: whether the order still waits is asked afterwards.
    """
    instrument = venue.instruments.symbol(waiting.order.symbol)
    if instrument is None:
        return f"{venue.name} does not list {waiting.order.symbol}"
    try:
        with venue.turn():
            request = venue.compute(venue.cancel, waiting.order, waiting.venue_order_id or None, instrument)
            venue.http.send(request)
    except (NotSentError, NoAnswerError, VenueReadError) as error:
        return str(error)
    return ""


def cancel_waiting(venue: Venue, ours: Ours, pause: Callable[[int], None]) -> Cancelled:
    """Cancel what is ours of the open orders of the account, and again what still waits, `ROUNDS` times in all.

    `pause` waits after a round, which it is told the number of, for the venue to do it.
    """
    seen: dict[str, None] = {}
    trouble = ""
    try:
        waiting = ours(venue.fetch_open_orders())
        for number in range(ROUNDS):
            if not waiting:
                break
            seen.update(dict.fromkeys(each.order.client_id for each in waiting))
            trouble = next(filter(None, [cancel(venue, each) for each in waiting]), "")
            pause(number)
            waiting = ours(venue.fetch_open_orders())
    except VenueReadError as error:
        return Cancelled(venue.name, (), tuple(seen), str(error))
    left = tuple(each.order.client_id for each in waiting)
    gone = tuple(each for each in seen if each not in left)
    return Cancelled(venue.name, gone, left, trouble if left else "")

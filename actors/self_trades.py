"""Keeps our orders from meeting each other: what waits in the way of another one is cancelled first.

A trade that closes or gives back may meet the order that another trade of the symbol has waiting at the same venue.
That order is asked to end; who is in its way is refused, and told as soon as it is over: one round trip to the venue.
"""

from collections.abc import Callable, Iterable, Mapping

from actors.order_requests import NotSubmittedError, OwnOrderInTheWayError
from perpbot.clock import NS_PER_SECOND
from perpbot.execution.ledger import Ledger
from perpbot.execution.own_orders import OwnOrders
from perpbot.execution.record import OrderRecord
from perpbot.model.order import Order, OrderStatus, TimeInForce

END_AGAIN_NS = 2 * NS_PER_SECOND
"""An order in the way that was asked to end, and of which nothing was heard, is asked again after this long."""


class SelfTrades:
    """Belongs to the order book, which asks it before it journals orders, and tells it what becomes of them."""

    def __init__(self, own_orders: Mapping[str, OwnOrders], ledger: Ledger, end: Callable[[OrderRecord], None]) -> None:
        """Guard the orders of `own_orders`, by venue; `end` asks a venue to cancel one of those in `ledger`."""
        self._own_orders = own_orders
        self._ledger = ledger
        self._end = end
        self._waiting: dict[str, dict[str, None]] = {}
        """By the order in the way, the trades that are to hear of its end."""

    def begin(self) -> None:
        """Learn what the journal has."""
        for venue, own in self._own_orders.items():
            own.begin(each.order for each in self._ledger.unsettled(venue) if not each.status.final)

    def check(self, orders: Iterable[Order], now_ns: int) -> None:
        """Let `orders`, which are of one trade and not journalled yet, through.

        Raises:
            OwnOrderInTheWayError: one of them must fill, and would meet an order of ours; that one is to end now.
            NotSubmittedError: one of them is to wait, and would meet an order of ours that is on its way.
        """
        found = [(order, other) for order in orders if (other := self._own_orders[order.venue].in_the_way(order))]
        for order, other in found:
            text = f"{order.side} at {order.price} would meet our own order {other.client_id} at {order.venue}"
            if order.time_in_force is not TimeInForce.IOC:
                raise NotSubmittedError(text)
            self._waiting.setdefault(other.client_id, {})[order.trade_id] = None
            self._ask_to_end(self._ledger.known(other.client_id), now_ns)
        if found:
            raise OwnOrderInTheWayError(f"{text}, which is being cancelled", order.venue)

    def _ask_to_end(self, record: OrderRecord, now_ns: int) -> None:
        asked = record.status is OrderStatus.PENDING_CANCEL and now_ns - record.changed_ns < END_AGAIN_NS
        if not asked:
            self._end(record)

    def journalled(self, orders: Iterable[Order]) -> None:
        """They leave next."""
        for order in orders:
            self._own_orders[order.venue].add(order)

    def stays(self, record: OrderRecord) -> None:
        """It waits at its venue although it was to fill at once."""
        self._own_orders[record.order.venue].stays(record.order.client_id)

    def changed(self, record: OrderRecord) -> list[str]:
        """Something became of an order; the trades that waited for its end, when this is it."""
        if not record.status.final:
            return []
        self._own_orders[record.order.venue].over(record.order.client_id)
        return list(self._waiting.pop(record.order.client_id, ()))

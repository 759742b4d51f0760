"""Our own orders at one venue and account: none of them may meet another one of ours there.

The order book of the system writes it, and asks it before orders are journalled. The connection that sends asks it
once more at the very moment of sending, like the gate it belongs to.
"""

from collections.abc import Iterable

from perpbot.model.order import Order, TimeInForce


class OwnOrders:
    """Orders that are journalled for one venue and may still fill there, in the order they will leave in."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._staying: set[str] = set()
        """Those that were to fill at once, and wait at the venue all the same."""

    def begin(self, orders: Iterable[Order]) -> None:
        """Start over with these: what the journal has."""
        self._orders = {each.client_id: each for each in orders}
        self._staying = set()

    def add(self, order: Order) -> None:
        """It is journalled, and leaves next."""
        self._orders[order.client_id] = order

    def stays(self, client_id: str) -> None:
        """It waits at the venue although it was to fill at once."""
        if client_id in self._orders:
            self._staying.add(client_id)

    def over(self, client_id: str) -> None:
        """It cannot fill any more."""
        self._orders.pop(client_id, None)
        self._staying.discard(client_id)

    def in_the_way(self, order: Order) -> Order | None:
        """The first order of ours that leaves, or left, before `order` and that it would trade with there; or None.

        One of the two has to be one that waits: orders that fill at once or not at all never meet each other.
        """
        for other in self._orders.values():
            if other.client_id == order.client_id:
                return None
            same = (other.account, other.symbol) == (order.account, order.symbol)
            waits = self._waits(other) or order.time_in_force is not TimeInForce.IOC
            if same and waits and other.meets(order.side, order.price):
                return other
        return None

    def _waits(self, order: Order) -> bool:
        return order.time_in_force is not TimeInForce.IOC or order.client_id in self._staying

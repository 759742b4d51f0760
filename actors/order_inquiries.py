"""The order book's questions to the venues: for orders whose fate is open, and for all since the durable mark."""

from collections.abc import Iterable, Mapping

import attrs

from actors.order_news import AskForOrder, CancelOrder, CatchUp
from actors.runtime import Ref
from perpbot.clock import NS_PER_SECOND
from perpbot.execution.inquiry import is_due, needs_every_fill
from perpbot.execution.record import OrderRecord
from perpbot.venues.cancelling import Waiting

OVERLAP_MS = 60_000
"""Fills are asked for from this long before the durable mark."""
CANCEL_AGAIN_NS = 2 * NS_PER_SECOND
"""The pause after the first cancel of an order; every further one is twice as long, up to the longest."""
LONGEST_PAUSE_NS = 60 * NS_PER_SECOND


@attrs.frozen
class _Cancelling:
    """An order that is being cancelled."""

    pause_ns: int = CANCEL_AGAIN_NS
    next_ns: int = 0


class Inquiries:
    """Puts the questions to the trading connections, and keeps the marks up to which all is known."""

    def __init__(self, connections: Mapping[str, Ref], arrival_ns: Mapping[str, int]) -> None:
        """Ask the `connections`, by venue; `arrival_ns`: how long after its last news a request may still arrive."""
        self.first_ms = 0
        """Our wall clock at the journal's first entry."""
        self._marks_ms: dict[tuple[str, str], int] = {}
        """By venue and account, the venue's clock up to which everything is durable."""
        self._began_ms: dict[tuple[str, str], int] = {}
        self._connections = connections
        self._arrival_ns = arrival_ns
        self._asked_ns: dict[str, int] = {}
        self._cancelling: dict[str, _Cancelling] = {}

    def ask_for(self, unsettled: Iterable[OrderRecord], now_ns: int) -> None:
        """Ask for those orders whose fate should be known by now."""
        asked, self._asked_ns = self._asked_ns, {}
        cancelling, self._cancelling = self._cancelling, {}
        for record in unsettled:
            client_id = record.order.client_id
            if client_id in cancelling:
                self._cancelling[client_id] = cancelling[client_id]
            if is_due(record, asked.get(client_id, 0), self._arrival_ns[record.order.venue], now_ns):
                asked[client_id] = now_ns
                self._ask_for(record, now_ns)
            self._asked_ns[client_id] = asked.get(client_id, 0)

    def _ask_for(self, record: OrderRecord, now_ns: int) -> None:
        order = record.order
        connection = self._connections[order.venue]
        if not connection.alive:
            return
        if needs_every_fill(record, self._arrival_ns[order.venue], now_ns):
            connection.tell(CatchUp(self._since_ms(order.venue, order.account), (order,)))
        else:
            connection.tell(AskForOrder(order))

    def cancel(self, record: OrderRecord, now_ns: int) -> bool:
        """Have an order cancelled that should not wait at its venue and does; whether that was asked for now.

        The pauses grow: a venue that shows an order that is gone would be asked for ever.
        """
        order = record.order
        before = self._cancelling.get(order.client_id, _Cancelling())
        connection = self._connections[order.venue]
        if now_ns < before.next_ns or not connection.alive:
            return False
        pause_ns = min(2 * before.pause_ns, LONGEST_PAUSE_NS)
        self._cancelling[order.client_id] = _Cancelling(pause_ns, now_ns + before.pause_ns)
        connection.tell(CancelOrder(Waiting(order, record.venue_order_id, may_rest=False)))
        return True

    def mark(self, venue: str, account: str, until_ms: int) -> None:
        """Everything of the venue is durable up to then, by its clock."""
        self._began_ms[venue, account] = min(self.began_ms(venue, account), until_ms)
        self._marks_ms[venue, account] = until_ms

    def began_ms(self, venue: str, account: str) -> int:
        """When we began there, by the venue's clock: nothing older is ours. Our own clock may have been set since."""
        return self._began_ms.get((venue, account), self.first_ms)

    def catch_up(self, venue: str, account: str, unsettled: Iterable[OrderRecord]) -> None:
        """Ask for everything since the durable mark, and for the fate of `unsettled`."""
        orders = tuple(record.order for record in unsettled)
        self._connections[venue].tell(CatchUp(self._since_ms(venue, account), orders))

    def _since_ms(self, venue: str, account: str) -> int:
        mark = self._marks_ms.get((venue, account), self.first_ms)
        return max(0, mark - OVERLAP_MS)

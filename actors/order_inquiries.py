"""The order book's questions to the venues: for orders whose fate is open, and for all since the durable mark."""

from collections.abc import Iterable, Mapping

from actors.order_news import AskForOrder, CatchUp
from actors.runtime import Ref
from perpbot.execution.inquiry import is_due, needs_every_fill
from perpbot.execution.record import OrderRecord

OVERLAP_MS = 60_000
"""Fills are asked for from this long before the durable mark."""


class Inquiries:
    """Puts the questions to the trading connections, and keeps the marks up to which all is known."""

    def __init__(self, connections: Mapping[str, Ref], arrival_ns: Mapping[str, int]) -> None:
        """Ask the `connections`, by venue; `arrival_ns`: how long after its last news a request may still arrive."""
        self.first_ms = 0
        """Wall clock of the journal's first entry: nothing older is ours."""
        self.marks_ms: dict[tuple[str, str], int] = {}
        """By venue and account, the wall clock up to which everything is durable."""
        self._connections = connections
        self._arrival_ns = arrival_ns
        self._asked_ns: dict[str, int] = {}

    def ask_for(self, unsettled: Iterable[OrderRecord], now_ns: int) -> None:
        """Ask for those orders whose fate should be known by now."""
        asked, self._asked_ns = self._asked_ns, {}
        for record in unsettled:
            client_id = record.order.client_id
            if is_due(record, asked.get(client_id, 0), now_ns):
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

    def catch_up(self, venue: str, account: str, unsettled: Iterable[OrderRecord]) -> None:
        """Ask for everything since the durable mark, and for the fate of `unsettled`."""
        orders = tuple(record.order for record in unsettled)
        self._connections[venue].tell(CatchUp(self._since_ms(venue, account), orders))

    def _since_ms(self, venue: str, account: str) -> int:
        mark = self.marks_ms.get((venue, account), self.first_ms)
        return max(0, mark - OVERLAP_MS)

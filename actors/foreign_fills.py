"""Fills that no order of ours made, as the order book meets them, or as an operator has them adopted."""

from collections.abc import Callable, Iterable
from typing import Any

from actors.order_requests import INTENDED, OPENED
from actors.runtime import Actor
from perpbot.clock import NS_PER_MS, monotonic_ns
from perpbot.execution.entries import Entry, ForeignAdopted, OrderFilled, TradeOpened
from perpbot.execution.foreign import Strangers, adopt, is_adopted, take_over
from perpbot.execution.ledger import Ledger
from perpbot.execution.plan import Plan
from perpbot.execution.record import OrderRecord
from perpbot.model.money import plain
from perpbot.model.order import Fill, OrderUpdate


class ForeignFills:
    """Belongs to the order book: what takes from a trade's leg is its, all else is left alone until it is adopted."""

    def __init__(
        self,
        actor: Actor,
        ledger: Ledger,
        *,
        record: Callable[[list[Any]], None],
        announce: Callable[[OrderFilled, OrderRecord], None],
    ) -> None:
        """Work for `actor`; `record` makes entries of `ledger` durable, `announce` tells of a fill that is."""
        self.met = 0
        """How many there were."""
        self._actor = actor
        self._ledger = ledger
        self._record = record
        self._announce = announce
        self._strangers = Strangers()

    def suspect(self, events: Iterable[OrderUpdate | Fill], began_ms: int) -> None:
        """Remember those `events` that match no order of ours; what is older than `began_ms` cannot be about us."""
        now = monotonic_ns()
        for each in events:
            if isinstance(each, Fill) and each.time_ns >= began_ms * NS_PER_MS:
                self._strangers.suspect(each, now)

    def look(self, now_ns: int, asked: str = "") -> None:
        """A fill that cannot be of an order in flight was made by somebody else; `asked` was asked for all of them."""
        in_flight = {(each.order.venue, each.order.symbol) for each in self._ledger.unsettled()}
        for fill in self._strangers.due(in_flight, now_ns, asked):
            ours = self._ledger.find(fill)
            if ours is None and not is_adopted(fill, self._ledger):
                self._meet(fill)

    def _meet(self, fill: Fill) -> None:
        self.met += 1
        adopted = adopt(fill, self._ledger.trades())
        trades = ", ".join(order.trade_id for order, _ in adopted)
        self._actor.log.error(
            "a fill that is not ours", venue=fill.venue, symbol=fill.symbol, side=fill.side.value,
            quantity=plain(fill.quantity), price=plain(fill.price),
            trade=trades or "none: left alone",
        )  # fmt: skip
        entries: list[Entry] = []
        for order, part in adopted:
            entries += [ForeignAdopted(order=order), OrderFilled(client_id=order.client_id, fill=part)]
        self._tell(entries)

    def adopt(self, fill: Fill, plan: Plan) -> tuple[str, ...]:
        """One commit makes all that `fill` did ours; the trades it is part of now, that of `plan` if it is needed."""
        entries = take_over(fill, self._ledger.trades(), plan)
        self._tell(entries)
        return tuple(each.order.trade_id for each in entries if isinstance(each, ForeignAdopted))

    def _tell(self, entries: list[Entry]) -> None:
        if entries:
            self._record(entries)
        for entry in entries:
            match entry:
                case TradeOpened():
                    self._actor.publish(OPENED, entry)
                case ForeignAdopted():
                    self._actor.publish(INTENDED, entry)
                case OrderFilled():
                    self._announce(entry, self._ledger.known(entry.client_id))
                case _:
                    pass

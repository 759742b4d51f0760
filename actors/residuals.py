"""The residual ledger, as the order book keeps it: what trades leave, and who takes it on."""

from collections.abc import Callable, Iterable
from typing import Any

from actors.order_requests import INTENDED
from actors.runtime import Actor
from perpbot.clock import wall_ns
from perpbot.execution.entries import ResidualLeft, ResidualTaken
from perpbot.execution.ledger import Ledger
from perpbot.execution.residuals import take
from perpbot.execution.views import TradeView
from perpbot.model.money import plain


class Residuals:
    """Belongs to the order book; `record` makes entries of `ledger` durable."""

    def __init__(self, actor: Actor, ledger: Ledger, record: Callable[[list[Any]], None]) -> None:
        self._actor = actor
        self._ledger = ledger
        self._record = record

    def take(self, trade: TradeView) -> bool:
        """A trade that closes takes on what others have left where its legs are; whether there was any."""
        taken = list(take(trade, self._ledger.residuals.values(), wall_ns()))
        if taken:
            self._record(taken)
            self.tell(taken)
        return bool(taken)

    def tell(self, entries: Iterable[ResidualLeft | ResidualTaken]) -> None:
        """They are durable."""
        for entry in entries:
            order, fill = entry.order, entry.fill
            self._actor.log.info(
                "residual left" if isinstance(entry, ResidualLeft) else "residual taken on", trade=order.trade_id,
                venue=order.venue, symbol=order.symbol, side=fill.side.value, quantity=plain(fill.quantity),
                price=plain(fill.price),
            )  # fmt: skip
            self._actor.publish(INTENDED, entry)

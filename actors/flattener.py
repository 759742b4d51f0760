"""Closing what is open, whatever else is dead: trades that nobody looks after are looked after here (RSK-5)."""

from collections.abc import Callable
from typing import Any

import attrs

from actors.executor import Admitted, CloseTrade
from actors.order_requests import ReadOpenTrades
from actors.runtime import LATER, Actor, DomainError, Ref, Slot, handles
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.trade import CloseReason
from perpbot.execution.views import TradeView

LOOK_S = 0.5
PATIENCE_NS = 5 * NS_PER_SECOND
"""A trade's actor that lets nothing happen for this long is not waited for any more."""


@attrs.frozen
class Flatten:
    """Close the trades in progress, at one venue or at all. Answered with their ids when they are over."""

    venue: str | None = None
    reason: CloseReason = CloseReason.FLATTENED


@attrs.frozen
class _Look:
    """It is time to look how far they are."""


@attrs.define
class _Closing:
    """A trade that is being closed."""

    reason: CloseReason
    state: tuple[Any, ...] = ()
    """What it looked like at the last change."""
    changed_ns: int = attrs.field(factory=monotonic_ns)


class Flattener(Actor):
    """Tells trades to close again and again until they are over: an actor that crashed has forgotten what it was told.

    A trade whose own actor is away, or does nothing, gets a second one here. Two at once do no harm: the order book
    takes orders only from who has seen all earlier ones.
    """

    def __init__(self, *, orders: str, trades: str, start_trade: Callable[[Admitted], None]) -> None:
        """`trades`: address below which the trades' actors live; `start_trade` starts one beside this actor."""
        super().__init__()
        self._orders_address = orders
        self._trades_address = trades
        self._start_trade = start_trade
        self._closing: dict[str, _Closing] = {}
        self._waiting: list[tuple[frozenset[str], Slot]] = []

    def on_start(self) -> None:
        """Know whom to ask."""
        self._orders = self.look_up(self._orders_address)

    @handles(Flatten)
    def on_flatten(self, request: Flatten) -> object:
        """Begin; answer when it is done."""
        wanted = frozenset(
            trade.plan.trade_id
            for trade in self._open()
            if request.venue is None or request.venue in {leg.venue for leg in trade.plan.legs}
        )
        if not wanted:
            return []
        for trade_id in sorted(wanted - self._closing.keys()):
            self._closing[trade_id] = _Closing(request.reason)
        self._waiting.append((wanted, self.defer()))
        self.timers.every(LOOK_S, _Look())
        self.ref.tell(_Look())
        return LATER

    def _open(self) -> list[TradeView]:
        trades: list[TradeView] = self._orders.ask(ReadOpenTrades())
        return trades

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Push those that are still open; answer who waits for those that are over."""
        still = {trade.plan.trade_id: trade for trade in self._open() if trade.plan.trade_id in self._closing}
        self._closing = {trade_id: self._closing[trade_id] for trade_id in still}
        for trade in still.values():
            self._push(trade)
        waiting, self._waiting = self._waiting, []
        for wanted, slot in waiting:
            if wanted.isdisjoint(still):
                slot.set(sorted(wanted))
            else:
                self._waiting.append((wanted, slot))
        if not still:
            self.timers.cancel(_Look.__name__)

    def _push(self, trade: TradeView) -> None:
        closing, now = self._closing[trade.plan.trade_id], monotonic_ns()
        state = (trade.phase, *((each.status, each.held) for each in trade.orders))
        if state != closing.state:
            closing.state, closing.changed_ns = state, now
        own, here = self._actor(self._trades_address, trade), self._actor(self._beside(), trade)
        if not here.alive and (not own.alive or now - closing.changed_ns > PATIENCE_NS):
            self._look_after(trade)
        for actor in (own, here):
            if actor.alive:
                actor.tell(CloseTrade(closing.reason))

    def _beside(self) -> str:
        return self.address.rpartition("/")[0]

    def _actor(self, below: str, trade: TradeView) -> Ref:
        return self.look_up(f"{below}/{trade.plan.trade_id}")

    def _look_after(self, trade: TradeView) -> None:
        plan = trade.plan
        try:
            self._start_trade(Admitted(plan=plan, pool=trade.pool, reserved=trade.reserved))
        except DomainError as error:
            self.log.error("a trade that nobody looks after could not be taken up", trade=plan.trade_id, why=str(error))
        else:
            self.log.warning("a trade that nobody looked after is closed", trade=plan.trade_id, symbol=plan.symbol)

    def describe(self) -> dict[str, Any]:
        """What is being closed."""
        return {"closing": list(self._closing), "asked": len(self._waiting)}

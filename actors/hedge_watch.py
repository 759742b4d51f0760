"""Watches trades in progress for legs that stand alone, and tells the risk rules and the operator."""

from decimal import Decimal
from typing import Any

import attrs
from msgspec.structs import replace

from actors.order_requests import ReadOpenTrades
from actors.reconfiguration import Reconfigured
from actors.runtime import Actor, handles
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.views import TradeView
from perpbot.model.money import ZERO, plain
from perpbot.risk.view import Naked

LOOK_EVERY_S = 0.5

NAKED = "naked"
"""Topic: `NakedChanged`, retained."""


@attrs.frozen
class NakedChanged:
    """The trades that have stood alone for longer than patience allows."""

    trades: tuple[Naked, ...]


@attrs.frozen
class ReadNaked:
    """The answer is every `Naked` trade of this moment, also those that only just became so."""


@attrs.frozen
class _Look:
    """It is time to look again."""


class HedgeWatch(Actor):
    """Looks at all trades in progress. It decides nothing: the trades themselves hedge or give back."""

    def __init__(self, orders: str, *, patience_s: float, tolerance: Decimal) -> None:
        super().__init__()
        self._orders_address = orders
        self._patience_ns = int(patience_s * NS_PER_SECOND)
        self._tolerance = tolerance
        self._now: dict[str, Naked] = {}
        self._told: tuple[str, ...] = ()

    def on_start(self) -> None:
        """Begin looking."""
        self._orders = self.look_up(self._orders_address)
        self.publish(NAKED, NakedChanged(()), retain=True)
        self.timers.every(LOOK_EVERY_S, _Look())

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Compare with what was seen before; tell what has been so for too long."""
        now = monotonic_ns()
        seen = [naked(trade, self._tolerance, now) for trade in self._orders.ask(ReadOpenTrades())]
        before = self._now
        self._now = {
            each.trade_id: replace(each, since_ns=before.get(each.trade_id, each).since_ns)
            for each in seen
            if each is not None
        }
        overdue = tuple(each for each in self._now.values() if now - each.since_ns >= self._patience_ns)
        ids = tuple(each.trade_id for each in overdue)
        if ids != self._told:
            self._tell(overdue)
            self._told = ids
            self.publish(NAKED, NakedChanged(overdue), retain=True)

    def _tell(self, overdue: tuple[Naked, ...]) -> None:
        for each in overdue:
            if each.trade_id not in self._told:
                self.log.error(
                    "a leg stands alone", trade=each.trade_id, symbol=each.symbol, venues=each.venues,
                    value=plain(round(each.value, 2)), unknown_at=each.unknown_at,
                    hint="nothing is opened in this symbol or at these venues until it is resolved",
                )  # fmt: skip
        for trade_id in set(self._told) - {each.trade_id for each in overdue}:
            self.log.warning("no leg stands alone any more", trade=trade_id)

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """Another patience and tolerance count from the next look on."""
        self._patience_ns = int(news.settings.execution.unknown_timeout_sec * NS_PER_SECOND)
        self._tolerance = news.settings.risk.unhedged_tolerance

    @handles(ReadNaked)
    def on_read(self, _: ReadNaked) -> tuple[Naked, ...]:
        """Every naked trade."""
        return tuple(self._now.values())

    def describe(self) -> dict[str, Any]:
        """What stands alone, and for how long."""
        now = monotonic_ns()
        return {
            each.trade_id: {
                "symbol": each.symbol,
                "value": plain(round(each.value, 2)),
                "unknown_at": list(each.unknown_at),
                "for_s": round((now - each.since_ns) / NS_PER_SECOND, 1),
            }
            for each in self._now.values()
        }


def naked(trade: TradeView, tolerance: Decimal, since_ns: int) -> Naked | None:
    """What stands alone in `trade`; None when its legs are known and equal, but for `tolerance`."""
    plan = trade.plan
    net = sum((order.held for order in trade.orders), ZERO)
    value = abs(net) * plan.reference
    unknown_at = tuple(dict.fromkeys(order.order.venue for order in trade.orders if not order.settled))
    if value <= tolerance and not unknown_at:
        return None
    return Naked(
        trade_id=plan.trade_id,
        symbol=plan.symbol,
        venues=tuple(leg.venue for leg in plan.legs),
        value=value if value > tolerance else ZERO,
        unknown_at=unknown_at,
        since_ns=since_ns,
    )

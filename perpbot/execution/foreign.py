"""Fills in our account that no order of ours made: a liquidation, or somebody who traded by hand.

What takes away from a leg of a trade belongs to that trade, for it is not hedged any more. The rest is left alone.
"""

from collections.abc import Container, Iterable
from decimal import Decimal

import attrs

from perpbot.execution.entries import Entry, ForeignAdopted, OrderFilled, TradeMoved, TradeOpened
from perpbot.execution.ledger import Ledger
from perpbot.execution.plan import Leg, Plan
from perpbot.execution.trade import CloseReason, Phase
from perpbot.execution.views import TradeView
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity, Order, Position, TimeInForce

PURPOSE = "foreign"
"""Purpose of the orders that stand for what somebody else did."""
LOOK_AFTER_NS = 1_000_000_000
"""A fill that nobody knows is somebody else's when it stays so for this long."""
KEPT = 1_000
"""Strangers that are remembered, so that each is met once."""


class Strangers:
    """Fills that may be somebody else's: news of an order of ours can overtake the answer that names it."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Fill, int]] = {}
        """With the time since when; by the id of the order that would stand for it."""
        self._met: dict[str, None] = {}

    def suspect(self, fill: Fill, now_ns: int) -> None:
        """Remember a fill that matches no order of ours, unless it was met before."""
        if client_id(fill) not in self._met:
            self._waiting.setdefault(client_id(fill), (fill, now_ns))

    def due(self, in_flight: Container[tuple[str, str]], now_ns: int, asked: str = "") -> list[Fill]:
        """Those that cannot be of an order in flight (venues and symbols) and waited long enough; each once.

        Of the venue `asked`, which has just told of all our orders, none has to wait.
        """
        due = [
            fill
            for fill, since_ns in self._waiting.values()
            if (fill.venue, fill.symbol) not in in_flight
            and (fill.venue == asked or now_ns - since_ns >= LOOK_AFTER_NS)
        ]
        for fill in due:
            del self._waiting[client_id(fill)]
            self._met[client_id(fill)] = None
        while len(self._met) > KEPT:
            del self._met[next(iter(self._met))]
        return due


def client_id(fill: Fill) -> str:
    """The id of the order that stands for a foreign fill: the same however often it is told.

    With the symbol in it: some venues number the fills of each symbol apart.
    """
    return f"{PURPOSE}-{fill.venue}-{fill.account}-{fill.symbol}-{fill.trade_ref}"


def is_adopted(fill: Fill, ledger: Ledger) -> bool:
    """Whether an order of `ledger` stands for `fill` already. Journals of before have ids without the symbol."""
    before = ledger.order(f"{PURPOSE}-{fill.venue}-{fill.account}-{fill.trade_ref}")
    return ledger.order(client_id(fill)) is not None or (before is not None and before.order.symbol == fill.symbol)


def adopt(fill: Fill, trades: Iterable[TradeView]) -> list[tuple[Order, Fill]]:
    """The orders that stand for `fill` in the trades whose legs it takes from, and the part of the fill each is.

    A liquidation takes from all trades at once, the oldest first. What was done before a leg was opened took nothing
    from it, however late it is told.
    """
    parts: list[tuple[Order, Fill]] = []
    left, fee = fill.quantity, fill.fee.amount
    for trade, leg in ((each, leg) for each in trades for leg in each.plan.legs):
        held = _held(trade, leg)
        if not left or not _takes(fill, trade, leg, held):
            continue
        quantity = Quantity(min(abs(held), left))
        share = fee if quantity == left else fee * quantity / left
        left, fee = Quantity(left - quantity), fee - share
        parts.append(_part(fill, trade.plan, leg, len(parts), quantity, share))
    return parts


def adopted_fill(position: Position, price: Price, currency: str, wall_ns: int) -> Fill:
    """What somebody else did to come to `position`, as one fill at what a coin of it cost; its fees are not known."""
    return Fill(
        venue=position.venue,
        account=position.account,
        symbol=position.symbol,
        trade_ref=f"adopted-{wall_ns}",
        client_id="",
        venue_order_id="",
        side=Side.BUY if position.quantity > 0 else Side.SELL,
        price=price,
        quantity=Quantity(abs(position.quantity)),
        fee=Money(ZERO, currency),
        liquidity=Liquidity.TAKER,
        time_ns=wall_ns,
        quote=currency,
    )


def take_over(fill: Fill, trades: Iterable[TradeView], plan: Plan) -> list[Entry]:
    """The entries by which all that `fill` did becomes ours.

    What takes from the legs of `trades` is theirs; what is left is closed by a trade of its own, which has `plan`.
    It is so now: no leg was opened after it, whatever our clock says.
    """
    known = list(trades)
    times = [each.time_ns for trade in known for order in trade.orders for each in order.fills]
    parts = adopt(attrs.evolve(fill, time_ns=max([fill.time_ns, *times])), known)
    entries = [entry for part in parts for entry in _stands(*part)]
    left = fill.quantity - sum((part.quantity for _, part in parts), ZERO)
    if not left:
        return entries
    fee = fill.fee.amount - sum((part.fee.amount for _, part in parts), ZERO)
    opened = TradeOpened(plan=plan, pool="", reserved={}, orders=[])
    moved = TradeMoved(trade_id=plan.trade_id, phase=Phase.CLOSING.value, reason=CloseReason.ADOPTED.value)
    rest = _part(fill, plan, plan.leg(fill.side.value), len(parts), Quantity(left), fee)
    return [*entries, opened, *_stands(*rest), moved]


def _stands(order: Order, part: Fill) -> list[Entry]:
    return [ForeignAdopted(order=order), OrderFilled(client_id=order.client_id, fill=part)]


def _takes(fill: Fill, trade: TradeView, leg: Leg, held: Decimal) -> bool:
    here = (leg.venue, leg.account, trade.plan.symbol) == (fill.venue, fill.account, fill.symbol)
    return here and held * fill.side.sign < 0 and fill.time_ns >= _opened_ns(trade, leg)


def _held(trade: TradeView, leg: Leg) -> Decimal:
    return sum((order.held for order in trade.orders if order.order.leg == leg.name), ZERO)


def _opened_ns(trade: TradeView, leg: Leg) -> int:
    """The venue's time of the first fill of a leg that has any."""
    return min(fill.time_ns for order in trade.orders if order.order.leg == leg.name for fill in order.fills)


def _part(fill: Fill, plan: Plan, leg: Leg, number: int, quantity: Quantity, fee: Decimal) -> tuple[Order, Fill]:
    """The first part keeps the ids of the whole, by which it is recognised when it is told again."""
    suffix = f"/{number + 1}" if number else ""
    part = attrs.evolve(
        fill,
        trade_ref=f"{fill.trade_ref}{suffix}",
        quantity=quantity,
        fee=Money(fee, fill.fee.currency),
        client_id="",
    )
    return _order(plan, leg, part), part


def _order(plan: Plan, leg: Leg, fill: Fill) -> Order:
    return Order(
        client_id=client_id(fill),
        wire_id="",
        venue=fill.venue,
        account=fill.account,
        symbol=fill.symbol,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
        trade_id=plan.trade_id,
        leg=leg.name,
        purpose=PURPOSE,
    )

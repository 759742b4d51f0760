"""What trades leave at a venue because it takes no order so small: whose it was, what it cost, and who takes it on.

A trade that ends with a rest hands it to the residual ledger at its cost; the next one that closes at the same place
takes it with it. Both are booked as an order that was never sent, at one price, so that nothing is earned by it. At a
place there is one residual at most: the trade that leaves a rest has taken the one before.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import attrs

from perpbot.execution.entries import ResidualLeft, ResidualTaken
from perpbot.execution.plan import Leg
from perpbot.execution.views import OrderView, TradeView
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity, Order, TimeInForce
from perpbot.portfolio.holding import HoldingKey

PURPOSE = "residual"
"""Purpose of the orders that stand for what was left, or taken on."""


@attrs.frozen(kw_only=True)
class Residual:
    """What a trade has left at one place."""

    id: str
    trade_id: str
    """Whose it was."""
    venue: str
    account: str
    symbol: str
    quantity: Quantity
    """Signed coins."""
    price: Price
    """What a coin of it cost."""
    currency: str

    @property
    def place(self) -> HoldingKey:
        """Venue, account and symbol."""
        return self.venue, self.account, self.symbol

    @property
    def cost(self) -> Decimal:
        """Quote currency, signed like the quantity."""
        return self.quantity * self.price


@attrs.frozen
class Rest:
    """What a leg still holds."""

    leg: Leg
    quantity: Decimal
    price: Price
    currency: str


def rests(orders: Iterable[OrderView], legs: Sequence[Leg]) -> list[Rest]:
    """What each leg holds, if anything, and the price of the newest fill that made it so."""
    found = []
    for leg in legs:
        mine = [each for each in orders if each.order.leg == leg.name]
        held = sum((each.held for each in mine), ZERO)
        if held:
            fills = [fill for each in mine for fill in each.fills if fill.side.sign * held > 0]
            newest = max(reversed(fills), key=lambda each: each.time_ns)
            found.append(Rest(leg, held, newest.price, newest.currency))
    return found


def leave(view: TradeView, wall_ns: int) -> list[ResidualLeft]:
    """The entries by which a trade that is over hands on what it still holds."""
    return [_left(view, rest, wall_ns) for rest in rests(view.orders, view.plan.legs)]


def _left(view: TradeView, rest: Rest, wall_ns: int) -> ResidualLeft:
    name = f"{PURPOSE}-{view.plan.trade_id}-{rest.leg.name}-{len(view.orders)}"
    order, fill = _stand(name, view, rest.leg, -rest.quantity, rest.price, rest.currency, wall_ns)
    return ResidualLeft(order=order, fill=fill)


def residual(left: ResidualLeft) -> Residual:
    """The residual that `left` made."""
    order, fill = left.order, left.fill
    return Residual(
        id=order.client_id,
        trade_id=order.trade_id,
        venue=order.venue,
        account=order.account,
        symbol=order.symbol,
        quantity=Quantity(-fill.side.sign * fill.quantity),
        price=fill.price,
        currency=fill.currency,
    )


def take(view: TradeView, residuals: Iterable[Residual], wall_ns: int) -> Iterator[ResidualTaken]:
    """The entries by which a trade that closes takes on what was left where its legs are; once for each place."""
    free = list(residuals)
    for leg in view.plan.legs:
        place = (leg.venue, leg.account, view.plan.symbol)
        for each in [each for each in free if each.place == place]:
            free.remove(each)
            order, fill = _stand(f"taken-{each.id}", view, leg, each.quantity, each.price, each.currency, wall_ns)
            yield ResidualTaken(residual=each.id, of_trade=each.trade_id, order=order, fill=fill)


def _stand(
    name: str, view: TradeView, leg: Leg, quantity: Decimal, price: Price, currency: str, wall_ns: int
) -> tuple[Order, Fill]:
    side, size = (Side.BUY if quantity > 0 else Side.SELL), Quantity(abs(quantity))
    order = Order(
        client_id=name,
        wire_id="",
        venue=leg.venue,
        account=leg.account,
        symbol=view.plan.symbol,
        side=side,
        quantity=size,
        price=price,
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
        trade_id=view.plan.trade_id,
        leg=leg.name,
        purpose=PURPOSE,
    )
    fill = Fill(
        venue=leg.venue,
        account=leg.account,
        symbol=view.plan.symbol,
        trade_ref=name,
        client_id="",
        venue_order_id="",
        side=side,
        price=price,
        quantity=size,
        fee=Money(ZERO, currency),
        liquidity=Liquidity.TAKER,
        time_ns=wall_ns,
        quote=currency,
    )
    return order, fill

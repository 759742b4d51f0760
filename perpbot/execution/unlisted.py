"""What a venue does not list any more, or not now: no order goes there, but its leg must be settled."""

from decimal import Decimal

from perpbot.execution.entries import OrderFilled, OrderTold
from perpbot.execution.inquiry import cancelled
from perpbot.execution.plan import Leg
from perpbot.execution.record import OrderRecord
from perpbot.execution.views import TradeView
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO, Money, Quantity
from perpbot.model.order import Fill, Liquidity

_ANY_STEP = Decimal("1E-12")
"""Nothing is rounded: what is held there is what its fills say."""


def stand_in(trade: TradeView, leg: Leg) -> Instrument:
    """An instrument for a leg whose venue has not told this process what the symbol is, as far as its fills tell."""
    fills = [fill for each in trade.orders if each.order.leg == leg.name for fill in each.fills]
    return nameless(leg.venue, trade.plan.symbol, next((each.quote or each.currency for each in fills), ""))


def nameless(venue: str, symbol: str, quote: str = "") -> Instrument:
    """An instrument of which nothing is known, not even what its venue calls it."""
    return Instrument(
        venue=venue,
        symbol=symbol,
        native=symbol,
        base=symbol.removesuffix("-PERP"),
        quote=quote,
        tick=_ANY_STEP,
        lot=_ANY_STEP,
        min_quantity=ZERO,
    )


def end(record: OrderRecord, currency: str, wall_ns: int) -> list[OrderFilled | OrderTold]:
    """What ends an order that nobody can ask its venue for, on the word of an operator: nothing more of it fills.

    What the venue counted as filled without telling the fills is booked at the order's limit, the worst it can have
    been. Prices are in `currency`; fees are not known.
    """
    order, told = record.order, Quantity(max(record.reported, record.filled))
    entries: list[OrderFilled | OrderTold] = []
    if told > record.filled:
        fill = Fill(
            venue=order.venue,
            account=order.account,
            symbol=order.symbol,
            trade_ref=f"declared-{order.client_id}",
            client_id=order.wire_id,
            venue_order_id=record.venue_order_id,
            side=order.side,
            price=order.price,
            quantity=Quantity(told - record.filled),
            fee=Money(ZERO, currency),
            liquidity=Liquidity.TAKER,
            time_ns=wall_ns,
            quote=currency,
        )
        entries.append(OrderFilled(client_id=order.client_id, fill=fill))
    if not record.status.final and told < order.quantity:
        entries.append(cancelled(record, told, "an operator has declared it over"))
    return entries

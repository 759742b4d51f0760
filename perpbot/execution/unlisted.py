"""What a venue does not list any more, or not now: no order goes there, but its leg must be settled."""

from decimal import Decimal

from perpbot.execution.plan import Leg
from perpbot.execution.views import TradeView
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO

_ANY_STEP = Decimal("1E-12")
"""Nothing is rounded: what is held there is what its fills say."""


def stand_in(trade: TradeView, leg: Leg) -> Instrument:
    """An instrument for a leg whose venue has not told this process what the symbol is, as far as its fills tell."""
    fills = [fill for each in trade.orders if each.order.leg == leg.name for fill in each.fills]
    return Instrument(
        venue=leg.venue,
        symbol=trade.plan.symbol,
        native=trade.plan.symbol,
        base=trade.plan.symbol.removesuffix("-PERP"),
        quote=next((each.quote or each.currency for each in fills), ""),
        tick=_ANY_STEP,
        lot=_ANY_STEP,
        min_quantity=ZERO,
    )

"""Our own orders in a symbol that their venue does not list any more, declared over by an operator."""

from actors.order_requests import DeclareOver, ReadOpenTrades
from actors.positions import PositionsView
from perpbot.execution.views import TradeView
from perpbot.portfolio.holding import HoldingKey
from perpbot.program import Program
from supervisors import addresses


def in_flight(program: Program, place: HoldingKey) -> list[str]:
    """Ids of our orders at a place that are not known to be over, where its venue lists other symbols than theirs.

    Where it lists theirs, or has not told yet what it lists, there are none: it is asked for them.
    """
    venue, _, symbol = place
    listed = program.parts.venues[venue].instruments
    if not listed or listed.symbol(symbol) is not None:
        return []
    trades: list[TradeView] = program.system.ref(addresses.ORDERS).ask(ReadOpenTrades())
    orders = [each.order for trade in trades for each in trade.orders if not each.settled]
    return [each.client_id for each in orders if (each.venue, each.account, each.symbol) == place]


def declare_over(program: Program, place: HoldingKey, view: PositionsView) -> list[str]:
    """End the orders that are `in_flight` there; the ids of those whose request can no longer arrive, which are over.

    What fills they lack is in the currency of what is known there, else in what the venue quotes in.
    """
    venue, account, symbol = place
    quotes = sorted({each.quote for each in program.parts.venues[venue].instruments})
    currency = view.currencies.get((venue, symbol), quotes[0])
    ended: list[str] = program.system.ref(addresses.ORDERS).ask(DeclareOver(venue, account, symbol, currency))
    return ended

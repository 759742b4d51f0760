"""An edge: what is left of a price difference between two venues after everything it costs.

Net profit of buying at one venue and selling at another, held for a while, and given back (SCN-2):

    net = walked sell - walked buy            taking the quantity out of both books, in the buying venue's currency
        - fees of four orders                 both legs, opening and closing, all as taker
        - half spread of both venues          closing crosses both spreads again, from equal mids
        - funding over the expected hold      paid on the long leg, received on the short
        - allowance for slippage              beyond what the books show
"""

from collections.abc import Sequence
from decimal import Decimal

import attrs

from perpbot.model.book import Book, Level, Walk, walk
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO, Price, Quantity, Rate, common_step, floor_to
from perpbot.model.quote import Quote

HOUR_S = Decimal(3_600)
_SAME = Decimal(1)


@attrs.frozen(kw_only=True)
class Market:
    """One venue's side of a comparison: what is quoted there and what trading there costs."""

    instrument: Instrument
    quote: Quote
    book: Book
    """Read only when the best prices are worth a look; it may be newer than the quote."""
    depth: int = 10
    """Levels that are looked at."""
    funding: Rate | None = None
    """None counts as no funding."""
    reliability: Decimal = Decimal(1)
    """Between 0 and 1; lowered by latency and errors."""
    worth: Decimal = Decimal(1)
    """What a unit of the quote currency is worth in the one that all are compared in; see `basis`."""


@attrs.frozen(kw_only=True)
class Terms:
    """What the scanner was told to look for. Amounts are quote currency, fractions are of the notional."""

    min_profit: Decimal
    slippage: Decimal
    holding_s: Decimal
    max_notional: Decimal
    min_notional: Decimal
    profit_weight: Decimal
    liquidity_weight: Decimal
    reliability_weight: Decimal


@attrs.frozen(kw_only=True)
class Edge:
    """A difference worth trading: buy `quantity` at one venue, sell it at the other.

    Prices are in each venue's own quote currency, amounts in the buying venue's.
    """

    symbol: str
    buy_venue: str
    sell_venue: str
    quantity: Quantity
    buy_price: Price
    """Mean price of the quantity in the book."""
    sell_price: Price
    buy_worst: Price
    """Price of the last coin."""
    sell_worst: Price
    gross: Decimal
    fees: Decimal
    slippage: Decimal
    """Half spreads at the close, and the allowance."""
    funding: Decimal
    score: Decimal = ZERO
    buy_depth: Decimal | None = None
    """Coins that the buying venue's book offers up to the worst price; None where that was not looked at."""
    sell_depth: Decimal | None = None
    rate: Decimal = _SAME
    """What a unit of the selling venue's currency is worth in the buying venue's."""

    @property
    def notional(self) -> Decimal:
        """Value of the buying leg."""
        return self.quantity * self.buy_price

    @property
    def net(self) -> Decimal:
        """What is expected to remain."""
        return self.gross - self.fees - self.slippage - self.funding

    @property
    def net_fraction(self) -> Decimal:
        """`net` as a fraction of the notional."""
        return self.net / self.notional


def find_edge(buy: Market, sell: Market, terms: Terms) -> Edge | None:
    """The edge of buying at `buy` and selling at `sell`, or None when nothing of `min_profit` is left."""
    if not _worth_a_look(buy, sell, terms):
        return None
    asks, bids = _worth_taking(buy.book.asks(buy.depth), sell.book.bids(sell.depth), _rate(buy, sell))
    quantity = _quantity(buy, sell, asks, bids, terms) if asks else None
    if quantity is None:
        return None
    edge = _price(buy, sell, walk(asks, quantity), walk(bids, quantity), quantity, terms)
    if edge is None or edge.net_fraction < terms.min_profit:
        return None
    return attrs.evolve(
        edge,
        score=_score(edge, buy, sell, terms),
        buy_depth=sum((size for price, size in asks if price <= edge.buy_worst), ZERO),
        sell_depth=sum((size for price, size in bids if price >= edge.sell_worst), ZERO),
    )


def _rate(buy: Market, sell: Market) -> Decimal:
    """What a unit of the selling venue's currency is worth in the buying venue's."""
    return _SAME if sell.worth == buy.worth else sell.worth / buy.worth


def _worth_a_look(buy: Market, sell: Market, terms: Terms) -> bool:
    """Whether the best prices alone would pay the fees: almost every comparison ends here."""
    ask, bid = buy.quote.ask, sell.quote.bid
    if sell.worth is not buy.worth:
        bid = Price(bid * _rate(buy, sell))
    if bid <= ask or not (buy.book.valid and sell.book.valid):
        return False
    fees = 2 * (buy.instrument.taker_fee + sell.instrument.taker_fee)
    return (bid - ask) / ask >= fees + terms.min_profit


def _worth_taking(
    asks: Sequence[Level], bids: Sequence[Level], rate: Decimal
) -> tuple[Sequence[Level], Sequence[Level]]:
    """The asks below the best bid, and the bids above the best ask: any other coin is traded at a loss."""
    least, most = asks[0][0] / rate, bids[0][0] * rate
    return [each for each in asks if each[0] < most], [each for each in bids if each[0] > least]


def _quantity(buy: Market, sell: Market, asks: Sequence[Level], bids: Sequence[Level], terms: Terms) -> Quantity | None:
    """The most that both venues take on their common lot, within what the books hold and `max_notional`."""
    step = common_step(buy.instrument.lot, sell.instrument.lot)
    # half of what is shown: the rest is for those who are faster, and for closing
    shown = min(sum((size for _, size in asks), ZERO), sum((size for _, size in bids), ZERO)) / 2
    wanted = min(terms.max_notional / bids[0][0], shown)  # no coin of either leg is worth more
    quantity = Quantity(floor_to(wanted, step))
    if quantity <= 0 or quantity * asks[0][0] < terms.min_notional:
        return None
    both = buy.instrument.accepts(quantity, buy.quote.bid) and sell.instrument.accepts(quantity, sell.quote.bid)
    return quantity if both else None


def _price(
    buy: Market, sell: Market, bought: Walk | None, sold: Walk | None, quantity: Quantity, terms: Terms
) -> Edge | None:
    if bought is None or sold is None or bought.quantity < quantity or sold.quantity < quantity:
        return None
    rate = _rate(buy, sell)
    proceeds = sold.notional * rate
    fees = 2 * (bought.notional * buy.instrument.taker_fee + proceeds * sell.instrument.taker_fee)
    half_spreads = quantity * (buy.quote.ask - buy.quote.bid + sell.quote.ask - sell.quote.bid) / 2
    return Edge(
        symbol=buy.instrument.symbol,
        buy_venue=buy.instrument.venue,
        sell_venue=sell.instrument.venue,
        quantity=quantity,
        buy_price=bought.average,
        sell_price=sold.average,
        buy_worst=bought.worst,
        sell_worst=sold.worst,
        gross=proceeds - bought.notional,
        fees=fees,
        slippage=half_spreads + bought.notional * terms.slippage,
        funding=bought.notional * carry(buy.funding, sell.funding, terms.holding_s),
        rate=rate,
    )


def carry(long: Rate | None, short: Rate | None, holding_s: Decimal) -> Decimal:
    """Funding expected over `holding_s`, as a fraction of the notional; positive when it costs."""
    paid = ZERO if long is None else long.per_hour
    received = ZERO if short is None else short.per_hour
    return (paid - received) * holding_s / HOUR_S


def _score(edge: Edge, buy: Market, sell: Market, terms: Terms) -> Decimal:
    """Between 0 and 1: profit against five times the threshold, size against the largest, the worse reliability."""
    profit = min(Decimal(1), edge.net_fraction / (terms.min_profit * 5)) if terms.min_profit else Decimal(1)
    liquidity = min(Decimal(1), edge.notional / terms.max_notional)
    reliability = min(buy.reliability, sell.reliability)
    return terms.profit_weight * profit + terms.liquidity_weight * liquidity + terms.reliability_weight * reliability

"""What a trade is going to do: two legs of one base quantity, their limits, and what it costs if all goes well."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.order import Fill
from perpbot.model.quote import Quote
from perpbot.scanning.edge import Edge


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One side of a trade, at one venue and account."""

    side: Side
    """Which way it opens."""
    venue: str
    account: str
    limit: Price
    """Worst price of the opening order."""
    expected: Price
    """Mean price the book promised."""
    resting: Price | None = None
    """Where it waits as a maker first; None when it takes at once."""

    @property
    def name(self) -> str:
        """``buy`` or ``sell``, after the opening side."""
        return self.side._value_  # what `value` returns, for a tenth: every decision asks for it dozens of times


class Plan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An opportunity that was decided for. It does not change any more."""

    trade_id: str
    symbol: str
    quantity: Quantity
    buy: Leg
    sell: Leg
    expected_net: Decimal
    """Quote currency, after everything."""
    seen_ns: int
    """Monotonic, when the frame behind it arrived."""
    opened_at_ns: int
    """Wall clock."""
    rate: Decimal = Decimal(1)
    """What a unit of the selling venue's currency was worth in the buying venue's, when it was decided for."""

    @property
    def legs(self) -> tuple[Leg, Leg]:
        """Both legs, the buying one first."""
        return self.buy, self.sell

    def leg(self, name: str) -> Leg:
        """The leg called ``buy`` or ``sell``."""
        return self.buy if name == self.buy.name else self.sell

    def other(self, leg: Leg) -> Leg:
        """The leg at the other side."""
        return self.sell if leg is self.buy else self.buy

    @property
    def clears(self) -> bool:
        """Whether it opens nothing, and only closes what is held at one venue."""
        return self.buy.venue == self.sell.venue

    @property
    def maker(self) -> Leg | None:
        """The leg that waits as a maker first; None when both take at once."""
        return next((leg for leg in self.legs if leg.resting is not None), None)

    @property
    def reference(self) -> Decimal:
        """The price that a coin of it is valued at: the mean of what both books promised."""
        return (self.buy.expected + self.sell.expected) / 2

    @property
    def notional(self) -> Decimal:
        """Value of the larger leg."""
        return self.quantity * max(self.buy.limit, self.sell.limit)


def make_plan(
    edge: Edge,
    buy: Instrument,
    sell: Instrument,
    *,
    trade_id: str,
    accounts: tuple[str, str],
    slippage: Decimal,
    seen_ns: int,
    wall_ns: int,
    resting: Mapping[str, Price] | None = None,
) -> Plan:
    """The plan that takes `edge` with two orders that fill at once or not.

    Each limit is the worst price the quantity needs in the book, and `slippage` (a fraction) beyond it: half of the
    profit that is expected at most, so that even two bad fills do not turn it into a loss. `resting` is the price of
    the leg that waits as a maker first, by its name.
    """
    room = min(slippage, edge.net_fraction / 4)
    buy_limit = buy.round_price(edge.buy_worst * (1 + room), Side.BUY, outward=False)
    sell_limit = sell.round_price(edge.sell_worst * (1 - room), Side.SELL, outward=False)
    return Plan(
        trade_id=trade_id,
        symbol=edge.symbol,
        quantity=edge.quantity,
        buy=Leg(
            side=Side.BUY,
            venue=edge.buy_venue,
            account=accounts[0],
            limit=max(buy_limit, edge.buy_worst),
            expected=edge.buy_price,
            resting=(resting or {}).get(Side.BUY.value),
        ),
        sell=Leg(
            side=Side.SELL,
            venue=edge.sell_venue,
            account=accounts[1],
            limit=min(sell_limit, edge.sell_worst),
            expected=edge.sell_price,
            resting=(resting or {}).get(Side.SELL.value),
        ),
        expected_net=edge.net,
        seen_ns=seen_ns,
        opened_at_ns=wall_ns,
        rate=edge.rate,
    )


def clearing_plan(trade_id: str, fill: Fill, *, seen_ns: int, wall_ns: int) -> Plan:
    """The plan that closes what `fill` has opened, at its venue; both legs are there, and one of them does nothing."""
    buy, sell = (
        Leg(side=side, venue=fill.venue, account=fill.account, limit=fill.price, expected=fill.price) for side in Side
    )
    return Plan(
        trade_id=trade_id,
        symbol=fill.symbol,
        quantity=fill.quantity,
        buy=buy,
        sell=sell,
        expected_net=ZERO,
        seen_ns=seen_ns,
        opened_at_ns=wall_ns,
    )


def maker_prices(buy: Instrument, sell: Instrument, quotes: Mapping[str, Quote]) -> dict[str, Price]:
    """Which leg waits as a maker, and at what price: where that saves most, at the better side of its book.

    Empty where there is no quote to go by.
    """
    saves_more = buy.taker_fee - buy.maker_fee >= sell.taker_fee - sell.maker_fee
    maker, side = (buy, Side.BUY) if saves_more else (sell, Side.SELL)
    quote = quotes.get(maker.venue)
    if quote is None:
        return {}
    return {side.value: quote.bid if side is Side.BUY else quote.ask}

"""A perpetual at one venue: its names, its grid, its limits and what trading it costs."""

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

import attrs

from perpbot.model.money import ZERO, Contracts, Price, Quantity, ceil_to, floor_to


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: what a fill does to a position."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


def canonical_symbol(base: str) -> str:
    """The one name a perpetual has at every venue, as in ``BTC-PERP``; the quote currency is kept apart."""
    return f"{base}-PERP"


@attrs.frozen(kw_only=True)
class Instrument:
    """One perpetual at one venue.

    Prices outside a venue's own module are always quote currency for one coin, and quantities are coins. The wire
    has `contract_size` coins in its size unit (OKX: 0.01 BTC) and quotes for `price_unit` coins (kPEPE: 1000).
    """

    venue: str
    symbol: str
    """Canonical name, ``BTC-PERP``."""
    native: str
    """The venue's own name, ``BTC-USDT-SWAP``."""
    base: str
    quote: str
    """Currency that prices, fees and profits are in."""
    tick: Decimal
    """Smallest step of a price, quote currency for one coin."""
    lot: Decimal
    """Smallest step of a quantity, coins."""
    min_quantity: Decimal
    """Smallest order, coins."""
    min_notional: Decimal = ZERO
    """Smallest order, quote currency."""
    contract_size: Decimal = Decimal(1)
    price_unit: Decimal = Decimal(1)
    significant_figures: int | None = None
    """Most significant figures a price may have (Hyperliquid: 5); whole numbers are always allowed."""
    maker_fee: Decimal = ZERO
    """Fraction of the notional; positive when it costs."""
    taker_fee: Decimal = ZERO
    """Fraction of the notional; positive when it costs."""
    funding_hours: Decimal = Decimal(8)
    """Time between two funding payments."""
    max_leverage: Decimal = Decimal(1)

    def quantity(self, size: Contracts | Decimal) -> Quantity:
        """Coins in a wire size."""
        return Quantity(size if self.contract_size == 1 else size * self.contract_size)

    def wire_size(self, quantity: Decimal) -> Contracts:
        """The wire size of `quantity` coins."""
        return Contracts(quantity / self.contract_size)

    def price(self, wire: Decimal) -> Price:
        """Price of one coin from a wire price."""
        return Price(wire if self.price_unit == 1 else wire / self.price_unit)

    def wire_price(self, price: Decimal) -> Decimal:
        """The wire price of a price for one coin."""
        return price * self.price_unit

    def round_price(self, price: Decimal, side: Side, *, outward: bool) -> Price:
        """`price` on the venue's grid.

        `outward` moves a buy up and a sell down: a hedge must not lose its fill to rounding. Otherwise a buy moves
        down and a sell up: a maker never pays more than was decided.
        """
        up = (side is Side.BUY) == outward
        step = self._price_step(price)
        return Price((price / step).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * step)

    def _price_step(self, price: Decimal) -> Decimal:
        if self.significant_figures is None:
            return self.tick
        exponent = self.wire_price(price).adjusted() - self.significant_figures + 1
        figures_step = Decimal(1).scaleb(min(exponent, 0)) / self.price_unit
        return max(figures_step, self.tick)

    def on_grid(self, price: Decimal) -> bool:
        """Whether the venue would take `price` as it is."""
        return price > 0 and self.round_price(price, Side.BUY, outward=True) == price

    def round_quantity(self, quantity: Decimal) -> Quantity:
        """`quantity` rounded down to whole lots."""
        return Quantity(floor_to(quantity, self.lot))

    def smallest_order(self, price: Decimal) -> Quantity:
        """The fewest coins an order at `price` may have so that the venue takes it."""
        return Quantity(ceil_to(max(self.min_quantity, self.min_notional / price), self.lot))

    def accepts(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether an order of `quantity` coins at `price` meets lot, minimum size and minimum notional."""
        return floor_to(quantity, self.lot) == quantity and quantity >= self.smallest_order(price)


QUOTES = ("USDT", "USDC", "USD")
"""Where a venue lists one coin against several dollars, the first of these is traded."""


def one_each(listed: Iterable[Instrument], before: Iterable[Instrument] = ()) -> list[Instrument]:
    """One instrument for each symbol, in the order of `listed`.

    OKX lists BTC against USDT and against USDC: one name, two books, two positions. What was chosen `before` stays,
    for it may be held; while it is not listed nothing takes its place.
    """
    every = list(listed)
    chosen = {each.symbol: each.native for each in before}
    for each in sorted(every, key=_preference):
        chosen.setdefault(each.symbol, each.native)
    return [each for each in every if chosen[each.symbol] == each.native]


def _preference(instrument: Instrument) -> tuple[int, Decimal, str]:
    rank = QUOTES.index(instrument.quote) if instrument.quote in QUOTES else len(QUOTES)
    return rank, instrument.price_unit, instrument.native


class InstrumentTable:
    """The instruments of one venue, found by native or canonical name."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        ordered = sorted(instruments, key=lambda each: each.native)
        self._by_native = {each.native: each for each in ordered}
        self._by_symbol = {each.symbol: each for each in ordered}

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_native.values())

    def __len__(self) -> int:
        return len(self._by_native)

    def native(self, name: str) -> Instrument | None:
        """The instrument a venue calls `name`, or None when it is not known here."""
        return self._by_native.get(name)

    def symbol(self, name: str) -> Instrument | None:
        """The instrument of canonical name `name`, or None when the venue does not have it."""
        return self._by_symbol.get(name)

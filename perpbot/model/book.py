"""An order book that is valid or has no price.

Deltas are applied in the order the venue numbers them; whether one follows the last is the venue's own rule and
comes with the delta as a `Follows`. A book that missed something, or that turned out crossed, is invalid until the
next snapshot, and an invalid book cannot be read.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum, auto

import attrs

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity

Level = tuple[Price, Quantity]
"""Price and the quantity that waits there; in a delta a quantity of zero removes the level."""


class Follows(Enum):
    """How an update stands to the book it meets."""

    NEXT = auto()
    """It is the next one: apply it."""
    OLD = auto()
    """The book has it already: ignore it."""
    GAP = auto()
    """Something between is missing: the book is no longer true."""


class BookInvalidError(Exception):
    """The book has no price; the text says why."""


class Ladder:
    """One side of a book: levels by price, best first.

    Prices are negated with `copy_negate`, which never rounds: a level must be found again under its own price.
    """

    __slots__ = ("_descending", "_keys", "sizes")

    def __init__(self, side: Side) -> None:
        self._descending = side is Side.BUY
        self._keys: list[Decimal] = []
        self.sizes: dict[Decimal, Quantity] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def replace(self, levels: Iterable[Level]) -> None:
        """Forget what was there and take `levels`; levels of size zero are left out."""
        self.sizes = {price: size for price, size in levels if size > 0}
        self._keys = sorted(price.copy_negate() if self._descending else price for price in self.sizes)

    def update(self, levels: Iterable[Level]) -> None:
        """Set each level to its size; size zero removes it."""
        sizes, keys, descending = self.sizes, self._keys, self._descending
        for price, size in levels:
            if size:  # a size is never negative; asking for that would cost more than the rest
                if price not in sizes:
                    insort(keys, price.copy_negate() if descending else price)
                sizes[price] = size
            elif sizes.pop(price, None) is not None:
                del keys[bisect_left(keys, price.copy_negate() if descending else price)]

    @property
    def best_price(self) -> Decimal | None:
        """The price traded first, None when the side is empty."""
        if not self._keys:
            return None
        return self._keys[0].copy_negate() if self._descending else self._keys[0]

    def best(self) -> Level:
        """The level traded first; `IndexError` when the side is empty."""
        key = self._keys[0]
        price = Price(key.copy_negate() if self._descending else key)
        return price, self.sizes[price]

    def levels(self, depth: int | None = None) -> list[Level]:
        """The best `depth` levels, best first."""
        keys = self._keys[:depth]
        prices = [key.copy_negate() for key in keys] if self._descending else keys
        return [(Price(price), self.sizes[price]) for price in prices]


@attrs.frozen
class Walk:
    """What taking a quantity out of a book would cost."""

    quantity: Quantity
    """Coins the book can give, at most what was asked for."""
    notional: Decimal
    """Quote currency for that quantity."""
    worst: Price
    """Price of the last coin."""

    @property
    def average(self) -> Price:
        """Mean price of the quantity."""
        return Price(self.notional / self.quantity)


class Book:
    """The order book of one instrument at one venue."""

    __slots__ = ("_asks", "_bids", "_reason", "sequence", "symbol", "venue")

    def __init__(self, venue: str, symbol: str) -> None:
        self.venue = venue
        self.symbol = symbol
        self.sequence = 0
        self._bids = Ladder(Side.BUY)
        self._asks = Ladder(Side.SELL)
        self._reason: str | None = "no snapshot yet"

    def __repr__(self) -> str:
        bid, ask = self._bids.best_price, self._asks.best_price
        state = f"invalid: {self._reason}" if self._reason else f"{bid} / {ask}"
        return f"Book({self.venue} {self.symbol} at {self.sequence}, {state})"

    @property
    def valid(self) -> bool:
        """Whether the book has a price."""
        return self._reason is None

    @property
    def reason(self) -> str | None:
        """Why the book is invalid, or None when it is valid."""
        return self._reason

    def invalidate(self, reason: str) -> None:
        """Take the price away until the next snapshot."""
        self._reason = reason

    def snapshot(self, bids: Iterable[Level], asks: Iterable[Level], sequence: int) -> None:
        """Start anew from a whole picture; the book is valid afterwards unless the picture is not."""
        self._bids.replace(bids)
        self._asks.replace(asks)
        self.sequence = sequence
        self._reason = self._fault()

    def apply(self, bids: Iterable[Level], asks: Iterable[Level], sequence: int) -> None:
        """Apply the next delta to a valid book; a delta to an invalid book is ignored."""
        if self._reason is not None:
            return
        self._bids.update(bids)
        self._asks.update(asks)
        self.sequence = sequence
        self._reason = self._fault()

    def _fault(self) -> str | None:
        bid, ask = self._bids.best_price, self._asks.best_price
        if bid is None or ask is None:
            return "one side is empty"
        return "crossed" if bid >= ask else None

    def best_bid(self) -> Level:
        """Best bid and its size; `BookInvalidError` when the book has no price."""
        self._require()
        return self._bids.best()

    def best_ask(self) -> Level:
        """Best ask and its size; `BookInvalidError` when the book has no price."""
        self._require()
        return self._asks.best()

    def bids(self, depth: int | None = None) -> list[Level]:
        """Best `depth` bids, best first; `BookInvalidError` when the book has no price."""
        self._require()
        return self._bids.levels(depth)

    def asks(self, depth: int | None = None) -> list[Level]:
        """Best `depth` asks, best first; `BookInvalidError` when the book has no price."""
        self._require()
        return self._asks.levels(depth)

    def raw_levels(self) -> tuple[Ladder, Ladder]:
        """Both sides as they are, valid or not; for checksums and for looking at what went wrong."""
        return self._bids, self._asks

    def _require(self) -> None:
        if self._reason is not None:
            raise BookInvalidError(f"the {self.symbol} book of {self.venue} has no price: {self._reason}")


def walk(levels: Iterable[Level], quantity: Decimal) -> Walk | None:
    """Take `quantity` coins out of `levels` from the best on; None when `levels` is empty.

    The result holds fewer coins than asked for when the levels run out.
    """
    taken, notional, worst = ZERO, ZERO, None
    for price, size in levels:
        part = min(size, quantity - taken)
        taken += part
        notional += part * price
        worst = price
        if taken >= quantity:
            break
    return None if worst is None else Walk(Quantity(taken), notional, worst)

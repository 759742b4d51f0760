"""The order book of a simulated market: the house's aggregated levels and the clients' orders among them.

At one price the house and the clients stand in one queue. Of the house only the sum is known, so each waiting order
remembers how much of the house stands before it: what stood there when it came, less what has gone since.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from decimal import Decimal

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO
from perpbot.simulation.venues.orders import VenueOrder


class Waiting:
    """A client's order in the queue of its price."""

    __slots__ = ("ahead", "order")

    def __init__(self, order: VenueOrder, ahead: Decimal) -> None:
        self.order = order
        self.ahead = ahead
        """How much of the house's size stands before it."""


class Level:
    """One price: the house's size and the clients' queue."""

    __slots__ = ("house", "queue")

    def __init__(self) -> None:
        self.house = ZERO
        self.queue: list[Waiting] = []

    @property
    def total(self) -> Decimal:
        """What is there to trade with."""
        if not self.queue:
            return self.house
        return sum((each.order.remaining for each in self.queue), self.house)


class BookSide:
    """One side of a book."""

    __slots__ = ("_changed", "_eaten", "_prices", "levels", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.levels: dict[Decimal, Level] = {}
        self._prices: list[Decimal] = []
        self._changed: dict[Decimal, None] = {}
        self._eaten: dict[Decimal, None] = {}

    def __len__(self) -> int:
        return len(self._prices)

    def best(self) -> Decimal | None:
        """The price traded first, or None when the side is empty."""
        if not self._prices:
            return None
        return self._prices[-1] if self.side is Side.BUY else self._prices[0]

    def prices(self) -> Iterator[Decimal]:
        """All prices, best first."""
        return reversed(self._prices) if self.side is Side.BUY else iter(self._prices)

    def picture(self, depth: int | None = None) -> list[tuple[Decimal, Decimal]]:
        """Price and size of the best `depth` levels, best first."""
        ordered = self._prices
        if depth is not None and depth < len(ordered):
            ordered = ordered[-depth:] if self.side is Side.BUY else ordered[:depth]
        levels = self.levels
        picture = [(price, levels[price].total) for price in ordered]
        if self.side is Side.BUY:
            picture.reverse()
        return picture

    def count(self, price: Decimal) -> int:
        """How many orders to claim at `price`: the clients' and one for the house."""
        level = self.levels.get(price)
        return 0 if level is None else len(level.queue) + (1 if level.house else 0)

    def set_house(self, changes: Iterable[tuple[Decimal, Decimal]]) -> None:
        """Make the house's size at each price exactly what `changes` says; zero takes it away."""
        levels, prices, changed = self.levels, self._prices, self._changed
        for price, size in changes:
            level = levels.get(price)
            if level is None:
                if not size:
                    continue
                level = self._open(price)
            elif not size and not level.queue:
                del levels[price]
                del prices[bisect_left(prices, price)]
            level.house = size
            for waiting in level.queue:
                waiting.ahead = min(waiting.ahead, size)
            changed[price] = None

    def add(self, order: VenueOrder) -> None:
        """Let a client's order wait at its price, behind everything there."""
        price = order.price
        if price is None:
            raise ValueError(f"order {order.id} has no price to wait at")
        level = self.levels.get(price) or self._open(price)
        level.queue.append(Waiting(order, level.house))
        self.touch(price)

    def discard(self, order: VenueOrder) -> None:
        """Take a client's order out, if it waits here."""
        level = self.levels.get(order.price) if order.price is not None else None
        if level is not None:
            level.queue = [each for each in level.queue if each.order is not order]
            self.touch(order.price)

    def touch(self, price: Decimal | None, *, eaten: bool = False) -> None:
        """Note that the level at `price` changed, and drop it when nothing is left; `eaten` when a taker did it."""
        if price is None:
            return
        level = self.levels.get(price)
        if level is None:
            return
        self._changed[price] = None
        if eaten:
            self._eaten[price] = None
        if not level.house and not level.queue:
            del self.levels[price]
            del self._prices[bisect_left(self._prices, price)]

    def take_changes(self) -> list[tuple[Decimal, Decimal]]:
        """Levels changed since the last call with their sizes now, zero where none is left."""
        levels = self.levels
        changes = [(price, levels[price].total if price in levels else ZERO) for price in self._changed]
        self._changed.clear()
        return changes

    def take_eaten(self) -> list[Decimal]:
        """Prices at which takers used up some of the house since the last call."""
        eaten = list(self._eaten)
        self._eaten.clear()
        return eaten

    def _open(self, price: Decimal) -> Level:
        level = self.levels[price] = Level()
        insort(self._prices, price)
        return level


class Book:
    """Both sides of one market."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)

    def own(self, side: Side) -> BookSide:
        """Where an order of `side` waits."""
        return self.bids if side is Side.BUY else self.asks

    def other(self, side: Side) -> BookSide:
        """What an order of `side` trades with."""
        return self.asks if side is Side.BUY else self.bids

    def reaches(self, side: Side, limit: Decimal | None) -> bool:
        """Whether an order of `side` with `limit` (None for any price) would trade at once."""
        best = self.other(side).best()
        if best is None:
            return False
        return limit is None or (limit >= best if side is Side.BUY else limit <= best)

    @property
    def crossed(self) -> bool:
        """Whether somebody bids what somebody asks."""
        bid, ask = self.bids.best(), self.asks.best()
        return bid is not None and ask is not None and bid >= ask

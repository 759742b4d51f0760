"""First in, first out: what closing a position earned, exactly, whenever only a part of it is closed."""

from collections import deque
from decimal import Decimal

from perpbot.model.money import ZERO
from perpbot.model.order import Fill


class Lots:
    """One position as the fills that opened it. Nothing is divided, so the sum of all profits is exact once flat."""

    def __init__(self) -> None:
        self._open: deque[tuple[Decimal, Decimal]] = deque()
        """Signed quantity and price, oldest first; all of one sign."""

    @property
    def quantity(self) -> Decimal:
        """What is held, signed."""
        return sum((quantity for quantity, _ in self._open), ZERO)

    def take(self, fill: Fill) -> Decimal:
        """Add a fill; returns what it earned by closing, before fees: 0 when it only opened."""
        left, earned = fill.side.sign * fill.quantity, ZERO
        while left and self._open and self._open[0][0] * left < 0:
            held, price = self._open.popleft()
            closed = held if abs(held) <= abs(left) else -left
            earned += closed * (fill.price - price)
            left += closed
            if held != closed:
                self._open.appendleft((held - closed, price))
        if left:
            self._open.append((left, fill.price))
        return earned

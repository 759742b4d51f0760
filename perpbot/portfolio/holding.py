"""What fills add up to. Cash flows are summed as they are, so that a flat position's profit is exact."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from perpbot.model.money import ZERO, Quantity, together
from perpbot.model.order import Fill

NOTHING_HELD = Quantity(ZERO)
HoldingKey = tuple[str, str, str]
"""Venue, account, symbol."""


@attrs.frozen
class Holding:
    """The sum of some fills in one instrument. Amounts are the instrument's quote currency, but for `other_fees`.

    `cash` is what selling brought minus what buying cost; with `quantity` zero it is the realised profit.
    """

    quantity: Quantity = NOTHING_HELD
    """Signed: positive long, negative short."""
    cash: Decimal = ZERO
    fees: Decimal = ZERO
    """Positive when they cost."""
    funding: Decimal = ZERO
    """Positive when received."""
    volume: Decimal = ZERO
    """Notional of all fills."""
    other_fees: Mapping[str, Decimal] = attrs.field(factory=dict)
    """Fees in other currencies, by currency; positive when they cost. They are in no other figure here."""

    def with_fill(self, fill: Fill) -> "Holding":
        """The sum with one fill more."""
        signed = fill.side.sign * fill.quantity
        notional = fill.quantity * fill.price
        return attrs.evolve(
            self,
            quantity=Quantity(self.quantity + signed),
            cash=self.cash - signed * fill.price,
            fees=self.fees + fill.quoted_fee,
            volume=self.volume + notional,
            other_fees=together(self.other_fees, fill.other_fee),
        )

    def with_funding(self, amount: Decimal) -> "Holding":
        """The sum with one funding payment more; positive was received."""
        return attrs.evolve(self, funding=self.funding + amount)

    def __add__(self, other: "Holding") -> "Holding":
        return Holding(
            Quantity(self.quantity + other.quantity),
            self.cash + other.cash,
            self.fees + other.fees,
            self.funding + other.funding,
            self.volume + other.volume,
            together(self.other_fees, other.other_fees),
        )

    def trading(self, mark: Decimal | None) -> Decimal:
        """Profit of prices alone, with what is still held valued at `mark`; `ValueError` when one is needed."""
        if not self.quantity:
            return self.cash
        if mark is None:
            raise ValueError("an open position has no value without a mark price")
        return self.cash + self.quantity * mark

    def net(self, mark: Decimal | None) -> Decimal:
        """Profit after fees and funding, `other_fees` apart."""
        return self.trading(mark) - self.fees + self.funding


def total(fills: Iterable[Fill]) -> Holding:
    """The sum of `fills`."""
    holding = Holding()
    for fill in fills:
        holding = holding.with_fill(fill)
    return holding

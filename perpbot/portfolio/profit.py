"""What was earned: prices, fees and funding, in one currency."""

from decimal import Decimal

import attrs

from perpbot.model.money import ZERO, plain


@attrs.frozen(kw_only=True)
class Profit:
    """What was earned, in one currency."""

    trading: Decimal
    """Of prices alone."""
    fees: Decimal
    """Positive when they cost."""
    funding: Decimal
    """Positive when received."""

    @property
    def net(self) -> Decimal:
        """After fees and funding."""
        return self.trading - self.fees + self.funding

    def texts(self) -> dict[str, str]:
        """The parts and the net, by name, as decimal text."""
        parts = {"trading": self.trading, "fees": self.fees, "funding": self.funding, "net": self.net}
        return {name: plain(amount) for name, amount in parts.items()}

    def __add__(self, other: "Profit") -> "Profit":
        return Profit(
            trading=self.trading + other.trading, fees=self.fees + other.fees, funding=self.funding + other.funding
        )

    def __sub__(self, other: "Profit") -> "Profit":
        return Profit(
            trading=self.trading - other.trading, fees=self.fees - other.fees, funding=self.funding - other.funding
        )


NO_PROFIT = Profit(trading=ZERO, fees=ZERO, funding=ZERO)

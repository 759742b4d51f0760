"""Which venues run low, and from where capital should be moved there. PerpBot moves nothing itself."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.model.money import ZERO, plain


@attrs.frozen(kw_only=True)
class Funds:
    """One venue's capital, in its currency, taken as US dollars."""

    equity: Decimal
    free: Decimal
    """What could be withdrawn: equity that is no margin."""
    available: Decimal
    """What the pool can still reserve there."""
    needed: Decimal
    """What a leg of the largest size needs there."""
    least: Decimal = ZERO
    """What a leg of the smallest size needs there."""


@attrs.frozen(kw_only=True)
class Hint:
    """A venue that the largest trade does not fit any more."""

    venue: str
    available: Decimal
    needed: Decimal
    stuck: bool
    """Whether not even the smallest trade fits: nothing can be opened at the venue."""
    source: str | None
    """Where to take it from; None where no venue can spare anything."""
    amount: Decimal
    """How much to move, so that both have the same; 0 without a source."""

    def __str__(self) -> str:
        left = f"{self.venue} has {_cents(self.available)} left to trade with, and a trade needs {_cents(self.needed)}"
        if self.source is None:
            return f"{left}: deposit there, or lower scanner.max_notional"
        return f"{left}: move about {_cents(self.amount)} there from {self.source}"


def running_low(venues: Mapping[str, Funds]) -> list[Hint]:
    """A hint for each venue that has less available than one leg of the largest size needs."""
    return [_hint(venue, funds, venues) for venue, funds in venues.items() if funds.available < funds.needed]


def _hint(venue: str, funds: Funds, venues: Mapping[str, Funds]) -> Hint:
    spare = {
        name: min(each.free, (each.equity - funds.equity) / 2)
        for name, each in venues.items()
        if name != venue and each.available >= each.needed
    }
    source = max(spare, key=lambda name: spare[name], default=None)
    if source is not None and spare[source] < funds.needed:
        source = None  # too little to be worth a transfer
    amount = ZERO if source is None else spare[source]
    return Hint(
        venue=venue,
        available=funds.available,
        needed=funds.needed,
        stuck=funds.available < funds.least,
        source=source,
        amount=amount,
    )


def _cents(amount: Decimal) -> str:
    return plain(round(amount, 2))

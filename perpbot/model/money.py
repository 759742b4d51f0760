"""Exact numbers: prices, quantities, money and rates, all `Decimal` from the wire to the disk.

The decimal context is set for every greenlet and thread at import: 34 digits, and an error wherever a float would
slip into a calculation.
"""

import decimal
from collections.abc import Mapping
from decimal import Decimal
from math import lcm
from typing import NewType

import attrs

decimal.DefaultContext.prec = 34
decimal.DefaultContext.traps[decimal.FloatOperation] = True
decimal.setcontext(decimal.DefaultContext.copy())

Price = NewType("Price", Decimal)
"""Quote currency for one unit of the base asset."""
Quantity = NewType("Quantity", Decimal)
"""Units of the base asset (coins), never contracts. Unsigned in orders and fills, signed in positions."""
Contracts = NewType("Contracts", Decimal)
"""A size in the venue's own unit, as it stands on the wire."""

ZERO = Decimal(0)


@attrs.frozen
class Money:
    """An amount of one currency. Amounts of different currencies are never added."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """The sum; `ValueError` when the currencies differ."""
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.currency}"


def only(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """`amounts`, by currency, without those that are zero."""
    return {currency: amount for currency, amount in amounts.items() if amount}


def written(amounts: Mapping[str, Decimal]) -> str:
    """`amounts`, by currency, as text: ``0.0012 BNB, 0.3 USDC``."""
    return ", ".join(f"{plain(amount)} {currency}" for currency, amount in sorted(amounts.items()))


def together(first: Mapping[str, Decimal], second: Mapping[str, Decimal], sign: int = 1) -> dict[str, Decimal]:
    """Both amounts of each currency together, or the first less the second where `sign` is -1; zeros are left out."""
    if not second:
        return dict(first)
    return only({each: first.get(each, ZERO) + sign * second.get(each, ZERO) for each in {**first, **second}})


@attrs.frozen
class Rate:
    """A funding rate: the fraction of the notional that longs pay shorts once every `hours`."""

    fraction: Decimal
    hours: Decimal

    @property
    def per_hour(self) -> Decimal:
        """The fraction paid for one hour; the form in which rates of different venues compare."""
        return self.fraction / self.hours


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`, for a `value` of zero or more."""
    return value // step * step  # exact: a quotient that was rounded could lie above


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`, for a `value` of zero or more."""
    below = floor_to(value, step)
    return below if below == value else below + step


def common_step(first: Decimal, second: Decimal) -> Decimal:
    """The smallest quantity that is a whole number of both steps, so that two legs can be exactly equal."""
    (a, b), (c, d) = first.as_integer_ratio(), second.as_integer_ratio()
    scale = lcm(b, d)
    return Decimal(lcm(a * (scale // b), c * (scale // d))) / Decimal(scale)


def plain(value: Decimal) -> str:
    """`value` without exponent and without trailing zeros: the canonical text form in files and on the wire."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text

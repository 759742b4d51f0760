"""How Backpack writes numbers, times and coins.

Source: https://docs.backpack.exchange and recorded answers.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.venues.wire import JsonReader, refuse

Micros = Annotated[int, msgspec.Meta(ge=0, lt=10**17)]
"""Microseconds since 1970."""
Sequence = Annotated[int, msgspec.Meta(ge=0)]
"""A number of a book's state."""

_MICROS_FROM = 10**14
"""From here on a time is in microseconds; Backpack's documentation has had the next funding both ways."""
_NS_PER_US = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_A_DAY = 86_400


def reader(type_: Any) -> JsonReader[Any]:
    """Reads Backpack's JSON, where any number may stand in quotes."""
    return JsonReader("backpack", type_, numbers_in_quotes=True)


def coin(base: str) -> tuple[str, Decimal]:
    """The coin behind a base symbol, and how many of it one unit is: ``kPEPE`` is a thousand PEPE."""
    if len(base) > 1 and base[0] == "k" and base[1:].isupper():
        return base[1:], Decimal(1_000)
    return base, Decimal(1)


def time_ns(stamp: int) -> int:
    """Nanoseconds of a time in microseconds, or in milliseconds where it can only be that."""
    return stamp * (_NS_PER_US if stamp >= _MICROS_FROM else NS_PER_MS)


def utc_ns(text: str) -> int:
    """Nanoseconds of a UTC time written as ``2025-07-27T17:39:00.092`` or ``2025-07-19 13:09:00``."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        refuse("backpack", "a time", text)
    since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - _EPOCH
    if since.days < 0:
        refuse("backpack", "a time", text)
    return ((since.days * _SECONDS_A_DAY + since.seconds) * 1_000_000 + since.microseconds) * _NS_PER_US

"""What is told of markets, between the feeds and those who watch them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from perpbot.model.book import Book
from perpbot.model.events import Funding
from perpbot.model.quote import Quote

MARKS = "marks"
"""Topic of a scanner: `MarkMoved`, about once a second, retained."""
MIDS = "mids"
"""Topic of a scanner: `MidsSeen`, every few seconds."""


@attrs.frozen
class MarketMoved:
    """A venue quotes a symbol anew. The book may be newer than the quote when it is read."""

    quote: Quote
    book: Book
    funding: Funding | None


@attrs.frozen
class MarketGone:
    """A venue has no price for a symbol any more."""

    venue: str
    symbol: str
    reason: str


@attrs.frozen
class MarkMoved:
    """What one coin of a symbol is worth, for valuing positions: the mean of the venues' mid prices."""

    symbol: str
    price: Decimal


@attrs.frozen
class MidsSeen:
    """Fresh mid prices of one symbol at one moment, by the currency they are in."""

    symbol: str
    mids: Mapping[str, Sequence[Decimal]]


@attrs.frozen
class FastMarket:
    """The price of a symbol runs."""

    symbol: str

"""The shapes of what is known of markets: quotes, books, opportunities."""

from typing import NotRequired, TypedDict

from perpbot.sections.texts import Money, Time


class Quote(TypedDict):
    """The last good price of one symbol at one venue."""

    bid: Money
    bid_size: Money
    ask: Money
    ask_size: Money
    at: NotRequired[Time]
    """The venue's time of it, where it says one."""
    source: str
    """``stream``, or ``rest`` while the stream is down."""
    stale: bool
    """Whether it is only the last that was known; nothing is traded on it."""


class Book(TypedDict):
    """Whether one book has a price."""

    valid: bool
    reason: NotRequired[str]
    """Why not."""


class Opportunity(TypedDict):
    """One edge from when it appeared until it was gone; the latest numbers."""

    at: Time
    last_at: Time
    quotes: int
    """How many quotes showed it."""
    symbol: str
    buy: str
    sell: str
    quantity: Money
    gross: Money
    fees: Money
    slippage: Money
    funding: Money
    net: Money
    """``gross - fees - slippage + funding``."""
    net_pct: Money
    currencies: list[str]
    admitted: bool
    verdict: str
    """``admitted: <trade>``, or why it was not."""

"""The best bid and offer of one instrument at one venue, at one moment."""

from enum import StrEnum

import msgspec

from perpbot.model.money import Price, Quantity


class Source(StrEnum):
    """How a quote came."""

    STREAM = "stream"
    REST = "rest"
    """Asked for, because the stream is down."""


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer. Only a valid book makes one, so it is never empty and never crossed."""

    venue: str
    symbol: str
    bid: Price
    bid_size: Quantity
    ask: Price
    ask_size: Quantity
    venue_time_ns: int
    """When the venue says it happened, wall clock; 0 when it does not say."""
    received_ns: int
    """When the frame arrived here, monotonic clock; for an answer by REST, when it was asked for."""
    source: Source = Source.STREAM
    stale: bool = False
    """Whether it is only the last that was known: shown, so marked, and never traded (MKT-6)."""

    @property
    def mid(self) -> Price:
        """The middle between bid and ask."""
        return Price((self.bid + self.ask) / 2)

    def age_ns(self, now_ns: int) -> int:
        """Time since the frame arrived; `now_ns` is on the monotonic clock."""
        return now_ns - self.received_ns

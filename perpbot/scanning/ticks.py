"""Which quotes are believed (MKT-3): a bad tick is held back and counted, and never becomes a decision."""

from collections import Counter
from decimal import Decimal
from enum import StrEnum

import attrs

from perpbot.model.quote import Quote

NS_PER_MS = 1_000_000


class BadTick(StrEnum):
    """Why a quote was held back."""

    JUMP = "jump"
    TOO_SMALL = "too-small"
    FUTURE = "future"
    TOO_OLD = "too-old"


@attrs.frozen(kw_only=True)
class TickRules:
    """What a quote must be like. `max_jump` is a fraction, `min_notional` quote currency at the best price."""

    max_jump: Decimal
    min_notional: Decimal
    max_age_ns: int
    max_future_ns: int = 1_000 * NS_PER_MS


CONFIRMATIONS = 3
"""A price that jumped is believed when it stays there for this many quotes: markets do jump."""


class TickFilter:
    """Judges the quotes of one instrument, one after the other."""

    def __init__(self, rules: TickRules) -> None:
        self._rules = rules
        self._last: Decimal | None = None
        self._suspect: Decimal | None = None
        self._confirmed = 0
        self.counts: Counter[BadTick] = Counter()

    def judge(self, quote: Quote, wall_ns: int) -> BadTick | None:
        """None when the quote may be used, else why not. `wall_ns` is now, corrected to the venue's clock."""
        fault = self._fault(quote, wall_ns)
        if fault is not None:
            self.counts[fault] += 1
        return fault

    def _fault(self, quote: Quote, wall_ns: int) -> BadTick | None:
        rules = self._rules
        if quote.venue_time_ns:
            if quote.venue_time_ns - wall_ns > rules.max_future_ns:
                return BadTick.FUTURE
            if wall_ns - quote.venue_time_ns > rules.max_age_ns:
                return BadTick.TOO_OLD
        if min(quote.bid * quote.bid_size, quote.ask * quote.ask_size) < rules.min_notional:
            return BadTick.TOO_SMALL
        return self._jump(quote.mid)

    def _jump(self, mid: Decimal) -> BadTick | None:
        limit = self._rules.max_jump
        if self._last is None or _apart(mid, self._last) <= limit:
            self._last, self._suspect = mid, None
            return None
        if self._suspect is not None and _apart(mid, self._suspect) <= limit:
            self._confirmed += 1
        else:
            self._confirmed = 1
        self._suspect = mid
        if self._confirmed >= CONFIRMATIONS:
            self._last, self._suspect = mid, None
            return None
        return BadTick.JUMP


def _apart(price: Decimal, reference: Decimal) -> Decimal:
    return abs(price - reference) / reference

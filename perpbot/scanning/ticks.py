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

    def wrong_age(self, age_ns: int) -> BadTick | None:
        """Why no quote may be so old, below zero for one from the future; None when it may."""
        if age_ns < -self.max_future_ns:
            return BadTick.FUTURE
        return BadTick.TOO_OLD if age_ns > self.max_age_ns else None


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

    def judge(self, quote: Quote, age_ns: int | None) -> BadTick | None:
        """None when the quote may be used, else why not. `age_ns` is by the venue's clock, None where nobody knows."""
        fault = self._fault(quote, age_ns)
        if fault is not None:
            self.counts[fault] += 1
        return fault

    def _fault(self, quote: Quote, age_ns: int | None) -> BadTick | None:
        wrong = None if age_ns is None else self._rules.wrong_age(age_ns)
        if wrong is not None:
            return wrong
        if min(quote.bid * quote.bid_size, quote.ask * quote.ask_size) < self._rules.min_notional:
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

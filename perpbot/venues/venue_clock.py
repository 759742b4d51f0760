"""What time it is at a venue, learnt from the ``Date`` of its answers.

An answer that says 12:00:05 was made between 12:00:05 and 12:00:06 on the venue's clock, and between sending the
question and reading the answer on ours. Many answers narrow this down. They are held against the monotonic clock, so
that nobody who sets our wall clock can make a signature late, or a nonce come from the future.
"""

from email.utils import parsedate_to_datetime
from functools import lru_cache

from perpbot import clock

NS_PER_MS = 1_000_000
DRIFT = 0.000_2
"""How fast two clocks may part: 0.2 ms a second."""
FAR_MS = 1_000
"""A difference the operator should know of."""


class VenueClock:
    """The venue's wall clock. Ours counts for as long as nothing that the venue said contradicts it."""

    def __init__(self) -> None:
        self._bounds: tuple[float, float] | None = None
        """Least and most that the venue's wall clock is ahead of our monotonic one, in milliseconds."""
        self._at_ns = 0
        self.told_ns = 0
        """Monotonic, when the newest of the questions left that were answered with a date."""

    def now_ms(self) -> int:
        """The venue's wall clock, in milliseconds since 1970."""
        now_ms = clock.wall_ms()
        if self._bounds is None:
            return now_ms
        monotonic_ms = clock.monotonic_ns() / NS_PER_MS
        low, high = self._bounds
        return int(min(max(now_ms, low + monotonic_ms), high + monotonic_ms))

    def age_ns(self, dated_ns: int) -> int:
        """How long ago it was `dated_ns` at the venue; below zero when that is yet to come.

        Dates tell seconds. Where they contradict our wall clock, the age is that nearest to nothing which they allow.
        """
        wall_ns = clock.wall_ns()
        if self._bounds is not None:
            monotonic_ms = clock.monotonic_ns() / NS_PER_MS
            low_ms, high_ms = self._bounds[0] + monotonic_ms, self._bounds[1] + monotonic_ms
            if not low_ms <= wall_ns / NS_PER_MS <= high_ms:
                dated_ms = dated_ns / NS_PER_MS
                return int(min(max(0.0, low_ms - dated_ms), high_ms - dated_ms) * NS_PER_MS)
        return wall_ns - dated_ns

    @property
    def ahead_ms(self) -> int:
        """How far the venue's clock is ahead of our wall clock; negative when it is behind, 0 while they agree."""
        return self.now_ms() - clock.wall_ms()

    def heard(self, date: str, sent_ns: int, received_ns: int) -> None:
        """Take in the ``Date`` of an answer; times are monotonic. What is no date says nothing."""
        second_ms = _date_ms(date)
        if second_ms is None:
            return
        low, high = second_ms - received_ns / NS_PER_MS, second_ms + 1_000 - sent_ns / NS_PER_MS
        if self._bounds is not None:
            parted = (received_ns - self._at_ns) / NS_PER_MS * DRIFT
            known_low, known_high = self._bounds[0] - parted, self._bounds[1] + parted
            if max(low, known_low) <= min(high, known_high):  # else the venue's clock was set: begin anew
                low, high = max(low, known_low), min(high, known_high)
        self._bounds, self._at_ns = (low, high), received_ns
        self.told_ns = max(self.told_ns, sent_ns)


@lru_cache(maxsize=16)
def _date_ms(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp()) * 1_000
    except (TypeError, ValueError):
        return None

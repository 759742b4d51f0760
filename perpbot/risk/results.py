"""Today's result and failures in a row: what the daily limit and the pause after failures go by."""

from decimal import Decimal

import attrs

from perpbot.clock import NS_PER_SECOND, day
from perpbot.model.money import ZERO

NS_PER_HOUR = 3_600 * NS_PER_SECOND


@attrs.define
class Results:
    """Trades that are over, as they are told, oldest first. Times are wall clock."""

    start_hour: int
    """Hour, in UTC, at which a day begins."""
    failures: int
    """In a row, that start a pause."""
    cooldown_ns: int
    in_row: int = 0
    """Failures since the last success or pause."""
    paused_until_ns: int = 0
    _day: str = ""
    _net: Decimal = ZERO

    def take(self, *, settled_ns: int, net: Decimal, success: bool) -> bool:
        """Count one trade; whether it starts a pause."""
        settled = self._day_of(settled_ns)
        if settled != self._day:
            self._day, self._net = settled, ZERO
        self._net += net
        self.in_row = 0 if success else self.in_row + 1
        if self.in_row < self.failures:
            return False
        self.in_row = 0
        self.paused_until_ns = settled_ns + self.cooldown_ns
        return True

    def pause(self, until_ns: int) -> None:
        """Pause until then at least."""
        self.paused_until_ns = max(self.paused_until_ns, until_ns)

    def lift(self) -> None:
        """End the pause, and forget what led to it."""
        self.in_row = self.paused_until_ns = 0

    def today(self, now_ns: int) -> Decimal:
        """What the trades of the day that `now_ns` falls into came to."""
        return self._net if self._day == self._day_of(now_ns) else ZERO

    def _day_of(self, ns: int) -> str:
        return day(ns - self.start_hour * NS_PER_HOUR)

"""Today's result and failures in a row: what the daily limit and the pause after failures go by."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.clock import NS_PER_HOUR
from perpbot.model.money import ZERO

HOURS_A_DAY = 24
DAYS_KEPT = 3


@attrs.define
class Results:
    """Trades that are over, as they are told, and funding. Times are wall clock, of money by the venue's."""

    start_hour: int
    """Hour, in UTC, at which a day begins."""
    failures: int
    """In a row, that start a pause."""
    cooldown_ns: int
    in_row: int = 0
    """Failures since the last success or pause."""
    paused_until_ns: int = 0
    funding: Mapping[int, Decimal] = attrs.field(factory=dict)
    """What was paid or received, by the hour since 1970 in which it was settled."""
    _nets: dict[int, Decimal] = attrs.field(factory=dict)
    """By day, of trades before funding."""

    def take(self, *, ended_ns: int, settled_ns: int, net: Decimal, success: bool) -> bool:
        """Count one trade and `net`, what it came to before funding; whether it starts a pause."""
        day = self._day_of(ended_ns // NS_PER_HOUR)
        self._nets[day] = self._nets.get(day, ZERO) + net
        while len(self._nets) > DAYS_KEPT:
            del self._nets[min(self._nets)]
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
        """What the day that `now_ns` falls into has come to: trades that were over in it, and funding."""
        today = self._day_of(now_ns // NS_PER_HOUR)
        funding = (amount for hour, amount in self.funding.items() if self._day_of(hour) == today)
        return self._nets.get(today, ZERO) + sum(funding, ZERO)

    def _day_of(self, hour: int) -> int:
        return (hour - self.start_hour) // HOURS_A_DAY

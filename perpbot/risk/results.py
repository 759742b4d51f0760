"""Today's result and failures in a row: what the daily limit and the pause after failures go by."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.clock import NS_PER_HOUR
from perpbot.model.money import ZERO

HOURS_A_DAY = 24
HOURS_KEPT = 72


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
    """By the hour since 1970 in which they ended, of trades before funding."""

    def take(self, *, ended_ns: int, settled_ns: int, net: Decimal, success: bool) -> bool:
        """Count one trade and `net`, what it came to before funding; whether it starts a pause."""
        hour = ended_ns // NS_PER_HOUR
        self._nets[hour] = self._nets.get(hour, ZERO) + net
        for old in [each for each in self._nets if each <= max(self._nets) - HOURS_KEPT]:
            del self._nets[old]
        self.in_row = 0 if success else self.in_row + 1
        if self.in_row < self.failures:
            return False
        self.in_row = 0
        self.pause(settled_ns + self.cooldown_ns)
        return True

    def pause(self, until_ns: int) -> None:
        """Pause until then at least."""
        self.paused_until_ns = max(self.paused_until_ns, until_ns)

    def lift(self) -> None:
        """End the pause, and forget what led to it."""
        self.in_row = self.paused_until_ns = 0

    def today(self, now_ns: int) -> Decimal:
        """What the day that `now_ns` falls into has come to: trades that were over in it, and funding."""
        first = (now_ns // NS_PER_HOUR - self.start_hour) // HOURS_A_DAY * HOURS_A_DAY + self.start_hour
        told = (each for of in (self._nets, self.funding) for each in of.items())
        return sum((amount for hour, amount in told if first <= hour < first + HOURS_A_DAY), ZERO)

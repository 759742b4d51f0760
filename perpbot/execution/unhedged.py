"""How much of a trade stands alone and for how long: from a fill's arrival until the other leg has filled as well."""

from decimal import Decimal

import attrs

from perpbot.clock import NS_PER_SECOND
from perpbot.model.money import ZERO


@attrs.frozen(kw_only=True)
class Unhedged:
    """What of one trade stands alone now, and what has so far. Times are monotonic, values quote currency."""

    value: Decimal = ZERO
    """What stands alone since `told_ns`."""
    since_ns: int = 0
    """While something stands alone: since when it does without a pause."""
    told_ns: int = 0
    """Up to when everything is counted."""
    peak: Decimal = ZERO
    """The largest value so far."""
    longest_ns: int = 0
    """The longest time without a pause."""
    total_ns: int = 0
    """All times together."""
    value_s: Decimal = ZERO
    """Value times seconds: the integral over time."""

    def becomes(self, value: Decimal, at_ns: int) -> "Unhedged":
        """From `at_ns` on it is `value`, which has no sign."""
        passed_ns = max(0, at_ns - self.told_ns) if self.value else 0
        lasted_ns = max(0, at_ns - self.since_ns) if self.value else 0
        return Unhedged(
            value=value,
            since_ns=self.since_ns if self.value else at_ns,
            told_ns=max(at_ns, self.told_ns),
            peak=max(self.peak, value),
            longest_ns=max(self.longest_ns, lasted_ns),
            total_ns=self.total_ns + passed_ns,
            value_s=self.value_s + self.value * passed_ns / NS_PER_SECOND,
        )

    def until(self, now_ns: int) -> "Unhedged":
        """The same, counted up to now."""
        return self.becomes(self.value, now_ns)


NEVER_ALONE = Unhedged()

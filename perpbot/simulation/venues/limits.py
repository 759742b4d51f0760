"""Rate limits: token buckets, one for each name."""

from perpbot.clock import NS_PER_SECOND


class Limits:
    """Lets `burst` units through at once under each name, and `per_second` from then on."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left: dict[str, tuple[float, int]] = {}

    def allow(self, name: str, now_ns: int, cost: float = 1) -> bool:
        """Whether `cost` units may pass now; if so they are spent."""
        left, then = self._left.get(name, (self._burst, now_ns))
        left = min(self._burst, left + max(0, now_ns - then) / NS_PER_SECOND * self._per_second)
        allowed = left >= cost
        self._left[name] = (left - cost if allowed else left, now_ns)
        return allowed

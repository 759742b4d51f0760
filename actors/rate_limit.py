"""A token bucket (CON-4): how long a caller has to wait. It neither waits nor spins itself."""

from perpbot.clock import NS_PER_SECOND


class TokenBucket:
    """`per_s` requests a second on average, `burst` at once after a pause."""

    def __init__(self, per_s: float, burst: int, now_ns: int) -> None:
        self._ns_per_token = NS_PER_SECOND / per_s
        self._burst_ns = burst * self._ns_per_token
        self._empty_ns = now_ns - self._burst_ns
        """When the bucket would have been empty: tokens are the time since then."""

    def take(self, now_ns: int) -> float:
        """Take a token if there is one, and return 0; else return the seconds until there is, and take none."""
        empty_ns = max(self._empty_ns, now_ns - self._burst_ns)
        next_ns = empty_ns + self._ns_per_token
        if next_ns > now_ns:
            return (next_ns - now_ns) / NS_PER_SECOND
        self._empty_ns = next_ns
        return 0.0

    def tokens(self, now_ns: int) -> float:
        """How many requests could leave at once now."""
        return min(self._burst_ns, now_ns - self._empty_ns) / self._ns_per_token

"""What is measured of every actor: counts and handler times by message type, at a cost of well under a microsecond."""

BUCKETS = 44  # 2**43 ns is about two and a half hours


class HandlerTimes:
    """How long one actor took for messages of one type. Buckets double: bucket n holds times below 2**n ns."""

    __slots__ = ("buckets", "count", "max_ns", "total_ns")

    def __init__(self) -> None:
        self.count = 0
        self.total_ns = 0
        self.max_ns = 0
        self.buckets = [0] * BUCKETS

    def add(self, ns: int) -> None:
        """Count one message that took `ns` nanoseconds."""
        self.count += 1
        self.total_ns += ns
        self.max_ns = max(self.max_ns, ns)
        self.buckets[min(ns.bit_length(), BUCKETS - 1)] += 1

    def merge(self, other: "HandlerTimes") -> None:
        """Take in another's counts."""
        self.count += other.count
        self.total_ns += other.total_ns
        self.max_ns = max(self.max_ns, other.max_ns)
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]

    def quantile_ns(self, fraction: float) -> int | None:
        """A time that `fraction` of the messages stayed below, as exact as the buckets are; None without messages."""
        if not self.count:
            return None
        wanted = fraction * self.count
        seen = 0
        for exponent, count in enumerate(self.buckets):
            seen += count
            if seen >= wanted:
                return min(1 << exponent, self.max_ns)
        return self.max_ns

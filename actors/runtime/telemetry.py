"""What is measured of every actor: counts and handler times by message type, for a tenth of a microsecond each.

The times are a plain list, so that the reading loops can write into it without a call: one counter for each number of
bits a time in nanoseconds may have, then the sum and the longest.
"""

SUM, LONGEST = 65, 66


class HandlerTimes:
    """How long one actor took for messages of one type. Counter n holds the times of n bits: below 2**n ns."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells = [0] * 67

    @property
    def count(self) -> int:
        """How many messages there were."""
        return sum(self.cells[:SUM])

    @property
    def total_ns(self) -> int:
        """Time for all of them."""
        return self.cells[SUM]

    @property
    def max_ns(self) -> int:
        """Time for the slowest."""
        return self.cells[LONGEST]

    def add(self, ns: int) -> None:
        """Count one message that took `ns` nanoseconds."""
        cells = self.cells
        cells[ns.bit_length()] += 1
        cells[SUM] += ns
        cells[LONGEST] = max(cells[LONGEST], ns)

    def merge(self, other: "HandlerTimes") -> None:
        """Take in another's counts."""
        longest = max(self.max_ns, other.max_ns)
        self.cells = [mine + theirs for mine, theirs in zip(self.cells, other.cells, strict=True)]
        self.cells[LONGEST] = longest

    def quantile_ns(self, fraction: float) -> int | None:
        """A time that `fraction` of the messages stayed below, as exact as the counters are; None without messages."""
        wanted = fraction * self.count
        seen = 0
        for bits, count in enumerate(self.cells[:SUM]):
            seen += count
            if count and seen >= wanted:
                return min(1 << bits, self.max_ns)
        return None

"""What the quote currencies are worth in each other: a dollar of USDC is not always a dollar of USDT.

The venues' own mids of the same coin tell it. A venue's price may be off for minutes, which is what is traded on; a
currency's worth changes over hours. So the estimate is a slow median over all coins, and 1 until enough is known.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import median

from perpbot.clock import NS_PER_SECOND

WINDOW_NS = 1_800 * NS_PER_SECOND
LEAST_SPAN_NS = 600 * NS_PER_SECOND
"""What was seen for a shorter time may be an edge like any other."""
LEAST_SAMPLES = 100
MOST_SAMPLES = 4_000
STEP = Decimal("0.000001")
ONE = Decimal(1)

Mids = Mapping[str, Sequence[Decimal]]
"""Mid prices of one coin at one moment, by quote currency."""


def ratios(mids: Mids, reference: str) -> dict[str, Decimal]:
    """What a unit of each other currency is worth in `reference`, as one coin's mids have it."""
    if not mids.get(reference):
        return {}
    here = median(mids[reference])
    return {currency: here / median(each) for currency, each in mids.items() if each and currency != reference}


class Basis:
    """Estimates what every quote currency is worth in the first one in alphabetical order."""

    def __init__(self, currencies: Sequence[str]) -> None:
        self.reference = min(currencies, default="")
        self._samples: dict[str, deque[tuple[int, Decimal]]] = {
            each: deque(maxlen=MOST_SAMPLES) for each in sorted(set(currencies)) if each != self.reference
        }

    def add(self, mids: Mids, now_ns: int) -> None:
        """Take in one coin's mids of this moment; currencies that were not announced take no part."""
        for currency, ratio in ratios(mids, self.reference).items():
            if currency in self._samples:
                self._samples[currency].append((now_ns, ratio))

    def worth(self, now_ns: int) -> dict[str, Decimal]:
        """By currency; 1 where too little is known."""
        return {self.reference: ONE, **{each: self._worth(each, now_ns) for each in self._samples}}

    def _worth(self, currency: str, now_ns: int) -> Decimal:
        samples = self._samples[currency]
        while samples and samples[0][0] < now_ns - WINDOW_NS:
            samples.popleft()
        if len(samples) < LEAST_SAMPLES or samples[-1][0] - samples[0][0] < LEAST_SPAN_NS:
            return ONE
        return median(ratio for _, ratio in samples).quantize(STEP)

"""What was measured, and what it may be."""

from collections.abc import Callable, Sequence

import attrs


@attrs.frozen
class Measured:
    """One figure and its limit."""

    name: str
    value: float
    unit: str
    limit: float
    at_least: bool
    """Whether the limit is the least that will do; else it is the most."""
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether it keeps to the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def interleaved(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Measure both in turns: the median of the rounds' ratios theirs/ours, and the best of each.

    A machine that is busy with something else slows both of one round, so that their ratio says more than either.
    """
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratios = [yardstick / own for own, yardstick in pairs]
    return median(ratios), min(own for own, _ in pairs), min(yardstick for _, yardstick in pairs)


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def quantile(values: Sequence[float], fraction: float) -> float:
    """The value that `fraction` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(fraction * len(values)))]

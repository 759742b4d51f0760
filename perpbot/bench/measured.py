"""What was measured, and what it may be."""

from collections.abc import Callable, Sequence
from time import thread_time_ns

import attrs


@attrs.frozen
class Measured:
    """One figure and its limit."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    """None where there is nothing to keep to."""
    at_least: bool = False
    """Whether the limit is the least that will do; else it is the most."""
    detail: str = ""
    ratio: float | None = None
    """How many times what `ratio_to` names, measured in the same moments: it can be compared between machines."""
    ratio_to: str = ""
    drift: float | None = None
    """The end of a long run against its beginning: 1 where nothing changed. None where the run was short."""

    @property
    def good(self) -> bool:
        """Whether it keeps to the limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def interleaved(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Measure both in turns: the median of the rounds' ratios theirs/ours, and the best of each.

    A machine that is busy with something else slows both of one round, so that their ratio says more than either.
    """
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratios = [yardstick / own for own, yardstick in pairs]
    return median(ratios), min(own for own, _ in pairs), min(yardstick for _, yardstick in pairs)


def each_us(work: Callable[[], object], times: int) -> float:
    """How many microseconds of computing `work` takes, the mean of so many times."""
    began = thread_time_ns()
    for _ in range(times):
        work()
    return (thread_time_ns() - began) / 1e3 / times


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def quantile(values: Sequence[float], fraction: float) -> float:
    """The value that `fraction` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(fraction * len(values)))]

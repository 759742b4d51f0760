"""One component measured in rounds, and what the rounds come to."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from importlib import import_module
from statistics import median

import attrs

from perpbot.bench.machine import resident_bytes
from perpbot.bench.measured import Measured
from perpbot.bench.scenario import Scenario
from perpbot.clock import NS_PER_SECOND, monotonic_ns

Rounds = Callable[[Scenario], Iterator[Sequence[Measured]]]
"""Measures one round after the other, for as long as it is asked."""
LEAST_DRIFT = 9
"""Rounds from which on the first third is compared with the last."""


def measured(name: str, scenario: Scenario) -> list[Measured]:
    """The figures of a component: of each, the median over all rounds."""
    rounds: Rounds = getattr(import_module(f"perpbot.bench.{name}"), name)
    found: list[Sequence[Measured]] = []
    resident: list[float] = []
    began = monotonic_ns()
    with closing(rounds(scenario)) as each_round:  # type: ignore[type-var]
        for figures in each_round:
            found.append(figures)
            gc.collect()
            resident.append(resident_bytes() / 1e6)
            if monotonic_ns() - began >= scenario.seconds * NS_PER_SECOND:
                break
    growth = Measured("memory held", resident[-1], "MB", detail=f"{len(found)} rounds", drift=drift(resident))
    return [*over(found), growth]


def over(rounds: Sequence[Sequence[Measured]]) -> list[Measured]:
    """Each figure over all rounds: medians, the detail of the last, and what became of it meanwhile."""
    found = []
    for column in zip(*rounds, strict=True):
        values, ratios = [each.value for each in column], [each.ratio for each in column if each.ratio is not None]
        ratio = median(ratios) if ratios else None
        found.append(attrs.evolve(column[-1], value=median(values), ratio=ratio, drift=drift(values)))
    return found


def drift(values: Sequence[float]) -> float | None:
    """The last third against the first, by their medians; None where there are too few, or nothing at first."""
    third = len(values) // 3
    if len(values) < LEAST_DRIFT or not (first := median(values[:third])):
        return None
    return median(values[-third:]) / first

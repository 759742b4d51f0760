"""How well trades were carried out: what the prices cost beyond what was expected, and how long each step took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from perpbot.execution.entries import TradeRecord, basis_points
from perpbot.execution.trade import Phase
from perpbot.model.money import ZERO
from perpbot.portfolio.statistics import quantile


@attrs.frozen(kw_only=True)
class Times:
    """How long something took, in milliseconds, over some trades."""

    p50: float
    p99: float
    max: float


@attrs.frozen(kw_only=True)
class Quality:
    """Over all trades in which something was filled; dollars of all kinds are added one to one."""

    trades: int
    slippage: Decimal
    """What opening cost beyond the expected prices; below zero where it was better."""
    slippage_bps: Decimal | None
    """The same, in ten-thousandths of what was opened, of the trades that say so."""
    venues_bps: Mapping[str, Decimal]
    """The same by venue."""
    closing_slippage: Decimal
    """What closing cost beyond the best prices when it was decided."""
    closing_slippage_bps: Decimal | None
    """The same, in ten-thousandths of what was closed, of the trades that say so."""
    times: Mapping[str, Times]
    """By step: `sent`, `hedged` and `unhedged` as in the records, then the phases."""


def quality(records: Iterable[TradeRecord]) -> Quality:
    """Add up `records`."""
    filled = [each for each in records if each.phase != Phase.FAILED.value]
    costs: dict[str, Decimal] = defaultdict(Decimal)
    values: dict[str, Decimal] = defaultdict(Decimal)
    for leg in (leg for each in filled for leg in each.legs.values()):
        costs[leg.venue] += leg.slippage
        values[leg.venue] += leg.expected * leg.opened
    by_venue = {venue: basis_points(cost, values[venue]) for venue, cost in sorted(costs.items())}
    return Quality(
        trades=len(filled),
        slippage=sum((each.slippage for each in filled), ZERO),
        slippage_bps=basis_points(sum(costs.values(), ZERO), sum(values.values(), ZERO)),
        venues_bps={venue: bps for venue, bps in by_venue.items() if bps is not None},
        closing_slippage=sum((each.closing_slippage for each in filled), ZERO),
        closing_slippage_bps=basis_points(
            sum((each.closing_slippage for each in filled), ZERO),
            sum((leg.closing_expected for each in filled for leg in each.legs.values()), ZERO),
        ),
        times=_times(filled),
    )


def _times(records: Iterable[TradeRecord]) -> dict[str, Times]:
    took: dict[str, list[float]] = defaultdict(list)
    for each in records:
        steps = {"sent": each.sent_ms, "hedged": each.hedged_ms, "unhedged": each.unhedged_ms, **each.phases_ms}
        for step, ms in steps.items():
            took[step].append(ms)
    return {step: _of(sorted(values)) for step, values in took.items()}


def _of(ordered: list[float]) -> Times:
    return Times(p50=quantile(ordered, 0.5), p99=quantile(ordered, 0.99), max=ordered[-1])

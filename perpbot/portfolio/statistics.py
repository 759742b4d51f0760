"""How well trading went, from what each trade came to: win rate, drawdown, Sharpe ratio, a chart by period (EXE-7)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate
from math import ceil

import attrs

from perpbot.model.money import ZERO

DAYS_A_YEAR = Decimal(365)
"""Perpetuals trade every day."""


class Period(StrEnum):
    """What one point of the chart covers."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def begin(self, day: str) -> str:
        """The first day of the period that `day`, as in ``2026-11-20``, falls into. Weeks begin on Monday."""
        found = date.fromisoformat(day)
        if self is Period.WEEKLY:
            return (found - timedelta(days=found.weekday())).isoformat()
        return found.replace(day=1).isoformat() if self is Period.MONTHLY else day


@attrs.frozen(kw_only=True)
class Result:
    """What one trade came to."""

    day: str
    """When it was over, as in ``2026-11-20``."""
    net: Decimal
    """After fees and funding; of legs in different dollars one to one."""
    volume: Decimal = ZERO
    """Value of all its fills."""
    traded: bool = True
    """Whether anything was filled; a trade that never was is neither won nor lost."""


@attrs.frozen(kw_only=True)
class Statistics:
    """The results of some trades; different dollars count one to one. What there are too few results for is None."""

    trades: int
    """Those in which something was filled."""
    won: int
    lost: int
    failed: int
    """Those in which nothing was filled."""
    net: Decimal
    volume: Decimal
    win_rate: Decimal | None
    """Share of trades that were won, between 0 and 1."""
    profit_factor: Decimal | None
    """What was won for each unit that was lost."""
    average_win: Decimal | None
    average_loss: Decimal | None
    """Below zero."""
    best: Decimal | None
    worst: Decimal | None
    max_drawdown: Decimal
    """Farthest that the sum of results was below its highest so far, zero counting as the first."""
    sharpe: Decimal | None
    """Mean result of a day for its standard deviation, a year's worth; days without a trade count as nothing won."""
    chart: Mapping[str, Decimal]
    """Result of each period in which a trade was over, by its first day."""


def statistics(results: Iterable[Result], period: Period = Period.DAILY) -> Statistics:
    """Add up `results`, which are in the order in which the trades were over."""
    every = list(results)
    traded = [each for each in every if each.traded]
    nets = [each.net for each in traded]
    wins, losses = [net for net in nets if net > 0], [net for net in nets if net < 0]
    return Statistics(
        trades=len(traded),
        won=len(wins),
        lost=len(losses),
        failed=len(every) - len(traded),
        net=sum(nets, ZERO),
        volume=sum((each.volume for each in traded), ZERO),
        win_rate=Decimal(len(wins)) / len(nets) if nets else None,
        profit_factor=sum(wins, ZERO) / -sum(losses, ZERO) if losses else None,
        average_win=_mean(wins),
        average_loss=_mean(losses),
        best=max(nets, default=None),
        worst=min(nets, default=None),
        max_drawdown=max_drawdown(nets),
        sharpe=sharpe(by_period(traded, Period.DAILY)),
        chart=by_period(traded, period),
    )


def by_period(results: Iterable[Result], period: Period) -> dict[str, Decimal]:
    """The sum of the results of each period that has one, by its first day, in order."""
    sums: dict[str, Decimal] = {}
    for each in results:
        begun = period.begin(each.day)
        sums[begun] = sums.get(begun, ZERO) + each.net
    return dict(sorted(sums.items()))


def max_drawdown(nets: Iterable[Decimal]) -> Decimal:
    """The farthest that the running sum of `nets` was below its highest so far; it begins at zero."""
    worst = highest = ZERO
    for total in accumulate(nets):
        highest = max(highest, total)
        worst = max(worst, highest - total)
    return worst


def sharpe(daily: Mapping[str, Decimal]) -> Decimal | None:
    """The mean of daily results for their standard deviation, times the root of a year's days.

    The days between the first and the last without a result count as zero. None with fewer than two days, and where
    every day was the same.
    """
    nets = _every_day(daily)
    mean = _mean(nets)
    if mean is None or len(nets) < 2:  # noqa: PLR2004 - one value deviates from nothing
        return None
    variance = sum(((net - mean) ** 2 for net in nets), ZERO) / (len(nets) - 1)
    return mean / variance.sqrt() * DAYS_A_YEAR.sqrt() if variance else None


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """The least of the values, of which there is one at least and which are in order, that so many do not exceed."""
    return ordered[max(0, ceil(fraction * len(ordered)) - 1)]


def _every_day(daily: Mapping[str, Decimal]) -> list[Decimal]:
    if not daily:
        return []
    first, last = date.fromisoformat(min(daily)), date.fromisoformat(max(daily))
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    return [daily.get(day, ZERO) for day in days]


def _mean(nets: Sequence[Decimal]) -> Decimal | None:
    return sum(nets, ZERO) / len(nets) if nets else None

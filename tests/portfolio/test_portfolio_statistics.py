"""Statistics of trades: by hand where a number is easily known, and by properties where it is not."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.portfolio.statistics import Period, Result, max_drawdown, sharpe, statistics

relaxed = settings(deadline=None, max_examples=60)
NETS = st.lists(st.integers(-1_000, 1_000).map(lambda number: Decimal(number) / 8), max_size=20)


def results(*nets: str | int, day: str = "2026-11-20") -> list[Result]:
    return [Result(day=day, net=Decimal(net), volume=Decimal(100)) for net in nets]


def test_a_won_and_a_lost_trade_are_told_apart_and_a_trade_that_never_was_is_neither() -> None:
    seen = statistics([*results(3, -1, 0), Result(day="2026-11-20", net=Decimal(0), traded=False)])
    assert (seen.trades, seen.won, seen.lost, seen.failed) == (3, 1, 1, 1)
    assert seen.net == 2
    assert seen.volume == 300
    assert seen.win_rate == Decimal(1) / 3
    assert seen.profit_factor == 3
    assert [seen.average_win, seen.average_loss, seen.best, seen.worst] == [3, -1, 3, -1]


def test_what_there_is_nothing_to_say_of_is_not_said() -> None:
    seen = statistics([])
    assert (seen.win_rate, seen.profit_factor, seen.sharpe, seen.best, seen.average_loss) == (None,) * 5
    assert seen.max_drawdown == seen.net == 0
    assert seen.chart == {}
    assert statistics(results(5)).profit_factor is None, "nothing was lost"


@pytest.mark.parametrize(
    ("nets", "drawdown"),
    [((), 0), ((5, 3), 0), ((-5,), 5), ((10, -4, 3, -6, 20), 7), ((10, -4, 20, -3), 4), ((-1, -2, 10, -2), 3)],
)
def test_the_drawdown_is_measured_from_the_highest_sum_so_far(nets: tuple[int, ...], drawdown: int) -> None:
    assert max_drawdown(map(Decimal, nets)) == drawdown


@given(nets=NETS)
@relaxed
def test_no_stretch_of_trades_lost_more_than_the_drawdown(nets: list[Decimal]) -> None:
    stretches = [sum(nets[begin:end], Decimal(0)) for begin in range(len(nets)) for end in range(begin, len(nets) + 1)]
    assert max_drawdown(nets) == -min(stretches, default=Decimal(0))


def test_the_sharpe_ratio_is_a_years_and_counts_days_without_a_trade() -> None:
    two = {"2026-11-20": Decimal(3), "2026-11-21": Decimal(1)}
    found = sharpe(two)
    assert found is not None
    assert round(found, 6) == round(Decimal(2) / Decimal(2).sqrt() * Decimal(365).sqrt(), 6)
    assert sharpe({"2026-11-20": Decimal(3), "2026-11-22": Decimal(3)}) != sharpe(
        {"2026-11-20": Decimal(3), "2026-11-21": Decimal(3)}
    )


@pytest.mark.parametrize("daily", [{}, {"2026-11-20": 3}, {"2026-11-20": 3, "2026-11-21": 3}])
def test_there_is_no_sharpe_ratio_where_nothing_deviates(daily: dict[str, int]) -> None:
    assert sharpe({day: Decimal(net) for day, net in daily.items()}) is None


@pytest.mark.parametrize(
    ("period", "begun"),
    [
        (Period.DAILY, ["2026-10-31", "2026-11-01", "2026-11-02"]),
        (Period.WEEKLY, ["2026-10-26", "2026-11-02"]),
        (Period.MONTHLY, ["2026-10-01", "2026-11-01"]),
    ],
)
def test_a_chart_has_a_point_for_each_period_by_its_first_day(period: Period, begun: list[str]) -> None:
    days = [*results(1, day="2026-11-02"), *results(2, day="2026-10-31"), *results(4, day="2026-11-01")]
    seen = statistics(days, period)
    assert list(seen.chart) == begun
    assert sum(seen.chart.values()) == seen.net == 7


@given(nets=NETS)
@relaxed
def test_every_trade_is_won_lost_or_neither_and_the_sums_agree(nets: list[Decimal]) -> None:
    seen = statistics(results(*map(str, nets)))
    assert seen.won + seen.lost + nets.count(Decimal(0)) == seen.trades == len(nets)
    assert seen.net == sum(nets, Decimal(0)) == sum(seen.chart.values())
    assert seen.win_rate is None or 0 <= seen.win_rate <= 1

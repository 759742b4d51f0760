"""A day's result begins anew at its hour; failures in a row make a pause that a restart does not forget."""

from decimal import Decimal

import pytest

from perpbot.clock import NS_PER_HOUR, NS_PER_SECOND
from perpbot.risk.results import Results

DAY_NS = 24 * NS_PER_HOUR
COOLDOWN_NS = 60 * NS_PER_SECOND


def results(start_hour: int = 0) -> Results:
    return Results(start_hour=start_hour, failures=3, cooldown_ns=COOLDOWN_NS)


def took(seen: Results, ended_ns: int, net: int = 0, *, success: bool = True) -> bool:
    return seen.take(ended_ns=ended_ns, settled_ns=ended_ns, net=Decimal(net), success=success)


@pytest.mark.parametrize(("start_hour", "kept"), [(0, -3), (8, -10)])
def test_a_days_result_begins_anew_at_its_hour(start_hour: int, kept: int) -> None:
    seen = results(start_hour)
    took(seen, DAY_NS - 1, -7)
    took(seen, DAY_NS, -3)
    assert seen.today(DAY_NS + NS_PER_HOUR) == kept
    assert seen.today(2 * DAY_NS + 9 * NS_PER_HOUR) == 0


@pytest.mark.parametrize(("start_hour", "kept"), [(0, -3 - 2 - 4), (8, -3 - 4 - 8)])
def test_funding_counts_on_the_day_in_which_its_venue_settled_it(start_hour: int, kept: int) -> None:
    seen = results(start_hour)
    took(seen, DAY_NS + 9 * NS_PER_HOUR, -3)
    seen.funding = {hour: Decimal(paid) for hour, paid in {23: -1, 24 + 7: -2, 24 + 8: -4, 48 + 2: -8}.items()}
    assert seen.today(DAY_NS + 21 * NS_PER_HOUR) == kept


def test_another_hour_at_which_a_day_begins_counts_for_what_is_over_too() -> None:
    seen = results()
    took(seen, DAY_NS - 1, -7)
    took(seen, DAY_NS, -3)
    seen.start_hour = 8
    assert seen.today(DAY_NS + NS_PER_HOUR) == -10


def test_results_are_forgotten_when_no_day_can_need_them() -> None:
    seen = results()
    for hour in range(1_000):
        took(seen, hour * NS_PER_HOUR, -1)
    assert seen.today(999 * NS_PER_HOUR) == -(999 % 24 + 1)
    assert len(seen._nets) <= 72


def test_what_is_told_late_of_yesterday_leaves_today_as_it_is() -> None:
    seen = results()
    took(seen, DAY_NS, -3)
    took(seen, DAY_NS - 1, -7)
    assert seen.today(DAY_NS + NS_PER_HOUR) == -3
    assert seen.today(DAY_NS - 1) == -7


def test_failures_in_a_row_make_a_pause_and_a_success_between_them_does_not() -> None:
    seen = results()
    starts = [took(seen, at, success=at == 3) for at in range(1, 7)]
    assert starts == [False, False, False, False, False, True]
    assert seen.paused_until_ns == 6 + COOLDOWN_NS
    assert seen.in_row == 0


def test_a_pause_after_failures_never_shortens_one_that_was_asked_for() -> None:
    seen = results()
    seen.pause(DAY_NS)
    starts = [took(seen, at, success=False) for at in range(3)]
    assert starts[-1]
    assert seen.paused_until_ns == DAY_NS


def test_an_operator_ends_the_pause() -> None:
    seen = results()
    for at in range(3):
        took(seen, at, success=False)
    seen.lift()
    assert seen.paused_until_ns == 0


def test_what_is_folded_again_pauses_just_as_long() -> None:
    first, again = results(), results()
    for seen in (first, again):
        for at in range(3):
            took(seen, at, success=False)
    assert first == again

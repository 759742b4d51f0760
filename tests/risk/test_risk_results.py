"""A day's result begins anew at its hour; failures in a row make a pause that a restart does not forget."""

from decimal import Decimal

import pytest

from perpbot.clock import NS_PER_SECOND
from perpbot.risk.results import NS_PER_HOUR, Results

DAY_NS = 24 * NS_PER_HOUR
COOLDOWN_NS = 60 * NS_PER_SECOND


def results(start_hour: int = 0) -> Results:
    return Results(start_hour=start_hour, failures=3, cooldown_ns=COOLDOWN_NS)


@pytest.mark.parametrize(("start_hour", "kept"), [(0, -3), (8, -10)])
def test_a_days_result_begins_anew_at_its_hour(start_hour: int, kept: int) -> None:
    seen = results(start_hour)
    seen.take(settled_ns=DAY_NS - 1, net=Decimal(-7), success=True)
    seen.take(settled_ns=DAY_NS, net=Decimal(-3), success=True)
    assert seen.today(DAY_NS + NS_PER_HOUR) == kept
    assert seen.today(2 * DAY_NS + 9 * NS_PER_HOUR) == 0


def test_failures_in_a_row_make_a_pause_and_a_success_between_them_does_not() -> None:
    seen = results()
    starts = [seen.take(settled_ns=at, net=Decimal(0), success=at == 3) for at in range(1, 7)]
    assert starts == [False, False, False, False, False, True]
    assert seen.paused_until_ns == 6 + COOLDOWN_NS
    assert seen.in_row == 0


def test_an_operator_ends_the_pause() -> None:
    seen = results()
    for at in range(3):
        seen.take(settled_ns=at, net=Decimal(0), success=False)
    seen.lift()
    assert seen.paused_until_ns == 0


def test_what_is_folded_again_pauses_just_as_long() -> None:
    first, again = results(), results()
    for seen in (first, again):
        for at in range(3):
            seen.take(settled_ns=at, net=Decimal(0), success=False)
    assert first == again

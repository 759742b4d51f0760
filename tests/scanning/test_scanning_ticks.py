"""Which quotes are believed: each reason to hold one back, at its boundary and beyond."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scanning_markets import d

from perpbot.model.money import Price, Quantity
from perpbot.model.quote import Quote
from perpbot.scanning.ticks import CONFIRMATIONS, NS_PER_MS, BadTick, TickFilter, TickRules

WALL = 1_800_000_000_000_000_000
RULES = TickRules(max_jump=d("0.01"), min_notional=d(100), max_age_ns=2_000 * NS_PER_MS, max_future_ns=500 * NS_PER_MS)


def quote(mid: Decimal | int, *, size: Decimal | int = 100) -> Quote:
    """A quote of `mid` with nothing between bid and ask, so that the arithmetic is plain."""
    price, much = Price(Decimal(mid)), Quantity(Decimal(size))
    return Quote("here", "BTC-PERP", price, much, price, much, WALL, 0)


def judged(*mids: Decimal | int, judge: TickFilter | None = None) -> list[BadTick | None]:
    judge = judge or TickFilter(RULES)
    return [judge.judge(quote(mid), 0) for mid in mids]


JUMP = BadTick.JUMP


# -- jumps -----------------------------------------------------------------------------------------------------------


def test_the_first_price_is_believed() -> None:
    assert judged(100) == [None]


@pytest.mark.parametrize(
    ("mid", "verdict"),
    [("101", None), ("101.0001", JUMP), ("99", None), ("98.9999", JUMP), ("1000", JUMP), ("10", JUMP)],
)
def test_a_step_up_to_the_limit_is_believed_and_a_larger_one_is_not(mid: str, verdict: BadTick | None) -> None:
    assert judged(100, d(mid)) == [None, verdict]


def test_a_price_that_stays_where_it_jumped_to_is_believed_the_third_time() -> None:
    assert CONFIRMATIONS == 3
    assert judged(100, 110, 110, 110, 110) == [None, JUMP, JUMP, None, None]


def test_a_price_that_jumps_back_was_never_there() -> None:
    assert judged(100, 1000, 100, 1000, 100) == [None, JUMP, None, JUMP, None]


def test_confirmations_must_agree_with_each_other() -> None:
    assert judged(100, 110, 120, 130, 140, 140, 140) == [None, JUMP, JUMP, JUMP, JUMP, JUMP, None]


def test_a_confirmation_starts_anew_after_a_price_that_was_believed() -> None:
    assert judged(100, 110, 110, 100, 110, 110, 110) == [None, JUMP, JUMP, None, JUMP, JUMP, None]


def test_prices_that_run_while_they_are_confirmed_are_believed() -> None:
    assert judged(100, 110, d("110.9"), d("111.8")) == [None, JUMP, JUMP, None]


def test_a_drift_of_small_steps_is_no_jump() -> None:
    assert judged(*range(100, 160)) == [None] * 60


@given(mids=st.lists(st.sampled_from([100, 101, 110, 111, 1000]), max_size=30))
@settings(deadline=None)
def test_a_believed_price_is_near_the_last_one_or_was_seen_three_times_in_a_row(mids: list[int]) -> None:
    verdicts = judged(*mids)
    believed: int | None = None
    for index, (mid, verdict) in enumerate(zip(mids, verdicts, strict=True)):
        if verdict is None:
            near = believed is None or abs(Decimal(mid - believed)) / believed <= RULES.max_jump
            run = mids[max(0, index - 2) : index + 1]
            steady = len(run) == 3 and all(abs(Decimal(b - a)) / a <= RULES.max_jump for a, b in pairwise(run))
            assert near or steady
            believed = mid


# -- size, age and future --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "verdict"), [("1", None), ("0.999", BadTick.TOO_SMALL), ("0", BadTick.TOO_SMALL)])
def test_both_sides_must_be_worth_enough(size: str, verdict: BadTick | None) -> None:
    whole = quote(100)
    for thin in (
        Quote("here", "BTC-PERP", whole.bid, Quantity(d(size)), whole.ask, whole.ask_size, WALL, 0),
        Quote("here", "BTC-PERP", whole.bid, whole.bid_size, whole.ask, Quantity(d(size)), WALL, 0),
    ):
        assert TickFilter(RULES).judge(thin, 0) is verdict


@pytest.mark.parametrize(
    ("late_ms", "verdict"),
    [(0, None), (2_000, None), (2_001, BadTick.TOO_OLD), (-500, None), (-501, BadTick.FUTURE)],
)
def test_the_venues_clock_may_be_a_little_off(late_ms: int, verdict: BadTick | None) -> None:
    assert TickFilter(RULES).judge(quote(100), late_ms * NS_PER_MS) is verdict


def test_a_quote_whose_age_nobody_knows_is_not_judged_by_it() -> None:
    assert TickFilter(RULES).judge(quote(100), None) is None


def test_a_quote_that_was_held_back_for_another_reason_says_nothing_about_the_price() -> None:
    judge = TickFilter(RULES)
    assert judge.judge(quote(1_000, size=0), 0) is BadTick.TOO_SMALL
    assert judge.judge(quote(1_000), RULES.max_age_ns + 1) is BadTick.TOO_OLD
    assert judged(100, 101, judge=judge) == [None, None]


def test_what_was_held_back_is_counted_by_reason() -> None:
    judge = TickFilter(RULES)
    judged(100, 110, 110, 100, judge=judge)
    judge.judge(quote(100, size=0), 0)
    assert judge.counts == {BadTick.JUMP: 2, BadTick.TOO_SMALL: 1}

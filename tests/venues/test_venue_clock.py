"""The venue's clock, learnt from the dates of its answers."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot import clock
from perpbot.venues.venue_clock import VenueClock

NOW_MS = 1_800_000_000_500
NS_PER_MS = 1_000_000


class Times:
    """Our two clocks, as a test sets them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall_ms = NOW_MS
        self.monotonic_ms = 5_000
        monkeypatch.setattr(clock, "wall_ns", lambda: self.wall_ms * NS_PER_MS)
        monkeypatch.setattr(clock, "monotonic_ns", lambda: self.monotonic_ms * NS_PER_MS)

    def passes(self, ms: int) -> None:
        self.wall_ms += ms
        self.monotonic_ms += ms

    def hear(self, venue: VenueClock, venue_ms: int, way_ms: int = 0) -> None:
        """An answer that was made `way_ms` ago at `venue_ms`, and asked for as long before that."""
        now = self.monotonic_ms
        date = formatdate(venue_ms // 1_000, usegmt=True)
        venue.heard(date, (now - 2 * way_ms) * NS_PER_MS, now * NS_PER_MS)


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    return Times(monkeypatch)


def test_before_an_answer_our_clock_counts(times: Times) -> None:
    assert VenueClock().now_ms() == times.wall_ms


def test_our_clock_counts_while_nothing_contradicts_it(times: Times) -> None:
    venue = VenueClock()
    times.hear(venue, NOW_MS)
    assert (venue.now_ms(), venue.ahead_ms) == (NOW_MS, 0)


@pytest.mark.parametrize("ahead_ms", [-3_600_000, -5_000, 5_000, 86_400_000])
def test_a_clock_that_is_wrong_is_put_right_within_the_second_that_a_date_tells(times: Times, ahead_ms: int) -> None:
    venue = VenueClock()
    times.hear(venue, NOW_MS + ahead_ms)
    assert abs(venue.now_ms() - (NOW_MS + ahead_ms)) <= 1_000
    assert abs(venue.ahead_ms - ahead_ms) <= 1_000


def test_many_answers_narrow_it_down(times: Times) -> None:
    venue = VenueClock()
    for _ in range(40):
        times.hear(venue, times.wall_ms + 7_300, way_ms=10)
        times.passes(137)
    assert abs(venue.ahead_ms - 7_300) <= 150


def test_setting_our_wall_clock_does_not_move_the_venues(times: Times) -> None:
    venue = VenueClock()
    times.hear(venue, NOW_MS)
    times.wall_ms += 3_600_000
    assert abs(venue.now_ms() - NOW_MS) <= 1_000


def test_a_venue_that_sets_its_clock_is_believed(times: Times) -> None:
    venue = VenueClock()
    times.hear(venue, NOW_MS)
    times.passes(1_000)
    times.hear(venue, times.wall_ms + 60_000)
    assert abs(venue.ahead_ms - 60_000) <= 1_000


@pytest.mark.parametrize("made_ms", [0, 300, 2_500])
def test_while_dates_do_not_contradict_it_ages_are_by_our_clock(times: Times, made_ms: int) -> None:
    venue = VenueClock()
    assert venue.age_ns((NOW_MS - made_ms) * NS_PER_MS) == made_ms * NS_PER_MS
    times.hear(venue, NOW_MS)
    assert venue.age_ns((NOW_MS - made_ms) * NS_PER_MS) == made_ms * NS_PER_MS


@given(
    ahead_ms=st.integers(2_000, 10**9) | st.integers(-(10**9), -2_000),
    phase_ms=st.integers(0, 999),
    way_ms=st.integers(0, 500),
    age_ms=st.integers(0, 10_000),
)
def test_at_a_venue_whose_clock_is_wrong_nothing_seems_older_than_it_is_and_nothing_fresh_from_the_future(
    ahead_ms: int, phase_ms: int, way_ms: int, age_ms: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        times, venue = Times(patch), VenueClock()
        times.passes(phase_ms)
        times.hear(venue, times.wall_ms + ahead_ms - way_ms, way_ms)
        found_ms = venue.age_ns((times.wall_ms + ahead_ms - age_ms) * NS_PER_MS) / NS_PER_MS
        assert 0 <= found_ms <= age_ms + 0.01
        assert found_ms >= age_ms - 1_000 - 2 * way_ms - 0.01


def test_the_newest_question_that_was_answered_with_a_date_is_known(times: Times) -> None:
    venue = VenueClock()
    times.hear(venue, NOW_MS, way_ms=10)
    asked_ns = venue.told_ns
    assert asked_ns == (times.monotonic_ms - 20) * NS_PER_MS
    venue.heard("yesterday", asked_ns + 5, asked_ns + 9)
    times.hear(venue, NOW_MS, way_ms=300)  # asked before, answered after
    assert venue.told_ns == asked_ns


def test_what_is_no_date_says_nothing(times: Times) -> None:
    venue = VenueClock()
    venue.heard("yesterday", 0, 1)
    assert venue.now_ms() == times.wall_ms


@given(ahead_ms=st.integers(-(10**9), 10**9), ways_ms=st.lists(st.integers(0, 3_000), min_size=1, max_size=30))
def test_it_is_never_wrong_by_more_than_a_second_and_the_way(ahead_ms: int, ways_ms: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        times, venue = Times(patch), VenueClock()
        for way_ms in ways_ms:
            made_ms = times.wall_ms + ahead_ms - way_ms
            times.hear(venue, made_ms, way_ms)
            assert abs(venue.ahead_ms - ahead_ms) <= 1_000 + 2 * min(ways_ms[: ways_ms.index(way_ms) + 1])
            times.passes(10)

"""A disk is quick while all of the last works were, and slow from the first that is not."""

from hypothesis import given
from hypothesis import strategies as st

from perpbot.storage.pace import QUICK_NS, QUICK_RUN, Pace


def test_a_disk_that_is_not_known_yet_is_not_quick() -> None:
    pace = Pace()
    for _ in range(QUICK_RUN):
        assert not pace.quick
        pace.took(QUICK_NS)
    assert pace.quick


def test_one_slow_work_is_enough_to_think_otherwise_until_a_run_of_quick_ones() -> None:
    pace = Pace()
    for duration_ns in [*[0] * QUICK_RUN, QUICK_NS + 1, *[0] * (QUICK_RUN - 1)]:
        pace.took(duration_ns)
    assert not pace.quick
    pace.took(0)
    assert pace.quick


@given(st.lists(st.integers(0, 2 * QUICK_NS), max_size=200))
def test_it_is_quick_exactly_when_a_whole_run_was(durations_ns: list[int]) -> None:
    pace = Pace()
    for duration_ns in durations_ns:
        pace.took(duration_ns)
    last = durations_ns[-QUICK_RUN:]
    assert pace.quick == (len(last) == QUICK_RUN and max(last) <= QUICK_NS)

"""A trade is opened once: its number is known for as long as it could come again, and too old ones are turned away."""

from execution_values import plan
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from perpbot.execution.numbering import NUMBERS_KEPT, Numbers
from perpbot.execution.plan import Plan


def numbered(number: int) -> Plan:
    return replace(plan(), trade_id=f"7-t{number}")


@given(order=st.permutations(range(1, 30)), again=st.integers(1, 29))
def test_what_was_opened_is_known_in_whatever_order_it_came(order: list[int], again: int) -> None:
    numbers = Numbers(7, {})
    for number in order:
        assert not numbers.was_opened(numbered(number))
        numbers.opened(numbered(number))
    numbers.opened(numbered(again))
    assert all(numbers.was_opened(numbered(number)) for number in order)
    assert not numbers.was_opened(numbered(30))


def test_what_is_older_than_all_that_are_known_counts_as_opened() -> None:
    numbers = Numbers(7, {})
    for number in range(10, 10 + 2 * (NUMBERS_KEPT + 5), 2):
        numbers.opened(numbered(number))
    assert all(numbers.was_opened(numbered(number)) for number in (1, 9, 10, 11, 18))
    assert not numbers.was_opened(numbered(21)), "it is newer than the oldest that is known, and was never opened"
    assert numbers.was_opened(numbered(20))

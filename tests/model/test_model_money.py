"""Money is exact: no float slips in, steps are met from the right side, and text says the whole number."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, FloatOperation
from math import lcm

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from model_values import AMOUNTS, LONG, LOTS

from perpbot.model.money import Money, Rate, ceil_to, common_step, floor_to, plain

relaxed = settings(deadline=None, max_examples=60)


# -- floats ----------------------------------------------------------------------------------------------------------


def mistakes_with_floats() -> list[str]:
    """What a program might do by mistake, and what the decimal context says to it."""
    attempts: dict[str, Callable[[], object]] = {
        "made of a float": lambda: Decimal(0.1),  # noqa: RUF032 - the mistake itself
        "compared with a float": lambda: Decimal("0.1") < 0.1,
        "added to a float": lambda: Decimal("0.1") + 0.1,  # type: ignore[operator]
        "a float times money": lambda: 2.0 * Decimal("0.1"),  # type: ignore[operator]
    }
    silent = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except (FloatOperation, TypeError):
            continue
        silent.append(name)
    return silent


def test_a_float_never_slips_into_a_calculation() -> None:
    assert mistakes_with_floats() == []


def test_a_float_never_slips_into_a_calculation_of_another_thread() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(mistakes_with_floats).result() == []


def test_other_threads_calculate_with_as_many_digits() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(lambda: Decimal(1) / 3).result() == Decimal("0." + "3" * 34)


# -- steps -----------------------------------------------------------------------------------------------------------


@given(value=AMOUNTS, step=LOTS)
@relaxed
def test_values_are_rounded_to_whole_steps_in_the_direction_the_name_says(value: Decimal, step: Decimal) -> None:
    low, high = floor_to(value, step), ceil_to(value, step)
    assert low <= value < low + step
    assert high - step < value <= high
    assert low % step == high % step == 0


@given(value=LONG, step=LOTS)
@example(value=Decimal("5." + "9" * 33), step=Decimal(3))
@example(value=Decimal("6." + "0" * 32 + "1"), step=Decimal(3))
@relaxed
def test_a_number_as_long_as_a_division_leaves_it_is_not_rounded_over_a_step(value: Decimal, step: Decimal) -> None:
    if value / step < 10**20:
        assert floor_to(value, step) <= value <= ceil_to(value, step)


@pytest.mark.parametrize(
    ("first", "second", "common"),
    [
        ("0.001", "0.0001", "0.001"),
        ("0.003", "0.002", "0.006"),
        ("0.25", "0.1", "0.5"),
        ("1000", "1", "1000"),
        ("1E+3", "0.03", "3000"),
        ("0.01", "0.01", "0.01"),
    ],
)
def test_two_lots_have_a_common_one(first: str, second: str, common: str) -> None:
    assert common_step(Decimal(first), Decimal(second)) == Decimal(common)


@given(first=LOTS, second=LOTS)
@relaxed
def test_the_common_step_is_the_smallest_that_is_whole_in_both(first: Decimal, second: Decimal) -> None:
    common = common_step(first, second)
    assert common == common_step(second, first)
    assert common % first == common % second == 0
    scale = 100_000
    assert common * scale == lcm(int(first * scale), int(second * scale))


# -- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.10", "1.1"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("0.000", "0"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("0E+5", "0"),
        ("-12.500", "-12.5"),
        ("10.0", "10"),
    ],
)
def test_numbers_are_written_plainly(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@given(value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18))
@relaxed
def test_the_text_is_the_whole_number_and_equal_numbers_have_equal_texts(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert "e" not in text.lower()
    assert not (text.endswith((".", "0")) and "." in text)
    assert text == plain(Decimal(text))


# -- amounts and rates -----------------------------------------------------------------------------------------------


def test_money_of_one_currency_adds_up() -> None:
    assert Money(Decimal("0.1"), "USDT") + Money(Decimal("0.2"), "USDT") == Money(Decimal("0.3"), "USDT")
    assert str(Money(Decimal("1.50"), "USDC")) == "1.5 USDC"


def test_money_of_two_currencies_is_never_added() -> None:
    with pytest.raises(ValueError, match="cannot add USDC to USDT"):
        Money(Decimal(1), "USDT") + Money(Decimal(1), "USDC")


def test_rates_of_different_intervals_compare_by_the_hour() -> None:
    every_eight = Rate(Decimal("0.0008"), Decimal(8))
    every_one = Rate(Decimal("0.0001"), Decimal(1))
    assert every_eight.per_hour == every_one.per_hour == Decimal("0.0001")

"""What a leg needs, and which venues have too little of it."""

from decimal import Decimal

import pytest

from perpbot.capital.margin import leg_margin
from perpbot.capital.moving import Funds, running_low


@pytest.mark.parametrize(
    ("leverage", "fee", "buffer", "margin"),
    [
        ("1", "0", "0", "1000"),
        ("5", "0", "0", "200"),
        ("5", "0.0005", "0", "201"),
        ("5", "0.0005", "0.1", "221"),
        ("5", "-0.0002", "0", "200"),
    ],
)
def test_a_leg_needs_its_margin_a_buffer_and_both_fees_not_its_whole_value(
    leverage: str, fee: str, buffer: str, margin: str
) -> None:
    needed = leg_margin(Decimal(1_000), leverage=Decimal(leverage), fee=Decimal(fee), buffer=Decimal(buffer))
    assert needed == Decimal(margin)


def funds(equity: int, available: int, free: int | None = None) -> Funds:
    left = Decimal(equity if free is None else free)
    return Funds(equity=Decimal(equity), free=left, available=Decimal(available), needed=Decimal(100))


def said(**venues: Funds) -> list[str]:
    return [str(each) for each in running_low(venues)]


def test_nothing_is_said_while_every_venue_has_enough() -> None:
    assert said(a=funds(1_000, 100), b=funds(1_000, 500)) == []


def test_a_venue_that_ran_low_is_filled_from_the_one_that_can_spare_most() -> None:
    assert said(a=funds(200, 12), b=funds(1_000, 400), c=funds(1_800, 900)) == [
        "a has 12 left to trade with, and a trade needs 100: move about 800 there from c"
    ]


def test_no_more_is_moved_than_is_free_where_it_comes_from() -> None:
    assert said(a=funds(200, 12), b=funds(1_000, 400, free=150)) == [
        "a has 12 left to trade with, and a trade needs 100: move about 150 there from b"
    ]


@pytest.mark.parametrize("other", [funds(1_000, 400, free=50), funds(300, 99), funds(210, 400)])
def test_where_nobody_can_spare_anything_worth_a_transfer_the_hint_is_to_deposit(other: Funds) -> None:
    assert "a has 12 left to trade with, and a trade needs 100: deposit there, or lower scanner.max_notional" in said(
        a=funds(200, 12), b=other
    )

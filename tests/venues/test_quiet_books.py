"""Which books are compared with the venue's own, and when."""

from decimal import Decimal

import pytest

from perpbot.model.book import Book
from perpbot.model.events import BookSnapshot
from perpbot.model.money import Price, Quantity
from perpbot.venues.quiet_books import QuietBooks, same_top

SECOND = 1_000_000_000
BTC, ETH = "BTC-PERP", "ETH-PERP"


def levels(*prices: str) -> list[tuple[Price, Quantity]]:
    return [(Price(Decimal(price)), Quantity(Decimal(1))) for price in prices]


def snapshot(bids: tuple[str, ...], asks: tuple[str, ...]) -> BookSnapshot:
    return BookSnapshot(BTC, levels(*bids), levels(*asks), 0, 0)


def test_only_a_book_that_was_not_heard_of_for_the_whole_silence_is_due() -> None:
    quiet = QuietBooks((BTC, ETH), 10.0, 0)
    quiet.heard(ETH, 5 * SECOND)
    assert quiet.due(10 * SECOND - 1) == []
    assert quiet.due(10 * SECOND) == [BTC]
    assert quiet.due(15 * SECOND) == [BTC, ETH]


def test_a_book_that_was_compared_is_due_again_after_another_silence() -> None:
    quiet = QuietBooks((BTC,), 10.0, 0)
    quiet.compared(BTC, 12 * SECOND)
    assert quiet.due(22 * SECOND - 1) == []
    assert quiet.due(22 * SECOND) == [BTC]


def test_a_second_difference_counts_as_one_more_unless_the_books_agreed_between() -> None:
    quiet = QuietBooks((BTC, ETH), 10.0, 0)
    assert [quiet.differed(BTC), quiet.differed(ETH), quiet.differed(BTC)] == [False, False, True]
    quiet.agreed(BTC)
    assert not quiet.differed(BTC)


@pytest.mark.parametrize(
    ("bids", "asks", "same"),
    [
        (("100", "99"), ("101",), True),
        (("99", "100"), ("103", "101"), True),
        (("99",), ("101",), False),
        (("100",), ("102",), False),
        ((), ("101",), False),
    ],
)
def test_only_best_prices_are_compared_in_whatever_order_they_come(
    bids: tuple[str, ...], asks: tuple[str, ...], *, same: bool
) -> None:
    book = Book("here", BTC)
    assert not same_top(book, snapshot(("100",), ("101",)))
    book.snapshot(levels("100", "98"), levels("101"), 1)
    assert same_top(book, snapshot(bids, asks)) is same

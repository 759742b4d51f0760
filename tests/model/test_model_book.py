"""A book against the simplest one there is: two dictionaries and a word for what is wrong with them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from perpbot.model.book import Book, BookInvalidError, Ladder, Level, walk
from perpbot.model.instrument import Side
from perpbot.model.money import Price, Quantity
from perpbot.model.quote import Quote

relaxed = settings(deadline=None, max_examples=60)


def level(price: str | int, size: str | int) -> Level:
    return Price(Decimal(price)), Quantity(Decimal(size))


def levels(*pairs: tuple[str | int, str | int]) -> list[Level]:
    return [level(price, size) for price, size in pairs]


def written(price: int, places: int) -> Price:
    """The same number, written with other zeros: venues do not always send a price the same way."""
    return Price(Decimal(price).scaleb(places).scaleb(-places) if places else Decimal(price))


def some(prices: st.SearchStrategy[int]) -> st.SearchStrategy[list[Level]]:
    one = st.tuples(st.builds(written, prices, st.integers(0, 2)), st.integers(0, 3).map(Decimal).map(Quantity))
    return st.lists(one, max_size=4, unique_by=lambda each: each[0])


BIDS = some(st.integers(97, 101))
ASKS = some(st.integers(100, 104))


class BookAgainstDicts(RuleBasedStateMachine):
    """Random snapshots, deltas and gaps; what can be read is what the dictionaries hold."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book("here", "BTC-PERP")
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.good = False
        self.sequence = 0

    @rule(bids=BIDS, asks=ASKS)
    def snapshot(self, bids: list[Level], asks: list[Level]) -> None:
        self.sequence += 1
        self.book.snapshot(bids, asks, self.sequence)
        self.bids = {price: size for price, size in bids if size}
        self.asks = {price: size for price, size in asks if size}
        self.good = self._has_a_price()

    @rule(bids=BIDS, asks=ASKS)
    def delta(self, bids: list[Level], asks: list[Level]) -> None:
        self.book.apply(bids, asks, self.sequence + 1)
        if not self.good:
            return
        self.sequence += 1
        for side, changes in ((self.bids, bids), (self.asks, asks)):
            side.update(dict(changes))
            for price in [each for each, size in side.items() if not size]:
                del side[price]
        self.good = self._has_a_price()

    @rule()
    def gap(self) -> None:
        self.book.invalidate("a number is missing")
        self.good = False

    def _has_a_price(self) -> bool:
        return bool(self.bids and self.asks) and max(self.bids) < min(self.asks)

    @invariant()
    def it_is_valid_when_it_has_a_price(self) -> None:
        assert self.book.valid == self.good == (self.book.reason is None)
        assert self.book.sequence == self.sequence

    @invariant()
    def it_reads_as_the_dictionaries_do_or_not_at_all(self) -> None:
        reads = (self.book.best_bid, self.book.best_ask, self.book.bids, self.book.asks)
        if not self.good:
            for read in reads:
                with pytest.raises(BookInvalidError, match="here has no price"):
                    read()
            return
        assert self.book.bids() == sorted(self.bids.items(), reverse=True)
        assert self.book.asks() == sorted(self.asks.items())
        assert self.book.best_bid() == self.book.bids()[0]
        assert self.book.best_ask() == self.book.asks(1)[0]
        assert self.book.best_bid()[0] < self.book.best_ask()[0]
        assert self.book.bids(2) == self.book.bids()[:2]


TestBookAgainstDicts = BookAgainstDicts.TestCase
TestBookAgainstDicts.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)


@pytest.mark.full
def test_many_more_histories_of_a_book() -> None:
    run_state_machine_as_test(
        BookAgainstDicts, settings=settings(deadline=None, max_examples=3_000, stateful_step_count=30)
    )


# -- what makes a book unreadable ------------------------------------------------------------------------------------


def good_book() -> Book:
    book = Book("here", "BTC-PERP")
    book.snapshot(levels((99, 1), (98, 2)), levels((101, 1), (102, 2)), 7)
    return book


def test_a_new_book_has_no_price_and_says_so() -> None:
    with pytest.raises(BookInvalidError, match="the BTC-PERP book of here has no price: no snapshot yet"):
        Book("here", "BTC-PERP").best_bid()


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ([(99, 0), (98, 0)], [], "one side is empty"),
        ([], [(101, 0), (102, 0)], "one side is empty"),
        ([(101, 1)], [], "crossed"),
        ([(103, 1)], [], "crossed"),
        ([], [(98, 1)], "crossed"),
    ],
)
def test_a_delta_that_empties_or_crosses_the_book_takes_the_price_away(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], reason: str
) -> None:
    book = good_book()
    book.apply(levels(*bids), levels(*asks), 8)
    assert (book.valid, book.reason) == (False, reason)
    book.apply(levels((97, 1)), levels((105, 1)), 9)
    assert not book.valid, "only a snapshot makes it true again"
    book.snapshot(levels((99, 1)), levels((101, 1)), 10)
    assert book.valid


def test_a_gap_is_forgotten_with_the_next_snapshot_and_not_before() -> None:
    book = good_book()
    book.invalidate("gap")
    book.apply(levels((99, 5)), [], 8)
    assert not book.valid
    assert book.raw_levels()[0].levels() == levels((99, 1), (98, 2)), "what it held can still be looked at"
    book.snapshot(levels((99, 5)), levels((101, 1)), 9)
    assert book.best_bid() == level(99, 5)


def test_one_price_written_in_two_ways_is_one_level() -> None:
    book = good_book()
    book.apply(levels(("99.00", 3)), levels(("101.0", 0)), 8)
    assert book.bids() == levels((99, 3), (98, 2))
    assert book.best_ask() == level(102, 2)


@pytest.mark.parametrize("side", Side)
def test_a_price_longer_than_any_calculation_is_still_found(side: Side) -> None:
    long = "1." + "0" * 38 + "1"
    ladder = Ladder(side)
    ladder.replace(levels((long, 1)))
    assert ladder.best() == level(long, 1)
    ladder.update(levels((long, 0)))
    assert len(ladder) == 0


# -- walking ---------------------------------------------------------------------------------------------------------


def test_walking_takes_the_best_first_and_a_part_of_the_last() -> None:
    walked = walk(levels((100, 1), (101, 2), (103, 5)), Decimal("2.5"))
    assert walked is not None
    assert (walked.quantity, walked.notional, walked.worst) == (Decimal("2.5"), Decimal("251.5"), Decimal(101))
    assert walked.average == Decimal("100.6")


def test_walking_stops_where_the_quantity_is_whole() -> None:
    walked = walk(levels((100, 1), (101, 2)), Decimal(1))
    assert walked is not None
    assert walked.worst == 100


def test_walking_an_empty_side_gives_nothing() -> None:
    assert walk([], Decimal(1)) is None


def test_walking_beyond_the_book_says_how_much_there_was() -> None:
    walked = walk(levels((100, 1), (101, 2)), Decimal(50))
    assert walked is not None
    assert walked.quantity == 3
    assert walked.worst == 101


@given(
    sizes=st.lists(st.decimals("0.1", 5, places=1), min_size=1, max_size=6),
    quantity=st.decimals("0.1", 40, places=1),
)
@relaxed
def test_walking_is_exact_and_never_better_than_the_best_price(sizes: list[Decimal], quantity: Decimal) -> None:
    asks = [level(str(100 + index), str(size)) for index, size in enumerate(sizes)]
    walked = walk(asks, quantity)
    assert walked is not None
    coins = [(price, Decimal("0.1")) for price, size in asks for _ in range(int(size * 10))]
    taken = coins[: int(quantity * 10)]
    assert walked.quantity == sum(size for _, size in taken)
    assert walked.notional == sum(price * size for price, size in taken)
    assert walked.worst == taken[-1][0]
    assert asks[0][0] * walked.quantity <= walked.notional <= walked.worst * walked.quantity


# -- quotes ----------------------------------------------------------------------------------------------------------


def test_a_quote_knows_its_middle_and_its_age() -> None:
    bid, ask = level("100.1", 1), level("100.2", 2)
    quote = Quote("here", "BTC-PERP", *bid, *ask, venue_time_ns=5, received_ns=1_000)
    assert quote.mid == Decimal("100.15")
    assert quote.age_ns(1_500) == 500


def test_a_book_tells_its_price_or_why_it_has_none() -> None:
    book = Book("okx", "BTC-PERP")
    assert repr(book) == "Book(okx BTC-PERP at 0, invalid: no snapshot yet)"
    book.snapshot(levels(("99.5", 1)), levels((101, 2)), 7)
    assert repr(book) == "Book(okx BTC-PERP at 7, 99.5 / 101)"

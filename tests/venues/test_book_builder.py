"""A book is built from a venue's events, says when it has lost its price, and finds it again by a snapshot."""

import zlib
from decimal import Decimal

import pytest
from venue_cases import venue, with_bitcoin

from perpbot.model.book import BookInvalidError, Level
from perpbot.model.events import BookDelta, BookReset, BookSnapshot
from perpbot.model.money import Price, Quantity
from perpbot.venues.book_builder import KEPT_DELTAS, BookBuilder, Taken


def levels(*pairs: tuple[str, str]) -> list[Level]:
    return [(Price(Decimal(price)), Quantity(Decimal(size))) for price, size in pairs]


BIDS = levels(("99", "1"), ("98", "2"))
ASKS = levels(("101", "3"), ("102", "4"))


def snapshot(sequence: int, checksum: int | None = None) -> BookSnapshot:
    return BookSnapshot("BTC-PERP", BIDS, ASKS, sequence, 0, checksum)


def delta(previous: int, last: int, *, first: int | None = None, size: str = "5", price: str = "99") -> BookDelta:
    start = last if first is None else first
    return BookDelta("BTC-PERP", levels((price, size)), [], start, previous, last, 0)


def best_bid(built: BookBuilder) -> str:
    price, size = built.book.best_bid()
    return f"{price} x {size}"


def builder(name: str) -> BookBuilder:
    return BookBuilder(with_bitcoin(venue(name), contract_size=Decimal(1)), "BTC-PERP")


# -- a venue that sends snapshots in the stream ------------------------------------------------------------------


def test_a_new_book_has_no_price() -> None:
    book = builder("okx").book
    assert not book.valid
    with pytest.raises(BookInvalidError, match="no snapshot yet"):
        book.best_bid()


def test_deltas_follow_a_snapshot() -> None:
    built = builder("okx")
    assert built.take(snapshot(10)) is Taken.APPLIED
    assert built.take(delta(10, 12)) is Taken.APPLIED
    assert best_bid(built) == "99 x 5"
    assert built.book.sequence == 12


def test_a_missing_delta_takes_the_price_away_until_the_next_snapshot() -> None:
    built = builder("okx")
    built.take(snapshot(10))
    assert built.take(delta(11, 12)) is Taken.BROKEN
    assert not built.book.valid
    assert built.book.reason == "gap: 12 follows 11, but the book is at 10"
    assert built.take(delta(12, 13)) is Taken.IGNORED
    assert built.take(snapshot(20)) is Taken.APPLIED
    assert best_bid(built) == "99 x 1"


def test_a_delta_before_the_first_snapshot_of_the_stream_means_nothing() -> None:
    built = builder("okx")
    assert built.take(delta(9, 10)) is Taken.IGNORED
    assert built.waiting == 0


def test_the_heartbeat_of_a_quiet_book_changes_nothing() -> None:
    built = builder("okx")
    built.take(snapshot(10))
    assert built.take(BookDelta("BTC-PERP", [], [], 10, 10, 10, 0)) is Taken.APPLIED
    assert built.take(delta(10, 11)) is Taken.APPLIED


def test_numbers_that_begin_anew_after_maintenance_are_followed() -> None:
    built = builder("okx")
    built.take(snapshot(1000))
    assert built.take(delta(1000, 3)) is Taken.APPLIED
    assert built.take(delta(3, 5)) is Taken.APPLIED


def test_a_crossed_book_has_no_price_and_asks_for_a_snapshot() -> None:
    built = builder("okx")
    built.take(snapshot(10))
    assert built.take(delta(10, 11, price="101.5")) is Taken.BROKEN
    assert built.book.reason == "crossed"


def test_a_book_with_an_empty_side_has_no_price() -> None:
    built = builder("okx")
    assert built.take(BookSnapshot("BTC-PERP", BIDS, [], 10, 0)) is Taken.BROKEN
    assert built.book.reason == "one side is empty"


def test_a_reset_takes_the_price_away() -> None:
    built = builder("okx")
    built.take(snapshot(10))
    assert built.take(BookReset("BTC-PERP", "numbering starts anew")) is Taken.BROKEN
    assert built.book.reason == "numbering starts anew"


def test_a_checksum_that_holds_confirms_the_book_and_one_that_does_not_takes_its_price() -> None:
    right = zlib.crc32(b"99:1:101:3:98:2:102:4")
    signed = right - 2**32 if right >= 2**31 else right
    assert builder("okx").take(snapshot(10, signed)) is Taken.APPLIED
    wrong = builder("okx")
    assert wrong.take(snapshot(10, signed + 1)) is Taken.BROKEN
    assert wrong.book.reason == f"the checksum is not {signed + 1}"


# -- a venue whose snapshots come by REST ------------------------------------------------------------------------


def test_deltas_wait_for_the_snapshot_and_those_it_covers_are_dropped() -> None:
    built = builder("aster")
    for previous, last in ((80, 90), (90, 100), (100, 110)):
        assert built.take(delta(previous, last, first=previous + 1, size=str(last))) is Taken.KEPT
    assert built.take(snapshot(95)) is Taken.APPLIED
    assert built.book.sequence == 110
    assert best_bid(built) == "99 x 110"
    assert built.waiting == 0


def test_the_snapshot_may_carry_the_number_of_a_delta() -> None:
    built = builder("aster")
    built.take(delta(90, 100, first=91))
    assert built.take(snapshot(100)) is Taken.APPLIED
    assert built.take(delta(100, 105, first=101)) is Taken.APPLIED


def test_a_snapshot_too_old_for_the_waiting_deltas_is_not_enough_but_a_later_one_is() -> None:
    built = builder("aster")
    built.take(delta(100, 110, first=101))
    built.take(delta(110, 120, first=111))
    assert built.take(snapshot(95)) is Taken.BROKEN
    assert built.waiting == 2
    assert built.take(snapshot(105)) is Taken.APPLIED
    assert built.book.sequence == 120


def test_after_a_gap_deltas_wait_again() -> None:
    built = builder("aster")
    built.take(snapshot(100))
    assert built.take(delta(105, 110, first=106)) is Taken.BROKEN
    assert built.take(delta(110, 115, first=111)) is Taken.KEPT
    assert built.take(snapshot(107)) is Taken.APPLIED
    assert built.book.sequence == 115


def test_an_old_delta_is_ignored() -> None:
    built = builder("aster")
    built.take(snapshot(100))
    assert built.take(delta(90, 99, first=91)) is Taken.IGNORED
    assert built.book.valid


def test_a_second_snapshot_older_than_the_book_is_ignored() -> None:
    built = builder("aster")
    built.take(snapshot(100))
    built.take(delta(100, 110, first=101))
    assert built.take(snapshot(105)) is Taken.IGNORED
    assert built.book.sequence == 110


def test_only_so_many_deltas_wait() -> None:
    built = builder("aster")
    for last in range(1, KEPT_DELTAS + 10):
        built.take(delta(last - 1, last))
    assert built.waiting == KEPT_DELTAS


def test_a_lost_connection_takes_the_price_and_the_waiting_deltas() -> None:
    built = builder("aster")
    built.take(delta(90, 100))
    built.lose("disconnected")
    assert built.waiting == 0
    assert built.book.reason == "disconnected"


# -- a venue whose every frame is a snapshot ---------------------------------------------------------------------


def test_every_frame_of_a_venue_without_numbers_replaces_the_book() -> None:
    built = builder("hyperliquid")
    assert built.take(snapshot(0)) is Taken.APPLIED
    assert built.take(BookSnapshot("BTC-PERP", BIDS[1:], ASKS, 0, 0)) is Taken.APPLIED
    assert best_bid(built) == "98 x 2"

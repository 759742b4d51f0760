"""An order book under changes, as venues send them: most change a size, some add a level and take one away."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from perpbot.bench.measured import Measured, each_us
from perpbot.bench.scenario import Scenario
from perpbot.chance import Chance, Random
from perpbot.model.book import Book, Level
from perpbot.model.money import ZERO, Price, Quantity

MIDDLE = 1_000_000
CHANGES = 2_000
A_SIDE = 5
"""Levels on each side that one delta changes."""
REMOVED = 0.2
DEPTH = 10
GONE = Quantity(ZERO)
CHANGE_US, READ_US = 100.0, 50.0
"""Ten venues that send each of five hundred books twice a second leave nine tenths of a processor alone."""
Delta = tuple[list[Level], list[Level]]


def books(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure the change of a book, a whole picture of it, and what is read for each quote."""
    chance = Chance(1).stream("books")
    while True:
        yield _round(chance, scenario.levels)


def _round(chance: Random, levels: int) -> list[Measured]:
    book, plain = Book("bench", "BTC-PERP"), (dict[Price, Quantity](), dict[Price, Quantity]())
    bids, asks = _side(-1, levels), _side(1, levels)
    book.snapshot(bids, asks, 1)
    deltas, sequence = [_delta(chance, levels) for _ in range(CHANGES)], count(2)
    ours, theirs = iter(deltas), iter(deltas)
    change_us = each_us(lambda: book.apply(*next(ours), next(sequence)), CHANGES)
    yardstick_us = each_us(lambda: _keep(plain, next(theirs)), CHANGES)
    whole_us = each_us(lambda: book.snapshot(bids, asks, next(sequence)), CHANGES // 10)
    read_us = each_us(lambda: (book.bids(DEPTH), book.asks(DEPTH)), CHANGES)
    if not book.valid:
        raise RuntimeError(f"the book lost its price: {book.reason}")
    deep = f"{levels} levels a side"
    return [
        Measured(
            "change of a book", change_us, "µs", CHANGE_US, detail=f"{2 * A_SIDE} levels of it, {deep}",
            ratio=change_us / yardstick_us, ratio_to="plain dicts",
        ),
        Measured("whole picture", whole_us, "µs", detail=deep),
        Measured(f"best {DEPTH} of both sides", read_us, "µs", READ_US),
    ]  # fmt: skip


def _side(sign: int, levels: int) -> list[Level]:
    return [(_price(sign * step), Quantity(Decimal(step))) for step in range(1, levels + 1)]


def _price(away: int) -> Price:
    return Price(Decimal(MIDDLE + away).scaleb(-2))


def _delta(chance: Random, levels: int) -> Delta:
    return _changes(chance, -1, levels), _changes(chance, 1, levels)


def _changes(chance: Random, sign: int, levels: int) -> list[Level]:
    """Some sizes; the best level stays, so that the book keeps its price."""
    steps = [min(levels, 2 + int(chance.expovariate(1 / A_SIDE))) for _ in range(A_SIDE)]
    return [(_price(sign * step), GONE if chance.random() < REMOVED else Quantity(Decimal(step))) for step in steps]


def _keep(sides: tuple[dict[Price, Quantity], dict[Price, Quantity]], delta: Delta) -> None:
    """The least that can be done with a delta: the yardstick."""
    for side, levels in zip(sides, delta, strict=True):
        for price, size in levels:
            if size:
                side[price] = size
            else:
                side.pop(price, None)

"""One quote against the other venues: what the scanner of a symbol does each time something moves."""

from collections.abc import Iterator
from decimal import Decimal

from perpbot.bench.house import instrument
from perpbot.bench.measured import Measured, each_us, quantile
from perpbot.bench.scenario import Scenario
from perpbot.clock import NS_PER_SECOND, monotonic_ns, wall_ns
from perpbot.model.book import Book, Level
from perpbot.model.money import Price, Quantity
from perpbot.model.quote import Quote
from perpbot.scanning.board import Board
from perpbot.scanning.edge import Market, Terms

SYMBOL = "BTC-PERP"
VENUES = tuple("abcdefghi")
TERMS = Terms(
    min_profit=Decimal("0.001"), slippage=Decimal("0.0002"), holding_s=Decimal(600), max_notional=Decimal(1_000),
    min_notional=Decimal(20), profit_weight=Decimal("0.4"), liquidity_weight=Decimal("0.3"),
    reliability_weight=Decimal("0.3"),
)  # fmt: skip
SCANS, SINGLE = 2_000, 500
SCAN_MS = 30.0
"""PRF-1."""
AGE_NS = 3_600 * NS_PER_SECOND
LOWER, HIGHER = Decimal(100), Decimal(101)


def scanner(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure a quote that nothing comes of, as almost all are, and one that is worth a trade."""
    while True:
        yield _round(scenario.levels)


def _round(levels: int) -> list[Measured]:
    board = Board(TERMS, AGE_NS)
    for venue in VENUES:
        board.set(_market(venue, LOWER, levels))
    nothing_us = each_us(lambda: board.edges(VENUES[0], monotonic_ns()), SCANS)
    board.set(_market(VENUES[-1], HIGHER, levels))
    if not board.edges(VENUES[0], monotonic_ns()):
        raise RuntimeError("there is no edge where there should be one")
    found_us = [each_us(lambda: board.edges(VENUES[0], monotonic_ns()), 1) for _ in range(SINGLE)]
    sum_us = each_us(lambda: LOWER * HIGHER + LOWER, 100 * SCANS)
    others = f"{len(VENUES) - 1} other venues, both ways"
    return [
        Measured(
            "a quote, nothing there", nothing_us, "µs", detail=others,
            ratio=nothing_us / sum_us, ratio_to="a sum in Decimal",
        ),
        Measured("an edge found, p50", quantile(found_us, 0.5), "µs", detail=others),
        Measured("an edge found, p99", quantile(found_us, 0.99) / 1e3, "ms", SCAN_MS),
    ]  # fmt: skip


def _market(venue: str, price: Decimal, levels: int) -> Market:
    book = Book(venue, SYMBOL)
    book.snapshot(_side(price, -1, levels), _side(price, 1, levels), 1)
    quote = Quote(venue, SYMBOL, *book.best_bid(), *book.best_ask(), wall_ns(), monotonic_ns())
    return Market(instrument=instrument(venue, SYMBOL), quote=quote, book=book)


def _side(price: Decimal, sign: int, levels: int) -> list[Level]:
    size = Quantity(Decimal(1))
    return [(Price(price + sign * Decimal(step).scaleb(-2)), size) for step in range(1, levels + 1)]

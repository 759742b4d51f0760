"""Markets of two or three venues, made by hand or drawn."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from perpbot.model.book import Book, Level
from perpbot.model.instrument import Instrument
from perpbot.model.money import Price, Quantity, Rate
from perpbot.model.quote import Quote
from perpbot.scanning.edge import Market, Terms

SECOND = 1_000_000_000
NOW = 1_000 * SECOND


def d(value: str | int) -> Decimal:
    return Decimal(value)


def instrument(venue: str, **changes: Any) -> Instrument:
    """A coin at `venue` with a fee of 0.05 %."""
    usual: dict[str, Any] = {
        "venue": venue,
        "symbol": "BTC-PERP",
        "native": "BTC",
        "base": "BTC",
        "quote": "USDT",
        "tick": d("0.01"),
        "lot": d("0.01"),
        "min_quantity": d("0.01"),
        "taker_fee": d("0.0005"),
    }
    return Instrument(**{**usual, **changes})


def levels(*pairs: tuple[str | int, str | int]) -> list[Level]:
    return [(Price(d(price)), Quantity(d(size))) for price, size in pairs]


def book_of(venue: str, bids: list[Level], asks: list[Level]) -> Book:
    book = Book(venue, "BTC-PERP")
    book.snapshot(bids, asks, 1)
    return book


def quote_of(book: Book, received_ns: int = NOW) -> Quote:
    return Quote(book.venue, book.symbol, *book.best_bid(), *book.best_ask(), NOW, received_ns)


def market(
    venue: str,
    bids: list[Level],
    asks: list[Level],
    *,
    received_ns: int = NOW,
    funding: Rate | None = None,
    reliability: Decimal = Decimal(1),
    worth: Decimal = Decimal(1),
    **grid: Any,
) -> Market:
    """What `venue` shows, quote and book alike."""
    book = book_of(venue, bids, asks)
    return Market(
        instrument=instrument(venue, **grid),
        quote=quote_of(book, received_ns),
        book=book,
        funding=funding,
        reliability=reliability,
        worth=worth,
    )


def around(venue: str, price: str | int, *, spread: str = "0.02", size: str | int = 100, **more: Any) -> Market:
    """A market with one level on each side of `price`."""
    half = d(spread) / 2
    bid, ask = d(price) - half, d(price) + half
    return market(venue, levels((str(bid), size)), levels((str(ask), size)), **more)


def terms(**changes: Any) -> Terms:
    usual: dict[str, Any] = {
        "min_profit": d("0.002"),
        "slippage": d("0.0002"),
        "holding_s": d(600),
        "max_notional": d(1_000),
        "min_notional": d(20),
        "profit_weight": d("0.4"),
        "liquidity_weight": d("0.3"),
        "reliability_weight": d("0.3"),
    }
    return Terms(**{**usual, **changes})


# -- drawn -----------------------------------------------------------------------------------------------------------

FEES = st.sampled_from([d("-0.0001"), d(0), d("0.0002"), d("0.0005"), d("0.002")])
LOTS = st.sampled_from([d("0.001"), d("0.003"), d("0.01"), d("0.25"), d(1)])
RATES = st.none() | st.builds(
    Rate,
    st.integers(-1_000, 1_000).map(lambda number: Decimal(number).scaleb(-5)),
    st.sampled_from([Decimal(1), Decimal(4), Decimal(8)]),
)


def cents(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number).scaleb(-2))


def sides(best: Decimal, sign: int) -> st.SearchStrategy[list[Level]]:
    """Some levels from `best` on outwards."""
    steps = st.lists(st.tuples(cents(1, 200), cents(1, 5_000)), min_size=1, max_size=5)

    def laid_out(drawn: list[tuple[Decimal, Decimal]]) -> list[Level]:
        prices = [best]
        for step, _ in drawn[1:]:
            prices.append(prices[-1] + sign * step)
        return [(Price(price), Quantity(size)) for price, (_, size) in zip(prices, drawn, strict=True)]

    return steps.map(laid_out)


@st.composite
def markets(draw: st.DrawFn, venue: str, low: int = 90, high: int = 110) -> Market:
    """Any market with its bid between `low` and `high`; its book may be newer than its quote."""
    bid = draw(cents(low * 100, high * 100))
    ask = bid + draw(cents(1, 50))
    lot = draw(LOTS)
    shown = market(
        venue,
        draw(sides(bid, -1)),
        draw(sides(ask, 1)),
        funding=draw(RATES),
        lot=lot,
        min_quantity=lot * draw(st.integers(1, 3)),
        min_notional=draw(st.sampled_from([d(0), d(5), d(50)])),
        taker_fee=draw(FEES),
    )
    if draw(st.booleans()):
        move = draw(cents(-50, 50))
        shown.book.snapshot(draw(sides(bid + move, -1)), draw(sides(ask + move, 1)), 2)
    return shown

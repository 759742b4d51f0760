"""An account on paper: what a venue would have made of our orders, by the book that it shows."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.model.book import Book
from perpbot.model.events import Event, Funding
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, Price, Quantity, Rate, plain
from perpbot.model.order import (
    Accepted,
    Fill,
    FundingPayment,
    Liquidity,
    Order,
    OrderStatus,
    OrderUpdate,
    Refused,
    TimeInForce,
)
from perpbot.simulation.paper.account import PaperAccount
from perpbot.simulation.paper.book_keeping import PaperBooks

BTC = Instrument(
    venue="okx", symbol="BTC-PERP", native="BTC-USDT-SWAP", base="BTC", quote="USDT", tick=Decimal("0.5"),
    lot=Decimal("0.1"), min_quantity=Decimal("0.1"), maker_fee=Decimal("0.0002"), taker_fee=Decimal("0.0005"),
)  # fmt: skip
IOC, GTC, POST = TimeInForce.IOC, TimeInForce.GTC, TimeInForce.POST_ONLY
NUMBERS = iter(range(10**9))


def book(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> Book:
    made = Book("okx", "BTC-PERP")
    sides = [[(Price(Decimal(price)), Quantity(Decimal(size))) for price, size in each] for each in (bids, asks)]
    made.snapshot(sides[0], sides[1], 1)
    return made


USUAL = book([("99", "1"), ("98", "5")], [("101", "1"), ("102", "5")])


def order(side: str, quantity: str, price: str, how: TimeInForce = IOC, *, reduce_only: bool = False) -> Order:
    number = next(NUMBERS)
    return Order(
        client_id=f"c{number}", wire_id=f"w{number}", venue="okx", account="main", symbol="BTC-PERP", side=Side(side),
        quantity=Quantity(Decimal(quantity)), price=Price(Decimal(price)), time_in_force=how, reduce_only=reduce_only,
        trade_id="t", leg="buy", purpose="open",
    )  # fmt: skip


def account(shown: Book | None = USUAL) -> tuple[PaperAccount, list[Event]]:
    told: list[Event] = []
    made = PaperAccount("okx", "main", Decimal(10_000), tell=told.append)
    if shown is not None:
        made.moved(shown, None, 1)
    return made, told


def fills(told: Sequence[Event]) -> list[tuple[str, str]]:
    return [(plain(each.price), plain(each.quantity)) for each in told if isinstance(each, Fill)]


def last(told: Sequence[Event]) -> OrderUpdate:
    return [each for each in told if isinstance(each, OrderUpdate)][-1]


@pytest.mark.parametrize(
    ("given_order", "filled", "status"),
    [
        (order("buy", "0.5", "101"), [("101", "0.5")], OrderStatus.FILLED),
        (order("buy", "2", "102"), [("101", "1"), ("102", "1")], OrderStatus.FILLED),
        (order("buy", "2", "101"), [("101", "1")], OrderStatus.CANCELLED),
        (order("buy", "2", "100"), [], OrderStatus.CANCELLED),
        (order("sell", "3", "90"), [("99", "1"), ("98", "2")], OrderStatus.FILLED),
        (order("buy", "2", "101", GTC), [("101", "1")], OrderStatus.PARTIALLY_FILLED),
        (order("buy", "2", "100", POST), [], OrderStatus.ACCEPTED),
    ],
)
def test_orders_take_what_the_book_shows(
    given_order: Order, filled: list[tuple[str, str]], status: OrderStatus
) -> None:
    made, told = account()
    assert isinstance(made.place(given_order, BTC, 2), Accepted)
    assert fills(told) == filled
    assert last(told).status is status


@pytest.mark.parametrize(
    ("given_order", "shown", "why"),
    [
        (order("buy", "1", "101"), None, "shows no price"),
        (order("buy", "1", "101"), Book("okx", "BTC-PERP"), "shows no price"),
        (order("buy", "1", "101.3"), USUAL, "not on the grid"),
        (order("buy", "0.05", "101"), USUAL, "is not what BTC-USDT-SWAP takes"),
        (order("buy", "1", "101", POST), USUAL, "it would take"),
        (order("buy", "1", "101", reduce_only=True), USUAL, "0 can be closed"),
        (order("buy", "200", "101"), USUAL, "not enough margin"),
    ],
)
def test_what_a_venue_would_refuse_is_refused_and_changes_nothing(
    given_order: Order, shown: Book | None, why: str
) -> None:
    made, told = account(shown)
    refused = made.place(given_order, BTC, 2)
    assert isinstance(refused, Refused)
    assert why in refused.reason
    assert not told
    assert not made.held
    assert not made.waiting
    assert made.wallet == Decimal(10_000)


def test_what_was_taken_is_gone_until_the_book_changes() -> None:
    made, told = account()
    for _ in range(2):
        made.place(order("buy", "1", "101"), BTC, 2)
    assert fills(told) == [("101", "1")]
    made.moved(USUAL, None, 3)
    made.place(order("buy", "1", "101"), BTC, 4)
    assert len(fills(told)) == 2


def test_a_waiting_order_fills_at_its_own_price_when_the_other_side_comes() -> None:
    made, told = account()
    made.place(order("buy", "2", "100", POST), BTC, 2)
    made.moved(book([("99", "1")], [("100", "0.5"), ("101", "9")]), None, 3)
    assert fills(told) == [("100", "0.5")]
    made.moved(book([("98", "1")], [("99", "9")]), None, 4)
    assert fills(told) == [("100", "0.5"), ("100", "1.5")]
    assert {each.liquidity for each in told if isinstance(each, Fill)} == {Liquidity.MAKER}
    assert last(told).status is OrderStatus.FILLED


def test_a_cancelled_order_waits_no_more_and_a_second_one_of_the_same_id_is_refused() -> None:
    made, told = account()
    placed = order("buy", "2", "100", POST)
    made.place(placed, BTC, 2)
    assert made.cancel(placed.wire_id, 3)
    assert not made.cancel(placed.wire_id, 4)
    made.moved(book([("98", "1")], [("99", "9")]), None, 5)
    assert fills(told) == []
    assert isinstance(made.place(placed, BTC, 6), Refused)


def test_funding_is_paid_once_when_it_is_due() -> None:
    made, told = account()
    made.place(order("buy", "1", "101"), BTC, 2)
    before = made.wallet
    rate = Rate(Decimal("0.001"), Decimal(8))
    for now in (3, 9, 10, 11):
        due = 10 if now < 10 else 20
        made.moved(USUAL, Funding("BTC-PERP", rate, due, now), now)
    paid = [each for each in told if isinstance(each, FundingPayment)]
    assert [each.amount.amount for each in paid] == [Decimal("-0.1")]
    assert made.wallet == before - Decimal("0.1")


@given(
    st.lists(
        st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 30), st.integers(95, 105), st.booleans()),
        max_size=25,
    )
)
def test_whatever_is_done_the_wallet_is_what_the_fills_come_to(steps: list[tuple[str, int, int, bool]]) -> None:
    made, told = account()
    for number, (side, tenths, price, ioc) in enumerate(steps):
        made.place(order(side, str(Decimal(tenths) / 10), str(price), IOC if ioc else GTC), BTC, number)
        made.moved(USUAL, None, number)
    done = [each for each in told if isinstance(each, Fill)]
    cash = sum((-each.side.sign * each.quantity * each.price - each.fee.amount for each in done), ZERO)
    held = made.positions()
    quantity = sum((each.side.sign * each.quantity for each in done), ZERO)
    assert quantity == sum((each.quantity for each in held), ZERO)
    entry = held[0].entry_price if held else None
    worth = quantity * (entry or ZERO)
    assert abs(made.wallet - 10_000 - cash - worth) < Decimal("1e-15")


def test_a_restart_finds_everything_again_and_forgets_what_waited(tmp_path: Path) -> None:
    books = PaperBooks(tmp_path / "paper" / "okx.jsonl")
    first = books.account("okx", "main", Decimal(10_000))
    first.tell = books.keep
    first.moved(USUAL, None, 1)
    waiting = order("buy", "1", "97", POST)
    for each in (order("buy", "2", "102"), order("sell", "0.5", "98", reduce_only=True), waiting):
        first.place(each, BTC, 2)
    again = PaperBooks(tmp_path / "paper" / "okx.jsonl").account("okx", "main", Decimal(10_000))
    assert (again.wallet, again.positions(), list(again.fills)) == (first.wallet, first.positions(), list(first.fills))
    assert again.orders[waiting.wire_id].status is OrderStatus.CANCELLED
    assert again.currency == "USDT"

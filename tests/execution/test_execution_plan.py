"""A plan takes an edge as it was seen, with limits that leave room for a little slippage and not for a loss."""

from decimal import Decimal

import attrs
import pytest
from execution_values import BTC, d, instrument
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.execution.plan import Plan, make_plan
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.scanning.edge import Edge

FEE = d("0.0005")


def edge(
    quantity: Decimal | int = 2,
    buy: tuple[Decimal | int | str, Decimal | int | str] = (100, 100),
    sell: tuple[Decimal | int | str, Decimal | int | str] = (102, 102),
) -> Edge:
    """An edge with the mean and the worst price of each leg."""
    size = Quantity(Decimal(quantity))
    (buy_price, buy_worst), (sell_price, sell_worst) = (
        tuple(Price(Decimal(each)) for each in leg) for leg in (buy, sell)
    )
    return Edge(
        symbol=BTC,
        buy_venue="a",
        sell_venue="b",
        quantity=size,
        buy_price=buy_price,
        sell_price=sell_price,
        buy_worst=buy_worst,
        sell_worst=sell_worst,
        gross=size * (sell_price - buy_price),
        fees=2 * size * (buy_price + sell_price) * FEE,
        slippage=ZERO,
        funding=ZERO,
    )


def planned(of: Edge, slippage: str = "0.001", grid: Instrument | None = None) -> Plan:
    here, there = (grid or instrument(venue) for venue in ("a", "b"))
    return make_plan(of, here, there, trade_id="7-t1", accounts=("x", "y"), slippage=d(slippage), seen_ns=5, wall_ns=6)


def test_a_plan_is_the_edge_with_names_and_times() -> None:
    made = planned(edge())
    assert (made.trade_id, made.symbol, made.seen_ns, made.opened_at_ns) == ("7-t1", BTC, 5, 6)
    assert made.quantity == 2
    assert made.expected_net == edge().net
    assert [(leg.side, leg.venue, leg.account) for leg in made.legs] == [(Side.BUY, "a", "x"), (Side.SELL, "b", "y")]
    assert (made.leg("buy"), made.leg("sell")) == made.legs
    assert [leg.expected for leg in made.legs] == [edge().buy_price, edge().sell_price]
    assert made.notional == 2 * max(made.buy.limit, made.sell.limit)


def test_a_plan_remembers_what_the_currencies_were_worth() -> None:
    assert planned(edge()).rate == 1
    assert planned(attrs.evolve(edge(), rate=d("1.0062"))).rate == d("1.0062")


def test_limits_leave_room_for_slippage_beyond_the_worst_price() -> None:
    made = planned(edge(buy=(100, 101), sell=("104", "103")))
    assert made.buy.limit == d("101.10"), "101.101 rounded down"
    assert made.sell.limit == d("102.90"), "102.897 rounded up"


def test_the_room_is_a_quarter_of_the_profit_at_most() -> None:
    narrow = edge(sell=("100.6", "100.6"))
    assert narrow.net_fraction / 4 < d("0.001")
    made = planned(narrow)
    assert made.buy.limit == d("100.09"), "100 and a quarter of 0.3994 %, rounded down"
    assert made.sell.limit == d("100.50")


@pytest.mark.parametrize("slippage", ["0", "0.000001"])
def test_rounding_never_moves_a_limit_before_the_worst_price(slippage: str) -> None:
    made = planned(edge(buy=(100, "100.05"), sell=("102", "101.95")), slippage, instrument("a", tick=d("0.5")))
    assert (made.buy.limit, made.sell.limit) == (d("100.05"), d("101.95"))


CENTS = st.integers(9_000, 11_000).map(lambda number: Decimal(number).scaleb(-2))


@given(bought=CENTS, sold=CENTS, quantity=st.integers(1, 50), slippage=st.sampled_from(["0", "0.0002", "0.01"]))
@settings(deadline=None, max_examples=200)
def test_where_the_book_is_flat_two_bad_fills_still_earn_something(
    bought: Decimal, sold: Decimal, quantity: int, slippage: str
) -> None:
    found = edge(quantity, (bought, bought), (sold, sold))
    if found.net <= 0:
        return
    made = planned(found, slippage)
    assert bought <= made.buy.limit <= bought * (1 + d(slippage))
    assert sold >= made.sell.limit >= sold * (1 - d(slippage))
    lost = quantity * (made.buy.limit - bought + sold - made.sell.limit)
    assert lost < found.net

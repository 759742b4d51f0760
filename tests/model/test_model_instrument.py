"""A venue's grid: prices and quantities it takes, rounded to the side that does no harm."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_values import ALL, AMOUNTS, CONTRACTS, FIGURES, KILO, ODD, PLAIN, PRICES, instrument

from perpbot.model.instrument import Instrument, InstrumentTable, Side, canonical_symbol, one_each
from perpbot.model.money import plain

relaxed = settings(deadline=None, max_examples=60)
every_grid = pytest.mark.parametrize("grid", ALL.values(), ids=list(ALL))


# -- prices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "outward", "rounded"),
    [(Side.BUY, True, "100.2"), (Side.SELL, True, "100.1"), (Side.BUY, False, "100.1"), (Side.SELL, False, "100.2")],
)
def test_a_hedge_is_rounded_outward_and_a_maker_inward(side: Side, *, outward: bool, rounded: str) -> None:
    assert PLAIN.round_price(Decimal("100.14"), side, outward=outward) == Decimal(rounded)


@every_grid
@given(price=PRICES, side=st.sampled_from(Side), outward=st.booleans())
@relaxed
def test_a_rounded_price_is_on_the_grid_at_the_side_that_was_asked_for(
    grid: Instrument, *, price: Decimal, side: Side, outward: bool
) -> None:
    rounded = grid.round_price(price, side, outward=outward)
    assert rounded >= price if (side is Side.BUY) == outward else rounded <= price
    assert grid.round_price(rounded, side, outward=outward) == rounded
    assert rounded % grid.tick == 0
    assert rounded == 0 or grid.on_grid(rounded)


@every_grid
@given(price=PRICES)
@relaxed
def test_a_price_lies_between_its_neighbours_on_the_grid(grid: Instrument, price: Decimal) -> None:
    low = grid.round_price(price, Side.SELL, outward=True)
    high = grid.round_price(price, Side.BUY, outward=True)
    assert low <= price <= high
    assert (low == high) == (low == price)
    assert high - low <= max(grid.tick, price / 10_000)


@pytest.mark.parametrize(
    ("price", "down", "up"),
    [
        ("12345.6", "12345", "12346"),
        ("1234567.8", "1234567", "1234568"),
        ("123.456", "123.4", "123.5"),
        ("99999.5", "99999", "100000"),
        ("65000", "65000", "65000"),
    ],
)
def test_five_figures_or_a_whole_number(price: str, down: str, up: str) -> None:
    assert FIGURES.round_price(Decimal(price), Side.SELL, outward=True) == Decimal(down)
    assert FIGURES.round_price(Decimal(price), Side.BUY, outward=True) == Decimal(up)


@given(price=PRICES, side=st.sampled_from(Side), outward=st.booleans())
@relaxed
def test_the_figures_of_a_k_coin_are_counted_on_the_wire(*, price: Decimal, side: Side, outward: bool) -> None:
    wire = plain(KILO.wire_price(KILO.round_price(price, side, outward=outward)))
    whole, _, decimals = wire.partition(".")
    assert not decimals or len((whole + decimals).lstrip("0")) <= 5
    assert len(decimals) <= 6


def test_a_price_of_nothing_or_less_is_on_no_grid() -> None:
    assert not PLAIN.on_grid(Decimal(0))
    assert not PLAIN.on_grid(Decimal(-1))


def test_a_price_between_two_ticks_is_not_on_the_grid() -> None:
    assert PLAIN.on_grid(Decimal("100.1"))
    assert not PLAIN.on_grid(Decimal("100.15"))
    assert not FIGURES.on_grid(Decimal("12345.6"))


# -- quantities ------------------------------------------------------------------------------------------------------


@every_grid
@given(quantity=AMOUNTS)
@relaxed
def test_a_quantity_is_rounded_down_to_whole_lots(grid: Instrument, quantity: Decimal) -> None:
    rounded = grid.round_quantity(quantity)
    assert rounded <= quantity < rounded + grid.lot
    assert rounded % grid.lot == 0


@every_grid
@given(price=PRICES)
@relaxed
def test_the_smallest_order_is_taken_and_a_lot_less_is_not(grid: Instrument, price: Decimal) -> None:
    smallest = grid.smallest_order(price)
    assert smallest * price >= grid.min_notional
    assert smallest >= grid.min_quantity
    assert grid.accepts(smallest, price)
    assert grid.accepts(smallest + grid.lot, price)
    assert not grid.accepts(smallest - grid.lot, price)
    assert not grid.accepts(smallest + grid.lot / 2, price)


def test_a_smallest_size_between_two_lots_means_the_next_lot() -> None:
    assert ODD.smallest_order(Decimal(100)) == Decimal("0.006")


def test_a_smallest_notional_means_more_coins_at_a_lower_price() -> None:
    assert FIGURES.smallest_order(Decimal(100_000)) == Decimal("0.0001")
    assert FIGURES.smallest_order(Decimal(99_999)) == Decimal("0.00011")


# -- the wire --------------------------------------------------------------------------------------------------------


@every_grid
@given(lots=st.integers(0, 10**9), price=PRICES)
@relaxed
def test_what_goes_over_the_wire_comes_back_as_it_was(grid: Instrument, lots: int, price: Decimal) -> None:
    quantity = lots * grid.lot
    rounded = grid.round_price(price, Side.BUY, outward=True)
    assert grid.quantity(grid.wire_size(quantity)) == quantity
    assert grid.price(grid.wire_price(rounded)) == rounded
    assert grid.quantity(Decimal(plain(grid.wire_size(quantity)))) == quantity
    assert grid.price(Decimal(plain(grid.wire_price(rounded)))) == rounded


def test_a_contract_is_not_a_coin() -> None:
    assert CONTRACTS.wire_size(Decimal("0.05")) == 5
    assert CONTRACTS.quantity(Decimal(5)) == Decimal("0.05")
    assert CONTRACTS.price(Decimal(65_000)) == 65_000


def test_a_k_coin_is_a_thousand_coins_at_a_thousandth_of_the_price() -> None:
    assert KILO.quantity(Decimal(3)) == 3_000
    assert KILO.wire_size(Decimal(3_000)) == 3
    assert KILO.price(Decimal("0.012345")) == Decimal("0.000012345")
    assert KILO.wire_price(Decimal("0.000012345")) == Decimal("0.012345")
    wire_value = Decimal(3) * Decimal("0.012345")
    assert KILO.quantity(Decimal(3)) * KILO.price(Decimal("0.012345")) == wire_value


# -- names -----------------------------------------------------------------------------------------------------------


def test_sides() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)


def test_instruments_are_found_by_both_names_and_listed_in_one_order() -> None:
    eth = instrument(symbol=canonical_symbol("ETH"), native="ETH-SWAP")
    table = InstrumentTable([eth, PLAIN])
    assert table.native("ETH-SWAP") is table.symbol("ETH-PERP") is eth
    assert table.native("ETH-PERP") is None
    assert table.symbol("SOL-PERP") is None
    assert list(table) == list(InstrumentTable([PLAIN, eth])) == [PLAIN, eth]
    assert len(table) == 2


def test_of_one_coin_against_several_dollars_one_is_traded_and_stays_so_while_it_is_not_listed() -> None:
    usdc, usdt = (instrument(native=f"BTC-{quote}-SWAP", quote=quote) for quote in ("USDC", "USDT"))
    assert one_each([usdc, KILO, usdt]) == [KILO, usdt]
    assert one_each([usdc]) == [usdc]
    assert one_each([usdc, usdt], before=[usdc]) == [usdc]
    assert one_each([usdc], before=[usdt]) == []


def test_of_one_coin_by_the_piece_and_by_the_thousand_the_piece_is_traded() -> None:
    thousands = instrument(native="1000BTC", price_unit=Decimal(1000))
    assert one_each([thousands, PLAIN]) == [PLAIN]

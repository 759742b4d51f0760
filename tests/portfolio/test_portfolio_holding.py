"""Fills add up, in whatever order and grouping they come; what is flat has no price, only cash."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Money, Price, Quantity
from perpbot.model.order import Fill, Liquidity
from perpbot.portfolio.holding import Holding, total

relaxed = settings(deadline=None, max_examples=60)


def fill(
    side: Side, quantity: Decimal | int, price: Decimal | int, fee: Decimal | int = 0, fee_coin: str = "USDT"
) -> Fill:
    return Fill(
        venue="here",
        account="main",
        symbol="BTC-PERP",
        trade_ref="1",
        client_id="1",
        venue_order_id="1",
        side=side,
        price=Price(Decimal(price)),
        quantity=Quantity(Decimal(quantity)),
        fee=Money(Decimal(fee), fee_coin),
        liquidity=Liquidity.TAKER,
        time_ns=1,
        quote="USDT",
    )


def scaled(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number).scaleb(-places))


SIZES = scaled(1, 10**9, 6)
PRICES = scaled(1, 10**9, 4)
FEES = scaled(-(10**6), 10**7, 8)
COINS = ("USDT", "BNB", "USDC")
FILLS = st.lists(st.builds(fill, st.sampled_from(Side), SIZES, PRICES, FEES, st.sampled_from(COINS)), max_size=12)


def by_hand(fills: Sequence[Fill]) -> Holding:
    """The same sums in whole millionths and trillionths, where nothing can be rounded."""
    quantity = cash = volume = 0
    fees = dict.fromkeys(COINS, 0)
    for each in fills:
        size, price = int(each.quantity * 10**6), int(each.price * 10**4)
        quantity += each.side.sign * size
        cash -= each.side.sign * size * price
        volume += size * price
        fees[each.fee.currency] += int(each.fee.amount * 10**8)
    quoted = fees.pop("USDT")
    return Holding(
        quantity=Quantity(Decimal(quantity).scaleb(-6)),
        cash=Decimal(cash).scaleb(-10),
        fees=Decimal(quoted).scaleb(-8),
        volume=Decimal(volume).scaleb(-10),
        other_fees={coin: Decimal(fee).scaleb(-8) for coin, fee in fees.items() if fee},
    )


@given(fills=FILLS)
@relaxed
def test_fills_add_up_to_the_last_digit(fills: list[Fill]) -> None:
    assert total(fills) == by_hand(fills)


@pytest.mark.full
@given(fills=FILLS)
@settings(deadline=None, max_examples=10_000)
def test_ten_thousand_histories_of_fills_add_up(fills: list[Fill]) -> None:
    assert total(fills) == by_hand(fills)
    assert total(reversed(fills)) == total(fills)


@given(fills=FILLS, data=st.data())
@relaxed
def test_order_and_grouping_do_not_matter(fills: list[Fill], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(fills))
    cut = data.draw(st.integers(0, len(fills)))
    assert total(shuffled) == total(fills)
    assert total(shuffled[:cut]) + total(shuffled[cut:]) == total(fills)


@given(fills=FILLS, price=PRICES)
@relaxed
def test_a_position_that_is_closed_leaves_only_cash(fills: list[Fill], price: Decimal) -> None:
    held = total(fills)
    if held.quantity:
        side = Side.SELL if held.quantity > 0 else Side.BUY
        held = held.with_fill(fill(side, abs(held.quantity), price))
    assert held.quantity == 0
    assert held.trading(None) == held.trading(Decimal(1)) == held.cash
    assert held.cash == total(fills).trading(price), "what it was valued at is what it brought"


@given(quantity=SIZES, bought=PRICES, sold=PRICES, fee=FEES)
@relaxed
def test_a_round_trip_earns_the_difference_less_both_fees(
    quantity: Decimal, bought: Decimal, sold: Decimal, fee: Decimal
) -> None:
    long = total([fill(Side.BUY, quantity, bought, fee), fill(Side.SELL, quantity, sold, fee)])
    short = total([fill(Side.SELL, quantity, sold, fee), fill(Side.BUY, quantity, bought, fee)])
    assert long == short
    assert long.net(None) == quantity * (sold - bought) - 2 * fee


def test_an_open_position_has_no_value_without_a_mark() -> None:
    held = total([fill(Side.BUY, 1, 100)])
    with pytest.raises(ValueError, match="no value without a mark price"):
        held.trading(None)
    assert held.trading(Decimal(90)) == -10


def test_a_short_loses_when_the_price_rises() -> None:
    held = total([fill(Side.SELL, 2, 100)])
    assert held.quantity == -2
    assert held.cash == 200
    assert held.trading(Decimal(103)) == -6


def test_a_fee_in_another_coin_is_kept_apart_by_its_currency() -> None:
    held = total([fill(Side.BUY, 1, 100, 3), fill(Side.SELL, 1, 103, Decimal("0.01"), "BNB")])
    assert (held.cash, held.fees) == (Decimal(3), Decimal(3))
    assert held.other_fees == {"BNB": Decimal("0.01")}
    assert held.net(None) == 0


def test_a_fee_is_a_cost_and_a_rebate_is_not() -> None:
    assert total([fill(Side.BUY, 1, 100, 3), fill(Side.SELL, 1, 100, -1)]).net(None) == -2


def test_funding_received_is_profit_and_funding_paid_is_not() -> None:
    held = Holding().with_funding(Decimal(5)).with_funding(Decimal(-7))
    assert held.funding == held.net(None) == -2
    assert (held + held).funding == -4


def test_nothing_is_held_of_no_fills() -> None:
    assert total([]) == Holding() == Holding() + Holding()
    assert Holding().net(None) == ZERO

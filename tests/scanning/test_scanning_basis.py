"""What quote currencies are worth in each other, and that a difference of currencies is not taken for an edge."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanning_markets import SECOND, d, levels, market, terms

from perpbot.scanning.basis import LEAST_SAMPLES, LEAST_SPAN_NS, WINDOW_NS, Basis, Mids, ratios
from perpbot.scanning.edge import find_edge

EVERY = 10 * SECOND
prices = st.decimals(min_value="0.0001", max_value="200000", places=4)


def fed(samples: list[Mids], start_ns: int = 0) -> tuple[Basis, int]:
    basis, now = Basis(["USDT", "USDC"]), start_ns
    for mids in samples:
        now += EVERY
        basis.add(mids, now)
    return basis, now


def seen(worth: str, coin: str = "60000") -> Mids:
    """A coin's mids when a USDT is worth this many USDC."""
    return {"USDT": [d(coin)], "USDC": [d(coin) * d(worth)]}


def test_the_worth_is_the_median_of_what_the_coins_say() -> None:
    basis, now = fed([seen("1.002"), seen("1.0022", "3"), seen("0.99")] * 50)
    assert basis.worth(now) == {"USDC": d(1), "USDT": d("1.002")}


@pytest.mark.parametrize(
    "samples", [[], [seen("1.002")] * (LEAST_SPAN_NS // EVERY - 1)], ids=["nothing", "not long enough"]
)
def test_until_enough_is_known_every_currency_is_worth_the_same(samples: list[Mids]) -> None:
    basis, now = fed(samples)
    assert basis.worth(now) == {"USDC": d(1), "USDT": d(1)}


def test_what_is_old_counts_no_more() -> None:
    basis, now = fed([seen("1.002")] * LEAST_SAMPLES)
    assert basis.worth(now + WINDOW_NS + SECOND) == {"USDC": d(1), "USDT": d(1)}


def test_an_edge_of_minutes_moves_it_hardly() -> None:
    basis, now = fed([seen("1.000")] * 120 + [seen("1.006")] * 40)
    assert basis.worth(now)["USDT"] == 1


def test_a_coin_that_only_one_currency_quotes_says_nothing() -> None:
    assert ratios({"USDT": [d(1)]}, "USDC") == {}
    assert ratios({"USDC": [d(1)], "USDT": []}, "USDC") == {}


@given(st.lists(prices, min_size=1, max_size=5), st.lists(prices, min_size=1, max_size=5), prices)
def test_scaling_a_coin_changes_no_ratio_and_swapping_the_currencies_inverts_it(
    one: list[Decimal], other: list[Decimal], scale: Decimal
) -> None:
    there = ratios({"A": one, "B": other}, "A")["B"]
    scaled = ratios({"A": [each * scale for each in one], "B": [each * scale for each in other]}, "A")["B"]
    back = ratios({"A": one, "B": other}, "B")["A"]
    assert abs(scaled / there - 1) < d("1e-20")
    assert abs(there * back - 1) < d("1e-20")


@given(st.lists(st.decimals(min_value="0.99", max_value="1.01", places=5), min_size=1, max_size=7))
def test_the_worth_lies_between_the_least_and_the_most_that_was_seen(worths: list[Decimal]) -> None:
    basis, now = fed([seen(str(each)) for each in (worths * LEAST_SAMPLES)[:LEAST_SAMPLES]])
    found = basis.worth(now)["USDT"]
    assert min(worths) - d("0.000001") <= found <= max(worths) + d("0.000001")


def test_a_lasting_difference_between_currencies_is_no_edge_and_one_beyond_it_is() -> None:
    bought = market("a", levels(("100.00", 10)), levels(("100.01", 10)), quote="USDC")
    sold = market("b", levels(("101.00", 10)), levels(("101.01", 10)), quote="USDT")
    rules = terms(min_profit=d("0.001"))
    assert find_edge(bought, sold, rules) is not None
    for worth, found in (("0.990", False), ("0.9985", True)):
        adjusted = market("b", levels(("101.00", 10)), levels(("101.01", 10)), quote="USDT", worth=d(worth))
        edge = find_edge(bought, adjusted, rules)
        assert (edge is not None) is found
        if edge is not None:
            assert edge.gross == edge.quantity * (d("101.00") * d(worth) - d("100.01"))
            assert (edge.sell_price, edge.rate) == (d("101.00"), d(worth))


@given(st.decimals(min_value="0.5", max_value="2", places=3))
def test_a_currency_that_is_worth_the_same_on_both_sides_changes_nothing(worth: Decimal) -> None:
    sides = ((levels(("100.00", 10)), levels(("100.01", 10))), (levels(("101.00", 10)), levels(("101.01", 10))))
    plainly = find_edge(market("a", *sides[0]), market("b", *sides[1]), terms())
    assert find_edge(market("a", *sides[0], worth=worth), market("b", *sides[1], worth=worth), terms()) == plainly

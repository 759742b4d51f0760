"""An edge is what the formula says, to the last digit, and nothing that loses money is one."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scanning_markets import around, d, instrument, levels, market, markets, terms

from perpbot.model.book import Level, walk
from perpbot.model.money import ZERO, Rate, common_step
from perpbot.scanning.edge import Edge, Market, Terms, carry, find_edge

relaxed = settings(deadline=None, max_examples=30)
CHEAP, DEAR = markets("a", 95, 102), markets("b", 99, 110)
ANY_TERMS = st.builds(
    terms,
    min_profit=st.sampled_from([d("0.00005"), d("0.002"), d("0.02")]),
    slippage=st.sampled_from([d(0), d("0.0002"), d("0.005")]),
    holding_s=st.sampled_from([d(1), d(600), d(604_800)]),
    max_notional=st.sampled_from([d(50), d(1_000), d(100_000)]),
)


def edge_of(buy: Market, sell: Market, wanted: Terms | None = None) -> Edge:
    edge = find_edge(buy, sell, wanted or terms())
    assert edge is not None
    return edge


# -- the formula -----------------------------------------------------------------------------------------------------


def test_an_edge_by_hand() -> None:
    buy = market(
        "cheap",
        levels((99, 50)),
        levels((100, 2), (101, 50)),
        funding=Rate(d("0.0008"), d(8)),
        taker_fee=d("0.0005"),
    )
    sell = market(
        "dear",
        levels((110, 3), (109, 50)),
        levels((112, 50)),
        funding=Rate(d("-0.0001"), d(1)),
        taker_fee=d("0.001"),
    )
    edge = edge_of(buy, sell, terms(max_notional=d(440), holding_s=d(7_200), slippage=d("0.0002")))
    assert edge.quantity == 4
    assert (edge.buy_price, edge.sell_price) == (d("100.5"), d("109.75"))
    assert (edge.buy_worst, edge.sell_worst) == (d(101), d(109))
    assert edge.gross == d(439) - d(402)
    assert edge.fees == 2 * (d(402) * d("0.0005") + d(439) * d("0.001"))
    assert edge.slippage == 4 * (d(1) + d(2)) / 2 + d(402) * d("0.0002")
    assert edge.funding == d(402) * (d("0.0001") + d("0.0001")) * 2
    assert edge.net == edge.gross - edge.fees - edge.slippage - edge.funding
    assert edge.net_fraction == edge.net / 402
    assert (edge.symbol, edge.buy_venue, edge.sell_venue) == ("BTC-PERP", "cheap", "dear")


def check_formula(edge: Edge, buy: Market, sell: Market, wanted: Terms) -> None:
    bought = walk(buy.book.asks(buy.depth), edge.quantity)
    sold = walk(sell.book.bids(sell.depth), edge.quantity)
    assert bought is not None
    assert sold is not None
    assert bought.quantity == sold.quantity == edge.quantity, "both books hold all of it"
    spreads = (buy.quote.ask - buy.quote.bid + sell.quote.ask - sell.quote.bid) / 2
    held = wanted.holding_s / 3_600
    costs = (
        2 * bought.notional * buy.instrument.taker_fee
        + 2 * sold.notional * sell.instrument.taker_fee
        + edge.quantity * spreads
        + bought.notional * wanted.slippage
        + bought.notional * (rate(buy) - rate(sell)) * held
    )
    assert almost(edge.net, sold.notional - bought.notional - costs)
    assert edge.net >= wanted.min_profit * bought.notional * d("0.999999")
    assert edge.net > 0


def rate(of: Market) -> Decimal:
    return ZERO if of.funding is None else of.funding.fraction / of.funding.hours


def almost(left: Decimal, right: Decimal) -> bool:
    """Equal but for the thirty-fourth digit, where a division of different order ends."""
    return abs(left - right) < d("1e-20")


def check_quantity(edge: Edge, buy: Market, sell: Market, wanted: Terms) -> None:
    assert edge.quantity % common_step(buy.instrument.lot, sell.instrument.lot) == 0
    assert buy.instrument.accepts(edge.quantity, buy.quote.bid)
    assert sell.instrument.accepts(edge.quantity, sell.quote.bid)
    assert edge.quantity * buy.book.best_ask()[0] >= wanted.min_notional
    for side in (buy.book.asks(buy.depth), sell.book.bids(sell.depth)):
        assert edge.quantity * 2 <= sum(size for _, size in side)
    assert 0 <= edge.score <= 1


def check_notional(edge: Edge, buy: Market, sell: Market, wanted: Terms) -> None:
    del buy, sell
    assert edge.quantity * edge.buy_price <= wanted.max_notional
    assert edge.quantity * edge.sell_price <= wanted.max_notional


def check_coins(edge: Edge, buy: Market, sell: Market, wanted: Terms) -> None:
    del wanted
    assert edge.buy_worst < sell.book.best_bid()[0], "every coin is bought for less than somebody bids"
    assert edge.sell_worst > buy.book.best_ask()[0]


CHECKS = [check_formula, check_quantity, check_notional, check_coins]


@pytest.mark.parametrize("check", CHECKS, ids=["formula", "quantity", "notional", "coins"])
@given(buy=CHEAP, sell=DEAR, wanted=ANY_TERMS)
@relaxed
def test_every_edge_is_its_formula_and_one_that_both_venues_take(
    check: Callable[[Edge, Market, Market, Terms], None], buy: Market, sell: Market, wanted: Terms
) -> None:
    edge = find_edge(buy, sell, wanted)
    if edge is not None:
        check(edge, buy, sell, wanted)


@pytest.mark.full
@given(buy=CHEAP, sell=DEAR, wanted=ANY_TERMS)
@settings(deadline=None, max_examples=3_000)
def test_many_more_markets(buy: Market, sell: Market, wanted: Terms) -> None:
    edge = find_edge(buy, sell, wanted)
    if edge is not None:
        for check in CHECKS:
            check(edge, buy, sell, wanted)


@given(buy=CHEAP, sell=DEAR, wanted=ANY_TERMS)
@relaxed
def test_there_is_never_an_edge_in_both_directions(buy: Market, sell: Market, wanted: Terms) -> None:
    assert find_edge(buy, sell, wanted) is None or find_edge(sell, buy, wanted) is None


# -- no edge ---------------------------------------------------------------------------------------------------------


def test_equal_prices_are_no_edge() -> None:
    assert find_edge(around("a", 100), around("b", 100), terms()) is None


def test_a_difference_the_costs_eat_is_no_edge_and_a_little_more_is_one() -> None:
    buy = market("a", levels(("99.98", 100)), levels((100, 100)))
    # fees 2 * (0.05 + ~0.05), half spreads 0.02, slippage 0.02, profit 0.2 per 100
    costs = 2 * (d(100) * d("0.0005")) + d("0.02") + d("0.02") + d("0.2")
    bid = (d(100) + costs) / (1 - 2 * d("0.0005"))
    for more, found in ((d("-0.001"), False), (d("0.001"), True)):
        price = (bid + more).quantize(d("0.0001"))
        sell = market("b", levels((str(price), 100)), levels((str(price + d("0.02")), 100)), tick=d("0.0001"))
        assert (find_edge(buy, sell, terms()) is not None) is found


def test_a_book_without_a_price_is_no_market() -> None:
    buy, sell = around("a", 100), around("b", 110)
    assert find_edge(buy, sell, terms()) is not None
    sell.book.invalidate("gap")
    assert find_edge(buy, sell, terms()) is None


def test_a_book_that_is_newer_than_its_quote_gives_the_price() -> None:
    buy, sell = around("a", 100), around("b", 110)
    buy.book.snapshot(levels((100, 100)), levels((105, 100)), 2)
    assert edge_of(buy, sell).buy_price == 105
    buy.book.snapshot(levels((100, 100)), levels(("109.9", 100)), 3)
    assert find_edge(buy, sell, terms()) is None
    buy.book.snapshot(levels((100, 100)), levels((111, 100)), 4)
    assert find_edge(buy, sell, terms()) is None


def test_coins_that_cost_more_than_anybody_bids_are_left_in_the_book() -> None:
    buy = market("a", levels((99, 10)), levels((100, 2), (106, 50)))
    edge = edge_of(buy, around("b", 105), terms())
    assert edge.quantity == 1, "half of the two that are worth buying"
    assert edge.buy_worst == 100


@pytest.mark.parametrize(
    ("grid", "size"),
    [
        ({"min_quantity": d(11), "lot": d("0.01")}, 100),
        ({"min_notional": d(1_200)}, 100),
        ({"lot": d(20), "min_quantity": d(20)}, 100),
        ({}, "0.3"),
    ],
    ids=["below the smallest size", "below the smallest notional", "below one lot", "too little in the book"],
)
def test_what_a_venue_would_not_take_is_no_edge(grid: dict[str, Any], size: str | int) -> None:
    there = around("b", 110, size=size, **grid)
    assert find_edge(around("a", 100), there, terms()) is None


def test_lots_that_do_not_meet_below_the_largest_notional_are_no_edge() -> None:
    buy = around("a", 100, lot=d(3), min_quantity=d(3))
    sell = around("b", 110, lot=d(4), min_quantity=d(4))
    assert find_edge(buy, sell, terms(max_notional=d(1_310))) is None
    edge = edge_of(buy, sell, terms(max_notional=d(1_320)))
    assert edge.quantity == 12


# -- what moves it ---------------------------------------------------------------------------------------------------


@given(buy=CHEAP, sell=DEAR, wanted=ANY_TERMS, more=st.decimals("0.0001", "0.01", places=4))
@relaxed
def test_a_higher_fee_never_makes_an_edge_and_always_costs(
    buy: Market, sell: Market, wanted: Terms, more: Decimal
) -> None:
    dearer = attrs.evolve(buy, instrument=attrs.evolve(buy.instrument, taker_fee=buy.instrument.taker_fee + more))
    before, after = find_edge(buy, sell, wanted), find_edge(dearer, sell, wanted)
    if after is None:
        return
    assert before is not None
    assert after.net < before.net
    assert after.score <= before.score
    assert almost(before.net - after.net, 2 * more * after.notional)


@given(buy=CHEAP, sell=DEAR, wanted=ANY_TERMS)
@relaxed
def test_a_higher_threshold_never_makes_an_edge(buy: Market, sell: Market, wanted: Terms) -> None:
    stricter = attrs.evolve(wanted, min_profit=wanted.min_profit * 2)
    if find_edge(buy, sell, stricter) is not None:
        assert find_edge(buy, sell, wanted) is not None


@given(bids=st.lists(st.decimals("0.01", 9, places=2), min_size=1, max_size=4))
@relaxed
def test_more_coins_never_sell_for_a_better_mean_price(bids: list[Decimal]) -> None:
    side: list[Level] = levels(*((str(110 - index), str(size)) for index, size in enumerate(bids)))
    means = [walked.average for share in (4, 2, 1) if (walked := walk(side, sum(bids, ZERO) / share)) is not None]
    assert all(more <= fewer + d("1e-30") for fewer, more in pairwise(means))


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    wanted = terms(profit_weight=d("0.5"), liquidity_weight=d("0.3"), reliability_weight=d("0.2"), min_profit=d("0.1"))
    half_reliable = attrs.evolve(around("b", 120), reliability=d("0.5"))
    edge = edge_of(around("a", 100), half_reliable, wanted)
    assert edge.score == (
        d("0.5") * edge.net_fraction / d("0.5") + d("0.3") * edge.notional / wanted.max_notional + d("0.2") * d("0.5")
    )


def test_no_part_of_the_score_counts_for_more_than_one() -> None:
    assert edge_of(around("a", 100), around("b", 200)).score == d("0.4") + d("0.3") + d("0.3") - d("0.3") * (
        1 - edge_of(around("a", 100), around("b", 200)).notional / 1_000
    )


# -- funding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("long", "short", "hours", "costs"),
    [
        (None, None, 8, "0"),
        (("0.0008", 8), None, 8, "0.0008"),
        (("0.0008", 8), None, 1, "0.0001"),
        (None, ("0.0008", 8), 8, "-0.0008"),
        (("0.0001", 1), ("0.0008", 8), 24, "0"),
        (("-0.0004", 4), ("0.0001", 1), 8, "-0.0016"),
        (("0.0004", 4), ("-0.0001", 1), 8, "0.0016"),
    ],
)
def test_a_long_pays_and_a_short_receives_by_the_hour(
    long: tuple[str, int] | None, short: tuple[str, int] | None, hours: int, costs: str
) -> None:
    rates = [None if each is None else Rate(d(each[0]), d(each[1])) for each in (long, short)]
    assert carry(rates[0], rates[1], d(hours * 3_600)) == d(costs)


@given(
    first=st.decimals("-0.01", "0.01", places=6),
    second=st.decimals("-0.01", "0.01", places=6),
    hours=st.sampled_from([d(1), d(4), d(8)]),
)
@relaxed
def test_what_one_direction_pays_the_other_receives(first: Decimal, second: Decimal, hours: Decimal) -> None:
    here, there = Rate(first, hours), Rate(second, d(8))
    assert carry(here, there, d(1_000)) == -carry(there, here, d(1_000))
    assume(first / hours > second / 8)
    assert carry(here, there, d(1_000)) > 0


def test_funding_that_is_paid_can_end_an_edge() -> None:
    wanted = terms(holding_s=d(28_800))
    assert find_edge(around("a", 100), around("b", 101), wanted) is not None
    paying = around("a", 100, funding=Rate(d("0.01"), d(8)))
    assert find_edge(paying, around("b", 101), wanted) is None


def test_a_free_instrument_has_no_fees_in_its_edge() -> None:
    assert edge_of(around("a", 100, taker_fee=ZERO), around("b", 110, taker_fee=ZERO)).fees == 0
    assert instrument("a").taker_fee > 0

"""Each rule at its boundary, on both sides; the order they are asked in; and what the operator reads."""

import inspect
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from risk_accounts import (
    BTC,
    LIMITS,
    NOW,
    OPEN_GATE,
    SECOND,
    WORST,
    d,
    exposed,
    leg,
    quote,
    request,
    view,
    working,
)

from perpbot.model.instrument import Side
from perpbot.model.money import Price, Quantity
from perpbot.risk import rules
from perpbot.risk.approval import Level, percent
from perpbot.risk.rule import Rule
from perpbot.risk.rules import OPENING_RULES, blocks, check_opening
from perpbot.risk.view import Gate, LegRequest, Naked

RULES = {each.name: each for each in OPENING_RULES}


def said(changes: dict[str, Any], *legs: LegRequest) -> str | None:
    refusal = check_opening(request(*legs), view(**changes), LIMITS)
    return None if refusal is None else str(refusal)


def test_a_trade_that_fits_an_account_in_good_order_is_let_through() -> None:
    assert check_opening(request(), view(), LIMITS) is None


# -- what refuses, and what just does not ----------------------------------------------------------------------------

SLIGHTLY = Decimal("0.000001")


def alone(symbol: str, venues: tuple[str, ...], value: str = "500", unknown_at: tuple[str, ...] = ()) -> Naked:
    """A leg of trade 1-t7 that stands alone."""
    return Naked(
        trade_id="1-t7", symbol=symbol, venues=venues, value=d(value), unknown_at=unknown_at, since_ns=NOW - SECOND
    )


ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("venue-margin", {"venue_free": {"a": d(80), "c": d(1)}}),
    ("leverage", {"gates": {"a": replace(OPEN_GATE, leverage=d(1)), "b": OPEN_GATE}}),
    ("depth", {"quotes": {"a": quote("a", "99.5", "100"), "b": quote("b", "100", "100.5")}}),
    ("rate-limit", {"gates": {"a": OPEN_GATE, "b": OPEN_GATE, "c": replace(OPEN_GATE, wait_s=1.0)}}),
    ("pool-capital", {"pool_available": {"a": d(80), "b": d(80)}}),
    ("symbol-allocation", {"symbol_room": d(160)}),
    ("safe-mode", {"safe_mode": {"a": False, "elsewhere": True}}),
    ("safe-mode", {"safe_mode": {"a": True}, "pool": "wash"}),
    ("min-equity", {"equity": d(8_000), "peak_equity": d(8_000)}),
    ("drawdown", {"equity": d(9_000) + SLIGHTLY}),
    ("daily-loss", {"daily_profit": d("-499.99")}),
    ("daily-loss", {"daily_profit": d("-399.99"), "equity": d(8_000), "peak_equity": d(8_000)}),
    ("failure-cooldown", {"cooldown_until_ns": NOW, "failures_in_row": 99}),
    ("fast-market", {"frozen_until_ns": {BTC: NOW, "ETH-PERP": NOW + SECOND}}),
    ("symbol-share", {"exposure": exposed(gross={BTC: d(2_200), "ETH-PERP": d(9_000)})}),
    ("position-size", {"exposure": exposed(by_position={("a", BTC): d(600), ("a", "ETH-PERP"): d(9_000)})}),
    ("leg-alone", {"naked": (alone("ETH-PERP", ("c", "d"), unknown_at=("c",)), alone("ETH-PERP", ("a", "d"), "0"))}),
    ("one-direction", {"open_sides": {"a": Side.BUY, "b": Side.SELL}}),
    ("position-doubted", {"doubted": frozenset({("a", "ETH-PERP"), ("c", BTC)})}),
    ("symbol-cooldown", {"last_opened_ns": {BTC: NOW - 60 * SECOND, "ETH-PERP": NOW}}),
    ("concentration", {"exposure": exposed(by_venue={"a": d(5_600), "elsewhere": d(9_000)})}),
    ("liquidation-distance", {"venue_equity": {"a": d(5_000), "b": d(40)}}),
    ("connection-health", {"scores": {"a": d("0.5"), "c": d(0)}, "ill": {"c": "heartbeat"}}),
    (
        "self-trade",
        {"working": (working(Side.SELL, "100.1"), working(Side.SELL, "90", "b"), working(Side.BUY, "200"))},
    ),
    ("connection", {"gates": {"a": OPEN_GATE, "b": Gate(open_refusal=None, reduce_refusal="x", generation=1)}}),
    ("price-collar", {"quotes": {"a": quote("a", "98.02", "100"), "b": quote("b", "100", "102")}}),
]
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "venue-margin",
        {"venue_free": {"a": d(0), "b": d(80)}},
        "account/venue-margin: 80 needed at a, allowed 0 free",
    ),
    (
        "venue-margin",
        {"venue_free": {"b": d("79.99")}},
        "account/venue-margin: 80 needed at b, allowed 79.99 free",
    ),
    (
        "leverage",
        {"gates": {"a": OPEN_GATE, "b": replace(OPEN_GATE, leverage=d("0.5"))}},
        "execution/leverage: 1 times at b, allowed 0.5 confirmed",
    ),
    (
        "depth",
        {"quotes": {"a": quote("a", "99.5", "100.01"), "b": quote("b")}},
        "execution/depth: limit 100 at a, allowed a best price within it, not 100.01",
    ),
    (
        "rate-limit",
        {"gates": {"a": OPEN_GATE, "b": replace(OPEN_GATE, wait_s=0.96)}},
        "execution/rate-limit: an order to b would wait for 960 ms, allowed legs that leave at once",
    ),
    (
        "rate-limit",
        {"gates": {"a": replace(OPEN_GATE, wait_s=0.000_001), "b": OPEN_GATE}},
        "execution/rate-limit: an order to a would wait for 1 ms, allowed legs that leave at once",
    ),
    (
        "pool-capital",
        {"pool_available": {"a": d(80), "b": d("79.99")}},
        "pool/pool-capital: 80 needed at b, allowed 79.99 in pool arb",
    ),
    ("pool-capital", {"pool_available": {"a": d(80)}}, "pool/pool-capital: 80 needed at b, allowed 0 in pool arb"),
    (
        "symbol-allocation",
        {"symbol_room": d("159.99")},
        "pool/symbol-allocation: 160 needed for BTC-PERP, allowed 159.99 of pool arb",
    ),
    (
        "safe-mode",
        {"safe_mode": {"b": True}},
        "pool/safe-mode: b is in safe mode, allowed arbitrage at venues that are not",
    ),
    (
        "min-equity",
        {"equity": d("99.994"), "peak_equity": d(100)},
        "account/min-equity: equity 99.99, allowed 100 or more",
    ),
    ("min-equity", {"equity": d(0)}, "account/min-equity: equity 0, allowed 100 or more"),
    (
        "trade-size",
        {"equity": d("7999.99"), "peak_equity": d("7999.99")},
        "account/trade-size: 5 % of equity, allowed 5 %",
    ),
    ("drawdown", {"equity": d(9_000)}, "account/drawdown: 10 %, allowed less than 10 %"),
    ("daily-loss", {"daily_profit": d(-500)}, "account/daily-loss: loss of 500 today, allowed less than 500"),
    (
        "daily-loss",
        {"daily_profit": d(-400), "equity": d(8_000), "peak_equity": d(8_000)},
        "account/daily-loss: loss of 400 today, of an equity of 8000, allowed less than 5 %",
    ),
    (
        "failure-cooldown",
        {"cooldown_until_ns": NOW + 100_000_000},
        "account/failure-cooldown: a pause after failures, 0.1 s left, allowed no pause",
    ),
    (
        "fast-market",
        {"frozen_until_ns": {BTC: NOW + 5 * SECOND}},
        "account/fast-market: BTC-PERP moved more than 0.5 % in 1 s, 5.0 s left, allowed calmer markets",
    ),
    (
        "symbol-share",
        {"exposure": exposed(gross={BTC: d("2200.1")})},
        "account/symbol-share: 30.001 % of equity in BTC-PERP, allowed 30 %",
    ),
    (
        "position-size",
        {"exposure": exposed(by_position={("b", BTC): d("600.01")})},
        "position/position-size: 1000.01 of BTC-PERP at b, allowed 1000",
    ),
    (
        "leg-alone",
        {"naked": (alone(BTC, ("c", "d")),)},
        "account/leg-alone: 500 of BTC-PERP alone in trade 1-t7, allowed both legs of every trade",
    ),
    (
        "leg-alone",
        {"naked": (alone("ETH-PERP", ("a", "d"), "0", unknown_at=("a",)),)},
        "account/leg-alone: 0 of ETH-PERP alone in trade 1-t7, fate unknown at a, allowed both legs of every trade",
    ),
    (
        "leg-alone",
        {"naked": (alone("ETH-PERP", ("b", "d")),)},
        "account/leg-alone: 500 of ETH-PERP alone in trade 1-t7, allowed both legs of every trade",
    ),
    (
        "one-direction",
        {"open_sides": {"b": Side.BUY}},
        "position/one-direction: sell at b, where BTC-PERP stands to buy, allowed buy there",
    ),
    (
        "one-direction",
        {"open_sides": {"b": None}},
        "position/one-direction: sell at b, where BTC-PERP is being cleared, allowed nothing there",
    ),
    (
        "position-doubted",
        {"doubted": frozenset({("b", BTC)})},
        "position/position-doubted: b says another position in BTC-PERP, allowed a position both agree on",
    ),
    (
        "symbol-cooldown",
        {"last_opened_ns": {BTC: NOW - 59 * SECOND}},
        "position/symbol-cooldown: BTC-PERP was opened just now, 1.0 s left, allowed every 60 s",
    ),
    (
        "concentration",
        {"exposure": exposed(by_venue={"b": d("5600.1")})},
        "position/concentration: 60.001 % of equity at b, allowed 60 %",
    ),
    (
        "liquidation-distance",
        {"venue_equity": {"a": d(5_000), "b": d("39.9")}},
        "position/liquidation-distance: b would liquidate after 9.975 %, allowed 10 % or more",
    ),
    (
        "liquidation-distance",
        {"exposure": exposed(by_venue={"a": d(5_000)}), "venue_equity": {"a": d(500), "b": d(500)}},
        "position/liquidation-distance: a would liquidate after 9.2593 %, allowed 10 % or more",
    ),
    (
        "connection-health",
        {"ill": {"b": "error streak: 5 in a row"}},
        "execution/connection-health: b is not well: error streak: 5 in a row, allowed connections that are well",
    ),
    (
        "connection-health",
        {"scores": {"a": d("0.499")}},
        "execution/connection-health: the connections to a score 0.499, allowed 0.5",
    ),
    (
        "self-trade",
        {"working": (working(Side.SELL, "100"),)},
        "execution/self-trade: buy at 100 would meet our own order 1-7 at a, sell at 100, allowed to meet others' only",
    ),
    (
        "connection",
        {"gates": {"a": OPEN_GATE}},
        "execution/connection: b has no trading connection, allowed a connection that is up",
    ),
    (
        "connection",
        {"gates": {"a": Gate(open_refusal="a is DEGRADED", reduce_refusal=None, generation=1), "b": OPEN_GATE}},
        "execution/connection: a is DEGRADED, allowed a connection that is up",
    ),
    (
        "price-collar",
        {"quotes": {"a": quote("a"), "b": quote("b", 99, "98.9")}},
        "execution/price-collar: 100 is 1.0611 % from b's price, allowed 1 %",
    ),
    (
        "price-collar",
        {"quotes": {"a": quote("a")}},
        "execution/price-collar: no fresh quote of b, allowed a price to compare with",
    ),
]


@pytest.mark.parametrize(("name", "changes"), ALLOWED, ids=[name for name, _ in ALLOWED])
def test_at_its_limit_a_rule_lets_a_trade_through(name: str, changes: dict[str, Any]) -> None:
    assert name in RULES
    assert said(changes) is None


@pytest.mark.parametrize(("name", "changes", "text"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_beyond_its_limit_a_rule_refuses_and_says_why(name: str, changes: dict[str, Any], text: str) -> None:
    assert said(changes) == text
    refusal = RULES[name].check(request(), view(**changes), LIMITS)
    assert refusal is not None
    assert str(refusal) == text


@pytest.mark.parametrize(
    ("side", "expected", "slips"),
    [
        (Side.BUY, "100.1", False),
        (Side.BUY, "100.10001", True),
        (Side.SELL, "99.9", False),
        (Side.SELL, "99.89999", True),
        (Side.BUY, "90", False),
        (Side.SELL, "110", False),
    ],
)
def test_slippage_counts_against_us_only(side: Side, expected: str, *, slips: bool) -> None:
    legs = (leg("a", side, expected=Price(d(expected))), leg("b", side.opposite))
    refusal = check_opening(request(*legs), view(), LIMITS)
    assert (refusal is not None) is slips
    if refusal is not None:
        assert str(refusal) == "execution/slippage: 0.1 % at a, allowed 0.1 %"


def test_two_legs_at_one_venue_are_refused() -> None:
    assert said({}, leg("a"), leg("a", Side.SELL)) == (
        "execution/different-venues: both legs at a, allowed two different venues"
    )


def test_both_venues_take_the_size_before_either_leg_leaves() -> None:
    smallest: dict[str, Any] = {"smallest": Quantity(d("4.1"))}
    assert said({}, leg("a"), leg("b", Side.SELL, smallest=Quantity(d(4)))) is None
    for legs in ((leg("a", **smallest), leg("b", Side.SELL)), (leg("a"), leg("b", Side.SELL, **smallest))):
        venue = next(each.venue for each in legs if each.smallest > 0)
        assert said({}, *legs) == f"execution/order-minimum: 4 coins at {venue}, allowed 4.1 or more"


def test_both_books_offer_the_quantity_but_for_a_leg_that_waits() -> None:
    assert said({}, leg("a", depth=d(4)), leg("b", Side.SELL, depth=d(5))) is None
    thin = said({}, leg("a", depth=d(4)), leg("b", Side.SELL, depth=d("3.9")))
    assert thin == "execution/depth: 4 coins at b, allowed 3.9 in the book"
    assert said({}, leg("a"), leg("b", Side.SELL, depth=d(0), waits=True)) is None


@pytest.mark.parametrize("price", ["0", "-100"])
def test_a_price_of_nothing_is_absurd_whatever_the_collar(price: str) -> None:
    refusal = RULES["price-collar"].check(request(leg("a", limit=Price(d(price)))), view(), LIMITS)
    assert refusal is not None


@pytest.mark.parametrize("factor", ["0.1", "10", "0.98", "1.02"])
def test_tenfold_prices_are_outside_the_collar_on_either_side(factor: str) -> None:
    absurd = leg("a", limit=Price(100 * d(factor)), quantity=Quantity(d("0.01")))
    assert "price-collar" in str(said({}, absurd, leg("b", Side.SELL)))


# -- all of them, in order -------------------------------------------------------------------------------------------


def test_every_rule_there_is_is_asked() -> None:
    found = [each for _, each in inspect.getmembers(rules, inspect.isclass) if issubclass(each, Rule)]
    written = {each for each in found if not inspect.isabstract(each)}
    assert {type(each) for each in OPENING_RULES} == written
    assert len(OPENING_RULES) == len(written)


def test_every_rule_has_a_name_of_its_own_and_the_levels_are_asked_in_order() -> None:
    assert len(RULES) == len(OPENING_RULES)
    order = list(Level)
    asked = [order.index(each.level) for each in OPENING_RULES]
    assert asked == sorted(asked)
    assert set(asked) == set(range(4))


def test_every_rule_has_its_boundary_in_this_file() -> None:
    by_hand = {"slippage", "order-minimum", "different-venues", "trade-size"}
    assert {name for name, _ in ALLOWED} | by_hand == set(RULES)
    assert {name for name, _, _ in REFUSED} | by_hand == set(RULES)


def test_when_everything_forbids_it_the_first_level_says_so_first() -> None:
    refusal = check_opening(request(), view(**WORST), LIMITS)
    assert refusal is not None
    assert (refusal.level, refusal.rule) == (Level.POOL, "pool-capital")


CURES: dict[str, dict[str, Any]] = {
    "pool-capital": {"pool_available": {"a": d(100), "b": d(100)}},
    "safe-mode": {"safe_mode": {}},
    "min-equity": {"equity": d(1_000)},
    "trade-size": {"equity": d(8_000)},
    "drawdown": {"peak_equity": d(8_000)},
    "daily-loss": {"daily_profit": d(0)},
    "failure-cooldown": {"cooldown_until_ns": 0},
    "fast-market": {"frozen_until_ns": {}},
    "symbol-share": {"exposure": exposed(by_position={("a", BTC): d(10**9)}, by_venue={"a": d(10**9)})},
    "position-size": {"exposure": exposed(by_venue={"a": d(10**9)})},
    "one-direction": {"open_sides": {}},
    "symbol-cooldown": {"last_opened_ns": {}},
    "concentration": {"exposure": exposed()},
    "connection": {"gates": {"a": OPEN_GATE, "b": OPEN_GATE}},
}


def test_one_refusal_after_the_other_comes_in_the_order_of_the_rules() -> None:
    changes, refused = dict(WORST), []
    while (refusal := check_opening(request(), view(**changes), LIMITS)) is not None:
        refused.append(refusal.rule)
        changes |= CURES[refusal.rule]
    assert refused == list(CURES)
    assert refused == [each.name for each in OPENING_RULES if each.name in CURES]


@given(
    equity=st.integers(-100, 20_000).map(Decimal),
    peak=st.integers(0, 20_000).map(Decimal),
    gross=st.integers(0, 5_000).map(Decimal),
    coins=st.integers(1, 20),
    limit=st.integers(90, 110),
)
@settings(deadline=None, max_examples=300)
def test_whatever_is_let_through_is_within_every_limit(
    equity: Decimal, peak: Decimal, gross: Decimal, coins: int, limit: int
) -> None:
    size, price = Quantity(Decimal(coins)), Price(Decimal(limit))
    legs = (leg("a", quantity=size, limit=price), leg("b", Side.SELL, quantity=size))
    seen = exposed(gross={BTC: gross}, by_venue={"a": gross}, by_position={("a", BTC): gross})
    if check_opening(request(*legs), view(equity=equity, peak_equity=peak, exposure=seen), LIMITS) is not None:
        return
    assert equity >= 100
    assert 10 * equity > 9 * peak
    assert all(each.notional * 20 <= equity for each in legs)
    assert (gross + coins * price + coins * 100) * 10 <= 3 * equity
    assert gross + coins * price <= 1_000
    assert (gross + coins * price) * 10 <= 6 * equity
    assert abs(price - 100) <= 1


@pytest.mark.parametrize(("fraction", "text"), [("0.05", "5 %"), ("0.0000004", "0 %"), ("0.123456789", "12.3457 %")])
def test_a_fraction_is_shown_in_percent(fraction: str, text: str) -> None:
    assert percent(d(fraction)) == text


# -- what refuses everything -----------------------------------------------------------------------------------------


def test_an_account_in_good_order_blocks_nothing_and_the_noes_that_every_opening_meets_are_told_together() -> None:
    symbol_only = {"frozen_until_ns": WORST["frozen_until_ns"], "last_opened_ns": WORST["last_opened_ns"]}
    assert blocks(view(**symbol_only), LIMITS) == []
    found = [each.rule for each in blocks(view(**WORST), LIMITS)]
    assert found == ["min-equity", "drawdown", "daily-loss", "failure-cooldown"]

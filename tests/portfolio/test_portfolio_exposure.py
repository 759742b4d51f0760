"""Exposure: what stands open in all, what is not hedged, and where."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.portfolio.exposure import exposure
from perpbot.portfolio.holding import HoldingKey

BTC, ETH = "BTC-PERP", "ETH-PERP"
MARKS = {BTC: Decimal(100), ETH: Decimal(10)}
KEYS = [(venue, account, symbol) for venue in ("a", "b") for account in ("main", "other") for symbol in (BTC, ETH)]
QUANTITIES = st.dictionaries(st.sampled_from(KEYS), st.integers(-50, 50).map(Decimal))


def test_a_hedged_pair_has_gross_but_no_net_exposure() -> None:
    seen = exposure({("a", "main", BTC): Decimal(2), ("b", "main", BTC): Decimal(-2)}, MARKS)
    assert seen.net == {BTC: 0}
    assert seen.gross == {BTC: 400}
    assert seen.by_venue == {"a": 200, "b": 200}
    assert seen.by_position == {("a", BTC): 200, ("b", BTC): 200}
    assert seen.net_total == 0
    assert seen.gross_total == 400


def test_what_is_missing_on_one_side_is_net_exposure() -> None:
    seen = exposure({("a", "main", BTC): Decimal(2), ("b", "main", BTC): Decimal("-1.5")}, MARKS)
    assert seen.net[BTC] == seen.net_total == 50


def test_one_coin_does_not_hedge_another() -> None:
    seen = exposure({("a", "main", BTC): Decimal(1), ("b", "main", ETH): Decimal(-10)}, MARKS)
    assert seen.net == {BTC: 100, ETH: -100}
    assert seen.net_total == 200


def test_two_accounts_at_a_venue_do_not_net_there() -> None:
    seen = exposure({("a", "main", BTC): Decimal(1), ("a", "other", BTC): Decimal(-1)}, MARKS)
    assert seen.net_total == 0
    assert seen.by_venue["a"] == seen.by_position["a", BTC] == 200


def test_a_position_without_a_mark_is_named_and_a_closed_one_needs_none() -> None:
    assert exposure({("a", "main", "SOL-PERP"): Decimal(0)}, MARKS).gross == {}
    with pytest.raises(KeyError, match="SOL-PERP"):
        exposure({("a", "main", "SOL-PERP"): Decimal(1)}, MARKS)


@given(quantities=QUANTITIES)
@settings(deadline=None)
def test_every_breakdown_adds_up_to_the_same_gross(quantities: dict[HoldingKey, Decimal]) -> None:
    seen = exposure(quantities, MARKS)
    assert seen.gross_total == sum(seen.by_venue.values()) == sum(seen.by_position.values())
    assert seen.gross_total == sum(abs(each) * MARKS[key[2]] for key, each in quantities.items())
    assert all(abs(seen.net[symbol]) <= seen.gross[symbol] for symbol in seen.gross)
    mirrored = exposure({key: -each for key, each in quantities.items()}, MARKS)
    assert mirrored.gross == seen.gross
    assert mirrored.net_total == seen.net_total

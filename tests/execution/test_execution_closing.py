"""A lot or a minimum that grows beyond a leg: it is closed all the same, or the other leg stays its hedge."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import MS, SECOND, d, instrument, plan
from execution_venues import Behaviour, Exchange, Trading
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.execution.pricing import LONGEST_MS
from perpbot.execution.trade import CloseReason, Phase
from perpbot.model.money import ZERO

TOLERANCE = d(10)


def opened(quantity: str = "1.2") -> Trading:
    """A hedged trade, bought at 100 and sold at 102, that is to be closed."""
    made = Trading(
        plan(quantity), Exchange(instrument("a"), d(100)), Exchange(instrument("b"), d(102)), [], tolerance=TOLERANCE
    )
    go_on(made, 1)
    assert made.held == {"buy": d(quantity), "sell": -d(quantity)}
    made.close_asked = CloseReason.STOP
    return made


def go_on(made: Trading, steps: int) -> None:
    for _ in range(steps):
        while made.unsaid:
            made.hear(0)
        made.advance()
        while made.unsaid:
            made.hear(0)
        made.now_ns = max(made.now_ns + MS, made.wake_ns or 0)


def over(made: Trading) -> bool:
    return made.record is not None


def regrid(made: Trading, leg: str, *, closes: bool = True, **changes: Any) -> None:
    """The venue of `leg` lists it anew; whether it closes less than its minimum all the same."""
    exchange = made.exchanges[leg]
    exchange.instrument = attrs.evolve(exchange.instrument, **changes)
    exchange.closes_less = closes


@pytest.mark.parametrize("leg", ["buy", "sell"])
@pytest.mark.parametrize("larger", [{"min_quantity": d(5)}, {"min_notional": d(500)}])
def test_a_leg_below_the_minimum_is_closed_by_one_order_of_all_of_it_before_its_hedge(leg: str, larger: Any) -> None:
    made = opened()
    regrid(made, leg, **larger)
    go_on(made, 6)
    assert over(made)
    assert made.held == {"buy": ZERO, "sell": ZERO}
    closes = [(want.leg, want.quantity, want.reduce_only) for _, want, _ in made.sent if want.purpose == "close"]
    assert closes == [(leg, d("1.2"), True), ("sell" if leg == "buy" else "buy", d("1.2"), True)]


@pytest.mark.parametrize("leg", ["buy", "sell"])
@pytest.mark.parametrize("larger", [{"min_quantity": d(5)}, {"min_notional": d(500)}])
def test_a_leg_that_its_venue_does_not_close_keeps_its_hedge_and_waits_for_the_venue(leg: str, larger: Any) -> None:
    made = opened()
    regrid(made, leg, closes=False, **larger)
    go_on(made, 30)
    assert not over(made)
    assert made.held == {"buy": d("1.2"), "sell": -d("1.2")}
    assert made.wake_ns is not None
    assert made.wake_ns - made.now_ns <= LONGEST_MS * MS
    regrid(made, leg)
    made.now_ns += 60 * SECOND
    go_on(made, 6)
    assert over(made)
    assert made.held == {"buy": ZERO, "sell": ZERO}


@pytest.mark.parametrize("leg", ["buy", "sell"])
@pytest.mark.parametrize(("lot", "stays"), [("0.5", "0.2"), ("5", "1.2")])
def test_what_no_lot_can_close_stays_hedged_and_is_named(leg: str, lot: str, stays: str) -> None:
    made = opened()
    regrid(made, leg, lot=d(lot), min_quantity=d(lot))
    go_on(made, 10)
    assert not over(made)
    assert made.held == {"buy": d(stays), "sell": -d(stays)}
    venue = made.plan.leg(leg).venue
    assert made.trouble.startswith(f"{venue} takes no order that closes {stays} BTC-PERP; its hedge is kept")
    regrid(made, leg, lot=d("0.01"), min_quantity=d("0.01"))
    go_on(made, 6)
    assert made.held == {"buy": ZERO, "sell": ZERO}


def test_a_rest_worth_little_is_left_and_its_hedge_closed() -> None:
    made = opened("1.05")
    regrid(made, "buy", lot=d("0.1"), min_quantity=d("0.1"))
    go_on(made, 10)
    assert made.record is not None
    assert made.record.reason == CloseReason.REST
    assert made.held == {"buy": d("0.05"), "sell": ZERO}


def test_what_stands_alone_and_is_less_than_the_minimum_is_not_held_open() -> None:
    made = Trading(
        plan("1.2"), Exchange(instrument("a"), d(100)), Exchange(instrument("b"), d(102)),
        [Behaviour(), Behaviour(share=d("0.5"))], tolerance=TOLERANCE,
    )  # fmt: skip
    for leg in ("buy", "sell"):
        regrid(made, leg, min_quantity=d(5))
    go_on(made, 10)
    assert over(made)
    assert made.held == {"buy": ZERO, "sell": ZERO}
    assert Phase.OPEN not in made.phases


GRIDS = st.fixed_dictionaries(
    {"lot": st.sampled_from([d("0.01"), d("0.1"), d("0.5"), d(2)]), "min_quantity": st.sampled_from([d("0.01"), d(3)])}
)


@given(
    leg=st.sampled_from(["buy", "sell"]),
    grid=GRIDS,
    closes=st.booleans(),
    shares=st.lists(st.sampled_from([d(1), d("0.5"), d(0)]), max_size=6),
)
@settings(deadline=None, max_examples=30)
def test_whatever_the_grid_of_a_venue_becomes_its_leg_is_hedged_until_it_can_be_closed(
    leg: str, grid: dict[str, Decimal], closes: Any, shares: list[Decimal]
) -> None:
    made = opened()
    made.behaviours = [Behaviour(share=each) for each in shares]
    regrid(made, leg, closes=closes, **grid)
    go_on(made, 30)
    assert not matters(made, sum(made.held.values(), ZERO))
    regrid(made, leg, lot=d("0.01"), min_quantity=d("0.01"))
    made.now_ns += 60 * SECOND
    go_on(made, 12)
    assert over(made)
    assert not any(matters(made, each) for each in made.held.values())


def matters(made: Trading, quantity: Decimal) -> bool:
    return abs(quantity) * made.plan.reference > TOLERANCE

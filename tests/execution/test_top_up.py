"""What a close leaves below its venue's minimum is topped up and closed, and never is more held than was planned."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import SECOND, d, instrument, plan
from execution_venues import Behaviour, Exchange, Trading, check_holdings
from hypothesis import given, settings
from hypothesis import strategies as st
from test_execution_closing import TOLERANCE, go_on, matters, over

from perpbot.execution.pricing import REFUSALS_BELIEVED
from perpbot.execution.top_up import TOP_UPS
from perpbot.execution.trade import TOP_UP, CloseReason
from perpbot.model.money import ZERO

STRICT = {"min_quantity": d("0.5")}
"""Half a coin is worth five times what may stand alone."""


def closing(*shares: str, may_open: bool = True, quantity: str = "1.2", **there: Any) -> Trading:
    """A trade at two venues, of which that of the sold leg takes no less than half a coin, with these shares filled.

    The first two shares are those of the orders that close; all that come after the last one are filled.
    """
    here, grid = Exchange(instrument("a"), d(100)), {**STRICT, **there}
    made = Trading(
        plan(quantity), here, Exchange(instrument("b", **grid), d(102)),
        [Behaviour(), Behaviour()], tolerance=TOLERANCE, may_open=may_open,
    )  # fmt: skip
    go_on(made, 1)
    made.behaviours = [Behaviour(share=d(each)) for each in shares]
    made.close_asked = CloseReason.STOP
    return made


def sent(made: Trading, purpose: str) -> list[tuple[str, Decimal, bool]]:
    return [(want.leg, want.quantity, want.reduce_only) for _, want, _ in made.sent if want.purpose == purpose]


@pytest.mark.parametrize(("hedge", "to_it"), [("0.75", "0.5"), ("1", "0.8")])
def test_a_rest_below_the_minimum_is_topped_up_at_both_venues_at_once_and_then_closed(hedge: str, to_it: str) -> None:
    made = closing(hedge, "0.75")
    go_on(made, 12)
    assert over(made)
    assert made.held == {"buy": ZERO, "sell": ZERO}
    assert sent(made, TOP_UP) == [("buy", d(to_it), False), ("sell", d("0.5"), False)]
    assert sent(made, "close")[-2:] == [("buy", d("0.8"), True), ("sell", d("0.8"), True)]


def test_it_is_left_to_the_operator_where_nothing_may_be_opened() -> None:
    made = closing("0.75", "0.75", may_open=False)
    go_on(made, 30)
    assert not over(made)
    assert sent(made, TOP_UP) == []
    assert made.held == {"buy": d("0.3"), "sell": -d("0.3")}


@pytest.mark.parametrize("changed", [{"opens": False}, {"half_spread": d(5)}])
@pytest.mark.parametrize("leg", ["buy", "sell"])
def test_it_waits_for_a_venue_that_takes_no_new_risk_or_whose_book_is_too_wide(leg: str, changed: Any) -> None:
    made = closing("0.75", "0.75")
    go_on(made, 2)
    usual = made.exchanges[leg]
    made.exchanges[leg] = attrs.evolve(usual, **changed)
    go_on(made, 20)
    assert sent(made, TOP_UP) == []
    for name in changed:
        setattr(made.exchanges[leg], name, getattr(usual, name))
    go_on(made, 12)
    assert over(made)
    assert made.held == {"buy": ZERO, "sell": ZERO}


@pytest.mark.parametrize("passes", [True, False])
@pytest.mark.parametrize("way", ["opens", "shows", "may_open"])
def test_what_stands_alone_is_not_left_at_once_when_it_cannot_be_topped_up_just_now(way: str, passes: Any) -> None:
    made = closing("1", "0.75")
    while made.leg("sell").refusals < REFUSALS_BELIEVED:
        go_on(made, 1)
    made.uneven_since_ns = made.now_ns
    setattr(made if way == "may_open" else made.exchanges["buy"], way, False)
    go_on(made, 5)
    assert not over(made)
    if passes:
        setattr(made if way == "may_open" else made.exchanges["buy"], way, True)
    made.now_ns += 0 if passes else int(made.rules.unknown_timeout_sec * SECOND)
    go_on(made, 8)
    assert over(made)
    assert made.held == {"buy": ZERO, "sell": ZERO if passes else -d("0.3")}


def test_more_than_was_planned_is_never_held() -> None:
    made = closing("0.5", "0.5", quantity="0.8")
    go_on(made, 30)
    assert not over(made)
    assert made.held == {"buy": d("0.4"), "sell": -d("0.4")}, "0.9 would be more than 0.8"
    assert sent(made, TOP_UP) == []


def test_both_venues_take_what_is_added_whatever_their_lots_and_minima() -> None:
    made = closing("0.75", "0.75", min_notional=d("55.5"), lot=d("0.03"), min_quantity=d("0.48"), quantity="1.2")
    made.exchanges["buy"].instrument = attrs.evolve(made.exchanges["buy"].instrument, lot=d("0.02"))
    go_on(made, 14)
    assert over(made)
    assert sent(made, TOP_UP) == [("buy", d("0.6"), False), ("sell", d("0.6"), False)], "0.55, in steps of 0.06"
    assert made.held == {"buy": ZERO, "sell": ZERO}


@pytest.mark.parametrize(("buy", "sell"), [("0", "1"), ("1", "0"), ("0.4", "1"), ("1", "0.4"), ("0", "0")])
def test_legs_that_are_topped_up_unequally_end_flat_all_the_same(buy: str, sell: str) -> None:
    made = closing("1", "0.75")
    while not sent(made, TOP_UP):
        go_on(made, 1)
        if made.leg("sell").refusals == 2:
            made.behaviours = [Behaviour("refuses"), Behaviour(share=d(buy)), Behaviour(share=d(sell))]
    go_on(made, 16)
    assert over(made)
    assert made.held == {"buy": ZERO, "sell": ZERO}


def test_what_only_one_venue_has_topped_up_is_given_back_before_it_is_tried_again() -> None:
    made = closing("0.75", "0.75")
    go_on(made, 7)
    assert made.leg("sell").refusals == REFUSALS_BELIEVED
    made.behaviours = [Behaviour(), Behaviour("refuses")]
    go_on(made, 1)
    assert made.held == {"buy": d("0.8"), "sell": -d("0.3")}
    go_on(made, 2)
    assert [(want.purpose, want.leg, want.quantity) for _, want, _ in made.sent[-2:]] == [
        (TOP_UP, "sell", d("0.5")),
        ("close", "buy", d("0.5")),
    ]


def test_where_venues_fill_everything_in_part_a_trade_is_topped_up_only_so_often_and_stays_hedged() -> None:
    made = closing(*["0.75"] * 60)
    for _ in range(60):
        go_on(made, 1)
        check_holdings(made)
    assert len(sent(made, TOP_UP)) == 2 * TOP_UPS
    assert not over(made)
    assert made.held["buy"] == -made.held["sell"]


STORIES = st.fixed_dictionaries(
    {
        "quantity": st.sampled_from(["0.8", "1.1", "1.2", "3"]),
        "shares": st.lists(st.sampled_from(["1", "0.75", "0.5", "0.1", "0"]), max_size=12),
        "refused": st.lists(st.integers(0, 12), max_size=4),
        "least": st.sampled_from([d("0.2"), d("0.5")]),
    }
)


def check_story(quantity: str, shares: list[str], refused: list[int], least: Decimal) -> None:
    made = closing(*shares, quantity=quantity, min_quantity=least)
    for at in refused:
        made.behaviours.insert(at, Behaviour("refuses"))
    for _ in range(40):
        go_on(made, 1)
        check_holdings(made)
    held = max(abs(each) for each in made.held.values())
    spent = len(sent(made, TOP_UP)) >= 2 * TOP_UPS
    no_room = held + least > made.plan.quantity
    assert (over(made) and not matters(made, held)) or spent or no_room


@given(story=STORIES)
@settings(deadline=None, max_examples=60)
def test_whatever_fills_it_ends_flat_where_there_is_room(story: dict[str, Any]) -> None:
    check_story(**story)


@pytest.mark.full
@given(story=STORIES)
@settings(deadline=None, max_examples=10_000)
def test_ten_thousand_rests(story: dict[str, Any]) -> None:
    check_story(**story)

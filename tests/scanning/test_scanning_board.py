"""The board compares everyone with everyone, leaves out what is old, and says the best first."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scanning_markets import NOW, SECOND, around, d, markets, terms

from perpbot.scanning.board import Board
from perpbot.scanning.edge import Market, find_edge

MAX_AGE = 2 * SECOND


def board(*shown: Market, priority: list[tuple[str, str]] | None = None) -> Board:
    made = Board(terms(), MAX_AGE, priority or [])
    for each in shown:
        made.set(each)
    return made


def pairs(of: Board, moved: str, now_ns: int = NOW) -> list[tuple[str, str]]:
    return [(edge.buy_venue, edge.sell_venue) for edge in of.edges(moved, now_ns)]


def test_both_directions_are_looked_at() -> None:
    shown = board(around("low", 100), around("high", 110), around("middle", 105))
    assert set(pairs(shown, "middle")) == {("low", "middle"), ("middle", "high")}
    assert set(pairs(shown, "low")) == {("low", "middle"), ("low", "high")}


def test_a_venue_is_never_compared_with_itself() -> None:
    assert pairs(board(around("a", 100)), "a") == []


@given(first=markets("a"), second=markets("b"), third=markets("c"))
@settings(deadline=None, max_examples=20)
def test_it_does_not_matter_which_venue_moved(first: Market, second: Market, third: Market) -> None:
    shown = board(first, second, third)
    venues = ("a", "b", "c")
    found = {edge for moved in venues for edge in shown.edges(moved, NOW)}
    made = board(third, second, first)
    assert found == {edge for moved in venues for edge in made.edges(moved, NOW)}
    every = {"a": first, "b": second, "c": third}
    expected = {find_edge(every[x], every[y], terms()) for x in venues for y in venues if x != y} - {None}
    assert found == expected


@pytest.mark.parametrize(("age_ns", "takes_part"), [(0, True), (MAX_AGE, True), (MAX_AGE + 1, False)])
def test_an_old_quote_takes_no_part_on_either_side(age_ns: int, *, takes_part: bool) -> None:
    old = around("old", 100, received_ns=NOW - age_ns)
    shown = board(old, around("new", 110))
    assert bool(pairs(shown, "new")) is takes_part
    assert bool(pairs(shown, "old")) is takes_part
    assert (shown.market("old", NOW) is not None) is takes_part


def test_a_venue_that_was_dropped_takes_no_part_until_it_is_back() -> None:
    shown = board(around("a", 100), around("b", 110))
    shown.drop("b")
    shown.drop("nobody")
    assert pairs(shown, "a") == pairs(shown, "b") == []
    assert [each.venue for each in shown.quotes] == ["a"]
    shown.set(around("b", 110))
    assert pairs(shown, "a") == [("a", "b")]


def test_the_latest_market_of_a_venue_counts() -> None:
    shown = board(around("a", 100), around("b", 110), around("b", 100))
    assert pairs(shown, "a") == []
    assert len(shown.quotes) == 2


def test_the_better_score_comes_first() -> None:
    shown = board(around("here", 100), around("good", 101), around("better", 102))
    assert pairs(shown, "here") == [("here", "better"), ("here", "good")]
    scores = [edge.score for edge in shown.edges("here", NOW)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("pair", [("here", "good"), ("good", "here")])
def test_a_priority_pair_comes_before_a_better_score(pair: tuple[str, str]) -> None:
    shown = board(around("here", 100), around("good", 101), around("better", 102), priority=[pair])
    assert pairs(shown, "here") == [("here", "good"), ("here", "better")]


def test_an_unreliable_venue_scores_lower() -> None:
    doubtful = attrs.evolve(around("doubtful", 102), reliability=Decimal(0))
    assert pairs(board(around("here", 100), doubtful, around("sound", 102)), "here") == [
        ("here", "sound"),
        ("here", "doubtful"),
    ]
    assert d(0) == doubtful.reliability


@given(ages=st.lists(st.integers(0, 2 * MAX_AGE), min_size=3, max_size=3))
@settings(deadline=None, max_examples=60)
def test_no_edge_ever_has_an_old_leg(ages: list[int]) -> None:
    venues = dict(zip("abc", ages, strict=True))
    shown = board(*(around(name, 100 + 5 * i, received_ns=NOW - age) for i, (name, age) in enumerate(venues.items())))
    for moved in venues:
        for buy, sell in pairs(shown, moved):
            assert venues[buy] <= MAX_AGE
            assert venues[sell] <= MAX_AGE

"""Whole trades at venues that do anything: it stays within its plan while they do, and ends flat once they behave."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import MS, RULES, d, instrument, plan
from execution_venues import Behaviour, Exchange, Trading, check_holdings
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.config.decisions import Execution, PartialFillHandling
from perpbot.execution.pricing import REFUSALS_BELIEVED
from perpbot.execution.residuals import rests
from perpbot.execution.trade import CloseReason, Phase
from perpbot.model.money import ZERO

GRIDS: list[dict[str, Any]] = [
    {},
    {"lot": d("0.03"), "min_quantity": d("0.03")},
    {"min_notional": d(10)},
    {"min_quantity": d("0.2")},
    {"lot": d("0.1"), "min_quantity": d("0.3"), "min_notional": d(40)},
]
HONEST = ["answers", "answers", "refuses", "loses", "never arrives"]
SHARES = st.sampled_from([d(0), d("0.01"), d("0.3"), d("0.5"), d("0.9"), d(1), d(1)])
Action = tuple[str, Any]


def long(each: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """Lists that are often much longer than Hypothesis likes them."""
    return st.lists(each, max_size=most) | st.lists(each, min_size=most // 2, max_size=most)


def behaviours(kinds: list[str]) -> st.SearchStrategy[list[Behaviour]]:
    return long(st.builds(Behaviour, st.sampled_from(kinds), SHARES, st.integers(1, 3)), 14)


ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.tuples(st.sampled_from(["hear", "hear", "hear again"]), st.integers(0, 9)),
    st.tuples(st.just("hear of"), st.sampled_from(["buy", "sell"])),
    st.tuples(st.sampled_from(["hear all", "go on", "go on"]), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([1, 50, 100, 500, 3_000, 40_000])),
    st.tuples(st.sampled_from(["wake", "remember"]), st.none()),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("close"), st.none()),
    st.tuples(st.sampled_from(["shows", "tradable"]), st.tuples(st.sampled_from(["buy", "sell"]), st.booleans())),
    st.tuples(
        st.just("market"),
        st.tuples(
            st.sampled_from(["buy", "sell"]),
            st.integers(9_700, 10_500).map(lambda cents: Decimal(cents).scaleb(-2)),
            st.sampled_from([d("0.01"), d("0.1"), d("0.5"), d("0.9"), d("1.5")]),
        ),
    ),
)


@attrs.frozen
class Story:
    """What happens to a trade."""

    handling: PartialFillHandling
    buy: dict[str, Any]
    sell: dict[str, Any]
    orders: list[Behaviour]
    """What the venues do with them, in turn; with those after the last, everything is well."""
    actions: list[Action]

    def begin(self) -> Trading:
        rules = attrs.evolve(RULES, partial_fill_handling=self.handling)
        return trading(self.orders, rules=rules, buy=self.buy, sell=self.sell)


def stories(kinds: list[str]) -> st.SearchStrategy[Story]:
    grids = st.sampled_from(GRIDS)
    return st.builds(
        Story,
        st.sampled_from(PartialFillHandling),
        grids,
        grids,
        behaviours(kinds),
        long(ACTIONS, 30),
    )


def trading(
    then: list[Behaviour],
    *,
    rules: Execution = RULES,
    buy: dict[str, Any] | None = None,
    sell: dict[str, Any] | None = None,
    quantity: str = "1.2",
) -> Trading:
    """A trade of `quantity` coins, bought at 100 and sold at 102; the first two behaviours meet its first orders."""
    here = Exchange(instrument("a", **(buy or {})), d(100))
    there = Exchange(instrument("b", **(sell or {})), d(102))
    return Trading(plan(quantity), here, there, then, rules)


def do(made: Trading, what: str, how: Any) -> None:
    match what:
        case "hear":
            made.hear(how)
        case "hear again":
            made.hear_again(how)
        case "hear of":
            made.hear_of(how)
        case "hear all":
            hear_all(made)
        case "go on":
            hear_all(made)
            made.advance()
            made.now_ns = max(made.now_ns, made.wake_ns or 0)
        case "wait":
            made.now_ns += how * MS
        case "wake":
            made.now_ns = max(made.now_ns, made.wake_ns or 0)
        case "remember" if made.record is None:
            made.remember()
        case "restart" if made.record is None:
            made.restart()
        case "close":
            made.close_asked = CloseReason.STOP
        case "shows" | "tradable":
            setattr(made.exchanges[how[0]], what, how[1])
        case "market":
            exchange = made.exchanges[how[0]]
            exchange.mid, exchange.half_spread = how[1:]


def hear_all(made: Trading) -> None:
    while made.unsaid:
        made.hear(0)


# -- once the venues behave ------------------------------------------------------------------------------------------


def behave(made: Trading) -> None:
    """From now on everything can be traded, and every order fills."""
    made.behaviours.clear()
    for name, each in made.exchanges.items():
        each.shows = each.tradable = True
        each.mid, each.half_spread = (d(100) if name == "buy" else d(102)), d("0.01")


def until(made: Trading, done: Callable[[], bool]) -> None:
    """Go on until `done`; that takes few steps when nothing goes wrong any more."""
    for _ in range(60):
        made.advance()
        if done():
            return
        hear_all(made)
        if made.wake_ns is not None:
            made.now_ns = max(made.now_ns + MS, made.wake_ns)
    raise AssertionError(f"it does not come to an end: {made.view.phase}, {made.held}, {made.sent[-3:]}")


def check_story(story: Story) -> None:
    made = story.begin()
    for what, how in story.actions:
        do(made, what, how)
        made.advance()
        check_holdings(made)
    behave(made)
    hear_all(made)
    until(made, lambda: made.record is not None or made.view.phase == "open")
    check_holdings(made)
    if made.record is None:
        check_hedged(made)
    made.close_asked = CloseReason.STOP
    until(made, lambda: made.record is not None)
    check_end(made)


def check_hedged(made: Trading) -> None:
    """Both legs are equal, but for what neither venue would take."""
    buy, sell = made.held.values()
    gap = abs(buy + sell)
    lead = made.exchanges["buy" if buy > -sell else "sell"].instrument
    assert gap < max(lead.min_quantity, lead.lot)


def too_small(made: Trading, name: str) -> Decimal:
    """Coins of which fewer may be left: its venue takes no order of them, or has refused to reduce by so little."""
    exchange = made.exchanges[name]
    if made.leg(name).refusals >= REFUSALS_BELIEVED:
        return exchange.instrument.smallest_order(exchange.mid)
    return exchange.instrument.min_quantity


def check_end(made: Trading) -> None:
    record = made.record
    assert record is not None
    for name, each in made.exchanges.items():
        assert made.held[name] == each.position, "our books are the venue's"
        assert abs(each.position) < too_small(made, name), "nothing is left that could be closed"
    cost = sum((rest.quantity * rest.price for rest in rests(made.view.orders, made.plan.legs)), ZERO)
    assert record.net - cost == sum(each.cash for each in made.exchanges.values()), "not a cent is lost"
    assert Phase(record.phase) in {Phase.COMPLETED, Phase.UNWOUND, Phase.FAILED}
    if record.phase == Phase.FAILED:
        assert record.net == record.trading == ZERO


@given(story=stories(HONEST))
@settings(deadline=None, max_examples=120)
def test_a_trade_stays_within_its_plan_and_ends_flat_once_the_venues_behave(story: Story) -> None:
    check_story(story)


@pytest.mark.full
@given(story=stories(HONEST))
@settings(deadline=None, max_examples=10_000)
def test_ten_thousand_trades(story: Story) -> None:
    check_story(story)


# -- fills that come too late ----------------------------------------------------------------------------------------


@given(story=stories([*HONEST, "forgets", "forgets"]))
@settings(deadline=None, max_examples=120)
def test_a_fill_that_comes_after_the_end_of_its_order_is_made_good(story: Story) -> None:
    check_late_fills(story)


@pytest.mark.full
@given(story=stories([*HONEST, "forgets", "forgets"]))
@settings(deadline=None, max_examples=10_000)
def test_many_more_late_fills(story: Story) -> None:
    check_late_fills(story)


def check_late_fills(story: Story) -> None:
    made = story.begin()
    for what, how in story.actions:
        do(made, what, how)
        made.advance()
    behave(made)
    hear_all(made)
    if made.record is not None and made.forgotten:
        return  # nobody is left to make it good
    made.remember()
    until(made, lambda: made.record is not None or (made.view.phase == "open" and not is_naked(made)))
    made.close_asked = CloseReason.STOP
    until(made, lambda: made.record is not None)
    check_end(made)


def is_naked(made: Trading) -> bool:
    buy, sell = made.held.values()
    return abs(buy + sell) >= max(each.instrument.min_quantity for each in made.exchanges.values())

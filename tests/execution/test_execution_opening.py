"""How a trade opens: makers that are followed and ended, and what comes after nothing was filled."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import MS, RULES, SECOND, d, instrument, plan, quote
from msgspec.structs import replace

from perpbot.config.decisions import Execution, FallbackPolicy
from perpbot.execution.decide import decide
from perpbot.execution.opening import CANCEL_AGAIN_MS, FOLLOW, LOOK_MS, MAKE, first_wants
from perpbot.execution.plan import Plan, maker_prices
from perpbot.execution.trade import CloseReason, LegMarket, LegState, Phase, Resting, Situation, Step
from perpbot.model.events import Funding
from perpbot.model.money import Price, Quantity, Rate
from perpbot.model.order import TimeInForce

NOW = 1_000 * SECOND
BUY = LegMarket(instrument=instrument("a"), quote=quote("a", 100), tradable=True)
SELL = LegMarket(instrument=instrument("b"), quote=quote("b", 102), tradable=True)
OFF, CAREFUL = (attrs.evolve(RULES, fallback_policy=each) for each in (FallbackPolicy.OFF, FallbackPolicy.CONSERVATIVE))


def made(quantity: str = "2") -> Plan:
    """A trade that waits at venue a to buy, at the best bid there."""
    taker = plan(quantity)
    return replace(taker, buy=replace(taker.buy, resting=Price(d(100))))


def situation(
    bought: str = "0",
    sold: str = "0",
    *,
    waiting_s: float | None = 1.0,
    cancelling_ms: int | None = None,
    fills: int = 0,
    buy_tries: dict[str, int] | None = None,
    sell_tries: dict[str, int] | None = None,
    sell: LegMarket = SELL,
    refused: bool = False,
    **changes: Any,
) -> Situation:
    """An order that has waited at a for so long; None: it is over."""
    resting = None
    if waiting_s is not None:
        asked = None if cancelling_ms is None else NOW - cancelling_ms * MS
        resting = Resting(client_id="7-1", since_ns=NOW - int(waiting_s * SECOND), cancelling_since_ns=asked)
    legs = {
        "buy": LegState(
            held=Quantity(d(bought)), tries=buy_tries or {MAKE: 1}, resting=resting, fills=fills, refused=refused
        ),
        "sell": LegState(held=Quantity(-d(sold)), tries=sell_tries or {}),
    }
    usual: dict[str, Any] = {
        "plan": made(),
        "phase": Phase.OPENING,
        "legs": legs,
        "markets": {"buy": BUY, "sell": sell},
        "now_ns": NOW,
        "opened_ns": NOW,
        "may_open": True,
    }
    return Situation(**{**usual, **changes})


def step(rules: Execution = RULES, /, *held: str, **changes: Any) -> Step:
    return decide(situation(*held, **changes), rules)


WAIT = Step(phase=Phase.OPENING, retry_ms=LOOK_MS)
END = Step(phase=Phase.OPENING, cancels=("7-1",), retry_ms=LOOK_MS)


# -- the first orders ------------------------------------------------------------------------------------------------


def test_a_maker_goes_first_and_alone_at_the_better_side_of_its_book() -> None:
    (want,) = first_wants(made(), RULES)
    assert (want.leg, want.price, want.quantity, want.time_in_force) == ("buy", d(100), d(2), TimeInForce.POST_ONLY)
    assert want.adds_risk


@pytest.mark.parametrize(("parallel", "legs"), [(True, ["buy", "sell"]), (False, ["buy"])])
def test_takers_go_both_at_once_or_one_after_the_other(parallel: bool, legs: list[str]) -> None:  # noqa: FBT001
    wants = first_wants(plan(2), attrs.evolve(RULES, parallel_orders=parallel))
    assert [each.leg for each in wants] == legs
    assert {each.time_in_force for each in wants} == {TimeInForce.IOC}


@pytest.mark.parametrize(
    ("fees", "expected"),
    [(("0.0005", "0.0004"), {"buy": d(100)}), (("0.0004", "0.0005"), {"sell": d("102.02")})],
)
def test_the_leg_waits_where_that_saves_most(fees: tuple[str, str], expected: dict[str, Decimal]) -> None:
    buy, sell = (instrument(venue, taker_fee=d(fee)) for venue, fee in zip("ab", fees, strict=True))
    quotes = {"a": quote("a", 100), "b": quote("b", 102)}
    assert maker_prices(buy, sell, quotes) == expected
    assert maker_prices(buy, sell, {}) == {}


# -- while it waits --------------------------------------------------------------------------------------------------


def test_what_the_maker_fills_is_taken_at_the_other_venue_while_the_rest_waits() -> None:
    (want,) = step(RULES, "0.5", fills=1).wants
    assert (want.leg, want.quantity, want.purpose, want.time_in_force) == ("sell", d("0.5"), FOLLOW, TimeInForce.IOC)
    assert not want.adds_risk
    assert step(RULES, "0.5", "0.5", fills=1, sell_tries={FOLLOW: 1}) == WAIT


def test_what_is_too_little_for_the_other_venue_waits_for_more() -> None:
    coarse = attrs.evolve(SELL, instrument=instrument("b", min_quantity=d(1)))
    assert step(RULES, "0.5", fills=1, sell=coarse) == WAIT


@pytest.mark.parametrize(
    "why",
    [
        {"waiting_s": RULES.wait_fill_timeout_sec},
        {"close_asked": CloseReason.STOP},
        {"sell": attrs.evolve(SELL, quote=None)},
        {"sell": attrs.evolve(SELL, tradable=False)},
        {"sell": attrs.evolve(SELL, opens=False)},
        {"sell": attrs.evolve(SELL, quote=quote("b", "101.8"))},
    ],
    ids=["time", "stop", "no price", "no connection", "kill switch", "the difference is gone"],
)
def test_it_is_cancelled_when_it_must_not_wait_any_longer(why: dict[str, Any]) -> None:
    assert step(**why) == END


def test_it_is_cancelled_when_a_fill_could_not_be_followed_and_nothing_is_given_back_before_its_end() -> None:
    assert step(RULES, "0.5", "0.2", fills=1, sell_tries={FOLLOW: 1}) == END


def test_a_cancel_is_waited_for_and_sent_again_when_nothing_is_heard_of_it() -> None:
    assert step(cancelling_ms=CANCEL_AGAIN_MS - 1) == WAIT
    assert step(cancelling_ms=CANCEL_AGAIN_MS) == END


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.CLOSING])
def test_nothing_is_closed_while_an_order_still_waits(phase: Phase) -> None:
    found = step(RULES, "1", "1", phase=phase)
    assert (found.cancels, found.wants) == (("7-1",), ())


def test_what_it_had_filled_beyond_its_followers_is_hedged_after_its_end() -> None:
    (want,) = step(RULES, "0.5", "0.2", waiting_s=None, sell_tries={FOLLOW: 1}).wants
    assert (want.leg, want.quantity, want.purpose) == ("sell", d("0.3"), "hedge")


# -- when nothing was filled -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "tries", "quantity"),
    [
        (RULES, {MAKE: 1}, "2"),
        (RULES, {"open": 1}, "1"),
        (CAREFUL, {MAKE: 1}, "1"),
        (RULES, {"open": 2}, None),
        (OFF, {MAKE: 1}, None),
    ],
    ids=["maker becomes taker", "half the size", "careful", "no third time", "off"],
)
def test_what_follows_when_nothing_was_filled(rules: Execution, tries: dict[str, int], quantity: str | None) -> None:
    found = step(rules, waiting_s=None, buy_tries=tries)
    if quantity is None:
        assert found.phase is Phase.FAILED
    else:
        assert {each.quantity for each in found.wants} == {d(quantity)}
        assert [each.price for each in found.wants] == [d("100.1"), d("101.9")], "never a worse price"
        assert all(each.adds_risk for each in found.wants)


@pytest.mark.parametrize(
    "why",
    [
        {"may_open": False},
        {"close_asked": CloseReason.STOP},
        {"sell": attrs.evolve(SELL, quote=quote("b", "101.8"))},
        {"sell": attrs.evolve(SELL, opens=False)},
        {"sell": attrs.evolve(SELL, instrument=instrument("b", min_quantity=d(3)))},
        {"buy_tries": {"open": 1}, "refused": True},
    ],
    ids=["not allowed", "stop", "a worse price", "kill switch", "too small", "refused"],
)
def test_a_trade_that_filled_nothing_ends_there(why: dict[str, Any]) -> None:
    assert step(waiting_s=None, **why).phase is Phase.FAILED


# -- further reasons to close ----------------------------------------------------------------------------------------


def hedged(rules: Execution, **changes: Any) -> str:
    usual = {"phase": Phase.OPEN, "waiting_s": None, "spent": d("3.9")}
    return decide(situation("2", "2", **{**usual, **changes}), rules).reason


def test_a_trade_is_closed_at_its_loss_limit() -> None:
    assert hedged(RULES, spent=d(0)) == CloseReason.LOSS
    assert hedged(attrs.evolve(RULES, stop_loss_pct=d(0)), spent=d(0)) == ""


@pytest.mark.parametrize(
    ("rate", "in_s", "reason"),
    [("-0.002", 30, CloseReason.FUNDING), ("-0.002", 90, ""), ("0.002", 30, ""), ("-0.0001", 30, "")],
    ids=["costly and near", "not near", "it is received", "not costly"],
)
def test_a_trade_is_closed_before_funding_that_costs_much(rate: str, in_s: int, reason: str) -> None:
    wall = 5_000 * SECOND
    funding = Funding("BTC-PERP", Rate(d(rate), d(8)), wall + in_s * SECOND, wall)
    sell = attrs.evolve(SELL, funding=funding)
    assert hedged(attrs.evolve(RULES, close_profit_pct=d(5)), sell=sell, wall_ns=wall) == reason

"""What a trade does next, situation by situation."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest
from execution_values import MS, RULES, SECOND, d, instrument, plan, quote
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perpbot.config.decisions import Execution, PartialFillHandling
from perpbot.config.limits import Risk
from perpbot.execution.decide import LOOK_MS, OPEN_LOOK_MS, decide, profit_if_closed
from perpbot.execution.hedging import UNWINDS
from perpbot.execution.pricing import RETRY_MS
from perpbot.execution.trade import CloseReason, LegMarket, LegState, Phase, Situation, Step, Want
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.quote import Quote
from perpbot.risk.execution_rules import PriceCollar

NOW = 1_000 * SECOND
UNWIND_ONLY = attrs.evolve(RULES, partial_fill_handling=PartialFillHandling.UNWIND)
BUY = LegMarket(instrument=instrument("a"), quote=quote("a", 100), tradable=True)
SELL = LegMarket(instrument=instrument("b"), quote=quote("b", 102), tradable=True)


def situation(
    phase: Phase,
    bought: Decimal | str | int = 0,
    sold: Decimal | str | int = 0,
    *,
    buy: LegMarket = BUY,
    sell: LegMarket = SELL,
    buy_tries: Mapping[str, int] | None = None,
    sell_tries: Mapping[str, int] | None = None,
    busy: str = "",
    ended_ms: int = 100_000,
    **changes: Any,
) -> Situation:
    """A trade of 2 coins that holds `bought` and `sold` of them; its last orders ended `ended_ms` ago."""
    ended = NOW - ended_ms * MS

    def leg(name: str, held: Decimal, tries: Mapping[str, int] | None) -> LegState:
        return LegState(held=Quantity(held), busy=busy == name, tries={"open": 1, **(tries or {})}, last_try_ns=ended)

    usual: dict[str, Any] = {
        "plan": plan(2),
        "phase": phase,
        "legs": {"buy": leg("buy", Decimal(bought), buy_tries), "sell": leg("sell", -Decimal(sold), sell_tries)},
        "markets": {"buy": buy, "sell": sell},
        "now_ns": NOW,
        "opened_ns": NOW - SECOND,
        "spent": Decimal(sold) * 102 - Decimal(bought) * 100,
        "tolerance": d(60),
    }
    return Situation(**{**usual, **changes})


def opening(bought: str | int = 0, sold: str | int = 0, rules: Execution = RULES, **changes: Any) -> Step:
    return decide(situation(Phase.OPENING, bought, sold, **changes), rules)


def closing(bought: str | int = 0, sold: str | int = 0, **changes: Any) -> Step:
    return decide(situation(Phase.CLOSING, bought, sold, **changes), RULES)


def bare(step: Step) -> Step:
    """A step without what its orders are measured by."""
    return attrs.evolve(step, wants=tuple(replace(each, expected=None) for each in step.wants))


def one(step: Step) -> Want:
    """The only order of a step, without what it is measured by."""
    (want,) = bare(step).wants
    return want


def hedge(leg: str, quantity: str, price: str) -> Want:
    return want_of(leg, Side(leg), quantity, price, "hedge")


def unwind(leg: str, quantity: str, price: str) -> Want:
    return want_of(leg, Side(leg).opposite, quantity, price, "unwind")


def close(leg: str, quantity: str, price: str) -> Want:
    return want_of(leg, Side(leg).opposite, quantity, price, "close")


def want_of(leg: str, side: Side, quantity: str, price: str, purpose: str) -> Want:
    return Want(
        leg=leg,
        side=side,
        quantity=Quantity(d(quantity)),
        price=Price(d(price)),
        reduce_only=purpose in {"unwind", "close"},
        purpose=purpose,
    )


DOWN = {"tradable": False}
SILENT: dict[str, Any] = {"quote": None}
WIDE = {"quote": quote("a", "98", "101")}


def changed(market: LegMarket, **changes: Any) -> LegMarket:
    return attrs.evolve(market, **changes)


# -- while something is in flight ------------------------------------------------------------------------------------


@pytest.mark.parametrize("leg", ["buy", "sell"])
@pytest.mark.parametrize("phase", [Phase.OPENING, Phase.OPEN, Phase.CLOSING])
def test_nothing_is_decided_while_an_order_is_in_flight(phase: Phase, leg: str) -> None:
    step = decide(situation(phase, 2, 1, busy=leg, close_asked=CloseReason.STOP), RULES)
    assert step == Step(phase=phase, retry_ms=LOOK_MS)


def forgotten(held: str, seconds: int) -> LegState:
    """A leg with an order of which nothing was heard for so long."""
    return LegState(held=Quantity(d(held)), busy=True, tries={"open": 1}, waiting_since_ns=NOW - seconds * SECOND)


def alone(bought: str, sold: str, **states: Any) -> Situation:
    usual = situation(Phase.OPENING, bought, sold)
    return attrs.evolve(usual, legs={**usual.legs, **states})


def test_what_stands_alone_beside_an_order_of_unknown_fate_is_given_back_when_patience_is_over() -> None:
    patience = int(RULES.unknown_timeout_sec)
    early = alone("2", "0", sell=forgotten("0", patience - 1))
    assert decide(early, RULES) == Step(phase=Phase.OPENING, retry_ms=LOOK_MS)
    late = alone("2", "0", sell=forgotten("0", patience))
    assert one(decide(late, RULES)) == unwind("buy", "2", "99.9")


def test_only_what_stands_alone_is_given_back_beside_an_order_of_unknown_fate() -> None:
    some = alone("2", "0.5", sell=forgotten("-0.5", 60))
    assert one(decide(some, RULES)).quantity == d("1.5")
    equal = alone("2", "2", sell=forgotten("-2", 60))
    assert decide(equal, RULES).wants == ()


def test_nothing_is_done_when_the_fate_of_both_legs_is_unknown() -> None:
    both = alone("2", "0", buy=forgotten("2", 60), sell=forgotten("0", 60))
    assert decide(both, RULES).wants == ()


def test_after_one_leg_was_given_back_the_other_is_given_back_too_when_it_turns_out_filled() -> None:
    assert one(opening(0, 2, buy_tries={"unwind": 1})) == unwind("sell", "2", "102.13")


@pytest.mark.parametrize("phase", [Phase.OPENING, Phase.OPEN])
def test_a_trade_in_whose_position_somebody_else_traded_is_closed_and_never_hedged_again(phase: Phase) -> None:
    step = decide(situation(phase, 0, 2, buy_tries={"foreign": 1}), RULES)
    assert (step.phase, step.reason, step.wants) == (Phase.CLOSING, CloseReason.FOREIGN.value, ())
    assert one(closing(0, 2, buy_tries={"foreign": 1})) == close("sell", "2", "102.13")


def test_while_one_venue_is_away_closing_gives_back_what_hedges_nothing() -> None:
    gone = attrs.evolve(SELL, tradable=False, quote=None)
    assert one(closing(2, 1, sell=gone)) == unwind("buy", "1", "99.9")
    assert closing(1, 1, sell=gone).wants == ()


def test_what_is_left_alone_at_a_venue_that_stays_away_is_hedged_at_the_other() -> None:
    gone = attrs.evolve(SELL, tradable=False, quote=None)
    patience = int(RULES.unknown_timeout_sec) * SECOND
    assert closing(1, 2, sell=gone, uneven_since_ns=NOW - patience + 1).wants == ()
    assert one(closing(1, 2, sell=gone, uneven_since_ns=NOW - patience)) == hedge("buy", "1", "100.13")


@pytest.mark.parametrize("phase", [Phase.COMPLETED, Phase.UNWOUND, Phase.FAILED])
def test_nothing_is_decided_when_it_is_over(phase: Phase) -> None:
    assert phase.over
    assert decide(situation(phase, 2, 1), RULES) == Step(phase=phase)


# -- opening ---------------------------------------------------------------------------------------------------------


def test_the_first_step_is_both_legs_at_once_at_their_limits() -> None:
    nothing = LegState(held=Quantity(ZERO))
    step = decide(situation(Phase.OPENING, legs={"buy": nothing, "sell": nothing}), RULES)
    assert step.phase is Phase.OPENING
    assert [(each.leg, each.side, each.quantity, each.reduce_only) for each in step.wants] == [
        ("buy", Side.BUY, d(2), False),
        ("sell", Side.SELL, d(2), False),
    ]
    assert [each.price for each in step.wants] == [each.limit for each in plan().legs]


@pytest.mark.parametrize("held", ["2", "0.5"])
def test_equal_legs_are_open(held: str) -> None:
    assert opening(held, held) == Step(phase=Phase.OPEN, retry_ms=0)


def test_two_legs_of_nothing_have_failed() -> None:
    assert opening() == Step(phase=Phase.FAILED)
    assert opening(buy_tries={"hedge": 3}) == Step(phase=Phase.FAILED)
    assert opening(buy_tries={"unwind": 1}) == Step(phase=Phase.UNWOUND)


@pytest.mark.parametrize(
    ("bought", "sold", "want"),
    [
        ("2", "0", hedge("sell", "2", "101.89")),
        ("0.5", "2", hedge("buy", "1.5", "100.13")),
        ("2", "1.99", hedge("sell", "0.01", "101.89")),
    ],
)
def test_what_is_missing_is_hedged_within_a_band_of_the_best_price(bought: str, sold: str, want: Want) -> None:
    assert one(opening(bought, sold)) == want


@pytest.mark.parametrize(("tried", "price"), [(0, "101.89"), (1, "101.69"), (2, "101.2")])
def test_each_hedge_may_cost_a_little_more(tried: int, price: str) -> None:
    want = one(opening(2, 0, sell_tries={"hedge": tried}))
    assert want == hedge("sell", "2", price)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"sell_tries": {"hedge": 3}}, RULES),
        ({}, UNWIND_ONLY),
        ({"sell": changed(SELL, **DOWN)}, RULES),
        ({"sell": changed(SELL, **SILENT)}, RULES),
        ({"sell": changed(SELL, **WIDE)}, RULES),
        ({"sell": changed(SELL, instrument=instrument("b", min_quantity=d(3)))}, RULES),
        ({"sell": changed(SELL, instrument=instrument("b", min_notional=d(300)))}, RULES),
        ({"sell": changed(SELL, instrument=instrument("b", lot=d(3)))}, RULES),
    ],
    ids=["tried", "not wanted", "down", "no price", "too wide", "too small", "worth too little", "less than a lot"],
)
def test_what_cannot_be_hedged_is_given_back_where_it_is(changes: dict[str, Any], rules: Execution) -> None:
    assert one(opening(2, 0, rules, **changes)) == unwind("buy", "2", "99.9")


@pytest.mark.parametrize(("ask", "purpose"), [("99.6", "hedge"), ("100.8", "hedge"), ("100.81", "unwind")])
def test_a_market_is_too_wide_where_the_best_price_is_beyond_the_last_band(ask: str, purpose: str) -> None:
    assert RULES.hedge_band_pct[-1] == d("0.8")
    wide = changed(SELL, quote=quote("b", "99.2", ask))
    assert one(opening(2, 0, sell=wide)).purpose == purpose


def test_only_what_is_too_much_is_given_back() -> None:
    assert one(opening("0.5", 2, UNWIND_ONLY)) == unwind("sell", "1.5", "102.13")


@pytest.mark.parametrize("trouble", [DOWN, SILENT])
def test_what_can_be_given_back_nowhere_waits(trouble: dict[str, Any]) -> None:
    step = opening(2, 0, buy=changed(BUY, **trouble), sell=changed(SELL, **trouble))
    assert step == Step(phase=Phase.OPENING, retry_ms=RETRY_MS[1])


def test_what_is_not_given_back_in_several_tries_is_closed_with_all_else() -> None:
    tries = {"unwind": UNWINDS - 1}
    assert one(opening(2, 1, UNWIND_ONLY, buy_tries=tries)).purpose == "unwind"
    step = opening(2, 1, UNWIND_ONLY, buy_tries={"unwind": UNWINDS})
    assert step == Step(phase=Phase.CLOSING, reason=CloseReason.BROKEN.value, retry_ms=0)


SMALL = {"instrument": instrument("a", min_quantity=d("0.5"))}


def test_a_difference_that_no_venue_takes_is_carried() -> None:
    changes: dict[str, Any] = {"buy": changed(BUY, **SMALL), "sell": changed(SELL, **SMALL)}
    assert opening(2, "1.6", **changes) == Step(phase=Phase.OPEN, retry_ms=0)
    assert one(opening(2, "1.5", **changes)).purpose == "hedge"


REFUSES_LITTLE = {"instrument": instrument("a", min_notional=d(300))}


@pytest.mark.parametrize(("refusals", "carried"), [(2, False), (3, True)])
def test_a_difference_worth_less_than_a_venue_goes_on_to_refuse_is_carried(refusals: int, carried: bool) -> None:  # noqa: FBT001
    tries = {"unwind": refusals}
    now = situation(Phase.OPENING, 2, 1, buy=changed(BUY, **REFUSES_LITTLE), buy_tries=tries, tolerance=d(150))
    refused = attrs.evolve(now.legs["buy"], refusals=refusals)
    step = decide(attrs.evolve(now, legs={**now.legs, "buy": refused}), UNWIND_ONLY)
    if carried:
        assert step == Step(phase=Phase.OPEN, retry_ms=0)
    else:
        assert (one(step).purpose, one(step).quantity) == ("unwind", d(1))


def test_a_difference_worth_more_than_the_least_is_given_back_however_often_it_was_refused() -> None:
    now = situation(Phase.OPENING, 6, 1, buy=changed(BUY, **REFUSES_LITTLE), buy_tries={"unwind": 4})
    refused = attrs.evolve(now.legs["buy"], refusals=4)
    assert one(decide(attrs.evolve(now, legs={**now.legs, "buy": refused}), UNWIND_ONLY)).purpose == "unwind"


def test_an_order_that_closes_says_what_it_could_have_had() -> None:
    assert [each.expected for each in closing(2, 2).wants] == [BUY.quote.bid, SELL.quote.ask]  # type: ignore[union-attr]
    assert [each.expected for each in opening(2, 0, UNWIND_ONLY).wants] == [BUY.quote.bid]  # type: ignore[union-attr]


def test_a_leg_alone_that_is_too_small_to_give_back_ends_the_trade() -> None:
    changes: dict[str, Any] = {"buy": changed(BUY, **SMALL), "sell": changed(SELL, **SMALL)}
    assert opening("0.4", 0, **changes).phase is Phase.CLOSING
    assert closing("0.4", 0, **changes) == Step(phase=Phase.UNWOUND, reason=CloseReason.REST.value)


def test_what_was_filled_beyond_the_plan_is_given_back_and_not_hedged() -> None:
    assert one(opening(4, 2)) == unwind("buy", "2", "99.9")
    assert one(opening(4, 1)) == hedge("sell", "1", "101.89")


def test_what_was_given_back_twice_is_bought_again() -> None:
    """A fill that came too late: the buying leg stands short, and the other is flat."""
    assert one(opening(-1, 0)) == hedge("buy", "1", "100.13")
    assert one(opening(-1, 1)) == hedge("buy", "2", "100.13")


# -- pace ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tried", "pause_ms"), [(1, 100), (2, 200), (5, 1_600), (50, 1_600)])
def test_each_try_waits_longer_than_the_one_before(tried: int, pause_ms: int) -> None:
    tries = {"buy_tries": {"close": tried}, "sell_tries": {"close": tried}}
    assert closing(1, 1, ended_ms=pause_ms - 1, **tries) == Step(phase=Phase.CLOSING, retry_ms=1)
    assert closing(1, 1, ended_ms=0, **tries).retry_ms == pause_ms
    assert len(closing(1, 1, ended_ms=pause_ms, **tries).wants) == 2


def test_the_pause_is_that_of_the_leg_that_was_tried_more_often_and_later() -> None:
    now = situation(Phase.CLOSING, 1, 1, buy_tries={"close": 2}, sell_tries={"close": 1}, ended_ms=150)
    assert decide(now, RULES).retry_ms == 50
    just_ended = attrs.evolve(now.legs["sell"], last_try_ns=NOW)
    assert decide(attrs.evolve(now, legs={**now.legs, "sell": just_ended}), RULES).retry_ms == 200
    just_ended = attrs.evolve(now.legs["buy"], last_try_ns=NOW)
    assert decide(attrs.evolve(now, legs={**now.legs, "buy": just_ended}), RULES).retry_ms == 200


def test_the_first_try_does_not_wait() -> None:
    for step in (opening(2, 0, ended_ms=0), opening(2, 0, UNWIND_ONLY, ended_ms=0), closing(2, 2, ended_ms=0)):
        assert step.wants


# -- open ------------------------------------------------------------------------------------------------------------


def opened(bought: str | int = 2, sold: str | int = 2, **changes: Any) -> Step:
    return decide(situation(Phase.OPEN, bought, sold, **changes), RULES)


def test_an_open_trade_waits() -> None:
    assert opened() == Step(phase=Phase.OPEN, retry_ms=OPEN_LOOK_MS)


def test_an_open_trade_looks_again_when_its_time_is_up() -> None:
    assert opened(opened_ns=NOW - 59_900 * MS).retry_ms == 100
    assert opened(opened_ns=NOW - 60 * SECOND + 1).retry_ms == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"close_asked": CloseReason.STOP}, CloseReason.STOP),
        ({"close_asked": CloseReason.FLATTENED, "buy": changed(BUY, **DOWN)}, CloseReason.FLATTENED),
        ({"opened_ns": NOW - 60 * SECOND}, CloseReason.TIME),
        ({"opened_ns": NOW - 60 * SECOND, "sell": changed(SELL, **SILENT)}, CloseReason.TIME),
        ({"sell": changed(SELL, quote=quote("b", 100))}, CloseReason.REVERTED),
        ({"sell": changed(SELL, quote=quote("b", 99))}, CloseReason.REVERTED),
        ({"spent": d("4.9")}, CloseReason.TARGET),
    ],
)
def test_reasons_to_close(changes: dict[str, Any], reason: CloseReason) -> None:
    assert opened(**changes) == Step(phase=Phase.CLOSING, reason=reason.value, retry_ms=0)


@pytest.mark.parametrize(("mid", "reason"), [("99.7", ""), ("99.39", CloseReason.REVERTED)])
def test_a_spread_has_reverted_at_what_the_currencies_were_worth(mid: str, reason: str) -> None:
    sell = changed(SELL, quote=quote("b", d(mid) - d("0.01"), d(mid) + d("0.01")))
    bought_in_usdt = replace(plan(2), rate=d("1.0062"))
    assert opened(sell=sell, plan=bought_in_usdt, spent=d(-2)).reason == reason


@pytest.mark.parametrize("trouble", [DOWN, SILENT])
def test_prices_are_no_reason_while_one_leg_could_not_follow(trouble: dict[str, Any]) -> None:
    assert opened(sell=changed(SELL, quote=quote("b", 99)), buy=changed(BUY, **trouble)).phase is Phase.OPEN
    assert opened(spent=d(100), sell=changed(SELL, **trouble)).phase is Phase.OPEN


def test_the_target_is_met_exactly() -> None:
    # sells 2 at 100 and buys 2 at 102.02, both with a fee of 0.05 %; the target is 0.1 % of 2 coins at 101.9
    costs = 2 * d("2.02") + (d(200) + d("204.04")) * d("0.0005")
    target = 2 * d("101.9") * d("0.001")
    assert profit_if_closed(situation(Phase.OPEN, 2, 2, spent=costs + target)) == target
    assert opened(spent=costs + target).reason == CloseReason.TARGET
    assert opened(spent=costs + target - d("0.0001")).reason == ""


def test_a_fee_that_was_taken_in_another_coin_counts_as_the_venues_taker_fee() -> None:
    now = situation(Phase.OPEN, 2, 2)
    elsewhere = {name: attrs.evolve(each, fee_elsewhere=d(200)) for name, each in now.legs.items()}
    fees = 200 * (BUY.instrument.taker_fee + SELL.instrument.taker_fee)
    assert fees > 0
    assert profit_if_closed(attrs.evolve(now, legs=elsewhere)) == profit_if_closed(now) - fees


def test_a_profit_without_a_price_is_no_number() -> None:
    with pytest.raises(ValueError, match="no quote of b"):
        profit_if_closed(situation(Phase.OPEN, 2, 2, sell=changed(SELL, **SILENT)))


def test_a_fill_that_came_after_the_trade_was_open_is_made_good() -> None:
    assert opened(2, "1.5", spent=d(-47)) == Step(phase=Phase.OPEN, wants=(hedge("sell", "0.5", "101.89"),))
    assert bare(opened(3, 2, spent=d(-96))) == Step(phase=Phase.OPEN, wants=(unwind("buy", "1", "99.9"),))
    assert opened(3, 2, close_asked=CloseReason.STOP).phase is Phase.CLOSING


def test_a_difference_that_is_carried_does_not_keep_an_open_trade_from_waiting() -> None:
    changes: dict[str, Any] = {"buy": changed(BUY, **SMALL), "sell": changed(SELL, **SMALL)}
    assert opened(2, "1.6", spent=d("-36.8"), **changes) == Step(phase=Phase.OPEN, retry_ms=OPEN_LOOK_MS)


# -- closing ---------------------------------------------------------------------------------------------------------


def test_both_legs_are_closed_at_once() -> None:
    step = closing(2, "1.5")
    assert bare(step) == Step(phase=Phase.CLOSING, wants=(close("buy", "2", "99.9"), close("sell", "1.5", "102.13")))


def test_the_leg_that_is_left_is_closed_alone() -> None:
    assert one(closing(0, 1, buy=changed(BUY, **DOWN))) == close("sell", "1", "102.13")


@pytest.mark.parametrize("trouble", [DOWN, SILENT])
def test_a_leg_is_not_closed_while_the_other_could_not_follow(trouble: dict[str, Any]) -> None:
    assert closing(2, 2, sell=changed(SELL, **trouble)) == Step(phase=Phase.CLOSING, retry_ms=RETRY_MS[2])


def test_each_leg_widens_its_own_band() -> None:
    step = closing(1, 1, buy_tries={"close": 2}, sell_tries={"close": 1})
    assert bare(step).wants == (close("buy", "1", "99.21"), close("sell", "1", "102.33"))


@pytest.mark.parametrize(
    ("buy_tries", "sell_tries", "phase"),
    [
        ({"close": 1}, {"close": 1}, Phase.COMPLETED),
        ({"close": 1}, {}, Phase.UNWOUND),
        ({"unwind": 1}, {}, Phase.UNWOUND),
    ],
)
def test_a_trade_with_nothing_left_is_over(buy_tries: dict[str, int], sell_tries: dict[str, int], phase: Phase) -> None:
    assert closing(buy_tries=buy_tries, sell_tries=sell_tries) == Step(phase=phase)


def test_a_rest_that_its_venue_does_not_take_is_left_and_does_not_hold_up_the_other_leg() -> None:
    small = changed(BUY, tradable=False, **SMALL)
    assert one(closing("0.4", 1, buy=small)) == close("sell", "1", "102.13")
    step = closing("0.4", 0, buy=small, buy_tries={"close": 1}, sell_tries={"close": 1})
    assert step == Step(phase=Phase.COMPLETED, reason=CloseReason.REST.value)


def test_a_leg_that_stands_the_wrong_way_is_closed_the_right_way() -> None:
    assert one(closing(-1, 0)).side is Side.BUY


# -- prices ----------------------------------------------------------------------------------------------------------

COLLAR = Risk(price_collar_pct=RULES.hedge_band_pct[-1])
CENTS = st.integers(1, 100_000).map(lambda number: Decimal(number).scaleb(-2))


@given(bid=CENTS, spread=CENTS, tried=st.integers(0, 9), bought=st.sampled_from(["0", "2"]))
@settings(deadline=None, max_examples=300)
def test_no_order_of_a_trade_in_progress_is_outside_the_collar_unless_the_market_is(
    bid: Decimal, spread: Decimal, tried: int, bought: str
) -> None:
    seen: Quote = quote("a", bid, bid + spread)
    market = changed(BUY, quote=seen)
    tries = {"hedge": tried, "unwind": min(tried, UNWINDS - 1), "close": tried}
    steps = [
        decide(
            situation(phase, bought, 2 - d(bought), buy=market, sell=market, buy_tries=tries, sell_tries=tries), rules
        )
        for phase, rules in ((Phase.OPENING, RULES), (Phase.OPENING, UNWIND_ONLY), (Phase.CLOSING, RULES))
    ]
    too_wide = (seen.ask - seen.mid) * 100 > seen.mid * COLLAR.price_collar_pct
    for want in (want for step in steps for want in step.wants):
        assert want.price > 0
        assert market.instrument.on_grid(want.price)
        best = seen.ask if want.side is Side.BUY else seen.bid
        assert (want.price - best) * want.side.sign >= 0, "it reaches the best price"
        if not too_wide:
            assert PriceCollar().check_price("a", want.price, seen, COLLAR) is None
        assert not (too_wide and want.purpose == "hedge")

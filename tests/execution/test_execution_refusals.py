"""Orders that venues turn down: tried again, but not for ever as often, and what only passes does not count."""

from decimal import Decimal

import pytest
from execution_values import MS, RULES, SECOND, d, fill, instrument, order, plan, quote

from perpbot.execution.decide import decide
from perpbot.execution.entries import TradeOpened
from perpbot.execution.ledger import Ledger, answered
from perpbot.execution.pricing import LONGEST_MS, RETRY_MS
from perpbot.execution.record import OrderRecord
from perpbot.execution.settle import leg_state, refusals
from perpbot.execution.trade import LegMarket, LegState, Phase, Situation, Step
from perpbot.execution.views import OrderView, view
from perpbot.model.instrument import Instrument
from perpbot.model.money import Quantity
from perpbot.model.order import Accepted, OrderStatus, Outcome, Refused, Unknown

NO, LATER = Refused("no"), Refused("too many requests", retryable=True)
NOW = 1_000 * SECOND


def closing(
    refused: int, ago_ms: int, *, bought: str = "2", sold: str = "2", tried: int = 0, grid: Instrument | None = None
) -> Step:
    """Both legs are to be closed; the buying one was refused so often, `ago_ms` ago at last."""
    last_ns = NOW - ago_ms * MS
    tries = {"open": 1, "close": max(tried, refused)}
    legs = {
        "buy": LegState(held=Quantity(d(bought)), tries=tries, last_try_ns=last_ns, refusals=refused),
        "sell": LegState(held=Quantity(-d(sold)), tries=tries, last_try_ns=last_ns),
    }
    markets = {
        "buy": LegMarket(instrument=grid or instrument("a"), quote=quote("a", 100), tradable=True),
        "sell": LegMarket(instrument=instrument("b"), quote=quote("b", 102), tradable=True),
    }
    now = Situation(
        plan=plan(2), phase=Phase.CLOSING, legs=legs, markets=markets, now_ns=NOW, opened_ns=SECOND, tolerance=d(10)
    )
    return decide(now, RULES)


@pytest.mark.parametrize(
    ("refused", "pause_ms"), [(1, 100), (5, 1_600), (6, 3_200), (9, 25_600), (11, LONGEST_MS), (500, LONGEST_MS)]
)
def test_the_pause_before_a_close_doubles_with_every_refusal_up_to_the_longest(refused: int, pause_ms: int) -> None:
    assert closing(refused, pause_ms - 1) == Step(phase=Phase.CLOSING, retry_ms=1)
    assert len(closing(refused, pause_ms).wants) == 2


def test_what_found_nobody_to_trade_with_is_tried_again_soon_for_ever() -> None:
    assert len(closing(0, RETRY_MS[-1], tried=500).wants) == 2


@pytest.mark.parametrize(("bought", "sold"), [("2", "1"), ("1", "2"), ("2", "0")])
def test_what_stands_alone_is_never_left_for_longer_than_the_last_usual_pause(bought: str, sold: str) -> None:
    assert closing(50, RETRY_MS[-1], bought=bought, sold=sold).wants != ()


def test_a_rest_worth_less_than_the_minimum_is_left_when_its_venue_goes_on_to_refuse_it() -> None:
    grid = instrument("a", min_notional=d(10))
    assert closing(2, LONGEST_MS, bought="0.05", sold="0", grid=grid).wants != ()
    assert closing(3, LONGEST_MS, bought="0.05", sold="0", grid=grid).phase.over
    assert closing(3, LONGEST_MS, bought="0.5", sold="0", grid=grid).wants != (), "it is worth more"


# -- what counts as a refusal ----------------------------------------------------------------------------------------


def one(number: int, outcome: Outcome) -> OrderView:
    record = OrderRecord(order(number))
    record.outcome(outcome)
    if isinstance(outcome, Accepted):
        record.fill(fill(record.order, number, Decimal(1)))
    return view(record)


@pytest.mark.parametrize(
    ("outcomes", "in_row", "turned_down"),
    [
        ([], 0, False),
        ([NO], 1, True),
        ([NO, NO, NO], 3, True),
        ([NO, Accepted("v1"), NO], 1, True),
        ([NO, Accepted("v1")], 0, True),
        ([NO, LATER], 0, True),
        ([LATER, LATER], 0, False),
        ([Unknown("timeout")], 0, False),
    ],
)
def test_only_what_a_venue_turns_down_for_what_it_is_counts(
    outcomes: list[Outcome], in_row: int, turned_down: object
) -> None:
    views = [one(number, outcome) for number, outcome in enumerate(outcomes)]
    assert refusals(views) == in_row
    state = leg_state("buy", views)
    assert (state.refusals, state.refused) == (in_row, turned_down)


@pytest.mark.parametrize("outcome", [NO, LATER])
def test_the_journal_remembers_whether_a_refusal_passes(outcome: Refused) -> None:
    ledger = Ledger()
    ledger.apply(TradeOpened(plan=plan(2), pool="arb", reserved={}, orders=[order(1)]), 1)
    ledger.apply(answered("7-1", outcome), 1)
    record = ledger.known("7-1")
    assert (record.status, record.retryable) == (OrderStatus.REFUSED, outcome.retryable)

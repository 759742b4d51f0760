"""Folding what is left of a long journal gives what folding all of it gives."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_execution_ledger import Live, histories, record_of, state

from perpbot.execution import condensing
from perpbot.execution.accounting import Accounting
from perpbot.execution.condensing import condense, hold
from perpbot.execution.entries import (
    CaughtUp,
    Entry,
    KillSwitchSet,
    OrderAnswered,
    OrderFilled,
    OrderTold,
    PeakEquity,
    TradeMoved,
    TradeRecord,
    TradeSettled,
)
from perpbot.execution.ledger import Ledger
from perpbot.portfolio.holding import Holding, HoldingKey

DAY_NS = 24 * 3_600 * 10**9


@attrs.frozen
class Line:
    at_ns: int
    entry: Entry


def folded(entries: Sequence[Entry]) -> tuple[Ledger, dict[str, Any]]:
    ledger, accounting, holdings = Ledger(), Accounting(), dict[HoldingKey, Holding]()
    for entry in entries:
        ledger.apply(entry, 0)
        accounting.apply(entry)
        hold(holdings, entry)
    profits = {account: earned for account, earned in accounting.pnl.booked.items() if any(attrs.astuple(earned))}
    return ledger, {
        "holdings": {key: each for key, each in holdings.items() if each != Holding()},
        "profits": profits,
        "counts": (ledger.orders_intended, ledger.trades_opened, ledger.last_trade_number, ledger.duplicate_ids),
        "outcomes": +ledger.outcomes,
        "in progress": state(ledger)["trades"],
        "unsettled": state(ledger)["unsettled"],
    }


def condensed(entries: Sequence[Entry], now_ns: int = 10 * DAY_NS) -> list[Entry]:
    sums, kept = condense([Line(0, entry) for entry in entries], now_ns)
    return [*sums, *(line.entry for line in kept)]


@pytest.fixture(autouse=True)
def _little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condensing, "ORDERS_CARRIED", 2)
    monkeypatch.setattr(condensing, "RECORDS_CARRIED", 1)


def journal_of(history: list[list[Any]]) -> list[Entry]:
    live = Live()
    for batch in history:
        live.take(batch)
    return live.journal


def not_of_the_dropped(begin: Sequence[Entry], tail: Sequence[Entry]) -> bool:
    """Whether nothing of `tail` is about a trade that condensing drops: the order book does not know those any more."""
    left = condensed(begin)
    for number, entry in enumerate(tail):
        known, _ = folded([*left, *tail[:number]])
        match entry:
            case OrderAnswered() | OrderTold() | OrderFilled():
                if known.order(entry.client_id) is None:
                    return False
            case TradeMoved(trade_id=trade_id) | TradeSettled(record=TradeRecord(trade_id=trade_id)):
                if trade_id not in {*known._trades, *known._settled}:
                    return False
            case _:
                pass
    return True


@given(history=histories(), cut=st.integers(0, 60))
@settings(deadline=None, max_examples=60)
def test_whatever_happened_the_rest_and_what_is_carried_come_to_the_same(history: list[list[Any]], cut: int) -> None:
    entries = journal_of(history)
    begin, tail = entries[:cut], entries[cut:]
    assume(not_of_the_dropped(begin, tail))
    _, wanted = folded(entries)
    assert folded([*condensed(begin), *tail])[1] == wanted
    assert folded(condensed([*condensed(begin), *tail]))[1] == wanted, "again and again"


@pytest.mark.full
@given(history=histories(), cut=st.integers(0, 60))
@settings(deadline=None, max_examples=10_000)
def test_ten_thousand_histories_condensed(history: list[list[Any]], cut: int) -> None:
    entries = journal_of(history)
    assume(not_of_the_dropped(entries[:cut], entries[cut:]))
    assert folded([*condensed(entries[:cut]), *entries[cut:]])[1] == folded(entries)[1]


def test_trades_that_are_over_are_dropped_but_for_the_newest_and_their_records_stay_for_a_while() -> None:
    live = Live()
    for number in (1, 2, 3):
        live.record([TradeSettled(record=record_of(live.ledger, number))])
    left = condensed(live.journal)
    assert sum(isinstance(entry, TradeSettled) for entry in left) == 1
    assert folded(left)[0].order("7-1") is None
    assert folded(left)[0].order("7-5") is not None
    recent = condense([Line(9 * DAY_NS, entry) for entry in live.journal], 10 * DAY_NS)[1]
    assert sum(isinstance(line.entry, TradeSettled) for line in recent) == 3


def test_of_what_is_said_again_and_again_the_last_word_is_kept() -> None:
    entries: list[Entry] = []
    for number in range(50):
        entries.append(CaughtUp(venue="okx", account="main", until_ms=number))
        entries.append(PeakEquity(venue="okx", equity=Decimal(number)))
        entries.append(KillSwitchSet(scope="global", on=bool(number % 2), by="a test"))
    kept = [entry for entry in condensed(entries) if isinstance(entry, CaughtUp | PeakEquity | KillSwitchSet)]
    assert kept == entries[-3:]

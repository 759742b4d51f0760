"""Symbols share one pool: equally, by weight, or after what they ask for; never more than there is."""

from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from perpbot.capital.allocation import Allocation, NotRegisteredError
from perpbot.config.limits import Allocation as Settings
from perpbot.config.limits import AllocationMethod
from perpbot.model.money import ZERO

SYMBOLS = ("BTC-PERP", "ETH-PERP", "SOL-PERP")
BTC, ETH, SOL = SYMBOLS


def allocation(method: AllocationMethod = AllocationMethod.EQUAL, total: int = 900) -> Allocation:
    shared = Allocation(method)
    for symbol, weight in zip(SYMBOLS, (2, 1, 1), strict=True):
        shared.register(symbol, weight=Decimal(weight))
    shared.set_total(Decimal(total))
    return shared


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (AllocationMethod.EQUAL, (300, 300, 300)),
        (AllocationMethod.WEIGHTED, (450, 225, 225)),
        (AllocationMethod.DYNAMIC, (300, 300, 300)),
    ],
)
def test_each_method_shares_out_in_its_way(method: AllocationMethod, expected: tuple[int, ...]) -> None:
    shared = allocation(method)
    assert [round(shared.allocated(symbol), 9) for symbol in SYMBOLS] == list(expected)


def test_other_settings_share_out_anew_and_what_is_used_and_was_asked_for_stays() -> None:
    shared = allocation()
    assert shared.check(BTC, Decimal(200))
    shared.record("t1", BTC, Decimal(200))
    shared.follow(
        Settings(
            method=AllocationMethod.WEIGHTED, weights=("BTC=1", "ETH=2"), symbol_caps=("SOL=10",),
            max_use_pct=Decimal(50),
        )
    )  # fmt: skip
    assert [round(shared.allocated(symbol), 9) for symbol in SYMBOLS] == [Decimal("112.5"), 225, 45]
    assert shared.used(BTC) == 200
    assert shared.room(BTC) < 0, "it may use no more, and gives nothing back"
    assert shared.summary().efficiency == 1
    shared.follow(Settings(method=AllocationMethod.DYNAMIC, max_use_pct=Decimal(100)))
    assert shared.allocated(BTC) > shared.allocated(ETH) == shared.allocated(SOL), "only BTC has asked for anything"


def test_a_symbol_keeps_to_its_own_and_a_release_gives_it_back() -> None:
    shared = allocation()
    assert shared.check(BTC, Decimal(300))
    shared.record("t1", BTC, Decimal(300))
    assert not shared.check(BTC, Decimal(1))
    assert shared.check(ETH, Decimal(300))
    shared.release("t1")
    shared.release("t1")
    assert shared.check(BTC, Decimal(300))
    assert shared.summary().blocked == 1
    assert shared.summary().efficiency == Decimal(900) / 901


def test_all_symbols_together_keep_to_what_may_be_used() -> None:
    shared = Allocation(AllocationMethod.EQUAL, max_use=Decimal("0.5"))
    shared.register(BTC)
    shared.set_total(Decimal(1_000))
    assert shared.room(BTC) == 500


def test_a_symbol_never_has_more_than_its_most() -> None:
    shared = Allocation(AllocationMethod.EQUAL)
    shared.register(BTC, most=Decimal("0.1"))
    shared.set_total(Decimal(1_000))
    assert shared.allocated(BTC) == 100


def test_a_symbol_that_nobody_registered_is_named() -> None:
    with pytest.raises(NotRegisteredError, match="DOGE-PERP is not among BTC-PERP, ETH-PERP, SOL-PERP"):
        allocation().check("DOGE-PERP", Decimal(1))


def test_shares_follow_what_is_asked_for_once_use_differs_by_more_than_allowed() -> None:
    shared = allocation(AllocationMethod.DYNAMIC)
    shared.check(BTC, Decimal(90))
    shared.record("t1", BTC, Decimal(90))
    assert not shared.rebalance_if_needed(), "a difference of 30 percent is allowed"
    shared.check(BTC, Decimal(210))
    shared.record("t2", BTC, Decimal(210))
    assert shared.rebalance_if_needed()
    assert round(shared.allocated(BTC), 9) == 600, "a third of one half, and all of the other"
    assert round(shared.allocated(ETH), 9) == 150
    assert shared.summary().rebalanced == 1
    assert shared.summary().use == Decimal(1) / 3


def test_equal_shares_stay_equal_however_they_are_used() -> None:
    shared = allocation()
    shared.record("t1", BTC, Decimal(300))
    assert not shared.rebalance_if_needed()
    assert shared.allocated(BTC) == shared.allocated(ETH)


class AllocationUnderUse(RuleBasedStateMachine):
    """Trades come and go, and the total moves."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = allocation(AllocationMethod.DYNAMIC)
        self.used: dict[str, tuple[str, Decimal]] = {}
        self.shrunk = False

    @rule(owner=st.integers(0, 9), symbol=st.sampled_from(SYMBOLS), amount=st.integers(1, 400).map(Decimal))
    def a_trade_opens(self, owner: int, symbol: str, amount: Decimal) -> None:
        name = f"t{owner}"
        if name not in self.used and self.shared.check(symbol, amount):
            self.shared.record(name, symbol, amount)
            self.used[name] = (symbol, amount)

    @rule(owner=st.integers(0, 9))
    def a_trade_ends(self, owner: int) -> None:
        self.shared.release(f"t{owner}")
        self.used.pop(f"t{owner}", None)

    @rule(total=st.integers(100, 2_000).map(Decimal))
    def the_total_moves(self, total: Decimal) -> None:
        self.shared.set_total(total)
        self.shrunk = True

    @rule()
    def it_is_rebalanced(self) -> None:
        self.shared.rebalance_if_needed()

    @invariant()
    def the_sums_agree(self) -> None:
        status, summary = self.shared.status(), self.shared.summary()
        assert summary.used == sum((amount for _, amount in self.used.values()), ZERO)
        assert sum((each.used for each in status.values()), ZERO) == summary.used
        assert abs(sum((each.allocated for each in status.values()), ZERO) - summary.total) < Decimal("1e-20")
        assert 0 <= summary.efficiency <= 1
        assert self.shrunk or summary.used <= summary.total


TestAllocationUnderUse = AllocationUnderUse.TestCase
TestAllocationUnderUse.settings = settings(deadline=None, max_examples=25, stateful_step_count=20)


@pytest.mark.full
def test_many_more_histories_of_an_allocation() -> None:
    run_state_machine_as_test(
        AllocationUnderUse, settings=settings(deadline=None, max_examples=10_000, stateful_step_count=20)
    )

"""What is reserved for a trade is given back once: when it is abandoned, expires or is over, restarts or not."""

from collections.abc import Hashable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import actors.pool
from actors.pool import CapitalPool, Release, ReservationRefusedError, Reserve
from perpbot.clock import NS_PER_SECOND
from perpbot.execution.entries import TradeOpened, TradeRecord
from perpbot.execution.plan import Leg, Plan
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity

VENUES = ("a", "b")
TOTAL = Decimal(100)
TTL_S = 30.0
AMOUNTS = st.fixed_dictionaries(
    {venue: st.integers(1, 160).map(lambda number: Decimal(number) / 4) for venue in VENUES}
)


class Silent:
    """A log that nobody reads."""

    def warning(self, *_: Any, **__: Any) -> None:
        pass


class Pool(CapitalPool):
    """The pool's actor without a system around it: what it is told, it is told by the test."""

    log = Silent()

    def subscribe(self, address: str, topic: Hashable) -> None:
        pass


def plan(trade_id: str) -> Plan:
    def leg(side: Side, venue: str) -> Leg:
        return Leg(side=side, venue=venue, account="main", limit=Price(Decimal(1)), expected=Price(Decimal(1)))

    return Plan(
        trade_id=trade_id, symbol="BTC-PERP", quantity=Quantity(Decimal(1)), buy=leg(Side.BUY, "a"),
        sell=leg(Side.SELL, "b"), expected_net=ZERO, seen_ns=0, opened_at_ns=0,
    )  # fmt: skip


def over(trade_id: str) -> TradeRecord:
    return TradeRecord(
        trade_id=trade_id, symbol="BTC-PERP", buy_venue="a", sell_venue="b", quantity=ZERO, phase="completed",
        reason="", trading=ZERO, fees=ZERO, funding=ZERO, currencies=["USDT"], expected_net=ZERO, slippage=ZERO,
        opened_at_ns=0, settled_at_ns=0, sent_ms=0, hedged_ms=0, max_unhedged=ZERO, unhedged_ms=0, pool="arb",
    )  # fmt: skip


class Lives(RuleBasedStateMachine):
    """Trades that come and go, an order book that tells of them later, and a pool that dies in between."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        vars(actors.pool)["monotonic_ns"] = lambda: self.now_ns
        self.count = 0
        self.wanted: dict[str, Mapping[str, Decimal]] = {}
        """What was reserved for trades that the order book does not know yet."""
        self.open: dict[str, Mapping[str, Decimal]] = {}
        """Trades in progress, as the order book has them."""
        self.unheard: list[TradeOpened | TradeRecord] = []
        """What the order book has told, and the pool has not read."""
        self.pool = self.made()

    def made(self) -> Pool:
        pool = Pool("arb", Decimal(1), orders="/orders", balances="/balances", ttl_s=TTL_S)
        for venue in VENUES:
            pool._pool.set_total(venue, TOTAL)
        return pool

    # -- what happens ----------------------------------------------------------------------------------------------

    @rule(amounts=AMOUNTS, again=st.booleans())
    def the_executor_reserves(self, amounts: Mapping[str, Decimal], *, again: bool) -> None:
        self.count += 1
        owner = f"7-t{self.count}"
        for _ in range(1 + again):
            try:
                self.pool.on_reserve(Reserve(owner, "BTC-PERP", amounts))
            except ReservationRefusedError:
                return
        self.wanted[owner] = amounts

    @precondition(lambda self: self.wanted)
    @rule(which=st.integers(0, 9))
    def a_trade_is_opened(self, which: int) -> None:
        owner = list(self.wanted)[which % len(self.wanted)]
        self.open[owner] = self.wanted.pop(owner)
        self.unheard.append(TradeOpened(plan=plan(owner), pool="arb", reserved=self.open[owner], orders=[]))

    @precondition(lambda self: self.wanted)
    @rule(which=st.integers(0, 9))
    def it_is_abandoned(self, which: int) -> None:
        owner = list(self.wanted)[which % len(self.wanted)]
        del self.wanted[owner]
        self.pool.on_release(Release(owner))
        assert self.pool.on_release(Release(owner)) is False, "told twice is given back once"

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 9))
    def a_trade_is_over(self, which: int) -> None:
        owner = list(self.open)[which % len(self.open)]
        del self.open[owner]
        self.unheard.append(over(owner))

    @rule(messages=st.integers(1, 4))
    def the_pool_reads_its_mailbox(self, messages: int) -> None:
        for _ in range(min(messages, len(self.unheard))):
            self.hear(self.unheard.pop(0))

    def hear(self, message: TradeOpened | TradeRecord) -> None:
        if isinstance(message, TradeOpened):
            self.pool.on_opened(message)
        else:
            self.pool.on_settled(message)

    @rule(seconds=st.sampled_from([1, 10, 31]))
    def time_passes(self, seconds: int) -> None:
        self.now_ns += seconds * NS_PER_SECOND
        self.pool.on_expire(actors.pool._Expire())

    @rule(opened=st.integers(0, 2), ended=st.integers(0, 2))
    def the_pool_restarts(self, opened: int, ended: int) -> None:
        """It subscribes, and asks for what is open; what is told meanwhile may be in the answer already."""
        self.unheard = []
        self.pool = self.made()
        for _ in range(min(opened, len(self.wanted))):
            self.a_trade_is_opened(0)
        for _ in range(min(ended, len(self.open))):
            self.a_trade_is_over(-1)
        for owner, amounts in self.open.items():
            self.pool._pool.adopt(owner, amounts)

    # -- what holds ------------------------------------------------------------------------------------------------

    def held(self) -> dict[str, Mapping[str, Decimal]]:
        return {owner: each.amounts for owner, each in self.pool._pool.reservations.items()}

    @invariant()
    def what_is_reserved_and_what_is_free_are_all_there_is(self) -> None:
        for venue in VENUES:
            reserved = sum((each[venue] for each in self.held().values()), ZERO)
            assert self.pool._pool.allocated(venue) == reserved
            assert reserved + self.pool._pool.available(venue) == TOTAL

    @invariant()
    def once_all_is_heard_every_open_trade_has_its_reservation_and_nobody_else(self) -> None:
        if not self.unheard:
            held = self.held()
            assert {owner: held.get(owner) for owner in self.open} == self.open
            assert set(held) <= {*self.open, *self.wanted}

    def teardown(self) -> None:
        for owner in self.open:
            self.unheard.append(over(owner))
        for message in self.unheard:
            self.hear(message)
        for owner in self.wanted:
            self.pool.on_release(Release(owner))
        assert self.held() == {}
        assert all(self.pool._pool.available(venue) == TOTAL for venue in VENUES)


@pytest.fixture(autouse=True)
def _the_clock_is_put_back() -> Iterator[None]:
    usual = vars(actors.pool)["monotonic_ns"]
    yield
    vars(actors.pool)["monotonic_ns"] = usual


def test_a_reservation_is_given_back_once_whatever_happens_to_its_trade_and_its_pool() -> None:
    run_state_machine_as_test(Lives, settings=settings(deadline=None, max_examples=40, stateful_step_count=25))


@pytest.mark.full
def test_ten_thousand_lives_of_reservations() -> None:
    run_state_machine_as_test(Lives, settings=settings(deadline=None, max_examples=10_000, stateful_step_count=25))

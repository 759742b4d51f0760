"""A pool never gives away more than it has, all of a reservation or nothing, and each back once."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from perpbot.capital.pool import NotReservedError, Pool, shares
from perpbot.model.money import ZERO

VENUES = ("a", "b", "c")
OWNERS = st.sampled_from(["t1", "t2", "t3", "t4"])
AMOUNTS = st.dictionaries(
    st.sampled_from(VENUES), st.integers(1, 60).map(lambda number: Decimal(number) / 4), min_size=1, max_size=3
)
TTL = 10


class PoolAgainstDicts(RuleBasedStateMachine):
    """Everything that can happen to a pool; beside it stands what it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool("arb")
        self.totals: dict[str, Decimal] = {}
        self.held: dict[str, dict[str, Decimal]] = {}
        self.borrowed: dict[str, Decimal] = {}
        self.lent: dict[str, dict[str, Decimal]] = {}
        self.expires: dict[str, int] = {}
        self.overdrawn: set[str] = set()
        self.now = 0

    def left(self, venue: str) -> Decimal:
        own = self.totals.get(venue, ZERO) + self.borrowed.get(venue, ZERO)
        gone = [*self.held.values(), *self.lent.values()]
        return own - sum((each.get(venue, ZERO) for each in gone), ZERO)

    @rule(venue=st.sampled_from(VENUES), amount=st.integers(0, 40).map(Decimal))
    def equity_is_read(self, venue: str, amount: Decimal) -> None:
        self.pool.set_total(venue, amount)
        self.totals[venue] = amount
        if self.left(venue) < 0:
            self.overdrawn.add(venue)

    @rule(owner=OWNERS, amounts=AMOUNTS)
    def reserve(self, owner: str, amounts: dict[str, Decimal]) -> None:
        known = owner in self.held
        enough = all(amount <= self.left(venue) for venue, amount in amounts.items())
        if not known and not enough:
            with pytest.raises(NotReservedError, match=r"pool arb has .* available at [abc], .* is needed"):
                self.pool.reserve(owner, amounts, self.now + TTL)
            return
        reservation = self.pool.reserve(owner, amounts, self.now + TTL)
        if not known:
            self.held[owner] = dict(amounts)
            self.expires[owner] = self.now + TTL
        assert reservation.amounts == self.held[owner]

    @rule(owner=OWNERS, amounts=AMOUNTS)
    def adopt(self, owner: str, amounts: dict[str, Decimal]) -> None:
        self.pool.adopt(owner, amounts)
        self.held[owner] = dict(amounts)
        self.expires.pop(owner, None)
        self.overdrawn |= {venue for venue in VENUES if self.left(venue) < 0}

    @rule(owner=OWNERS)
    def confirm(self, owner: str) -> None:
        assert self.pool.confirm(owner) is (owner in self.held)
        self.expires.pop(owner, None)

    @rule(owner=OWNERS)
    def release(self, owner: str) -> None:
        assert self.pool.release(owner) is (owner in self.held)
        self.held.pop(owner, None)
        self.expires.pop(owner, None)
        assert self.pool.release(owner) is False, "a second release gives nothing back"

    @rule(borrower=st.sampled_from(["x", "y"]), wanted=AMOUNTS)
    def lend(self, borrower: str, wanted: dict[str, Decimal]) -> None:
        others = {name: loans for name, loans in self.lent.items() if name != borrower}
        self.lent = others
        free = {venue: max(ZERO, self.left(venue)) for venue in wanted}
        granted = self.pool.lend(borrower, wanted)
        assert granted == {venue: min(wanted[venue], free[venue]) for venue in wanted if free[venue]}
        assert self.pool.lend(borrower, wanted) == granted, "told twice is told once"
        self.lent = {**others, borrower: granted}

    @rule(loans=AMOUNTS)
    def borrow(self, loans: dict[str, Decimal]) -> None:
        self.pool.borrow(loans)
        self.borrowed = dict(loans)
        self.overdrawn |= {venue for venue in VENUES if self.left(venue) < 0}

    @precondition(lambda self: self.held)
    @rule(passed=st.integers(0, TTL))
    def time_passes(self, passed: int) -> None:
        self.now += passed
        late = {owner for owner, at in self.expires.items() if at <= self.now}
        assert {each.owner for each in self.pool.expire(self.now)} == late
        for owner in late:
            del self.held[owner], self.expires[owner]
        assert self.pool.expire(self.now) == []

    @invariant()
    def it_holds_what_it_should(self) -> None:
        assert {owner: dict(each.amounts) for owner, each in self.pool.reservations.items()} == self.held
        for venue in VENUES:
            assert self.pool.available(venue) == self.left(venue)
            own = self.totals.get(venue, ZERO) + self.borrowed.get(venue, ZERO) - self.pool.lent(venue)
            assert self.pool.allocated(venue) + self.pool.available(venue) == own

    @invariant()
    def it_is_overdrawn_only_where_the_venue_lost_or_a_restart_found_more(self) -> None:
        self.overdrawn = {venue for venue in self.overdrawn if self.left(venue) < 0}
        assert {venue for venue in VENUES if self.pool.available(venue) < 0} == self.overdrawn


TestPoolAgainstDicts = PoolAgainstDicts.TestCase
TestPoolAgainstDicts.settings = settings(deadline=None, max_examples=50, stateful_step_count=25)


@pytest.mark.full
def test_many_more_histories_of_a_pool() -> None:
    run_state_machine_as_test(
        PoolAgainstDicts, settings=settings(deadline=None, max_examples=10_000, stateful_step_count=25)
    )


# -- by hand ---------------------------------------------------------------------------------------------------------


def pool_of(**totals: int) -> Pool:
    pool = Pool("arb")
    for venue, total in totals.items():
        pool.set_total(venue, Decimal(total))
    return pool


def amounts(**by_venue: int) -> dict[str, Decimal]:
    return {venue: Decimal(amount) for venue, amount in by_venue.items()}


def test_all_of_it_can_be_reserved_and_not_a_cent_more() -> None:
    pool = pool_of(a=100, b=50)
    with pytest.raises(NotReservedError, match=r"pool arb has 50 available at b, 50\.01 is needed"):
        pool.reserve("t1", {"a": Decimal(100), "b": Decimal("50.01")}, TTL)
    assert pool.available("a") == 100, "the leg that fitted was not kept"
    pool.reserve("t1", amounts(a=100, b=50), TTL)
    assert pool.available("a") == pool.available("b") == 0


def test_a_venue_the_pool_knows_nothing_of_has_nothing() -> None:
    with pytest.raises(NotReservedError, match="0 available at elsewhere"):
        pool_of(a=100).reserve("t1", amounts(elsewhere=1), TTL)


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_nothing_and_less_cannot_be_reserved(amount: str) -> None:
    pool = pool_of(a=100)
    with pytest.raises(NotReservedError, match=f"{amount} cannot be reserved at a"):
        pool.reserve("t1", {"a": Decimal(amount)}, TTL)
    assert not pool.reservations


def test_reserving_twice_for_one_owner_is_reserving_once() -> None:
    pool = pool_of(a=100)
    assert pool.reserve("t1", amounts(a=60), TTL) is pool.reserve("t1", amounts(a=60), TTL + 5)
    assert pool.available("a") == 40


def test_what_the_asker_does_to_its_amounts_later_changes_nothing() -> None:
    pool, asked = pool_of(a=100), amounts(a=60)
    pool.reserve("t1", asked, TTL)
    pool.adopt("t2", asked)
    asked["a"] = ZERO
    assert pool.allocated("a") == 120


def test_a_reservation_of_a_living_owner_does_not_expire() -> None:
    pool = pool_of(a=100)
    pool.reserve("t1", amounts(a=60), TTL)
    assert pool.expire(TTL - 1) == []
    pool.confirm("t1")
    assert pool.expire(TTL * 1_000) == []
    assert pool.available("a") == 40


def test_an_owner_that_expired_cannot_be_confirmed_only_adopted() -> None:
    pool = pool_of(a=100)
    pool.reserve("t1", amounts(a=60), TTL)
    assert [each.owner for each in pool.expire(TTL)] == ["t1"]
    assert pool.confirm("t1") is False
    pool.adopt("t1", amounts(a=60))
    assert pool.expire(TTL * 2) == []
    assert pool.available("a") == 40


# -- loans -----------------------------------------------------------------------------------------------------------


def test_a_pool_that_is_used_by_more_than_allowed_wants_as_much_as_brings_it_back_to_that() -> None:
    pool = pool_of(a=100, b=100)
    pool.reserve("t1", amounts(a=60, b=40), TTL)
    assert pool.wanted_loan(Decimal("0.5"), {}) == amounts(a=20)
    assert pool.wanted_loan(Decimal("0.5"), amounts(b=20)) == amounts(a=20, b=20)
    pool.release("t1")
    assert pool.wanted_loan(Decimal("0.5"), {}) == {}


def test_what_is_lent_cannot_be_reserved_and_what_is_borrowed_can() -> None:
    reserve, arb = pool_of(a=30), pool_of(a=60)
    arb.borrow(reserve.lend("arb", amounts(a=50)))
    assert reserve.available("a") == 0
    arb.reserve("t1", amounts(a=90), TTL)
    assert arb.available("a") == 0
    reserve.set_total("a", Decimal(10))
    arb.borrow(reserve.lend("arb", amounts(a=50)))
    assert arb.available("a") == -20, "the venue lost what was lent; nothing more is reserved"


def test_a_loan_that_is_not_wanted_any_more_is_given_back() -> None:
    reserve = pool_of(a=30)
    reserve.lend("arb", amounts(a=20))
    assert reserve.lend("arb", {}) == {}
    assert reserve.available("a") == 30


# -- shares ----------------------------------------------------------------------------------------------------------

CONFIGURED = {"wash": Decimal(70), "arb": Decimal(20), "reserve": Decimal(10)}


def test_shares_of_pools_that_are_on_are_their_percentages() -> None:
    assert shares(CONFIGURED, dict.fromkeys(CONFIGURED, True)) == {
        "wash": Decimal("0.7"),
        "arb": Decimal("0.2"),
        "reserve": Decimal("0.1"),
    }


def test_the_share_of_a_pool_that_is_off_is_not_idle() -> None:
    given_out = shares(CONFIGURED, {"wash": False, "arb": True, "reserve": True})
    assert given_out["wash"] == 0
    assert given_out["arb"] == Decimal(20) / 30
    assert given_out["reserve"] == Decimal(10) / 30


def test_no_pool_has_a_share_when_all_are_off() -> None:
    assert set(shares(CONFIGURED, dict.fromkeys(CONFIGURED, False)).values()) == {ZERO}


@given(
    configured=st.fixed_dictionaries({name: st.integers(0, 100).map(Decimal) for name in CONFIGURED}),
    enabled=st.fixed_dictionaries({name: st.booleans() for name in CONFIGURED}),
)
@settings(deadline=None)
def test_the_shares_are_the_whole_or_nothing(configured: Mapping[str, Decimal], enabled: Mapping[str, bool]) -> None:
    given_out = shares(configured, enabled)
    whole = sum(given_out.values())
    assert whole == 0 or abs(whole - 1) < Decimal("1e-30")
    assert all(share == 0 for name, share in given_out.items() if not enabled[name])
    assert all(share >= 0 for share in given_out.values())

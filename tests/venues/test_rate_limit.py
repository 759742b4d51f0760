"""Rate limits: what may leave when, what goes first, and what a complaint of the venue does."""

from collections.abc import Callable

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.simulation.world import in_world
from perpbot.venues.http import HeldBackError, Http, Reply, Request, call_kind
from perpbot.venues.rate_limit import ORDER, PLACE_NS, Limiter, Rate, RateLimits, Urgency, Window, keep_together
from perpbot.venues.registry import venue_class, venue_names

MS = 1_000_000
READ, OPEN, REDUCE = Urgency.READ, Urgency.OPEN, Urgency.REDUCE


def limiter(*windows: Window, **weights: int) -> Limiter:
    made = Limiter()
    made.declare(RateLimits(windows=windows, weights=weights))
    return made


def let_through(made: Limiter, kind: str, urgency: Urgency, now_ns: int = 0, most: int = 1_000) -> int:
    """How many calls pass at one moment."""
    return next(count for count in range(most) if made.take(kind, urgency, now_ns))


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    made = Limiter(orders=Rate(10, 5))
    assert let_through(made, ORDER, REDUCE) == 5
    assert made.take(ORDER, REDUCE, 0) == pytest.approx(0.1, abs=1e-6)
    assert made.take(ORDER, REDUCE, 101 * MS) == 0
    assert let_through(made, ORDER, REDUCE, 60 * NS_PER_SECOND) == 5


def test_reads_and_orders_have_buckets_of_their_own() -> None:
    made = Limiter(reads=Rate(1, 1), orders=Rate(1, 1))
    assert made.take("GET /x", READ, 0) == 0
    assert made.take("GET /x", READ, 0) > 0
    assert made.take(ORDER, OPEN, 0) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 800), st.sampled_from(("light", "heavy")), st.sampled_from(Urgency)), max_size=80
    ),
    st.integers(8, 30),
)
def test_no_window_ever_holds_more_than_the_venue_allows(calls: list[tuple[int, str, Urgency]], units: int) -> None:
    made = limiter(Window(units, 1.0), heavy=7)
    left: list[tuple[int, int]] = []
    now = 0
    for pause_ms, kind, urgency in calls:
        now += pause_ms * MS
        if not made.take(kind, urgency, now):
            left.append((now, 7 if kind == "heavy" else 1))
        spent = sum(cost for at, cost in left if at > now - NS_PER_SECOND)
        assert spent <= units


@given(st.integers(1, 40), st.integers(1, 12), st.sampled_from(Urgency))
def test_who_waits_as_long_as_was_said_is_let_through(calls: int, units: int, urgency: Urgency) -> None:
    made = limiter(Window(units, 2.0))
    now = 0
    for _ in range(calls):
        wait_s = made.take("any", urgency, now)
        if wait_s:
            assert 0 < wait_s <= 2.0
            now += round(wait_s * NS_PER_SECOND)
            assert made.take("any", urgency, now) == 0
        now += 50 * MS


def test_a_call_that_weighs_more_than_the_whole_window_passes_alone() -> None:
    made = limiter(Window(5, 1.0), huge=60)
    assert made.take("huge", READ, 0) == 0
    assert made.take("small", REDUCE, 0) == pytest.approx(1.0)


def test_a_window_of_one_kind_counts_only_that() -> None:
    made = limiter(Window(2, 1.0, "GET /fills"), Window(50, 1.0))
    assert let_through(made, "GET /fills/history", REDUCE) == 2
    assert let_through(made, "GET /orders", REDUCE) == 48


@pytest.mark.parametrize("made", [lambda: limiter(Window(100, 1.0)), lambda: Limiter(Rate(10, 100), Rate(10, 100))])
def test_reads_leave_room_for_orders_and_openings_for_what_takes_risk_away(made: Callable[[], Limiter]) -> None:
    counts = {urgency: let_through(made(), "any", urgency) for urgency in Urgency}
    assert counts == {REDUCE: 100, OPEN: 95, READ: 80}


def test_when_all_wait_what_is_more_urgent_waits_less() -> None:
    made = limiter(Window(20, 10.0))
    for index in range(20):
        assert made.take("any", REDUCE, index * 100 * MS) == 0
    now = 2 * NS_PER_SECOND
    waits = [made.take("any", urgency, now) for urgency in (REDUCE, OPEN, READ)]
    assert waits == sorted(waits)
    assert len(set(waits)) == 3


@pytest.mark.parametrize("status", [429, 418])
def test_nothing_leaves_for_as_long_as_the_venue_says(status: int) -> None:
    made = Limiter()
    told: list[tuple[str, float]] = []
    made.notice = lambda what, seconds: told.append((what, seconds))
    made.answered(status, "7", 0)
    assert told == [(str(status), 7.0)]
    assert [made.take(ORDER, urgency, NS_PER_SECOND) for urgency in Urgency] == [6.0, 6.0, 6.0]
    assert made.take(ORDER, READ, 7 * NS_PER_SECOND) == 0


def test_where_it_does_not_say_the_pause_grows_and_only_what_takes_risk_away_goes_on() -> None:
    made = Limiter()
    pauses = []
    for _ in range(8):
        made.answered(429, None, 0)
        pauses.append(made.take(ORDER, OPEN, 0))
        assert made.take(ORDER, REDUCE, 0) == 0
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    made.answered(200, None, 0)
    made.answered(429, None, 100 * NS_PER_SECOND)
    assert made.take(ORDER, OPEN, 100 * NS_PER_SECOND) == 1


def test_a_ban_without_an_end_is_kept_to_for_two_minutes_by_all() -> None:
    made = Limiter()
    made.answered(418, None, 0)
    assert made.take(ORDER, REDUCE, 0) == 120


@pytest.mark.parametrize("made", [lambda: limiter(Window(20, 1.0)), lambda: Limiter(orders=Rate(10, 20))])
def test_room_that_is_kept_is_nobody_elses_and_lapses(made: Callable[[], Limiter]) -> None:
    one = made()
    for index in range(19):
        assert one.wait_s(ORDER, OPEN, 0) == 0
        one.keep(f"t{index}", 100 * MS)
    assert one.wait_s(ORDER, OPEN, 0) > 0
    assert let_through(one, ORDER, REDUCE) == 1, "what takes risk away has its reserve"
    assert one.redeem("t7", OPEN, MS)
    assert not one.redeem("t7", OPEN, MS), "it is for one order"
    assert one.wait_s(ORDER, OPEN, 100 * MS) > 0
    assert not one.redeem("t8", OPEN, 101 * MS)
    assert one.describe(101 * MS)["kept"] == 0
    assert one.wait_s(ORDER, OPEN, 101 * MS) == 0


def test_room_that_is_kept_is_of_no_use_while_the_venue_wants_nothing() -> None:
    made = Limiter()
    made.keep("t1", NS_PER_SECOND)
    made.answered(429, None, 0)
    assert made.wait_s(ORDER, OPEN, 0) == 1
    assert not made.redeem("t1", OPEN, 0)
    assert made.redeem("t1", REDUCE, 0), "a pause that is a guess does not keep back what takes risk away"


STEPS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(("keep", "redeem", "reduce", "read")), st.integers(0, 5)),
    max_size=120,
)


@given(STEPS, st.integers(2, 30), st.integers(1, 12), st.integers(5, 40))
def test_whoever_had_room_kept_in_time_never_waits_and_no_limit_is_overrun(
    steps: list[tuple[int, str, int]], units: int, burst: int, per_s: int
) -> None:
    made = Limiter(orders=Rate(per_s, burst))
    made.declare(RateLimits(windows=(Window(units, 1.0),)))
    kept: dict[str, int] = {}
    left: list[int] = []
    now = 0
    for pause_ms, step, number in steps:
        now += pause_ms * MS
        owner = f"t{number}"
        if step == "keep" and made.wait_s(ORDER, OPEN, now) == 0:
            made.keep(owner, now + 500 * MS)
            kept[owner] = now + 500 * MS
        elif step == "redeem":
            assert made.redeem(owner, OPEN, now) == (kept.pop(owner, -1) >= now)
            left.append(now)
        elif step in {"reduce", "read"} and made.take(ORDER, REDUCE if step == "reduce" else READ, now) == 0:
            left.append(now)
        assert made._windows[0].spent(now) <= units
        assert made._orders is not None
        assert made._orders.tokens(now) >= 0


def test_who_stands_in_line_keeps_the_place_and_what_adds_risk_comes_after() -> None:
    tight, wide = Limiter(orders=Rate(1, 2)), Limiter(orders=Rate(100, 100))
    assert let_through(tight, ORDER, REDUCE) == 2
    asked = {owner: keep_together((tight, wide), owner, 0, NS_PER_SECOND) for owner in ("t1", "t2")}
    assert asked == {"t1": pytest.approx(1.0), "t2": pytest.approx(2.0)}
    assert tight.describe(0)["in_line"] == wide.describe(0)["in_line"] == 2
    now = NS_PER_SECOND + MS
    assert keep_together((tight, wide), "t2", now, now + NS_PER_SECOND) == pytest.approx(0.999), "t1 is before it"
    assert tight.wait_s(ORDER, OPEN, now) == pytest.approx(2.999)
    assert tight.wait_s(ORDER, REDUCE, now) == 0, "what stands alone waits for nobody in line"
    assert keep_together((tight, wide), "t1", now, now + NS_PER_SECOND) == 0
    assert keep_together((tight, wide), "t1", now, now + NS_PER_SECOND) == 0, "what is kept is there still"
    assert tight.redeem("t1", REDUCE, now)
    assert wide.redeem("t1", REDUCE, now)
    gone = now + PLACE_NS + MS
    assert tight.wait_s(ORDER, OPEN, gone) == 0
    assert tight.describe(gone)["in_line"] == 0


@given(
    st.lists(st.tuples(st.integers(1, 300), st.sampled_from(("ab", "bc", "ca"))), min_size=1, max_size=25),
    st.tuples(*(st.tuples(st.integers(1, 4), st.integers(1, 5)) for _ in "abc")),
)
def test_what_leaves_together_waits_for_nothing_twice_and_never_for_ever(
    arrivals: list[tuple[int, str]], rates: tuple[tuple[int, int], ...]
) -> None:
    limiters = {name: Limiter(orders=Rate(per_s, burst)) for name, (per_s, burst) in zip("abc", rates, strict=True)}
    waiting: dict[str, str] = {}
    due: dict[str, int] = {}
    now = 0
    for number, (pause_ms, venues) in enumerate(arrivals):
        now += pause_ms * MS
        waiting[f"t{number}"], due[f"t{number}"] = venues, now
    for _ in range(5_000):
        if not waiting:
            return
        owner = min(waiting, key=lambda each: (due[each], each))
        now, both = due[owner], [limiters[each] for each in waiting[owner]]
        wait_s = keep_together(both, owner, now, now + NS_PER_SECOND)
        if wait_s:
            due[owner] = now + min(NS_PER_SECOND, int(wait_s * NS_PER_SECOND) + MS)
        else:
            assert all(each.redeem(owner, REDUCE, now) for each in both)
            del waiting[owner]
    raise AssertionError(f"{waiting} waited for ever")


@in_world()
def test_reads_wait_for_their_turn_without_spinning_and_not_for_ever() -> None:
    http = Http(limiter=Limiter(reads=Rate(10, 5), now_ns=monotonic_ns()))
    sent: list[int] = []

    def send(_request: Request) -> Reply:
        sent.append(monotonic_ns())
        return Reply(200, b"")

    http.send = send  # type: ignore[assignment, method-assign]
    request = Request("GET", "http://venue/x")
    began = monotonic_ns()
    gevent.joinall([gevent.spawn(http.read, request) for _ in range(24)], raise_error=True)
    assert len(sent) == 24
    assert 1.9 < (sent[-1] - began) / NS_PER_SECOND < 3.0
    asked_again = http.limiter.held_back
    assert asked_again < 24 * 24
    http.limiter.answered(429, "60", monotonic_ns())
    with pytest.raises(HeldBackError, match=r"the rate limit of venue holds it back for 60\.0 s"):
        http.read(request)
    assert len(sent) == 24


@pytest.mark.parametrize("name", venue_names())
def test_what_a_venue_declares_lets_a_day_of_reading_the_account_through(name: str) -> None:
    """Balances and positions every five seconds, whatever they weigh."""
    made = Limiter()
    made.declare(venue_class(name).limits)
    heaviest = max(venue_class(name).limits.weights.values(), default=1)
    assert all(heaviest <= each.units for each in venue_class(name).limits.windows)
    for tick in range(1_000):
        for _ in range(2):
            assert made.take("GET /account", READ, tick * 5 * NS_PER_SECOND) == 0


def test_a_kind_is_the_method_and_the_path() -> None:
    assert (
        call_kind(Request("GET", "https://www.okx.com/api/v5/account/balance?ccy=USDT"))
        == "GET /api/v5/account/balance"
    )
    assert call_kind(Request("POST", "https://venue")) == "POST /"


def test_hyperliquid_weighs_by_what_is_asked_for() -> None:
    venue = venue_class("hyperliquid")
    made = venue(venue.mainnet, Http())
    url = venue.mainnet.rest
    kinds = {
        body: made.call_kind(Request("POST", f"{url}/{where}", {}, body))
        for where, body in (("info", '{"type":"l2Book","coin":"BTC"}'), ("info", '{"type":"meta"}'), ("exchange", "{}"))
    }
    assert [made.limits.weight(kind) for kind in kinds.values()] == [2, 20, 1]


@pytest.mark.parametrize(
    ("windows", "share"),
    [
        ((Window(10, 60.0, "GET"), Window(4, 60.0, ORDER)), 0.3),
        ((Window(10, 60.0), Window(4, 60.0, ORDER)), 0.5),
        ((Window(20, 1.0, "GET "), Window(10, 60.0)), 0.5),
        ((Window(5, 2.0, "GET /balance"), Window(4, 60.0, ORDER)), 0.0),
        ((), 0.0),
    ],
)
def test_what_reads_have_spent_is_the_most_of_what_all_of_them_count_in(
    windows: tuple[Window, ...], share: float
) -> None:
    made = Limiter()
    made.declare(RateLimits(windows=windows))
    for kind in ("GET /balance", "GET /orders", "GET /orders", ORDER, ORDER):
        made.take(kind, REDUCE, 0)
    assert made.reads_spent(0) == share

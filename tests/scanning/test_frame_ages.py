"""How old frames are: what is believed at once, what is doubted, and until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanning_markets import d

from perpbot.scanning.frame_ages import ASK_AGAIN_NS, FrameAges
from perpbot.scanning.ticks import NS_PER_MS, TickRules

BTC, ETH = "BTC-PERP", "ETH-PERP"
RULES = TickRules(max_jump=d("0.01"), min_notional=d(100), max_age_ns=2_000 * NS_PER_MS, max_future_ns=500 * NS_PER_MS)
HOUR_MS = 3_600_000
NOW_MS = 50_000
TOLD_BEFORE, TOLD_NOW, TOLD_SINCE = NOW_MS - 1, NOW_MS, NOW_MS + 100


class Session:
    """The frames of a session, in milliseconds."""

    def __init__(self) -> None:
        self.ages = FrameAges(RULES)

    def frame(self, age_ms: int, *, at_ms: int = NOW_MS, told_ms: int = TOLD_BEFORE, symbol: str = BTC) -> int | None:
        found = self.ages.believed(symbol, age_ms * NS_PER_MS, at_ms * NS_PER_MS, told_ms * NS_PER_MS)
        return None if found is None else found // NS_PER_MS

    def asks(self, at_ms: int = NOW_MS, symbol: str = BTC) -> bool:
        return self.ages.asks(symbol, at_ms * NS_PER_MS)


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.mark.parametrize(
    ("age_ms", "doubted"),
    [(0, False), (2_000, False), (-500, False), (2_001, True), (-501, True), (HOUR_MS, True), (-HOUR_MS, True)],
)
def test_an_age_that_no_quote_may_have_is_doubted_and_the_venue_is_asked(
    age_ms: int, *, doubted: bool, session: Session
) -> None:
    assert session.frame(age_ms) == (None if doubted else age_ms)
    assert session.asks() is doubted


@pytest.mark.parametrize(("told_ms", "believed"), [(TOLD_BEFORE, False), (TOLD_NOW, True), (TOLD_SINCE, True)])
def test_an_age_that_stays_wrong_is_believed_once_the_venue_was_asked_since_the_doubt(
    told_ms: int, *, believed: bool, session: Session
) -> None:
    session.frame(HOUR_MS)
    later = session.frame(HOUR_MS, at_ms=NOW_MS + 200, told_ms=told_ms)
    assert later == (HOUR_MS if believed else None)


def test_a_clock_that_was_put_right_ends_the_doubt_and_the_next_jump_is_doubted_anew(session: Session) -> None:
    assert session.frame(-HOUR_MS) is None
    assert session.frame(12, at_ms=NOW_MS + 200, told_ms=TOLD_SINCE) == 12
    assert session.frame(HOUR_MS, at_ms=NOW_MS + 300, told_ms=TOLD_SINCE) is None


def test_instruments_are_doubted_one_by_one_and_one_answer_is_for_all(session: Session) -> None:
    assert session.frame(HOUR_MS, symbol=BTC) is None
    assert session.frame(5, symbol=ETH) == 5
    assert not session.asks(symbol=ETH)
    assert session.asks(symbol=BTC)
    assert session.frame(HOUR_MS, symbol=ETH) is None
    for symbol in (BTC, ETH):
        assert session.frame(HOUR_MS, symbol=symbol, told_ms=TOLD_SINCE) == HOUR_MS


def test_a_venue_that_does_not_answer_is_asked_again_after_a_pause(session: Session) -> None:
    session.frame(HOUR_MS)
    again_ms = NOW_MS + ASK_AGAIN_NS // NS_PER_MS
    assert [session.asks(at_ms) for at_ms in (NOW_MS, again_ms - 1, again_ms)] == [True, False, True]


@given(st.lists(st.tuples(st.integers(-5_000, 5_000), st.booleans()), max_size=60))
def test_what_is_counted_is_plausible_or_confirmed_since_the_frames_went_wrong(
    frames: list[tuple[int, bool]],
) -> None:
    session, told_ms, wrong_since = Session(), 0, None
    for at_ms, (age_ms, answered) in enumerate(frames, start=1):
        told_ms = at_ms if answered else told_ms
        found = session.frame(age_ms, at_ms=at_ms, told_ms=told_ms)
        if -500 <= age_ms <= 2_000:
            wrong_since = None
            assert found == age_ms
        else:
            wrong_since = at_ms if wrong_since is None else wrong_since
            assert found == (age_ms if told_ms >= wrong_since else None)

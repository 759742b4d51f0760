"""What counts as trouble, since when, and how fast things go: readings in, words out."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.telemetry import HandlerTimes
from supervisors.pulse import NS_PER_SECOND, Kind, Pulse, Reading


class Patient:
    """An actor as its pulse sees it, second by second."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.seconds = 0
        self.times = HandlerTimes()
        self.depth = self.dropped = self.crashes = 0
        self.state, self.incarnation = "running", 1
        self.began_s: float | None = None

    def second(self, *, handled: int = 0, took_ms: float = 1.0, arrived: int = 0) -> None:
        """A second passes in which so many messages arrive and are handled."""
        for _ in range(handled):
            self.times.add(int(took_ms * 1e6))
        self.depth += arrived - handled
        self.look()
        self.seconds += 1

    def look(self) -> None:
        self.pulse.feed(
            Reading(
                at_ns=self.seconds * NS_PER_SECOND,
                incarnation=self.incarnation,
                state=self.state,
                counts={"Price": list(self.times.cells)},
                depth=self.depth,
                dropped=self.dropped,
                crashes=self.crashes,
                doing=None if self.began_s is None else "Price",
                began_ns=None if self.began_s is None else int(self.began_s * NS_PER_SECOND),
                capacity=1_000,
                failure="failed in Price: ValueError: no" if self.crashes else None,
            )
        )

    def troubles(self) -> dict[str, float]:
        """What is wrong, and since which second."""
        return {each.kind.value: each.since_ns / NS_PER_SECOND for each in self.pulse.troubles()}

    def words(self) -> Iterable[str]:
        return [each.what for each in self.pulse.troubles()]


def test_an_actor_that_keeps_up_is_in_no_trouble() -> None:
    patient = Patient()
    for _ in range(100):
        patient.second(handled=100, arrived=100, took_ms=5)
        assert patient.troubles() == {}
    rates = patient.pulse.rates()
    assert rates is not None
    assert (rates.messages, rates.busy, rates.growth, rates.seconds) == (100, 0.5, 0, 5)
    assert rates.heaviest is not None
    assert (rates.heaviest.message, rates.heaviest.mean_ns) == ("Price", 5_000_000)


def test_an_actor_without_a_minute_to_spare_is_busy_since_that_began() -> None:
    patient = Patient()
    for _ in range(10):
        patient.second(handled=10, arrived=10)
    for _ in range(10):
        patient.second(handled=10, arrived=10, took_ms=99)
    assert patient.troubles() == {"busy": 9}
    assert patient.words() == ["99% of the time in handlers, 99% with Price, 99 ms each"]
    for _ in range(6):
        patient.second(handled=10, arrived=10)
    assert patient.troubles() == {}


def test_a_mailbox_that_grows_does_so_since_it_was_last_short() -> None:
    patient = Patient()
    for _ in range(10):
        patient.second(handled=10, arrived=10)
    for _ in range(20):
        patient.second(handled=10, arrived=20)
    assert patient.troubles() == {"growing mailbox": 10}
    assert patient.words() == ["200 messages wait, 10 more each second; full in 80 s"]
    patient.second(handled=200)
    assert patient.troubles() == {}


def test_a_burst_that_is_worked_off_is_no_trouble() -> None:
    patient = Patient()
    patient.second()
    patient.second(arrived=400)
    for _ in range(4):
        patient.second(handled=100)
        assert "growing mailbox" not in patient.troubles()


def test_the_age_of_the_oldest_message_is_known_without_a_stamp_on_it() -> None:
    patient = Patient()
    for _ in range(10):
        patient.second(arrived=20, handled=20)
    patient.depth = 0
    for _ in range(30):
        patient.second(arrived=20, handled=10)
    # 600 came in 30 s, 300 were handled: the oldest that waits came half-way
    age = patient.pulse.oldest_ns((patient.seconds - 1) * NS_PER_SECOND)
    assert age is not None
    assert age / NS_PER_SECOND == pytest.approx(15, abs=1)
    patient.second(handled=patient.depth)
    assert patient.pulse.oldest_ns(patient.seconds * NS_PER_SECOND) is None


def test_three_crashes_in_a_minute_are_a_loop_since_the_first() -> None:
    patient = Patient()
    patient.second()
    for _ in range(3):
        patient.crashes += 1
        patient.incarnation += 1
        patient.second()
        patient.second()
    assert patient.troubles() == {"crash loop": 1}
    assert patient.words() == ["3 crashes so far; failed in Price: ValueError: no"]
    for _ in range(62):
        patient.second()
    assert patient.troubles() == {}


def test_two_crashes_are_no_loop() -> None:
    patient = Patient()
    patient.second()
    for _ in range(2):
        patient.crashes += 1
        patient.second()
    assert patient.troubles() == {}


def test_an_actor_that_does_not_come_back_from_a_message_is_stuck_since_it_began() -> None:
    patient = Patient()
    for _ in range(5):
        patient.second(handled=1, arrived=1)
    patient.began_s = 4.25
    for _ in range(12):
        patient.second(arrived=3)
    assert patient.troubles()["stuck"] == 4.25
    assert "not back from Price; 36 messages wait" in patient.words()
    patient.began_s = None
    patient.second(handled=36)
    assert "stuck" not in patient.troubles()


def test_a_message_that_takes_seconds_is_slow_for_half_a_minute() -> None:
    patient = Patient()
    patient.second()
    patient.second(handled=1, arrived=1, took_ms=2_000)
    for _ in range(10):
        patient.second()
    assert patient.troubles() == {"slow handler": 1}
    assert patient.words() == ["Price takes up to 2.0 s"]
    for _ in range(25):
        patient.second()
    assert patient.troubles() == {}


@pytest.mark.parametrize(
    ("changes", "kind", "since"),
    [
        ({"state": "suspended"}, "suspended", 3),
        ({"dropped": 5}, "dropping", 3),
    ],
)
def test_what_is_told_at_once(changes: dict[str, Any], kind: str, since: float) -> None:
    patient = Patient()
    for _ in range(3):
        patient.second()
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.second()
    assert patient.troubles() == {kind: since}


def test_an_actor_that_is_away_for_long_is_in_trouble_since_it_went() -> None:
    patient = Patient()
    patient.second()
    patient.state = "backing-off"
    for _ in range(5):
        patient.second()
        assert patient.troubles() == {}
    patient.second()
    assert patient.troubles() == {"away": 1}
    patient.state = "running"
    patient.second()
    assert patient.troubles() == {}


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), max_size=60))
def test_whatever_happens_rates_are_sound_and_no_trouble_began_later_than_now(
    seconds: list[tuple[int, int, bool]],
) -> None:
    patient = Patient()
    for arrived, handled, crashed in seconds:
        patient.crashes += crashed
        patient.incarnation += crashed
        patient.second(arrived=arrived, handled=min(handled, patient.depth + arrived), took_ms=7)
        rates, now = patient.pulse.rates(), (patient.seconds - 1) * NS_PER_SECOND
        if rates is not None:
            assert 0 <= rates.busy <= 1
            assert rates.messages >= 0
        assert all(each.since_ns <= now and each.what for each in patient.pulse.troubles())
        age = patient.pulse.oldest_ns(now)
        assert (age is None) or 0 <= age <= now
        if patient.depth == 0:
            assert age is None


def test_every_kind_has_words() -> None:
    assert len(set(Kind)) == 8

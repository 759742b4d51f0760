"""Alerts on their way from pending to resolved, whatever the values do; acknowledging, silencing, escalating."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.alerts.alert import Alert, Moment, Phase, Severity, Timing, step
from perpbot.alerts.book import EVERYTHING, Book, Event, Kind, NoSuchAlertError, Rule, Silence
from perpbot.alerts.condition import Values, parse

S = 1_000_000_000


def rule(condition: str = "quote_latency > 5s", clear: str | None = None, **about: int) -> Rule:
    timing = Timing(hold_ns=about.pop("hold", 0) * S, keep_ns=about.pop("keep", 0) * S)
    return Rule(
        name="late",
        condition=parse(condition),
        clear=None if clear is None else parse(clear),
        severity=Severity.CRITICAL,
        timing=timing,
        **{f"{name}_ns": seconds * S for name, seconds in about.items()},
    )


def late(**seconds: float | None) -> Values:
    return {"quote_latency": {name: Decimal(str(each)) for name, each in seconds.items() if each is not None}}


@attrs.define
class Watcher:
    """A book that is looked at once a second; a letter stands for what happened."""

    book: Book
    second: int = 0

    def now(self) -> Moment:
        return Moment(self.second * S, (1_000 + self.second) * S)

    def look(self, values: Values) -> list[Event]:
        self.second += 1
        return self.book.look(values, self.now())

    def course(self, *okx: float | None) -> str:
        letters = {Kind.FIRED: "F", Kind.RESOLVED: "R", Kind.REPEATED: "r", Kind.ESCALATED: "E"}
        found = [self.look(late(okx=each)) for each in okx]
        return "".join("".join(letters[event.kind] for event in events) or "." for events in found)


@pytest.mark.parametrize(
    ("about", "values", "course"),
    [
        ({}, [1, 6, 7, 1, 6, 1], ".F.RFR"),
        ({"hold": 2}, [6, 6, 1, 6, 6, 6, 1], ".....FR"),
        ({"keep": 2}, [6, 1, 1, 6, 1, 1, 1], "F.....R"),
        ({"hold": 1, "keep": 1}, [6, 6, 1, 6, 1, 1, 1], ".F...R."),
        ({}, [6, None, None, 1], "F..R"),
        ({"hold": 1}, [None, 6, None, 6], "...F"),
        ({"clear": "quote_latency < 2s"}, [6, 4, 3, 6, 1, 4], "F...R."),
        ({"clear": "quote_latency < 2s", "keep": 1}, [6, 1, 3, 1, 1], "F...R"),
    ],
)
def test_the_course_of_an_alert(about: dict[str, int], values: list[float | None], course: str) -> None:
    assert Watcher(Book([rule(**about)])).course(*values) == course  # type: ignore[arg-type]


def test_each_venue_has_an_alert_of_its_own_and_the_values_are_told() -> None:
    watcher = Watcher(Book([rule()]))
    events = watcher.look(late(okx=7.25, aster=1, grvt=9))
    assert [(each.alert.key, each.alert.reading) for each in events] == [
        ("late/grvt", "quote_latency 9s"),
        ("late/okx", "quote_latency 7.25s"),
    ]
    watcher.look(late(okx=8, aster=1, grvt=1))
    assert [(each.key, each.reading) for each in watcher.book.firing] == [("late/okx", "quote_latency 8s")]


def test_what_nobody_acknowledges_is_repeated_and_escalates_and_an_acknowledged_one_does_neither() -> None:
    watcher = Watcher(Book([rule(escalate=3, repeat=5)]))
    assert watcher.course(*[6] * 14) == "F..E....E....E"
    assert [each.acknowledged_by for each in watcher.book.acknowledge("late", "ann")] == ["ann"]
    assert watcher.course(*[6] * 9, 1) == ".........R"
    assert watcher.course(6, 6) == "F."
    assert watcher.book.firing[0].acknowledged_by == ""


@pytest.mark.parametrize("name", ["late", "late/okx", EVERYTHING])
def test_alerts_are_acknowledged_by_rule_by_alert_or_all(name: str) -> None:
    watcher = Watcher(Book([rule()]))
    watcher.course(6)
    assert [each.key for each in watcher.book.acknowledge(name, "ann")] == ["late/okx"]


def test_what_does_not_fire_cannot_be_acknowledged_and_what_is_no_rule_cannot_be_silenced() -> None:
    watcher = Watcher(Book([rule()]))
    with pytest.raises(NoSuchAlertError, match="none does"):
        watcher.book.acknowledge("late", "ann")
    watcher.course(6)
    with pytest.raises(NoSuchAlertError, match="there are late/okx"):
        watcher.book.acknowledge("early", "ann")
    with pytest.raises(NoSuchAlertError, match="there are late"):
        watcher.book.silence(Silence(rule="early", until_ns=2_000 * S, by="ann"))


@pytest.mark.parametrize("name", ["late", EVERYTHING])
def test_a_silence_lasts_until_its_time_or_until_it_is_ended(name: str) -> None:
    watcher = Watcher(Book([rule()]))
    for until_s, silenced in ((1_003, [True, True, False]), (9_999, [True]), (0, [False])):
        watcher.second = 0
        watcher.book.silence(Silence(rule=name, until_ns=until_s * S, by="ann"))
        found = []
        for _ in silenced:
            watcher.look(late(okx=6))
            found.append(watcher.book.silenced("late", watcher.now().wall_ns))
        assert found == silenced


def test_a_restart_goes_on_with_what_fired_and_tells_of_it_again() -> None:
    watcher = Watcher(Book([rule(repeat=60, keep=2)]))
    watcher.course(6)
    silence = Silence(rule="late", until_ns=9_999 * S, by="ann")
    fired = [*watcher.book.firing, attrs.evolve(watcher.book.firing[0], rule="gone")]
    again = Watcher(Book([rule(repeat=60, keep=2)]), second=100)
    again.book.restore(fired, [silence, attrs.evolve(silence, rule="gone")], again.now())
    assert [each.key for each in again.book.firing] == ["late/okx"]
    assert again.book.silences == (silence,)
    assert again.course(6, 6, 1, 1, 1) == "r...R"


@given(
    st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(0, 4))), st.integers(0, 9), st.integers(0, 9)
)
def test_an_alert_fires_only_after_its_time_and_ends_only_after_its_time(
    looks: list[tuple[bool | None, int]], hold: int, keep: int
) -> None:
    """Held against a second account of it: for how long the condition has held, or not held, without a break."""
    alert: Alert | None = None
    second = since = 0
    last: bool | None = None
    timing = Timing(hold_ns=hold * S, keep_ns=keep * S)
    for holds, passed in looks:
        second += passed
        now = Moment(second * S, second * S)
        if holds is not None and holds is not last:
            since, last = second, holds
        fresh = Alert(rule="r", about="", phase=Phase.PENDING, since_ns=now.ns, at_ns=now.wall_ns)
        after = step(alert, fresh, holds=holds, timing=timing, now=now)
        if (
            after is not None
            and after != alert
            and after.phase is Phase.FIRING
            and after.phase is not (alert and alert.phase)
        ):
            assert last is True
            assert second - since >= hold
        if after is not None and after.phase is Phase.RESOLVED:
            assert last is False
            assert second - since >= keep
            after = None
        elif alert is not None and alert.phase is Phase.FIRING:
            assert after is not None
            assert after.phase is Phase.FIRING
        alert = after

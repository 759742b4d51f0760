"""A storm is a handful of messages, what is critical comes through, and nothing is lost on the way."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.alerts.alert import Severity
from perpbot.alerts.book import Kind
from perpbot.alerts.digest import HOUR_NS, MOST_WAITING, Batch, Digest, Notice, Telling
from perpbot.alerts.quiet import is_quiet
from perpbot.alerts.wording import compose

S = 1_000_000_000


def notice(key: str = "late/okx", severity: Severity = Severity.ERROR, kind: Kind = Kind.FIRED) -> Notice:
    return Notice(
        key=key,
        kind=kind,
        severity=severity,
        title="Stream is down",
        reading="quote_latency 7s",
        runbook="docs/runbook.md#x",
        at_ns=0,
    )


@pytest.mark.parametrize("keys", [1, 10_000])
@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.CRITICAL])
def test_a_storm_of_ten_thousand_triggers_is_a_handful_of_messages(keys: int, severity: Severity) -> None:
    digest = Digest(wait_ns=5 * S, per_hour=6)
    batches: list[Batch] = []
    for number in range(10_000):
        now = number * S // 100  # a hundred seconds of it
        digest.add(notice(f"late/{number % keys}", severity), now)
        if number % 100 == 0:  # the desk looks once a second
            batches += [each for each in [digest.due(now)] if each is not None]
    last = digest.due(3 * HOUR_NS)
    batches += [last] if last is not None else []
    assert 1 <= len(batches) <= 13
    assert sum(each.seen for each in batches) == 10_000
    assert all(len(compose(each, "en", "live").body.splitlines()) <= 12 for each in batches)


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from("abc"), st.sampled_from(list(Severity)), st.booleans()),
        max_size=60,
    )
)
def test_every_notice_is_told_once_in_its_latest_form_and_never_more_than_allowed(
    steps: list[tuple[int, str, Severity, bool]],
) -> None:
    digest = Digest(wait_ns=10 * S, per_hour=2)
    now, added, told = 0, 0, 0
    latest: dict[str, Notice] = {}
    times: list[int] = []
    for passed, key, severity, quiet in steps:
        now += passed * S
        latest[key] = notice(key, severity)
        digest.add(latest[key], now)
        added += 1
        batch = digest.due(now, quiet=quiet)
        if batch is not None:
            times.append(now)
            told += batch.seen
            assert all(each is latest[each.key] for each in batch.notices)
            assert not quiet or {each.severity for each in batch.notices} == {Severity.CRITICAL}
    for _ in range(9):
        now += HOUR_NS
        batch = digest.due(now)
        told += 0 if batch is None else batch.seen
    assert (told, digest.waiting) == (added, 0)
    assert all(sum(each - HOUR_NS < other <= each for other in times) <= 4 for each in times)


def test_alerts_of_the_same_moment_go_together_the_gravest_first() -> None:
    digest = Digest(wait_ns=5 * S, per_hour=6)
    digest.add(notice("a", Severity.WARNING), 0)
    digest.add(notice("b", Severity.CRITICAL), 4 * S)
    assert digest.due(4 * S) is None
    batch = digest.due(5 * S)
    assert batch is not None
    assert [each.key for each in batch.notices] == ["b", "a"]
    assert batch.severity is Severity.CRITICAL


def test_what_is_critical_has_room_where_there_is_none_for_others() -> None:
    digest = Digest(wait_ns=0, per_hour=1)
    assert [self_due(digest, severity) for severity in (Severity.ERROR, Severity.ERROR, Severity.CRITICAL)] == [1, 0, 2]


def self_due(digest: Digest, severity: Severity) -> int:
    digest.add(notice(severity.value, severity), 0)
    batch = digest.due(0)
    return 0 if batch is None else len(batch.notices)


def test_graver_notices_take_the_place_of_others_where_there_is_no_more_room() -> None:
    digest = Digest(wait_ns=0, per_hour=9)
    for number in range(MOST_WAITING):
        digest.add(notice(str(number), Severity.INFO), 0)
    digest.add(notice("grave", Severity.CRITICAL), 0)
    batch = digest.due(0)
    assert batch is not None
    assert (batch.notices[0].key, len(batch.notices), batch.left_out) == ("grave", MOST_WAITING, 1)


@pytest.mark.parametrize(
    ("language", "mode", "kind", "title", "body"),
    [
        (
            "en", "live", Kind.FIRED, "PerpBot ERROR FIRING: Stream is down",
            "00:00:00Z FIRING Stream is down: quote_latency 7s; what to do: docs/runbook.md#x",
        ),
        (
            "zh", "simulation", Kind.FIRED, "PerpBot [simulation] 错误 触发: Stream is down",
            "00:00:00Z 触发 Stream is down: quote_latency 7s; 处理方法: docs/runbook.md#x",
        ),
        ("en", "paper", Kind.RESOLVED, "PerpBot [paper] ERROR OVER: Stream is down",
         "00:00:00Z OVER Stream is down: quote_latency 7s"),
    ],
)  # fmt: skip
def test_a_message_says_what_happened_what_to_do_and_whether_it_is_real_money(
    language: str, mode: str, kind: Kind, title: str, body: str
) -> None:
    message = compose(Batch(notices=(notice(kind=kind),), left_out=0, seen=1), language, mode)
    assert (message.title, message.body, message.severity) == (title, body, Severity.ERROR)


def test_many_alerts_are_counted_and_the_first_ones_shown() -> None:
    notices = tuple(notice(str(number)) for number in range(20))
    message = compose(Batch(notices=notices, left_out=5, seen=99), "en", "live")
    assert message.title == "PerpBot ERROR 25 alerts, the first: FIRING: Stream is down"
    assert message.body.splitlines()[10:] == ["… and 15 more: perpbot alerts list", "(99 events in all)"]


def test_every_kind_of_notice_has_words_in_both_languages() -> None:
    for kind in (*Kind, *Telling):
        for severity in Severity:
            for language in ("en", "zh"):
                each = Notice(key="k", kind=kind, severity=severity, title="t", at_ns=0)
                assert compose(Batch(notices=(each,), left_out=0, seen=1), language, "live").title


@pytest.mark.parametrize(
    ("begin", "end", "zone", "clock", "quiet"),
    [
        ("22:00", "07:00", "UTC", "23:30", True), ("22:00", "07:00", "UTC", "07:00", False),
        ("22:00", "07:00", "UTC", "06:59", True), ("12:00", "14:00", "UTC", "13:00", True),
        ("12:00", "14:00", "UTC", "14:00", False), ("22:00", "07:00", "Asia/Shanghai", "14:00", True),
        ("22:00", "07:00", "Asia/Shanghai", "23:30", False), ("08:00", "08:00", "UTC", "08:00", False),
    ],
)  # fmt: skip
def test_quiet_hours_go_over_midnight_and_by_the_operators_clock(
    begin: str, end: str, zone: str, clock: str, *, quiet: bool
) -> None:
    hour, minute = map(int, clock.split(":"))
    wall_ns = int(datetime(2026, 11, 20, hour, minute, tzinfo=UTC).timestamp()) * S
    assert is_quiet(begin, end, zone, wall_ns) is quiet

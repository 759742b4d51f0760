"""Section F of the list of what must hold: intensity and escalation."""

from collections import deque
from itertools import pairwise
from typing import Any

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from supervised import SUP, Crash, Log, Script, Stage, Who, always, failing, settle

from actors.runtime import ActorDeadError, Exit, ExitKind
from actors.runtime.exits import MAX_TEXT
from perpbot.simulation.world import World, in_world, run_forked
from supervisors.administration import (
    ChangeFlags,
    DeleteChild,
    Refused,
    RestartChild,
    StartChild,
    TerminateChild,
)
from supervisors.keeper import GaveUpError
from supervisors.policy import NS_PER_SECOND, Status, within
from supervisors.report import Context
from supervisors.spec import AutoShutdown, Flags, Restart, Strategy

pytestmark = pytest.mark.simulated


def spend(_: World, flags: dict[str, Any]) -> None:
    stage = Stage()
    stage.supervise(stage.children("abc"), intensity=2, period_s=10, **flags)
    over = stage.cell(SUP).when_over()
    for _number in range(2):
        stage.crash("c")
        assert stage.counts() == (3, 3, 0, 3)
    stage.taken()
    stage.crash("c")
    exit_ = over.wait(10)
    assert exit_.kind is ExitKind.SHUTDOWN
    assert isinstance(exit_.error, GaveUpError)
    assert str(exit_.error) == "c was restarted more than 2 times in 10 s"
    assert sorted(stage.taken()) == ["stop a", "stop b"] if flags.get("dynamic") else ["stop b", "stop a"]
    assert not any(stage.alive(name) for name in [SUP, *"abc"])
    assert stage.system.escalations == 1


FLAGS: list[dict[str, Any]] = [*({"strategy": strategy} for strategy in Strategy), {"dynamic": True}]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_one_restart_too_many_in_the_period_ends_the_supervisor_with_shutdown(flags: dict[str, Any]) -> None:
    """F1, F5."""
    run_forked(spend, 1, flags)


@in_world()
def test_the_children_of_a_supervisor_that_gives_up_stop_newest_first() -> None:
    """F1."""
    stage = Stage()
    stage.supervise(stage.children("abcd"), intensity=0)
    stage.taken()
    stage.crash("b")
    assert stage.taken() == ["stop d", "stop c", "stop a"]


@in_world()
def test_restarts_that_are_further_apart_than_the_period_never_end_it() -> None:
    """F2. The edge belongs to the window: a restart that is exactly a period old still counts."""
    stage = Stage()
    stage.supervise(stage.children("a"), intensity=1, period_s=2)
    for _ in range(10):
        stage.crash("a")
        gevent.sleep(2.0)
    assert stage.incarnation("a") == 11
    assert stage.alive(SUP)


@settings(deadline=None)
@given(
    st.integers(0, 5),
    st.floats(0.001, 100),
    st.lists(st.one_of(st.integers(0, 10 * NS_PER_SECOND), st.just(NS_PER_SECOND)), max_size=40),
)
def test_the_window_slides_and_holds_its_edge(limit: int, period_s: float, gaps: list[int]) -> None:
    """F2."""
    restarts: deque[int] = deque()
    times: list[int] = []
    now = 0
    for gap in gaps:
        now += gap
        times.append(now)
        in_window = [each for each in times if now - each <= period_s * NS_PER_SECOND]
        assert within(limit, period_s, restarts, now) is (len(in_window) <= limit)


def test_a_restart_exactly_a_period_ago_counts() -> None:
    """F2."""
    restarts = deque([0])
    assert not within(1, 5, deque(restarts), 5 * NS_PER_SECOND)
    assert within(1, 5, restarts, 5 * NS_PER_SECOND + 1)


def retry_until_spent(_: World, flags: dict[str, Any]) -> None:
    stage = Stage()
    stage.supervise(stage.children("ab"), intensity=5, period_s=1000, **flags)
    stage.taken()
    stage.script("b").start = always(RuntimeError("broken for good"))
    stage.crash("b")
    gevent.sleep(1)
    assert not stage.alive(SUP)
    assert not stage.alive("a")
    assert stage.taken().count("start b") == 5


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_a_child_that_cannot_restart_is_tried_until_the_intensity_is_spent(flags: dict[str, Any]) -> None:
    """F3. The crash is the first, every failed attempt is one more."""
    run_forked(retry_until_spent, 1, flags)


def answer_meanwhile(_: World, start_s: float) -> None:
    stage = Stage()
    stage.supervise(stage.children("abcd"), intensity=100_000, period_s=1000)

    def fail() -> None:
        gevent.sleep(start_s)
        raise RuntimeError("not yet")

    for name in "abc":
        stage.script(name).start = fail
        stage.crash(name)
    for _number in range(5):
        assert stage.counts() == (4, 1, 0, 4)
    stage.terminate("a")
    stage.terminate("b")
    stage.ask(DeleteChild("b"))
    stage.taken()
    settle()
    assert stage.standing() == {"d": Status.UP, "c": Status.RESTARTING, "a": Status.STOPPED}
    assert set(stage.taken()) == {"start c"}
    stage.stop()
    stage.taken()
    gevent.sleep(10)
    assert stage.events == []


@pytest.mark.parametrize("start_s", [0.0001, 0.1])
def test_between_attempts_the_supervisor_answers_and_a_termination_wins(start_s: float) -> None:
    """F4. Also when attempts of several children follow each other without a pause."""
    run_forked(answer_meanwhile, 1, start_s)


@in_world()
def test_attempts_that_fail_at_once_leave_room_for_questions() -> None:
    """F4."""
    stage = Stage()
    stage.supervise(stage.children("a"), intensity=10_000)
    stage.script("a").start = always(RuntimeError("no"))
    stage.cell("a").ref.tell(Crash())
    while stage.incarnation("a") < 5:
        gevent.sleep(0)
    assert stage.counts() == (1, 0, 0, 1)
    stage.terminate("a")
    assert stage.incarnation("a") < 20
    settle()
    assert stage.standing() == {"a": Status.STOPPED}


@in_world()
def test_a_late_retry_of_a_child_that_was_replaced_is_dropped() -> None:
    """F4."""
    stage = Stage()
    stage.supervise(stage.children("a"), intensity=1000)

    def fail() -> None:
        gevent.sleep(1)
        raise RuntimeError("not yet")

    stage.script("a").start = fail
    stage.crash("a")
    requests = [TerminateChild("a"), DeleteChild("a"), StartChild(stage.child("a"))]
    slots = [stage.system.ref(SUP).post(request, 30) for request in requests]
    stage.script("a").start = failing(0)
    gevent.sleep(5)
    assert all(slot.answered for slot in slots)
    assert stage.counts() == (1, 1, 0, 1)
    assert stage.taken() == ["start a", "start a", "start a"]


@in_world()
def test_a_start_that_fails_once_and_then_works_ends_with_the_child_up() -> None:
    """F6."""
    stage = Stage()
    stage.supervise(dynamic=True)
    stage.start(stage.child("a"))
    stage.script("a").start = failing(1)
    stage.crash("a")
    assert stage.counts() == (1, 1, 0, 1)
    assert stage.taken() == ["start a", "start a", "start a"]


@in_world()
def test_when_an_inner_supervisor_gives_up_the_static_children_come_back_and_the_dynamic_ones_do_not() -> None:
    """F7."""
    stage = Stage()
    inner = [
        stage.supervisor(name, [stage.child(f"{name}-static")], Flags(intensity=1, period_s=100)) for name in "xyz"
    ]
    stage.supervise(inner, strategy=Strategy.ONE_FOR_ALL, intensity=1)
    for name in "xyz":
        stage.ask(StartChild(stage.child(f"{name}-dynamic")), f"/sup/{name}")
    stage.taken()
    for _ in range(2):
        stage.crash("/sup/y/y-dynamic")
    assert stage.taken() == [
        "start y-dynamic",
        "stop y-static",
        "stop z-dynamic",
        "stop z-static",
        "stop x-dynamic",
        "stop x-static",
        *(f"start {name}-static" for name in "xyz"),
    ]
    assert stage.counts() == (3, 3, 3, 0)
    for name in "xyz":
        assert stage.standing(f"/sup/{name}") == {f"{name}-static": Status.UP}
        assert stage.system.known(f"/sup/{name}/{name}-dynamic") is None
        assert [*stage.cell(f"/sup/{name}").children] == [f"{name}-static"]


@in_world()
def test_a_transient_supervisor_that_gave_up_is_not_restarted() -> None:
    """F8. It ended with shutdown; hence supervisors are permanent unless they say otherwise."""
    stage = Stage()
    for name, restart in (("t", Restart.TRANSIENT), ("p", Restart.PERMANENT)):
        stage.supervise([], f"/over-{name}")
        spec = stage.supervisor(name, stage.children("a"), Flags(intensity=0), restart=restart)
        stage.ask(StartChild(spec), f"/over-{name}")
        stage.crash(f"/over-{name}/{name}/a")
    assert stage.standing("/over-t") == {"t": Status.STOPPED}
    assert stage.standing("/over-p") == {"p": Status.UP}


@in_world()
def test_changing_the_intensity_keeps_the_children() -> None:
    """F9."""
    stage = Stage()
    stage.supervise(stage.children("ab"), intensity=0)
    stage.ask(ChangeFlags(Flags(intensity=2, period_s=50)))
    assert stage.incarnations("ab") == [1, 1]
    stage.crash("a", "a")
    gevent.sleep(40)
    assert stage.incarnations("ab") == [3, 1]
    stage.ask(ChangeFlags(Flags(intensity=2, period_s=10)))
    stage.crash("a")
    assert stage.alive(SUP)
    stage.ask(ChangeFlags(Flags(intensity=0)))
    stage.crash("a")
    assert not stage.alive(SUP)


def refuse_change(_: World, flags: Flags) -> None:
    stage = Stage()
    stage.supervise([stage.child("a", significant=True, restart=Restart.TRANSIENT)], auto_shutdown="any_significant")
    assert stage.refusal(ChangeFlags(flags)) is Refused.BAD_SPEC
    stage.end("a", "normal")
    assert not stage.alive(SUP)


@pytest.mark.parametrize(
    "flags",
    [
        Flags(),
        Flags(auto_shutdown=AutoShutdown.ALL_SIGNIFICANT, group=True),
        Flags(dynamic=True),
    ],
)
def test_flags_that_do_not_fit_are_refused_and_change_nothing(flags: Flags) -> None:
    """F9."""
    run_forked(refuse_change, 1, flags)


@in_world()
def test_every_event_is_a_structured_report() -> None:
    """F10."""
    stage = Stage()
    stage.supervise([stage.child("a", shutdown_s=2.0, restart=Restart.TRANSIENT), stage.child("b")], intensity=2)
    stage.script("a").start = failing(1)
    stage.crash("a")
    stage.script("b").stop = always(ValueError("cannot close"))
    stage.terminate("b")
    stage.crash("a")
    settle()
    told = [(each.context, each.offender, each.reason, each.restart, each.shutdown_s) for each in stage.reports]
    crashed = "failed in Crash: RuntimeError: a was told to crash"
    assert told == [
        (Context.CHILD_TERMINATED, "/sup/a", crashed, "transient", 2.0),
        (Context.START_ERROR, "/sup/a", "/sup/a did not start: RuntimeError: cannot start", "transient", 2.0),
        (Context.SHUTDOWN_ERROR, "/sup/b", "shutdown in on_stop: ValueError: cannot close", "permanent", 5.0),
        (Context.CHILD_TERMINATED, "/sup/a", crashed, "transient", 2.0),
        (Context.SHUTDOWN, "/sup", "a was restarted more than 2 times in 5 s", "", None),
    ]
    assert {each.supervisor for each in stage.reports} == {"/sup"}
    assert [each.incarnation for each in stage.reports] == [1, 2, 1, 3, 1]
    assert stage.reports[0].fields() == {
        "reason": crashed, "offender": "/sup/a", "incarnation": 1, "restart": "transient", "shutdown_s": 2.0,
        "kind": "actor",
    }  # fmt: skip
    decisions = [crash.decision for crash in stage.system.crashes]
    assert decisions == ["restart", "restart", "give up"]


def end_silently(_: World, restart: Restart, how: str) -> None:
    stage = Stage()
    stage.supervise([stage.child("a", restart=restart)])
    stage.end("a", how)
    reported = restart is Restart.PERMANENT or how in {"crash", "kill"}
    assert len(stage.reports) == stage.system.crashes.total == int(reported)


@pytest.mark.parametrize("how", ["normal", "shutdown", "crash", "kill"])
@pytest.mark.parametrize("restart", Restart)
def test_a_child_that_was_done_is_not_worth_a_report(restart: Restart, how: str) -> None:
    """F10. For a permanent child no end by itself is in order."""
    run_forked(end_silently, 1, restart, how)


@in_world()
def test_a_start_from_outside_writes_no_line_of_progress() -> None:
    """F10. Thousands of trades would drown the log; static children get a line for looking closely."""
    stage = Stage()
    log = stage.system.log
    assert isinstance(log, Log)
    stage.supervise(stage.children("a"))
    assert [(level, event) for level, event, _ in log.lines] == [("debug", "child started")]
    for name in "bcd":
        stage.start(stage.child(name))
    assert len(log.lines) == 1


class Endless(Exception):  # noqa: N818
    """An error that shows a whole mailbox."""

    def __str__(self) -> str:
        return "m" * 3_000_000


class Mute(Exception):  # noqa: N818
    """An error that cannot show itself."""

    def __str__(self) -> str:
        raise ValueError("no")


@in_world()
def test_a_report_of_an_error_is_limited_in_size() -> None:
    """F11. Whatever an error has to say of itself, and even if it cannot."""
    stage = Stage()
    stage.supervise(stage.children("a"), intensity=10)
    for error in (Endless(), Mute()):
        stage.script("a").stop = always(error)
        stage.terminate("a")
        stage.script("a").stop = failing(0)
        stage.script("a").start = always(error)
        assert stage.refusal(RestartChild("a")) is Refused.START_FAILED
        stage.script("a").start = failing(0)
        stage.ask(RestartChild("a"))
    settle()
    assert len(stage.reports) == 4
    for report in stage.reports:
        assert len(report.reason) <= MAX_TEXT + 200
    for crash in stage.system.crashes:
        assert len(crash.reason) + len(crash.traceback) <= 30_000
    assert stage.reports[-1].reason == "/sup/a did not start: Mute: (its text raised ValueError)"
    assert len(str(Exit(ExitKind.FAILED, Endless()))) <= MAX_TEXT + 100


@in_world()
def test_a_report_never_holds_messages_that_wait() -> None:
    """F11."""
    stage = Stage()
    stage.supervise(stage.children("a"))
    stage.cell("a").ref.tell(Crash())
    for _ in range(900):
        stage.cell("a").ref.tell(Who())
    settle()
    assert len(stage.reports) == 1
    assert "Who" not in repr(stage.reports[0])
    assert len(repr(stage.reports[0])) < 1_000


@in_world()
def test_only_so_many_reports_are_kept() -> None:
    """F11."""
    stage = Stage()
    stage.supervise(stage.children("a"), intensity=10_000)
    for _ in range(200):
        stage.crash("a")
    supervisor = stage.cell(SUP).actor
    assert supervisor is not None
    assert len(supervisor.describe()["reports"]) == 50
    assert len(stage.reports) == 200
    incarnations = [each.incarnation for each in stage.reports]
    assert all(after == before + 1 for before, after in pairwise(incarnations))


@in_world()
def test_a_root_that_gives_up_is_dead_for_everybody() -> None:
    """F1."""
    stage = Stage()
    stage.supervise([stage.supervisor("in", stage.children("a"), Flags(intensity=0))], intensity=0)
    stage.scripts["a"] = Script()
    stage.crash("/sup/in/a")
    assert stage.system.escalations == 2
    with pytest.raises(ActorDeadError):
        stage.counts()

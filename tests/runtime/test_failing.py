"""What an error, a kill or an end does to one actor, and to nobody else. Rows are those of docs/supervision.md."""

import gc
from typing import Any

import gevent
import pytest
from runtime_actors import Do, Fail, InlineNotebook, Note, Notebook, Sleep, quiet_system, settle, spawn, spawn_as

from actors.runtime import (
    ActorDeadError,
    AskCycleError,
    Cell,
    DomainError,
    MailboxFullError,
    MailboxSpec,
    Overflow,
    Ping,
    Ref,
    Slot,
    StartError,
    System,
    Undelivered,
    UnkillableError,
)
from actors.runtime.signals import Suspend
from perpbot.simulation.world import in_world
from supervisors.spec import ChildSpec, Flags
from supervisors.supervisor import Supervisor


def last_end(system: System, address: str = "/notebook") -> str:
    return str(system.cell(address).last_exit)


@in_world()
def test_an_error_that_is_no_exception_ends_only_its_actor() -> None:
    """N1."""
    for error in (gevent.Timeout(1), KeyboardInterrupt(), SystemExit(3), BaseException("any")):
        for cls in (Notebook, InlineNotebook):
            system = quiet_system()
            ref, _ = spawn_as(system, cls)
            other = spawn(system, "/other")
            ref.tell(Fail(error))
            settle()
            assert last_end(system).startswith(f"failed in Fail: {type(error).__name__}"), cls
            assert other.ask(Note("alive")) == 1


@in_world()
def test_an_asker_learns_of_an_error_that_is_no_exception_at_once() -> None:
    """N1."""
    for cls in (Notebook, InlineNotebook):
        system = quiet_system()
        ref, _ = spawn_as(system, cls)
        with pytest.raises(ActorDeadError, match="ended before it answered: failed in Fail: Timeout"):
            ref.ask(Fail(gevent.Timeout(1)), timeout_s=60)


@in_world()
def test_a_kill_in_the_middle_of_a_handler_ends_only_that_actor() -> None:
    """N2."""
    system = quiet_system()
    ref, other = spawn(system, "/notebook"), spawn(system, "/other")
    asked = ref.post(Sleep(10), 60)
    settle()
    system.cell("/notebook").kill()
    settle()
    assert last_end(system) == "killed"
    with pytest.raises(ActorDeadError):
        asked.wait(0)
    assert other.ask(Note("alive")) == 1


@in_world()
def test_who_is_killed_while_idle_is_dead_at_once_and_so_is_what_waited() -> None:
    """N3."""
    for cls in (Notebook, InlineNotebook):
        system = quiet_system()
        ref, _ = spawn_as(system, cls)
        system.cell("/notebook").mailbox.signal(Suspend())
        settle()
        queued = ref.post(Note("queued"), 60)
        greenlet: Any = system.cell("/notebook").greenlet
        greenlet.kill()
        assert not ref.alive
        for asked in (queued, ref.post(Note("later"), 60)):
            with pytest.raises(ActorDeadError):
                asked.wait(0)


@in_world()
def test_the_starter_learns_of_a_kill_before_the_first_turn() -> None:
    """N4."""
    system = quiet_system()
    cell = system.cell("/notebook")
    started = cell.begin(Notebook(), MailboxSpec())
    cell.kill()
    with pytest.raises(ActorDeadError, match="was killed before it had started"):
        started.wait(1)
    assert not cell.alive


@in_world()
def test_a_supervisor_restarts_a_child_that_was_killed() -> None:
    """N3, N4."""
    system = quiet_system()
    system.spawn(lambda: Supervisor([ChildSpec(name="child", start=Notebook)]), "/parent")
    greenlet: Any = system.cell("/parent/child").greenlet
    greenlet.kill()
    settle()
    assert system.cell("/parent/child").incarnation == 2
    assert system.ref("/parent/child").ask(Note("alive")) == 1


@in_world()
def test_starting_is_synchronous_and_raises_what_the_start_raised() -> None:
    """N6."""

    class Broken(Notebook):
        def on_start(self) -> None:
            gevent.sleep(1)
            raise ValueError("no such file")

    system = quiet_system()
    with pytest.raises(StartError, match="ValueError: no such file"):
        system.spawn(Broken, "/broken")
    assert not system.ref("/broken").alive


@in_world()
def test_an_error_while_cleaning_up_is_reported_with_the_end() -> None:
    """N7."""

    class Untidy(Notebook):
        def on_stop(self) -> None:
            raise OSError("disk full")

    system = quiet_system()
    spawn_as(system, Untidy)
    assert str(system.stop("/notebook")) == "shutdown in on_stop: OSError: disk full"


@in_world()
def test_an_error_in_answer_to_a_question_is_the_askers_and_the_actors_end() -> None:
    """N8."""
    for cls in (Notebook, InlineNotebook):
        system = quiet_system()
        ref, _ = spawn_as(system, cls)
        with pytest.raises(ZeroDivisionError):
            ref.ask(Fail(ZeroDivisionError("one by nothing")))
        settle()
        assert last_end(system) == "failed in Fail: ZeroDivisionError: one by nothing"


@in_world()
def test_a_declared_no_is_an_answer_and_the_actor_carries_on() -> None:
    """N8."""
    for cls in (Notebook, InlineNotebook):
        system = quiet_system()
        ref, _ = spawn_as(system, cls)
        with pytest.raises(DomainError, match="too small"):
            ref.ask(Fail(DomainError("too small")))
        assert ref.ask(Note("alive")) == 1


@in_world()
def test_a_stop_overtakes_the_backlog() -> None:
    """N9: fifty handlers of ten milliseconds wait, and the stop waits for one."""
    system = quiet_system()
    ref, notes = spawn_as(system, Notebook)
    for _ in range(50):
        ref.tell(Sleep(0.01))
    gevent.sleep(0.005)
    system.stop("/notebook")
    assert notes == ["woke"]


@in_world()
def test_what_is_left_after_a_stop_becomes_dead_letters_that_name_both_sides() -> None:
    """N10."""
    system = quiet_system()
    ref, sender = spawn(system, "/notebook"), spawn(system, "/sender")
    ref.tell(Sleep(1))
    settle()
    sender.ask(Do(lambda _: ref.tell(Note("before"))))
    system.stop("/notebook")
    sender.ask(Do(lambda _: ref.tell(Note("after"))))
    found = [(each.receiver, each.sender, each.why) for each in system.letters]
    assert found[1:] == [("/notebook", "/sender", Undelivered.NOBODY)]
    assert [each.message.what for each in system.letters if isinstance(each.message, Note)] == ["before", "after"]
    assert system.letters.counts == {Undelivered.DISCARDED: 1, Undelivered.NOBODY: 1}


@in_world()
def test_publishing_reaches_the_rest_when_one_is_dead_or_full() -> None:
    """N11."""
    system = quiet_system()
    publisher = spawn(system, "/publisher")
    everyone = [spawn(system, f"/{name}") for name in ("dead", "well")]
    full = spawn(system, "/full", mailbox=MailboxSpec(capacity=1, overflow=Overflow.REJECT))
    for ref in (everyone[0], full, everyone[1]):
        ref.ask(Do(lambda actor: actor.subscribe("/publisher", "news")))
    system.stop("/dead")
    full.tell(Sleep(10))
    settle()
    full.tell(Note("fills it"))
    with pytest.raises(MailboxFullError):
        full.tell(Note("one more"))
    publisher.ask(Do(lambda actor: actor.publish("news", Note("news"))))
    assert everyone[1].ask(Do(lambda actor: actor.notes)) == ["news"]
    whys = {each.receiver: each.why for each in system.letters}
    assert whys == {"/dead": Undelivered.NOBODY, "/full": Undelivered.OVERFLOW}


@in_world()
def test_a_circle_of_questions_raises_and_names_the_circle() -> None:
    """N13."""
    system = quiet_system()
    a, b, c = (spawn(system, f"/{name}") for name in "abc")

    def asking(*others: Ref) -> Do:
        return Do(lambda _: others[0].ask(asking(*others[1:])) if others else "end")

    with pytest.raises(AskCycleError, match="/a asks /a"):
        a.ask(asking(a))
    a, b, c = (spawn(system, f"/{name}{name}") for name in "abc")
    with pytest.raises(AskCycleError, match="/cc asks /aa asks /bb asks /cc"):
        a.ask(asking(b, c, a))
    settle()


class Stubborn(Notebook):
    """Goes on after everything, until it is let go."""

    def on_start(self) -> None:
        self.let_go = Slot()
        self.notes.append(self.let_go)

    def resist(self) -> None:
        while not self.let_go.answered:
            try:
                gevent.sleep(0.1)
            except BaseException:  # noqa: BLE001, S112 - that is the point
                continue


@in_world()
def test_who_survives_a_kill_is_named_its_name_is_retired_and_its_process_told() -> None:
    """N15."""
    system = quiet_system()
    lost: list[Cell] = []
    system.on_unkillable = lost.append
    ref, _ = spawn_as(system, Stubborn)
    ref.tell(Do(lambda actor: actor.resist()))
    settle()
    waiting = ref.post(Note("waiting"), 60)
    assert system.cell("/notebook").stop(1.0) is None
    assert str(system.cell("/notebook").state) == "unkillable"
    assert [cell.address for cell in lost] == system.unkillable == ["/notebook"]
    with pytest.raises(ActorDeadError):
        waiting.wait(0)
    with pytest.raises(UnkillableError, match="restart the process"):
        spawn(system, "/notebook")


@in_world()
def test_a_thousand_crashes_leave_no_greenlet_timer_reference_or_address_behind() -> None:
    """N18."""

    class Ticking(Notebook):
        def on_start(self) -> None:
            self.timers.every(1, Note("tick"))
            self.watch(self.system.ref("/other"))
            self.subscribe("/other", "news")
            self.spawn_task(gevent.sleep, 3_600)

    def alive() -> dict[str, int]:
        gc.collect()
        names = [type(each).__name__ for each in gc.get_objects()]
        kinds = ("_Life", "Greenlet", "Timer", "Timers", "Ticking", "Cell", "Ref", "Slot", "Watch", "Mailbox")
        return {kind: names.count(kind) for kind in kinds}

    system = quiet_system()
    spawn(system, "/other")
    flags = Flags(intensity=2_000, period_s=3_600)
    system.spawn(lambda: Supervisor([ChildSpec(name="child", start=Ticking)], flags), "/parent")
    ref = system.ref("/parent/child")

    def crash(times: int) -> None:
        for _ in range(times):
            ref.tell(Fail(RuntimeError("broken")))
            gevent.sleep(0.01)
            ref.ask(Ping())

    crash(300)  # until everything that keeps the newest few is full
    before, cells = alive(), len(system.cells())
    crash(1_000)
    assert alive() == before
    assert (len(system.cells()), system.cell("/parent/child").incarnation) == (cells, 1_301)

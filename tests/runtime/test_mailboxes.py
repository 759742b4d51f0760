"""What mailboxes promise. Row numbers are those of docs/supervision.md."""

from functools import partial
from typing import Any

import gevent
import pytest
from runtime_actors import Do, Fail, InlineNotebook, Note, Notebook, Sleep, quiet_system, settle, spawn, spawn_as

from actors.runtime import (
    ActorDeadError,
    Exit,
    MailboxFullError,
    MailboxSpec,
    Overflow,
    Ref,
    StashFullError,
    System,
    Undelivered,
    handles,
)
from actors.runtime.signals import Resume, Suspend
from actors.runtime.trace import Trace
from perpbot.simulation.world import in_world
from supervisors.spec import ChildSpec
from supervisors.supervisor import Supervisor

BUSY_S = 1.0


class Watchful(Notebook):
    """Writes down signals, too."""

    def on_signal(self, signal: Any) -> None:
        self.notes.append(signal)


class InlineWatchful(Watchful):
    inline = True


def notes_after(spec: MailboxSpec, *notes: Note) -> tuple[System, list[Any]]:
    """What a busy actor with such a mailbox reads of what it is sent meanwhile."""
    system = quiet_system()
    read: list[Any] = []
    ref = spawn(system, "/notebook", read, mailbox=spec)
    ref.tell(Sleep(BUSY_S))
    gevent.sleep(BUSY_S / 2)
    for note in notes:
        ref.tell(note)
    gevent.sleep(BUSY_S)
    return system, [each for each in read if each != "woke"]


def whys(system: System) -> list[tuple[Undelivered, Any]]:
    return [(each.why, getattr(each.message, "what", each.message)) for each in system.letters]


@in_world()
def test_messages_of_one_sender_are_read_in_the_order_they_were_sent() -> None:
    """M1."""
    for cls in (Notebook, InlineNotebook):
        system = quiet_system()
        ref, notes = spawn_as(system, cls)

        def send(sender: int, ref: Ref = ref) -> None:
            for number in range(20):
                ref.tell(Note((sender, number)))
                gevent.sleep(0)

        gevent.joinall([gevent.spawn(send, sender) for sender in range(3)])
        settle()
        for sender in range(3):
            assert [each for each in notes if each[0] == sender] == [(sender, number) for number in range(20)]


@in_world()
def test_signals_are_obeyed_before_a_waiting_message_and_between_any_two() -> None:
    """M2."""
    for cls in (Watchful, InlineWatchful):
        system = quiet_system()
        ref, notes = spawn_as(system, cls)
        mailbox = system.cell("/notebook").mailbox
        ref.tell(Note(1))
        ref.tell(Do(lambda _, box=mailbox: box.signal("in between")))  # type: ignore[misc]
        ref.tell(Note(2))
        mailbox.signal("first")
        settle()
        assert notes == ["first", 1, "in between", 2], cls


@in_world()
def test_a_suspended_actor_obeys_signals_and_leaves_messages_and_ticks_unread() -> None:
    """M3."""
    for cls in (Watchful, InlineWatchful):
        system = quiet_system()
        ref, notes = spawn_as(system, cls)
        cell = system.cell("/notebook")
        ref.ask(Do(lambda actor: actor.timers.after(1, Note("tick"))))
        cell.mailbox.signal(Suspend())
        settle()
        assert str(cell.state) == "suspended"
        ref.tell(Note("message"))
        cell.mailbox.signal("signal")
        gevent.sleep(2)
        assert notes == ["signal"], cls
        cell.mailbox.signal(Resume())
        settle()
        assert notes == ["signal", "tick", "message"], cls
        assert str(cell.state) == "running"


@in_world()
def test_what_a_full_mailbox_does_not_take_becomes_a_dead_letter_and_the_sender_goes_on() -> None:
    """M4."""
    system, read = notes_after(MailboxSpec(capacity=2), *(Note(number) for number in range(4)))
    assert read == [0, 1]
    assert whys(system) == [(Undelivered.OVERFLOW, 2), (Undelivered.OVERFLOW, 3)]


@in_world()
def test_drop_oldest_keeps_the_newest() -> None:
    """M5."""
    spec = MailboxSpec(capacity=2, overflow=Overflow.DROP_OLDEST)
    system, read = notes_after(spec, *(Note(number) for number in range(4)))
    assert read == [2, 3]
    assert whys(system) == [(Undelivered.OVERFLOW, 0), (Undelivered.OVERFLOW, 1)]


@in_world()
def test_only_the_latest_of_each_key_is_read_at_the_place_of_the_first() -> None:
    """M6."""
    spec = MailboxSpec(latest_by=lambda each: getattr(each, "key", None))
    _, read = notes_after(spec, Note(1, "a"), Note(2, "b"), Note(3), Note(4, "a"), Note(5))
    assert read == [4, 2, 3, 5]


@in_world()
def test_a_question_is_never_replaced_by_a_later_message_of_its_key() -> None:
    """M6."""
    system = quiet_system()
    ref = spawn(system, "/notebook", mailbox=MailboxSpec(latest_by=lambda each: getattr(each, "key", None)))
    ref.tell(Sleep(BUSY_S))
    asked = [ref.post(Note(number, "a"), 5) for number in range(2)]
    ref.tell(Note("told", "a"))
    assert [each.wait(5) for each in asked] == [2, 3]


@in_world()
def test_a_full_mailbox_that_rejects_says_so_to_the_sender() -> None:
    """M7."""
    system = quiet_system()
    ref = spawn(system, "/notebook", mailbox=MailboxSpec(capacity=1, overflow=Overflow.REJECT))
    ref.tell(Sleep(BUSY_S))
    settle()
    ref.tell(Note(1))
    with pytest.raises(MailboxFullError, match="full with 1"):
        ref.tell(Note(2))
    with pytest.raises(MailboxFullError, match="full with 1"):
        ref.ask(Note(2))
    assert system.letters.total == 0


class Opening(Notebook):
    """Puts notes aside until it is told to begin."""

    mailbox = MailboxSpec(stash=3)
    begun = False

    @handles(Note)
    def note(self, note: Note) -> Any:
        if not self.begun and note.what != "begin":
            return self.stash(note)
        if note.what == "begin":
            self.begun = True
            self.unstash()
        self.notes.append(note.what)
        return len(self.notes)


class InlineOpening(Opening):
    inline = True


@in_world()
def test_what_was_put_aside_is_read_next_in_its_order_and_its_asker_is_answered() -> None:
    """M8."""
    for cls in (Opening, InlineOpening):
        system = quiet_system()
        ref, notes = spawn_as(system, cls)
        ref.tell(Note(1))
        asked = ref.post(Note(2), 5)
        settle()
        assert not asked.answered
        ref.tell(Note("begin"))
        ref.tell(Note(3))
        assert asked.wait(5) == 3
        settle()
        assert notes == ["begin", 1, 2, 3], cls


@in_world()
def test_putting_aside_more_than_declared_raises() -> None:
    """M8."""
    system = quiet_system()
    ref = system.spawn(Opening, "/opening")
    for number in range(3):
        ref.tell(Note(number))
    with pytest.raises(StashFullError, match="3 messages are put aside"):
        ref.ask(Note(3))


def stashed_and_crashed(system: System, *, keep_mailbox: bool) -> tuple[list[Any], Any]:
    notes: list[Any] = []
    spec = ChildSpec(name="child", start=lambda: Opening(notes), keep_mailbox=keep_mailbox)
    system.spawn(lambda: Supervisor([spec]), "/parent")
    ref = system.ref("/parent/child")
    ref.tell(Note(1))
    asked = ref.post(Note(2), 5)
    ref.tell(Fail(RuntimeError("broken")))
    ref.tell(Note(3))
    settle()
    ref.tell(Note("begin"))
    settle()
    return notes, asked


@in_world()
def test_a_restart_hands_what_was_put_aside_on_where_the_mailbox_is_kept() -> None:
    """M8."""
    notes, asked = stashed_and_crashed(quiet_system(), keep_mailbox=True)
    assert notes == ["begin", 1, 2, 3]
    assert asked.wait(0) == 3


@in_world()
def test_a_restart_buries_what_waited_and_was_put_aside_where_the_mailbox_is_not_kept() -> None:
    """M8."""
    system = quiet_system()
    notes, asked = stashed_and_crashed(system, keep_mailbox=False)
    assert notes == ["begin"]
    assert whys(system) == [(Undelivered.DISCARDED, number) for number in (1, 2, 3)]
    with pytest.raises(ActorDeadError, match="discarded"):
        asked.wait(0)


def read_after_putting_aside(spec: MailboxSpec) -> list[Any]:
    """What is read once two notes were put aside, of the keys 1 and 2, and a third of key 1 has come."""
    ref, notes = spawn_as(quiet_system(), Opening, mailbox=spec)
    ref.tell(Note("first", 1))
    ref.tell(Note("second", 2))
    settle()
    ref.tell(Note("begin", 0))
    ref.tell(Note("third", 1))
    settle()
    return notes


@in_world()
def test_the_latest_of_a_key_takes_the_place_of_one_that_was_put_aside() -> None:
    """M6, M8."""
    spec = MailboxSpec(stash=3, latest_by=lambda each: each.key)
    assert read_after_putting_aside(spec) == ["begin", "third", "second"]


@in_world()
def test_what_was_put_aside_comes_before_its_equals_in_a_mailbox_with_priorities() -> None:
    """M8, M9."""
    spec = MailboxSpec(stash=3, priority=lambda each: each.key)
    assert read_after_putting_aside(spec) == ["begin", "first", "third", "second"]


@in_world()
def test_the_most_urgent_is_read_first_and_equals_in_the_order_they_came() -> None:
    """M9."""
    spec = MailboxSpec(priority=lambda each: each.key if isinstance(each, Note) else 0)
    _, read = notes_after(spec, *(Note(f"{key}{number}", key) for number in range(3) for key in (2, 1, 3)))
    assert read == ["10", "11", "12", "20", "21", "22", "30", "31", "32"]


def test_a_discipline_without_an_oldest_refuses_to_drop_it() -> None:
    with pytest.raises(ValueError, match="priority goes neither with"):
        MailboxSpec(priority=lambda _: 0, overflow=Overflow.DROP_OLDEST)


@in_world()
def test_the_depth_that_is_shown_counts_what_was_put_aside() -> None:
    """M10."""
    system = quiet_system()
    ref = system.spawn(Opening, "/opening")
    ref.tell(Note(1))
    ref.tell(Note(2))
    settle()
    ref.tell(Sleep(BUSY_S))
    settle()
    ref.tell(Note(3))
    assert system.cell("/opening").mailbox.depth == 3


@in_world()
def test_room_is_checked_when_a_message_is_sent() -> None:
    """M11: a storm between two turns of the hub never grows a mailbox beyond its capacity."""
    system = quiet_system()
    for number, spec in enumerate(
        (
            MailboxSpec(capacity=10),
            MailboxSpec(capacity=10, overflow=Overflow.DROP_OLDEST),
            MailboxSpec(capacity=10, priority=lambda _: 0),
            MailboxSpec(capacity=10, latest_by=lambda _: None),
        )
    ):
        ref = spawn(system, f"/{number}", mailbox=spec)
        mailbox = system.cell(f"/{number}").mailbox
        for _ in range(1_000):
            ref.tell(Note(1))
            assert mailbox.depth <= 10
        assert mailbox.high_water == 10
        assert mailbox.dropped == 990


@in_world()
def test_what_waits_at_a_restart_is_kept_only_where_the_childs_spec_says_so() -> None:
    notes: dict[str, list[Any]] = {"keeps": [], "loses": []}
    specs = [ChildSpec(name=name, start=partial(Notebook, notes[name]), keep_mailbox=name == "keeps") for name in notes]
    system = quiet_system()
    system.spawn(lambda: Supervisor(specs), "/parent")
    for name in notes:
        ref = system.ref(f"/parent/{name}")
        ref.tell(Fail(RuntimeError("broken")))
        ref.tell(Note("sent before"))
    settle()
    assert notes == {"keeps": ["sent before"], "loses": []}
    assert whys(system) == [(Undelivered.DISCARDED, "sent before")]


@in_world()
def test_no_timer_fires_after_the_end_of_its_incarnation() -> None:
    """M12."""
    system = quiet_system()
    notes: list[Any] = []
    ref = spawn(system, "/notebook", notes)
    ref.ask(Do(lambda actor: actor.timers.every(1, Note("tick"))))
    gevent.sleep(2.5)
    system.stop("/notebook")
    gevent.sleep(5)
    assert notes == ["tick", "tick"]
    assert system.letters.total == 0


@in_world()
def test_a_restart_does_not_double_a_repeating_timer() -> None:
    """M12."""
    notes: list[Any] = []

    class Clock(Notebook):
        def on_start(self) -> None:
            self.timers.every(1, Note("tick"))

    system = quiet_system()
    system.spawn(lambda: Supervisor([ChildSpec(name="clock", start=lambda: Clock(notes))]), "/parent")
    for _ in range(3):
        gevent.sleep(6)  # beyond the period of the intensity
        system.ref("/parent/clock").tell(Fail(RuntimeError("broken")))
        settle()
    notes.clear()
    gevent.sleep(3.5)
    assert notes == ["tick"] * 3


@in_world()
def test_a_tick_that_waits_is_dropped_with_its_incarnation() -> None:
    """M12."""
    system = quiet_system()
    notes: list[Any] = []
    specs = [ChildSpec(name="child", start=lambda: Notebook(notes), keep_mailbox=True)]
    system.spawn(lambda: Supervisor(specs), "/parent")
    ref = system.ref("/parent/child")

    def busy(actor: Notebook) -> None:
        actor.timers.after(0.1, Note("tick"))
        gevent.sleep(1)
        raise RuntimeError("broken")

    ref.tell(Do(busy))
    gevent.sleep(2)
    assert notes == []


@in_world()
def test_an_actor_that_was_busy_gets_one_tick_and_no_burst() -> None:
    """M12."""
    system = quiet_system()
    notes: list[Any] = []
    ref = spawn(system, "/notebook", notes)
    ref.ask(Do(lambda actor: actor.timers.every(1, Note("tick"))))
    ref.tell(Sleep(10.5))
    gevent.sleep(10.9)
    assert notes == ["woke", "tick"]


@in_world()
def test_a_question_whose_deadline_has_passed_is_not_carried_out() -> None:
    """M13."""
    for cls in (Notebook, InlineNotebook):
        system = quiet_system()
        ref, notes = spawn_as(system, cls)
        system.cell("/notebook").mailbox.signal(Suspend())
        late, patient = ref.post(Note("late"), 1), ref.post(Note("patient"), 10)
        gevent.sleep(2)
        system.cell("/notebook").mailbox.signal(Resume())
        assert patient.wait(1) == 1
        assert notes == ["patient"], cls
        with pytest.raises(ActorDeadError, match="expired"):
            late.wait(0)
        assert whys(system) == [(Undelivered.EXPIRED, "late")]


@in_world()
def test_a_drain_stop_reads_what_waits_and_a_stop_does_not() -> None:
    """N9 says that a stop overtakes; this is the other one."""
    system = quiet_system()
    notes: list[Any] = []
    ref = spawn(system, "/notebook", notes)
    for number in range(3):
        ref.tell(Note(number))
    exit_: Exit = system.drain("/notebook")
    ref.tell(Note("late"))
    assert (notes, str(exit_)) == ([0, 1, 2], "normal")
    assert whys(system) == [(Undelivered.NOBODY, "late")]


def take_along(actor: Notebook) -> list[Any]:
    return [note.what for note in actor.take_along(Note)]


@in_world()
def test_what_waits_next_can_be_taken_along_up_to_an_ask_or_another_type() -> None:
    system = quiet_system()
    read: list[Any] = []
    ref = spawn(system, "/notebook", read)
    for what in (Do(lambda actor: actor.notes.append(take_along(actor))), Note(1), Note(2)):
        ref.tell(what)
    slot = ref.post(Note(3), 1.0)
    ref.tell(Note(4))
    assert slot.wait(1.0) == 2
    settle()
    assert read == [[1, 2], 3, 4]
    assert ref.cell.messages == 5, "they count as handled"


@in_world()
def test_nothing_is_taken_along_while_somebody_listens_or_where_the_order_is_another() -> None:
    system = quiet_system()
    ref = spawn(system, "/notebook")
    trace = Trace(ref.cell, lambda _: None)
    trace.start()
    slot = ref.post(Do(take_along), 1.0)
    ref.tell(Note(1))
    assert slot.wait(1.0) == []
    trace.stop()
    latest = spawn(system, "/latest", mailbox=MailboxSpec(latest_by=lambda _: None))
    with pytest.raises(TypeError, match="in the order they came"):
        latest.ask(Do(take_along))

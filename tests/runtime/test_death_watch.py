"""Being told when somebody is gone for good. Row numbers are those of docs/supervision.md."""

import gevent
from runtime_actors import Do, Fail, Note, Notebook, Sleep, quiet_system, settle, spawn

from actors.runtime import ExitKind, MailboxSpec, Overflow, Ref, State, System, Terminated, handles
from perpbot.simulation.world import in_world
from supervisors.administration import TerminateChild
from supervisors.spec import ChildSpec, Restart
from supervisors.supervisor import Supervisor


class Mourner(Notebook):
    """Writes down who is gone."""

    @handles(Terminated)
    def gone(self, word: Terminated) -> None:
        self.notes.append((word.ref.address, word.incarnation, None if word.exit is None else word.exit.kind))


def mourner(system: System, watched: Ref, address: str = "/mourner", **options: object) -> list[object]:
    notes: list[object] = []
    ref = system.spawn(lambda: Mourner(notes), address, **options)  # type: ignore[arg-type]
    ref.ask(Do(lambda actor: actor.watch(watched)))
    return notes


GONE_IN_PEACE = ("/watched", 1, ExitKind.SHUTDOWN)


@in_world()
def test_a_watcher_is_told_once_for_each_death_however_often_it_watched() -> None:
    """J1."""
    system = quiet_system()
    watched = spawn(system, "/watched")
    notes = mourner(system, watched)
    system.ref("/mourner").ask(Do(lambda actor: actor.watch(watched)))
    system.stop("/watched")
    settle()
    assert notes == [GONE_IN_PEACE]


@in_world()
def test_watching_the_dead_tells_at_once() -> None:
    """J2."""
    system = quiet_system()
    watched = spawn(system, "/watched")
    system.stop("/watched")
    notes = mourner(system, watched)
    settle()
    assert notes == [GONE_IN_PEACE]


@in_world()
def test_watching_an_address_where_nobody_ever_lived_tells_at_once() -> None:
    """J2."""
    system = quiet_system()
    notes = mourner(system, system.ref("/nobody"))
    settle()
    assert notes == [("/nobody", 0, None)]


@in_world()
def test_every_watcher_is_told() -> None:
    """J3."""
    system = quiet_system()
    watched = spawn(system, "/watched")
    everyone = [mourner(system, watched, f"/mourner-{number}") for number in range(5)]
    system.stop("/watched")
    settle()
    assert everyone == [[GONE_IN_PEACE]] * 5


@in_world()
def test_a_watch_can_be_taken_back_even_when_word_of_the_end_waits_already() -> None:
    """J4."""
    system = quiet_system()
    watched = spawn(system, "/watched")
    notes = mourner(system, watched)
    mourning = system.ref("/mourner")

    def unwatch_late(actor: Mourner) -> None:
        gevent.sleep(1)  # meanwhile the other one dies, and word of it waits here
        assert actor.cell.mailbox.depth == 1
        actor.unwatch(watched)

    asked = mourning.post(Do(unwatch_late), 5)
    gevent.sleep(0.5)
    system.stop("/watched")
    asked.wait(5)
    settle()
    assert notes == []
    assert mourning.ask(Note("alive")) == 1


@in_world()
def test_a_restart_is_silent_outside_and_the_end_is_not() -> None:
    """J5."""
    system = quiet_system()
    specs = [ChildSpec(name="watched", start=Notebook)]
    system.spawn(lambda: Supervisor(specs), "/parent")
    watched = system.ref("/parent/watched")
    notes = mourner(system, watched)
    for _ in range(2):
        watched.tell(Fail(RuntimeError("broken")))
        gevent.sleep(10)
    assert system.cell("/parent/watched").incarnation == 3
    assert notes == []
    system.ref("/parent").ask(TerminateChild("watched"))
    settle()
    assert notes == [("/parent/watched", 3, ExitKind.SHUTDOWN)]


@in_world()
def test_a_child_that_is_not_restarted_is_gone() -> None:
    """J5: a transient child that ends normally, a temporary one however it ends, all children of one that gives up."""
    system = quiet_system()
    specs = [
        ChildSpec(name="transient", start=Notebook, restart=Restart.TRANSIENT),
        ChildSpec(name="temporary", start=Notebook, restart=Restart.TEMPORARY),
        ChildSpec(name="permanent", start=Notebook),
    ]
    system.spawn(lambda: Supervisor(specs), "/parent")
    notes = [mourner(system, system.ref(f"/parent/{spec.name}"), f"/mourner-{spec.name}") for spec in specs]
    system.ref("/parent/transient").tell(Do(lambda actor: actor.finish()))
    system.ref("/parent/temporary").tell(Fail(RuntimeError("broken")))
    settle()
    assert notes == [
        [("/parent/transient", 1, ExitKind.NORMAL)],
        [("/parent/temporary", 1, ExitKind.FAILED)],
        [],
    ]
    system.stop("/parent")
    settle()
    assert notes[2] == [("/parent/permanent", 1, ExitKind.SHUTDOWN)]


@in_world()
def test_a_watcher_that_does_not_handle_the_end_fails_with_it() -> None:
    """J6."""
    system = quiet_system()
    watched, watcher = spawn(system, "/watched"), spawn(system, "/watcher")
    watcher.ask(Do(lambda actor: actor.watch(watched)))
    system.stop("/watched")
    settle()
    cell = system.cell("/watcher")
    assert cell.state is State.FAILED
    assert cell.last_failure is not None
    assert "DeathPactError: /watched is gone (shutdown)" in str(cell.last_failure.exit)


@in_world()
def test_a_watch_is_for_one_life_and_not_for_the_next_one_of_that_name() -> None:
    """J7."""
    system = quiet_system()
    notes = mourner(system, spawn(system, "/watched"))
    system.stop("/watched")
    spawn(system, "/watched")
    system.stop("/watched")
    settle()
    assert notes == [GONE_IN_PEACE]


@in_world()
def test_the_next_incarnation_of_a_watcher_watches_nobody() -> None:
    """J7, on the watcher's side: the watch is its incarnation's, like its timers."""
    system = quiet_system()
    watched = spawn(system, "/watched")
    notes = mourner(system, watched)
    system.stop("/mourner")
    system.spawn(lambda: Mourner(notes), "/mourner")
    system.stop("/watched")
    settle()
    assert notes == []
    assert system.watches.watchers(watched.cell) == []


@in_world()
def test_a_message_of_ones_own_can_stand_for_the_end() -> None:
    """J8."""
    system = quiet_system()
    watched, notebook = spawn(system, "/watched"), spawn(system, "/notebook")
    notebook.ask(Do(lambda actor: actor.watch(watched, Note("it is gone"))))
    system.stop("/watched")
    settle()
    assert notebook.ask(Do(lambda actor: actor.notes)) == ["it is gone"]


@in_world()
def test_what_somebody_sent_before_the_end_is_read_before_word_of_it() -> None:
    system = quiet_system()
    watched = spawn(system, "/watched")
    notes = mourner(system, watched)
    mourning = system.ref("/mourner")
    mourning.tell(Sleep(1))
    watched.ask(Do(lambda _: mourning.tell(Note("last words"))))
    system.stop("/watched")
    gevent.sleep(2)
    assert notes == ["woke", "last words", GONE_IN_PEACE]


@in_world()
def test_a_full_mailbox_does_not_lose_word_of_an_end() -> None:
    for overflow in (Overflow.DEAD_LETTER, Overflow.DROP_OLDEST, Overflow.REJECT):
        system = quiet_system()
        notes = mourner(system, spawn(system, "/watched"), mailbox=MailboxSpec(capacity=1, overflow=overflow))
        mourning = system.ref("/mourner")
        mourning.tell(Sleep(1))
        settle()
        mourning.tell(Note(1))
        system.stop("/watched")
        if overflow is Overflow.DROP_OLDEST:
            mourning.tell(Note(2))
            mourning.tell(Note(3))
        gevent.sleep(2)
        assert GONE_IN_PEACE in notes, overflow

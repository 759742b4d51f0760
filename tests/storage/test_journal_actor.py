"""The journal's actor: what is appended together is one commit, and the way to the disk is one thread's."""

import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import gevent
import pytest
from storage_entries import note, notes

from actors.journal import FULL, MOVE_FROM, MOVE_S, Append, Journal, OutboxError, Replay, UseOutbox
from actors.runtime import ActorDeadError, Ref, System
from perpbot.simulation.world.forked import in_world
from perpbot.storage.journal import Journal as JournalFile
from perpbot.storage.outbox import Outbox
from perpbot.storage.write_ahead import BLOCKS

PROGRAM = """
import sys
import threading
import gevent
from functools import partial
from gevent.monkey import get_original
from greenlet import getcurrent
from perpbot.storage import pace
from perpbot.storage.worker import Worker

worker, heard, threads = Worker(), [], lambda: len(sys._current_frames())
main = gevent.get_hub().thread_ident
alive = threads()
for number in range(50):
    worker.do(partial(int, number), lambda value, error: heard.append((value, getcurrent() is gevent.get_hub())))
try:
    worker.wait_for(lambda: 1 // 0)
except ZeroDivisionError:
    heard.append("raised")
print(heard == [*((number, True) for number in range(50)), "raised"])
print(worker.wait_for(gevent._hub_local.get_hub_if_exists) is None)

pace.QUICK_NS = 10**12  # whatever else the machine does
there, where = threading.get_ident, []
for _ in range(pace.QUICK_RUN):
    worker.do_brief(there, lambda ident, error: where.append(ident == main))
    worker.rest()
print(not any(where))
worker.do_brief(there, lambda ident, error: print(ident == main))
held = get_original("_thread", "allocate_lock")()
held.acquire()
worker.do(held.acquire, lambda value, error: None)
worker.do_brief(there, lambda ident, error: print(ident != main))
held.release()
worker.rest()
worker._pace.took(pace.QUICK_NS + 1)
worker.do_brief(there, lambda ident, error: print(ident != main))
worker.rest()
worker.end()
while threads() == alive:
    gevent.sleep(0.001)
print("ended")
"""


def journal_in(folder: str) -> tuple[Ref, JournalFile]:
    file = JournalFile(Path(folder), epoch=7)
    return System().spawn(lambda: Journal(file), "/journal"), file


def test_a_worker_does_one_thing_after_the_other_in_a_thread_and_tells_the_hub() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert found.stdout.split() == [*["True"] * 6, "ended"], found.stderr


@in_world()
def test_what_is_appended_during_a_commit_is_one_commit_after_it() -> None:
    with TemporaryDirectory() as folder:
        journal, _ = journal_in(folder)
        slots = [journal.post(Append([note(2 * number), note(2 * number + 1)]), 5.0) for number in range(40)]
        assert [slot.wait(5.0) for slot in slots] == [2 * number + 2 for number in range(40)]
        actor = journal.cell.actor
        assert actor is not None
        assert actor.describe()["commits"] == 2
        assert notes(journal.ask(Replay())) == list(range(80))


@in_world()
def test_what_was_appended_just_now_is_read_back_and_written_before_a_stop() -> None:
    with TemporaryDirectory() as folder:
        journal, file = journal_in(folder)
        journal.tell(Append([note(1)]))
        assert notes(journal.ask(Replay())) == [1]
        journal.tell(Append([note(2)]))
        journal.tell(Append([note(3)]))
        gevent.sleep(0)
        journal.cell.system.drain("/journal", 5.0)
        assert notes(list(file.lines())) == [1, 2, 3]


@in_world()
def test_a_write_that_fails_ends_the_journal_and_answers_nobody() -> None:
    with TemporaryDirectory() as folder:
        journal, file = journal_in(folder)
        file.append = lambda *_: (_ for _ in ()).throw(OSError("no room"))  # type: ignore[method-assign]
        slots = [journal.post(Append([note(number)]), 5.0) for number in range(3)]
        for slot in slots:
            with pytest.raises(ActorDeadError, match="no room"):
                slot.wait(5.0)
        assert notes(list(file.lines())) == []


@in_world()
def test_whoever_appends_alone_is_answered_in_order_whether_at_once_or_by_the_thread() -> None:
    with TemporaryDirectory() as folder:
        journal, file = journal_in(folder)
        assert [journal.ask(Append([note(number)])) for number in range(6)] == [1, 2, 3, 4, 5, 6]
        assert notes(list(file.lines())) == list(range(6))


def in_database(file: JournalFile) -> int:
    """So many entries are in the database itself."""
    with closing(sqlite3.connect(file.path)) as db:
        found: int = db.execute("select count(*) from journal").fetchone()[0]
    return found


@in_world()
def test_what_was_written_is_moved_into_the_database_after_a_moment() -> None:
    with TemporaryDirectory() as folder:
        journal, file = journal_in(folder)
        journal.ask(Append([note(0), note(1)]))
        assert in_database(file) == 0
        gevent.sleep(2 * MOVE_S)
        assert in_database(file) == 2
        assert file.unmoved is False
        assert file.filled == 0


@in_world()
def test_what_was_written_is_moved_before_the_log_is_full() -> None:
    with TemporaryDirectory() as folder:
        journal, file = journal_in(folder)
        most = 0.0
        for number in range(BLOCKS):
            journal.ask(Append([note(number)]))
            most = max(most, file.filled)
            gevent.sleep(0)
        assert MOVE_FROM < most < MOVE_FROM + 0.05
        assert in_database(file) > BLOCKS // 2
        assert notes(journal.ask(Replay())) == list(range(BLOCKS))


@in_world()
def test_where_room_may_have_to_be_waited_for_nothing_is_written_in_the_hub() -> None:
    with TemporaryDirectory() as folder:
        journal, file = journal_in(folder)
        ways = Counter[str]()
        for number, share in enumerate([0.0, FULL, 1.0, 0.0]):
            with patch.object(JournalFile, "filled", share):
                actor = journal.cell.actor
                assert isinstance(actor, Journal)
                thread = actor._thread
                with (
                    patch.object(thread, "do", side_effect=thread.do) as waiting,
                    patch.object(thread, "do_brief", side_effect=thread.do_brief) as at_once,
                ):
                    journal.ask(Append([note(number)]))
                    ways[f"{share}: at once"] += at_once.call_count
                    ways[f"{share}: thread"] += waiting.call_count and not at_once.call_count
        assert +ways == Counter({"0.0: at once": 2, f"{FULL}: thread": 1, "1.0: thread": 1})
        assert notes(list(file.lines())) == [0, 1, 2, 3]


@in_world()
def test_a_database_that_takes_nothing_more_ends_the_journal_and_what_was_written_is_kept() -> None:
    with TemporaryDirectory() as folder:
        journal, file = journal_in(folder)
        assert journal.ask(Append([note(0)])) == 1
        really, file.move = file.move, lambda: (_ for _ in ()).throw(OSError("no room"))  # type: ignore[method-assign]
        gevent.sleep(2 * MOVE_S)
        with pytest.raises(ActorDeadError):
            journal.ask(Append([note(1)]))
        file.move = really  # type: ignore[method-assign]
        assert notes(list(file.lines())) == [0]


@in_world()
def test_an_outbox_that_fails_is_no_failure_of_the_journal() -> None:
    def broken(outbox: Outbox) -> None:
        outbox._db.execute("select 1 from nowhere")

    with TemporaryDirectory() as folder:
        journal, _ = journal_in(folder)
        with pytest.raises(OutboxError, match="nowhere"):
            journal.ask(UseOutbox(broken))
        with pytest.raises(OutboxError, match="surrogates"):
            journal.ask(UseOutbox(lambda outbox: outbox.failed(1, "half a character: \ud800", 0)))
        assert journal.ask(Append([note(1)])) == 1

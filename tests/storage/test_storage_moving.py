"""What is written is moved into the database; what goes wrong on the way costs no entry, and none comes twice."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from bad_disk import MADE, REFUSED, bad_disk, moved_and_refused, nothing_moved
from storage_entries import note, notes

from perpbot.execution.entries import KillSwitchSet
from perpbot.storage import journal as module
from perpbot.storage import reading
from perpbot.storage.database import JournalError, ahead_of
from perpbot.storage.journal import MOST_ROWS, Journal
from perpbot.storage.reading import read
from perpbot.storage.write_ahead import BLOCK, BLOCKS, LENGTH


def test_a_database_that_takes_nothing_for_a_while_loses_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal._mover.execute("pragma max_page_count=12")
    for number in range(20):
        journal.append([KillSwitchSet(scope="x" * 1_000, on=True, by=str(number))], 1)
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            journal.move()
    assert notes(list(read(journal.path))) == list(range(20)), "what could not be moved is read all the same"
    journal._mover.execute("pragma max_page_count=1000")
    journal.append([note(20)], 1)
    assert notes(list(journal.lines())) == list(range(21))
    journal.close()
    assert notes(list(read(journal.path))) == list(range(21))


def test_a_log_that_is_full_is_moved_by_whoever_writes_and_what_is_larger_goes_past_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    number = -1
    while journal.filled < 1:
        journal.append([note(number := number + 1)], 1)
    journal.append([note(number := number + 1)], 1)
    assert journal.filled == 1 / BLOCKS
    journal.append([KillSwitchSet(scope="x" * LENGTH, on=True, by=str(number := number + 1))], 1)
    assert journal.filled == 0
    journal.append([note(number := number + 1)], 1)
    journal.let_go()
    again = Journal(tmp_path, epoch=8)
    assert notes(list(again.lines())) == list(range(number + 1))
    again.close()


def test_an_end_at_which_nothing_can_be_moved_keeps_it_in_the_log(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.append([note(0)], 1)
    with nothing_moved():
        journal.close()
    assert notes(list(read(tmp_path / "journal.sqlite"))) == [0]
    again = Journal(tmp_path, epoch=8)
    assert notes(list(again.lines())) == [0]
    again.close()
    assert (tmp_path / "journal.ahead").read_bytes() == bytes(LENGTH)
    assert notes(list(read(tmp_path / "journal.sqlite"))) == [0]


def test_what_cannot_be_moved_is_never_written_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    with nothing_moved():
        for number in range(BLOCKS):
            journal.append([note(number)], 1)
            with pytest.raises(sqlite3.OperationalError):
                journal.move()
        with pytest.raises(sqlite3.OperationalError):
            journal.append([note(BLOCKS)], 1)
    journal.let_go()
    again = Journal(tmp_path, epoch=8)
    assert notes(list(again.lines())) == list(range(BLOCKS))
    again.close()


@pytest.mark.parametrize("more", [0, 2])
def test_what_was_moved_although_the_database_said_no_is_not_moved_again(tmp_path: Path, more: int) -> None:
    journal = Journal(tmp_path, epoch=7)
    for number in range(3):
        journal.append([note(number)], 1)
    with moved_and_refused(), pytest.raises(sqlite3.OperationalError):
        journal.move()
    assert journal.filled == 3 / BLOCKS, "whether it is on the disk is not known"
    for number in range(3, 3 + more):
        journal.append([note(number)], 1)
    journal.move()
    assert journal.filled == 0
    journal.let_go()
    ahead_of(journal.path).write_bytes(bytes(LENGTH))
    assert notes(list(read(journal.path))) == list(range(3 + more))


class Poor:
    """A connection for which the memory runs out just then, so that nothing is committed and nothing taken back."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db, self.poor = db, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if self.poor and statement in {"commit", "rollback"}:
            raise MemoryError(statement)
        return self.db.execute(statement, *values)


@pytest.mark.parametrize("orderly", [True, False])
def test_what_could_neither_be_moved_nor_taken_back_stays_in_the_log(tmp_path: Path, orderly: bool) -> None:  # noqa: FBT001
    journal = Journal(tmp_path, epoch=7)
    journal.prove()
    journal.append([note(number) for number in range(MOST_ROWS + 1)], 1)
    mover: Any = Poor(journal._mover)
    journal._mover = mover
    with pytest.raises(MemoryError):
        journal.move()
    assert mover.in_transaction
    mover.poor = False
    journal.move()
    journal.append([note(MOST_ROWS + 1)], 1)
    journal.move()
    if orderly:
        journal.close()
    else:
        journal.let_go()
    assert notes(list(read(tmp_path / "journal.sqlite"))) == list(range(MOST_ROWS + 2))
    Journal(tmp_path, epoch=8).close()


def test_a_start_needs_no_room_to_take_up_what_was_left_and_moves_it_when_there_is_some(tmp_path: Path) -> None:
    died = Journal(tmp_path, epoch=7)
    died.append([note(0), note(1)], 1)
    died.let_go()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as other:
        other.execute("begin immediate")  # nobody else can write
        journal = Journal(tmp_path, epoch=8)
        assert notes(list(journal.lines())) == [0, 1]
        assert journal.condense(1) is False
        assert journal.append([note(2)], 1) == 3
        unmoved = [journal.unmoved]
        other.execute("rollback")
    journal.prove()
    assert [*unmoved, journal.unmoved] == [True, False]
    assert notes(list(journal.lines())) == [0, 1, 2]
    journal.close()


def test_what_failed_to_be_written_is_not_there_after_an_orderly_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.append([note(0)], 1)
    with bad_disk(MADE, MADE), pytest.raises(OSError, match="Input/output error"):
        journal.append([note(9_999)], 1)
    assert notes(list(read(journal.path))) == [0]
    journal.close()
    assert notes(list(read(journal.path))) == [0]


def test_at_an_orderly_end_the_database_is_durable_before_the_log_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.append([note(0)], 1)
    journal.move()
    done: list[str] = []
    note_end, clear = journal._note_end, journal._ahead.clear

    def noted(how: str) -> None:
        done.append(how)
        note_end(how)

    def cleared() -> None:
        done.append("cleared")
        clear()

    monkeypatch.setattr(journal, "_note_end", noted)
    monkeypatch.setattr(journal._ahead, "clear", cleared)
    journal.close()
    assert done == ["not yet", "cleared", "in order"], "each note is a commit, and waits for the disk"


def test_an_end_does_not_wait_for_ever_for_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    for number, lock in enumerate(("_appending", "_moving")):
        journal = Journal(tmp_path / str(number), epoch=7)
        journal.append([note(0)], 1)
        getattr(journal, lock).acquire()
        journal.close()
        again = Journal(tmp_path / str(number), epoch=8)
        assert notes(list(again.lines())) == [0]
        again.close()


def test_while_one_reads_slowly_another_reads_and_the_outbox_is_used(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.append([note(0), note(1)], 1)
    slowly = journal.lines()
    assert notes([next(slowly)]) == [0]
    assert notes(list(journal.lines())) == [0, 1]
    journal.outbox.keep("x", 1)
    journal.prove()
    assert notes(list(slowly)) == [1]
    assert journal.outbox.kept("x") == 1
    journal.close()


def test_a_log_that_takes_nothing_is_found_out_when_it_is_proved(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.prove()
    with bad_disk(REFUSED), pytest.raises(OSError, match="Input/output error"):
        journal.prove()
    journal.close()


def test_a_write_that_is_too_large_for_the_log_and_fails_when_it_is_there_keeps_its_numbers(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    with moved_and_refused(), pytest.raises(sqlite3.OperationalError):
        journal.append([KillSwitchSet(scope="x" * LENGTH, on=True, by="0")], 1)
    assert journal.append([note(1)], 1) == 2
    journal.let_go()
    again = Journal(tmp_path, epoch=8)
    assert notes(list(again.lines())) == [0, 1]
    again.close()


def test_nothing_is_written_until_it_is_known_which_numbers_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Any) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    journal = Journal(tmp_path, epoch=7)
    with moved_and_refused(), pytest.raises(sqlite3.OperationalError):
        journal.append([KillSwitchSet(scope="x" * LENGTH, on=True, by="0")], 1)
    with monkeypatch.context() as broken:
        broken.setattr(module, "last_of", refused)
        with pytest.raises(sqlite3.OperationalError):
            journal.append([note(9)], 1)
    assert journal.append([note(1)], 1) == 2
    journal.close()
    assert notes(list(read(journal.path))) == [0, 1]


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_moved_while_it_is_read_is_read_once(
    whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.append([note(0), note(1)], 1)
    really = reading.bytes_of

    def then_moved(path: Path) -> bytes:
        found = really(path)
        journal.move()
        return found

    monkeypatch.setattr(reading, "bytes_of", then_moved)
    assert notes(list(read(journal.path, whole=whole))) == [0, 1]
    assert not journal.unmoved
    journal.close()


def test_whoever_looks_while_the_log_is_written_looks_again_and_damage_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, epoch=7)
    for number in range(3):
        journal.append([note(number)], 1)
    whole = reading.bytes_of(ahead_of(journal.path))
    gap = whole[:BLOCK] + bytes(BLOCK) + whole[2 * BLOCK :]
    seen = [whole, gap, gap]
    monkeypatch.setattr(reading, "bytes_of", lambda _: seen.pop())
    assert notes(list(read(journal.path))) == [0, 1, 2]
    seen += [whole, gap, gap, gap]
    with pytest.raises(JournalError, match=r"not of one moment \(one ends with entry 1, the other goes on with 3\)"):
        list(read(journal.path))
    assert seen == [whole]
    journal.let_go()


def test_one_thread_writes_while_two_move_and_every_entry_is_there_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    over, wrong = Event(), list[BaseException]()

    def move() -> None:
        try:
            while not over.is_set():
                journal.move()
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)

    threads = [Thread(target=move) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(1_500):
        journal.append([note(number)], 1)
    over.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert notes(list(journal.lines())) == list(range(1_500))
    journal.close()

"""A journal that was cut off anywhere holds whole commits from its beginning, and all that was acknowledged."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_entries import note, notes

from perpbot.chaos.torn import HEADER, frames_end, tear, tear_ahead, tear_wal
from perpbot.storage.database import JournalError
from perpbot.storage.journal import Journal
from perpbot.storage.reading import read
from perpbot.storage.write_ahead import BLOCK, LENGTH, batches_beyond, in_a_row, whole_batches

COMMITS = [1, 3, 1, 2, 5, 1, 1, 4]
"""Entries in each commit."""

WRITER = """
import itertools, sys
from pathlib import Path
from perpbot.execution.entries import KillSwitchSet
from perpbot.storage.journal import Journal

journal = Journal(Path(sys.argv[1]), epoch=7)
for number in itertools.count():
    entries = [KillSwitchSet(scope="x" * (number % 500), on=True, by=str(3 * number + each)) for each in range(3)]
    print(journal.append(entries, number), flush=True)
"""


def commit_ends() -> list[int]:
    return [sum(COMMITS[:count]) for count in range(len(COMMITS) + 1)]


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All commits are in SQLite's own log, and still in the log ahead of it."""
    directory = tmp_path_factory.mktemp("moved") / "state"
    journal = Journal(directory, epoch=7)
    with closing(sqlite3.connect(directory / "journal.sqlite")) as reader:  # keeps SQLite from clearing up at the end
        reader.execute("select count(*) from journal").fetchone()
        commit_all(journal, moved=True)
        shutil.copytree(directory, directory.with_name("kept"))
    return directory.with_name("kept")


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No commit is in the database yet."""
    directory = tmp_path_factory.mktemp("ahead")
    commit_all(Journal(directory, epoch=7), moved=False)
    return directory


def commit_all(journal: Journal, *, moved: bool) -> None:
    number = 0
    for count in COMMITS:
        journal.append([note(number + each) for each in range(count)], number)
        if moved:
            journal.move()
        number += count
    journal.let_go()


def wal_of(state: Path) -> bytes:
    """What SQLite's own log holds."""
    log = (state / "journal.sqlite-wal").read_bytes()
    return log[: frames_end(log)]


def found_after(state: Path, where: Path, *, wal: bytes | None = None, log: bytes | None = None) -> list[int]:
    """What a start finds in a copy of `state` whose logs, SQLite's and the one ahead of it, are others."""
    shutil.rmtree(where, ignore_errors=True)
    shutil.copytree(state, where)
    if wal is not None:
        (where / "journal.sqlite-wal").write_bytes(wal)
    if log is not None:
        (where / "journal.ahead").write_bytes(log)
    seen = notes(list(read(where / "journal.sqlite")))
    journal = Journal(where, epoch=8)
    try:
        found = notes(list(journal.lines()))
        assert seen == found, "whoever only looks sees the same"
        assert journal.append([note(99)], 1) == len(found) + 1, "it can be written to"
        assert notes(list(journal.lines()))[:-1] == found
        assert journal.epoch == 7
    finally:
        journal.close()
    return found


ALL = list(range(sum(COMMITS)))


def test_what_was_left_ahead_of_the_database_or_in_its_log_is_all_there(
    moved: Path, ahead: Path, tmp_path: Path
) -> None:
    assert wal_of(moved)
    assert not (ahead / "journal.sqlite-wal").exists()
    for state in (moved, ahead):
        assert found_after(state, tmp_path / "copy") == ALL


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("still_ahead", [True, False])
def test_a_move_cut_off_anywhere_loses_nothing_and_without_the_log_there_are_whole_commits_from_the_beginning(
    examples: int, still_ahead: Any, moved: Path, tmp_path: Path
) -> None:
    wal = wal_of(moved)

    @given(length=st.integers(0, len(wal)), full=st.booleans())
    @settings(deadline=None, max_examples=examples)
    def check(length: int, full: Any) -> None:
        cut = wal[:length].ljust(LENGTH, b"\0") if full else wal[:length]
        found = found_after(moved, tmp_path / "copy", wal=cut, log=None if still_ahead else bytes(LENGTH))
        assert found == ALL[: len(found)]
        assert len(found) == len(ALL) if still_ahead else len(found) in commit_ends()

    check()


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("still_ahead", [True, False])
def test_a_move_that_ends_in_nonsense_loses_nothing_and_without_the_log_there_are_whole_commits_from_the_beginning(
    examples: int, still_ahead: Any, moved: Path, tmp_path: Path
) -> None:
    wal = wal_of(moved)

    @given(where=st.integers(0, len(wal) - 1), noise=st.binary(min_size=1, max_size=5_000))
    @settings(deadline=None, max_examples=examples)
    def check(where: int, noise: bytes) -> None:
        broken = wal[:where] + noise + wal[where + len(noise) :]
        found = found_after(moved, tmp_path / "copy", wal=broken, log=None if still_ahead else bytes(LENGTH))
        assert found == ALL[: len(found)]
        assert len(found) == len(ALL) if still_ahead else len(found) in commit_ends()

    check()


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.full)])
def test_a_log_cut_off_anywhere_holds_whole_commits_from_the_beginning(
    examples: int, ahead: Path, tmp_path: Path
) -> None:
    log = (ahead / "journal.ahead").read_bytes()
    end = len(COMMITS) * BLOCK

    @given(length=st.integers(0, end), full=st.booleans())
    @settings(deadline=None, max_examples=examples)
    def check(length: int, full: Any) -> None:
        cut = log[:length].ljust(LENGTH, b"\0") if full else log[:length]
        found = found_after(ahead, tmp_path / "copy", log=cut)
        assert found == ALL[: len(found)]
        assert len(found) in commit_ends()
        assert len(found) >= commit_ends()[length // BLOCK], "what stands before the cut is there"

    check()


def in_order(log: bytes) -> list[int]:
    """The numbers of the entries in `log` that go on from the first."""
    return [number for each in in_a_row(batches_beyond(0, log, 7), 0) for number in range(each.first, each.last + 1)]


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.full)])
def test_a_log_with_nonsense_in_it_is_refused_or_holds_whole_commits_from_the_beginning(
    examples: int, ahead: Path, tmp_path: Path
) -> None:
    log = (ahead / "journal.ahead").read_bytes()

    @given(where=st.integers(0, len(COMMITS) * BLOCK), noise=st.binary(min_size=1, max_size=5_000))
    @settings(deadline=None, max_examples=examples)
    def check(where: int, noise: bytes) -> None:
        broken = log[:where] + noise + log[where + len(noise) :]
        whole = [each.rows for _, _, each in whole_batches(broken)]
        if sum(map(len, whole)) == len(in_order(broken)):
            found = found_after(ahead, tmp_path / "copy", log=broken)
            assert found == ALL[: len(found)]
            assert len(found) in commit_ends()
            return
        with pytest.raises(JournalError, match=r"journal.ahead are not of one moment \(one ends with entry"):
            found_after(ahead, tmp_path / "copy", log=broken)

    check()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_move_that_was_cut_short_is_not_there_and_what_was_before_it_is(
    share: float, moved: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_bytes((moved / "journal.sqlite-wal").read_bytes())
    end = len(wal_of(moved))
    length = tear_wal(log, share)
    assert length == 1 + int(share * (end - HEADER - 1))
    held = log.read_bytes()
    assert held[end : end + length] == held[HEADER : HEADER + length]
    assert found_after(moved, tmp_path / "copy", wal=held, log=bytes(LENGTH)) == ALL


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99, 1.0])
def test_a_write_that_was_cut_short_is_not_there_and_what_was_before_it_is(
    share: float, ahead: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_bytes((ahead / "journal.ahead").read_bytes())
    before = log.read_bytes()
    length = tear_ahead(log, share)
    held = log.read_bytes()
    begin = len(COMMITS) * BLOCK
    assert length >= 1
    assert (held[:begin], held[begin + length :]) == (before[:begin], before[begin + length :])
    assert held[begin : begin + length] != before[begin : begin + length]
    assert found_after(ahead, tmp_path / "copy", log=held) == ALL


def test_where_nothing_was_written_nothing_can_be_torn(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    assert tear(tmp_path / "journal.sqlite", 0.5) == 0
    journal.close()
    assert tear(tmp_path / "elsewhere.sqlite", 0.5) == 0


def test_a_database_put_back_from_before_is_not_taken_for_the_one_the_log_goes_on_from(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state", epoch=7)
    journal.append([note(0)], 1)
    journal.move()
    copied = tmp_path / "copied"
    copied.mkdir()
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite")) as db:
        db.execute("vacuum into ?", (str(copied / "journal.sqlite"),))
    for number in (1, 2, 3):
        journal.append([note(number)], 1)
        journal.move()
    journal.append([note(4)], 1)
    journal.let_go()
    last_block = (tmp_path / "state" / "journal.ahead").read_bytes()[4 * BLOCK : 5 * BLOCK]
    (copied / "journal.ahead").write_bytes(last_block)  # the others have been written over
    log = copied / "journal.ahead"
    give_up = f"give up what the other holds: mv {log} {log}.old && touch {log}"
    advice = f"Put both back as they were together; or, if the first is a copy that was put back, {give_up}"
    with pytest.raises(JournalError) as caught:
        Journal(copied, epoch=8)
    path = copied / "journal.sqlite"
    gap = "one ends with entry 1, the other goes on with 5"
    assert str(caught.value) == f"{path} and journal.ahead are not of one moment ({gap}). {advice}"
    (copied / "journal.ahead").unlink()
    again = Journal(copied, epoch=8)
    assert notes(list(again.lines())) == [0]
    again.close()


def test_the_log_of_another_journal_is_refused_and_after_an_orderly_end_there_is_none(tmp_path: Path) -> None:
    first = Journal(tmp_path / "first", epoch=7)
    first.append([note(0)], 1)
    log = (tmp_path / "first" / "journal.ahead").read_bytes()
    first.close()
    assert (tmp_path / "first" / "journal.ahead").read_bytes() == bytes(LENGTH)
    Journal(tmp_path / "second", epoch=8).close()
    (tmp_path / "second" / "journal.ahead").write_bytes(log)
    with pytest.raises(JournalError, match=r"not of one moment \(it belongs to journal 7, not to 8\)"):
        Journal(tmp_path / "second", epoch=9)


def test_a_log_that_is_gone_after_a_crash_is_missed_and_can_be_given_up(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.prove()
    journal.append([note(0)], 1)
    journal.move()
    journal.append([note(1)], 1)
    journal.let_go()
    log = tmp_path / "journal.ahead"
    log.unlink()
    with pytest.raises(JournalError) as caught:
        Journal(tmp_path, epoch=8)
    assert str(caught.value) == (
        f"{log} is gone, and journal.sqlite is of a run that crashed, or a copy made while one went on: what was "
        f"written last was there. Put it back; or go on without that, by what the venues say: touch {log}"
    )
    log.touch()
    again = Journal(tmp_path, epoch=8)
    assert notes(list(again.lines())) == [0]
    again.prove()
    again.close()
    log.unlink()
    Journal(tmp_path, epoch=8).close()  # after an orderly end nothing was in it


# -- real processes --------------------------------------------------------------------------------------------------


def writer(directory: Path) -> tuple[subprocess.Popen[str], IO[str]]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(directory)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout


@pytest.mark.process
def test_it_can_be_read_while_another_process_writes(tmp_path: Path) -> None:
    process, acknowledged = writer(tmp_path)
    try:
        seen = 0
        for _ in range(25):
            last = int(acknowledged.readline())
            found = notes(list(read(tmp_path / "journal.sqlite")))
            assert found == list(range(len(found)))
            assert len(found) % 3 == 0, "only whole commits"
            assert len(found) >= max(last, seen)
            seen = len(found)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.process
@pytest.mark.parametrize("after", [1, 7, 40])
def test_what_was_acknowledged_survives_a_kill(after: int, tmp_path: Path) -> None:
    process, acknowledged = writer(tmp_path)
    last = [int(acknowledged.readline()) for _ in range(after)][-1]
    process.kill()
    rest, _ = process.communicate()
    last = max([last, *(int(line) for line in rest.split()[:-1])])
    journal = Journal(tmp_path, epoch=8)
    found = notes(list(journal.lines()))
    assert len(found) >= last
    assert len(found) % 3 == 0
    assert found == list(range(len(found)))
    assert journal.epoch == 7
    journal.close()


def test_every_commit_reaches_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    for db in (journal._db, journal._mover):
        assert db.execute("pragma synchronous").fetchone() == (2,), "FULL: no test can pull the plug"
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
    journal.close()

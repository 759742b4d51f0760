"""A journal that was cut off anywhere holds whole commits from its beginning, and all that was acknowledged."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_entries import note, notes

from perpbot.chaos.torn import HEADER, frames_end, tear
from perpbot.storage.journal import LOG_BYTES, Journal, read

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
def torn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of a journal whose system died: all its commits are still in the write-ahead log."""
    directory = tmp_path_factory.mktemp("torn")
    journal = Journal(directory, epoch=7)
    number = 0
    for count in COMMITS:
        journal.append([note(number + each) for each in range(count)], number)
        number += count
    yield directory
    journal.close()


def written(torn: Path) -> bytes:
    """What the write-ahead log holds."""
    log = (torn / "journal.sqlite-wal").read_bytes()
    return log[: frames_end(log)]


def found_after(torn: Path, wal: bytes, where: Path, *, full: bool = True) -> list[int]:
    """What a start finds that has `wal` for a write-ahead log, in a file of `full` length or cut off after it."""
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    shutil.copy(torn / "journal.sqlite", where)
    (where / "journal.sqlite-wal").write_bytes(wal.ljust(LOG_BYTES, b"\0") if full else wal)
    journal = Journal(where, epoch=8)
    try:
        found = notes(list(journal.lines()))
        assert journal.append([note(99)], 1) == len(found) + 1, "it can be written to"
        assert journal.epoch in ({7} if found else {7, 8})
    finally:
        journal.close()
    return found


def test_a_log_that_is_whole_holds_every_commit(torn: Path, tmp_path: Path) -> None:
    wal = written(torn)
    assert found_after(torn, wal, tmp_path / "copy") == list(range(sum(COMMITS)))


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.full)])
def test_a_log_cut_off_anywhere_holds_whole_commits_from_the_beginning(
    examples: int, torn: Path, tmp_path: Path
) -> None:
    wal = written(torn)

    @given(length=st.integers(0, len(wal)), full=st.booleans())
    @settings(deadline=None, max_examples=examples)
    def check(length: int, full: Any) -> None:
        found = found_after(torn, wal[:length], tmp_path / "copy", full=full)
        assert found == list(range(len(found)))
        assert len(found) in commit_ends()

    check()


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.full)])
def test_a_log_that_ends_in_nonsense_holds_whole_commits_from_the_beginning(
    examples: int, torn: Path, tmp_path: Path
) -> None:
    wal = written(torn)

    @given(where=st.integers(0, len(wal) - 1), noise=st.binary(min_size=1, max_size=5_000))
    @settings(deadline=None, max_examples=examples)
    def check(where: int, noise: bytes) -> None:
        found = found_after(torn, wal[:where] + noise + wal[where + len(noise) :], tmp_path / "copy")
        assert found == list(range(len(found)))
        assert len(found) in commit_ends()

    check()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_write_that_was_cut_short_is_not_there_and_what_was_before_it_is(
    share: float, torn: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_bytes((torn / "journal.sqlite-wal").read_bytes())
    end = len(written(torn))
    length = tear(log, share)
    assert length == 1 + int(share * (end - HEADER - 1))
    held = log.read_bytes()
    assert held[end : end + length] == held[HEADER : HEADER + length]
    assert found_after(torn, held, tmp_path / "copy") == list(range(sum(COMMITS)))


def test_the_log_has_its_full_length_from_the_beginning_and_keeps_it(tmp_path: Path) -> None:
    log = tmp_path / "journal.sqlite-wal"
    journal = Journal(tmp_path, epoch=7)
    for number in range(300):
        journal.append([note(number)], number)
        if number % 100 == 99:
            journal.checkpoint()
        assert log.stat().st_size == LOG_BYTES
    journal.close()
    assert notes(list(read(tmp_path / "journal.sqlite"))) == list(range(300))


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
    assert journal._db.execute("pragma synchronous").fetchone() == (2,), "FULL: no test can pull the plug"
    assert journal._db.execute("pragma journal_mode").fetchone() == ("wal",)
    journal.close()

"""What is no journal of ours is refused in words an operator understands, and left as it was."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from storage_entries import note, notes

from perpbot.storage import database
from perpbot.storage.database import SCHEMA_VERSION, JournalAwayError, JournalError
from perpbot.storage.journal import Journal
from perpbot.storage.reading import export, read

FILE = "journal.sqlite"


def made(directory: Path, entries: int = 1) -> Path:
    """A journal that was closed again."""
    journal = Journal(directory, epoch=7)
    for number in range(entries):
        journal.append([note(number)], 1)
    journal.close()
    return journal.path


def refusal(directory: Path) -> str:
    """Why the journal in `directory` is not opened; nobody holds the directory afterwards."""
    texts = []
    for _ in range(2):
        with pytest.raises(JournalError) as caught:
            Journal(directory, epoch=8)
        texts.append(str(caught.value))
    assert texts[0] == texts[1], "the second attempt must not find the lock of the first"
    return texts[0]


# -- another system --------------------------------------------------------------------------------------------------


def test_a_second_system_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    first = Journal(tmp_path, epoch=7)
    text = f"{tmp_path} is in use by another PerpBot; stop it, or give this one a --state of its own"
    assert refusal(tmp_path) == text
    first.append([note(1)], 1)
    first.close()
    second = Journal(tmp_path, epoch=8)
    assert notes(list(second.lines())) == [1]


# -- a full disk -----------------------------------------------------------------------------------------------------


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes: writing more fails, as it does where the disk is full."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_disk_without_room_for_the_log_is_named_and_what_is_in_the_log_is_kept(tmp_path: Path) -> None:
    state = tmp_path / "state"
    alive = Journal(state, epoch=7)
    alive.append([note(0)], 1)
    alive.let_go()  # as a crash does
    log = state / "journal.ahead"
    log.write_bytes(log.read_bytes()[:100_000])
    with largest_file(500_000):
        text = refusal(state)
    assert text == f"{log} cannot have its 2 MB (File too large): let it be written to, and start again"
    again = Journal(state, epoch=8)
    assert notes(list(again.lines())) == [0]
    again.close()


@pytest.mark.parametrize("lost", ["r", "w"])
def test_a_log_that_may_not_be_read_or_written_is_named(lost: str, tmp_path: Path) -> None:
    made(tmp_path)
    log = tmp_path / "journal.ahead"
    log.unlink()
    if lost == "r":
        log.mkdir()
        assert refusal(tmp_path) == f"{log} cannot be read (Is a directory): let it be read, and start again"
    else:
        (tmp_path / "elsewhere").mkdir()
        log.symlink_to(tmp_path / "elsewhere" / "gone" / "log")
        why = "(No such file or directory): let it be written to, and start again"
        assert refusal(tmp_path) == f"{log} cannot have its 2 MB {why}"


def test_a_database_that_takes_nothing_now_is_worth_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.01)
    path = made(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("pragma user_version=3")  # there is something to be written at the start
        other.execute("begin immediate")
        with pytest.raises(JournalAwayError) as caught:
            Journal(tmp_path, epoch=8)
    assert str(caught.value) == (
        f"{path} cannot be used now (database is locked): is the disk full, or does another program hold the file? "
        f"Mend that, and start again with the same --state"
    )
    assert notes(list(Journal(tmp_path, epoch=8).lines())) == [0]


# -- files that are something else -----------------------------------------------------------------------------------


def text_file(path: Path) -> None:
    path.write_text("this is no database, and it is long enough for SQLite to notice" * 20)


def foreign_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("create table songs (name text)")
    db.execute("insert into songs values ('Yesterday')")
    db.commit()
    db.close()


def foreign_database_of_our_version(path: Path) -> None:
    foreign_database(path)
    db = sqlite3.connect(path)
    db.execute(f"pragma user_version={SCHEMA_VERSION}")
    db.close()


def foreign_journal(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("create table journal (day text, thoughts text)")
    db.execute(f"pragma user_version={SCHEMA_VERSION}")
    db.close()


def broken_header(path: Path) -> None:
    made(path.parent, 50)
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def cut_in_half(path: Path) -> None:
    made(path.parent, 500)
    path.write_bytes(path.read_bytes()[:6_000])


def no_file(path: Path) -> None:
    path.mkdir()


NO_JOURNALS = [
    text_file, foreign_database, foreign_database_of_our_version, foreign_journal, broken_header, cut_in_half, no_file,
]  # fmt: skip


@pytest.mark.parametrize("make", NO_JOURNALS)
def test_what_is_no_journal_is_refused_and_left_as_it_was(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / FILE
    make(path)
    before = path.read_bytes() if path.is_file() else None
    files = {each.name for each in tmp_path.iterdir()}
    text = refusal(tmp_path)
    assert text.startswith(f"{path} cannot be read as a journal (")
    assert text.endswith("Keep the file, and start with another --state")
    assert before == (path.read_bytes() if path.is_file() else None)
    assert {each.name for each in tmp_path.iterdir()} == files | {"lock"}


def test_a_journal_of_a_newer_perpbot_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = made(tmp_path)
    db = sqlite3.connect(path)
    db.execute(f"pragma user_version={SCHEMA_VERSION + 1}")
    db.close()
    before = path.read_bytes()
    assert (
        refusal(tmp_path)
        == f"{path} was written by a newer PerpBot (schema {SCHEMA_VERSION + 1}); use that one, or another --state"
    )
    assert path.read_bytes() == before


def test_a_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    assert str(tmp_path / "state") in refusal(tmp_path / "state")


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    assert Journal(tmp_path, epoch=7).epoch == 7


# -- entries that cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("NotInvented", "{}"),
        ("KillSwitchSet", "{}"),
        ("KillSwitchSet", "not JSON"),
        ("PeakEquity", '{"venue":"","equity":"x"}'),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(kind: str, body: str, tmp_path: Path) -> None:
    path = made(tmp_path)
    db = sqlite3.connect(path)
    db.execute("insert into journal (at_ns, kind, body) values (1, ?, ?)", (kind, body))
    db.commit()
    db.close()
    journal = Journal(tmp_path, epoch=7)
    for lines in (journal.lines(), read(path)):
        assert notes([next(lines)]) == [0], "what stands before it can be read"
        with pytest.raises(JournalError, match=f"entry 2 \\({kind}\\) cannot be read"):
            next(lines)


@pytest.mark.parametrize("make", [text_file, foreign_database, no_file])
def test_reading_what_is_no_journal_is_refused(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / FILE
    make(path)
    for reading in (read, export):
        with pytest.raises(JournalError, match=r"cannot be read as a journal|used now \(disk I/O error\)"):
            next(iter(reading(path)))


def test_reading_what_is_not_there_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be read as a journal"):
        next(read(tmp_path / FILE))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_journal_that_is_gone_is_not_taken_for_a_first_start(tmp_path: Path, how: str) -> None:
    made = Journal(tmp_path, epoch=7)
    made.append([note(0)], 1)
    made.close()
    path = tmp_path / "journal.sqlite"
    path.unlink()
    if how == "emptied":
        path.touch()
    with pytest.raises(JournalError, match="is empty or gone, and it was not"):
        Journal(tmp_path, epoch=8)

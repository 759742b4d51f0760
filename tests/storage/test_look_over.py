"""Looking a journal over says what a start would say, word for word, and changes nothing."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from storage_entries import note

from perpbot.storage.database import JournalError
from perpbot.storage.journal import Journal
from perpbot.storage.reading import look_over

Ruin = Callable[[Path], None]


def written(directory: Path, entries: int, *, epoch: int = 7, orderly: bool = False) -> Path:
    journal = Journal(directory, epoch=epoch)
    journal.prove()
    for number in range(entries):
        journal.append([note(number)], 1)
    journal.close() if orderly else journal.let_go()
    return directory


def log_lost(directory: Path) -> None:
    (directory / "journal.ahead").unlink()


def log_unreadable(directory: Path) -> None:
    log_lost(directory)
    (directory / "journal.ahead").mkdir()


def of_another_journal(entries: int) -> Ruin:
    def ruin(directory: Path) -> None:
        other = written(directory.parent / "other", entries, epoch=8)
        shutil.copy(other / "journal.ahead", directory / "journal.ahead")

    return ruin


def database_lost(directory: Path) -> None:
    for each in directory.glob("journal.sqlite*"):
        each.unlink()


def database_emptied(directory: Path) -> None:
    database_lost(directory)
    (directory / "journal.sqlite").touch()


def written_by_a_newer(directory: Path) -> None:
    with closing(sqlite3.connect(directory / "journal.sqlite")) as db:
        db.execute("pragma user_version=9")


def said_by(start: Callable[[Path], object], path: Path) -> str | None:
    try:
        start(path)
    except JournalError as error:
        return str(error)
    return None


def start(path: Path) -> None:
    Journal(path.parent, epoch=99).let_go()


@pytest.mark.parametrize("orderly", [True, False], ids=["after an end", "after a crash"])
@pytest.mark.parametrize(
    ("ruin", "refused"),
    [
        (log_lost, "after a crash"),
        (log_unreadable, "always"),
        (of_another_journal(2), "always"),
        (of_another_journal(50), "always"),
        (database_lost, "always"),
        (database_emptied, "always"),
        (written_by_a_newer, "always"),
        (lambda _: None, "never"),
    ],
)
def test_it_says_what_a_start_says(ruin: Ruin, refused: str, orderly: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = written(tmp_path / "state", 5, orderly=orderly) / "journal.sqlite"
    ruin(path.parent)
    seen = said_by(look_over, path)
    assert (seen is not None) == (refused == "always" or (refused == "after a crash" and not orderly))
    assert said_by(look_over, path) == seen
    assert said_by(start, path) == seen


def test_where_there_never_was_a_journal_a_start_makes_one(tmp_path: Path) -> None:
    assert said_by(look_over, tmp_path / "journal.sqlite") is None

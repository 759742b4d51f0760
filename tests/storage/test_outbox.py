"""The outbox: what was put in is there after a restart, is tried in order, and is not kept for ever."""

import sqlite3
from pathlib import Path

import attrs
import pytest
from storage_entries import note, notes

from perpbot.storage import outbox
from perpbot.storage.database import _MIGRATIONS, SCHEMA_VERSION
from perpbot.storage.journal import Journal
from perpbot.storage.outbox import Letter


def letter(title: str, channel: str = "phone", at_ns: int = 5) -> Letter:
    return Letter(at_ns=at_ns, channel=channel, severity="error", title=title, body="b", next_ns=at_ns)


def test_letters_wait_in_order_for_each_channel_across_a_restart(tmp_path: Path) -> None:
    first = Journal(tmp_path, epoch=7)
    first.outbox.put([letter("a"), letter("b"), letter("c", "mail", 9)])
    first.close()
    second = Journal(tmp_path, epoch=8)
    box = second.outbox
    found = box.next("phone")
    assert found is not None
    assert (found.title, found.state, found.tries) == ("a", "waiting", 0)
    assert box.waiting() == {"phone": (2, 5), "mail": (1, 9)}
    box.failed(found.id, "refused", 100)
    assert box.next("phone") == attrs.evolve(found, tries=1, why="refused", next_ns=100)
    box.sent(found.id, 101)
    assert [each.title for each in (box.next("phone"), box.next("mail")) if each] == ["b", "c"]
    assert box.drop_unknown(["phone"], 102) == 1
    assert [(each.title, each.state) for each in box.newest(9)] == [("c", "given up"), ("b", "waiting"), ("a", "sent")]
    second.close()


def test_what_is_over_is_not_kept_for_ever_and_what_waits_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "KEEP", 3)
    journal = Journal(tmp_path, epoch=7)
    box = journal.outbox
    box.put([letter("waits")])
    for number in range(10):
        box.put([letter(str(number))])
        box.sent(number + 2, 1)
    box.put([letter("last")])
    assert [each.title for each in box.newest(99)] == ["last", "9", "8", "7", "waits"]
    journal.close()


def test_what_is_kept_replaces_what_was(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    assert journal.outbox.kept("alerts") is None
    for value in ({"a": 1}, {"a": [2, None]}):
        journal.outbox.keep("alerts", value)
    assert journal.outbox.kept("alerts") == {"a": [2, None]}
    journal.close()


def test_a_journal_of_the_first_version_gets_an_outbox_and_keeps_its_entries(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    journal.append([note(1)], 1)
    journal.close()
    db = sqlite3.connect(journal.path)
    for name in ("outbox", "kept"):
        db.execute(f"drop table {name}")
    db.execute("pragma user_version=1")
    db.close()
    again = Journal(tmp_path, epoch=8)
    assert (notes(list(again.lines())), again.epoch) == ([1], 7)
    again.outbox.put([letter("a")])
    assert again.outbox.next("phone") is not None
    again.close()
    assert len(_MIGRATIONS) == SCHEMA_VERSION == 4


def test_a_write_that_fails_changes_nothing_and_the_journal_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path, epoch=7)
    with pytest.raises(sqlite3.Error):
        journal.outbox.put([letter("a"), letter(None)])  # type: ignore[arg-type]
    assert journal.outbox.waiting() == {}
    assert journal.append([note(1)], 1) == 1
    journal.close()

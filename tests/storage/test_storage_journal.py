"""What is appended is read back as it was, in order, by whoever looks."""

import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_entries import ANY_ENTRY, ENTRIES, note, notes

from perpbot.execution.entries import CaughtUp, Entry, HoldingCarried, KillSwitchSet, OrderFilled, PeakEquity
from perpbot.storage.encoding import KINDS
from perpbot.storage.journal import MOST_ROWS, Journal
from perpbot.storage.reading import Line, export, read


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path, epoch=7)
    yield made
    made.close()


def test_every_kind_of_entry_can_be_kept() -> None:
    assert set(KINDS.values()) == set(get_args(Entry))
    assert set(ENTRIES) == {kind.__name__ for kind in get_args(Entry)}


@pytest.mark.parametrize("name", KINDS)
def test_an_entry_is_read_back_as_it_was(name: str, journal: Journal) -> None:
    @given(entry=ENTRIES[name], at_ns=st.integers(0, 2**62))
    @settings(deadline=None, max_examples=15)
    def check(entry: Entry, at_ns: int) -> None:
        seq = journal.append([entry], at_ns)
        assert list(journal.lines())[-1] == Line(seq, at_ns, entry)

    check()


OLDER = {
    "OrderFilled": """{"client_id": "7-1", "fill": {"account": "main", "client_id": "perp1", "fee":
        {"amount": "0.05", "currency": "USDT"}, "liquidity": "taker", "price": "100", "quantity": "1", "side": "buy",
        "symbol": "BTC-PERP", "time_ns": 1, "trade_ref": "9", "venue": "okx", "venue_order_id": "77"}}""",
    "HoldingCarried": """{"account": "main", "cash": "-100", "fees": "0.05", "funding": "0", "quantity": "1",
        "symbol": "BTC-PERP", "venue": "okx", "volume": "100"}""",
}
"""Entries as they were written before fills knew the currency of their price."""


def test_a_fill_of_an_older_journal_counts_in_the_currency_of_its_fee(tmp_path: Path) -> None:
    Journal(tmp_path, epoch=7).close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as file, file:
        rows = [(number, 1, kind, body) for number, (kind, body) in enumerate(OLDER.items(), start=1)]
        file.executemany("INSERT INTO journal (seq, at_ns, kind, body) VALUES (?, ?, ?, ?)", rows)
    filled, carried = (line.entry for line in read(tmp_path / "journal.sqlite"))
    assert isinstance(filled, OrderFilled)
    assert isinstance(carried, HoldingCarried)
    assert (filled.fill.currency, filled.fill.quoted_fee) == ("USDT", Decimal("0.05"))
    assert filled.fill.other_fee == carried.other_fees == {}


def test_half_a_character_in_an_entry_does_not_make_the_journal_unreadable(journal: Journal) -> None:
    journal.append([KillSwitchSet(scope="global", on=True, by="caf\udce9 \ud83d \U0001f600")], 1)
    (line,) = journal.lines()
    assert line.entry == KillSwitchSet(scope="global", on=True, by="caf? ? \U0001f600")


def test_entries_are_numbered_in_the_order_they_were_written(journal: Journal) -> None:
    assert journal.last == 0
    written: list[Entry] = []

    @given(entries=st.lists(ANY_ENTRY, max_size=4))
    @settings(deadline=None, max_examples=25)
    def check(entries: list[Entry]) -> None:
        written.extend(entries)
        assert journal.append(entries, len(written)) == journal.last == len(written)

    check()
    lines = list(journal.lines())
    assert [line.entry for line in lines] == written
    assert [line.seq for line in lines] == list(range(1, len(written) + 1))
    assert list(read(journal.path)) == lines


def test_a_journal_that_is_just_being_made_holds_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.touch()
    assert list(read(path)) == []
    assert list(export(path)) == []
    sqlite3.connect(path).execute("pragma journal_mode=wal").close()
    assert list(read(path)) == []


def test_a_number_is_kept_to_the_last_digit(journal: Journal) -> None:
    long = Decimal("123456789012345678.901234567890123456789012345678901")
    journal.append([PeakEquity(venue="", equity=long)], 1)
    (line,) = journal.lines()
    assert isinstance(line.entry, PeakEquity)
    assert line.entry.equity == long


def test_only_the_kinds_that_were_asked_for_are_read(journal: Journal) -> None:
    mark = CaughtUp(venue="a", account="main", until_ms=5)
    journal.append([note(1), mark, note(2)], 1)
    assert notes(list(journal.lines([KillSwitchSet]))) == [1, 2]
    assert [line.entry for line in journal.lines([CaughtUp])] == [mark]
    assert len(list(journal.lines([CaughtUp, KillSwitchSet]))) == 3
    assert [line.seq for line in read(journal.path, [CaughtUp])] == [2]


def test_nothing_can_be_appended_and_changes_nothing(journal: Journal) -> None:
    assert journal.append([], 1) == 0
    journal.append([note(1)], 1)
    assert journal.append([], 2) == 1


def test_a_batch_that_cannot_be_written_is_not_there_in_part(journal: Journal) -> None:
    journal.append([note(1)], 1)
    with pytest.raises(struct.error):
        journal.append([note(2), note(3)], 2**80)
    assert journal.append([note(4)], 1) == 2
    assert notes(list(journal.lines())) == [1, 4]


@pytest.mark.parametrize("more", [0, 1], ids=["in one statement", "in several"])
def test_many_entries_at_once_are_one_commit(more: int, journal: Journal) -> None:
    journal.append([note(0)], 1)
    many = [note(number) for number in range(1, MOST_ROWS + 1 + more)]
    assert journal.append(many, 2) == journal.last == 1 + len(many)
    journal.move()
    assert notes(list(journal.lines())) == list(range(1 + len(many)))


def test_the_next_start_finds_everything_and_goes_on_numbering(tmp_path: Path) -> None:
    first = Journal(tmp_path, epoch=7)
    first.append([note(1), note(2)], 1)
    first.close()
    second = Journal(tmp_path, epoch=8)
    assert second.append([note(3)], 2) == 3
    assert notes(list(second.lines())) == [1, 2, 3]
    second.close()


def test_the_epoch_is_the_one_the_journal_was_made_with(tmp_path: Path) -> None:
    for epoch in (7, 8, 9):
        journal = Journal(tmp_path, epoch=epoch)
        assert journal.epoch == 7
        journal.close()
    assert Journal(tmp_path / "other", epoch=8).epoch == 8


def test_a_directory_may_have_any_name(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "état ?mode=memory#1%41", epoch=7)
    journal.append([note(1)], 1)
    assert notes(list(read(journal.path))) == [1]
    assert len(list(export(journal.path))) == 1


# -- the canonical form ----------------------------------------------------------------------------------------------


def test_the_export_is_one_object_a_line_with_sorted_keys(journal: Journal) -> None:
    journal.append([KillSwitchSet(scope="okx", on=True, by="李")], 5)
    assert list(export(journal.path)) == [
        '{"at_ns": 5, "body": {"by": "李", "on": true, "scope": "okx"}, "kind": "KillSwitchSet", "seq": 1}'
    ]


def test_equal_histories_have_equal_exports(tmp_path: Path) -> None:
    @given(entries=st.lists(ANY_ENTRY, max_size=5), cut=st.integers(0, 5), number=st.integers(0, 10**9))
    @settings(deadline=None, max_examples=15)
    def check(entries: list[Entry], cut: int, number: int) -> None:
        here = tmp_path / str(len(list(tmp_path.iterdir())))
        whole, parted = Journal(here / "whole", epoch=number), Journal(here / "parted", epoch=number + 1)
        whole.append(entries, 1)
        parted.append(entries[:cut], 1)
        parted.append(entries[cut:], 1)
        assert list(export(whole.path)) == list(export(parted.path))
        bodies = [json.loads(text)["body"] for text in export(whole.path)]
        assert len(bodies) == len(entries)
        whole.close()
        parted.close()

    check()


@pytest.mark.parametrize(("first", "second"), [("1.10", "1.1"), ("100", "1E+2"), ("-0", "0")])
def test_a_number_has_one_form_however_it_was_calculated(first: str, second: str, tmp_path: Path) -> None:
    exports = []
    for text in (first, second):
        journal = Journal(tmp_path / text, epoch=7)
        journal.append([PeakEquity(venue="", equity=Decimal(text))], 1)
        exports.append(list(export(journal.path)))
    assert exports[0] == exports[1]

"""Whatever befalls a journal: what was acknowledged is there, once and in order, and nothing else."""

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from bad_disk import REFUSED, Way, bad_disk, nothing_moved
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_entries import notes

from perpbot.execution.entries import KillSwitchSet
from perpbot.storage import journal as journal_module
from perpbot.storage import write_ahead
from perpbot.storage.journal import Journal
from perpbot.storage.reading import read

SMALL = 8
"""Blocks of the log here, so that it is full soon, goes around often, and some batches are larger than it."""
SIZES = st.sampled_from([1, 1, 1, 3_000, 5_000, 9_000, 15_000, 27_000, 40_000])
NOTHING = st.just(0)
APPENDED = st.tuples(st.just("append"), SIZES, st.integers(1, 3))
STEPS = st.one_of(
    APPENDED,
    APPENDED,
    APPENDED,
    APPENDED,
    # how a write fails, how large it is, and how many writes fail: the second are zeros over it
    st.tuples(st.sampled_from(["refused", "made and refused", "cut short"]), SIZES, st.integers(1, 2)),
    st.tuples(st.sampled_from(["prove", "crash"]), NOTHING, NOTHING),
    st.tuples(st.sampled_from(["move", "no move", "prove", "crash", "end", "end without move"]), NOTHING, NOTHING),
)


class History:
    """A journal, and what has to be in it."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.journal = Journal(state, epoch=7)
        self.acknowledged: list[int] = []
        self.unheard: list[int] = []
        """What failed last, and may be there after a crash: whoever wrote it was never answered."""

    def do(self, what: str, size: int, times: int) -> None:
        match what:
            case "append":
                self._append(size, times)
            case "refused" | "made and refused" | "cut short":
                self._fail(what, size, times)
            case "move":
                self.journal.move()
            case "no move":
                with nothing_moved(), suppress(sqlite3.Error):
                    self.journal.move()
            case "prove":
                self.journal.prove()
            case "crash":
                self.journal.let_go()
                self._again()
            case "end":
                self.journal.close()
                self.unheard = []
                self._again()
            case "end without move":
                with nothing_moved():
                    self.journal.close()
                self._again()

    def check(self) -> None:
        if self.unheard and len(found := self._found()) > len(self.acknowledged):
            assert found == self.acknowledged + self.unheard
        else:
            assert self._found() == self.acknowledged
        assert 0 <= self.journal.filled <= 1

    def _found(self) -> list[int]:
        found = notes(list(self.journal.lines()))
        assert found == notes(list(read(self.journal.path)))
        return found

    def _again(self) -> None:
        self.journal = Journal(self._state, epoch=8)
        self.acknowledged = self._found() if self.unheard else self.acknowledged
        self.unheard = []

    def _entries(self, size: int, times: int) -> list[KillSwitchSet]:
        first = len(self.acknowledged)
        return [KillSwitchSet(scope="x" * (size // times), on=True, by=str(first + each)) for each in range(times)]

    def _append(self, size: int, times: int) -> None:
        entries = self._entries(size, times)
        assert self.journal.append(entries, 1) == len(self.acknowledged) + times
        self.acknowledged += [int(each.by) for each in entries]
        self.unheard = []

    def _fail(self, how: Way, size: int, times: int) -> None:
        entries = self._entries(size, 1)
        with bad_disk(how, *[REFUSED] * (times - 1)):
            try:
                self.journal.append(entries, 1)
            except OSError:
                self.unheard = [int(each.by) for each in entries]
            else:  # past the log, and the database's disk is well
                self.acknowledged += [int(each.by) for each in entries]
                self.unheard = []


@pytest.mark.parametrize("examples", [25, pytest.param(2_000, marks=pytest.mark.full)])
def test_what_was_acknowledged_is_there_once_and_in_order_whatever_happens(examples: int, tmp_path: Path) -> None:
    @given(steps=st.lists(STEPS, min_size=20, max_size=50))
    @settings(deadline=None, max_examples=examples)
    def check(steps: list[tuple[str, int, int]]) -> None:
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        history = History(tmp_path / "state")
        for step in steps:
            history.do(*step)
            history.check()
        history.journal.let_go()

    length = SMALL * write_ahead.BLOCK
    with (
        patch.object(write_ahead, "BLOCKS", SMALL),
        patch.object(write_ahead, "LENGTH", length),
        patch.object(journal_module, "LENGTH", length),
    ):
        check()

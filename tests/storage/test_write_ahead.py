"""The log ahead of the database: what was written whole is found, and nothing else; its room is used again."""

import errno
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from bad_disk import MADE, REFUSED, Way, bad_disk
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perpbot.storage.write_ahead import (
    BLOCK,
    BLOCKS,
    LENGTH,
    Batch,
    WriteAheadLog,
    batches_beyond,
    encoded,
    in_a_row,
)

EPOCH = 7


def batch(first: int, entries: int = 1, size: int = 10) -> Batch:
    return Batch(first, 1_000 + first, [("Kind", b"%d" % (first + each) * size) for each in range(entries)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.ahead"


def found(path: Path, last: int = 0) -> list[Batch]:
    return in_a_row(batches_beyond(last, path.read_bytes(), EPOCH), last)


def test_what_was_written_is_found_in_order_beyond_what_is_known(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    written = [batch(1), batch(2, entries=3), batch(5)]
    for each in written:
        assert log.write(each) is not None
    log.close()
    assert found(path) == written
    assert found(path, last=4) == [batch(5)]
    assert found(path, last=5) == []
    assert [each.last for each in written] == [1, 4, 5]


def test_the_file_has_its_full_length_from_the_beginning_is_private_and_grows_no_more(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    assert path.stat().st_size == LENGTH
    assert path.stat().st_mode & 0o777 == 0o600
    for number in range(1, 3 * BLOCKS):
        end = log.write(batch(number))
        assert end is not None
        log.free(end)
    assert path.stat().st_size == LENGTH
    log.close()


def test_a_full_log_takes_nothing_until_something_is_free(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    ends = [log.write(batch(number)) for number in range(1, BLOCKS + 1)]
    assert None not in ends
    assert log.filled == 1
    assert log.write(batch(BLOCKS + 1)) is None
    assert found(path) == [batch(number) for number in range(1, BLOCKS + 1)], "nothing was written over"
    log.free(ends[9] or 0)
    assert log.write(batch(BLOCKS + 1, size=10 * BLOCK // 4)) is not None
    assert found(path, last=10)[-1].first == BLOCKS + 1
    log.close()


def test_a_batch_larger_than_the_log_is_never_taken(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    assert log.write(batch(1, size=LENGTH)) is None
    assert log.filled == 0
    log.close()


@pytest.mark.parametrize("examples", [60, pytest.param(3_000, marks=pytest.mark.full)])
def test_whatever_is_written_and_freed_what_is_not_free_is_always_found(examples: int, tmp_path: Path) -> None:
    @given(steps=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 3), st.booleans()), max_size=60))
    @settings(deadline=None, max_examples=examples)
    def check(steps: list[tuple[int, int, bool]]) -> None:
        path = tmp_path / "journal.ahead"
        log = WriteAheadLog(path, EPOCH, 0)
        kept: list[tuple[Batch, int]] = []
        last = 0
        for blocks, entries, free in steps:
            made = batch(last + 1, entries, 1 + blocks * BLOCK // (3 * entries))
            end = log.write(made)
            if end is None:
                assert log.filled + (2 * blocks + 2) / BLOCKS > 0.5, "there was room"
            else:
                last = made.last
                kept.append((made, end))
            if free and kept:
                log.free(kept.pop(0)[1])
            assert found(path, kept[0][0].first - 1 if kept else last) == [each for each, _ in kept]
        log.close()
        path.unlink()

    check()


@pytest.mark.parametrize("examples", [100, pytest.param(5_000, marks=pytest.mark.full)])
def test_what_was_written_in_part_is_not_there_and_what_was_before_it_is(examples: int, path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    for number in (1, 2):
        log.write(batch(number))
    log.close()
    before = path.read_bytes()
    data = encoded(batch(3, entries=2, size=2_000), EPOCH)

    @given(length=st.integers(0, len(data) - 1), old=st.binary(min_size=1, max_size=1))
    @settings(deadline=None, max_examples=examples)
    def check(length: int, old: bytes) -> None:
        behind = data[:length] + old * (len(before) - 2 * BLOCK - length)
        assume(not behind.startswith(data))
        held = before[: 2 * BLOCK] + behind
        assert batches_beyond(0, held, EPOCH) == [batch(1), batch(2)]

    check()


@given(held=st.binary(max_size=3 * BLOCK))
@settings(deadline=None)
def test_nonsense_holds_nothing(held: bytes) -> None:
    assert batches_beyond(0, held, EPOCH) == []


def test_what_goes_on_after_a_gap_is_left_out() -> None:
    batches = [batch(1), batch(2, entries=2), batch(5)]
    assert in_a_row(batches, 0) == batches[:2]
    assert in_a_row(batches, 1) == []


def test_the_log_of_another_journal_is_refused(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    log.write(batch(1))
    log.close()
    with pytest.raises(ValueError, match="it belongs to journal 7, not to 8"):
        batches_beyond(0, path.read_bytes(), 8)


def test_what_was_cleared_is_empty(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    for number in range(1, BLOCKS + 10):
        log.free(log.write(batch(number)) or 0)
    log.clear()
    assert path.read_bytes() == bytes(LENGTH)
    assert log.write(batch(1)) == 1
    log.close()


def test_what_an_earlier_run_left_is_cleared_too(path: Path) -> None:
    for last in (0, 5):
        log = WriteAheadLog(path, EPOCH, last)
        for number in range(last + 1, last + 6):
            log.write(batch(number))
        log.close()
    log = WriteAheadLog(path, EPOCH, 10)
    log.clear()
    assert path.read_bytes() == bytes(LENGTH)
    log.close()


@pytest.mark.parametrize("way", ["refused", "cut short"])
def test_a_write_the_disk_refuses_or_cuts_short_is_raised_and_the_next_takes_its_place(way: Way, path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    log.write(batch(1))
    with bad_disk(way), pytest.raises(OSError, match=r"Input/output error|only 10240 of 20480 bytes"):
        log.write(batch(2, size=4 * BLOCK))
    assert found(path) == [batch(1)]
    log.write(batch(2))
    assert found(path) == [batch(1), batch(2)]
    log.close()


@pytest.mark.parametrize("failed", [1, 2], ids=["cleaned at once", "cleaned before the next"])
@pytest.mark.parametrize("next_size", [1, 4 * BLOCK], ids=["at the end", "from the beginning again"])
def test_a_write_that_failed_and_was_made_all_the_same_is_not_there_after_the_next(
    failed: int, next_size: int, path: Path
) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    for number in range(1, BLOCKS):
        log.free(log.write(batch(number)) or 0)
    with bad_disk(*[MADE] * failed), pytest.raises(OSError, match="Input/output error"):
        log.write(batch(BLOCKS, entries=2))
    assert found(path, last=BLOCKS - 1) == [], "zeros were written, whatever was said of it"
    log.write(batch(BLOCKS, size=next_size))
    assert found(path, last=BLOCKS - 1) == [batch(BLOCKS, size=next_size)]
    log.write(batch(BLOCKS + 1))
    assert [each.first for each in found(path, last=BLOCKS - 1)] == [BLOCKS, BLOCKS + 1]
    log.close()


def test_while_a_failed_write_cannot_be_undone_nothing_is_written(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    with bad_disk(MADE, *[REFUSED] * 4) as places:
        for _ in range(3):
            with pytest.raises(OSError, match="Input/output error"):
                log.write(batch(1))
        with pytest.raises(OSError, match="Input/output error"):
            log.prove()
        assert places == [0] * 5, "the write, and four times the zeros over it"
    log.prove()
    assert found(path) == []
    log.close()


def test_to_prove_that_it_can_be_written_takes_no_room_and_nothing_away(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    for number in range(1, BLOCKS + 1):
        log.prove()
        log.write(batch(number))
    log.prove()
    assert found(path) == [batch(number) for number in range(1, BLOCKS + 1)]
    log.free(1)
    assert log.filled == (BLOCKS - 1) / BLOCKS
    with bad_disk(REFUSED), pytest.raises(OSError, match="Input/output error"):
        log.prove()
    log.close()


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.full)])
def test_the_next_run_goes_on_behind_the_newest_and_keeps_what_is_not_known_elsewhere(
    examples: int, tmp_path: Path
) -> None:
    @given(
        before=st.lists(st.integers(1, 40), max_size=50),
        known=st.integers(0, 50),
        after=st.lists(st.integers(1, 300), min_size=1, max_size=12),
    )
    @settings(deadline=None, max_examples=examples)
    def check(before: list[int], known: int, after: list[int]) -> None:
        path = tmp_path / "journal.ahead"
        log = WriteAheadLog(path, EPOCH, 0)
        written: list[Batch] = []
        kept: list[tuple[Batch, int]] = []
        for blocks in before:
            made = batch(len(written) + 1, size=blocks * BLOCK // 3)
            while (end := log.write(made)) is None:
                log.free(kept.pop(0)[1])
            kept.append((made, end))
            written.append(made)
        log.close()
        oldest = kept[0][0].first if kept else 1
        last = max(oldest - 1, min(known, len(written)))
        again = WriteAheadLog(path, EPOCH, last)
        left = list(again.left)
        assert [each for each, _ in left] == written[last:]
        for blocks in after:
            made = batch(len(written) + 1, size=blocks * BLOCK // 3)
            while (end := again.write(made)) is None:
                again.free(left.pop(0)[1])
            left.append((made, end))
            written.append(made)
            assert found(path, left[0][0].first - 1) == [each for each, _ in left]
        again.close()
        path.unlink()

    check()


@pytest.mark.parametrize("begun", [0, 100], ids=["from the beginning", "around the end"])
def test_what_is_not_known_elsewhere_is_not_free_for_the_next_run(begun: int, path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    for number in range(1, begun + BLOCKS + 1):
        end = log.write(batch(number))
        if number <= begun:
            log.free(end or 0)
    log.close()
    known = begun + 10
    again = WriteAheadLog(path, EPOCH, known)
    assert again.filled == (BLOCKS - 10) / BLOCKS
    more = [batch(begun + BLOCKS + number) for number in range(1, 12)]
    assert [again.write(each) is not None for each in more] == [True] * 10 + [False]
    again.free(again.left[0][1])
    assert again.write(more[-1]) is not None
    assert [each.first for each in found(path, known + 1)] == list(range(known + 2, begun + BLOCKS + 12))
    again.close()


def test_the_next_run_writes_over_nothing_of_the_last_before_it_has_gone_all_around(path: Path) -> None:
    log = WriteAheadLog(path, EPOCH, 0)
    for number in range(1, 11):
        log.write(batch(number))
    log.close()
    again = WriteAheadLog(path, EPOCH, 10)  # the database says that it has them all
    again.prove()
    for number in range(11, 11 + BLOCKS - 10):
        assert again.write(batch(number)) is not None
    assert found(path, last=0)[:10] == [batch(number) for number in range(1, 11)], "as if it had none of them"
    again.close()


@pytest.mark.parametrize("where", ["opening", "writing"])
def test_where_writes_cannot_pass_the_page_cache_they_go_through_it(
    where: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, flags_used, direct = (os.open, os.pwrite), [], set()

    def opening(name: Any, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_DIRECT and where == "opening":
            raise OSError(errno.EINVAL, "Invalid argument")
        flags_used.append(flags)
        file = really[0](name, flags, mode)
        direct.update([file] if flags & os.O_DIRECT else [])
        return file

    def writing(file: int, data: Any, at: int) -> int:
        if file in direct:
            direct.discard(file)
            raise OSError(errno.EINVAL, "Invalid argument")
        return really[1](file, data, at)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "pwrite", writing)
    log = WriteAheadLog(path, EPOCH, 0)
    monkeypatch.undo()
    assert flags_used[-1] & os.O_DSYNC
    assert not flags_used[-1] & os.O_DIRECT
    log.write(batch(1))
    assert found(path) == [batch(1)]
    log.close()


def test_a_write_is_durable_when_it_returns(path: Path) -> None:
    with patch.object(os, "open", wraps=os.open) as opened:
        WriteAheadLog(path, EPOCH, 0).close()
    assert opened.call_args.args[1] & os.O_DSYNC, "no test can pull the plug"

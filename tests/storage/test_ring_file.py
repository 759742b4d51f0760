"""The small file that keeps the newest state of the last few things."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpbot.storage.ring_file import LINES_PER_KEY, RingFile


def ring(path: Path, keep: int = 3) -> RingFile:
    return RingFile(path, keep, pytest.fail)


def keys(file: RingFile) -> list[str]:
    return [each["key"] for each in file.values]


def test_the_newest_are_kept_across_processes_the_last_written_last(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    first = ring(path)
    for key in ("a", "b", "c", "d", "b"):
        first.write({"key": key, "n": 1})
    assert keys(first) == ["c", "d", "b"]
    assert keys(ring(path)) == ["c", "d", "b"]


def test_of_lines_with_one_key_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    for n in range(5):
        ring(path).write({"key": "a", "n": n})
    assert ring(path).values == [{"key": "a", "n": 4}]


def test_the_file_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    file = ring(path)
    for n in range(1_000):
        file.write({"key": str(n % 10), "n": n})
        assert len(path.read_text().splitlines()) <= 3 * LINES_PER_KEY
    assert [each["n"] for each in ring(path).values] == [997, 998, 999]


@pytest.mark.parametrize("rest", ['{"key": "b", "n', "\n\n", "[]\n", '{"n": 1}\n', "\x00\xff"])
def test_what_is_not_a_whole_line_is_left_out(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "ring"
    ring(path).write({"key": "a", "n": 1})
    with path.open("a", encoding="utf-8") as file:
        file.write(rest)
    assert ring(path).values == [{"key": "a", "n": 1}]


def test_a_file_that_cannot_be_written_is_told_and_what_it_holds_is_still_there(tmp_path: Path) -> None:
    told: list[str] = []
    file = RingFile(tmp_path / "away" / "ring", 3, told.append)
    file.write({"key": "a", "n": 1})
    assert keys(file) == ["a"]
    (text,) = told
    assert text.startswith(f"{tmp_path}/away/ring cannot be written (No such file or directory)")


@settings(max_examples=40)
@given(written=st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers()), max_size=60), keep=st.integers(1, 5))
def test_a_new_process_finds_what_the_old_one_held(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, int]], keep: int
) -> None:
    path = tmp_path_factory.mktemp("ring") / "ring"
    file = ring(path, keep)
    for key, n in written:
        file.write({"key": key, "n": n})
    expected: dict[str, Any] = {}
    for key, n in written:
        expected.pop(key, None)
        expected[key] = {"key": key, "n": n}
    assert file.values == list(expected.values())[-keep:]
    assert ring(path, keep).values == file.values


@pytest.mark.parametrize("text", ["venue said \ud800", "a\u2028b", "a\x85b\x1cc"])
def test_text_with_odd_characters_is_kept_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ring"
    file = ring(path)
    for n in range(20):  # the file is written anew meanwhile
        file.write({"key": str(n), "text": text})
    assert [each["text"] for each in ring(path).values] == [text] * 3


@pytest.mark.parametrize(
    "line", ['{"key": [1]}', '{"key": {}}', "[" * 100_000, '{"key": 5}', '{"n": ' + "9" * 5_000 + "}"]
)
def test_a_line_that_is_not_ours_is_left_out(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ring"
    path.write_text(f'{line}\n{{"key": "a"}}\n')
    assert keys(ring(path)) == ["a"]


def test_a_line_cut_short_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    path.write_text('{"key": "a"}\n{"key": "b", "n')
    ring(path).write({"key": "c"})
    assert keys(ring(path)) == ["a", "c"]


def test_what_cannot_be_read_is_told_and_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    path.mkdir()
    told: list[str] = []
    assert keys(RingFile(path, 3, told.append)) == []
    assert told == [f"{path} cannot be read (Is a directory); what it kept is not known"]

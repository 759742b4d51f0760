"""Log files read back: only those that are listed, newest line first, page by page."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpbot.logs import reading
from perpbot.logs.reading import FoundFile, NoSuchLogError, Wanted, log_files, matches, newest_first, read_page

NAME = "perpbot.log"
LEVELS = ("debug", "info", "warning", "error")


def write(state: Path, count: int = 12, name: str = NAME) -> None:
    lines = [{"event": f"e{each}", "level": LEVELS[each % 4], "venue": "OKX"} for each in range(count)]
    (state / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def shown(state: Path, **wanted: Any) -> list[str]:
    return [each["event"] for each in read_page(state, NAME, Wanted(**wanted)).items]


def test_only_the_log_and_its_older_files_are_listed_newest_first(tmp_path: Path) -> None:
    for name in (NAME, f"{NAME}.2", f"{NAME}.10", "journal.sqlite", f"{NAME}.bak", f"x{NAME}"):
        write(tmp_path, 1, name)
    (tmp_path / f"{NAME}.3").symlink_to("/etc/passwd")
    (tmp_path / f"{NAME}.4").mkdir()
    found: list[FoundFile] = log_files(tmp_path, NAME)
    assert [each.name for each in found] == [NAME, f"{NAME}.2", f"{NAME}.10"]
    assert found[0].size == (tmp_path / NAME).stat().st_size


@pytest.mark.parametrize("file", ["../secret", "/etc/passwd", "journal.sqlite", "", "perpbot.log.7", "perpbot.log/."])
def test_no_name_leads_to_what_is_not_listed(tmp_path: Path, file: str) -> None:
    write(tmp_path)
    write(tmp_path, name="journal.sqlite")
    with pytest.raises(NoSuchLogError, match=r"there are perpbot\.log"):
        read_page(tmp_path, NAME, Wanted(file=file))


@pytest.mark.parametrize(
    ("wanted", "events", "total"),
    [
        ({"page_size": 3}, ["e11", "e10", "e9"], 12),
        ({"page_size": 5, "page": 3}, ["e1", "e0"], 12),
        ({"page": 9}, [], 12),
        ({"level": "error"}, ["e11", "e7", "e3"], 3),
        ({"level": "WARNING", "page_size": 2}, ["e11", "e10"], 6),
        ({"keyword": "E1"}, ["e11", "e10", "e1"], 3),
        ({"keyword": "okx", "level": "error", "page": 2, "page_size": 2}, ["e3"], 3),
    ],
)
def test_a_page_has_the_newest_lines_that_match(
    tmp_path: Path, wanted: dict[str, Any], events: list[str], total: int
) -> None:
    write(tmp_path)
    assert shown(tmp_path, **wanted) == events
    assert read_page(tmp_path, NAME, Wanted(**wanted)).total == total


@pytest.mark.parametrize("wanted", [{"page": 0}, {"page_size": 0}, {"page_size": 501}, {"level": "LOUD"}])
def test_what_cannot_be_wanted_is_refused(tmp_path: Path, wanted: dict[str, Any]) -> None:
    write(tmp_path)
    with pytest.raises(ValueError, match=r"pages begin|no level"):
        read_page(tmp_path, NAME, Wanted(**wanted))


def test_a_line_that_was_cut_short_is_shown_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with (tmp_path / NAME).open("a") as file:
        file.write('{"event": "half')
    assert shown(tmp_path) == ['{"event": "half', "e0"]


@given(st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1)), st.integers(1, 9))
def test_lines_are_read_from_the_end_whatever_the_chunks(lines: list[str], chunk: int) -> None:
    before, reading.CHUNK = reading.CHUNK, chunk
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write("\n".join(lines).encode())
            file.flush()
            assert list(newest_first(Path(file.name))) == lines[::-1]
    finally:
        reading.CHUNK = before


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({}, True), ({"level": "error"}, False), ({"keyword": "OK"}, True), ({"keyword": "grvt"}, False)],
)
def test_a_line_that_comes_is_held_against_the_same(wanted: dict[str, Any], *, found: bool) -> None:
    assert matches({"event": "e", "level": "warning", "venue": "okx"}, Wanted(**wanted)) is found

"""The log file begins anew when it is full and every day, and keeps so many of the older ones."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from perpbot.config.operation import Log
from perpbot.logs import LogFile
from perpbot.main import log_file


def event(name: str, day: int = 1) -> dict[str, Any]:
    return {"event": name, "level": "info", "time": f"2026-01-{day:02}T00:00:00.000Z"}


def names(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text().splitlines()]


def kept(path: Path) -> dict[str, list[str]]:
    return {each.name: names(each) for each in sorted(path.parent.iterdir()) if each.stat().st_size}


def test_a_new_day_begins_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = LogFile(path, 1_000_000, 10)
    for day, name in ((1, "a"), (1, "b"), (2, "c"), (4, "d")):
        file.write(event(name, day))
    assert kept(path) == {"log": ["d"], "log.1": ["c"], "log.2": ["a", "b"]}


@pytest.mark.parametrize(("touched_day", "files"), [(1, 1), (2, 2)])
def test_a_file_from_another_day_is_not_gone_on_with_after_a_restart(
    tmp_path: Path, touched_day: int, files: int
) -> None:
    path = tmp_path / "log"
    first = LogFile(path, 1_000_000, 10)
    first.write(event("before"))
    first.close()
    noon_s = 1_767_225_600 + 43_200  # 2026-01-01
    os.utime(path, (noon_s, noon_s))
    LogFile(path, 1_000_000, 10).write(event("after", touched_day))
    assert len(kept(path)) == files


def test_a_full_file_is_put_aside_and_only_so_many_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = LogFile(path, max_bytes=1, keep=2)
    for name in "abcd":
        file.write(event(name))
    assert kept(path) == {"log.1": ["d"], "log.2": ["c"]}


def test_the_configuration_says_how_large_it_grows_and_how_many_are_kept(tmp_path: Path) -> None:
    file = log_file(Log(file="a.log", max_size_mb=1, keep_files=2), tmp_path)
    for number in range(7):
        file.write(event(f"{number}" * 600_000))
    sizes = {each.name: each.stat().st_size for each in sorted(tmp_path.iterdir())}
    assert list(sizes) == ["a.log", "a.log.1", "a.log.2"]
    assert 1_000_000 < sizes["a.log.1"] < 1_300_000

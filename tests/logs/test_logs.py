"""Log lines, and what happens to one that cannot be written."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from perpbot.logs import Background, LogFile, make_log


def write_all(background: Background, events: list[dict[str, Any]]) -> None:
    for event in events:
        background.write(event)
    background.finish()


def named(*names: str) -> list[dict[str, Any]]:
    return [{"event": name, "level": "info", "time": "2026-01-01T00:00:00.000Z"} for name in names]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ValueError("no"), RecursionError()]
)
def test_a_line_that_cannot_be_written_is_counted_and_the_next_ones_are_written(error: Exception) -> None:
    written: list[str] = []

    def write(event: Any) -> None:
        if event["event"] == "bad":
            raise error
        written.append(f"{event['event']} {event.get('count', '')}".strip())

    background = Background(write)
    write_all(background, named("first", "bad", "bad", "next", "last"))
    assert written == ["first", "next", "log lines lost 2", "last"]
    assert background.lost == 2


def test_a_disk_that_is_full_for_a_while_costs_the_lines_of_that_while_only() -> None:
    full = True
    written: list[str] = []

    def write(event: Any) -> None:
        nonlocal full
        full = full and event["event"] != "freed"
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(event["event"])

    background = Background(write)
    write_all(background, named("a", "b", "freed", "c"))
    assert (written, background.lost) == (["freed", "log lines lost", "c"], 2)


def test_a_lone_surrogate_in_what_a_venue_said_is_written_escaped(tmp_path: Path) -> None:
    path = tmp_path / "log"
    background = Background(LogFile(path, 1_000_000, 10).write)
    make_log("INFO", background.write).info("refused", said="venue said \ud800")
    background.finish()
    assert background.lost == 0
    assert json.loads(path.read_text())["said"] == "venue said \ud800"


def test_a_file_that_could_not_be_begun_anew_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = LogFile(path, 1_000_000, 10)
    file.close()
    file.write(named("after")[0])
    assert json.loads(path.read_text())["event"] == "after"

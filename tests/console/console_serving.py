"""Children for the tests in a browser: started, waited for by what they say, and ended with the test."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import attrs
import pytest

from perpbot.children import ended

PATIENCE_S = 120.0
STATE_VARIABLES = {"PERPBOT_STATE", "PERPBOT_SOCKET", "STATE_DIRECTORY"}

Browse = Callable[..., Any]


@attrs.frozen
class Served:
    """Where the console is, and what a scenario needs beside it."""

    url: str
    password: str
    state: str
    admin: str
    python: str = sys.executable


@contextmanager
def child(
    command: list[str], *, stdout: int | None = None, stderr: int | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A child that reads and writes text; it is ended when the block is left."""
    environment = {key: value for key, value in os.environ.items() if key not in STATE_VARIABLES}
    process = subprocess.Popen(command, text=True, env=environment, stdout=stdout, stderr=stderr)
    with process, ended(process, PATIENCE_S):
        yield process


@contextmanager
def drained(stream: IO[str]) -> Iterator[Callable[[re.Pattern[str]], str]]:
    """Read `stream` in a thread so that its writer never waits; yields a way to wait for what it says."""
    lines: list[str] = []
    news = threading.Condition()

    def read() -> None:
        for line in stream:
            with news:
                lines.append(line)
                news.notify_all()

    def said(pattern: re.Pattern[str]) -> str:
        def found() -> "re.Match[str] | None":
            return next((match for line in lines if (match := pattern.search(line))), None)

        with news:
            match = news.wait_for(found, PATIENCE_S)
            if match is None:
                pytest.fail(f"{pattern.pattern!r} was not said:\n{''.join(lines[-40:])}")
            return match[1]

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield said

"""Real systems for tests: started as children, waited for by what they say, never by the clock."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from three_venues import NAMES, three_venues

from perpbot.children import ended
from perpbot.cli import main
from perpbot.control.client import Client

PATIENCE_S = 60.0
PERPBOT = [sys.executable, "-m", "perpbot"]


def environment(**changes: str) -> dict[str, str]:
    """The environment of the tests without what would lead a command to some other system."""
    names = {"PERPBOT_STATE", "PERPBOT_SOCKET", "STATE_DIRECTORY"}
    return {key: value for key, value in os.environ.items() if key not in names} | changes


class Output:
    """What a child writes, read by a thread so that the child never waits."""

    def __init__(self, stream: IO[str]) -> None:
        self.lines: list[str] = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until `text` stands in so many lines."""
        with self._news:
            enough = self._news.wait_for(lambda: self._count(text) >= times or self._ended, PATIENCE_S)
            if not enough or self._count(text) < times:
                pytest.fail(f"{text!r} did not come {times} times in:\n{''.join(self.lines[-40:])}")

    def _count(self, text: str) -> int:
        return sum(text in line for line in self.lines)

    def text(self) -> str:
        """Everything, once the child has ended."""
        self._reader.join(PATIENCE_S)
        return "".join(self.lines)


@contextmanager
def served_venues(directory: Path) -> Iterator[Path]:
    """Simulated venues with many chances to trade; the file that `--venues` takes."""
    command = [*PERPBOT, "venues", "serve", *NAMES, "--seed", "1", "--edge-every", "1", "--die-with-parent"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    with ended(process), process.stdout:
        path = directory / "venues.json"
        path.write_text(process.stdout.readline())
        yield path


def trading_at(venues: Path) -> list[str]:
    """Options of a run that trades at `venues`."""
    return ["--venues", str(venues), "--config", str(three_venues(venues.parent))]


class Running(NamedTuple):
    """A system in a process of its own."""

    process: "subprocess.Popen[str]"
    output: Output
    state: Path

    @property
    def socket(self) -> Path:
        return self.state / "perpbot.sock"

    def client(self) -> Client:
        return Client(self.socket)


@contextmanager
def running_system(venues: Path, state: Path, *options: str) -> Iterator[Running]:
    """A system that trades at `venues`, once it is connected everywhere."""
    command = [sys.executable, "-m", "perpbot.main", "--no-console", *trading_at(venues), "--state", str(state)]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stderr is not None
    with ended(process):
        output = Output(process.stderr)
        output.wait_for("after=CONNECTED", 2 * (len(json.loads(venues.read_text())) - 2))
        yield Running(process, output, state)


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Commands:
    """Runs commands in this process: quick, and as `main` is called by the console script."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Result:
        self._capsys.readouterr()
        code = main([str(each) for each in arguments])
        out, err = self._capsys.readouterr()
        return Result(code, out, err)


def in_process(arguments: Sequence[str | Path], given: str | None = None, **changes: str) -> Result:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [*PERPBOT, *map(str, arguments)],
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        text=True,
        check=False,
        env=environment(**changes),
        timeout=3 * PATIENCE_S,
    )
    return Result(done.returncode, done.stdout, done.stderr)

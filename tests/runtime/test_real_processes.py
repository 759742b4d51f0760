"""What needs real time, real threads or real signals. Rows are those of docs/supervision.md."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).with_name("real_programs.py")

pytestmark = pytest.mark.process


def begin(name: str) -> "subprocess.Popen[str]":
    path = os.pathsep.join([str(ROOT), str(PROGRAMS.parent)])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, PROGRAMS, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def lines(name: str, code: int = 0) -> list[list[str]]:
    process = begin(name)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    return [line.split() for line in out.splitlines()]


def test_a_message_from_a_native_thread_arrives_within_five_milliseconds() -> None:
    """N12."""
    (_, queued_ms), (_, inline_ms) = lines("native_tells")
    assert float(queued_ms) < 5
    assert float(inline_ms) < 5


def test_native_threads_can_ask_and_are_answered() -> None:
    """N12."""
    assert lines("native_asks") == [[str(number) for number in range(8)]]


def test_who_keeps_the_hub_is_named_with_the_type_of_the_message_and_the_place() -> None:
    """N14."""
    assert lines("blocked") == [
        ["/Timed", "Burn", "Timed.burn", "True"],
        ["/InlineTimed", "Burn", "Timed.burn", "True"],
    ]


def test_a_handler_that_never_ends_is_named_while_it_lasts() -> None:
    """N14."""
    assert lines("stuck", code=3) == [["/timed", "Burn"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leads_to_one_orderly_shutdown_even_in_the_middle_of_a_handler(number: signal.Signals) -> None:
    """N5."""
    process: Any = begin("signals")
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert out == "1 /root/busy-2 /root/busy-1 /root/busy-0 shutdown\n"

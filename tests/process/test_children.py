"""Children end when they are told to, and when they do not want to."""

import signal
import subprocess
import sys

import pytest

from perpbot.children import ended

PATIENCE_S = 60.0
READY = "print('ready', flush=True); signal.pause()"


def child(handler: str) -> "subprocess.Popen[str]":
    program = f"import signal; signal.signal(signal.SIGTERM, {handler}); {READY}"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.process
@pytest.mark.parametrize(
    ("handler", "patience_s", "code"),
    [("signal.SIG_DFL", PATIENCE_S, -signal.SIGTERM), ("signal.SIG_IGN", 0.05, -signal.SIGKILL)],
)
def test_a_child_ends_with_the_block(handler: str, patience_s: float, code: int) -> None:
    with child(handler) as process, ended(process, patience_s):
        assert process.poll() is None
    assert process.returncode == code


@pytest.mark.process
def test_a_child_ends_when_the_block_fails() -> None:
    with pytest.raises(ValueError, match="trouble"), child("signal.SIG_DFL") as process, ended(process, PATIENCE_S):
        raise ValueError("trouble")
    assert process.returncode == -signal.SIGTERM

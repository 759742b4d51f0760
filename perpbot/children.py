"""The end of a child process: asked first, and killed when it takes too long; or when its parent dies."""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_S = 60.0
_PR_SET_PDEATHSIG = 1


def end(process: "subprocess.Popen[Any]", patience_s: float = PATIENCE_S) -> None:
    """Have `process` end, and wait for it; one that has not ended after `patience_s` is killed."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def ended(process: "subprocess.Popen[Any]", patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Have `process` end when the block is left, however that happens."""
    try:
        yield
    finally:
        end(process, patience_s)


def die_with_parent() -> None:
    """Have Linux send this process SIGTERM when its parent dies; elsewhere nothing is done."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

"""A program on a terminal of its own: what it paints, how the terminal is set, what is typed."""

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from running_system import PATIENCE_S, environment

from perpbot.children import ended
from perpbot.clock import NS_PER_SECOND, monotonic_ns

ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
LOCAL_FLAGS, CHARACTERS = 3, 6
STARTED = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.tcsetpgrp(0, os.getpgrp()); os.execv(sys.executable, [sys.executable, '-m', *sys.argv[1:]])"
)
"""Makes the terminal the controlling one, as a shell's is, so that Ctrl-C means something."""


class Terminal:
    """The side of a pseudo-terminal where a person sits."""

    def __init__(self, columns: int, rows: int) -> None:
        self.master, self.slave = os.openpty()
        self.seen = b""
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def wait_for(self, wanted: bytes) -> bytes:
        """Read until `wanted`, a regular expression, was painted; what was read is forgotten up to its end."""
        deadline = monotonic_ns() + int(PATIENCE_S * NS_PER_SECOND)
        while not (match := re.search(wanted, self.seen, re.DOTALL)):
            left = (deadline - monotonic_ns()) / NS_PER_SECOND
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                pytest.fail(f"{wanted!r} was not painted; the last was {self.seen[-2_000:]!r}")
            self.seen += os.read(self.master, 65_536)
        before, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return before

    def quiet(self) -> bool:
        """Whether what is typed is not shown."""
        return not termios.tcgetattr(self.slave)[LOCAL_FLAGS] & termios.ECHO


@contextmanager
def on_terminal(
    terminal: Terminal, module: str, arguments: Sequence[str | Path], **changes: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a module on `terminal`."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, module, *map(str, arguments)],
        stdin=terminal.slave,
        stdout=terminal.slave,
        stderr=terminal.slave,
        start_new_session=True,
        env=environment(**{"TERM": "xterm-256color", **changes}),
    )
    with ended(process):
        yield process


@contextmanager
def terminal_of(columns: int, rows: int) -> Iterator[Terminal]:
    """A terminal that is put away afterwards."""
    terminal = Terminal(columns, rows)
    try:
        yield terminal
    finally:
        os.close(terminal.master)
        os.close(terminal.slave)

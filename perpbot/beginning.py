"""The first moments of a process, before anything large is imported: Ctrl-C is quiet, and something is said."""

import os
import signal
import sys
from types import FrameType

EXIT_INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended."""
SWITCH_INTERVAL_S = 0.0005
"""How long gevent runs callbacks before it looks at timers again; a timer is late by so much in a storm of messages."""


def quiet_interrupts() -> None:
    """Have Ctrl-C end the process at once and without a traceback, for as long as there is nothing to stop."""
    signal.signal(signal.SIGINT, _end)


def loud_interrupts() -> None:
    """Have Ctrl-C raise KeyboardInterrupt, as it does in a Python program that did nothing about it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"\nInterrupted while starting.\n")
    os._exit(EXIT_INTERRUPTED)


def say_starting() -> None:
    """Say on a terminal that it takes a moment; a log does not need to know."""
    if sys.stderr.isatty() and not {"-h", "--help"} & {*sys.argv}:
        sys.stderr.write("Starting PerpBot ...\n")
        sys.stderr.flush()

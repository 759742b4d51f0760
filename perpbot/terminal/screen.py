"""The terminal as the live view uses it: a screen of its own, lines repainted where they changed, all given back.

Not rich's `Live`, because that writes where it is called. A terminal that does not take its output, a stalled ssh
session or Ctrl-S, would then stop the hub and with it all trading; here only the thread that writes waits.
"""

import os
import termios
from contextlib import suppress
from typing import Any, TextIO

from gevent.threadpool import ThreadPool
from rich.console import Console

from perpbot.terminal.painter import ENTER, LEAVE, Painter

LOCAL_FLAGS, SPECIAL_CHARACTERS = 3, 6


class Screen:
    """The terminal of this process, from `enter` to `leave`; leaving twice is leaving once."""

    def __init__(self, output: TextIO, source: TextIO | None) -> None:
        self.painter = Painter(Console(file=output))
        self._output = output.fileno()
        self._input = source.fileno() if source is not None and source.isatty() else None
        self._before: list[Any] | None = None
        self._entered = False
        self._writer = ThreadPool(1)

    def size(self) -> tuple[int, int]:
        """Columns and lines at this moment."""
        try:
            size = os.get_terminal_size(self._output)
        except OSError:  # the terminal is gone
            return 80, 24
        return size.columns or 80, size.lines or 24

    def enter(self) -> None:
        """Take the screen, and keep what is typed from being shown."""
        self._entered = True
        self.painter.forget()
        with suppress(termios.error):
            self._quiet()
        self.send(ENTER.encode())

    def _quiet(self) -> None:
        if self._input is None or os.tcgetpgrp(self._input) != os.getpgrp():
            return  # setting a terminal from the background would stop this process
        self._before = termios.tcgetattr(self._input)
        quiet = termios.tcgetattr(self._input)
        # without NOFLSH, Ctrl-C throws away what waits to be painted, and Linux then never wakes who waits to paint
        quiet[LOCAL_FLAGS] = quiet[LOCAL_FLAGS] & ~termios.ECHO | termios.NOFLSH
        # Ctrl-Z would freeze a process that has orders in flight
        quiet[SPECIAL_CHARACTERS][termios.VSUSP] = os.fpathconf(self._input, "PC_VDISABLE").to_bytes(1, "little")
        termios.tcsetattr(self._input, termios.TCSANOW, quiet)

    def send(self, data: bytes) -> None:
        """Write, in a thread of its own: whoever calls waits, and nobody else."""
        if data:
            self._writer.apply(self._write, (data,))

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # the terminal is gone or full; the next repaint is whole again
            while data:
                data = data[os.write(self._output, data) :]

    def leave(self) -> None:
        """Give the terminal back as it was, without making anybody wait for it."""
        if self._restored():
            self.send(LEAVE.encode())

    def leave_now(self) -> None:
        """The same at the end of the process, when nobody runs any more who could wait."""
        if self._restored():
            self._write(LEAVE.encode())

    def _restored(self) -> bool:
        entered, self._entered = self._entered, False
        if entered:
            with suppress(termios.error, OSError):
                termios.tcflow(self._output, termios.TCOON)
                if self._before is not None and self._input is not None:
                    termios.tcsetattr(self._input, termios.TCSANOW, self._before)
        return entered

"""The terminal as the live view uses it: a screen of its own, lines repainted where they changed, all given back.

Not rich's `Live`, because that writes where it is called. A terminal that does not take its output, a stalled ssh
session or Ctrl-S, would then stop the hub and with it all trading; here only the thread that writes waits.
"""

import os
import termios
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TextIO

from gevent.threadpool import ThreadPool
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from perpbot.terminal.lines import Line

STYLES = {
    "": "",
    "bold": "bold",
    "dim": "dim",
    "title": "bold cyan underline",
    "heading": "dim underline",
    "good": "green",
    "good bold": "green bold",
    "bad": "red",
    "bad bold": "red bold",
    "warn": "yellow",
    "warn bold": "yellow bold",
    "stale": "dim",
    "gap": "bold green",
    "alarm": "bold white on red",
    "mode-simulation": "bold black on cyan",
    "mode-paper": "bold black on yellow",
    "mode-live": "bold white on red",
}
ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l"
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
"""Terminals that know them show a repaint all at once; the others ignore them."""
PLAIN = str.maketrans({"→": ">", "…": "~", "│": "|"})
LOCAL_FLAGS, SPECIAL_CHARACTERS = 3, 6


class Painter:
    """Lines to bytes for the terminal: what changed since the last time, at the place where it belongs."""

    def __init__(self, console: Console) -> None:
        system = None if console.color_system is None else _SYSTEMS[console.color_system]
        self._codes = {name: _codes(style, system, bare=console.no_color) for name, style in STYLES.items()}
        self._encoding = console.encoding
        self._plain = not self._encoding.lower().startswith("utf")
        self._shown: list[str] = []
        self._size = (0, 0)

    def forget(self) -> None:
        """Repaint everything next time, whatever something else may have written over it."""
        self._shown = []

    def paint(self, lines: Sequence[Line], size: tuple[int, int]) -> bytes:
        """The bytes that make the terminal show `lines`; none when nothing changed."""
        texts = [self.text(line) for line in lines]
        clear = "" if size == self._size else "\x1b[2J"
        before = [] if clear else self._shown
        changed = [
            f"\x1b[{row};1H{text}"
            for row, text in enumerate(texts, start=1)
            if row > len(before) or before[row - 1] != text
        ]
        self._shown, self._size = texts, size
        if not changed:
            return b""
        return f"{BEGIN}{clear}{''.join(changed)}{END}".encode(self._encoding, errors="replace")

    def text(self, line: Line) -> str:
        """One line with its styles as escape codes."""
        codes = self._codes
        parts = []
        for text, style in line:
            before, after = codes.get(style, ("", ""))
            parts.append(f"{before}{text}{after}")
        whole = "".join(parts)
        return whole.translate(PLAIN) if self._plain else whole


_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


def _codes(definition: str, system: ColorSystem | None, *, bare: bool) -> tuple[str, str]:
    style = Style.parse(definition)
    rendered = (style.without_color if bare else style).render("\0", color_system=system)
    before, _, after = rendered.partition("\0")
    return before, after


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

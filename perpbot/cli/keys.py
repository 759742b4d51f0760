"""What is typed at a terminal, key by key, and the terminal given back as it was."""

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

UP, DOWN, LEFT, RIGHT, PAGE_UP, PAGE_DOWN, HOME = "up", "down", "left", "right", "page up", "page down", "home"
QUIT = {"q", "Q", "\x1b"}
_SEQUENCES = {
    "A": UP,
    "B": DOWN,
    "C": RIGHT,
    "D": LEFT,
    "H": HOME,
    "1~": HOME,
    "5~": PAGE_UP,
    "6~": PAGE_DOWN,
    "Z": LEFT,  # shift and tab
}
"""What terminals send behind ``ESC [`` or ``ESC O``, as in XTerm Control Sequences, "PC-Style Function Keys"."""
MOST = 64
SPECIAL_CHARACTERS = 6
Typed = Callable[[float], str]


@contextmanager
def keyboard(*, heeded: bool = True) -> Iterator[Typed]:
    """Waits for a key: at most so many seconds, and without one it is empty."""
    pause = threading.Event()
    if not heeded or not sys.stdin.isatty():
        yield lambda seconds: "x" if pause.wait(seconds) else ""
        return
    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)
    waiting: list[str] = []

    def wait(seconds: float) -> str:
        if not waiting:
            ready, _, _ = select.select([source], [], [], seconds)
            if ready:
                waiting.extend(keys(os.read(source, MOST).decode(errors="ignore")))
        return waiting.pop(0) if waiting else ""

    try:
        tty.setcbreak(source)
        quiet = termios.tcgetattr(source)
        # whoever is stopped by Ctrl-Z would leave the shell on the screen of the view
        quiet[SPECIAL_CHARACTERS][termios.VSUSP] = os.fpathconf(source, "PC_VDISABLE").to_bytes(1, "little")
        termios.tcsetattr(source, termios.TCSANOW, quiet)
        yield wait
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)


def keys(text: str) -> Iterator[str]:
    """The keys behind what a terminal sent: characters, and the names of those that are no characters."""
    while text:
        if text[0] == "\x1b" and text[1:2] in {"[", "O"}:
            end = next((place for place, each in enumerate(text[2:], 2) if each.isalpha() or each == "~"), len(text))
            name = _SEQUENCES.get(text[2 : end + 1])
            text = text[end + 1 :]
            if name:
                yield name
            continue
        yield text[0]
        text = text[1:]

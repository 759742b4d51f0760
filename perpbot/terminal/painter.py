"""Lines to bytes for a terminal: what changed since the last time, in the colours that the terminal has."""

from collections.abc import Sequence

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
PLAIN = str.maketrans({"→": ">", "…": "~", "│": "|", "█": "#", "░": "."})


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

"""Lines to bytes: only what changed, at its place, with the colours the terminal has."""

import io
import re
from collections.abc import Sequence

import pytest
from rich.console import Console

from perpbot.terminal.lines import Line
from perpbot.terminal.painter import BEGIN, END, Painter


class Terminal(io.StringIO):
    """A terminal that only says what it is."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


def painter(encoding: str = "utf-8", **environment: str) -> Painter:
    known = {"TERM": "xterm-256color"} | environment
    return Painter(Console(file=Terminal(encoding), _environ=known))


def lines(*texts: str, style: str = "") -> list[Line]:
    return [[(text, style)] for text in texts]


def painted(data: bytes) -> Sequence[tuple[int, str]]:
    text = data.decode().removeprefix(BEGIN).removesuffix(END).removeprefix("\x1b[2J")
    return [(int(row), rest) for row, rest in re.findall(r"\x1b\[(\d+);1H([^\x1b]*)", text)]


def test_at_first_everything_is_painted_on_a_clear_screen() -> None:
    data = painter().paint(lines("a", "b"), (1, 2))
    assert data.decode().startswith(f"{BEGIN}\x1b[2J\x1b[1;1H")
    assert painted(data) == [(1, "a"), (2, "b")]


def test_then_only_what_changed() -> None:
    each = painter()
    each.paint(lines("a", "b", "c"), (1, 3))
    assert painted(each.paint(lines("a", "x", "c"), (1, 3))) == [(2, "x")]
    assert each.paint(lines("a", "x", "c"), (1, 3)) == b""


def test_a_new_size_or_being_told_to_forget_repaints_everything() -> None:
    each = painter()
    each.paint(lines("a", "b"), (1, 2))
    resized = each.paint(lines("a", "b", "c"), (1, 3))
    assert b"\x1b[2J" in resized
    assert len(painted(resized)) == 3
    each.forget()
    again = each.paint(lines("a", "b", "c"), (1, 3))
    assert b"\x1b[2J" not in again
    assert len(painted(again)) == 3


def test_colours_are_those_the_terminal_has() -> None:
    line: Line = [("x", "mode-live")]
    assert painter().text(line) != "x"
    assert painter(TERM="dumb").text(line) == "x"
    without = painter(NO_COLOR="1").text(line)
    assert "\x1b[1m" in without
    assert not re.search(r"\x1b\[[^m]*(3[0-9]|4[0-9])m", without)


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", b"a > b~ ?"), ("utf-8", "a → b… é".encode())])
def test_characters_a_terminal_lacks_are_replaced(encoding: str, shown: bytes) -> None:
    assert shown in painter(encoding).paint(lines("a → b… é"), (8, 1))

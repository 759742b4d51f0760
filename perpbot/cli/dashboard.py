"""`perpbot dashboard`: everything of a running system on one terminal, page by page."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import json_option, print_json, state_option, system
from perpbot.cli.keys import DOWN, HOME, LEFT, PAGE_DOWN, PAGE_UP, QUIT, RIGHT, UP, keyboard
from perpbot.cli.watching import repeat
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.statedir import socket_path
from perpbot.terminal.dashboard.words import LANGUAGES, language_of

REDRAW_S = 0.5
PATIENCE_S = 3.0
WHOLE_EVERY = 20
"""Repaints of which one is whole, so that what others wrote over the view does not stay."""
PAGE_NAMES = ("all", "market", "trades", "positions", "capital", "profit", "venues", "alerts", "actors")
SCROLL, FAR = 1, 10
STEPS = {UP: -SCROLL, "k": -SCROLL, DOWN: SCROLL, "j": SCROLL, PAGE_UP: -FAR, PAGE_DOWN: FAR, HOME: -(10**9)}
PLAIN_HEIGHT, PLAIN_WIDTH = 400, 120


@click.command()
@click.option("--page", type=click.Choice(PAGE_NAMES), default="all", show_default=True, help="Begin with this page.")
@click.option("--language", type=click.Choice(LANGUAGES), help="The language; else that of the locale.")
@click.option("--once", is_flag=True, help="Print once; that is what happens without a terminal.")
@click.option("--watch", "watched", is_flag=True, help="Go on until Ctrl-C, also without a terminal.")
@json_option
@state_option
def dashboard(*, page: str, language: str | None, once: bool, watched: bool, as_json: bool, state: Path | None) -> None:
    """Show prices, opportunities, trades, positions, exposure, capital, alerts and actors of a running system, live.

    Digits, Tab and the arrows change the page and scroll, p holds the picture, l changes the language, and q ends.
    When the system goes away, the last picture stays, marked, until there is a system again.
    """
    if watched and (once or as_json):
        raise click.UsageError("--watch does not go together with --once or --json.")
    screen = _Screen(PAGE_NAMES.index(page), language or language_of(os.environ))
    with system(state) as client:  # says what to do where there is none
        first = client.ask("state")
    if as_json:
        print_json(first)
    elif once or not _can_be_painted():
        source = _Source(state)
        if watched:
            with suppress(KeyboardInterrupt):
                repeat(lambda: screen.plain(source.look(screen)), click.echo)
        else:
            click.echo(screen.plain(first))
    else:
        with suppress(KeyboardInterrupt):
            _paint(_Source(state), screen)


def _can_be_painted() -> bool:
    from rich.console import Console

    return sys.stdout.isatty() and not Console().is_dumb_terminal


class _Source:
    """The state of the system, and the last one that was known while it is away."""

    def __init__(self, state: Path | None) -> None:
        self._path = socket_path(state, os.environ)
        self._sections: Mapping[str, Any] = {}
        self.lost = ""

    def look(self, screen: "_Screen") -> Mapping[str, Any]:
        """The sections that the screen needs."""
        from perpbot.control.client import Client, NotRunningError, RefusedError

        try:
            with Client(self._path, PATIENCE_S) as client:
                self._sections = {**self._sections, **client.ask("state", sections=screen.needs())}
            self.lost = ""
        except (NotRunningError, RefusedError) as error:
            self.lost = str(error)
        return self._sections


class _Screen:
    """Which page is shown, from where on, and in which language."""

    def __init__(self, page: int, language: str) -> None:
        self._page = page
        self._language = language
        self._offset = 0
        self.held = False

    def needs(self) -> list[str]:
        """The sections of the page."""
        from perpbot.terminal.dashboard.page import View

        return View(page=self._page).sections()

    def typed(self, key: str) -> bool:
        """Go by a key; whether other sections are needed now."""
        before = self._page
        if key.isdigit() and 0 < int(key) <= len(PAGE_NAMES):
            self._page = int(key) - 1
        elif key in {"\t", RIGHT, LEFT}:
            self._page = (self._page + (-1 if key == LEFT else 1)) % len(PAGE_NAMES)
        elif key in STEPS:
            self._offset = max(0, self._offset + STEPS[key])
        elif key in {"p", " "}:
            self.held = not self.held
        elif key == "l":
            self._language = LANGUAGES[(LANGUAGES.index(self._language) + 1) % len(LANGUAGES)]
        if before != self._page:
            self._offset = 0
        return before != self._page

    def lines(self, sections: Mapping[str, Any], lost: str, size: tuple[int, int]) -> Sequence[Any]:
        """What the terminal shows."""
        from perpbot.terminal.dashboard.block import Look
        from perpbot.terminal.dashboard.page import View, frame
        from perpbot.terminal.dashboard.words import words

        view = View(page=self._page, offset=self._offset, held=self.held, lost=lost)
        return frame(Look(sections=sections, say=words(self._language)), view, *size)

    def plain(self, sections: Mapping[str, Any]) -> str:
        """The whole page as text, for files and for terminals that cannot be repainted."""
        width = shutil.get_terminal_size((PLAIN_WIDTH, 0)).columns
        lines = ["".join(text for text, _ in line).rstrip() for line in self.lines(sections, "", (width, PLAIN_HEIGHT))]
        return "\n".join(lines[:-1]).rstrip() + "\n"


def _paint(source: _Source, screen: _Screen) -> None:
    from rich.console import Console

    from perpbot.terminal.painter import ENTER, LEAVE, Painter

    painter = Painter(Console())
    with _taken(ENTER, LEAVE) as write, keyboard() as typed:
        sections, due, drawn = source.look(screen), monotonic_ns(), 0
        while True:
            if drawn % WHOLE_EVERY == 0:
                painter.forget()
            size = os.get_terminal_size(sys.stdout.fileno())  # COLUMNS would hide that the window is resized
            write(painter.paint(screen.lines(sections, source.lost, size), size))
            drawn += 1
            key = typed(REDRAW_S)
            if key in QUIT:
                return
            turned = bool(key) and screen.typed(key)
            if not screen.held and (turned or monotonic_ns() >= due):
                sections, due = source.look(screen), monotonic_ns() + int(REDRAW_S * NS_PER_SECOND)


@contextmanager
def _taken(enter: str, leave: str) -> Iterator[Any]:
    """The terminal's other screen, given back at the end."""
    output = sys.stdout.fileno()

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(output, data) :]

    write(enter.encode())
    try:
        yield write
    finally:
        write(leave.encode())

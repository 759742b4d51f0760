"""What is watched: a picture redrawn on a terminal, or printed again and again where there is none, until Ctrl-C."""

import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.tables import on_terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

REPRINT_S = 1.0
QUIT = {"q", "Q", "\x1b"}
Keys = Callable[[str], None]


def watch(
    look: Callable[[], Any],
    show: Callable[[Any], None],
    screen: Callable[[Any, "Console"], "RenderableType"],
    redraw_s: float,
    keys: Keys | None = None,
) -> None:
    """Show what `look` finds, by `screen` on a terminal and by `show` elsewhere; `keys` is told what is typed."""
    with suppress(KeyboardInterrupt):
        if on_terminal():
            _redraw(look, screen, redraw_s, keys)
        else:
            _reprint(look, show)


def _reprint(look: Callable[[], Any], show: Callable[[Any], None]) -> None:
    pause = threading.Event()
    while True:
        show(look())
        click.echo()
        sys.stdout.flush()
        pause.wait(REPRINT_S)


def _redraw(
    look: Callable[[], Any], screen: Callable[[Any, "Console"], "RenderableType"], redraw_s: float, keys: Keys | None
) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    with (
        Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live,
        _typed(heeded=keys is not None) as typed,
    ):
        while True:
            live.update(screen(look(), console), refresh=True)
            key = typed(redraw_s)
            if key in QUIT:
                return
            if key and keys is not None:
                keys(key)


@contextmanager
def _typed(*, heeded: bool) -> Iterator[Callable[[float], str]]:
    """Waits for a key: at most so many seconds, and without one it is empty. The terminal is given back as it was."""
    pause = threading.Event()
    if not heeded or not sys.stdin.isatty():
        yield lambda seconds: "x" if pause.wait(seconds) else ""
        return
    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)

    def wait(seconds: float) -> str:
        ready, _, _ = select.select([source], [], [], seconds)
        return sys.stdin.read(1) if ready else ""

    try:
        tty.setcbreak(source)
        yield wait
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)

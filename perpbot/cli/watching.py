"""What is watched: a picture redrawn on a terminal, or printed again and again where there is none, until Ctrl-C."""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.keys import QUIT, keyboard
from perpbot.cli.tables import on_terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

REPRINT_S = 1.0
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
            repeat(look, show)


def repeat(look: Callable[[], Any], show: Callable[[Any], None]) -> None:
    """Show what `look` finds again and again, for whoever reads it line by line."""
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
        keyboard(heeded=keys is not None) as typed,
    ):
        while True:
            live.update(screen(look(), console), refresh=True)
            key = typed(redraw_s)
            if key in QUIT:
                return
            if key and keys is not None:
                keys(key)

"""The live view: an actor that repaints the terminal a few times a second."""

import atexit
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console

from actors.runtime import Actor, Backoff, handles
from actors.runtime.telemetry import HandlerTimes
from perpbot.clock import monotonic_ns
from perpbot.program import Program
from perpbot.terminal.frame import frame
from perpbot.terminal.picture import Observer
from perpbot.terminal.screen import Screen
from supervisors.spec import ChildSpec

REDRAW_S = 0.25
WHOLE_EVERY = 20
"""Repaints of which one is whole, so that what others wrote over the view does not stay."""
NS_PER_US = 1_000


def fits_terminal() -> bool:
    """Whether the live view can be shown: on a terminal that can be repainted and whose foreground this is."""
    if not sys.stdout.isatty() or Console().is_dumb_terminal:
        return False
    try:
        return os.tcgetpgrp(sys.stdout.fileno()) == os.getpgrp()
    except OSError:  # not the controlling terminal: nobody else is in its foreground
        return True


def how_to_look(state: Path) -> str:
    """The command that looks into a system with this state directory, as it can be typed here."""
    command = "perpbot"
    if shutil.which("perpbot") is None:
        beside = Path(sys.executable).parent / "perpbot"
        command = os.path.relpath(beside) if Path.cwd() in beside.parents else str(beside)
    usual = state.absolute() == Path("run").absolute()
    return f"{command} status" if usual else f"{command} status --state {state}"


def live_view(program: Program, console: str = "", invitation: Callable[[], str] = str) -> ChildSpec:
    """The child spec of the live view of `program`; it may fail for as long as it likes without anybody noticing.

    `console` is the address of the web console, empty where there is none; `invitation` says how to sign in there
    with a new password, which the view would otherwise have painted over.
    """
    screen = Screen(sys.stdout, sys.stdin)
    # an actor that is killed cleans nothing up, and the terminal must come back even then
    atexit.register(screen.leave_now)
    program.give_back.append(screen.leave_now)
    hint = how_to_look(program.setting.state)
    observer = Observer(program, f"{console}   {hint}" if console else hint, invitation)
    return ChildSpec(name="live-view", start=lambda: LiveView(observer, screen), backoff=Backoff(min_s=1.0, max_s=30.0))


@attrs.frozen
class _Draw:
    """It is time."""


class LiveView(Actor):
    """Takes pictures and paints them."""

    def __init__(self, observer: Observer, screen: Screen) -> None:
        super().__init__()
        self._observer = observer
        self._screen = screen
        self._times = HandlerTimes()
        self._drawn = 0
        self._bytes = 0

    def on_start(self) -> None:
        """Take the terminal."""
        self._screen.enter()
        self.timers.every(REDRAW_S, _Draw())
        self.ref.tell(_Draw())

    @handles(_Draw)
    def on_draw(self, _: _Draw) -> None:
        """Paint the terminal as everything is now."""
        picture = self._observer.look()
        began = monotonic_ns()
        if self._drawn % WHOLE_EVERY == 0:
            self._screen.painter.forget()
        size = self._screen.size()
        data = self._screen.painter.paint(frame(picture, *size), size)
        self._times.add(monotonic_ns() - began)
        self._drawn += 1
        self._bytes += len(data)
        self._screen.send(data)

    def on_stop(self) -> None:
        """Give the terminal back."""
        self._screen.leave()

    def on_failure(self, *_: Any) -> None:
        """Give the terminal back, so that what went wrong can be read."""
        self._screen.leave()

    def describe(self) -> dict[str, Any]:
        """How much is drawn, and how long that keeps everybody else waiting."""
        p50, p99 = self._times.quantile_ns(0.5), self._times.quantile_ns(0.99)
        return {
            "drawn": self._drawn,
            "bytes": self._bytes,
            "render_us": {
                "p50": p50 and p50 // NS_PER_US,
                "p99": p99 and p99 // NS_PER_US,
                "max": self._times.max_ns // NS_PER_US,
            },
        }

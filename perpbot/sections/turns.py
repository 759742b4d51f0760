"""Taking turns: a long piece of work that keeps nobody waiting for long."""

import gevent

from actors.runtime.telemetry import HandlerTimes
from perpbot.clock import monotonic_ns

SLICE_NS = 500_000
"""After so long everybody else has their turn."""
PAUSE_S = 0.000_5
"""A timer, not nothing: the loop runs fifty callbacks in a row before it looks at a socket, but none before a timer."""


class Turns:
    """The turns of one worker."""

    def __init__(self) -> None:
        self.times = HandlerTimes()
        """How long each turn kept everybody else waiting."""
        self._began_ns = 0

    def begin(self) -> None:
        """Somebody else has been at work until now."""
        self._began_ns = monotonic_ns()

    def offer(self) -> None:
        """Let everybody else go on, if they have waited for long enough."""
        if monotonic_ns() - self._began_ns > SLICE_NS:
            self.give()

    def give(self) -> None:
        """Let everybody else go on."""
        self.times.add(monotonic_ns() - self._began_ns)
        gevent.sleep(PAUSE_S)
        self.begin()

"""Taking turns: a long piece of work for which nobody who trades waits for long."""

import gevent

from actors.runtime.telemetry import HandlerTimes
from actors.signing import Signing
from perpbot.clock import monotonic_ns

SLICE_NS = 500_000
"""After so long everybody else has their turn."""
PAUSE_S = 0.000_5
"""Between two looks whether an order is still being signed."""
MOST_S = 0.02
"""A turn comes after this, however much there is to do: who looks sees less of a busy system, but not nothing."""


class Turns:
    """The turns of one worker, who goes on only where nobody else has anything to do."""

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
        """Let everybody else go on, and come back when they have done what there was to do."""
        self.times.add(monotonic_ns() - self._began_ns)
        with gevent.Timeout(MOST_S, False):  # type: ignore[arg-type]
            gevent.idle()
            while Signing.under_way():  # its thread and this one would take the interpreter from each other
                gevent.sleep(PAUSE_S)
                gevent.idle()
        self.begin()

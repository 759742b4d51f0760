"""The heartbeat of the whole: asks those without whom nothing works whether they still answer."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from actors.runtime import Actor, MailboxFullError, Ping, Slot, handles
from perpbot.clock import awake_ns
from perpbot.health import Health, Signs, judge

INTERVAL_S = 1.0
PATIENCE_S = 30.0
"""An unanswered question is asked anew after this long; the one before may have died with its receiver."""


@attrs.frozen
class ReadHealth:
    """The answer is a `Health`."""


@attrs.frozen
class _Beat:
    """It is time."""


class Heartbeat(Actor):
    """Keeps the signs of life of the process, and says `beat` once a second while they are good."""

    def __init__(self, addresses: Sequence[str], beat: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._addresses = tuple(addresses)
        self._beat = beat
        self._asked: dict[str, Slot] = {}
        self._answered_ns: dict[str, int] = {}
        self._turned_ns = 0

    def on_start(self) -> None:
        """Begin."""
        self._turned_ns = awake_ns()
        self._answered_ns = dict.fromkeys(self._addresses, self._turned_ns)
        self.timers.every(INTERVAL_S, _Beat())

    @handles(_Beat)
    def on_beat(self, _: _Beat) -> None:
        """Look who answered, ask again, and say that all is well when it is."""
        self._turned_ns = awake_ns()
        for address in self._addresses:
            self._look(address)
        if self.health().alive:
            self._beat()

    def _look(self, address: str) -> None:
        asked = self._asked.get(address)
        if asked is not None and asked.answered:
            if not asked.failed:
                self._answered_ns[address] = self._turned_ns
            asked = None
        if asked is None or awake_ns() > asked.deadline_ns:
            try:
                self._asked[address] = self.look_up(address).post(Ping(), PATIENCE_S)
            except MailboxFullError:
                self._asked.pop(address, None)  # it does not read, so it does not answer

    def health(self) -> Health:
        """What the signs come to at this moment."""
        signs = Signs(
            hub_ns=max(self._turned_ns, self.system.watchdog.beat_ns),
            answered_ns=self._answered_ns,
            unkillable=tuple(self.system.unkillable),
        )
        return judge(signs, awake_ns())

    @handles(ReadHealth)
    def on_read(self, _: ReadHealth) -> Health:
        """Answer what the signs come to."""
        return self.health()

    def describe(self) -> dict[str, Any]:
        """Who answered when."""
        return attrs.asdict(self.health())

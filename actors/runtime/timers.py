"""Messages to oneself, later. Timers belong to one incarnation: none fires after it has ended."""

from collections.abc import Callable, Hashable
from typing import Any

import attrs
import gevent


@attrs.define(eq=False)
class Timer:
    """One pending or repeating message. While a tick of it waits unread, no further one is left."""

    key: Hashable
    message: Any
    interval_s: float | None
    watcher: Any
    waiting: bool = False
    cancelled: bool = False


class Timers:
    """The timers of one incarnation."""

    def __init__(self, tick: Callable[[Timer], None]) -> None:
        self._tick = tick
        self._by_key: dict[Hashable, Timer] = {}
        self._loop = gevent.get_hub().loop

    def __len__(self) -> int:
        return len(self._by_key)

    def pending(self) -> list[tuple[str, str, float | None]]:
        """Key, message type and interval of each timer, for looking at."""
        return [(str(each.key), type(each.message).__name__, each.interval_s) for each in self._by_key.values()]

    def after(self, delay_s: float, message: Any, key: Hashable | None = None) -> None:
        """Send `message` to the actor itself in `delay_s` seconds; a timer of the same key is replaced."""
        self._start(key, message, delay_s, None)

    def every(self, interval_s: float, message: Any, key: Hashable | None = None) -> None:
        """Send `message` to the actor itself every `interval_s` seconds; a timer of the same key is replaced.

        An actor that was busy for several intervals gets one tick, not a burst.
        """
        self._start(key, message, interval_s, interval_s)

    def cancel(self, key: Hashable) -> None:
        """Stop the timer of `key`, also if its tick waits already; nothing happens when there is none."""
        timer = self._by_key.pop(key, None)
        if timer is not None:
            self._end(timer)

    def cancel_all(self) -> None:
        """Stop every timer."""
        for key in list(self._by_key):
            self.cancel(key)

    def take(self, timer: Timer) -> bool:
        """Note that a tick is being read; whether its message still counts."""
        timer.waiting = False
        if timer.cancelled:
            return False
        if timer.interval_s is None:
            self._by_key.pop(timer.key, None)
            self._end(timer)
        return True

    def _start(self, key: Hashable | None, message: Any, delay_s: float, interval_s: float | None) -> None:
        name = type(message).__name__ if key is None else key
        self.cancel(name)
        watcher = self._loop.timer(max(0.0, delay_s), interval_s or 0.0)
        timer = Timer(name, message, interval_s, watcher)
        self._by_key[name] = timer
        watcher.start(self._fire, timer)

    def _fire(self, timer: Timer) -> None:
        if not timer.waiting and not timer.cancelled:
            timer.waiting = True
            self._tick(timer)

    @staticmethod
    def _end(timer: Timer) -> None:
        timer.cancelled = True
        timer.watcher.stop()
        timer.watcher.close()

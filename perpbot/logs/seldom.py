"""What may happen several times a second, and is worth a line once in a while."""

from collections.abc import Callable

import attrs

from perpbot.clock import NS_PER_SECOND, monotonic_ns


@attrs.define
class Seldom:
    """Tells the first, then nothing for `every_s`; the next one is told with the number of those between."""

    tell: Callable[[object, int], None]
    every_s: float
    now_ns: Callable[[], int] = monotonic_ns
    _quiet_until_ns: int | None = None
    _untold: int = 0

    def __call__(self, what: object) -> None:
        """`what` has happened."""
        now = self.now_ns()
        if self._quiet_until_ns is not None and now < self._quiet_until_ns:
            self._untold += 1
            return
        self._quiet_until_ns = now + int(self.every_s * NS_PER_SECOND)
        untold, self._untold = self._untold, 0
        self.tell(what, untold)

"""How often somebody may try to sign in: each guess costs us time, and guessing must lead nowhere."""

from collections import deque

from perpbot.clock import NS_PER_SECOND, monotonic_ns

FAILURES, ALL_FAILURES = 5, 30
"""Failures within a minute after which one address, or everybody, has to wait."""
WINDOW_NS = 60 * NS_PER_SECOND
MOST_SOURCES = 1_000


class Attempts:
    """The failures of the last minute, by where they came from."""

    def __init__(self) -> None:
        self._by_source: dict[str, deque[int]] = {}
        self._all: deque[int] = deque(maxlen=ALL_FAILURES)

    def wait_s(self, source: str) -> int:
        """How long `source` has to wait before it may try again; 0 for now."""
        now = monotonic_ns()
        own, every = self._by_source.get(source, deque()), self._all
        return max(_wait_s(own, FAILURES, now), _wait_s(every, ALL_FAILURES, now))

    def failed(self, source: str) -> None:
        """A wrong password came from `source`."""
        now = monotonic_ns()
        if len(self._by_source) >= MOST_SOURCES:
            self._by_source.pop(next(iter(self._by_source)))
        self._by_source.setdefault(source, deque(maxlen=FAILURES)).append(now)
        self._all.append(now)

    def succeeded(self, source: str) -> None:
        """The right one came: what went wrong before is forgiven."""
        self._by_source.pop(source, None)


def _wait_s(failures: deque[int], most: int, now_ns: int) -> int:
    if len(failures) < most:
        return 0
    left_ns = failures[0] + WINDOW_NS - now_ns
    return max(0, -(-left_ns // NS_PER_SECOND))

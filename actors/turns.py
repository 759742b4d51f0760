"""Requests that must arrive in the order they were signed in, one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.lock import Semaphore

LONGEST_S = 1.0
"""An answer that takes longer lets the next request go all the same: it may be one that takes risk away. What the one
before comes to by then is asked for anyway, and the venue turns away what arrives late."""


class Turns:
    """Lets the users of one account go one after the other, in the order they came."""

    def __init__(self) -> None:
        self._free = Semaphore()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Sign, send and await the answer inside; waits until nobody else does, for `LONGEST_S` at most."""
        mine = self._free.acquire(timeout=LONGEST_S)
        try:
            yield
        finally:
            if mine:
                self._free.release()

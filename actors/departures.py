"""Who waits for a venue's rate limit, and who leaves next. Pure: it neither waits nor sends.

First come, first served, but what takes risk away goes before what adds risk. Nobody is overtaken by a newcomer.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from perpbot.venues.rate_limit import Urgency

Passenger = TypeVar("Passenger")


class Departures(Generic[Passenger]):
    """One line for each urgency."""

    def __init__(self) -> None:
        self._lines: dict[Urgency, deque[Passenger]] = {urgency: deque() for urgency in Urgency}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def join(self, urgency: Urgency, newcomer: Passenger) -> None:
        """Wait behind all that matter as much, or more."""
        self._lines[urgency].append(newcomer)

    @property
    def next(self) -> tuple[Urgency, Passenger] | None:
        """Who leaves before all others; None when nobody waits."""
        return next(((urgency, line[0]) for urgency, line in self._lines.items() if line), None)

    def leave(self) -> None:
        """Who was next waits no longer."""
        next(line for line in self._lines.values() if line).popleft()

    def give_up(self, hopeless: Callable[[Passenger], bool]) -> list[Passenger]:
        """Those that wait in vain; they wait no longer."""
        gone = [each for line in self._lines.values() for each in line if hopeless(each)]
        for urgency, line in self._lines.items():
            self._lines[urgency] = deque(each for each in line if not hopeless(each))
        return gone

"""The newest log lines, for those who watch them come."""

from collections import deque
from typing import Any

from perpbot.logs import Event

KEPT = 2_000


class LogTail:
    """A writer for the log that keeps the newest lines. Writing costs an append: readers look for themselves."""

    def __init__(self) -> None:
        self._lines: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT)
        self.last = 0
        """Number of the newest line."""

    def write(self, event: Event) -> None:
        """Keep one line, which is masked already. Any thread may call it."""
        self.last += 1
        self._lines.append((self.last, dict(event)))

    def after(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        """The lines that came after `number`, oldest first."""
        if number >= self.last:
            return []
        found = []
        for line in reversed(list(self._lines)):
            if line[0] <= number:
                break
            found.append(line)
        return found[::-1]

"""Few messages from many notices: one channel's waiting list, with grouping, a limit, and quiet hours.

The newest notice of an alert takes the place of those before it. What is over the limit waits and goes in one message
with what comes meanwhile, so that a storm of alerts is a handful of messages.
"""

from collections import Counter, deque
from enum import StrEnum

import attrs

from perpbot.alerts.alert import Severity
from perpbot.alerts.book import Kind

MOST_WAITING = 500
HOUR_NS = 3_600 * 1_000_000_000
URGENT_SHARE = 2
"""Critical messages may be so many times as many as others."""


class Telling(StrEnum):
    """What a notice is about that is no alert."""

    HEARTBEAT = "heartbeat"
    """PerpBot runs."""
    NOTE = "note"
    """It started, it stops, somebody tries a channel."""


@attrs.frozen(kw_only=True)
class Notice:
    """One thing to be told."""

    key: str
    """What it is about; a newer one of the same key takes its place."""
    kind: Kind | Telling
    severity: Severity
    title: str
    reading: str = ""
    runbook: str = ""
    at_ns: int
    """Wall clock."""


@attrs.frozen(kw_only=True)
class Batch:
    """Notices that go together."""

    notices: tuple[Notice, ...]
    """The gravest first."""
    left_out: int
    """How many more there were than could be kept."""
    seen: int
    """How many notices it stands for, replaced ones included."""

    @property
    def severity(self) -> Severity:
        """That of the gravest."""
        return max((each.severity for each in self.notices), key=lambda each: each.rank)


class Digest:
    """What waits to be told in one channel."""

    def __init__(self, *, wait_ns: int, per_hour: int) -> None:
        self._wait_ns = wait_ns
        self._per_hour = per_hour
        self._waiting: dict[str, Notice] = {}
        self._ranks: Counter[int] = Counter()
        """How many of each rank wait."""
        self._seen: Counter[str] = Counter()
        self._left_out = 0
        self._since_ns = 0
        self._sent: deque[int] = deque()

    def add(self, notice: Notice, now_ns: int) -> None:
        """Have `notice` told; `now_ns` is monotonic."""
        if not self._waiting:
            self._since_ns = now_ns
        if notice.key not in self._waiting and len(self._waiting) >= MOST_WAITING:
            self._make_room(notice)
            return
        self._drop(notice.key)
        self._put(notice)

    def _put(self, notice: Notice) -> None:
        self._waiting[notice.key] = notice
        self._ranks[notice.severity.rank] += 1
        self._seen[notice.key] += 1

    def _drop(self, key: str) -> None:
        dropped = self._waiting.pop(key, None)
        if dropped is not None:
            self._ranks[dropped.severity.rank] -= 1

    def _make_room(self, notice: Notice) -> None:
        """Keep the graver ones."""
        self._left_out += 1
        lowest = min(rank for rank, count in self._ranks.items() if count)
        if lowest < notice.severity.rank:
            self._drop(next(key for key, each in self._waiting.items() if each.severity.rank == lowest))
            self._put(notice)

    def due(self, now_ns: int, *, quiet: bool = False) -> Batch | None:
        """What is to be told now, in one message; in `quiet` hours only what is critical."""
        while self._sent and now_ns - self._sent[0] >= HOUR_NS:
            self._sent.popleft()
        chosen = [each for each in self._waiting.values() if not quiet or each.severity is Severity.CRITICAL]
        if not chosen or now_ns - self._since_ns < self._wait_ns:
            return None
        urgent = any(each.severity is Severity.CRITICAL for each in chosen)
        if len(self._sent) >= self._per_hour * (URGENT_SHARE if urgent else 1):
            return None
        self._sent.append(now_ns)
        seen = sum(self._seen.pop(each.key) for each in chosen)
        for each in chosen:
            self._drop(each.key)
        left_out, self._left_out = self._left_out, 0
        ordered = sorted(chosen, key=lambda each: -each.severity.rank)
        return Batch(notices=tuple(ordered), left_out=left_out, seen=seen + left_out)

    @property
    def waiting(self) -> int:
        """How many notices wait."""
        return len(self._waiting) + self._left_out

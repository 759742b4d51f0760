"""How well one connection works (CON-6), as plain values: it writes them, everybody reads them at the moment.

Latency is what the connection waits for: of market data the age of each message when it arrives, by the venue's clock
as far as that is known; of trading the time until a call is answered.
"""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import attrs

from perpbot.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns

RECENT = 500
"""Latencies and results that count."""
ENOUGH = 10
"""Results without which a share of errors says nothing."""


@attrs.frozen(kw_only=True)
class HealthLimits:
    """What alerts are raised beyond."""

    max_latency_ms: float
    error_streak: int
    heartbeat_s: float
    """Silence longer than this is a heartbeat that is overdue."""


class ConnectionHealth:
    """The recent past of one connection."""

    def __init__(self) -> None:
        self._latencies: deque[int] = deque(maxlen=RECENT)
        self._latency_sum = 0
        self._ordered: list[int] = []
        self._ordered_ns = 0
        self._results: deque[bool] = deque(maxlen=RECENT)
        self._errors = 0
        self.streak = 0
        """Errors since the last thing that went well."""

    def took(self, ns: int) -> None:
        """Something arrived after so long; below zero, by a clock that is not exact, counts as at once."""
        latencies, ns = self._latencies, max(0, ns)
        if len(latencies) == RECENT:
            self._latency_sum -= latencies[0]
        latencies.append(ns)
        self._latency_sum += ns

    def went(self, *, well: bool) -> None:
        """A call was answered or failed, a frame was understood or not, a session was lost."""
        results = self._results
        if len(results) == RECENT and not results[0]:
            self._errors -= 1
        results.append(well)
        if well:
            self.streak = 0
        else:
            self.streak += 1
            self._errors += 1

    @property
    def mean_ms(self) -> float | None:
        """Mean latency; None before the first."""
        return self._latency_sum / len(self._latencies) / NS_PER_MS if self._latencies else None

    def quantile_ms(self, fraction: float) -> float | None:
        """The latency that this share stayed at or below, not longer than a second ago; None before the first."""
        now = monotonic_ns()
        if not self._ordered or now - self._ordered_ns >= NS_PER_SECOND:  # many ask, and to sort takes its time
            self._ordered, self._ordered_ns = sorted(self._latencies), now
        ordered = self._ordered
        return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] / NS_PER_MS if ordered else None

    @property
    def error_rate(self) -> float:
        """Share of recent results that were errors."""
        return self._errors / len(self._results) if self._results else 0.0

    @property
    def telling(self) -> bool:
        """Whether there were enough results for the share to say something."""
        return len(self._results) >= ENOUGH

    def reliability(self, limits: HealthLimits) -> Decimal:
        """1 for a connection that makes no errors and is fast enough, less in proportion (CON-9)."""
        mean_ms = self.mean_ms or 0.0
        fast = 1.0 if mean_ms <= limits.max_latency_ms else limits.max_latency_ms / mean_ms
        right = 1 - self.error_rate if self.telling else 1.0
        return Decimal(round(1_000 * fast * right)) / 1_000

    def ailment(self, limits: HealthLimits, silent_s: float) -> str | None:
        """Why nothing should be opened through the connection, silent for so long, or None (CON-9)."""
        if self.streak >= limits.error_streak:
            return f"error streak: {self.streak} in a row"
        if silent_s > limits.heartbeat_s:
            return f"heartbeat: nothing heard for more than {limits.heartbeat_s:g} s"
        return None


class Watched(Protocol):
    """A connection: a `Gate`."""

    @property
    def venue(self) -> str:
        """Whose it is."""

    @property
    def health(self) -> ConnectionHealth:
        """How well it works."""

    @property
    def heard_ns(self) -> int:
        """Monotonic, when anything was last heard from the venue on it."""


class Reliability:
    """How well each venue's connections work, the worse of them; looked up anew once a second."""

    def __init__(self, gates: Mapping[str, Watched], limits: Mapping[str, HealthLimits]) -> None:
        self._connections = [(gate, limits[address]) for address, gate in gates.items()]
        self._scores: dict[str, Decimal] = {}
        self._ill: dict[str, str] = {}
        self._looked_ns = 0

    def __call__(self, venue: str) -> Decimal:
        """Between 0 and 1; 1 for a venue without connections."""
        return self.scores.get(venue, Decimal(1))

    @property
    def scores(self) -> Mapping[str, Decimal]:
        """The score of every venue, between 0 and 1."""
        self._look()
        return self._scores

    @property
    def ill(self) -> Mapping[str, str]:
        """The venues nothing should be opened at, and why."""
        self._look()
        return self._ill

    def _look(self) -> None:
        now = monotonic_ns()
        if self._looked_ns and now - self._looked_ns < NS_PER_SECOND:
            return
        self._looked_ns = now
        self._scores, self._ill = {}, {}
        for gate, limits in self._connections:
            score = min(self._scores.get(gate.venue, Decimal(1)), gate.health.reliability(limits))
            self._scores[gate.venue] = score
            ailment = gate.health.ailment(limits, (now - gate.heard_ns) / NS_PER_SECOND)
            if ailment is not None:
                self._ill[gate.venue] = ailment

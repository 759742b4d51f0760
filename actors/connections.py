"""The registry of all connections (CON-7): who is well, who is not, and the alerts when that changes (CON-6)."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import attrs

from actors.connection_health import HealthLimits
from actors.gate import Circuit, Gate
from actors.runtime import Actor, handles
from perpbot.clock import NS_PER_SECOND, monotonic_ns, wall_ns

MOST_ERRORS = 0.1
"""The share of errors above which an alert is raised."""
LOOK_EVERY_S = 1.0
KEEP_EVERY_S = 60.0
KEPT = 24 * 60
"""Snapshots that are kept: those of a day."""


@attrs.frozen(kw_only=True)
class HealthReport:
    """One connection at one moment."""

    venue: str
    connection: str
    circuit: str
    mean_ms: float | None
    p50_ms: float | None
    p99_ms: float | None
    error_rate: float
    error_streak: int
    heard_s: float
    """Seconds since anything was heard from the venue."""
    alerts: tuple[str, ...]
    """What is beyond its limit, a few words each."""

    @property
    def healthy(self) -> bool:
        """Whether it is connected and nothing is beyond its limit."""
        return self.circuit == "CONNECTED" and not self.alerts


def report(address: str, gate: Gate, limits: HealthLimits, now_ns: int) -> HealthReport:
    """How the connection at `address` is at `now_ns`; what is not connected has no heartbeat to be overdue."""
    health = gate.health
    heard_s = max(0, now_ns - gate.heard_ns) / NS_PER_SECOND
    mean_ms = health.mean_ms
    alerts = []
    if mean_ms is not None and mean_ms > limits.max_latency_ms:
        alerts.append(f"latency: {mean_ms:.0f} ms in the mean, more than {limits.max_latency_ms:g}")
    if health.telling and health.error_rate > MOST_ERRORS:
        alerts.append(f"errors: {health.error_rate:.0%}, more than {MOST_ERRORS:.0%}")
    if health.streak >= limits.error_streak:
        alerts.append(f"error streak: {health.streak} in a row")
    if gate.circuit is Circuit.CONNECTED and heard_s > limits.heartbeat_s:
        alerts.append(f"heartbeat: nothing heard for more than {limits.heartbeat_s:g} s")
    return HealthReport(
        venue=gate.venue,
        connection=address.rsplit("/", 1)[-1],
        circuit=gate.circuit.value,
        mean_ms=_rounded(mean_ms),
        p50_ms=_rounded(health.quantile_ms(0.5)),
        p99_ms=_rounded(health.quantile_ms(0.99)),
        error_rate=round(health.error_rate, 4),
        error_streak=health.streak,
        heard_s=round(heard_s, 3),
        alerts=tuple(alerts),
    )


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


@attrs.frozen(kw_only=True)
class Registry:
    """All connections at one moment."""

    at_ns: int
    """Wall clock."""
    reports: tuple[HealthReport, ...]
    trading_allowed: Mapping[str, bool]
    """By venue: whether an order that adds risk would be let through."""

    def venues(self, *, healthy: bool) -> tuple[str, ...]:
        """Venues whose every connection is well, or the others."""
        ill = {each.venue for each in self.reports if not each.healthy}
        return tuple(dict.fromkeys(each.venue for each in self.reports if (each.venue not in ill) is healthy))

    @property
    def open_circuits(self) -> tuple[str, ...]:
        """Venues with a connection whose circuit is open."""
        return tuple(dict.fromkeys(each.venue for each in self.reports if each.circuit == Circuit.CIRCUIT_OPEN.value))


@attrs.frozen
class ReadRegistry:
    """The answer is a `Registry`."""


@attrs.frozen
class ReadTrend:
    """The answer is a tuple of `Registry`, one for each minute, oldest first."""


@attrs.frozen
class _Look:
    """It is time to look at all connections."""


@attrs.frozen
class _Keep:
    """It is time to keep a snapshot."""


class Connections(Actor):
    """Looks at every gate once a second."""

    def __init__(self, gates: Mapping[str, Gate], limits: Mapping[str, HealthLimits]) -> None:
        super().__init__()
        self._gates = gates
        self._limits = limits
        self._raised: dict[tuple[str, str], str] = {}
        self._trend: deque[Registry] = deque(maxlen=KEPT)

    def on_start(self) -> None:
        """Begin."""
        self.timers.every(LOOK_EVERY_S, _Look())
        self.timers.every(KEEP_EVERY_S, _Keep())

    def _registry(self) -> Registry:
        now = monotonic_ns()
        return Registry(
            at_ns=wall_ns(),
            reports=tuple(report(address, gate, self._limits[address], now) for address, gate in self._gates.items()),
            trading_allowed={
                gate.venue: gate.trading and gate.refusal_to_open() is None
                for gate in sorted(self._gates.values(), key=lambda gate: gate.trading)
            },
        )

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Say once what is beyond its limit, and once that it no longer is."""
        now = {
            (f"{each.venue}/{each.connection}", alert.partition(":")[0]): alert
            for each in self._registry().reports
            for alert in each.alerts
        }
        for (connection, kind), alert in now.items():
            if (connection, kind) not in self._raised:
                self.log.warning("connection alert", connection=connection, about=kind, alert=alert)
        for connection, kind in self._raised.keys() - now.keys():
            self.log.info("connection alert is over", connection=connection, about=kind)
        self._raised = now

    @handles(_Keep)
    def on_keep(self, _: _Keep) -> None:
        """Keep how it is."""
        self._trend.append(self._registry())

    @handles(ReadRegistry)
    def on_read(self, _: ReadRegistry) -> Registry:
        """Answer how it is."""
        return self._registry()

    @handles(ReadTrend)
    def on_read_trend(self, _: ReadTrend) -> tuple[Registry, ...]:
        """Answer how it was."""
        return tuple(self._trend)

    def describe(self) -> dict[str, Any]:
        """Who is well and who is not."""
        now = self._registry()
        return {
            "healthy": list(now.venues(healthy=True)),
            "unhealthy": list(now.venues(healthy=False)),
            "open_circuits": list(now.open_circuits),
            "alerts": sorted(self._raised.values()),
            "snapshots": len(self._trend),
        }

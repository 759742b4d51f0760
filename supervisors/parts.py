"""What the tree is built from."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from actors.connection_health import HealthLimits
from actors.gate import Gate, KillSwitches
from actors.runtime import System
from perpbot.config.alerts import Alerts
from perpbot.config.exchanges import Connection
from perpbot.config.settings import Settings
from perpbot.delivery.channels import Channel
from perpbot.storage.journal import Journal as JournalFile
from perpbot.venues.venue import Venue
from supervisors.spec import ChildSpec


@attrs.define(kw_only=True)
class Parts:
    """What the tree is built from."""

    system: System
    settings: Settings
    """Those that are in force: an actor that starts anew goes by them."""
    venues: Mapping[str, Venue]
    trading: tuple[str, ...]
    """Venues that have a trading connection; the others are read-only."""
    journal: JournalFile
    kill: KillSwitches
    gates: Mapping[str, Gate]
    """By address of the connection."""
    surfaces: Sequence[ChildSpec] = ()
    beat: Callable[[], None] = lambda: None
    """Called once a second while journal and risk answer."""
    alerts: Alerts = attrs.field(factory=Alerts)
    """Alert rules, and how much is told when."""
    channels: Mapping[str, Channel] = attrs.field(factory=dict)
    """Ways to tell somebody, by name."""
    lost_log_lines: Callable[[], int] = lambda: 0

    def trading_gates(self) -> dict[str, Gate]:
        """The gate orders go through, by venue."""
        return {venue: self.gates[f"/venues/{venue}/trading"] for venue in self.trading}

    def health_limits(self) -> dict[str, HealthLimits]:
        """What alerts are raised beyond, by address of the connection."""
        limits = {}
        for address, gate in self.gates.items():
            exchange = self.settings.exchanges[gate.venue]
            limits[address] = health_limits_of(exchange.trading if gate.trading else exchange.market_data)
        return limits

    def each_venue(self, child: str) -> dict[str, str]:
        """Address of a child that every venue has, by venue."""
        return {venue: f"/venues/{venue}/{child}" for venue in self.venues}


def make_gates(venues: Mapping[str, Venue], trading: Sequence[str], kill: KillSwitches) -> dict[str, Gate]:
    """The gates of all connections, by address."""
    gates = {}
    for venue, each in venues.items():
        for child in ("market-data", "trading") if venue in trading else ("market-data",):
            address = f"/venues/{venue}/{child}"
            gates[address] = Gate(venue, address, kill, trading=child == "trading", limiter=each.http.limiter)
    return gates


def health_limits_of(connection: Connection) -> HealthLimits:
    """What alerts are raised beyond, of one connection."""
    return HealthLimits(
        max_latency_ms=connection.max_latency_ms,
        error_streak=connection.circuit_open_error_streak,
        heartbeat_s=min(connection.heartbeat_timeout_sec, 2 * connection.heartbeat_interval_sec),
    )

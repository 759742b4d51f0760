"""What may be sent where, as plain values that are read at the moment of sending.

A gate belongs to one connection and is moved only by the supervisor of its venue; the kill switches are moved only
by their actor. Readers see the state of this very moment: nothing that waited in a queue slips through.
"""

from decimal import Decimal
from enum import StrEnum

from actors.connection_health import ConnectionHealth
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.own_orders import OwnOrders
from perpbot.venues.rate_limit import Limiter
from perpbot.venues.set_up import SetUp


class Circuit(StrEnum):
    """The state of one connection (CON-2)."""

    CONNECTED = "CONNECTED"
    DEGRADED = "DEGRADED"
    """Half-open: one probe may pass."""
    DISCONNECTED = "DISCONNECTED"
    """There is nothing to call."""
    CIRCUIT_OPEN = "CIRCUIT_OPEN"
    """It failed too often; nothing is sent before the wait is over."""


EDGES = frozenset(
    {
        (Circuit.DISCONNECTED, Circuit.CONNECTED),
        (Circuit.DISCONNECTED, Circuit.CIRCUIT_OPEN),
        (Circuit.CONNECTED, Circuit.DISCONNECTED),
        (Circuit.CONNECTED, Circuit.CIRCUIT_OPEN),
        (Circuit.CIRCUIT_OPEN, Circuit.DEGRADED),
        (Circuit.DEGRADED, Circuit.CONNECTED),
        (Circuit.DEGRADED, Circuit.CIRCUIT_OPEN),
    }
)
"""The ways a circuit may go; whoever asks for another one has a bug."""


class CircuitError(Exception):
    """A gate was asked to go a way that circuits do not go."""


GLOBAL = "global"


class KillSwitches:
    """Which kill switches are on (CON-5). Until they were read from the journal, everything is refused."""

    def __init__(self) -> None:
        self.loaded = False
        self.stopping = False
        """Nothing is opened any more in this process, also not by an executor that begins anew."""
        self.generation = 0
        self._on: dict[str, str] = {}

    @property
    def on(self) -> dict[str, str]:
        """The scopes that are killed, and who did it."""
        return dict(self._on)

    def set(self, scope: str, *, on: bool, by: str) -> None:
        """Turn one switch; `scope` is ``global``, a venue's name or a connection's address."""
        self.generation += 1
        if on:
            self._on[scope] = by
        else:
            self._on.pop(scope, None)

    def refusal(self, venue: str, address: str) -> str | None:
        """Why nothing that adds risk may be sent through the connection at `address` of `venue`, or None."""
        if not self.loaded:
            return "the kill switches have not been read yet"
        if self.stopping:
            return "PerpBot is stopping"
        for scope in (GLOBAL, venue, address):
            if scope in self._on:
                return f"the kill switch is on ({scope}, by {self._on[scope]})"
        return None


class Gate:
    """The gate of one connection."""

    def __init__(
        self, venue: str, address: str, kill: KillSwitches, *, trading: bool, limiter: Limiter | None = None
    ) -> None:
        self.venue = venue
        self.address = address
        self.trading = trading
        """Whether orders go through it; else it is the market-data connection."""
        self.circuit = Circuit.DISCONNECTED
        self.reason = "not connected yet"
        self.heard_ns = monotonic_ns()
        """When anything was last heard from the venue on this connection; set by the connection."""
        self.health = ConnectionHealth()
        """How well it works; written by the connection."""
        self.moved_ns = monotonic_ns()
        """When the circuit came into its state."""
        self.left_ns = self.moved_ns
        """When it last ceased to be connected, or was made."""
        self.set_up: SetUp | None = None
        """What the venue has confirmed of the account's margin; set by the trading connection whenever it connects."""
        self.dead_man = "off"
        """Whether the venue cancels our orders when it does not hear of us: ``on``, ``off``, ``none`` where it has no
        such switch, or why it would not; set by the trading connection."""
        self.own_orders = OwnOrders()
        """Our orders that leave through it and may still fill; written by the order book."""
        self.limiter = Limiter() if limiter is None else limiter
        """How many calls the venue takes; whoever approves orders has room kept there."""
        self._kill = kill
        self._moves = 0
        self._probed_move = -1
        self._until_ns = 0

    @property
    def moves(self) -> int:
        """Grows with every move of the circuit: what calls are begun in, see `supervisors.breaker`."""
        return self._moves

    @property
    def generation(self) -> int:
        """Grows with every move of the circuit or of a kill switch."""
        return self._moves + self._kill.generation

    def move(self, circuit: Circuit, reason: str, until_ns: int = 0) -> None:
        """Set the state; only the venue's supervisor does. `until_ns`: when an open one lets a probe through.

        Raises:
            CircuitError: circuits do not go that way.
        """
        if (self.circuit, circuit) not in EDGES:
            raise CircuitError(f"{self.address} cannot go from {self.circuit.value} to {circuit.value} ({reason})")
        self._until_ns = until_ns
        self._set(circuit, reason)

    def reset(self, reason: str) -> None:
        """Begin anew: there is nothing to call until the next connect. For the supervisor's own start."""
        self._set(Circuit.DISCONNECTED, reason)

    def explain(self, reason: str) -> None:
        """Say why the circuit still is where it is; it does not move."""
        self.reason = reason

    def _set(self, circuit: Circuit, reason: str) -> None:
        self._moves += 1
        self.moved_ns = monotonic_ns()
        if self.circuit is Circuit.CONNECTED:
            self.left_ns = self.moved_ns
        self.circuit, self.reason = circuit, reason

    @property
    def remaining_s(self) -> float:
        """Seconds until an open circuit lets a probe through; 0 in every other state."""
        if self.circuit is not Circuit.CIRCUIT_OPEN:
            return 0.0
        return max(0.0, (self._until_ns - monotonic_ns()) / NS_PER_SECOND)

    def refusal_to_open(self, symbol: str | None = None) -> str | None:
        """Why an order that adds risk, in `symbol` if one is given, is refused at this moment, or None."""
        killed = self._kill.refusal(self.venue, self.address)
        if killed is not None:
            return killed
        if self.circuit is not Circuit.CONNECTED:
            return self._why()
        return None if symbol is None else self._not_set_up(symbol)

    def _not_set_up(self, symbol: str) -> str | None:
        if self.set_up is None:
            return f"the margin of {symbol} at {self.venue} has not been set up yet"
        if symbol in self.set_up.leverage:
            return None
        return f"the margin of {symbol} at {self.venue} is not set up: {self.set_up.refused.get(symbol, 'not listed')}"

    def leverage(self, symbol: str) -> Decimal:
        """What the venue has confirmed; 1, which needs the most margin, as long as it has confirmed nothing."""
        return Decimal(1) if self.set_up is None else self.set_up.leverage.get(symbol, Decimal(1))

    def refusal_to_reduce(self) -> str | None:
        """Why an order that takes risk away, or a cancel, is refused at this moment, or None."""
        if self.circuit is Circuit.CONNECTED or self.probe_free:
            return None
        return self._why()

    def _why(self) -> str:
        wait = f", for {self.remaining_s:.1f} s more" if self.circuit is Circuit.CIRCUIT_OPEN else ""
        return f"{self.venue} is {self.circuit.value}{wait}: {self.reason}"

    @property
    def probe_free(self) -> bool:
        """Whether the circuit is half-open and nobody has taken the one probe yet."""
        return self.circuit is Circuit.DEGRADED and self._probed_move != self._moves

    def take(self) -> bool:
        """Whether a call may be made now. In a half-open circuit the first to ask is the probe, and the only one."""
        if self.circuit is Circuit.CIRCUIT_OPEN:
            return False
        if self.circuit is Circuit.DEGRADED:
            free = self.probe_free
            self._probed_move = self._moves
            return free
        return True

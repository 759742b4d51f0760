"""A circuit breaker, as a state machine on values: calls and time in, transitions out.

    CONNECTED --error streak or silence--> CIRCUIT_OPEN --wait over--> DEGRADED --probe--> CONNECTED
                                                ^------- probe failed or late -------'
    DISCONNECTED when there is nothing to call: before the first connect, and between a loss and the next connect.

A result counts only in the state its call was begun in: each state has a generation, and late results of earlier
ones change nothing. Waits grow from `wait_s` by `factor` up to `max_wait_s`; a success sets them back.
"""

import attrs

from actors.gate import Circuit

NS_PER_SECOND = 1_000_000_000


@attrs.frozen(kw_only=True)
class BreakerRules:
    """When a circuit opens, and for how long."""

    error_streak: int = attrs.field(validator=attrs.validators.ge(1))
    wait_s: float
    max_wait_s: float
    silence_s: float
    """Without a sign of life for this long a connected circuit opens."""
    probe_s: float = 10.0
    """A probe that has not answered by then has failed."""
    factor: float = 2.0


@attrs.frozen
class Transition:
    """A circuit moved."""

    before: Circuit
    after: Circuit
    reason: str


class Breaker:
    """The circuit of one connection."""

    def __init__(self, rules: BreakerRules) -> None:
        self.rules = rules
        self.circuit = Circuit.DISCONNECTED
        self.generation = 0
        self.streak = 0
        self._wait_s = rules.wait_s
        self._until_ns = 0

    @property
    def wait_s(self) -> float:
        """The wait the circuit opens with next."""
        return self._wait_s

    def remaining_s(self, now_ns: int) -> float:
        """Seconds until an open circuit lets a probe through; 0 in every other state."""
        return max(0.0, (self._until_ns - now_ns) / NS_PER_SECOND) if self.circuit is Circuit.CIRCUIT_OPEN else 0.0

    def connected(self, generation: int) -> Transition | None:
        """The connection is up."""
        if generation != self.generation or self.circuit in {Circuit.CONNECTED, Circuit.CIRCUIT_OPEN}:
            return None
        self.streak, self._wait_s = 0, self.rules.wait_s
        return self._move(Circuit.CONNECTED, "connected")

    def lost(self, generation: int, reason: str, now_ns: int) -> Transition | None:
        """The connection is gone; counts as an error."""
        if generation != self.generation or self.circuit is Circuit.CIRCUIT_OPEN:
            return None
        self.streak += 1
        if self.circuit is Circuit.DEGRADED or self.streak >= self.rules.error_streak:
            return self._open(reason, now_ns)
        return self._move(Circuit.DISCONNECTED, reason) if self.circuit is Circuit.CONNECTED else None

    def succeeded(self, generation: int) -> Transition | None:
        """A call came back well."""
        if generation != self.generation:
            return None
        if self.circuit is Circuit.DEGRADED:
            return self.connected(generation)
        self.streak = 0
        return None

    def failed(self, generation: int, reason: str, now_ns: int) -> Transition | None:
        """A call failed: no answer, or one that shows the venue is in trouble. A refused order is not a failure."""
        if generation != self.generation or self.circuit is Circuit.CIRCUIT_OPEN:
            return None
        self.streak += 1
        if self.circuit is Circuit.DEGRADED or self.streak >= self.rules.error_streak:
            return self._open(reason, now_ns)
        return None

    def tick(self, heard_ns: int, now_ns: int) -> Transition | None:
        """Time passed; `heard_ns` is when the connection last heard from its venue."""
        if self.circuit is Circuit.CIRCUIT_OPEN and now_ns >= self._until_ns:
            self._until_ns = now_ns + int(self.rules.probe_s * NS_PER_SECOND)
            return self._move(Circuit.DEGRADED, "one probe may pass")
        if self.circuit is Circuit.DEGRADED and now_ns >= self._until_ns:
            return self._open(f"the probe did not answer within {self.rules.probe_s:g} s", now_ns)
        if self.circuit is Circuit.CONNECTED and now_ns - heard_ns >= self.rules.silence_s * NS_PER_SECOND:
            return self._open(f"nothing heard for {self.rules.silence_s:g} s", now_ns)
        return None

    def due_ns(self, heard_ns: int) -> int | None:
        """When `tick` may change something next, monotonic; None when only calls can."""
        if self.circuit in {Circuit.CIRCUIT_OPEN, Circuit.DEGRADED}:
            return self._until_ns
        if self.circuit is Circuit.CONNECTED:
            return heard_ns + int(self.rules.silence_s * NS_PER_SECOND)
        return None

    def _open(self, reason: str, now_ns: int) -> Transition:
        wait_s = self._wait_s
        self._until_ns = now_ns + int(wait_s * NS_PER_SECOND)
        self._wait_s = min(self.rules.max_wait_s, wait_s * self.rules.factor)
        return self._move(Circuit.CIRCUIT_OPEN, reason)

    def _move(self, circuit: Circuit, reason: str) -> Transition:
        before, self.circuit = self.circuit, circuit
        self.generation += 1
        if circuit is not Circuit.DEGRADED:
            self.streak = 0 if circuit is Circuit.CONNECTED else self.streak
        return Transition(before, circuit, reason)

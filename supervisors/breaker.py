"""A circuit breaker, as a state machine on values: calls and time in, transitions out.

    CONNECTED --error streak or silence--> CIRCUIT_OPEN --wait over--> DEGRADED --probe--> CONNECTED
                                                ^------- probe failed or late -------'
    DISCONNECTED when there is nothing to call: before the first connect, and between a loss and the next connect.

A result counts only in the state its call was begun in: each state has a generation, and late results of earlier
ones change nothing. A call that was announced and takes too long counts as failed at that moment; what becomes of it
later changes nothing. Waits grow from `wait_s` by `factor` and jitter up to `max_wait_s`; a success sets them back.
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
    call_timeout_s: float | None = None
    """A call that was announced and has not come back by then has failed."""
    factor: float = 2.0
    jitter: float = 0.1
    """Share of the next wait that chance may add."""


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
        self._calls: dict[int, int] = {}
        """When calls that were announced in this state are overdue, monotonic; by their number."""

    @property
    def until_ns(self) -> int:
        """When an open circuit lets a probe through, or a half-open one gives up on it; monotonic."""
        return self._until_ns

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

    def lost(self, generation: int, reason: str, now_ns: int, uniform: float = 0.0) -> Transition | None:
        """The connection is gone; counts as an error. `uniform` is U(0, 1), for the wait after the next one."""
        if generation != self.generation or self.circuit is Circuit.CIRCUIT_OPEN:
            return None
        opened = self._count(reason, now_ns, uniform)
        if opened is not None:
            return opened
        return self._move(Circuit.DISCONNECTED, reason) if self.circuit is Circuit.CONNECTED else None

    def began(self, generation: int, call: int, now_ns: int) -> None:
        """A call was made; `call` is its number."""
        if generation != self.generation or self.circuit is Circuit.CIRCUIT_OPEN:
            return
        if self.rules.call_timeout_s is not None:
            self._calls[call] = now_ns + int(self.rules.call_timeout_s * NS_PER_SECOND)

    def succeeded(self, generation: int, call: int | None = None) -> Transition | None:
        """A call came back well; `call` is its number if it was announced."""
        if generation != self.generation or self.circuit is Circuit.CIRCUIT_OPEN or not self._pending(call):
            return None
        if self.circuit is Circuit.DEGRADED:
            return self.connected(generation)
        self.streak = 0
        return None

    def failed(
        self, generation: int, reason: str, now_ns: int, uniform: float = 0.0, call: int | None = None
    ) -> Transition | None:
        """A call failed, see `actors.circuit.speaks_against`; `call` is its number if it was announced."""
        if generation != self.generation or self.circuit is Circuit.CIRCUIT_OPEN or not self._pending(call):
            return None
        return self._count(reason, now_ns, uniform)

    def tick(self, heard_ns: int, now_ns: int, uniform: float = 0.0) -> Transition | None:
        """Time passed; `heard_ns` is when the connection last heard from its venue."""
        if self.circuit is Circuit.CIRCUIT_OPEN and now_ns >= self._until_ns:
            self._until_ns = now_ns + int(self.rules.probe_s * NS_PER_SECOND)
            return self._move(Circuit.DEGRADED, "one probe may pass")
        if self.circuit is Circuit.DEGRADED and now_ns >= self._until_ns:
            return self._open(f"the probe did not answer within {self.rules.probe_s:g} s", now_ns, uniform)
        if self.circuit is Circuit.CONNECTED and now_ns - heard_ns >= self.rules.silence_s * NS_PER_SECOND:
            return self._open(f"nothing heard for {self.rules.silence_s:g} s", now_ns, uniform)
        for call in [call for call, overdue_ns in self._calls.items() if overdue_ns <= now_ns]:
            del self._calls[call]
            opened = self._count(f"a call was not answered within {self.rules.call_timeout_s:g} s", now_ns, uniform)
            if opened is not None:
                return opened
        return None

    def due_ns(self, heard_ns: int) -> int | None:
        """When `tick` may change something next, monotonic; None when only calls can."""
        due = list(self._calls.values())
        if self.circuit in {Circuit.CIRCUIT_OPEN, Circuit.DEGRADED}:
            due.append(self._until_ns)
        elif self.circuit is Circuit.CONNECTED:
            due.append(heard_ns + int(self.rules.silence_s * NS_PER_SECOND))
        return min(due, default=None)

    def _pending(self, call: int | None) -> bool:
        """Whether the result of a call still counts: one that was overdue has been counted."""
        return call is None or self.rules.call_timeout_s is None or self._calls.pop(call, None) is not None

    def _count(self, reason: str, now_ns: int, uniform: float) -> Transition | None:
        self.streak += 1
        if self.circuit is Circuit.DEGRADED or self.streak >= self.rules.error_streak:
            return self._open(reason, now_ns, uniform)
        return None

    def _open(self, reason: str, now_ns: int, uniform: float) -> Transition:
        wait_s = self._wait_s
        self._until_ns = now_ns + int(wait_s * NS_PER_SECOND)
        self._wait_s = min(self.rules.max_wait_s, wait_s * self.rules.factor * (1 + uniform * self.rules.jitter))
        return self._move(Circuit.CIRCUIT_OPEN, reason)

    def _move(self, circuit: Circuit, reason: str) -> Transition:
        before, self.circuit = self.circuit, circuit
        self.generation += 1
        self._calls.clear()
        return Transition(before, circuit, reason)

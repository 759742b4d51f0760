"""The calls that a connection makes to its venue: how they ended, told to the supervisor that moves the gate."""

from actors.circuit import CallBegan, CallFailed, CallSucceeded, speaks_against
from actors.gate import Gate
from actors.runtime import Ref
from perpbot.clock import monotonic_ns
from perpbot.model.order import Outcome, Unknown


class Calls:
    """Counts what goes wrong at a venue, and keeps the gate's health and the supervisor informed."""

    def __init__(self, gate: Gate, supervisor: Ref) -> None:
        self.errors = 0
        self.last_error: str | None = None
        self._gate = gate
        self._supervisor = supervisor
        self._last = 0

    def complain(self, reason: str) -> None:
        """Count something that went wrong."""
        self.errors += 1
        self.last_error = reason

    def began(self, moves: int) -> int:
        """A call that should be answered in time leaves; its number. `moves` is the gate's, now and at its end."""
        self._last += 1
        self._supervisor.tell(CallBegan(self._gate.address, moves, self._last))
        return self._last

    def ended(self, moves: int, result: Outcome | Exception, call: int | None = None) -> None:
        """A call came to an end."""
        self._gate.health.went(well=not speaks_against(result))
        if speaks_against(result):
            reason = result.reason if isinstance(result, Unknown) else str(result)
            self.complain(reason)
            self._supervisor.tell(CallFailed(self._gate.address, moves, reason, call))
        else:
            self.succeeded(moves, call)

    def succeeded(self, moves: int, call: int | None = None) -> None:
        """A call was answered, whatever the answer says."""
        self._gate.heard_ns = monotonic_ns()
        self._supervisor.tell(CallSucceeded(self._gate.address, moves, call))

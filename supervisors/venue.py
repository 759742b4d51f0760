"""The supervisor of one venue: it also owns the circuits of the venue's two connections."""

from collections.abc import Sequence
from typing import Any

import attrs

from actors.circuit import CallBegan, CallFailed, CallSucceeded, CircuitChanged, Connected, Lost
from actors.gate import Circuit, Gate
from actors.runtime import handles
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from supervisors.breaker import Breaker, BreakerRules, Transition
from supervisors.spec import ChildSpec, Flags
from supervisors.supervisor import Supervisor


@attrs.frozen
class _Look:
    """Time may have moved a circuit."""


@attrs.frozen
class Circuited:
    """A connection's gate, and the rules its circuit follows."""

    gate: Gate
    rules: BreakerRules


class VenueSupervisor(Supervisor):
    """Restarts the actors of one venue, and moves the gates of its connections.

    Circuits are DISCONNECTED at the start of every incarnation.
    """

    def __init__(self, specs: Sequence[ChildSpec], flags: Flags, circuits: Sequence[Circuited]) -> None:
        super().__init__(specs, flags)
        self._gates = {each.gate.address: each.gate for each in circuits}
        self._breakers = {each.gate.address: Breaker(each.rules) for each in circuits}
        self._transitions = 0

    def on_start(self) -> None:
        """Shut the gates, then start the children."""
        for gate in self._gates.values():
            gate.reset("not connected yet")
        super().on_start()

    @handles(Connected)
    def on_connected(self, news: Connected) -> None:
        """A connection is up."""
        self._moved(news.address, self._breakers[news.address].connected(self._generation(news)))

    @handles(Lost)
    def on_lost(self, news: Lost) -> None:
        """A connection is gone."""
        breaker, gate = self._breakers[news.address], self._gates[news.address]
        generation = self._generation(news)
        transition = breaker.lost(generation, news.reason, monotonic_ns(), self.chance.random())
        if transition is None and generation == breaker.generation and gate.circuit is Circuit.DISCONNECTED:
            gate.explain(news.reason)
        self._moved(news.address, transition)

    @handles(CallBegan)
    def on_call(self, news: CallBegan) -> None:
        """A call left."""
        self._breakers[news.address].began(self._generation(news), news.call, monotonic_ns())
        self._look_again()

    @handles(CallSucceeded)
    def on_success(self, news: CallSucceeded) -> None:
        """A call came back."""
        self._moved(news.address, self._breakers[news.address].succeeded(self._generation(news), news.call))

    @handles(CallFailed)
    def on_call_failed(self, news: CallFailed) -> None:
        """A call did not come back, or came back badly."""
        generation, uniform = self._generation(news), self.chance.random()
        failed = self._breakers[news.address].failed
        self._moved(news.address, failed(generation, news.reason, monotonic_ns(), uniform, news.call))

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Let time move the circuits."""
        for address, breaker in self._breakers.items():
            heard_ns = self._gates[address].heard_ns
            self._moved(address, breaker.tick(heard_ns, monotonic_ns(), self.chance.random()))
        self._look_again()

    def _generation(self, news: Connected | Lost | CallBegan | CallSucceeded | CallFailed) -> int:
        """The breaker's generation the call began in, or -1 when the gate has moved since."""
        breaker = self._breakers[news.address]
        return breaker.generation if news.moves == self._gates[news.address].moves else -1

    def _moved(self, address: str, transition: Transition | None) -> None:
        if transition is None:
            return
        gate = self._gates[address]
        gate.move(transition.after, transition.reason, self._breakers[address].until_ns)
        self._transitions += 1
        change = CircuitChanged(gate.venue, address, transition.before, transition.after, transition.reason)
        self.log.info(
            "circuit", connection=address, before=change.before.value, after=change.after.value, reason=change.reason
        )
        self.look_up(address).tell(change)
        self.publish("circuit", change)
        self._look_again()

    def _look_again(self) -> None:
        due = [breaker.due_ns(self._gates[address].heard_ns) for address, breaker in self._breakers.items()]
        times = [each for each in due if each is not None]
        if times:
            self.timers.after(max(0.0, (min(times) - monotonic_ns()) / NS_PER_SECOND), _Look())

    def describe(self) -> dict[str, Any]:
        """The supervisor's state, and each circuit's."""
        now = monotonic_ns()
        circuits = {
            address: {
                "circuit": breaker.circuit.value,
                "reason": self._gates[address].reason,
                "error_streak": breaker.streak,
                "remaining_s": round(breaker.remaining_s(now), 3),
                "next_wait_s": breaker.wait_s,
            }
            for address, breaker in self._breakers.items()
        }
        return {**super().describe(), "circuits": circuits, "transitions": self._transitions}

"""The margin of an account, set up at every connect: orders that open pass where the venue has confirmed it."""

from collections.abc import Mapping

from actors.gate import Gate
from actors.runtime import Actor
from perpbot.model.instrument import Instrument
from perpbot.venues.set_up import SetUp, set_up
from perpbot.venues.venue import Venue


class MarginSetUp:
    """Sets up in tasks of the actor it belongs to; what came of it stands in the gate."""

    def __init__(
        self, actor: Actor, venue: Venue, gate: Gate, leverage: int, instruments: Mapping[str, Instrument]
    ) -> None:
        self._actor = actor
        self._venue = venue
        self._gate = gate
        self._leverage = leverage
        self._instruments = instruments

    @property
    def refused(self) -> Mapping[str, str]:
        """By symbol, why the venue would not set it up."""
        return {} if self._gate.set_up is None else self._gate.set_up.refused

    def carry_out(self) -> SetUp:
        """Set up all instruments; waits for the venue."""
        return set_up(self._venue, tuple(self._instruments.values()), self._leverage)

    def again(self) -> None:
        """Try once more, in a task."""
        self._actor.spawn_task(lambda: self._actor.ref.tell(self.carry_out()))

    def done(self, done: SetUp) -> None:
        """Let orders that open pass where the venue has confirmed the margin, and say where it has not."""
        before = self.refused
        self._gate.set_up = done
        for symbol, why in done.refused.items():
            if symbol not in before:
                self._actor.log.error(
                    "nothing is opened: the margin is not set up", venue=self._venue.name, symbol=symbol, why=why
                )
        for symbol in sorted(before.keys() & done.leverage.keys()):
            self._actor.log.info("margin set up", venue=self._venue.name, symbol=symbol)

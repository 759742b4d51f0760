"""The dead man's switch of a venue: held while the connection is ready, let go of at a stop."""

from collections.abc import Mapping

import attrs

from actors.gate import Gate
from actors.runtime import Actor, Slot
from perpbot.model.instrument import Instrument
from perpbot.venues.venue import Venue, VenueReadError

SOON, SOON_S = "hold soon", 0.5


@attrs.frozen
class HoldSwitch:
    """It is time for a sign of life to the dead man's switch."""


@attrs.frozen
class StandDown:
    """Nothing will be sent any more: switch the dead man's switch off. Answered when that is done, or cannot be."""


@attrs.frozen
class SwitchAnswered:
    """The venue answered a sign of life."""

    reason: str
    """Why the switch could not be set; empty when it was."""


class DeadMan:
    """Has the venue cancel what waits in the account when it does not hear of us for `countdown_s`."""

    def __init__(
        self, actor: Actor, venue: Venue, gate: Gate, countdown_s: int, instruments: Mapping[str, Instrument]
    ) -> None:
        self._actor = actor
        self._venue = venue
        self._gate = gate
        self._countdown_s = countdown_s
        self._instruments = instruments

    def guard(self) -> None:
        """Begin to hold the switch, or say that there is none."""
        if not self._venue.dead_man:
            if self._gate.dead_man != "none":
                self._actor.log.info("no dead man's switch: open orders outlive us here", venue=self._venue.name)
            self._gate.dead_man = "none"
        elif self._countdown_s:
            self._actor.timers.every(self._countdown_s / 3, HoldSwitch())
            self._actor.ref.tell(HoldSwitch())

    def pause(self) -> None:
        """There is no connection to hold it through."""
        for timer in (HoldSwitch.__name__, SOON):
            self._actor.timers.cancel(timer)

    def hold_soon(self) -> None:
        """The circuit does not let a sign of life through yet: after a connect it closes a moment later."""
        self._actor.timers.after(SOON_S, HoldSwitch(), key=SOON)

    def hold(self) -> None:
        """Give a sign of life. That it is refused says nothing against the connection."""
        self._actor.spawn_task(lambda: self._actor.ref.tell(SwitchAnswered(self._set(self._countdown_s))))

    def answered(self, answer: SwitchAnswered) -> None:
        """Say it once when the switch is not held."""
        if answer.reason and self._gate.dead_man in {"on", "off"}:
            self._actor.log.warning("the dead man's switch is not held", venue=self._venue.name, why=answer.reason)
        self._gate.dead_man = answer.reason or "on"

    def let_go(self, slot: Slot) -> None:
        """Switch it off, or orders of others would be cancelled when we are gone; then `slot` is answered."""
        if self._gate.dead_man == "on":
            self._actor.spawn_task(self._let_go, slot)
        else:
            slot.set(None)

    def _let_go(self, slot: Slot) -> None:
        trouble = self._set(0)
        self._gate.dead_man = trouble or "off"
        if trouble:
            self._actor.log.warning("the dead man's switch is still set", venue=self._venue.name, why=trouble)
        slot.set(None)

    def _set(self, countdown_s: int) -> str:
        try:
            self._venue.set_dead_man(tuple(self._instruments.values()), countdown_s)
        except VenueReadError as error:
            return str(error)
        return ""

"""The instruments of one venue: asked for at the start and again from time to time, until the venue answers."""

from typing import Any

import attrs

from actors.runtime import Actor, Backoff, handles
from perpbot.model.instrument import Instrument, InstrumentTable, one_each
from perpbot.venues.venue import Venue, VenueReadError

REFRESH_S = 3_600.0
MISSED_S = 60.0
"""What is not listed any more may be so for a moment, while the venue is maintained."""
LOADED = "instruments"
"""The topic `InstrumentsLoaded` is published under, retained."""


@attrs.frozen
class InstrumentsLoaded:
    """The venue's instruments are known: those of the symbols that are traded."""

    venue: str
    instruments: tuple[Instrument, ...]


@attrs.frozen
class _Load:
    """Ask the venue."""


@attrs.frozen
class _Answer:
    instruments: tuple[Instrument, ...]


@attrs.frozen
class _NoAnswer:
    reason: str


class Instruments(Actor):
    """Asks a venue for its instruments and publishes those that are traded."""

    def __init__(self, venue: Venue, symbols: tuple[str, ...], backoff: Backoff) -> None:
        super().__init__()
        self._venue = venue
        self._symbols = symbols
        self._backoff = backoff
        self._failures = 0
        self._last_error: str | None = None
        self.unlisted: tuple[str, ...] = ()
        """Symbols that are to be traded and that the venue does not have."""

    @property
    def lists_none(self) -> bool:
        """Whether the venue has answered, and has none of the symbols: no quote is to be waited for."""
        return bool(self.unlisted) and len(self.unlisted) == len(self._symbols)

    @property
    def trouble(self) -> str | None:
        """What came of the last attempt while no instrument is known, so that nobody can connect; else None."""
        if self._last_error is None or self._venue.instruments:
            return None
        return f"instruments not read: {self._last_error.removeprefix(f'{self._venue.name}: ')}"

    def on_start(self) -> None:
        """Begin asking."""
        self.ref.tell(_Load())

    @handles(_Load)
    def on_load(self, _: _Load) -> None:
        """Ask, without standing still meanwhile."""
        self.spawn_task(self._ask)

    def _ask(self) -> None:
        try:
            every = self._venue.fetch_instruments()
        except VenueReadError as error:
            self.ref.tell(_NoAnswer(str(error)))
            return
        wanted = [each for each in every if each.symbol in self._symbols]
        self.ref.tell(_Answer(tuple(one_each(wanted, self._venue.instruments))))

    @handles(_Answer)
    def on_answer(self, answer: _Answer) -> None:
        """Publish what the venue has of the symbols; name what it does not have."""
        found = {each.symbol for each in answer.instruments}
        missing = tuple(symbol for symbol in self._symbols if symbol not in found)
        if missing and missing != self.unlisted:
            self.log.error(
                "unknown symbol", venue=self._venue.name, missing=list(missing),
                hint="the venue does not list it; it is not traded there. Check `symbols` in the configuration",
            )  # fmt: skip
        self.unlisted = missing
        self._failures, self._last_error = 0, None
        gone = [each for each in self._venue.instruments if each.symbol in missing]
        # what the venue still tells of them, perhaps of a position of ours, must be understood
        self._venue.instruments = InstrumentTable([*gone, *answer.instruments])
        self.publish(LOADED, InstrumentsLoaded(self._venue.name, answer.instruments), retain=True)
        self.timers.after(MISSED_S if gone else REFRESH_S, _Load())

    @handles(_NoAnswer)
    def on_no_answer(self, answer: _NoAnswer) -> None:
        """Try again, later each time."""
        self._failures += 1
        if answer.reason != self._last_error:
            self.log.warning("instruments not loaded", venue=self._venue.name, reason=answer.reason)
        self._last_error = answer.reason
        self.timers.after(self._backoff.delay_s(self._failures, self.chance.random()), _Load())

    def describe(self) -> dict[str, Any]:
        """What is loaded, and the last error."""
        return {
            "instruments": [each.native for each in self._venue.instruments],
            "unlisted": list(self.unlisted),
            "failures": self._failures,
            "last_error": self._last_error,
        }

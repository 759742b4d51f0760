"""What the quote currencies are worth in each other, as all scanners see it together."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.instruments import LOADED, InstrumentsLoaded
from actors.market_news import MIDS, MidsSeen
from actors.runtime import Actor, handles
from perpbot.clock import monotonic_ns
from perpbot.model.money import plain
from perpbot.scanning.basis import Basis

WORTH = "worth"
"""Topic: `WorthChanged`, retained."""
TELL_EVERY_S = 30.0


@attrs.frozen
class WorthChanged:
    """What a unit of each quote currency is worth in `reference`."""

    reference: str
    worth: Mapping[str, Decimal]


@attrs.frozen
class _Tell:
    """It is time to estimate."""


class BasisWatch(Actor):
    """Gathers mid prices and tells the scanners what to compare them at."""

    def __init__(self, scanners: Iterable[str], instruments: Iterable[str]) -> None:
        """`scanners` and `instruments` are the addresses of those that tell mids, and what each venue quotes in."""
        super().__init__()
        self._scanners = list(scanners)
        self._instruments = list(instruments)
        self._quotes: dict[str, frozenset[str]] = {}
        self._basis = Basis([])
        self.worth: Mapping[str, Decimal] = {}
        """The latest estimate; 1 where too little is known."""

    def on_start(self) -> None:
        """Listen to everyone."""
        for address in self._instruments:
            self.subscribe(address, LOADED)
        for address in self._scanners:
            self.subscribe(address, MIDS)
        self.timers.every(TELL_EVERY_S, _Tell())

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Learn what a venue quotes in; a currency nobody had before begins the estimate anew."""
        known = self._currencies
        self._quotes[news.venue] = frozenset(each.quote for each in news.instruments)
        if self._currencies != known:
            self._basis = Basis(sorted(self._currencies))

    @property
    def _currencies(self) -> frozenset[str]:
        return frozenset().union(*self._quotes.values())

    @handles(MidsSeen)
    def on_mids(self, news: MidsSeen) -> None:
        """Take in what one coin says."""
        self._basis.add(news.mids, monotonic_ns())

    @handles(_Tell)
    def on_tell(self, _: _Tell) -> None:
        """Estimate, and tell when it is something else."""
        worth = self._basis.worth(monotonic_ns())
        if worth != self.worth:
            self.worth = worth
            self.publish(WORTH, WorthChanged(self._basis.reference, worth), retain=True)

    def describe(self) -> dict[str, Any]:
        """The latest estimate."""
        return {"reference": self._basis.reference, "worth": {name: plain(each) for name, each in self.worth.items()}}

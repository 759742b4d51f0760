"""What the two venues of a trade list: what its legs are traded as, and where they cannot be traded at all."""

from typing import Any

from actors.instruments import InstrumentsLoaded
from perpbot.execution.plan import Leg, Plan
from perpbot.execution.unlisted import stand_in
from perpbot.execution.views import TradeView
from perpbot.model.instrument import Instrument


class Listings:
    """What is known of the instruments of `plan`."""

    def __init__(self, plan: Plan, log: Any) -> None:
        self.unlisted: set[str] = set()
        """Venues that do not list the symbol, or not now: nothing can be traded there."""
        self._plan = plan
        self._log = log
        self._instruments: dict[str, Instrument] = {}

    def take(self, news: InstrumentsLoaded) -> None:
        """A venue has told what it lists."""
        listed = next((each for each in news.instruments if each.symbol == self._plan.symbol), None)
        if listed is not None:
            self._instruments[news.venue] = listed
            self.unlisted.discard(news.venue)
        elif news.venue not in self.unlisted:
            self.unlisted.add(news.venue)
            book = f"`perpbot adopt {news.venue} {self._plan.symbol} --price PRICE`"
            self._log.error(
                "a leg cannot be traded", trade=self._plan.trade_id, venue=news.venue, symbol=self._plan.symbol,
                why="the venue does not list it",
                hint=f"it goes on when it is listed again; where the venue has settled the position, see there at what "
                f"price: {book} books that, and the other leg is closed",
            )  # fmt: skip

    @property
    def complete(self) -> bool:
        """Whether both venues have told."""
        told = self.unlisted | self._instruments.keys()
        return all(leg.venue in told for leg in self._plan.legs)

    def of(self, trade: TradeView, leg: Leg) -> Instrument:
        """What a leg is traded as; what its fills tell of it where its venue tells nothing."""
        return self._instruments.get(leg.venue) or stand_in(trade, leg)

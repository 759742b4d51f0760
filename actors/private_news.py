"""What the private stream says of the account: decoded, and told to whom it is for."""

from actors.account_reader import FUNDING
from actors.calls import Calls
from actors.order_news import TradingReady, VenueNews
from actors.runtime import Actor, Ref
from perpbot.model.events import DecodeError, Event, LoggedIn, VenueError
from perpbot.model.order import Fill, FundingPayment, OrderUpdate
from perpbot.venues.venue import Venue


class PrivateNews:
    """Reads frames in the task of the session they come by; its actor is told when it is logged in."""

    def __init__(self, actor: Actor, venue: Venue, calls: Calls, orders: Ref) -> None:
        self.frames = 0
        self.decode_errors = 0
        self._actor = actor
        self._venue = venue
        self._calls = calls
        self._orders = orders

    def read(self, frame: bytes, received_ns: int) -> list[Event]:
        """The events in a frame, told; none where it cannot be understood: what it told is asked for instead."""
        self.frames += 1
        try:
            events = self._venue.decode_private(frame, received_ns)
        except DecodeError as error:
            self.decode_errors += 1
            self._calls.last_error = str(error)
            self._actor.log.error("private frame not understood", venue=self._venue.name, error=str(error))
            self._orders.tell(TradingReady(self._venue.name, self._venue.account))
            return []
        for event in events:
            self._tell(event)
        news = tuple(event for event in events if isinstance(event, OrderUpdate | Fill))
        if news:
            self._orders.tell(VenueNews(self._venue.name, self._venue.account, news))
        return events

    def _tell(self, event: Event) -> None:
        if isinstance(event, LoggedIn):
            self._actor.ref.tell(event)
        elif isinstance(event, FundingPayment):
            self._actor.publish(FUNDING, event)
        elif isinstance(event, VenueError):
            self._calls.complain(f"{event.code}: {event.message}")
            self._actor.log.error("venue complains", venue=self._venue.name, code=event.code, message=event.message)

"""Administration of the simulated venues over HTTP: stop and start them, make things go wrong, read their books."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs
import msgspec

from perpbot.simulation.venues.server import Answer, Request
from perpbot.simulation.venues.venue import SimulatedVenue
from perpbot.simulation.venues.websocket import Session, WebSocket


class Administration:
    """What an operator of the simulation can do to its venues, by method or under ``/admin/<venue>/…``.

    ``POST stop`` and ``start``, ``GET books``, ``GET faults``, ``POST faults`` with fields of `Faults`,
    ``POST disconnect``, ``POST edge`` with ``symbol`` (a coin or the venue's own name), ``bps`` and ``seconds``, and
    ``POST fee-coin`` with ``coin``, ``price`` and ``deposit`` as text: fees are taken in it while there is some.
    """

    def __init__(self, venues: Mapping[str, SimulatedVenue]) -> None:
        self._venues = venues
        self._actions: dict[tuple[str, str], Callable[[str, Any], Any]] = {
            ("POST", "stop"): lambda venue, _body: self.stop(venue),
            ("POST", "start"): lambda venue, _body: self.start(venue),
            ("POST", "disconnect"): lambda venue, _body: self.disconnect(venue),
            ("GET", "books"): lambda venue, _body: self.books(venue),
            ("GET", "faults"): lambda venue, _body: attrs.asdict(self._venues[venue].faults),
            ("POST", "faults"): lambda venue, body: self.set_faults(venue, **body),
            ("POST", "edge"): lambda venue, body: self.edge(venue, **body),
            ("POST", "fee-coin"): lambda venue, body: self.take_fees_in(venue, **body),
        }

    def stop(self, venue: str) -> None:
        """Close the venue's listener and cut all its connections; its accounts stay."""
        self._venues[venue].server.stop()

    def start(self, venue: str) -> None:
        """Let the venue listen again, on the port it had."""
        if not self._venues[venue].server.running:
            self._venues[venue].server.start()

    def disconnect(self, venue: str) -> None:
        """Cut the venue's connections; it listens on."""
        self._venues[venue].server.cut()

    def books(self, venue: str) -> dict[str, Any]:
        """The venue's own accounting, by account."""
        return self._venues[venue].books()

    def set_faults(self, venue: str, **faults: Any) -> None:
        """Set fields of the venue's `Faults`; `ValueError` for what is none."""
        with self._venues[venue].lock:
            self._venues[venue].faults.change(faults)

    def edge(self, venue: str, symbol: str, bps: float, seconds: float) -> None:
        """Move the venue's price of one coin away from the others' for a while; `ValueError` for an unknown one."""
        place = self._venues[venue]
        coin = place.coins.get(symbol, symbol)
        if coin not in place.coins.values():
            raise ValueError(f"{venue} has no {symbol}")
        place.world.market.dislocate(venue, coin, float(bps), float(seconds))

    def take_fees_in(self, venue: str, coin: str, price: str, deposit: str) -> None:
        """Take the venue's fees in `coin`, one of which is worth `price`, and pay `deposit` of it in.

        Raises:
            ValueError: the venue does not do that, or a number is none or not above zero.
        """
        place = self._venues[venue]
        try:
            worth, amount = Decimal(price), Decimal(deposit)
        except (InvalidOperation, TypeError):
            raise ValueError(f"price and deposit are numbers as text, not {price!r} and {deposit!r}") from None
        with place.lock:
            place.take_fees_in(coin, worth, amount)
            place.settle(place.now_ns)

    # -- over HTTP -----------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        """Carry out a request; 404 for an unknown one, 400 for a wrong value."""
        _, _, path = request.path.partition("/admin/")
        venue, _, action = path.partition("/")
        act = self._actions.get((request.method, action))
        if act is None or venue not in self._venues:
            return _json({"error": f"nothing at {request.method} {request.path}"}, 404)
        try:
            result = act(venue, msgspec.json.decode(request.body) if request.body else {})
        except (ValueError, TypeError, msgspec.DecodeError) as error:
            return _json({"error": str(error)}, 400)
        return _json({"ok": True} if result is None else result)

    def upgrade(self, request: Request, socket: WebSocket) -> Session | None:
        """There are no WebSockets here."""
        del request, socket
        return None


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))

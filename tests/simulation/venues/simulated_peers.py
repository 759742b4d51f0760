"""A simulated venue in this very process: its HTTP without a network, and what it sends on a stream."""

import json
from typing import Any, TypeVar

from perpbot.model.instrument import InstrumentTable
from perpbot.simulation.venues.server import Request
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.venues.venue import SimulatedVenue
from perpbot.venues.http import Http, Reply
from perpbot.venues.http import Request as Sent
from perpbot.venues.venue import Credentials, Endpoints, Venue

Adapter = TypeVar("Adapter", bound=Venue)


class Direct(Http):
    """Hands requests to a simulated venue without a network."""

    def __init__(self, venue: SimulatedVenue) -> None:
        super().__init__()
        self._venue = venue

    def send(self, request: Sent) -> Reply:
        path, _, query = request.url.removeprefix("http://direct").partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.body or b""
        answer = self._venue.answer(
            Request(request.method, path, query, headers, body.encode() if isinstance(body, str) else body)
        )
        assert answer is not None
        return Reply(answer.status, answer.body, answer.headers)


class Peer:
    """Takes the place of a WebSocket and keeps what is sent."""

    frames_sent = 0
    received = 0

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.closed = ""

    def send(self, frame: bytes) -> None:
        header = {126: 4, 127: 10}.get(frame[1], 2)  # of a frame without a mask, by how its length is written
        self.sent.append(json.loads(frame[header:]))

    def send_text(self, text: str) -> None:
        self.sent.append(json.loads(text))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed = f"{code} {reason}"


def simulated(name: str) -> SimulatedVenue:
    """A simulated venue with Bitcoin alone, always the same one."""
    return SimulatedVenues((name,), seed=3, coins=("BTC",), world_id="00000000000000ed").venues[name]


def adapter_for(venue: SimulatedVenue, kind: type[Adapter]) -> Adapter:
    """An adapter that is ready to trade at `venue`, without a network."""
    endpoints = Endpoints(rest=f"http://direct/{venue.name}", public_ws="", private_ws="")
    adapter = kind(endpoints, Direct(venue), Credentials(venue.credentials()))
    adapter.instruments = InstrumentTable(adapter.fetch_instruments())
    adapter.prepare_trading()
    return adapter

"""A simulated venue in this very process: its HTTP without a network, and what it sends on a stream."""

import json
from typing import Any

from perpbot.simulation.venues.server import Request
from perpbot.simulation.venues.venue import SimulatedVenue
from perpbot.venues.http import Http, Reply
from perpbot.venues.http import Request as Sent


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

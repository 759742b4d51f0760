"""Recordings in the place of venues: each frame is sent when it came, and each answer given that was recorded.

For a simulated world whose clock shows the time of the recordings: only blocking sockets, threads and sleeping are
used, and there they cost no time. Whoever connects in the middle of a recorded session is sent what it missed of it at
once, so that its books are what they were then. When a recorded session ends, the connection is cut.
"""

import json
from collections.abc import Iterator, Sequence
from threading import Event, Thread
from time import sleep
from typing import Any
from urllib.parse import urlsplit

from perpbot.clock import NS_PER_SECOND, wall_ns
from perpbot.recording.reading import Recording
from perpbot.simulation.venues.server import Answer, Request, Server
from perpbot.simulation.venues.websocket import Session, WebSocket
from perpbot.venues.lines import ENDS, AnswerLine, FrameLine, RecordedLine, SessionBegan, SessionEnded
from perpbot.venues.registry import venue_class

OK, NOT_FOUND = 200, 404
SOON_NS = 1_500_000_000
"""A recorded book that comes this soon is waited for: it is the answer that was given then."""
YOUNG_NS = 10 * NS_PER_SECOND
"""A book older than this is no answer any more."""
ROUND_TRIP_S = 0.1
"""How long the answer with an older book takes; without it, whoever asks again and again would do so in no time."""
BURST, BREATH_S = 200, 0.001
"""Frames that are sent at once, and the pause before as many more: a reader gets a chance."""


class RecordedVenues:
    """Serves recordings on loopback until stopped."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._venues = {each.venue: _RecordedVenue(each) for each in recordings}

    def start(self) -> dict[str, Any]:
        """Listen, and say where everything is, as the simulated venues do."""
        details: dict[str, Any] = {name: each.start() for name, each in self._venues.items()}
        return {**details, "world": {"id": "recording"}}

    def stop(self) -> None:
        """Cut every connection."""
        for each in self._venues.values():
            each.server.stop()


class _RecordedVenue:
    """One venue; a `perpbot.simulation.venues.server.Application`."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.server = Server(recording.venue, self)

    def start(self) -> dict[str, Any]:
        place = f"127.0.0.1:{self.server.start()}/{self._recording.venue}"
        below = urlsplit(venue_class(self._recording.venue).mainnet.rest).path
        return {"rest": f"http://{place}{below}", "ws": {"public": f"ws://{place}", "private": f"ws://{place}"}}

    def answer(self, request: Request) -> Answer | None:
        """What was answered then; of books, only one of this moment."""
        url = f"http://recording{request.target}"
        found = self._recording.answers.to(url)
        held = self._book(found) if self._recording.answers.is_book(url) else self._latest(found)
        if held is None:
            return Answer(NOT_FOUND, json.dumps({"error": "the recording has no answer to this"}).encode())
        return Answer(OK, held.body.encode())

    @staticmethod
    def _latest(found: Sequence[AnswerLine]) -> AnswerLine | None:
        """What was answered last; before that, what was answered first."""
        now_ns = wall_ns()
        return next((each for each in reversed(found) if each.time_ns <= now_ns), found[0] if found else None)

    @staticmethod
    def _book(found: Sequence[AnswerLine]) -> AnswerLine | None:
        now_ns = wall_ns()
        coming = next((each for each in found if now_ns <= each.time_ns <= now_ns + SOON_NS), None)
        if coming is not None:
            sleep((coming.time_ns - now_ns) / NS_PER_SECOND)
            return coming
        sleep(ROUND_TRIP_S)
        return next((each for each in reversed(found) if now_ns - YOUNG_NS <= each.time_ns <= now_ns), None)

    def upgrade(self, request: Request, socket: WebSocket) -> Session | None:
        """Play the stream to whoever connects."""
        del request
        return _Listener(self._recording, socket)


class _Listener(Session):
    """One connection. What is asked for is not read: the recording has what the recorder asked for."""

    silence_s: float | None = None

    def __init__(self, recording: Recording, socket: WebSocket) -> None:
        self._socket = socket
        self._gone = Event()
        Thread(target=self._play, args=(_from_now(recording),), name="recording", daemon=True).start()

    def _play(self, lines: Iterator[RecordedLine]) -> None:
        sent = 0
        for held in lines:
            wait_s = (held.time_ns - wall_ns()) / NS_PER_SECOND
            if wait_s > 0 or not sent % BURST:
                self._gone.wait(max(wait_s, BREATH_S))
            if self._gone.is_set():
                return
            if isinstance(held, SessionEnded) and held.reason != ENDS:
                self._socket.reset()
                return
            if isinstance(held, FrameLine):
                sent += 1
                send = self._socket.send_text if isinstance(held.frame, str) else self._socket.send_binary
                send(held.frame)  # type: ignore[arg-type]

    def received(self, text: str) -> None:
        """Give a sign of life: heartbeats, too, are answered at once by a venue."""
        del text
        self._socket.ping()

    def silent(self) -> None:
        """Nobody minds."""

    def ended(self) -> None:
        """The connection is gone."""
        self._gone.set()


def _from_now(recording: Recording) -> Iterator[RecordedLine]:
    """The lines of the session that is on now, from its beginning, and of all later ones."""
    start_ns = max((each for each in recording.marks_ns if each <= wall_ns()), default=0)
    for line in recording.lines():
        held = line.held
        if held.time_ns > start_ns or (held.time_ns == start_ns and isinstance(held, SessionBegan)):
            yield held

"""What every venue's WebSocket sessions share: who listens to what, and one lock around a venue."""

from abc import abstractmethod
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from perpbot.simulation.venues.websocket import Encoder, Session, WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.venue import SimulatedVenue

Topic = Hashable
MALFORMED = (KeyError, ValueError, TypeError, ArithmeticError, AttributeError, msgspec.DecodeError)
"""What reading a request raises when it is not what the venue expects."""


class Topics:
    """Who listens to what. A message is put into its frame once, however many listen."""

    def __init__(self) -> None:
        self._listeners: dict[Topic, dict[WebSocket, None]] = {}
        self._encoder = Encoder()

    def __contains__(self, topic: Topic) -> bool:
        return topic in self._listeners

    def any_of(self, topics: Iterable[Topic]) -> bool:
        """Whether anybody listens to any of `topics`."""
        return not self._listeners.keys().isdisjoint(topics)

    def of(self, socket: WebSocket) -> list[Topic]:
        """What `socket` listens to."""
        return [topic for topic, sockets in self._listeners.items() if socket in sockets]

    def add(self, topic: Topic, socket: WebSocket) -> bool:
        """Let `socket` listen to `topic`; False when it does already."""
        sockets = self._listeners.setdefault(topic, {})
        if socket in sockets:
            return False
        sockets[socket] = None
        return True

    def remove(self, topic: Topic, socket: WebSocket) -> bool:
        """End that; False when it did not listen."""
        sockets = self._listeners.get(topic, {})
        if socket not in sockets:
            return False
        del sockets[socket]
        if not sockets:
            del self._listeners[topic]
        return True

    def drop(self, socket: WebSocket) -> None:
        """Forget a socket."""
        for topic in self.of(socket):
            self.remove(topic, socket)

    def publish(self, topic: Topic, message: str | bytes) -> None:
        """Send `message` to all who listen to `topic`."""
        sockets = self._listeners.get(topic)
        if sockets:
            frame = self._encoder.frame(message)
            for socket in list(sockets):
                socket.send(frame)


class Stream(Session):
    """One WebSocket of a venue. Messages are handled one at a time, under the venue's lock."""

    silence_s: float | None = None

    def __init__(self, venue: "SimulatedVenue", socket: WebSocket) -> None:
        self.base_venue = venue
        self.socket = socket
        self._frames_at_silence = 0

    @abstractmethod
    def handle(self, message: Any, now_ns: int) -> None:
        """A JSON message arrived, or a text that is not JSON."""

    @abstractmethod
    def complain(self, text: str) -> None:
        """Say, in the venue's words, that a message cannot be understood."""

    def received(self, text: str) -> None:
        """Take a message."""
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError:
            message = text
        venue = self.base_venue
        with venue.lock:
            now_ns = venue.now_ns
            try:
                self.handle(message, now_ns)
            except MALFORMED:
                self.complain(text)
            venue.settle(now_ns)

    def silent(self) -> None:
        """Nothing came for `silence_s`."""

    def idle(self) -> bool:
        """Whether nothing has been sent either since the last time this was asked."""
        before, self._frames_at_silence = self._frames_at_silence, self.socket.frames_sent
        return before == self._frames_at_silence

    def ended(self) -> None:
        """The connection is gone."""
        with self.base_venue.lock:
            self.base_venue.topics.drop(self.socket)
            self.base_venue.streams.pop(self, None)

    def send(self, message: Any) -> None:
        """Send a value as JSON."""
        self.socket.send_text(msgspec.json.encode(message).decode())


class PingedStream(Stream):
    """A session that is sent a ping when nothing came for `silence_s`, and closed when it answered none of several."""

    most_pings: ClassVar[int]

    def __init__(self, venue: "SimulatedVenue", socket: WebSocket) -> None:
        super().__init__(venue, socket)
        self._unanswered = 0
        self._received = 0

    def silent(self) -> None:
        """Ask whether anybody is there."""
        self._unanswered = 0 if self.socket.received > self._received else self._unanswered + 1
        self._received = self.socket.received
        if self._unanswered > self.most_pings:
            self.socket.close(1008, "Pong timeout")
        else:
            self.socket.ping()

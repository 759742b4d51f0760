"""Aster's WebSocket sessions.

The server sends a ping frame every five minutes and closes a connection that has answered none of three.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.stream import PingedStream
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.aster import Aster

_SPEEDS = ("", "@100ms", "@250ms", "@500ms")
_KINDS = {
    **dict.fromkeys(("depth", "depth5", "depth10", "depth20"), _SPEEDS),
    **dict.fromkeys(("bookTicker", "aggTrade", "ticker", "kline_1m"), ("",)),
    "markPrice": ("", "@1s"),
}
"""Kinds of streams, and the speeds that may follow; all are sent at the same pace here."""
_MOST_STREAMS = 200


class AsterStream(PingedStream):
    """One connection."""

    silence_s: float | None = 300.0
    most_pings = 3

    def __init__(self, venue: "Aster", socket: WebSocket, streams: Sequence[str], *, named: bool) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._named = named
        self._streams: dict[str, None] = {}
        """What it listens to, in the client's words."""
        self._messages = Limits(burst=30, per_second=10)
        with venue.lock:
            for stream in streams:
                if stream:
                    self._add(stream, venue.now_ns)

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request; too many of them end the connection."""
        if not self._messages.allow("messages", now_ns):
            self.socket.close(1008, "Too many requests")
        elif message["method"] in {"SUBSCRIBE", "UNSUBSCRIBE"} and isinstance(message.get("params"), list):
            self._change(message["method"] == "SUBSCRIBE", message, now_ns)
        elif message["method"] == "LIST_SUBSCRIPTIONS":
            self.send({"result": list(self._streams), "id": message.get("id")})
        elif message["method"] == "SET_PROPERTY":
            self.send({"result": None, "id": message.get("id")})
        else:
            self.send({"code": 2, "msg": f"Invalid request: unknown variant {message['method']}"})

    def complain(self, text: str) -> None:
        """Code 3."""
        self.send({"code": 3, "msg": f"Invalid JSON: expected value at line 1 column {len(text)}"})

    def _change(self, subscribe: bool, message: dict[str, Any], now_ns: int) -> None:  # noqa: FBT001
        for stream in message["params"]:
            if not subscribe:
                self._remove(str(stream))
            elif len(self._streams) < _MOST_STREAMS:
                self._add(str(stream), now_ns)
        self.send({"result": None, "id": message.get("id")})

    def _add(self, stream: str, now_ns: int) -> None:
        """Listen to a market's stream, or to the user's; unknown ones stay silent, as they do at the venue."""
        if self._known(stream, now_ns):
            self._streams[stream] = None
            self._venue.topics.add((stream, self._named), self.socket)

    def _remove(self, stream: str) -> None:
        self._streams.pop(stream, None)
        self._venue.topics.remove((stream, self._named), self.socket)

    def _known(self, stream: str, now_ns: int) -> bool:
        symbol, _, kind = stream.partition("@")
        if symbol == symbol.lower() and symbol.upper() in self._venue.coins:
            name = kind.partition("@")[0]
            return name in _KINDS and (stream, self._named) in topics_of(f"{symbol}@{name}")
        return stream == self._venue.listen_key(now_ns)


@lru_cache(maxsize=1024)
def topics_of(stream: str) -> tuple[tuple[str, bool], ...]:
    """The topics of a stream: each name under which clients may subscribe to it, with and without names in messages."""
    names = [stream + speed for speed in _KINDS.get(stream.partition("@")[2], ("",))]
    return tuple((name, named) for name in names for named in (False, True))

"""Backpack's WebSocket sessions.

The server sends a ping frame every minute and closes a connection that has answered neither of two. A request is
answered only when there is something wrong with it.
"""

from typing import TYPE_CHECKING, Any

from perpbot.simulation.venues.backpack_words import BackpackError, position_event
from perpbot.simulation.venues.limits import Limits
from perpbot.simulation.venues.stream import PingedStream
from perpbot.simulation.venues.venue import ACCOUNT
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.backpack import Backpack

_PUBLIC = ("depth", "bookTicker", "trade", "markPrice", "ticker", "kline.1m")
ORDERS, POSITIONS, BALANCES = "account.orderUpdate", "account.positionUpdate", "account.balanceUpdate"
_SIGNATURE_PARTS = 4
INVALID_STREAM = 4006


class BackpackStream(PingedStream):
    """One connection."""

    silence_s: float | None = 60.0
    most_pings = 2

    def __init__(self, venue: "Backpack", socket: WebSocket) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._messages = Limits(burst=50, per_second=10)

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request."""
        if not self._messages.allow("messages", now_ns):
            self._error(4029, "Too many requests")
        elif message["method"] == "SUBSCRIBE":
            self._subscribe([str(each) for each in message["params"]], message.get("signature"), now_ns)
        elif message["method"] == "UNSUBSCRIBE":
            for stream in message["params"]:
                self._venue.topics.remove(str(stream), self.socket)
        else:
            self.complain(message["method"])

    def complain(self, text: str) -> None:
        """Code 4002."""
        self._error(4002, f"Invalid request: {text[:40]}")

    def _subscribe(self, streams: list[str], signature: Any, now_ns: int) -> None:
        unknown = [stream for stream in streams if not self._known(stream)]
        if unknown:
            return self._error(INVALID_STREAM, "Invalid stream")
        if any(stream.startswith("account.") for stream in streams):
            try:
                self._check(signature, now_ns)
            except BackpackError as error:
                return self._error(4001, error.message)
        for stream in streams:
            self._venue.topics.add(stream, self.socket)
            if stream.startswith(POSITIONS):
                self._send_positions(stream, now_ns)
        return None

    def _check(self, signature: Any, now_ns: int) -> None:
        if not isinstance(signature, list) or len(signature) != _SIGNATURE_PARTS:
            raise BackpackError("UNAUTHORIZED", "Unauthorized")
        key, signed, stamp, window = (str(each) for each in signature)
        self._venue.check_signature("subscribe", "", (key, signed, stamp, window), now_ns)

    def _send_positions(self, stream: str, now_ns: int) -> None:
        """The positions as they are, without the name of an event."""
        account = self._venue.engine.accounts[ACCOUNT]
        for symbol in self._venue.coins:
            if account.position(symbol).size and stream in {POSITIONS, f"{POSITIONS}.{symbol}"}:
                mark = self._venue.engine.marks[symbol]
                self.send({"data": position_event(symbol, account, mark, None, now_ns), "stream": stream})

    def _known(self, stream: str) -> bool:
        for kind in (*_PUBLIC, ORDERS, POSITIONS):
            if stream.startswith(f"{kind}."):
                return stream.removeprefix(f"{kind}.") in self._venue.coins
        return stream in {ORDERS, POSITIONS, BALANCES}

    def _error(self, code: int, message: str) -> None:
        self.send({"id": None, "error": {"code": code, "message": message}})

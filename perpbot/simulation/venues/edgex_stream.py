"""EdgeX's WebSocket sessions: one for market data, which are subscribed to, and one for an account, which are not.

The server asks for a sign of life every now and then and closes a connection that has left five unanswered. It answers
the same question when it is asked.
"""

from typing import TYPE_CHECKING, Any

from perpbot import clock
from perpbot.simulation.venues.edgex_data import BAR_MINUTES, LEVELS
from perpbot.simulation.venues.edgex_words import Words, ms
from perpbot.simulation.venues.stream import Stream
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.edgex import Edgex

PING_NS = 15 * clock.NS_PER_SECOND
_MOST_PINGS = 5
_ALL = ("ticker.all", "ticker.all.1s", "bookTicker.all", "bookTicker.all.1s", "fundingRate.all", "metadata")


class EdgexStream(Stream):
    """One connection, of an account when it is `private`."""

    def __init__(self, venue: "Edgex", socket: WebSocket, now_ns: int, *, private: bool) -> None:
        super().__init__(venue, socket)
        self.private = private
        self._venue = venue
        self._unanswered = 0
        self._pinged_ns = now_ns
        sid = f"{venue.count_connection():08x}-0000-4000-8000-{int(venue.world.id, 16) % 16**12:012x}"
        self.send({"sid": sid, "type": "connected", "time": ms(now_ns)})

    def beat(self, now_ns: int) -> None:
        """Ask for a sign of life when it is time, and close after too many that were not answered."""
        if abs(now_ns - self._pinged_ns) < PING_NS:
            return
        self._pinged_ns = now_ns
        self._unanswered += 1
        if self._unanswered > _MOST_PINGS:
            self.socket.close(1001, "no pong")
        else:
            self.send({"type": "ping", "time": ms(now_ns)})

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request."""
        kind, channel = message["type"], str(message.get("channel", ""))
        if kind == "pong":
            self._unanswered = 0
        elif kind == "ping":
            self.send({"type": "pong", "time": str(message["time"])})
        elif kind not in {"subscribe", "unsubscribe"} or self.private:
            raise ValueError("type")
        elif not self._known(channel):
            self._error("INVALID_CHANNEL", f"invalid channel:{channel}")
        elif kind == "subscribe":
            self._subscribe(channel, now_ns)
        else:
            self._venue.topics.remove(channel, self.socket)
            self.send({"type": "unsubscribed", "channel": channel})

    def complain(self, text: str) -> None:
        """A message of type ``error``."""
        self._error("INVALID_REQUEST", f"invalid request:{text[:40]}")

    def _subscribe(self, channel: str, now_ns: int) -> None:
        kind, _, rest = channel.partition(".")
        symbol = rest.partition(".")[0]
        if kind == "depth":
            self._venue.flush(symbol, now_ns)
        self._venue.topics.add(channel, self.socket)
        self.send({"type": "subscribed", "channel": channel})
        first = self._venue.first_words(channel, now_ns)
        if first:
            content = {"channel": channel, "dataType": "Snapshot", "data": first}
            self.send({"type": "quote-event", "channel": channel, "content": content})

    def _known(self, channel: str) -> bool:
        if channel in _ALL:
            return True
        kind, _, rest = channel.partition(".")
        if kind in {"ticker", "bookTicker", "fundingRate", "trades"}:
            return rest in self._venue.coins
        if kind == "depth":
            symbol, _, level = rest.partition(".")
            return symbol in self._venue.coins and level in map(str, LEVELS)
        parts = channel.split(".")
        return parts[:2] == ["kline", "LAST_PRICE"] and parts[2] in self._venue.coins and parts[3] in BAR_MINUTES

    def _error(self, code: str, message: str) -> None:
        self.send({"type": "error", "content": {"code": code, "msg": message}})

    def push(self, event: str, version: int, data: Words, now_ns: int) -> None:
        """Tell an account's connection what has changed."""
        kinds = ("account", "collateral", "collateralTransaction", "position", "positionTransaction", "order")
        empty: Words = {kind: [] for kind in (*kinds, "orderFillTransaction")}
        content = {
            "event": event,
            "version": version,
            "time": int(ms(now_ns)),
            "accountId": int(self._venue.owner.account_id),
            "data": {**empty, **data},
        }
        self.send({"type": "trade-event", "content": content})

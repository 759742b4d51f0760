"""Lighter's WebSocket sessions: channels for everybody, and for an account those that are asked for with its token.

The server pings every now and then and closes a connection on which nothing comes for two minutes.
"""

from typing import TYPE_CHECKING, Any

from perpbot import clock
from perpbot.simulation.venues.lighter_data import BAR_MINUTES
from perpbot.simulation.venues.lighter_words import LighterError, Words
from perpbot.simulation.venues.stream import Stream
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.lighter import Lighter

PING_NS = 60 * clock.NS_PER_SECOND
OPEN_CHANNELS = ("user_stats", "account_all")
"""Those of an account that need no token."""
OWN_CHANNELS = ("account_all_orders", "account_all_trades", "account_all_positions", "account_all_assets")
_MARKET_CHANNELS = ("order_book", "ticker", "market_stats", "trade")


class LighterStream(Stream):
    """One connection."""

    silence_s = 120.0

    def __init__(self, venue: "Lighter", socket: WebSocket, now_ns: int) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._pinged_ns = now_ns
        session = f"{venue.count_connection():08x}-0000-4000-8000-{int(venue.world.id, 16) % 16**12:012x}"
        self.send({"session_id": session, "type": "connected"})

    def silent(self) -> None:
        """Nothing came for two minutes."""
        self.socket.close(1001, "no ping")

    def beat(self, now_ns: int) -> None:
        """Ping when it is time."""
        if abs(now_ns - self._pinged_ns) >= PING_NS:
            self._pinged_ns = now_ns
            self.send({"type": "ping"})

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request."""
        kind = message["type"]
        if kind == "ping":
            self.send({"type": "pong"})
        elif kind == "subscribe":
            self._subscribe(message, now_ns)
        elif kind == "unsubscribe":
            self._unsubscribe(message)
        elif kind == "jsonapi/sendtx":
            self._transact(message["data"], now_ns)
        elif kind != "pong":
            raise ValueError("type")

    def complain(self, text: str) -> None:
        """An error frame, which names no request."""
        self._error(30000, f"Invalid Message: {text[:40]}")

    def _subscribe(self, message: Words, now_ns: int) -> None:
        channel = str(message["channel"]).replace("/", ":")
        if not self._known(channel):
            self._error(30005, f"Invalid Channel:  ({channel})")
            return
        if channel.partition(":")[0] in OWN_CHANNELS:
            try:
                self._venue.check_token(str(message.get("auth", "")), now_ns)
            except LighterError as error:
                self._error(error.code, error.message)
                return
        if channel.startswith("order_book:"):
            self._venue.flush(channel.partition(":")[2], now_ns)
        if not self._venue.topics.add(channel, self.socket):
            self._error(30003, f"Already Subscribed to : {channel}")
            return
        self.send(self._venue.first_words(channel, now_ns))

    def _unsubscribe(self, message: Words) -> None:
        channel = str(message["channel"]).replace("/", ":")
        if self._venue.topics.remove(channel, self.socket):
            self.send({"type": "unsubscribed", "channel": channel})
        else:
            self._error(30002, f"Not Subscribed to : {channel}")

    def _known(self, channel: str) -> bool:
        kind, _, rest = channel.partition(":")
        if kind in _MARKET_CHANNELS:
            return rest in self._venue.coins or channel == "market_stats:all"
        if kind in OWN_CHANNELS + OPEN_CHANNELS:
            return rest == str(self._venue.account_index)
        symbol, _, resolution = rest.partition(":")
        return kind == "candle" and symbol in self._venue.coins and resolution in BAR_MINUTES

    def _transact(self, data: Words, now_ns: int) -> None:
        try:
            done = self._venue.trading.transact(int(data["tx_type"]), data["tx_info"], now_ns)
        except LighterError as error:
            self._error(error.code, error.message)
            return
        self.send({"code": 200, "id": data.get("id"), **done, "type": "jsonapi/sendtx"})

    def _error(self, code: int, message: str) -> None:
        self.send({"error": {"code": code, "message": message}})

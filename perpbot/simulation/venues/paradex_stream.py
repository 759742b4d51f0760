"""Paradex's WebSocket sessions: JSON-RPC in, answers in JSON, public channels in binary, private ones in JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from perpbot.simulation.venues.orders import Event, Funded
from perpbot.simulation.venues.paradex_words import Words, funding_words
from perpbot.simulation.venues.stream import Stream
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.paradex import Paradex

_PRIVATE = ("orders", "fills", "positions", "account", "funding_payments")
_OF_ACCOUNT = ("positions", "account")
_BAD_TOKEN = (40111, "invalid bearer token", None)
_BAD_REQUEST = (-32600, "invalid subscribe request", "invalid channel")


class ParadexStream(Stream):
    """One connection; `binary` says whether it was opened for public channels."""

    silence_s: float | None = 55.0

    def __init__(self, venue: "Paradex", socket: WebSocket, *, binary: bool) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._binary = binary
        self._node_id = f"{venue.count_connection():016x}"
        self._authorised = False
        self._private: dict[str, None] = {}

    def silent(self) -> None:
        """Ping a quiet peer."""
        self.socket.ping()

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request."""
        number, method, parameters = message.get("id"), message["method"], message["params"]
        if method == "auth":
            self._log_in(number, str(parameters["bearer"]), now_ns)
        elif method in {"subscribe", "unsubscribe"}:
            fault = self._change(method, str(parameters["channel"]), now_ns, number)
            if fault is not None:
                self._complain(number, *fault)
        else:
            self._complain(number, -32601, "method not found", method)

    def complain(self, text: str) -> None:
        """Code -32700."""
        self._complain(None, -32700, "parse error", text[:100])

    # -- requests ------------------------------------------------------------------------------------------------

    def _log_in(self, number: Any, token: str, now_ns: int) -> None:
        if not self._venue.is_valid(token, now_ns):
            self._complain(number, *_BAD_TOKEN)
            return
        self._authorised = True
        self._venue.streams[self] = None
        self.send({"jsonrpc": "2.0", "id": number, "result": {"node_id": self._node_id}})

    def _change(self, method: str, channel: str, now_ns: int, number: Any) -> tuple[int, str, str] | None:
        """Begin or end a subscription; returns what is wrong with it."""
        name, _, rest = channel.partition(".")
        market = rest.partition(".")[0]
        private = name in _PRIVATE
        if private and not self._authorised:
            return _BAD_TOKEN[0], _BAD_TOKEN[1], channel
        if not (self._knows_private(name, rest) if private else self._knows_public(name, market, channel)):
            return _BAD_REQUEST
        if not private and not self._binary:
            return _BAD_REQUEST[0], _BAD_REQUEST[1], "public channels are sent in SBE only"
        if not private and method == "subscribe":
            self._venue.flush(market, now_ns)
        if not self._register(method, channel, market, private=private):
            return _BAD_REQUEST[0], _BAD_REQUEST[1], f"already {method}d"
        self.send({"jsonrpc": "2.0", "result": {"channel": channel}, "usIn": now_ns // 1_000, "id": number})
        if method == "subscribe":
            self._first(name, market, now_ns)
        return None

    def _knows_private(self, name: str, rest: str) -> bool:
        return rest == "" if name in _OF_ACCOUNT else rest == "ALL" or rest in self._venue.coins

    def _knows_public(self, name: str, market: str, channel: str) -> bool:
        wanted = f"order_book.{market}.deltas" if name == "order_book" else f"{name}.{market}"
        return name in self._venue.channels and market in self._venue.coins and channel == wanted

    def _register(self, method: str, channel: str, market: str, *, private: bool) -> bool:
        """Whether the subscription is new, or was there to be ended."""
        if not private:
            topic, topics = (channel.partition(".")[0], market), self._venue.topics
            return (topics.add if method == "subscribe" else topics.remove)(topic, self.socket)
        known = channel in self._private
        if method == "subscribe":
            self._private[channel] = None
            return not known
        self._private.pop(channel, None)
        return known

    def _first(self, name: str, market: str, now_ns: int) -> None:
        """What a subscription starts with."""
        if name == "account":
            self._push("account", self._venue.trading.account_words(now_ns))
        elif name not in _PRIVATE:
            frame = self._venue.first_frame(name, market, now_ns)
            if frame is not None:
                self.socket.send_binary(frame)

    # -- pushes --------------------------------------------------------------------------------------------------

    def push_events(self, events: Sequence[Event], now_ns: int) -> None:
        """Tell what happened to the account: each change, then positions and collateral as they are after all."""
        touched: dict[str, None] = {}
        for event in events:
            self._push_event(event)
            if self._venue.faults.take("duplicates"):
                self._push_event(event)
            if isinstance(event, Funded) or event.execution:
                touched[event.symbol if isinstance(event, Funded) else event.order.symbol] = None
        trading = self._venue.trading
        for market in touched:
            self._push("positions", trading.position_words(market, now_ns))
        if touched:
            self._push("account", trading.account_words(now_ns))

    def _push_event(self, event: Event) -> None:
        if isinstance(event, Funded):
            self._push_of(event.symbol, "funding_payments", funding_words(event, self._venue.address))
            return
        if event.execution is not None:
            fill = self._venue.trading.fill_words(event.execution)
            self._push_of(event.order.symbol, "fills", fill)
        self._push_of(event.order.symbol, "orders", self._venue.order_words(event))

    def _push_of(self, market: str, name: str, data: Words) -> None:
        for channel in (f"{name}.ALL", f"{name}.{market}"):
            self._push(channel, data)

    def _push(self, channel: str, data: Words) -> None:
        if channel in self._private:
            self.send({"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}})

    def _complain(self, number: Any, code: int, message: str, data: object = None) -> None:
        error = {"code": code, "message": message, "data": data}
        self.send({"jsonrpc": "2.0", "id": number, "error": error})

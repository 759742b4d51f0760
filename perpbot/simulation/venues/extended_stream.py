"""Extended's WebSocket sessions (``v2/rpc``): subscriptions by JSON-RPC, frames counted through all of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from perpbot.simulation.venues.extended_words import ACCOUNT_ID, Words, ms, order_words, trade_words
from perpbot.simulation.venues.orders import Event, Funded
from perpbot.simulation.venues.stream import Stream
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.extended import Extended


class ExtendedStream(Stream):
    """One connection."""

    silence_s: float | None = 15.0

    def __init__(self, venue: "Extended", socket: WebSocket) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._sequence = 0
        self._topics: dict[str, None] = {}
        venue.streams[self] = None

    def silent(self) -> None:
        """Ping a quiet peer."""
        self.socket.ping()

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request."""
        number, method = message["id"], message["method"]
        if method == "ping":
            self._answer(number, {})
        elif method == "list-subscriptions":
            self._answer(number, {"subscriptions": list(self._topics)})
        elif method in {"subscribe", "unsubscribe"}:
            self._change(number, method, message["params"], now_ns)
        else:
            self._complain(number, -32601, "Method not found")

    def complain(self, text: str) -> None:
        """Code -32700."""
        self._complain(None, -32700, f"Parse error: {text[:100]}")

    # -- subscriptions -------------------------------------------------------------------------------------------

    def _change(self, number: Any, method: str, parameters: Words, now_ns: int) -> None:
        scope, selector = parameters["scope"], parameters["selector"]
        if scope == "account" and parameters.get("apiKey") != self._venue.api_key:
            self._complain(number, 401, "Unauthorized")
            return
        topic = _topic(scope, selector)
        if scope != "account" and selector.get("market") not in self._venue.coins:
            self._complain(number, 1001, "Market not found.")
            return
        if method == "subscribe" and scope == "orderbooks":
            self._venue.flush(selector["market"], now_ns)
        self._topics.pop(topic, None)
        if method == "subscribe":
            self._topics[topic] = None
        self._answer(number, {"subscription": topic})
        if method == "subscribe":
            self._first(topic, scope, selector, now_ns)

    def _first(self, topic: str, scope: str, selector: Words, now_ns: int) -> None:
        """What a subscription starts with."""
        trading = self._venue.trading
        if scope == "account":
            orders = [order_words(each) for each in trading.account.open_orders]
            self._tell("ORDER", {"isSnapshot": True, "orders": orders}, now_ns)
            self._tell("POSITION", {"isSnapshot": True, "positions": trading.open_positions(now_ns)}, now_ns)
            self._tell("BALANCE", {"isSnapshot": True, "balance": trading.balance_words(now_ns)}, now_ns)
            return
        first = self._venue.first_push(scope, selector["market"], now_ns)
        if first is not None:
            self.push(topic, *first, now_ns)

    # -- pushes --------------------------------------------------------------------------------------------------

    def listens(self, topic: str) -> bool:
        """Whether it has subscribed to `topic`."""
        return topic in self._topics

    def push(self, topic: str, kind: str, data: str, now_ns: int, *, lost: bool = False) -> None:
        """Send a message whose data is JSON already, if `topic` was subscribed to; `lost` counts it without sending."""
        if topic not in self._topics:
            return
        sequence, self._sequence = self._sequence, self._sequence + 1
        if not lost:
            stamp = f'"ts":{ms(now_ns)},"seq":{sequence},"subscription":"{topic}"'
            self.socket.send_text(f'{{"type":"{kind}","data":{data},{stamp}}}')

    def push_events(self, events: Sequence[Event], now_ns: int) -> None:
        """Tell what happened to the account: each change, then positions and balance as they are after all."""
        touched: dict[str, None] = {}
        for event in events:
            self._tell_event(event, now_ns)
            if self._venue.faults.take("duplicates"):
                self._tell_event(event, now_ns)
            if isinstance(event, Funded) or event.execution:
                touched[event.symbol if isinstance(event, Funded) else event.order.symbol] = None
        if touched:
            trading = self._venue.trading
            positions = [trading.position_words(market, now_ns) for market in touched]
            self._tell("POSITION", {"isSnapshot": False, "positions": positions}, now_ns)
            self._tell("BALANCE", {"isSnapshot": False, "balance": trading.balance_words(now_ns)}, now_ns)

    def _tell_event(self, event: Event, now_ns: int) -> None:
        if isinstance(event, Funded):
            return  # funding is told by REST only
        fill = event.execution
        if fill is not None:
            trade = {**trade_words(fill), "externalOrderId": fill.client_id}
            self._tell("TRADE", {"isSnapshot": False, "trades": [trade]}, now_ns)
        self._tell("ORDER", {"isSnapshot": False, "orders": [order_words(event.order)]}, now_ns)

    def _tell(self, kind: str, data: Words, now_ns: int) -> None:
        self.push(f"account.{ACCOUNT_ID}", f"ACCOUNT.{kind}", msgspec.json.encode(data).decode(), now_ns)

    def _answer(self, number: Any, result: Words) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "result": result})

    def _complain(self, number: Any, code: int, message: str) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}})


def _topic(scope: str, selector: Words) -> str:
    """The name of a subscription."""
    if scope == "account" and selector["account"] == str(ACCOUNT_ID):
        return f"account.{ACCOUNT_ID}"
    if scope == "candles" and (selector["type"], selector["interval"]) == ("last", "PT1M"):
        return f"candles.last.{selector['market']}.PT1M"
    if scope == "prices" and selector["type"] == "mark":
        return f"prices.mark.{selector['market']}"
    if scope in {"orderbooks", "trades", "funding-rates"} and selector.get("depth", "full") == "full":
        return f"{scope}.{selector['market']}"
    raise ValueError(scope)

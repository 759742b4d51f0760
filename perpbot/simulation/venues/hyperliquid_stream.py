"""Hyperliquid's WebSocket session.

Heartbeat is ``{"method": "ping"}``; a connection on which nothing moves for a minute is closed.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from perpbot.simulation.venues import hyperliquid_words as words
from perpbot.simulation.venues.hyperliquid_words import Words
from perpbot.simulation.venues.orders import Event, Execution, Funded, Lifetime, OrderEvent, Status
from perpbot.simulation.venues.stream import MALFORMED, Stream, Topic
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.hyperliquid import Hyperliquid

_MARKET = ("l2Book", "bbo", "trades", "activeAssetCtx", "candle")
_USER = (
    "orderUpdates", "userFills", "userEvents", "userFundings", "webData2", "clearinghouseState", "openOrders",
    "notification", "userNonFundingLedgerUpdates",
)  # fmt: skip
_STATES = ("webData2", "clearinghouseState", "openOrders")


class HyperliquidStream(Stream):
    """One connection."""

    silence_s: float | None = 60.0

    def __init__(self, venue: "Hyperliquid", socket: WebSocket) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._users: dict[tuple[str, str], None] = {}
        """Channels about an address."""

    def silent(self) -> None:
        """Close a connection on which nothing moves either way."""
        if self.idle():
            self.socket.close(1000, "Inactive")

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request."""
        method = message["method"]
        if method == "ping":
            self.send({"channel": "pong"})
        elif method in {"subscribe", "unsubscribe"}:
            self._change(method, message.get("subscription"), now_ns)
        elif method == "post":
            self._post(message, now_ns)
        else:
            raise ValueError("method")

    def complain(self, text: str) -> None:
        """A message on the channel ``error``."""
        self._push("error", f"Error parsing JSON into valid websocket request: {text}")

    # -- subscriptions -------------------------------------------------------------------------------------------

    def _change(self, method: str, subscription: Any, now_ns: int) -> None:
        topic = self._topic(subscription)
        text = msgspec.json.encode(subscription).decode()
        if topic is None:
            self._push("error", f"Invalid subscription {text}")
            return
        if subscription["type"] in _MARKET[:2]:
            self._venue.flush(subscription["coin"], now_ns)
        change = self._add if method == "subscribe" else self._remove
        if not change(topic):
            done = "subscribed" if method == "subscribe" else "unsubscribed"
            self._push("error", f"Already {done}: {text}")
            return
        self._push("subscriptionResponse", {"method": method, "subscription": subscription})
        if method == "subscribe":
            self._first(subscription, now_ns)

    def _topic(self, subscription: Any) -> Topic | None:
        if not isinstance(subscription, dict):
            return None
        kind = subscription.get("type")
        if kind == "allMids":
            return ("allMids",)
        if kind in _MARKET and subscription.get("coin") in self._venue.coins:
            return None if kind == "candle" and subscription.get("interval") != "1m" else (kind, subscription["coin"])
        if kind in _USER and isinstance(subscription.get("user"), str):
            return (kind, subscription["user"].lower())
        return None

    def _add(self, topic: Any) -> bool:
        if topic[0] not in _USER:
            return self._venue.topics.add(topic, self.socket)
        if topic in self._users:
            return False
        self._users[topic] = None
        self._venue.streams[self] = None
        return True

    def _remove(self, topic: Any) -> bool:
        if topic[0] not in _USER:
            return self._venue.topics.remove(topic, self.socket)
        if topic not in self._users:
            return False
        del self._users[topic]
        return True

    def _first(self, subscription: Words, now_ns: int) -> None:
        """What a subscription starts with."""
        venue, kind = self._venue, subscription["type"]
        if kind == "l2Book":
            self._push("l2Book", venue.book_words(subscription["coin"], now_ns))
        elif kind == "bbo":
            coin = subscription["coin"]
            self.socket.send_text(venue.bbo_text(coin, venue.touch_text(coin), now_ns))
        elif kind == "activeAssetCtx":
            coin = subscription["coin"]
            self._push(kind, {"coin": coin, "ctx": venue.info.context_words(coin)})
        elif kind == "allMids":
            self._push(kind, {"mids": venue.info.mids()})
        elif kind in _USER:
            self._first_of_user(kind, subscription["user"], now_ns)

    def _first_of_user(self, kind: str, user: str, now_ns: int) -> None:
        account = self._venue.info.account({"user": user})
        if kind == "userFills":
            fills = [words.fill_words(each) for each in account.executions[-2000:]]
            self._push(kind, {"isSnapshot": True, "user": user, "fills": fills})
        elif kind == "userFundings":
            paid = [words.funding_words(each) for each in account.funding[-500:]]
            self._push(kind, {"isSnapshot": True, "user": user, "fundings": paid})
        elif kind in _STATES:
            self._push(kind, self._state(kind, user, now_ns))

    # -- pushes --------------------------------------------------------------------------------------------------

    def push_events(self, events: Sequence[Event], now_ns: int) -> None:
        """Tell what happened to the account."""
        tell: dict[str, Callable[[str, Sequence[Event]], None]] = {
            "orderUpdates": self._push_orders,
            "userFills": self._push_fills,
            "userEvents": self._push_user_events,
            "userFundings": self._push_fundings,
        }
        for kind, user in list(self._users):
            if user == self._venue.address and kind in tell:
                tell[kind](user, events)
                if self._venue.faults.take("duplicates"):
                    tell[kind](user, events)
        self.push_state(now_ns)

    def push_state(self, now_ns: int) -> None:
        """Send the whole state to those who asked for it."""
        for kind, user in list(self._users):
            if kind in _STATES:
                self._push(kind, self._state(kind, user, now_ns))

    def _push_orders(self, _user: str, events: Sequence[Event]) -> None:
        updates = [words.update_words(each.order) for each in events if isinstance(each, OrderEvent) and _shown(each)]
        if updates:
            self._push("orderUpdates", updates)

    def _push_fills(self, user: str, events: Sequence[Event]) -> None:
        fills = [words.fill_words(each) for each in _fills(events)]
        if fills:
            self._push("userFills", {"user": user, "fills": fills})

    def _push_user_events(self, _user: str, events: Sequence[Event]) -> None:
        fills = [words.fill_words(each) for each in _fills(events)]
        if fills:
            self._push("user", {"fills": fills})
        for each in events:
            if isinstance(each, Funded):
                self._push("user", {"funding": words.funding_words(each)})

    def _push_fundings(self, user: str, events: Sequence[Event]) -> None:
        paid = [words.funding_words(each) for each in events if isinstance(each, Funded)]
        if paid:
            self._push("userFundings", {"user": user, "fundings": paid})

    def _state(self, kind: str, user: str, now_ns: int) -> Words:
        info = self._venue.info
        account = info.account({"user": user})
        orders = [words.full_order_words(each) for each in account.open_orders[::-1]]
        if kind == "openOrders":
            return {"dex": "", "user": user, "orders": orders}
        state = info.clearing_words(account, now_ns)
        if kind == "clearinghouseState":
            return {"dex": "", "user": user, "clearinghouseState": state}
        return {"user": user, "clearinghouseState": state, "openOrders": orders, "serverTime": words.ms(now_ns)}

    # -- the rest ------------------------------------------------------------------------------------------------

    def _post(self, message: Words, now_ns: int) -> None:
        """A question or an action over the stream."""
        request, reply = message.get("request", {}), {"id": message.get("id")}
        kind, payload = request.get("type"), request.get("payload")
        try:
            if kind == "action":
                answer: Any = self._venue.exchange.act(payload, now_ns)
            else:
                answer = {"type": payload["type"], "data": self._venue.info.handlers[payload["type"]](payload, now_ns)}
        except MALFORMED:
            kind, answer = "error", "Failed to deserialize the JSON body into the target type"
        self._venue.settle(now_ns)
        self._push("post", {**reply, "response": {"type": kind, "payload": answer}})

    def _push(self, channel: str, data: object) -> None:
        self.send({"channel": channel, "data": data})


def _fills(events: Sequence[Event]) -> list[Execution]:
    return [each.execution for each in events if isinstance(each, OrderEvent) and each.execution]


def _shown(event: OrderEvent) -> bool:
    """An order that does not wait is told of when it is over, not before."""
    order = event.order
    return order.lifetime in {Lifetime.GTC, Lifetime.POST_ONLY} or order.status is not Status.OPEN

"""OKX's WebSocket sessions: public, private and business.

Heartbeat is the text ``ping``, answered by ``pong``; a connection on which nothing moves for 30 s is closed.
"""

from typing import TYPE_CHECKING, Any

from perpbot.simulation.venues import okx_words as words
from perpbot.simulation.venues.okx_words import Words
from perpbot.simulation.venues.orders import OrderEvent
from perpbot.simulation.venues.stream import Stream
from perpbot.simulation.venues.websocket import WebSocket

if TYPE_CHECKING:
    from perpbot.simulation.venues.okx import Okx

_BOOKS = {"books": 400, "books5": 5, "bbo-tbt": 1}
_SLOW = ("tickers", "mark-price", "funding-rate")
_PUBLIC = (*_BOOKS, *_SLOW, "trades")
_BUSINESS = ("candle1m",)
_PRIVATE = ("orders", "positions", "account", "balance_and_position")


class OkxStream(Stream):
    """One connection."""

    silence_s: float | None = 30.0

    def __init__(self, venue: "Okx", socket: WebSocket, kind: str) -> None:
        super().__init__(venue, socket)
        self._venue = venue
        self._kind = kind
        self._id = f"{venue.count_connection():08x}"
        self._logged_in = False
        self._private: dict[str, Words] = {}
        """Arguments of the private subscriptions by their text."""

    def silent(self) -> None:
        """Close a connection on which nothing moves either way."""
        if self.idle():
            self.socket.close(4004, "No data received in 30s.")

    def handle(self, message: Any, now_ns: int) -> None:
        """Take one request."""
        if message == "ping":
            self.socket.send_text("pong")
        elif not isinstance(message["args"], list):
            raise TypeError("args")
        elif message.get("op") == "login":
            self._login(message["args"], now_ns)
        elif message.get("op") in {"subscribe", "unsubscribe"}:
            for argument in message["args"]:
                self._change(str(message["op"]), dict(argument), now_ns)
        elif message.get("op") in {"order", "batch-orders", "cancel-order", "batch-cancel-orders"}:
            self._trade(message, now_ns)
        else:
            raise ValueError("op")

    def complain(self, text: str) -> None:
        """Code 60012."""
        self._error("60012", f"Invalid request: {text}")

    # -- subscriptions -------------------------------------------------------------------------------------------

    def _change(self, operation: str, argument: Words, now_ns: int) -> None:
        channel, symbol = str(argument["channel"]), str(argument.get("instId"))
        if channel in _PRIVATE and self._kind == "private":
            self._change_private(operation, argument, now_ns)
        elif channel in (_PUBLIC if self._kind == "public" else _BUSINESS) and symbol in self._venue.coins:
            topic = (channel, symbol)
            if operation == "unsubscribe":
                self._venue.topics.remove(topic, self.socket)
                self._acknowledge(operation, argument)
                return
            self._venue.flush(symbol, now_ns)
            self._venue.topics.add(topic, self.socket)
            self._acknowledge(operation, argument)
            self._first(channel, symbol, argument, now_ns)
        else:
            asked = ",".join(f"{name}:{value}" for name, value in argument.items())
            known = "Please use the correct URL, channel and parameters referring to API document."
            self._error("60018", f"Wrong URL or {asked} doesn't exist. {known}")

    def _first(self, channel: str, symbol: str, argument: Words, now_ns: int) -> None:
        """What a subscription starts with."""
        venue = self._venue
        if channel in _BOOKS:
            book = venue.data.book_words(symbol, _BOOKS[channel], now_ns)
            if channel == "books":
                book = {**book, "checksum": 0, "prevSeqId": -1}
                self.send({"arg": argument, "action": "snapshot", "data": [book]})
            else:
                self.send({"arg": argument, "data": [{**book, "instId": symbol}]})
        elif channel != "trades":
            self.send({"arg": argument, "data": [venue.channel_words(channel, symbol, now_ns)]})

    def _change_private(self, operation: str, argument: Words, now_ns: int) -> None:
        if not self._logged_in:
            self._error("60011", "Please log in")
            return
        text = repr(sorted(argument.items()))
        self._acknowledge(operation, argument)
        if operation == "unsubscribe":
            self._private.pop(text, None)
            return
        self._private[text] = argument
        trading, channel = self._venue.trading, argument["channel"]
        if channel == "account":
            self._push(argument, [trading.balance_words(now_ns)], eventType="snapshot")
        elif channel == "positions":
            held = [each for each in trading.open_positions() if _covers(argument, each)]
            self._push(argument, [trading.position_words(each, now_ns) for each in held], eventType="snapshot")
        elif channel == "balance_and_position":
            self._push(argument, [self._balance_and_position(trading.open_positions(), "snapshot", now_ns)])

    # -- pushes --------------------------------------------------------------------------------------------------

    def push_order(self, event: OrderEvent) -> None:
        """Tell of one change of an order."""
        order, fill = event.order, event.execution
        for argument in self._of("orders"):
            if _covers(argument, order.symbol):
                instrument = self._venue.instrument(order.symbol)
                data = words.order_push(instrument, self._venue.trading.order_words(order, fill), fill)
                self._push(argument, [data])
                if self._venue.faults.take("duplicates"):
                    self._push(argument, [data])

    def push_account(self, symbols: list[str], now_ns: int) -> None:
        """Tell what positions and balance are now."""
        trading = self._venue.trading
        for argument in self._of("positions"):
            held = [trading.position_words(symbol, now_ns) for symbol in symbols if _covers(argument, symbol)]
            if held:
                self._push(argument, held)
        for argument in self._of("account"):
            self._push(argument, [trading.balance_words(now_ns)])
        for argument in self._of("balance_and_position"):
            self._push(argument, [self._balance_and_position(symbols, "filled", now_ns)])

    def _of(self, channel: str) -> list[Words]:
        return [each for each in self._private.values() if each["channel"] == channel]

    def _push(self, argument: Words, data: list[Words], **more: str) -> None:
        uid = str(int(self._venue.world.id, 16))
        self.send({"arg": {**argument, "uid": uid}, **more, "data": data})

    def _balance_and_position(self, symbols: list[str], kind: str, now_ns: int) -> Words:
        trading = self._venue.trading
        balance, stamp = trading.balance_words(now_ns)["details"][0], words.ms(now_ns)
        names = (
            "posId",
            "tradeId",
            "instId",
            "instType",
            "mgnMode",
            "posSide",
            "pos",
            "ccy",
            "posCcy",
            "avgPx",
            "uTime",
        )
        positions = [trading.position_words(symbol, now_ns) for symbol in symbols]
        return {
            "pTime": stamp,
            "eventType": kind,
            "balData": [{"ccy": balance["ccy"], "cashBal": balance["cashBal"], "uTime": stamp}],
            "posData": [{name: each[name] for name in names} for each in positions],
            "trades": [],
        }

    # -- the rest ------------------------------------------------------------------------------------------------

    def _login(self, arguments: list[Any], now_ns: int) -> None:
        fault = ("60012", "Invalid request")
        if self._kind != "public" and arguments and isinstance(arguments[0], dict):
            found = self._venue.login_fault(arguments[0], now_ns)
            if found is None:
                self._logged_in = True
                self._venue.streams[self] = None
                self.send({"event": "login", "code": "0", "msg": "", "connId": self._id})
                return
            fault = found
        self._error(*fault)

    def _trade(self, message: Words, now_ns: int) -> None:
        """Place or cancel over the stream; ``expTime`` holds here as it does for REST."""
        trading, operation = self._venue.trading, message["op"]
        reply = {"id": str(message.get("id", "")), "op": operation}
        if not self._logged_in:
            self.send({**reply, "code": "60011", "msg": "Please log in", "data": []})
            return
        if "expTime" in message and int(message["expTime"]) < int(words.ms(now_ns)):
            code, text = words.EXPIRED
            self.send({**reply, "code": "1", "msg": "", "data": [{"ordId": "", "sCode": code, "sMsg": text}]})
            return
        act = trading.cancel if "cancel" in operation else trading.place
        data = [act(each, now_ns) for each in message["args"]]
        self._venue.settle(now_ns)
        failed = [each for each in data if each["sCode"] != "0"]
        code = "0" if not failed else "1" if len(failed) == len(data) else "2"
        times = {"inTime": str(now_ns // 1000), "outTime": str(now_ns // 1000)}
        self.send({**reply, "code": code, "msg": "", "data": data, **times})

    def _acknowledge(self, operation: str, argument: Words) -> None:
        self.send({"event": operation, "arg": argument, "connId": self._id})

    def _error(self, code: str, message: str) -> None:
        self.send({"event": "error", "code": code, "msg": message, "connId": self._id})


def _covers(argument: Words, symbol: str) -> bool:
    """Whether a private subscription is about `symbol`: it may name a kind, a family, or one instrument."""
    if argument.get("instType", "SWAP") not in {"SWAP", "ANY"}:
        return False
    family = symbol.removesuffix("-SWAP")
    return argument.get("instFamily") in {None, "", family} and argument.get("instId") in {None, "", symbol}

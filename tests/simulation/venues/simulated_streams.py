"""Books rebuilt from each venue's WebSocket, by each venue's rule."""

import base64
import hmac
import json
import struct
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any

import requests
import websocket
from simulated_service import PATIENCE_S

from perpbot import clock

Side = dict[Decimal, Decimal]


class GapError(Exception):
    """A message is missing."""


class Feed(ABC):
    """One BTC book at one venue."""

    def __init__(self, venue: str, served: dict[str, Any]) -> None:
        self.rest = served[venue]["rest"]
        self.bids: Side = {}
        self.asks: Side = {}
        self.last = 0
        self.updates = 0
        self.public = served[venue]["ws"]["public"]
        self.socket = websocket.create_connection(self.public, timeout=PATIENCE_S)
        self.start()

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def step(self) -> None:
        """Take one message of the book."""

    @abstractmethod
    def agrees(self) -> bool:
        """Ask for the book by REST and see whether the stream comes to the same."""

    def send(self, message: Any) -> None:
        self.socket.send(json.dumps(message))

    def receive(self) -> Any:
        return json.loads(self.socket.recv())

    def apply(self, bids: Any, asks: Any) -> None:
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for price, size in ((Decimal(level[0]), Decimal(level[1])) for level in levels):
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        self.updates += 1
        assert max(self.bids) < min(self.asks)

    def close(self) -> None:
        self.socket.close()


def sides(bids: Any, asks: Any) -> tuple[Side, Side]:
    bid_side, ask_side = ({Decimal(level[0]): Decimal(level[1]) for level in levels} for levels in (bids, asks))
    return bid_side, ask_side


class OkxFeed(Feed):
    def start(self) -> None:
        self.send({"op": "subscribe", "args": [{"channel": "books", "instId": "BTC-USDT-SWAP"}]})
        self.step()

    def step(self) -> None:
        message = self.receive()
        while "data" not in message:
            message = self.receive()
        book = message["data"][0]
        assert book["checksum"] == 0
        if message["action"] == "snapshot":
            assert book["prevSeqId"] == -1
        elif book["prevSeqId"] != self.last:
            raise GapError
        self.apply(book["bids"], book["asks"])
        self.last = book["seqId"]

    def agrees(self) -> bool:
        reply = requests.get(f"{self.rest}/api/v5/market/books?instId=BTC-USDT-SWAP&sz=400", timeout=PATIENCE_S)
        book = reply.json()["data"][0]
        while self.last < book["seqId"]:
            self.step()
        return self.last == book["seqId"] and (self.bids, self.asks) == sides(book["bids"], book["asks"])


class HyperliquidFeed(Feed):
    def start(self) -> None:
        self.send({"method": "subscribe", "subscription": {"type": "l2Book", "coin": "BTC"}})
        self.step()

    def step(self) -> None:
        message = self.receive()
        while message["channel"] != "l2Book":
            message = self.receive()
        self.bids, self.asks = {}, {}
        bids, asks = ([(level["px"], level["sz"]) for level in side] for side in message["data"]["levels"])
        assert len(bids) == len(asks) == 20
        self.apply(bids, asks)
        self.last = message["data"]["time"]

    def agrees(self) -> bool:
        reply = requests.post(f"{self.rest}/info", json={"type": "l2Book", "coin": "BTC"}, timeout=PATIENCE_S).json()
        wanted = sides(*([(level["px"], level["sz"]) for level in side] for side in reply["levels"]))
        while (self.bids, self.asks) != wanted and self.last <= reply["time"]:
            self.step()
        return (self.bids, self.asks) == wanted


class AsterFeed(Feed):
    def start(self) -> None:
        self.send({"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 1})
        assert self.receive() == {"result": None, "id": 1}
        waiting = self.receive()
        book = self.snapshot()
        number = book["lastUpdateId"]
        while waiting["u"] < number:
            waiting = self.receive()
        assert waiting["U"] <= number <= waiting["u"]
        self.apply(book["bids"], book["asks"])
        self.take(waiting)
        self.pending: Any = None

    def snapshot(self) -> Any:
        return requests.get(f"{self.rest}/fapi/v3/depth?symbol=BTCUSDT&limit=1000", timeout=PATIENCE_S).json()

    def take(self, event: Any) -> None:
        self.apply(event["b"], event["a"])
        self.last = event["u"]

    def step(self) -> None:
        event, self.pending = self.pending or self.receive(), None
        if event["pu"] != self.last:
            raise GapError
        self.take(event)

    def agrees(self) -> bool:
        book = self.snapshot()
        self.pending = self.pending or self.receive()
        while self.pending["u"] < book["lastUpdateId"]:
            self.step()
            self.pending = self.receive()
        return (self.bids, self.asks) == sides(book["bids"], book["asks"])


class BackpackFeed(Feed):
    def start(self) -> None:
        self.send({"method": "SUBSCRIBE", "params": ["depth.BTC_USDC_PERP"]})
        waiting = self.receive()["data"]
        book = self.snapshot()
        self.last = int(book["lastUpdateId"])
        while waiting["u"] <= self.last:
            waiting = self.receive()["data"]
        assert waiting["U"] <= self.last + 1 <= waiting["u"]
        self.apply(book["bids"], book["asks"])
        self.take(waiting)

    def snapshot(self) -> Any:
        return requests.get(f"{self.rest}/api/v1/depth?symbol=BTC_USDC_PERP&limit=1000", timeout=PATIENCE_S).json()

    def take(self, event: Any) -> None:
        self.apply(event["b"], event["a"])
        self.last = event["u"]

    def step(self) -> None:
        event = self.receive()["data"]
        if event["U"] != self.last + 1:
            raise GapError
        self.take(event)

    def agrees(self) -> bool:
        book = self.snapshot()
        assert Decimal(book["bids"][0][0]) < Decimal(book["bids"][-1][0])
        while self.last < int(book["lastUpdateId"]):
            self.step()
        wanted = sides(book["bids"], book["asks"])
        return self.last == int(book["lastUpdateId"]) and (self.bids, self.asks) == wanted


class ParadexFeed(Feed):
    """Its frames are binary: header, time, number, kind, best levels, then the levels."""

    def start(self) -> None:
        self.socket.close()
        self.socket = websocket.create_connection(f"{self.public}?sbeSchemaId=1&sbeSchemaVersion=1", timeout=PATIENCE_S)
        self.call("subscribe")
        assert self.receive()["result"] == {"channel": "order_book.BTC-USD-PERP.deltas"}
        self.step()

    def call(self, method: str) -> None:
        parameters = {"channel": "order_book.BTC-USD-PERP.deltas"}
        self.send({"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1})

    def step(self) -> None:
        frame = self.socket.recv()
        assert isinstance(frame, bytes)
        length, template = struct.unpack_from("<HH", frame)
        _, number, kind = struct.unpack_from("<qqB", frame, 8)
        assert (length, template) == (89, 3)
        found, at = [], 8 + length
        for _ in range(2):
            entry, count = struct.unpack_from("<HH", frame, at)
            entries = [struct.unpack_from("<qq", frame, at + 4 + entry * each) for each in range(count)]
            found.append([(Decimal(price) / 10**8, Decimal(size) / 10**8) for price, size in entries])
            at += 4 + entry * count
        assert frame[at:] == b"\x0cBTC-USD-PERP"
        if kind == 1 and number != self.last + 1:
            raise GapError
        self.apply(*found)
        self.last = number

    def agrees(self) -> bool:
        book = requests.get(f"{self.rest}/orderbook/BTC-USD-PERP?depth=400", timeout=PATIENCE_S).json()
        while self.last < book["seq_no"]:
            self.step()
        return self.last == book["seq_no"] and (self.bids, self.asks) == sides(book["bids"], book["asks"])


class GrvtFeed(Feed):
    def start(self) -> None:
        params = {"stream": "v1.book.d", "selectors": ["BTC_USDT_Perp@50"]}
        self.send({"jsonrpc": "2.0", "method": "subscribe", "params": params, "id": 1})
        assert self.receive()["result"]["subs"] == ["BTC_USDT_Perp@50"]
        self.first = True
        whole = self.receive()
        assert whole["sequence_number"] == whole["prev_sequence_number"] == "0"
        self.take(whole["feed"])

    def take(self, feed: Any) -> None:
        self.apply(*([(level["price"], level["size"]) for level in feed[side]] for side in ("bids", "asks")))

    def step(self) -> None:
        message = self.receive()
        if not self.first and int(message["prev_sequence_number"]) != self.last:
            raise GapError
        self.first = False
        self.take(message["feed"])
        self.last = int(message["sequence_number"])
        self.time = int(message["feed"]["event_time"])

    def agrees(self) -> bool:
        reply = requests.post(
            f"{self.rest}/full/v1/book", json={"instrument": "BTC_USDT_Perp", "depth": 500}, timeout=PATIENCE_S
        ).json()["result"]
        levels = ([(level["price"], level["size"]) for level in reply[side]] for side in ("bids", "asks"))
        wanted = sides(*levels)
        while (self.bids, self.asks) != wanted and self.time <= int(reply["event_time"]):
            self.step()
        return (self.bids, self.asks) == wanted


class ExtendedFeed(Feed):
    def start(self) -> None:
        selector = {"market": "BTC-USD", "depth": "full", "rfqOnly": False}
        params = {"scope": "orderbooks", "selector": selector}
        self.send({"jsonrpc": "2.0", "method": "subscribe", "params": params, "id": "1"})
        assert self.receive()["result"] == {"subscription": "orderbooks.BTC-USD"}
        self.last = -1
        self.step()

    def step(self) -> None:
        message = self.receive()
        if message["seq"] != self.last + 1:
            raise GapError
        self.last = message["seq"]
        changes = [[(level["p"], level["c"]) for level in message["data"][side]] for side in ("b", "a")]
        if message["type"] == "ORDERBOOKS.DELTA":
            for side, name in ((self.bids, "b"), (self.asks, "a")):
                for level in message["data"][name]:
                    assert side.get(Decimal(level["p"]), Decimal(0)) + Decimal(level["q"]) == Decimal(level["c"])
        self.apply(*changes)

    def agrees(self) -> bool:
        book = requests.get(f"{self.rest}/api/v1/info/markets/BTC-USD/orderbook", timeout=PATIENCE_S).json()["data"]
        wanted = sides(*([(level["price"], level["qty"]) for level in book[side]] for side in ("bid", "ask")))
        for _ in range(500):
            if (self.bids, self.asks) == wanted:
                return True
            self.step()
        return False


FEEDS: dict[str, type[Feed]] = {
    "okx": OkxFeed,
    "hyperliquid": HyperliquidFeed,
    "aster": AsterFeed,
    "backpack": BackpackFeed,
    "extended": ExtendedFeed,
    "paradex": ParadexFeed,
    "grvt": GrvtFeed,
}


def backpack_subscription(exchange: Any, *streams: str, window: int = 5_000) -> dict[str, Any]:
    stamp = clock.wall_ms()
    text = f"instruction=subscribe&timestamp={stamp}&window={window}"
    seed = exchange.base64_to_binary(exchange.secret)[:32]
    signature = exchange.eddsa(text.encode(), seed, "ed25519")
    return {
        "method": "SUBSCRIBE",
        "params": list(streams),
        "signature": [exchange.apiKey, signature, str(stamp), str(window)],
    }


def okx_login(credentials: dict[str, str], *, at_s: int | None = None) -> dict[str, Any]:
    stamp = str(clock.wall_ns() // clock.NS_PER_SECOND if at_s is None else at_s)
    digest = hmac.digest(credentials["secret"].encode(), f"{stamp}GET/users/self/verify".encode(), "sha256")
    sign = base64.b64encode(digest).decode()
    keys = {"apiKey": credentials["apiKey"], "passphrase": credentials["password"]}
    return {"op": "login", "args": [{**keys, "timestamp": stamp, "sign": sign}]}

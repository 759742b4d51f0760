import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
import websocket
from simulated_clients import VENUES, Trader
from simulated_service import Service
from simulated_streams import FEEDS, Feed, GapError, backpack_subscription, okx_login

pytest_plugins = ["simulated_fixtures"]
pytestmark = pytest.mark.process

MANY = 2_000
"""Messages of which some may be on their way when a fault is asked for, more on a busy machine."""


@pytest.fixture(params=VENUES)
def venue(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def feed(venue: str, venue_service: Service) -> Iterator[Feed]:
    opened = FEEDS[venue](venue, venue_service.served)
    yield opened
    opened.close()


def steps(feed: Feed, count: int) -> None:
    for _ in range(count):
        feed.step()


def test_a_book_follows_its_rule_and_agrees_with_rest(feed: Feed, venue: str, venue_service: Service) -> None:
    trader = Trader(venue, venue_service.served)
    for _ in range(5):
        steps(feed, 30)
        bid, ask = trader.touch()
        placed = trader.place("buy", "0.02", bid * 0.9995)
        trader.place("sell", "0.02", None)
        assert feed.agrees()
        trader.exchange.cancel_order(placed["id"], trader.symbol)
        trader.place("buy", "0.02", ask * 1.001)
        assert feed.agrees()
    assert feed.updates >= 150


def test_a_swallowed_message_leaves_a_gap(feed: Feed, venue: str, venue_service: Service) -> None:
    steps(feed, 1)  # GRVT's snapshot has no number: only its second change tells what came before
    venue_service.admin(venue, "faults", gap=1)
    if venue == "hyperliquid":
        steps(feed, 5)
        assert feed.agrees()
        return
    with pytest.raises(GapError):
        steps(feed, MANY)


def test_a_price_may_be_no_number(feed: Feed, venue: str, venue_service: Service) -> None:
    venue_service.admin(venue, "faults", not_a_number=1)
    nothing = (-(2**63)).to_bytes(8, "little", signed=True)
    frames = (feed.socket.recv() for _ in range(MANY))
    assert any(nothing in frame[97:] if isinstance(frame, bytes) else '"NaN"' in frame for frame in frames)


def test_a_checksum_may_be_wrong(venue_service: Service) -> None:
    feed = FEEDS["okx"]("okx", venue_service.served)
    venue_service.admin("okx", "faults", wrong_checksum=1)
    with pytest.raises(AssertionError):
        steps(feed, MANY)
    feed.close()


def test_a_cut_connection_can_be_made_again(feed: Feed, venue: str, venue_service: Service) -> None:
    steps(feed, 2)
    venue_service.admin(venue, "disconnect")
    with pytest.raises((websocket.WebSocketException, OSError)):
        steps(feed, 1000)
    again = FEEDS[venue](venue, venue_service.served)
    steps(again, 5)
    assert again.agrees()
    again.close()


# -- private streams ---------------------------------------------------------------------------------------------


def session(trader: Trader) -> dict[str, str]:
    """What the handshake of a private stream carries."""
    if trader.venue != "grvt":
        return {}
    options = trader.exchange.options
    return {"Cookie": options["AuthCookieValue"], "X-Grvt-Account-Id": options["AuthAccountId"]}


class Private:
    """A connection that keeps what it hears of the account."""

    def __init__(self, trader: Trader, served: dict[str, Any]) -> None:
        place = served[trader.venue]
        url = place["ws"]["private"]
        if trader.venue == "aster":
            url += "/" + trader.exchange.fapiPrivatePostV3ListenKey()["listenKey"]
        self.socket = websocket.create_connection(url, timeout=10, header=session(trader))
        self.heard: list[Any] = []
        if trader.venue == "okx":
            self.socket.send(json.dumps(okx_login(place["credentials"])))
            self.listen_until(lambda message: message.get("event") == "login")
            channels = [{"channel": name, "instType": "SWAP"} for name in ("orders", "positions")]
            self.socket.send(json.dumps({"op": "subscribe", "args": [*channels, {"channel": "account"}]}))
            self.listen_until(lambda message: message.get("arg", {}).get("channel") == "account")
        elif trader.venue == "hyperliquid":
            for name in ("orderUpdates", "userFills"):
                wanted = {"type": name, "user": place["credentials"]["walletAddress"]}
                self.socket.send(json.dumps({"method": "subscribe", "subscription": wanted}))
            self.listen_until(lambda message: message["channel"] == "userFills")

        elif trader.venue == "extended":
            selector = {"account": str(trader.exchange.fetch_account()["id"])}
            self.call("subscribe", scope="account", selector=selector, apiKey=trader.exchange.apiKey)
        elif trader.venue == "paradex":
            self.call("auth", bearer=trader.exchange.authenticate_rest())
            for channel in ("orders.ALL", "fills.ALL", "positions", "account"):
                self.call("subscribe", channel=channel)
        elif trader.venue == "grvt":
            for stream in ("v1.order", "v1.fill", "v1.position"):
                self.call("subscribe", stream=stream, selectors=[trader.exchange.options["accountId"]])
        elif trader.venue == "backpack":
            streams = ("account.orderUpdate", "account.positionUpdate", "account.balanceUpdate")
            self.socket.send(json.dumps(backpack_subscription(trader.exchange, *streams)))
            self.socket.ping("done?")
            self.socket.recv_data(control_frame=True)

    def call(self, method: str, **parameters: Any) -> None:
        self.socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}))
        self.listen_until(lambda message: message.get("id") == 1)

    def listen_until(self, wanted: Callable[[Any], bool]) -> Any:
        while True:
            self.heard.append(json.loads(self.socket.recv()))
            if wanted(self.heard[-1]):
                return self.heard[-1]

    def fill(self) -> tuple[str, Decimal]:
        """The next fill's order id and size as the stream tells them."""
        while True:
            message = json.loads(self.socket.recv())
            if message.get("e") == "ORDER_TRADE_UPDATE" and message["o"]["x"] == "TRADE":
                return str(message["o"]["i"]), Decimal(message["o"]["l"])
            if message.get("channel") == "userFills":
                return str(message["data"]["fills"][0]["oid"]), Decimal(message["data"]["fills"][0]["sz"])
            data = message.get("data")
            if message.get("type") == "ACCOUNT.TRADE":
                return str(data["trades"][0]["orderId"]), Decimal(data["trades"][0]["qty"])
            if message.get("params", {}).get("channel") == "fills.ALL":
                told = message["params"]["data"]
                return told["order_id"], Decimal(told["size"])
            if message.get("stream") == "v1.fill":
                return message["feed"]["order_id"], Decimal(message["feed"]["size"])
            if message.get("stream") == "account.orderUpdate" and data["e"] == "orderFill":
                return data["i"], Decimal(data["l"])
            if message.get("arg", {}).get("channel") == "orders" and data[0]["tradeId"]:
                return data[0]["ordId"], Decimal(data[0]["fillSz"]) / 100


@pytest.fixture
def trader(venue: str, venue_service: Service) -> Trader:
    return Trader(venue, venue_service.served)


def test_fills_are_told(trader: Trader, venue_service: Service) -> None:
    private = Private(trader, venue_service.served)
    placed = trader.place("buy", "0.02", None)
    assert private.fill() == (placed["id"], Decimal("0.02"))
    trader.place("sell", "0.02", None)
    private.socket.close()


def test_private_messages_may_come_twice(trader: Trader, venue_service: Service) -> None:
    private = Private(trader, venue_service.served)
    venue_service.admin(trader.venue, "faults", duplicates=8)
    trader.place("buy", "0.02", None)
    assert private.fill() == private.fill()
    venue_service.admin(trader.venue, "faults", duplicates=0)
    trader.place("sell", "0.02", None)
    private.socket.close()


def test_okx_wants_a_login_first_and_a_true_one(venue_service: Service) -> None:
    okx = venue_service.served["okx"]
    socket = websocket.create_connection(okx["ws"]["private"], timeout=10)

    def ask(message: Any) -> Any:
        socket.send(json.dumps(message))
        return json.loads(socket.recv())

    orders = {"op": "subscribe", "args": [{"channel": "orders", "instType": "SWAP"}]}
    assert ask(orders)["code"] == "60011"
    assert ask(okx_login({**okx["credentials"], "secret": "x"}))["code"] == "60007"
    assert ask(okx_login({**okx["credentials"], "apiKey": "x"}))["code"] == "60005"
    assert ask(okx_login(okx["credentials"], at_s=1_600_000_000))["code"] == "60006"
    assert ask(okx_login(okx["credentials"]))["event"] == "login"
    assert ask(orders)["event"] == "subscribe"
    order = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": "buy", "ordType": "limit", "px": "50000", "sz": "1"}
    placed = ask({"id": "7", "op": "order", "args": [order]})
    while placed.get("op") != "order":
        placed = json.loads(socket.recv())
    assert placed["data"][0]["sCode"] == "0"
    late = ask({"id": "8", "op": "order", "args": [order], "expTime": "1600000000000"})
    while late.get("id") != "8":
        late = json.loads(socket.recv())
    assert late["data"][0]["sCode"] == "51149"
    socket.close()


def test_heartbeats_and_errors_are_each_venues_own(venue_service: Service) -> None:
    answers = {
        "okx": [("ping", "pong"), ('{"op":"subscribe","args":[{"channel":"books","instId":"X"}]}', "60018")],
        "hyperliquid": [
            ('{"method":"ping"}', '{"channel":"pong"}'),
            ('{"method":"subscribe","subscription":{"type":"l2Book","coin":"X"}}', "Invalid subscription"),
        ],
        "aster": [('{"method":"LIST_SUBSCRIPTIONS","id":3}', '{"result":[],"id":3}'), ("x", "Invalid JSON")],
        "grvt": [
            ('{"method":"subscribe","params":{"stream":"v1.book.d","selectors":["X@50"]},"id":1}', "3000"),
            ('{"method":"subscribe","params":{"stream":"v1.order","selectors":["1"]},"id":1}', "1000"),
            ("x", "1003"),
        ],
        "extended": [
            ('{"jsonrpc":"2.0","id":"1","method":"ping"}', '"id":"1","result":{}'),
            ('{"id":"2","method":"subscribe","params":{"scope":"trades","selector":{"market":"X"}}}', "1001"),
            ('{"id":"3","method":"subscribe","params":{"scope":"account","selector":{"account":"1"}}}', "Unauthorized"),
            ("x", "-32700"),
        ],
        "paradex": [
            ('{"method":"subscribe","params":{"channel":"positions"},"id":1}', "40111"),
            ('{"method":"subscribe","params":{"channel":"trades.X"},"id":1}', "invalid channel"),
            ('{"method":"subscribe","params":{"channel":"trades.BTC-USD-PERP"},"id":1}', "SBE"),
            ("x", "-32700"),
        ],
        "backpack": [
            ('{"method":"SUBSCRIBE","params":["depth.X"]}', '{"id":null,"error":{"code":4006'),
            ('{"method":"SUBSCRIBE","params":["account.orderUpdate"]}', '"code":4001'),
        ],
    }
    for venue, pairs in answers.items():
        socket = websocket.create_connection(venue_service.served[venue]["ws"]["public"], timeout=10)
        for question, answer in pairs:
            socket.send(question)
            assert answer in socket.recv()
        socket.ping("x")
        socket.close()


def test_backpack_shows_the_positions_first_to_whoever_signs(venue_service: Service) -> None:
    trader = Trader("backpack", venue_service.served)
    trader.place("buy", "0.02", None)
    socket = websocket.create_connection(venue_service.served["backpack"]["ws"]["private"], timeout=10)
    stranger = backpack_subscription(trader.exchange, "account.positionUpdate")
    stranger["signature"][1] = backpack_subscription(trader.exchange, "x", window=4_000)["signature"][1]
    socket.send(json.dumps(stranger))
    assert json.loads(socket.recv())["error"]["message"] == "Invalid signature"
    socket.send(json.dumps(backpack_subscription(trader.exchange, "account.positionUpdate")))
    first = json.loads(socket.recv())
    assert (first["data"]["s"], first["data"]["q"]) == ("BTC_USDC_PERP", "0.02")
    assert "e" not in first["data"]
    trader.place("sell", "0.02", None)
    assert json.loads(socket.recv())["data"]["e"] == "positionClosed"
    socket.close()


def test_a_lapsed_listen_key_cannot_be_prolonged(venue_service: Service) -> None:
    trader = Trader("aster", venue_service.served)
    key = trader.exchange.fapiPrivatePostV3ListenKey()["listenKey"]
    assert trader.exchange.fapiPrivatePostV3ListenKey()["listenKey"] == key
    trader.exchange.fapiPrivatePutV3ListenKey()
    trader.exchange.fapiPrivateDeleteV3ListenKey()
    unsigned = requests.put(f"{trader.exchange.urls['api']['fapiPrivate']}/v3/listenKey", timeout=10)
    assert unsigned.status_code == 400

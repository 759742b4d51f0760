"""Venues asked directly, without a network: odd requests, funding, the dead man's switch."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_clients import VENUES

from perpbot import clock
from perpbot.model.instrument import Side
from perpbot.simulation.venues.orders import Ending, Lifetime, Ticket
from perpbot.simulation.venues.server import Request
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.venues.venue import ACCOUNT, SimulatedVenue

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["BTC", "BTCUSDT", "order", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    [
        "op",
        "args",
        "method",
        "params",
        "subscription",
        "type",
        "coin",
        "channel",
        "instId",
        "action",
        "req",
        "user",
        "orders",
        "request",
        "payload",
        "id",
        "signature",
        "nonce",
        "symbol",
        "interval",
        "oid",
    ]
)
VALUES = st.sampled_from(
    [
        "subscribe",
        "login",
        "order",
        "cancel",
        "l2Book",
        "BTC",
        "books",
        "BTC-USDT-SWAP",
        "SUBSCRIBE",
        "post",
        "info",
        "orderStatus",
        "candleSnapshot",
        "candle",
        "1m",
        "btcusdt@depth",
        "action",
        "noop",
        "0x0000000000000000000000000000000000000000",
    ]
)
MESSAGES = JSON | st.dictionaries(WORDS, VALUES | JSON | st.dictionaries(WORDS, VALUES | JSON, max_size=4), max_size=5)
PATHS = {
    "okx": [
        ("POST", "/okx/api/v5/trade/order"),
        ("GET", "/okx/api/v5/market/books"),
        ("GET", "/okx/api/v5/market/candles"),
    ],
    "hyperliquid": [("POST", "/hyperliquid/info"), ("POST", "/hyperliquid/exchange")],
    "aster": [
        ("GET", "/aster/fapi/v3/depth"),
        ("GET", "/aster/fapi/v3/klines"),
        ("POST", "/aster/fapi/v3/order"),
        ("GET", "/aster/fapi/v3/ticker/24hr"),
    ],
    "grvt": [
        ("POST", "/grvt/full/v1/book"),
        ("POST", "/grvt/full/v1/kline"),
        ("POST", "/grvt/full/v1/create_order"),
        ("POST", "/grvt/auth/wallet/login"),
    ],
    "extended": [
        ("GET", "/extended/api/v1/info/markets/BTC-USD/orderbook"),
        ("GET", "/extended/api/v1/info/candles/BTC-USD/trades"),
        ("POST", "/extended/api/v1/user/order"),
        ("GET", "/extended/api/v1/user/trades"),
    ],
    "paradex": [
        ("GET", "/paradex/v1/orderbook/BTC-USD-PERP"),
        ("GET", "/paradex/v1/markets/klines"),
        ("POST", "/paradex/v1/orders"),
        ("POST", "/paradex/v1/auth"),
        ("GET", "/paradex/v1/fills"),
    ],
    "backpack": [
        ("GET", "/backpack/api/v1/depth"),
        ("GET", "/backpack/api/v1/klines"),
        ("POST", "/backpack/api/v1/order"),
        ("GET", "/backpack/wapi/v1/history/fills"),
    ],
}


class Peer:
    """Takes the place of a WebSocket and keeps what is sent."""

    frames_sent = 0
    received = 0

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame.decode("utf-8", "replace"))

    def send_text(self, text: str) -> None:
        self.sent.append(text)

    def send_binary(self, data: bytes) -> None:
        self.sent.append(data.hex())

    def ping(self) -> None:
        self.sent.append("ping")

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.sent.append(f"{code} {reason}")


@pytest.fixture(scope="module")
def venues() -> SimulatedVenues:
    return SimulatedVenues(VENUES, seed=2, coins=("BTC", "ETH"), world_id="00000000000000ee")


@pytest.fixture(params=VENUES)
def venue(request: pytest.FixtureRequest, venues: SimulatedVenues) -> SimulatedVenue:
    return venues.venues[request.param]


@pytest.mark.parametrize("name", VENUES)
@settings(max_examples=150, deadline=None)
@given(message=MESSAGES, extra=st.dictionaries(WORDS, VALUES, max_size=3))
def test_odd_requests_are_answered(name: str, venues: SimulatedVenues, message: Any, extra: dict[str, str]) -> None:
    venue = venues.venues[name]
    query = "&".join(f"{key}={value}" for key, value in extra.items())
    for method, path in PATHS[name]:
        answer = venue.answer(Request(method, path, query, {}, json.dumps(message).encode()))
        assert answer is not None
        assert answer.status < 500


@pytest.mark.parametrize("name", VENUES)
@settings(max_examples=150, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=4))
def test_odd_messages_are_answered(name: str, venues: SimulatedVenues, messages: list[Any]) -> None:
    venue, peer = venues.venues[name], Peer()
    paths = {
        "okx": "/okx/ws/v5/private",
        "hyperliquid": "/hyperliquid/ws",
        "aster": "/aster/ws",
        "backpack": "/backpack",
        "extended": "/extended/stream/v2/rpc",
        "paradex": "/paradex/ws/v1",
        "grvt": "/grvt/market-data/ws/full",
    }
    stream = venue.open_stream(Request("GET", paths[name]), peer)  # type: ignore[arg-type]
    assert stream is not None
    for message in messages:
        stream.received(json.dumps(message))
    stream.received("not JSON")
    stream.silent() if name not in {"aster", "backpack", "grvt"} else None
    stream.ended()
    assert peer.sent


def hold(venue: SimulatedVenue, symbol: str, now_ns: int) -> None:
    ticket = Ticket(
        account=ACCOUNT, symbol=symbol, side=Side.BUY, size=Decimal("0.01"), price=None, lifetime=Lifetime.IOC
    )
    with venue.lock:
        venue.place(ticket, now_ns)
        venue.settle(now_ns)


def test_funding_is_settled_and_told(venue: SimulatedVenue) -> None:
    symbol = next(iter(venue.coins))
    due = venue.next_funding_ns[symbol]
    hold(venue, symbol, due - clock.NS_PER_SECOND)
    before = venue.books()[ACCOUNT]
    venue.tick(symbol, due + clock.NS_PER_MS)
    after = venue.books()[ACCOUNT]
    (paid,) = after["funding"]
    assert paid["time_ns"] == due
    assert paid["amount"] == after["funding_received"] == after["cash"][venue.currency] - before["cash"][venue.currency]
    assert (paid["amount"] > 0) == (paid["rate"] < 0)
    interval = int(venue.instrument(symbol).funding_hours) * 3600 * clock.NS_PER_SECOND
    assert venue.next_funding_ns[symbol] == due + interval


def test_the_dead_mans_switch_cancels_what_waits(venue: SimulatedVenue) -> None:
    symbol, now_ns = list(venue.coins)[1], clock.wall_ns()
    price = venue.instrument(symbol).round_price(venue.engine.marks[symbol] * Decimal("0.97"), Side.BUY, outward=False)
    ticket = Ticket(
        account=ACCOUNT, symbol=symbol, side=Side.BUY, size=Decimal("0.1"), price=price, lifetime=Lifetime.POST_ONLY
    )
    with venue.lock:
        waiting = [venue.place(ticket, now_ns) for _ in range(2)]
        venue.set_deadline(ACCOUNT, None, now_ns + clock.NS_PER_SECOND)
    venue.tick(symbol, now_ns + clock.NS_PER_SECOND - 1)
    assert not any(order.ending for order in waiting)
    venue.tick(symbol, now_ns + clock.NS_PER_SECOND)
    assert [order.ending for order in waiting] == [Ending.TIMER, Ending.TIMER]
    with venue.lock:
        again = venue.place(ticket, now_ns)
    venue.tick(symbol, now_ns + 2 * clock.NS_PER_SECOND)
    assert again.ending is None


def test_limits_are_told_in_each_venues_words(venue: SimulatedVenue) -> None:
    method, path = PATHS[venue.name][0]
    body = b'{"type": "allMids"}' if venue.name == "hyperliquid" else b""
    answers = [venue.answer(Request(method, path, "", {}, body)) for _ in range(2_500)]
    last = answers[-1]
    assert last is not None
    assert last.status == 429
    assert last.body == venue.too_many().body
    words = {"okx": b"50011", "hyperliquid": b"null", "aster": b"-1003", "backpack": b"TOO_MANY_REQUESTS"}
    words["extended"] = b"TOO_MANY_REQUESTS"
    words["paradex"] = b"RATE_LIMIT_EXCEEDED"
    words["grvt"] = b"1006"
    assert words[venue.name] in last.body

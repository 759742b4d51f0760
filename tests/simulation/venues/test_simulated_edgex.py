"""The simulated EdgeX: what it refuses and what its streams say. tests/kits has its own SDK trade on it."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from simulated_peers import Peer, adapter_for, simulated
from venue_cases import an_order

from perpbot import clock
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import Price, Quantity
from perpbot.model.order import Accepted, Order, Outcome, Refused, TimeInForce
from perpbot.simulation.venues.edgex import Edgex as Simulated
from perpbot.simulation.venues.edgex_stream import PING_NS
from perpbot.simulation.venues.server import Request
from perpbot.venues.edgex import Edgex
from perpbot.venues.venue import Credentials

pytest_plugins = ["simulated_fixtures"]

BTC = "30000001"
Change = Callable[[dict[str, Any]], None]


@attrs.define
class Place:
    """One simulated EdgeX and an adapter for it."""

    venue: Simulated
    adapter: Edgex
    bitcoin: Instrument
    numbers: int = 0

    def order(self, **changes: Any) -> Order:
        self.numbers += 1
        usual: dict[str, Any] = {
            "client_id": str(self.numbers),
            "wire_id": self.adapter.wire_id(self.numbers),
            "quantity": Quantity(Decimal("0.01")),
            "price": self.bitcoin.round_price(
                Price(self.venue.engine.marks[BTC] * Decimal("0.98")), Side.BUY, outward=True
            ),
            "time_in_force": TimeInForce.GTC,
        }
        return an_order(self.adapter, **{**usual, **changes})

    def place(self, order: Order, change: Change | None = None) -> Outcome:
        """Place an order, its words changed and the request signed again after that."""
        request = self.adapter.place(order, self.bitcoin)
        if change is not None:
            words = json.loads(str(request.body))
            change(words)
            request = self.adapter._client.post("order/createOrder", words)
        return self.adapter.read_place(self.adapter.http.send(request))

    def stream(self, *messages: dict[str, Any]) -> tuple[Any, Peer]:
        peer = Peer()
        stream = self.venue.open_stream(Request("GET", "/edgex/api/v1/public/ws"), peer)  # type: ignore[arg-type]
        assert stream is not None
        for message in messages:
            stream.received(json.dumps(message))
        return stream, peer


@pytest.fixture
def place() -> Place:
    venue = simulated("edgex")
    assert isinstance(venue, Simulated)
    adapter = adapter_for(venue, Edgex)
    (bitcoin,) = adapter.instruments
    return Place(venue, adapter, bitcoin)


# -- what is refused ---------------------------------------------------------------------------------------------


def put(**words: Any) -> Change:
    return lambda body: body.update(words)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (put(l2Signature="11" * 65), "INVALID_L2_SIGNATURE"),
        (put(l2Signature="no"), "INVALID_L2_SIGNATURE"),
        (put(side="SELL"), "INVALID_L2_SIGNATURE"),
        (put(size="0.02"), "INVALID_L2_VALUE"),
        (put(price="1000"), "INVALID_L2_VALUE"),
        (put(l2LimitFee="0"), "INVALID_L2_LIMIT_FEE"),
        (put(l2Nonce="7"), "INVALID_L2_NONCE"),
        (put(expireTime="1600000000000"), "INVALID_EXPIRE_TIME"),
        (put(l2ExpireTime="1600000000000"), "INVALID_L2_EXPIRE_TIME"),
        (put(contractId="1"), "INVALID_CONTRACT_ID"),
        (put(reduceOnly="false"), "INVALID_PARAMETER"),
        (put(type="STOP_LIMIT"), "INVALID_PARAMETER"),
        (put(clientOrderId=""), "INVALID_PARAMETER"),
        (put(accountId="1"), "FORBIDDEN"),
        (lambda body: body.pop("l2Value"), "INVALID_PARAMETER"),
    ],
)
def test_an_order_that_is_not_what_was_signed_is_refused(place: Place, change: Change, code: str) -> None:
    outcome = place.place(place.order(), change)
    assert isinstance(outcome, Refused)
    assert code in outcome.reason
    assert place.venue.books()["main"]["orders"] == []


def test_a_signature_may_begin_with_0x(place: Place) -> None:
    def prefix(words: dict[str, Any]) -> None:
        words["l2Signature"] = f"0x{words['l2Signature']}"

    assert isinstance(place.place(place.order(), prefix), Accepted)


@pytest.mark.parametrize(
    ("name", "code"),
    [("apiKey", "UNAUTHORIZED"), ("password", "UNAUTHORIZED"), ("secret", "INVALID_SIGNATURE")],
)
def test_a_request_with_a_wrong_key_is_refused(place: Place, name: str, code: str) -> None:
    keys = {**place.venue.credentials(), name: "wrong"}
    order = place.order()
    stranger = attrs.evolve(place, adapter=Edgex(place.adapter.endpoints, place.adapter.http, Credentials(keys)))
    stranger.adapter._contracts, stranger.adapter._domain = place.adapter._contracts, place.adapter._domain
    outcome = stranger.place(order)
    assert isinstance(outcome, Refused)
    assert code in outcome.reason


def test_a_handshake_that_is_not_signed_is_refused(place: Place) -> None:
    assert place.venue.open_stream(Request("GET", "/edgex/api/v1/private/ws", "accountId=1"), Peer()) is None  # type: ignore[arg-type]


# -- streams -----------------------------------------------------------------------------------------------------


def subscribe(channel: str) -> dict[str, str]:
    return {"type": "subscribe", "channel": channel}


def test_a_book_is_a_picture_and_then_a_chain_of_changes_among_its_best_levels(place: Place) -> None:
    _, peer = place.stream(subscribe(f"depth.{BTC}.15"))
    now_ns = clock.wall_ns()
    for step in range(1, 60):
        place.venue.world.market.advance(clock.monotonic_ns() + step * 100 * clock.NS_PER_MS)
        place.venue.tick(BTC, now_ns + step * 100 * clock.NS_PER_MS)
    books = [
        each["content"]["data"][0]
        for each in peer.sent
        if each.get("channel") == f"depth.{BTC}.15" and "content" in each
    ]
    assert [each["depthType"] for each in books[:2]] == ["SNAPSHOT", "CHANGED"]
    sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    version = books[0]["endVersion"]
    for book in books:
        assert book["depthType"] == "SNAPSHOT" or book["startVersion"] == version
        version = book["endVersion"]
        for name, levels in sides.items():
            levels |= {each["price"]: each["size"] for each in book[name]}
            for price in [price for price, size in levels.items() if Decimal(size) == 0]:
                del levels[price]
    engine = place.venue.engine.books[BTC]
    for name, side in (("bids", engine.bids), ("asks", engine.asks)):
        assert {Decimal(price): Decimal(size) for price, size in sides[name].items()} == dict(side.picture(15))


@pytest.mark.parametrize("kind", ["ticker", "bookTicker", "fundingRate"])
def test_slow_channels_begin_with_what_is_known(place: Place, kind: str) -> None:
    _, peer = place.stream(subscribe(f"{kind}.{BTC}"), subscribe(f"{kind}.all"))
    data = [each["content"]["data"] for each in peer.sent if each["type"] == "quote-event"]
    assert [each[0]["contractId"] for each in data] == [BTC, BTC]


@pytest.mark.parametrize("channel", ["depth.1.15", f"depth.{BTC}.16", "surprise", f"kline.LAST_PRICE.{BTC}.SECOND_1"])
def test_an_unknown_channel_is_an_error(place: Place, channel: str) -> None:
    _, peer = place.stream(subscribe(channel))
    assert peer.sent[-1]["type"] == "error"


def test_five_pings_without_an_answer_are_the_end(place: Place) -> None:
    stream, peer = place.stream()
    now_ns = clock.wall_ns()
    for number in range(1, 5):
        place.venue.tick(BTC, now_ns + number * (PING_NS + clock.NS_PER_SECOND))
    stream.received('{"type":"pong","time":"1"}')
    for number in range(5, 11):
        assert not peer.closed
        place.venue.tick(BTC, now_ns + number * (PING_NS + clock.NS_PER_SECOND))
    assert peer.closed == "1001 no pong"


def test_a_ping_is_answered_with_its_own_time(place: Place) -> None:
    _, peer = place.stream({"type": "ping", "time": "17"})
    assert peer.sent[-1] == {"type": "pong", "time": "17"}

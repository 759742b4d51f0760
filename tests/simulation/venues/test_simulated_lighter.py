"""The simulated Lighter: what it refuses, what its stream says, and ccxt's class trading on it.

ccxt signs for Lighter with the library of the official SDK alone, so that its class trades here only where that can be
installed.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest
from environments import Environments
from simulated_peers import Peer, adapter_for, simulated
from simulated_service import Service
from venue_cases import an_order

from perpbot import clock
from perpbot.model.events import PublicTrade
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import Price, Quantity
from perpbot.model.order import Accepted, Order, OrderStatus, OrderUpdate, Outcome, Refused, TimeInForce, Unknown
from perpbot.simulation.venues.lighter import Lighter as Simulated
from perpbot.simulation.venues.lighter_stream import PING_NS
from perpbot.simulation.venues.server import Request
from perpbot.venues import lighter_signing as signing
from perpbot.venues.http import Request as Sent
from perpbot.venues.lighter import Lighter
from perpbot.venues.venue import VenueReadError

pytest_plugins = ["simulated_fixtures", "kit_fixtures"]

BTC = "1"


@attrs.define
class Place:
    """One simulated Lighter and an adapter for it."""

    venue: Simulated
    adapter: Lighter
    bitcoin: Instrument
    numbers: int = 0

    def order(self, off: str = "0.98", **changes: Any) -> Order:
        self.numbers += 1
        side = changes.get("side", Side.BUY)
        usual: dict[str, Any] = {
            "client_id": str(self.numbers),
            "wire_id": self.adapter.wire_id(self.numbers),
            "side": side,
            "quantity": Quantity(Decimal("0.01")),
            "price": self.bitcoin.round_price(Price(self.venue.engine.marks[BTC] * Decimal(off)), side, outward=True),
            "time_in_force": TimeInForce.GTC,
        }
        return an_order(self.adapter, **{**usual, **changes})

    def place(self, order: Order) -> Outcome:
        return self.adapter.read_place(self.adapter.http.send(self.adapter.place(order, self.bitcoin)))

    def transact(self, kind: int = signing.CREATE_ORDER, **changes: Any) -> Outcome:
        """A transaction with other words in it, signed with them."""
        key, now_ms = self.adapter._client.key, self.adapter.venue_ms()
        body = {
            "MarketIndex": 1, "ClientOrderIndex": 9, "BaseAmount": 1_000, "IsAsk": 0, "Type": 0, "TimeInForce": 0,
            "Price": int(self.venue.engine.marks[BTC] * Decimal("10.05")), "ReduceOnly": 0, "TriggerPrice": 0,
            "OrderExpiry": 0,
        }  # fmt: skip
        nonce, expires_ms = changes.pop("Nonce", now_ms), changes.pop("ExpiredAt", now_ms + 5_000)
        key = attrs.evolve(
            key, **{name: changes.pop(name) for name in ("chain", "account", "index", "secret") if name in changes}
        )
        text = signing.transaction(key, kind, {**body, **changes}, nonce, expires_ms)
        return self.send(kind, text)

    def send(self, kind: int, text: str) -> Outcome:
        form = f'--x\r\nContent-Disposition: form-data; name="tx_type"\r\n\r\n{kind}\r\n--x\r\n'
        form += f'Content-Disposition: form-data; name="tx_info"\r\n\r\n{text}\r\n--x--\r\n'
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        url = f"{self.adapter.endpoints.rest}/api/v1/sendTx"
        return self.adapter.read_place(self.adapter.http.send(Sent("POST", url, headers, form)))

    def stream(self, *messages: Mapping[str, Any]) -> tuple[Any, Peer]:
        peer = Peer()
        stream = self.venue.open_stream(Request("GET", "/lighter/stream"), peer)  # type: ignore[arg-type]
        assert stream is not None
        for message in messages:
            stream.received(json.dumps(message))
        return stream, peer


@pytest.fixture
def place() -> Place:
    venue = simulated("lighter")
    assert isinstance(venue, Simulated)
    adapter = adapter_for(venue, Lighter)
    (bitcoin,) = adapter.instruments
    return Place(venue, adapter, bitcoin)


# -- what is refused ---------------------------------------------------------------------------------------------


def test_the_usual_transaction_is_taken(place: Place) -> None:
    assert place.transact() == Accepted("")
    assert len(place.venue.books()["main"]["fills"]) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"MarketIndex": 7}, "21602"),
        ({"BaseAmount": 19}, "21706"),
        ({"Price": 1}, "21706"),
        ({"Price": 2_000_000, "IsAsk": 0}, "21734"),
        ({"Type": 2}, "21710"),
        ({"TriggerPrice": 5}, "21710"),
        ({"TimeInForce": 3}, "21705"),
        ({"Type": 1, "TimeInForce": 1, "OrderExpiry": 5}, "21705"),
        ({"OrderExpiry": 1}, "21711"),
        ({"TimeInForce": 1}, "21711"),
        ({"TimeInForce": 2, "OrderExpiry": 2**44}, "21711"),
        ({"ClientOrderIndex": 2**48}, "21727"),
        ({"Nonce": -1}, "21501"),
        ({"Nonce": 0, "ExpiredAt": 1}, "21"),
        ({"ExpiredAt": 1_600_000_000_000}, "expired"),
        ({"chain": 300}, "signature"),
        ({"account": 1}, "account"),
        ({"index": 6}, "api key"),
        ({"secret": 12_345}, "signature"),
        ({"kind": 99}, "21505"),
    ],
)
def test_a_transaction_that_is_not_right_is_refused(place: Place, changes: dict[str, Any], code: str) -> None:
    if changes.get("kind") == 99:
        outcome = place.send(99, "{}")
    elif changes == {"Price": 2_000_000, "IsAsk": 0}:
        outcome = place.transact(Price=int(place.venue.engine.marks[BTC] * 13), IsAsk=0)
    else:
        outcome = place.transact(**changes)
    assert isinstance(outcome, Refused)
    assert code in outcome.reason
    assert place.venue.books()["main"]["orders"] == []


def test_a_nonce_is_used_once_and_only_grows(place: Place) -> None:
    now_ms = place.adapter.venue_ms()
    assert isinstance(place.transact(Nonce=now_ms, ClientOrderIndex=1), Accepted)
    for nonce in (now_ms, now_ms - 1):
        outcome = place.transact(Nonce=nonce, ClientOrderIndex=2)
        assert isinstance(outcome, Refused)
        assert "21104" in outcome.reason


def test_what_is_changed_after_it_was_signed_is_refused(place: Place) -> None:
    request = place.adapter.place(place.order(), place.bitcoin)
    changed = bytes(request.body or b"").replace(b'"IsAsk":0', b'"IsAsk":1')  # type: ignore[arg-type]
    outcome = place.adapter.read_place(place.adapter.http.send(attrs.evolve(request, body=changed)))
    assert isinstance(outcome, Refused)
    assert "invalid signature" in outcome.reason


def test_a_client_id_that_was_used_leaves_the_order_open(place: Place) -> None:
    order = place.order()
    assert isinstance(place.place(order), Accepted)
    assert isinstance(place.place(order), Unknown)


@pytest.mark.parametrize("change", ["late", "forged", "other", "none"])
def test_a_token_that_is_not_good_opens_nothing(place: Place, change: str) -> None:
    client, now_s = place.adapter._client, place.adapter.venue_ms() // 1_000
    client._token_until_ms = place.adapter.venue_ms() + 15 * 1_800_000
    good = signing.token(client.key, now_s + 60)
    client._token = {
        "late": signing.token(client.key, now_s - 60),
        "forged": good[:-1] + ("0" if good[-1] != "0" else "1"),
        "other": signing.token(attrs.evolve(client.key, account=3), now_s + 60),
        "none": "",
    }[change]
    with pytest.raises(VenueReadError, match="20013 invalid auth"):
        place.adapter.fetch_open_orders()
    _, peer = place.stream(*[json.loads(frame) for frame in place.adapter.private_subscriptions([])])
    assert [each["error"]["code"] for each in peer.sent if "error" in each] == [20013, 20013, 20013]
    assert [each["type"] for each in peer.sent if "type" in each] == ["connected", "subscribed/user_stats"]


# -- what is taken -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduces", [True, False])
def test_what_the_account_cannot_hold_is_cancelled_after_it_was_taken(place: Place, *, reduces: bool) -> None:
    quantity = Quantity(Decimal("0.01") if reduces else Decimal(50))
    order = place.order("1.01", quantity=quantity, reduce_only=reduces, time_in_force=TimeInForce.IOC)
    assert place.place(order) == Accepted("")
    found = place.adapter.fetch_order(order, place.bitcoin)
    assert found is not None
    assert (found.status, found.reason) == (
        OrderStatus.REFUSED, "reduce-only" if reduces else "margin-not-allowed",
    )  # fmt: skip


def test_the_account_is_told_its_orders_trades_positions_and_collateral(place: Place) -> None:
    stream, peer = place.stream(*[json.loads(frame) for frame in place.adapter.private_subscriptions([])])
    order = place.order("1.01", time_in_force=TimeInForce.IOC)
    place.place(order)
    kinds = [each["type"] for each in peer.sent if each["type"].startswith("update/")]
    assert kinds == [
        "update/account_all_orders", "update/account_all_trades", "update/account_all_orders",
        "update/account_all_positions", "update/user_stats",
    ]  # fmt: skip
    events = [event for each in peer.sent for event in place.adapter.decode_private(json.dumps(each), 0)]
    updates = [each for each in events if isinstance(each, OrderUpdate)]
    assert [each.status for each in updates] == [OrderStatus.ACCEPTED, OrderStatus.FILLED]
    assert {each.client_id for each in updates} == {order.wire_id}
    stream.ended()
    assert place.venue.streams == {}


def test_a_transaction_may_come_by_the_stream(place: Place) -> None:
    request = place.adapter.place(place.order(), place.bitcoin)
    words = json.loads(str(request.body, "utf-8").split("\r\n\r\n")[2].split("\r\n")[0])  # type: ignore[arg-type]
    message = {"type": "jsonapi/sendtx", "data": {"id": "7", "tx_type": 14, "tx_info": words}}
    _, peer = place.stream(message, message)
    assert (peer.sent[1]["code"], peer.sent[1]["id"]) == (200, "7")
    assert peer.sent[2]["error"]["code"] == 21104


def test_a_scheduled_cancel_of_everything_comes_at_its_time_unless_it_is_called_off(place: Place) -> None:
    now_ms = place.adapter.venue_ms()
    order = place.order()
    place.place(order)
    tomorrow = now_ms + 600_000
    for kind in (1, 2, 1):
        assert isinstance(
            place.transact(16, TimeInForce=kind, Time=tomorrow, Nonce=place.venue.trading.nonce + 1), Accepted
        )
    outcome = place.transact(16, TimeInForce=1, Time=now_ms + 1_000, Nonce=place.venue.trading.nonce + 1)
    assert isinstance(outcome, Refused)
    place.venue.tick(BTC, (tomorrow - 1_000) * clock.NS_PER_MS)
    assert place.venue.engine.accounts["main"].open_orders
    place.venue.tick(BTC, (tomorrow + 1_000) * clock.NS_PER_MS)
    assert not place.venue.engine.accounts["main"].open_orders


# -- streams -----------------------------------------------------------------------------------------------------


def subscribe(channel: str) -> dict[str, str]:
    return {"type": "subscribe", "channel": channel}


def test_a_book_is_a_picture_and_then_a_chain_of_changes(place: Place) -> None:
    _, peer = place.stream(subscribe(f"order_book/{BTC}"))
    now_ns = clock.wall_ns()
    for step in range(1, 60):
        place.venue.world.market.advance(clock.monotonic_ns() + step * 100 * clock.NS_PER_MS)
        place.venue.tick(BTC, now_ns + step * 100 * clock.NS_PER_MS)
    books = [each for each in peer.sent if each.get("channel") == f"order_book:{BTC}"]
    assert [each["type"] for each in books[:2]] == ["subscribed/order_book", "update/order_book"]
    sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    nonce = None
    for each in books:
        book = each["order_book"]
        assert nonce is None or book["begin_nonce"] == nonce
        nonce = book["nonce"]
        for name, levels in sides.items():
            levels |= {level["price"]: level["size"] for level in book[name]}
            for price in [price for price, size in levels.items() if Decimal(size) == 0]:
                del levels[price]
    engine = place.venue.engine.books[BTC]
    for name, side in (("bids", engine.bids), ("asks", engine.asks)):
        assert {Decimal(price): Decimal(size) for price, size in sides[name].items()} == dict(side.picture(10_000))


@pytest.mark.parametrize("channel", ["ticker/1", "market_stats/1", "market_stats/all", "candle/1/5m"])
def test_every_channel_begins_with_what_is_known_and_goes_on(place: Place, channel: str) -> None:
    _, peer = place.stream(subscribe(channel))
    assert peer.sent[1]["type"] == f"subscribed/{channel.partition('/')[0]}"
    now_ns = clock.wall_ns()
    for step in range(1, 40):
        place.venue.world.market.advance(clock.monotonic_ns() + step * clock.NS_PER_SECOND)
        place.venue.tick(BTC, now_ns + step * clock.NS_PER_SECOND)
    assert len(peer.sent) > 3
    assert all(place.adapter.decode_public(json.dumps(each), 0) is not None for each in peer.sent)


def test_a_trade_is_public_too(place: Place) -> None:
    _, peer = place.stream(subscribe("trade/1"))
    place.place(place.order("1.01", time_in_force=TimeInForce.IOC))
    place.venue.flush(BTC, clock.wall_ns())
    assert [each["type"] for each in peer.sent[1:]] == ["subscribed/trade", "update/trade"]
    (trade,) = place.adapter.decode_public(json.dumps(peer.sent[-1]), 0)
    assert isinstance(trade, PublicTrade)
    assert (trade.side, trade.quantity) == (Side.BUY, Decimal("0.01"))


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([subscribe("order_book/7")], 30005),
        ([subscribe("surprise/1")], 30005),
        ([subscribe("candle/1/1s")], 30005),
        ([subscribe("user_stats/3")], 30005),
        ([subscribe("trade/1"), subscribe("trade/1")], 30003),
        ([{"type": "unsubscribe", "channel": "trade/1"}], 30002),
        ([{"type": "surprise"}], 30000),
        ([{}], 30000),
    ],
)
def test_what_cannot_be_done_is_an_error(place: Place, messages: list[dict[str, str]], code: int) -> None:
    _, peer = place.stream(*messages)
    assert peer.sent[-1]["error"]["code"] == code


def test_both_sides_ask_for_signs_of_life(place: Place) -> None:
    stream, peer = place.stream({"type": "ping"}, {"type": "pong"})
    assert peer.sent[1:] == [{"type": "pong"}]
    place.venue.tick(BTC, clock.wall_ns() + PING_NS + clock.NS_PER_SECOND)
    assert peer.sent[-1] == {"type": "ping"}
    stream.silent()
    assert peer.closed == "1001 no ping"


# -- ccxt --------------------------------------------------------------------------------------------------------

CCXT_TRADES = """
import json, sys, time
import ccxt
served, library = json.loads(sys.argv[1]), sys.argv[2]
keys = served["credentials"]
auths = {keys["accountId"]: {keys["apiKey"]: {
    "lighterPrivateKey": keys["privateKey"], "signer": None, "deadline": None, "token": None}}}
venue = ccxt.lighter({
    "privateKey": "x", "enableRateLimit": False, "timeout": 5000,
    "options": {"accountIndex": int(keys["accountId"]), "apiKeyIndex": int(keys["apiKey"]), "libraryPath": library,
                "builderFee": False, "auths": auths}})
venue.urls["api"] = dict.fromkeys(("root", "public", "private"), served["rest"])
venue.load_markets()
symbol = "BTC/USDC:USDC"
book = venue.fetch_order_book(symbol, 5)
bid, ask = book["bids"][0][0], book["asks"][0][0]
said = {"bases": sorted(each["base"] for each in venue.markets.values() if each["swap"])}
said["clock"] = abs(venue.fetch_time() / 1000 - time.time()) < 5
said["bars"] = len(venue.fetch_ohlcv(symbol, "1m"))
said["last"] = venue.fetch_ticker(symbol)["last"] > 0
rate = venue.fetch_funding_rates([symbol])[symbol]["fundingRate"]
said["rate"] = abs(rate) < 0.001
venue.set_leverage(10, symbol, {"marginMode": "cross"})
venue.create_order(symbol, "limit", "buy", 0.02, round(bid * 0.99, 1), {"clientOrderId": 11})
waiting = venue.fetch_open_orders(symbol)
said["waiting"] = [[each["clientOrderId"], each["side"], each["amount"]] for each in waiting]
venue.cancel_order(waiting[0]["id"], symbol)
said["open"] = len(venue.fetch_open_orders(symbol))
said["over"] = [each["status"] for each in venue.fetch_closed_orders(symbol)]
venue.create_order(symbol, "market", "buy", 0.02, round(ask * 1.01, 1), {"clientOrderId": 12})
held = venue.fetch_positions([symbol])[0]
said["held"] = [held["side"], held["contracts"], held["leverage"]]
fills = venue.fetch_my_trades(symbol)
said["filled"] = sum(each["amount"] for each in fills)
venue.create_order(symbol, "market", "sell", 0.02, round(bid * 0.99, 1), {"clientOrderId": 13, "reduceOnly": True})
said["flat"] = [each["contracts"] for each in venue.fetch_positions([symbol])]
said["cash"] = str(venue.fetch_balance()["info"]["accounts"][0]["collateral"])
try:
    venue.create_order(symbol, "limit", "buy", 0.00001, bid)
    said["refused"] = False
except ccxt.InvalidOrder as error:
    said["refused"] = "21706" in str(error)
print(json.dumps(said))
"""


@pytest.mark.full
@pytest.mark.process
def test_ccxts_class_trades_here_with_the_official_signer(
    environments: Environments, serve_venues: Callable[..., Service]
) -> None:
    library = environments.file("lighter", "lighter-signer-linux-amd64.so")
    service = serve_venues("lighter", "--seed", "5", "--edge-every", "0")
    command = [sys.executable, "-c", CCXT_TRADES, json.dumps(service.served["lighter"]), str(library)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr[-2000:]
    said = json.loads(ran.stdout)
    books = service.books("lighter")
    assert said["bases"] == ["BTC", "DOGE", "ETH", "SOL"]
    assert [said["clock"], said["last"], said["rate"]] == [True] * 3
    assert said["bars"] >= 60
    assert (said["waiting"], said["open"], said["over"]) == ([["11", "buy", 0.02]], 0, ["canceled"])
    assert (said["held"], said["filled"], said["flat"]) == (["long", 0.02, 10], 0.02, [0])
    assert Decimal(said["cash"]) == Decimal(books["cash"]["USDC"])
    assert said["refused"] is True

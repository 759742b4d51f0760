from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
import pytest
import requests
from simulated_clients import CONTRACTS, CURRENCIES, VENUES, Trader
from simulated_service import Service
from simulated_streams import FEEDS

from perpbot import clock
from perpbot.simulation.venues.ethereum import Domain, address_of_private, private_key, recover
from perpbot.simulation.venues.faults import Faults
from perpbot.simulation.venues.limits import Limits

pytest_plugins = ["simulated_fixtures"]


@pytest.fixture(scope="module", params=VENUES)
def trader(request: pytest.FixtureRequest, venue_service: Service) -> Trader:
    return Trader(request.param, venue_service.served)


def resting(trader: Trader, name: str) -> Any:
    bid, _ = trader.touch()
    return trader.place("buy", "0.02", bid * 0.99, clientOrderId=name)


def known(trader: Trader, name: str) -> bool:
    try:
        trader.find(name)
    except ccxt.OrderNotFound:
        return False
    return True


@pytest.mark.process
def test_a_lost_acknowledgement_leaves_an_order(trader: Trader, venue_service: Service) -> None:
    name = trader.client_id()
    venue_service.admin(trader.venue, "faults", drop_answers=1, trading_only=True)
    with pytest.raises(ccxt.NetworkError):
        resting(trader, name)
    assert known(trader, name)
    trader.cancel(name)


@pytest.mark.process
@pytest.mark.parametrize("fault", ["drop_requests", "status_500", "status_429", "html"])
def test_a_request_that_is_not_carried_out_leaves_none(trader: Trader, venue_service: Service, fault: str) -> None:
    name = trader.client_id()
    venue_service.admin(trader.venue, "faults", trading_only=True, **{fault: 1})
    with pytest.raises(ccxt.BaseError):
        resting(trader, name)
    assert not known(trader, name)
    trader.exchange.cancel_order(resting(trader, name)["id"], trader.symbol)


@pytest.mark.process
@pytest.mark.parametrize("fault", ["masked_500", "truncated"])
def test_a_spoilt_answer_hides_an_order(trader: Trader, venue_service: Service, fault: str) -> None:
    name = trader.client_id()
    venue_service.admin(trader.venue, "faults", trading_only=True, **{fault: 1})
    try:
        resting(trader, name)
    except ccxt.BaseError:
        assert known(trader, name)
    trader.cancel(name)


@pytest.mark.process
def test_an_order_may_fill_in_part(trader: Trader, venue_service: Service) -> None:
    venue_service.admin(trader.venue, "faults", partial_fills=1)
    order_id = trader.place("buy", "0.04", None)["id"]
    assert trader.position() == Decimal("0.02")
    assert Decimal(str(trader.order(order_id)["filled"])) * CONTRACTS[trader.venue] == Decimal("0.02")
    trader.place("sell", "0.02", None)
    assert trader.position() == 0


@pytest.mark.process
def test_answers_may_be_late(trader: Trader, venue_service: Service) -> None:
    venue_service.admin(trader.venue, "faults", latency_ms=300, trading_only=False)
    before = clock.monotonic_ns()
    trader.touch()
    assert clock.monotonic_ns() - before >= 300 * clock.NS_PER_MS
    venue_service.admin(trader.venue, "faults", latency_ms=0)


@pytest.mark.process
def test_a_stopped_venue_comes_back_with_its_accounts(trader: Trader, venue_service: Service) -> None:
    name = trader.client_id()
    placed = resting(trader, name)
    before = venue_service.books(trader.venue)
    venue_service.admin(trader.venue, "stop")
    with pytest.raises(ccxt.NetworkError):
        trader.touch()
    venue_service.admin(trader.venue, "start")
    venue_service.admin(trader.venue, "start")
    assert known(trader, name)
    assert venue_service.books(trader.venue) == before
    trader.exchange.cancel_order(placed["id"], trader.symbol)


@pytest.mark.process
def test_an_edge_moves_one_venue_and_goes(trader: Trader, venue_service: Service, until: Callable[..., Any]) -> None:
    feed = FEEDS[trader.venue](trader.venue, venue_service.served)

    def middle() -> float:
        feed.step()
        return float(max(feed.bids) + min(feed.asks)) / 2

    start = middle()
    venue_service.admin(trader.venue, "edge", symbol="BTC", bps=200, seconds=0.5)
    until(lambda: middle() > start * 1.015)
    until(lambda: middle() < start * 1.005)
    feed.close()


@pytest.mark.process
def test_administration_says_what_it_does_not_know(venue_service: Service) -> None:
    url = venue_service.served["admin"]["url"]
    for path, body, status in (
        ("nowhere/stop", {}, 404),
        ("okx/dance", {}, 404),
        ("okx/faults", {"drop": 1}, 400),
        ("okx/faults", {"gap": "1"}, 400),
        ("okx/edge", {"symbol": "NONE", "bps": 1, "seconds": 1}, 400),
        ("okx/edge", {}, 400),
        ("okx/fee-coin", {"coin": "BNB", "price": "600", "deposit": "1"}, 400),
        ("aster/fee-coin", {"coin": "BNB", "price": "much", "deposit": "1"}, 400),
        ("aster/fee-coin", {"coin": "BNB", "price": "600", "deposit": "0"}, 400),
        ("aster/fee-coin", {"coin": "BNB", "price": 600.5, "deposit": "1"}, 400),
    ):
        assert requests.post(f"{url}/admin/{path}", json=body, timeout=10).status_code == status


@pytest.mark.process
def test_requests_past_their_time_are_refused(venue_service: Service) -> None:
    names = ("okx", "hyperliquid", "aster", "backpack")
    okx, hyperliquid, aster, backpack = (Trader(venue, venue_service.served) for venue in names)
    backpack.exchange.milliseconds = lambda: clock.wall_ms() - 6_000
    with pytest.raises(ccxt.BaseError, match="Request has expired"):
        backpack.exchange.fetch_balance()
    okx.exchange.headers = {"expTime": str(clock.wall_ms() - 1)}
    with pytest.raises(ccxt.BaseError, match="51149"):
        resting(okx, "late1")
    okx.exchange.headers = {}
    okx.exchange.options["timeDifference"] = 40_000
    with pytest.raises(ccxt.InvalidNonce):
        okx.exchange.fetch_balance()
    aster.exchange.milliseconds = lambda: clock.wall_ms() - 11_000
    with pytest.raises(ccxt.BaseError, match="Nonce Expired"):
        aster.exchange.fetch_balance()
    action = {"type": "noop"}
    exchange = hyperliquid.exchange
    for nonce, expiry, complaint in (
        (clock.wall_ms(), clock.wall_ms() - 1, "Action already expired"),
        (clock.wall_ms() - 3 * 24 * 3600 * 1000, None, "Invalid nonce: nonce too low"),
    ):
        signature = exchange.sign_l1_action(action, nonce, None, expiry)
        body = {"action": action, "nonce": nonce, "signature": signature}
        reply = requests.post(
            f"{exchange.urls['api']['public']}/exchange",
            json=body if expiry is None else {**body, "expiresAfter": expiry},
            timeout=10,
        )
        assert complaint in reply.json()["response"]


@pytest.mark.process
def test_a_nonce_is_good_for_one_request(venue_service: Service) -> None:
    hyperliquid, aster = (Trader(venue, venue_service.served) for venue in ("hyperliquid", "aster"))
    action, nonce = {"type": "noop"}, clock.wall_ms()
    signature = hyperliquid.exchange.sign_l1_action(action, nonce, None)
    url = f"{hyperliquid.exchange.urls['api']['public']}/exchange"
    body = {"action": action, "nonce": nonce, "signature": signature}
    replies = [requests.post(url, json=body, timeout=10).json() for _ in range(2)]
    assert [reply["status"] for reply in replies] == ["ok", "err"]
    assert "duplicate nonce" in replies[1]["response"]
    frozen = clock.wall_ms()
    aster.exchange.milliseconds = lambda: frozen
    aster.exchange.fetch_balance()
    with pytest.raises(ccxt.BaseError, match="Nonce Expired"):
        aster.exchange.fetch_balance()


@pytest.mark.process
def test_balances_name_their_currency(trader: Trader) -> None:
    assert set(trader.exchange.fetch_balance()["total"]) == {CURRENCIES[trader.venue]}


def test_faults_count_down() -> None:
    faults = Faults(gap=2)
    assert [faults.take("gap") for _ in range(3)] == [True, True, False]
    with pytest.raises(ValueError, match="no such fault"):
        faults.change({"gap": -1})


def test_limits_let_a_burst_through_and_then_a_trickle() -> None:
    limits = Limits(burst=2, per_second=1)
    assert [limits.allow("x", 0) for _ in range(3)] == [True, True, False]
    assert limits.allow("y", 0)
    assert limits.allow("x", clock.NS_PER_SECOND)
    assert not limits.allow("x", clock.NS_PER_SECOND)


def test_the_example_of_eip_712() -> None:
    domain = Domain("Ether Mail", "1", 1, "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC")
    assert domain.separator().hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    assert address_of_private(private_key("cow")) == "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826"
    for broken in (b"", bytes(64) + b"\x1b", bytes(65)):
        with pytest.raises(ValueError, match="signature"):
            recover(bytes(32), broken)

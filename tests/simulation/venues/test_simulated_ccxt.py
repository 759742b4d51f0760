from decimal import Decimal
from typing import Any

import ccxt
import pytest
from simulated_clients import CONTRACTS, CURRENCIES, NOT_FOUND, VENUES, Trader, account_options, keys
from simulated_service import Service

pytest_plugins = ["simulated_fixtures"]
pytestmark = pytest.mark.process


@pytest.fixture(scope="module", params=VENUES)
def trader(request: pytest.FixtureRequest, venue_service: Service) -> Trader:
    return Trader(request.param, venue_service.served)


def reduce_only(trader: Trader) -> dict[str, Any]:
    return {"reduceOnly": "true" if trader.venue == "aster" else True}


def test_markets_and_books(trader: Trader) -> None:
    assert {market["base"] for market in trader.exchange.markets.values()} == {"BTC", "ETH", "SOL", "DOGE"}
    book = trader.exchange.fetch_order_book(trader.symbol, 20)
    bids, asks = book["bids"][:20], book["asks"][:20]
    assert len(bids) == len(asks) >= 20
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert 0 < asks[0][0] / bids[0][0] - 1 < 0.0005
    assert trader.exchange.fetch_ticker(trader.symbol)["last"] > 0
    if trader.exchange.has["fetchFundingRate"]:
        assert abs(trader.exchange.fetch_funding_rate(trader.symbol)["fundingRate"]) < 0.001
    assert len(trader.exchange.fetch_ohlcv(trader.symbol, "1m")) >= 100
    if trader.venue not in {"backpack", "extended", "grvt"}:  # ccxt reads one's first digit, and never asks the others
        assert trader.exchange.fetch_time() > 1_600_000_000_000


def test_a_limit_order_waits_until_it_is_cancelled(trader: Trader) -> None:
    bid, _ = trader.touch()
    name = trader.client_id()
    placed = trader.place("buy", "0.02", bid * 0.99, clientOrderId=name)
    waiting = [order for order in trader.exchange.fetch_open_orders(trader.symbol) if order["id"] == placed["id"]]
    assert [order["clientOrderId"] for order in waiting] == [name]
    if trader.venue != "paradex":  # ccxt reads no free balance there
        assert trader.exchange.fetch_balance()[CURRENCIES[trader.venue]]["free"] < 10_000
    trader.exchange.cancel_order(placed["id"], trader.symbol)
    assert trader.order(placed["id"])["status"] == "canceled"
    assert not trader.exchange.fetch_open_orders(trader.symbol)
    with pytest.raises(NOT_FOUND.get(trader.venue, ccxt.OrderNotFound)):
        trader.exchange.cancel_order(placed["id"], trader.symbol)


def test_an_order_is_found_and_cancelled_by_the_clients_id(trader: Trader) -> None:
    bid, _ = trader.touch()
    name = trader.client_id()
    placed = trader.place("buy", "0.02", bid * 0.99, clientOrderId=name)
    assert trader.find(name)["id"] == placed["id"]
    trader.cancel(name)
    assert trader.order(placed["id"])["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        trader.find(trader.client_id())


def test_a_client_id_is_taken_once(trader: Trader, venue_service: Service) -> None:
    bid, _ = trader.touch()
    name = trader.client_id()
    placed = trader.place("buy", "0.02", bid * 0.99, clientOrderId=name)
    with pytest.raises(ccxt.BaseError):
        trader.place("buy", "0.02", bid * 0.99, clientOrderId=name)
    trader.exchange.cancel_order(placed["id"], trader.symbol)
    books = venue_service.books(trader.venue)
    assert books["duplicates"] >= 1
    assert [order["client_id"] for order in books["orders"]].count(name) == 1


def test_taking_and_reducing(trader: Trader, venue_service: Service) -> None:
    bid, ask = trader.touch()
    earlier = len(trader.exchange.fetch_my_trades(trader.symbol))
    trader.place("buy", "0.02", None)
    assert trader.position() == Decimal("0.02")
    trader.place("buy", "0.01", ask * 1.001, timeInForce="Ioc" if trader.venue == "hyperliquid" else "IOC")
    assert trader.position() == Decimal("0.03")
    trader.place("sell", "0.05", bid * 0.999, timeInForce="IOC", **reduce_only(trader))
    assert trader.position() == 0
    assert trader.refuses(ccxt.BaseError, "sell", "0.02", bid * 0.999, **reduce_only(trader))
    fills = trader.exchange.fetch_my_trades(trader.symbol)
    books = venue_service.books(trader.venue)
    assert sum(Decimal(str(fill["fee"]["cost"])) for fill in fills) == Decimal(books["fees_paid"])
    assert {fill["takerOrMaker"] for fill in fills} == {"taker"}
    bought = sum(fill["amount"] for fill in fills[earlier:] if fill["side"] == "buy")
    assert Decimal(str(round(bought, 9))) * CONTRACTS[trader.venue] == Decimal("0.03")


def test_post_only_never_takes(trader: Trader) -> None:
    _, ask = trader.touch()
    try:
        placed = trader.place("buy", "0.02", ask * 1.01, postOnly=True)
    except ccxt.InvalidOrder:
        assert trader.venue in {"hyperliquid", "backpack"}
        return
    assert trader.order(placed["id"])["status"] in {"canceled", "expired", "rejected"}
    assert trader.order(placed["id"])["filled"] == 0


def test_what_does_not_fit_is_refused(trader: Trader) -> None:
    bid, _ = trader.touch()
    assert trader.refuses(ccxt.InsufficientFunds, "buy", "1", bid * 0.99)
    assert trader.refuses(ccxt.BaseError, "sell", "0.02", bid * 0.1)


def test_leverage_changes_the_margin(trader: Trader) -> None:
    bid, _ = trader.touch()
    trader.set_leverage(20)
    placed = trader.place("buy", "1", bid * 0.99)
    trader.exchange.cancel_order(placed["id"], trader.symbol)
    trader.set_leverage(5)


def test_the_venues_own_accounting_balances(trader: Trader, venue_service: Service) -> None:
    trader.place("buy", "0.05", None)
    trader.place("sell", "0.03", None)
    books = venue_service.books(trader.venue)
    flows = sum(
        (-1 if fill["side"] == "buy" else 1) * Decimal(fill["price"]) * Decimal(fill["size"]) for fill in books["fills"]
    )
    cost = sum(Decimal(held["cost"]) for held in books["positions"].values())
    cash = Decimal(books["cash"][CURRENCIES[trader.venue]])
    assert books["fills"]
    assert cash == 10_000 + flows + cost - Decimal(books["fees_paid"]) + Decimal(books["funding_received"])
    trader.place("sell", "0.02", None)
    assert trader.position() == 0
    flat = venue_service.books(trader.venue)["cash"][CURRENCIES[trader.venue]]
    assert trader.exchange.fetch_balance()[CURRENCIES[trader.venue]]["total"] == pytest.approx(float(flat))


def test_a_wrong_signature_is_refused(venue_service: Service, trader: Trader) -> None:
    wrong = dict(venue_service.served[trader.venue])
    name = "secret" if "secret" in wrong["credentials"] else "privateKey"
    strange = (
        "ERERERERERERERERERERERERERERERERERERERERERE="
        if name == "secret"
        else "0x" + "11" * (31 if trader.venue in {"extended", "paradex"} else 32)
    )
    wrong["credentials"] = {**wrong["credentials"], name: strange}
    stranger = Trader.__new__(Trader)
    stranger.__dict__ |= trader.__dict__
    options = {**trader.exchange.options, **account_options(trader.venue, wrong["credentials"])}
    exchange = type(trader.exchange)(
        {**keys(trader.venue, wrong["credentials"]), "enableRateLimit": False, "options": options}
    )
    exchange.urls["api"], exchange.markets_by_id = trader.exchange.urls["api"], trader.exchange.markets_by_id
    exchange.set_markets(trader.exchange.markets)
    stranger.exchange = exchange
    bid, _ = trader.touch()
    with pytest.raises((ccxt.AuthenticationError, ccxt.InvalidOrder)):
        stranger.place("buy", "0.02", bid * 0.99)
    assert not trader.exchange.fetch_open_orders(trader.symbol)

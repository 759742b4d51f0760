"""The venues' own Python kits trade on the simulated venues: markets, books, orders, fills, positions, balances.

A driver for each kit does the same things in that kit's words and reports them in ours. What a kit cannot do is told
in docs/venues/proof.md.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from environments import Environments
from simulated_service import Service

pytest_plugins = ["kit_fixtures"]
pytestmark = [pytest.mark.full, pytest.mark.process]

CURRENCIES = {"hyperliquid": "USDC", "edgex": "USDC", "backpack": "USDC", "grvt": "USDT", "extended": "USDC",
              "lighter": "USDC"}  # fmt: skip
DEAF = ("backpack",)
"""Venues whose kit has no WebSocket client."""
SILENT = ("lighter",)
"""Venues that take a cancel of an order that is gone and say nothing of it."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    shared = Service(*CURRENCIES, "--seed", "5", "--edge-every", "0")
    yield shared
    assert shared.stop() == 0


@pytest.fixture(scope="module", params=CURRENCIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def told(name: str, environments: Environments, service: Service) -> dict[str, Any]:
    report: dict[str, Any] = environments.run(name, f"{name}_kit.py", service.served[name])
    return report


def test_the_kit_reads_markets_and_a_book(told: dict[str, Any]) -> None:
    assert [market.removesuffix("USDC") for market in told["markets"]] == ["BTC", "ETH", "SOL", "DOGE"]
    assert 0 < Decimal(told["ask"]) / Decimal(told["bid"]) - 1 < Decimal("0.0005")


def test_an_order_of_the_kit_waits_is_found_and_is_cancelled_once(name: str, told: dict[str, Any]) -> None:
    assert told["open"] == [told["resting"]]
    assert told["found"] == told["resting"]
    assert told["after_cancel"] == []
    assert told["cancelled_twice"] is (name not in SILENT)


def test_the_kit_takes_and_reduces(told: dict[str, Any]) -> None:
    assert Decimal(told["held"]) == Decimal("0.02")
    assert Decimal(told["flat"]) == 0


def test_the_kits_fills_and_balance_are_the_venues_own(name: str, told: dict[str, Any], service: Service) -> None:
    books = service.books(name)
    read = sorted((side, Decimal(size), abs(Decimal(fee))) for side, size, fee in told["fills"])
    own = sorted((each["side"], Decimal(each["size"]), Decimal(each["fee"])) for each in books["fills"])
    assert read == own
    assert {side for side, _, _ in read} == {"buy", "sell"}
    assert Decimal(told["balance"]) == Decimal(books["cash"][CURRENCIES[name]])


def test_the_kits_streams_tell_books_and_every_order(name: str, told: dict[str, Any], service: Service) -> None:
    if name in DEAF:
        assert "books" not in told
        return
    assert told["books"] >= 1
    assert told["resting"] in told["updates"]
    assert len(set(told["updates"])) == len(service.books(name)["orders"]) == 3

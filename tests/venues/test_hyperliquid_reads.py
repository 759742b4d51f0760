"""Hyperliquid's answers about an account are read to the end."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from reads_cases import DAY_MS, NOW_MS, knowing
from venue_cases import MASTER, Answer, parameters_of

from perpbot.model.money import Money
from perpbot.model.order import OrderStatus
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError


def hyperliquid_fill(number: int, time: int) -> dict[str, Any]:
    return {
        "coin": "BTC", "px": "100.0", "sz": "0.1", "side": "B", "time": time, "oid": 77, "tid": number,
        "crossed": True, "fee": "0.0045", "feeToken": "USDC",
    }  # fmt: skip


def from_start(rows: list[dict[str, Any]], size: int) -> Callable[[Request], Answer]:
    """Rows from a time on, oldest first, at most `size`, as Hyperliquid hands them out."""

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        assert asked["user"] == MASTER
        return [row for row in rows if row["time"] >= int(asked["startTime"])][:size]

    return answer


@pytest.mark.parametrize("size", [500, 2000])
@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 4100])
def test_hyperliquid_fills_are_read_to_the_end_each_once(count: int, size: int) -> None:
    rows = [hyperliquid_fill(number, NOW_MS - DAY_MS + number // 3) for number in range(count)]
    fills = knowing("hyperliquid", from_start(rows, size)).fetch_fills(NOW_MS - DAY_MS)
    assert [fill.trade_ref for fill in fills] == [str(number) for number in range(count)]


def test_more_fills_in_a_millisecond_than_fit_an_answer_are_a_failure() -> None:
    rows = [hyperliquid_fill(number, NOW_MS) for number in range(600)]
    with pytest.raises(VenueReadError, match="some cannot be read"):
        knowing("hyperliquid", from_start(rows, 500)).fetch_fills(NOW_MS - DAY_MS)


def test_hyperliquid_knows_orders_positions_collateral_and_funding() -> None:
    order = {
        "coin": "BTC", "side": "B", "limitPx": "100", "sz": "0.7", "oid": 77, "timestamp": NOW_MS, "origSz": "1.0",
    }  # fmt: skip
    (update,) = knowing("hyperliquid", lambda _request: [order]).fetch_open_orders()
    assert (update.status, update.filled) == (OrderStatus.ACCEPTED, Decimal("0.3"))
    state = {
        "marginSummary": {"accountValue": "110"},
        "withdrawable": "90",
        "assetPositions": [{"position": {"coin": "BTC", "szi": "0.5", "entryPx": "100", "unrealizedPnl": "10"}}],
    }
    made = knowing("hyperliquid", lambda _request: state)
    assert [position.quantity for position in made.fetch_positions()] == [Decimal("0.5")]
    assert [(balance.wallet, balance.equity) for balance in made.fetch_balances()] == [(Decimal(100), Decimal(110))]
    paid = {"time": NOW_MS, "hash": "0x0", "delta": {"type": "funding", "coin": "BTC", "usdc": "-1.5", "szi": "1"}}
    (payment,) = knowing("hyperliquid", lambda _request: [paid]).fetch_funding_payments(NOW_MS - DAY_MS)
    assert (payment.amount, payment.ref) == (Money(Decimal("-1.5"), "USDC"), f"BTC:{NOW_MS}")

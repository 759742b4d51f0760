"""Backpack's answers about an account and a book are read to the end."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from reads_cases import BACKPACK_NOT_FOUND, DAY_MS, NOW_MS, knowing
from venue_cases import Answer, an_order, bitcoin, parameters_of, sent, venue

from perpbot.model.instrument import Side
from perpbot.model.money import Money
from perpbot.model.order import OrderStatus
from perpbot.venues.book_builder import BookBuilder
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError


def backpack_fill(number: int, time_ms: int) -> dict[str, Any]:
    when = datetime.fromtimestamp(time_ms / 1000, UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return {
        "symbol": "BTC_USDC_PERP", "tradeId": number, "orderId": "77", "clientId": "1", "side": "Ask", "price": "100",
        "quantity": "0.1", "fee": "0.005", "feeSymbol": "USDC", "isMaker": False, "timestamp": when,
        "systemOrderType": None,
    }  # fmt: skip


def backpack_order(number: int, status: str = "Filled") -> dict[str, Any]:
    return {
        "id": str(1000 + number), "clientId": number, "symbol": "BTC_USDC_PERP", "side": "Bid", "status": status,
        "executedQuantity": "0.3", "createdAt": "2025-07-27T18:05:40.897", "price": "100", "quantity": "1",
    }  # fmt: skip


def backpack_pages(rows: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """Rows oldest first or newest first as asked, from an offset on, a thousand at a time."""

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        first, limit = int(asked["offset"]), int(asked["limit"])
        assert limit <= 1000
        ordered = rows if asked["sortDirection"] == "Asc" else rows[::-1]
        return ordered[first : first + limit]

    return answer


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_backpack_fills_are_read_to_the_end_oldest_first(count: int) -> None:
    rows = [backpack_fill(number, NOW_MS - DAY_MS + number) for number in range(1, count + 1)]
    made = knowing("backpack", backpack_pages(rows))
    fills = made.fetch_fills(NOW_MS - DAY_MS)
    assert [fill.trade_ref for fill in fills] == [f"BTC_USDC_PERP:{number}" for number in range(1, count + 1)]
    assert {parameters_of(request)["from"] for request in sent(made)} == {str(NOW_MS - DAY_MS)}


def test_a_backpack_fill_costs_its_fee_and_has_a_time_in_utc() -> None:
    (fill,) = knowing("backpack", backpack_pages([backpack_fill(9, NOW_MS)])).fetch_fills(NOW_MS - DAY_MS)
    assert (fill.fee, fill.side, fill.client_id) == (Money(Decimal("0.005"), "USDC"), Side.SELL, "1")
    assert fill.time_ns == NOW_MS * 1_000_000


def test_a_backpack_fill_without_a_number_is_no_fill_that_could_be_counted_once() -> None:
    row = {**backpack_fill(9, NOW_MS), "tradeId": None}
    with pytest.raises(VenueReadError, match="backpack: the trade id"):
        knowing("backpack", backpack_pages([row])).fetch_fills(NOW_MS - DAY_MS)


@pytest.mark.parametrize("place", [0, 999, 1000, 2400])
def test_a_backpack_order_that_is_over_is_found_in_the_history(place: int) -> None:
    rows = [backpack_order(number) for number in range(5_000, 7_500)][::-1]
    wanted = rows[::-1][place]

    def answer(request: Request) -> Answer:
        return (
            BACKPACK_NOT_FOUND if "/api/v1/order" in urlsplit(request.url).path[:14] else backpack_pages(rows)(request)
        )

    made = knowing("backpack", answer)
    order = an_order(made, wire_id=str(wanted["clientId"]))
    update = made.fetch_order(order, bitcoin("backpack"))
    assert update is not None
    assert (update.venue_order_id, update.status, update.filled) == (wanted["id"], OrderStatus.FILLED, Decimal("0.3"))


def test_backpack_knows_orders_positions_collateral_and_funding() -> None:
    (update,) = knowing("backpack", lambda _request: [backpack_order(1, "PartiallyFilled")]).fetch_open_orders()
    assert (update.client_id, update.filled, update.status) == ("1", Decimal("0.3"), OrderStatus.ACCEPTED)
    held = {"symbol": "BTC_USDC_PERP", "netQuantity": "-0.5", "entryPrice": "100"}
    (position,) = knowing("backpack", lambda _request: [held]).fetch_positions()
    assert position.quantity == Decimal("-0.5")
    worth = {
        "netEquityAvailable": "90", "pnlUnrealized": "10", "unsettledEquity": "-2",
        "collateral": [{"symbol": "USDC", "totalQuantity": "102"}, {"symbol": "SOL", "totalQuantity": "3"}],
    }  # fmt: skip
    dollars, coins = knowing("backpack", lambda _request: worth).fetch_balances()
    assert (dollars.wallet, dollars.equity, dollars.available) == (Decimal(100), Decimal(110), Decimal(90))
    assert (coins.currency, coins.wallet, coins.equity) == ("SOL", Decimal(3), None)
    paid = {"symbol": "BTC_USDC_PERP", "quantity": "-1.5", "intervalEndTimestamp": "2027-01-15T00:00:00"}
    old = {**paid, "intervalEndTimestamp": "2026-01-15T00:00:00"}
    made = knowing("backpack", backpack_pages([old, paid]))
    (payment,) = made.fetch_funding_payments(NOW_MS - DAY_MS)
    assert (payment.amount, payment.ref) == (Money(Decimal("-1.5"), "USDC"), "BTC_USDC_PERP:2027-01-15T00:00:00")


def test_backpack_hands_out_a_book_whose_best_bid_is_the_last() -> None:
    bids, asks = [["98", "1"], ["99", "1"]], [["101", "2"]]
    book = {"lastUpdateId": "9", "timestamp": NOW_MS * 1000, "bids": bids, "asks": asks}
    made = knowing("backpack", lambda _request: book)
    snapshot = made.fetch_book(bitcoin("backpack"))
    assert (snapshot.sequence, snapshot.venue_time_ns) == (9, NOW_MS * 1_000_000)
    builder = BookBuilder(made, "BTC-PERP")
    builder.take(snapshot)
    assert builder.book.best_bid()[0] == 99
    assert parameters_of(sent(made)[0]) == {"symbol": "BTC_USDC_PERP", "limit": "1000"}


def test_backpack_does_not_trade_while_it_is_liquidated() -> None:
    fees = {"futuresMakerFee": "2", "futuresTakerFee": "5"}
    venue("backpack", lambda _request: {**fees, "liquidating": False}).prepare_trading()
    with pytest.raises(VenueReadError, match="liquidated"):
        venue("backpack", lambda _request: {**fees, "liquidating": True}).prepare_trading()

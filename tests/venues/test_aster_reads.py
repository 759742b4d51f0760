"""Aster's answers about an account and a book are read to the end."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from reads_cases import DAY_MS, NOW_MS, knowing
from venue_cases import Answer, bitcoin, in_turn, parameters_of, sent, venue

from perpbot.model.money import Money
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError


def aster_fill(number: int, time: int) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "id": number, "orderId": 77, "side": "SELL", "price": "100", "qty": "0.1",
        "commission": "0.004", "commissionAsset": "USDT", "time": time, "maker": False,
    }  # fmt: skip


def aster_fills(rows: list[dict[str, Any]], income: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """Rows in a range of time of at most a week, a thousand at a time, as Aster hands them out."""

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        start, end = int(asked["startTime"]), int(asked["endTime"])
        assert 0 < end - start <= 7 * DAY_MS
        source = income if request.url.split("?")[0].endswith("/income") else rows
        symbol = asked.get("symbol")
        return [row for row in source if start <= row["time"] <= end and symbol in {None, row["symbol"]}][:1000]

    return answer


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_aster_fills_are_read_to_the_end_over_weeks_each_once(count: int) -> None:
    rows = [aster_fill(number, NOW_MS - 20 * DAY_MS + number * 500_000) for number in range(count)]
    fills = knowing("aster", aster_fills(rows, [])).fetch_fills(NOW_MS - 20 * DAY_MS)
    assert [fill.trade_ref for fill in fills] == [f"BTCUSDT:{number}" for number in range(count)]


def test_aster_fills_of_a_symbol_nobody_chose_are_found_by_their_commission() -> None:
    row = {**aster_fill(1, NOW_MS), "symbol": "ETHUSDT"}
    income = {"symbol": "ETHUSDT", "income": "-0.004", "asset": "USDT", "time": NOW_MS, "tranId": 5}
    (fill,) = knowing("aster", aster_fills([row], [income])).fetch_fills(NOW_MS - DAY_MS)
    assert (fill.symbol, fill.fee) == ("ETHUSDT", Money(Decimal("0.004"), "USDT"))


def test_aster_knows_orders_positions_balances_and_funding() -> None:
    order = {
        "symbol": "BTCUSDT", "orderId": 77, "clientOrderId": "perp1", "status": "NEW", "executedQty": "0.3",
        "updateTime": NOW_MS,
    }  # fmt: skip
    (update,) = knowing("aster", lambda _request: [order]).fetch_open_orders()
    assert (update.client_id, update.filled) == ("perp1", Decimal("0.3"))
    held = {"symbol": "BTCUSDT", "positionAmt": "-0.5", "entryPrice": "100", "positionSide": "BOTH"}
    flat = {**held, "symbol": "ETHUSDT", "positionAmt": "0.000", "entryPrice": "0.0"}
    (position,) = knowing("aster", lambda _request: [held, flat]).fetch_positions()
    assert position.quantity == Decimal("-0.5")
    cash = {"asset": "USDT", "balance": "100", "crossUnPnl": "10", "availableBalance": "90"}
    none = {"asset": "BNB", "balance": "0", "crossUnPnl": "0", "availableBalance": "90"}
    (balance,) = knowing("aster", lambda _request: [cash, none]).fetch_balances()
    assert (balance.wallet, balance.equity, balance.available) == (Decimal(100), Decimal(110), Decimal(90))
    income = {"symbol": "BTCUSDT", "income": "0.5", "asset": "USDT", "time": NOW_MS, "tranId": "9"}
    (paid,) = knowing("aster", aster_fills([], [income])).fetch_funding_payments(NOW_MS - DAY_MS)
    assert (paid.amount, paid.ref) == (Money(Decimal("0.5"), "USDT"), "9")


def test_aster_hands_out_a_key_to_its_private_stream_and_prolongs_it() -> None:
    made = venue("aster", in_turn([{"listenKey": "abc"}, {}]))
    assert made.open_private() == "wss://fstream.asterdex.com/ws/abc"
    made.keep_private_alive()
    methods = [(request.method, request.url) for request in sent(made)]
    assert methods == [(method, "https://fapi.asterdex.com/fapi/v3/listenKey") for method in ("POST", "PUT")]
    assert made.private_keepalive_s is not None
    assert made.private_keepalive_s < 3600


def test_aster_hands_out_a_book() -> None:
    book = {"lastUpdateId": 9, "E": NOW_MS, "T": NOW_MS, "bids": [["99", "1"]], "asks": [["101", "2"]]}
    made = knowing("aster", lambda _request: book)
    assert made.fetch_book(bitcoin("aster")).sequence == 9
    assert parameters_of(sent(made)[0]) == {"symbol": "BTCUSDT", "limit": "1000"}


def test_aster_must_net_its_positions() -> None:
    venue("aster", lambda _request: {"dualSidePosition": False}).prepare_trading()
    with pytest.raises(VenueReadError, match="hedge mode"):
        venue("aster", lambda _request: {"dualSidePosition": True}).prepare_trading()

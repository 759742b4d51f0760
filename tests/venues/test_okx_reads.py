"""OKX' answers about an account are read to the end."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from reads_cases import DAY_MS, NOW_MS, knowing, ok, okx_order
from venue_cases import Answer, parameters_of, sent, venue

from perpbot.model.instrument import Side
from perpbot.model.money import Money
from perpbot.model.order import FundingPayment
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError


def okx_fill(number: int) -> dict[str, Any]:
    return {
        "instId": "BTC-USDT-SWAP", "tradeId": str(number), "ordId": "77", "clOrdId": "perp1", "billId": str(number),
        "fillPx": "100", "fillSz": "1", "side": "buy", "execType": "M", "fee": "0.001", "feeCcy": "USDT",
        "ts": str(NOW_MS - 10_000 + number),
    }  # fmt: skip


def okx_pages(rows: list[dict[str, Any]], key: str) -> Callable[[Request], Answer]:
    """Rows newest first, a hundred at a time, as OKX hands them out."""

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        after = int(asked.get("after", 10**18))
        begin = int(asked.get("begin", 0))
        older = [row for row in rows if int(row[key]) < after and int(row.get("ts", NOW_MS)) >= begin]
        return ok(sorted(older, key=lambda row: -int(row[key]))[:100])

    return answer


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_okx_fills_are_read_to_the_end_oldest_first(count: int) -> None:
    made = knowing("okx", okx_pages([okx_fill(number) for number in range(1, count + 1)], "billId"))
    fills = made.fetch_fills(NOW_MS - DAY_MS)
    assert [fill.trade_ref for fill in fills] == [f"BTC-USDT-SWAP:{number}" for number in range(1, count + 1)]


def test_okx_fills_are_in_coins_and_a_rebate_is_negative() -> None:
    (fill,) = knowing("okx", okx_pages([okx_fill(1)], "billId")).fetch_fills(NOW_MS - DAY_MS)
    assert (fill.quantity, fill.fee, fill.side) == (Decimal("0.01"), Money(Decimal("-0.001"), "USDT"), Side.BUY)


def test_okx_fills_of_a_liquidation_are_read_with_all_others() -> None:
    rows = [{**okx_fill(1), "clOrdId": "", "execType": ""}, okx_fill(2)]
    fills = knowing("okx", okx_pages(rows, "billId")).fetch_fills(NOW_MS - DAY_MS)
    assert [fill.trade_ref for fill in fills] == ["BTC-USDT-SWAP:1", "BTC-USDT-SWAP:2"]


@pytest.mark.parametrize(("age_days", "place"), [(1, "fills"), (30, "fills-history")])
def test_okx_keeps_old_fills_elsewhere(age_days: int, place: str) -> None:
    made = knowing("okx", lambda _request: ok([]))
    made.fetch_fills(NOW_MS - age_days * DAY_MS)
    assert urlsplit(sent(made)[0].url).path == f"/api/v5/trade/{place}"


def test_a_page_that_does_not_go_on_is_a_failure_and_no_endless_loop() -> None:
    full = ok([okx_fill(1)] * 100)
    with pytest.raises(VenueReadError, match="does not go on"):
        knowing("okx", lambda _request: full).fetch_fills(NOW_MS - DAY_MS)


def test_okx_open_orders_are_read_to_the_end() -> None:
    made = knowing("okx", okx_pages([okx_order(number) for number in range(1, 131)], "ordId"))
    assert len(made.fetch_open_orders()) == 130


def test_okx_knows_positions_balances_and_funding() -> None:
    position = {"instId": "BTC-USDT-SWAP", "pos": "-7", "posSide": "net", "avgPx": "100"}
    flat = {**position, "instId": "ETH-USDT-SWAP", "pos": "0", "avgPx": ""}
    (held,) = knowing("okx", lambda _request: ok([position, flat])).fetch_positions()
    assert (held.symbol, held.quantity) == ("BTC-PERP", Decimal("-0.07"))
    rows = [
        {"ccy": "USDT", "cashBal": "100", "eq": "110", "availEq": "90"},
        {"ccy": "BTC", "cashBal": "0", "eq": "0", "availEq": "0"},
    ]
    (balance,) = knowing("okx", lambda _request: ok([{"details": rows}])).fetch_balances()
    assert (balance.currency, balance.wallet, balance.equity) == ("USDT", Decimal(100), Decimal(110))
    bill = {"billId": "5", "instId": "BTC-USDT-SWAP", "ccy": "USDT", "balChg": "-1.5", "ts": str(NOW_MS)}
    (paid,) = knowing("okx", lambda _request: ok([bill])).fetch_funding_payments(NOW_MS - DAY_MS)
    assert paid == FundingPayment(
        venue="okx",
        account="main",
        symbol="BTC-PERP",
        amount=Money(Decimal("-1.5"), "USDT"),
        settled_ns=NOW_MS * 1_000_000,
        ref="5",
    )


def test_okx_must_net_its_positions() -> None:
    venue("okx", lambda _request: ok([{"posMode": "net_mode"}])).prepare_trading()
    with pytest.raises(VenueReadError, match="long_short_mode"):
        venue("okx", lambda _request: ok([{"posMode": "long_short_mode"}])).prepare_trading()

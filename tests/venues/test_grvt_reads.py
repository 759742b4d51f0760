"""GRVT's answers about an account are read to the end."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from reads_cases import DAY_MS, GRVT_NOT_FOUND, NOW_MS, grvt_order, knowing
from venue_cases import Answer, an_order, bitcoin, parameters_of, sent

from perpbot.model.money import Money
from perpbot.model.order import OrderStatus
from perpbot.venues.grvt import Grvt
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError


def grvt_fill(number: int) -> dict[str, Any]:
    return {
        "event_time": str((NOW_MS - DAY_MS + number) * 1_000_000), "instrument": "BTC_USDT_Perp", "is_buyer": False,
        "is_taker": True, "size": "0.1", "price": "100", "fee": "0.0045", "trade_id": f"{number}-1", "order_id": "0x77",
        "client_order_id": "1",
    }  # fmt: skip


def grvt_pages(rows: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """Rows newest first, a thousand at a time, each page with the way to the next."""

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        assert asked["sub_account_id"] == "2147050003876484"
        first, limit = int(asked.get("cursor", 0)), int(asked["limit"])
        last = first + limit
        return {"result": rows[::-1][first:last], "next": str(last) if last < len(rows) else ""}

    return answer


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_grvt_fills_are_read_to_the_end_oldest_first(count: int) -> None:
    made = knowing("grvt", grvt_pages([grvt_fill(number) for number in range(1, count + 1)]))
    fills = made.fetch_fills(NOW_MS - DAY_MS)
    assert [fill.trade_ref for fill in fills] == [f"BTC_USDT_Perp:{number}-1" for number in range(1, count + 1)]
    since = str((NOW_MS - DAY_MS) * 1_000_000)
    assert {parameters_of(request)["start_time"] for request in sent(made)} == {since}


def test_a_page_of_grvt_that_names_itself_as_the_next_is_a_failure_and_no_endless_loop() -> None:
    with pytest.raises(VenueReadError, match="does not go on"):
        knowing("grvt", lambda _request: {"result": [grvt_fill(1)], "next": "x"}).fetch_fills(NOW_MS - DAY_MS)


def test_a_grvt_order_that_is_over_is_looked_for_in_the_history_too() -> None:
    rows = [grvt_order(number) for number in range(2_500)]
    made = knowing("grvt", lambda request: grvt_pages(rows)(request) if "history" in request.url else GRVT_NOT_FOUND)
    update = made.fetch_order(an_order(made, wire_id="7"), bitcoin("grvt"))
    assert update is not None
    assert (update.client_id, update.status) == ("7", OrderStatus.FILLED)


def test_grvt_knows_orders_positions_worth_and_funding_whose_sign_is_the_other_way_around() -> None:
    (update,) = knowing("grvt", lambda _request: {"result": [grvt_order(1, "OPEN")]}).fetch_open_orders()
    assert (update.client_id, update.filled, update.status) == ("1", Decimal("0.3"), OrderStatus.ACCEPTED)
    held = {"instrument": "BTC_USDT_Perp", "size": "-0.5", "entry_price": "100"}
    (position,) = knowing("grvt", lambda _request: {"result": [held]}).fetch_positions()
    assert position.quantity == Decimal("-0.5")
    worth = {
        "settle_currency": "USDT", "total_equity": "110", "available_balance": "90",
        "spot_balances": [{"currency": "USDT", "balance": "100"}, {"currency": "BTC", "balance": "0"}],
    }  # fmt: skip
    (balance,) = knowing("grvt", lambda _request: {"result": worth}).fetch_balances()
    assert (balance.wallet, balance.equity, balance.available) == (Decimal(100), Decimal(110), Decimal(90))
    paid = {
        "event_time": str(NOW_MS * 1_000_000), "instrument": "BTC_USDT_Perp", "currency": "USDT", "amount": "1.5",
        "tx_id": "9",
    }  # fmt: skip
    (payment,) = knowing("grvt", grvt_pages([paid])).fetch_funding_payments(NOW_MS - DAY_MS)
    assert (payment.amount, payment.ref) == (Money(Decimal("-1.5"), "USDT"), "BTC_USDT_Perp:9")


@pytest.mark.parametrize("accounts", [[], ["1", "2"]])
def test_grvt_needs_to_know_which_trading_account_it_is(accounts: list[str]) -> None:
    made = knowing("grvt", lambda _request: {"sub_account_ids": accounts})
    assert isinstance(made, Grvt)
    made.client.sub_account = None
    with pytest.raises(VenueReadError, match=f"has {len(accounts)} trading accounts"):
        made.fetch_positions()


def test_grvt_without_a_login_asks_nothing() -> None:
    made = knowing("grvt", lambda _request: {})
    assert isinstance(made, Grvt)
    made.client.session = None
    with pytest.raises(VenueReadError, match="not logged in"):
        made.fetch_positions()
    with pytest.raises(VenueReadError, match="no login"):
        made.prepare_trading()

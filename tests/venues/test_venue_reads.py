"""Reads return all there is or fail with a reason; a question that was not answered is not the answer None."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from venue_cases import (
    MASTER,
    NAMES,
    Answer,
    an_order,
    bitcoin,
    edgex,
    in_turn,
    parameters_of,
    sent,
    venue,
    with_bitcoin,
)

from perpbot import clock
from perpbot.model.instrument import Side
from perpbot.model.money import Money
from perpbot.model.order import FundingPayment, OrderStatus, OrderUpdate
from perpbot.venues.book_builder import BookBuilder
from perpbot.venues.grvt import Grvt
from perpbot.venues.http import NoAnswerError, NotSentError, Request
from perpbot.venues.venue import Venue, VenueReadError

DAY_MS = 24 * 3_600_000
NOW_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def the_time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall_ns", lambda: NOW_MS * 1_000_000)


def ok(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": rows}


def knowing(name: str, answer: Callable[[Request], Answer]) -> Venue:
    return with_bitcoin(venue(name, answer))


# -- OKX ---------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("age_days", "place"), [(1, "fills"), (30, "fills-history")])
def test_okx_keeps_old_fills_elsewhere(age_days: int, place: str) -> None:
    made = knowing("okx", lambda _request: ok([]))
    made.fetch_fills(NOW_MS - age_days * DAY_MS)
    assert urlsplit(sent(made)[0].url).path == f"/api/v5/trade/{place}"


def test_a_page_that_does_not_go_on_is_a_failure_and_no_endless_loop() -> None:
    full = ok([okx_fill(1)] * 100)
    with pytest.raises(VenueReadError, match="does not go on"):
        knowing("okx", lambda _request: full).fetch_fills(NOW_MS - DAY_MS)


def okx_order(number: int, state: str = "live") -> dict[str, Any]:
    return {
        "instId": "BTC-USDT-SWAP", "ordId": str(number), "clOrdId": f"perp{number}", "state": state,
        "accFillSz": "0", "side": "buy", "uTime": str(NOW_MS),
    }  # fmt: skip


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


# -- Hyperliquid -------------------------------------------------------------------------------------------------


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


# -- Aster -------------------------------------------------------------------------------------------------------


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


# -- Backpack ----------------------------------------------------------------------------------------------------

NOT_FOUND: Answer = (404, '{"code":"RESOURCE_NOT_FOUND","message":"Order not found"}')


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
    assert all(parameters_of(request)["from"] == str(NOW_MS - DAY_MS) for request in sent(made))


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
        return NOT_FOUND if "/api/v1/order" in urlsplit(request.url).path[:14] else backpack_pages(rows)(request)

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


# -- GRVT --------------------------------------------------------------------------------------------------------

GRVT_NOT_FOUND: Answer = (404, '{"code":1004,"message":"Data Not Found","status":404}')


def grvt_order(number: int, status: str = "FILLED") -> dict[str, Any]:
    state = {"status": status, "reject_reason": "UNSPECIFIED", "traded_size": ["0.3"], "update_time": "5"}
    return {
        "order_id": "77", "legs": [{"instrument": "BTC_USDT_Perp"}], "metadata": {"client_order_id": str(number)},
        "state": state,
    }  # fmt: skip


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
    assert all(parameters_of(request)["start_time"] == since for request in sent(made))


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


# -- all of them -------------------------------------------------------------------------------------------------

KNOWN: dict[str, Answer] = {
    "okx": ok([okx_order(77, "filled")]),
    "hyperliquid": {
        "status": "order",
        "order": {
            "order": {
                "coin": "BTC", "side": "B", "sz": "0.0", "origSz": "1.0", "oid": "77", "timestamp": NOW_MS,
            },
            "status": "filled",
            "statusTimestamp": NOW_MS,
        },
    },
    "aster": {
        "symbol": "BTCUSDT", "orderId": "77", "clientOrderId": "perp1", "status": "FILLED", "executedQty": "1",
        "updateTime": NOW_MS,
    },
    "extended": {
        "status": "OK",
        "data": [
            {
                "id": 77, "externalId": "perp0000000000000001", "market": "BTC-USD", "status": "FILLED", "qty": "1",
                "filledQty": "1", "updatedTime": NOW_MS,
            }
        ],
    },
    "paradex": {
        "id": "77", "market": "BTC-USD-PERP", "client_id": "perp0000000000000001", "size": "1", "remaining_size": "0",
        "status": "CLOSED", "last_updated_at": NOW_MS,
    },
    "edgex": edgex([{
        "id": "77", "contractId": "30000001", "clientOrderId": "perp0000000000000001", "size": "1", "status": "FILLED",
        "cumFillSize": "1", "updatedTime": str(NOW_MS),
    }]),
    "lighter": {"code": 200, "orders": [{
        "order_id": "77", "client_order_id": "1", "market_index": 1, "initial_base_amount": "1", "status": "filled",
        "filled_base_amount": "1", "updated_at": NOW_MS,
    }]},
    "grvt": {"result": grvt_order(1)},
    "backpack": {"id": "77", "clientId": 1, "symbol": "BTC_USDC_PERP", "side": "Bid", "status": "Filled"},
}  # fmt: skip
UNKNOWN: dict[str, Answer] = {
    "okx": {"code": "51603", "msg": "Order does not exist", "data": []},
    "hyperliquid": {"status": "unknownOid"},
    "edgex": edgex([]),
    "lighter": {"code": 200, "orders": []},
    "aster": (400, '{"code":-2013,"msg":"Order does not exist."}'),
    "backpack": NOT_FOUND,
    "grvt": GRVT_NOT_FOUND,
    "extended": (404, '{"status":"ERROR","error":{"code":"NOT_FOUND","message":"Order not found"}}'),
    "paradex": (400, '{"error":"CLIENT_ORDER_ID_NOT_FOUND","message":"order not found"}'),
}
FAILURES: list[Answer] = [
    NotSentError("no connection"),
    NoAnswerError("broken"),
    (500, "oops"),
    (503, "{}"),
    (429, "{}"),
    (401, '{"code":"50113","msg":"Invalid Sign","data":[]}'),
    (400, '{"code":-1022,"msg":"Signature for this request is not valid."}'),
    "",
    "<html>",
    "{}",
    "[]",
    '{"code":"0","data":[]}',
    '{"code":"0","data":[{}]}',
    "[{}]",
]


def ask_for_order(made: Venue) -> OrderUpdate | None:
    return made.fetch_order(an_order(made), bitcoin(made.name))


@pytest.mark.parametrize("name", NAMES)
def test_an_order_is_found_by_our_id(name: str) -> None:
    made = knowing(name, lambda _request: KNOWN[name])
    update = ask_for_order(made)
    assert update is not None
    assert (update.status, update.venue_order_id) == (OrderStatus.FILLED, "77")
    assert made.wire_id(1) in f"{sent(made)[-1].url} {sent(made)[-1].body!r}"


@pytest.mark.parametrize("name", NAMES)
def test_an_order_the_venue_never_heard_of_is_none(name: str) -> None:
    empty: dict[str, Answer] = {"backpack": [], "edgex": edgex({"dataList": []}), "paradex": {"results": []}}
    empty["grvt"] = {"result": [], "next": ""}
    made = knowing(name, lambda request: empty[name] if "history" in request.url.lower() else UNKNOWN[name])
    assert ask_for_order(made) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", FAILURES, ids=repr)
def test_a_question_about_an_order_that_was_not_answered_is_no_none(name: str, answer: Answer) -> None:
    with pytest.raises(VenueReadError, match=name):
        ask_for_order(knowing(name, lambda _request: answer))


READS: dict[str, Callable[[Venue], object]] = {
    "instruments": lambda made: made.fetch_instruments(),
    "open orders": lambda made: made.fetch_open_orders(),
    "fills": lambda made: made.fetch_fills(NOW_MS - DAY_MS),
    "positions": lambda made: made.fetch_positions(),
    "balances": lambda made: made.fetch_balances(),
    "funding": lambda made: made.fetch_funding_payments(NOW_MS - DAY_MS),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("what", READS)
@pytest.mark.parametrize("answer", [*FAILURES[:9], "null", '{"code":"0","data":[{}]}', "[{}]"], ids=repr)
def test_a_read_that_fails_says_so_and_returns_nothing_in_its_place(name: str, what: str, answer: Answer) -> None:
    with pytest.raises(VenueReadError, match=name):
        READS[what](knowing(name, lambda _request: answer))

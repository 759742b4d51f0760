"""Reads return all there is or fail with a reason; a question that was not answered is not the answer None."""

from collections.abc import Callable

import pytest
from reads_cases import BACKPACK_NOT_FOUND, DAY_MS, GRVT_NOT_FOUND, NOW_MS, grvt_order, knowing, ok, okx_order
from venue_cases import NAMES, Answer, an_order, bitcoin, edgex, sent

from perpbot.model.order import OrderStatus, OrderUpdate
from perpbot.venues.http import NoAnswerError, NotSentError
from perpbot.venues.venue import Venue, VenueReadError

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
    "backpack": BACKPACK_NOT_FOUND,
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

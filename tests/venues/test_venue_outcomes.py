"""What a venue's answer to an order means. Anything that is not clear is unknown: money may hang on it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import NAMES, edgex, reply, venue

from perpbot.model.order import Accepted, Outcome, Refused, Unknown
from perpbot.venues.http import Reply

HTML = "<html><body>502 Bad Gateway</body></html>"


def outcome(name: str, body: object, status: int = 200) -> Outcome:
    text = body if isinstance(body, str) else json.dumps(body)
    return venue(name).read_place(reply((status, text)))


def okx(order_code: str, message: str = "", *, code: str = "1", order_id: str = "") -> dict[str, object]:
    return {"code": code, "msg": "", "data": [{"ordId": order_id, "sCode": order_code, "sMsg": message}]}


def hyperliquid(*statuses: object) -> dict[str, object]:
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": list(statuses)}}}


def grvt(status: str, reason: str = "UNSPECIFIED", order_id: str = "0x77") -> dict[str, object]:
    state = {"status": status, "reject_reason": reason, "traded_size": ["0.0"], "update_time": "1"}
    metadata = {"client_order_id": "1"}
    legs = [{"instrument": "BTC_USDT_Perp"}]
    return {"result": {"order_id": order_id, "legs": legs, "metadata": metadata, "state": state}}


@pytest.mark.parametrize(
    ("name", "body", "order_id"),
    [
        ("okx", okx("0", "Order placed", code="0", order_id="77"), "77"),
        ("hyperliquid", hyperliquid({"resting": {"oid": 77}}), "77"),
        ("hyperliquid", hyperliquid({"filled": {"totalSz": "0.1", "avgPx": "100.8", "oid": 77}}), "77"),
        ("aster", {"orderId": 77, "status": "NEW", "symbol": "BTCUSDT"}, "77"),
        ("aster", {"orderId": "77", "status": "EXPIRED"}, "77"),
        ("extended", {"status": "OK", "data": {"id": 77, "externalId": "perp1"}}, "77"),
        ("extended", {"status": "ok", "data": {"id": "77", "externalId": "perp1"}}, "77"),
        ("paradex", {"id": "77", "status": "NEW", "client_id": "perp1"}, "77"),
        ("grvt", grvt("OPEN"), "0x77"),
        ("grvt", grvt("PENDING", order_id="0x00"), ""),
        ("edgex", edgex({"orderId": "77"}), "77"),
        ("lighter", {"code": 200, "message": "{}", "tx_hash": "ab", "predicted_execution_time_ms": 1}, ""),
        ("backpack", {"id": "77", "status": "New", "clientId": 1}, "77"),
        ("backpack", {"id": "77", "status": "Expired", "executedQuantity": "0"}, "77"),
    ],
)
def test_an_order_that_was_taken_has_the_venues_id(name: str, body: object, order_id: str) -> None:
    assert outcome(name, body) == Accepted(order_id)


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("okx", okx("51008", "Insufficient balance"), 200, ("51008", "Insufficient balance")),
        ("okx", {"code": "50113", "msg": "Invalid Sign", "data": []}, 401, ("50113", "Invalid Sign")),
        ("hyperliquid", hyperliquid({"error": "Insufficient margin. asset=4"}), 200, ("Insufficient margin",)),
        ("hyperliquid", {"status": "err", "response": "User or API Wallet 0x0 does not exist."}, 200, ("API Wallet",)),
        ("aster", {"code": -2019, "msg": "Margin is insufficient."}, 400, ("-2019", "Margin is insufficient.")),
        ("aster", {"code": -5022, "msg": "Post only order rejected."}, 400, ("-5022",)),
        ("aster", {"orderId": 77, "status": "REJECTED"}, 200, ("rejected",)),
        (
            "paradex",
            {"error": "INVALID_ORDER_SIZE", "message": "too small", "data": None},
            400,
            ("INVALID_ORDER_SIZE",),
        ),
        ("edgex", {"code": "INVALID_ORDER_SIZE", "msg": "too small"}, 200, ("INVALID_ORDER_SIZE", "too small")),
        ("edgex", {"code": "ACCOUNT_MARGIN_NOT_ENOUGH", "msg": None}, 200, ("ACCOUNT_MARGIN_NOT_ENOUGH",)),
        ("edgex", {"code": "UNAUTHORIZED", "msg": "unknown api key"}, 401, ("UNAUTHORIZED",)),
        ("lighter", {"code": 21739, "message": "not enough margin"}, 400, ("21739", "not enough margin")),
        ("lighter", {"code": 21120, "message": "invalid signature"}, 400, ("21120", "invalid signature")),
        ("lighter", {"code": 20001, "message": "invalid param"}, 400, ("20001",)),
        ("paradex", {"error": "INVALID_TOKEN", "message": "token is expired"}, 401, ("token is expired",)),
        ("grvt", {"code": 2080, "message": "Insufficient margin", "status": 400}, 400, ("2080", "Insufficient margin")),
        ("grvt", {"code": 2001, "message": "Signature has expired", "status": 400}, 400, ("2001",)),
        ("grvt", grvt("REJECTED", "FAIL_POST_ONLY"), 200, ("FAIL_POST_ONLY",)),
        ("backpack", {"code": "INSUFFICIENT_MARGIN", "message": "Insufficient margin"}, 400, ("INSUFFICIENT_MARGIN",)),
        ("backpack", {"code": "INVALID_SIGNATURE", "message": "Invalid signature"}, 401, ("INVALID_SIGNATURE",)),
    ],
)
def test_a_refusal_has_the_venues_code_and_words(name: str, body: object, status: int, words: tuple[str, ...]) -> None:
    found = outcome(name, body, status)
    assert isinstance(found, Refused)
    assert not found.retryable
    assert name in found.reason
    assert all(word in found.reason for word in words)


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("okx", okx("50061", "Order rate limit reached"), 200),
        ("okx", {"code": "50011", "msg": "Too Many Requests", "data": []}, 429),
        ("hyperliquid", {"status": "err", "response": "Too many cumulative requests sent (10 > 9)"}, 200),
        ("hyperliquid", "null", 429),
        ("aster", {"code": -1015, "msg": "Too many new orders."}, 400),
        ("aster", {"code": -1003, "msg": "Way too many requests; IP banned"}, 418),
        ("extended", {"status": "ERROR", "error": {"code": 429, "message": "Too many requests"}}, 429),
        ("paradex", {"error": "RATE_LIMIT_EXCEEDED", "message": "too many requests"}, 429),
        ("grvt", {"code": 1006, "message": "You have surpassed the allocated rate limit", "status": 429}, 429),
        ("grvt", {"code": 2090, "message": "Max open orders exceeded", "status": 400}, 400),
        ("paradex", {"error": "RATE_LIMIT_EXCEEDED", "message": "too many requests"}, 400),
        ("edgex", {"code": "TOO_MANY_REQUESTS", "msg": "too many requests"}, 429),
        ("edgex", {"code": "RATE_LIMIT_EXCEEDED", "msg": "slow down"}, 200),
        ("lighter", {"code": 21104, "message": "invalid nonce"}, 400),
        ("lighter", {"code": 23000, "message": "Too Many Requests!"}, 429),
        ("lighter", {"code": 23000, "message": "Too Many Requests!"}, 200),
        ("backpack", {"code": "TOO_MANY_REQUESTS", "message": "Too many requests"}, 400),
        ("backpack", {"code": "TOO_MANY_REQUESTS", "message": "Too many requests"}, 429),
    ],
)
def test_over_the_rate_limit_or_with_an_overtaken_nonce_the_same_may_be_tried_later(
    name: str, body: object, status: int
) -> None:
    found = outcome(name, body, status)
    assert isinstance(found, Refused)
    assert found.retryable


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((status, HTML) for status in (200, 302, 403, 500, 502, 503, 504)),
        *((status, text) for status in (200, 400) for text in ("", "null", "[]", "{}", "{", '"ok"', "7", "true")),
        (503, '{"code":-1000,"msg":"Unknown error, please check your request or try again later."}'),
        (500, '{"code":"0","data":[{"ordId":"77","sCode":"0"}]}'),
    ],
)
def test_what_is_not_clear_is_unknown(name: str, status: int, body: str) -> None:
    assert isinstance(outcome(name, body, status), Unknown)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("okx", {"code": "50004", "msg": "Endpoint request timeout", "data": []}),
        ("okx", okx("51149", "Order timed out. Please try again.")),
        ("okx", okx("51016", "Duplicated client order ID")),
        ("okx", okx("0", code="0")),
        ("okx", okx("0", order_id="77")),
        ("okx", {"code": "0", "msg": "", "data": []}),
        ("hyperliquid", hyperliquid()),
        ("hyperliquid", hyperliquid("waitingForFill")),
        ("hyperliquid", hyperliquid({"resting": {"oid": 1}}, {"resting": {"oid": 2}})),
        ("hyperliquid", hyperliquid({"error": "Duplicate cloid"})),
        ("hyperliquid", {"status": "ok"}),
        ("aster", {"code": -1007, "msg": "Timeout waiting for response; execution status unknown."}),
        ("aster", {"code": -4116, "msg": "ClientOrderId is duplicated."}),
        ("aster", {"status": "NEW"}),
        ("grvt", {"code": 1002, "message": "Internal Server Error", "status": 400}),
        ("grvt", {"code": 9999, "message": "an error of tomorrow", "status": 400}),
        ("grvt", {"code": 2012, "message": "Client Order ID overlaps with existing active order", "status": 400}),
        ("grvt", grvt("REJECTED", "OVERLAPPING_CLIENT_ORDER_ID")),
        ("grvt", grvt("A_STATUS_OF_TOMORROW")),
        ("grvt", {"result": {"order_id": "0x77"}}),
        ("extended", {"status": "ERROR", "error": {"code": 1006, "message": "Application error."}}),
        ("extended", {"status": "ERROR", "error": {"code": 1134, "message": "Duplicate Order"}}),
        ("extended", {"status": "ERROR"}),
        ("extended", {"status": "OK"}),
        ("paradex", {"error": "INTERNAL_ERROR", "message": "?"}),
        ("paradex", {"error": "DUPLICATED_CLIENT_ID", "message": "client order id is already used"}),
        ("paradex", {"status": "NEW"}),
        ("edgex", edgex(None)),
        ("lighter", {"code": 21728, "message": "client order index already exists"}),
        ("lighter", {"code": 21502, "message": "marshal tx failed"}),
        ("lighter", {"code": 29999, "message": "a code of tomorrow"}),
        ("lighter", {"message": "no code"}),
        ("edgex", edgex({"orderId": ""})),
        ("edgex", edgex(None, "SYSTEM_ERROR")),
        ("edgex", edgex(None, "ORDER_TIMEOUT")),
        ("edgex", edgex(None, "CLIENT_ORDER_ID_DUPLICATE")),
        ("edgex", edgex(None, "INVALID_CLIENT_ORDER_ID")),
        ("paradex", {"id": "", "status": "NEW"}),
        ("backpack", {"code": "TIMEOUT", "message": "Timed out"}),
        ("backpack", {"code": "SERVER_ERROR", "message": "Internal server error"}),
        ("backpack", {"code": "A_CODE_OF_TOMORROW", "message": "?"}),
        ("backpack", {"code": "INVALID_CLIENT_REQUEST", "message": "Duplicate client order ID"}),
        ("backpack", {"status": "New"}),
        ("backpack", {"id": "77"}),
    ],
)
def test_an_answer_that_leaves_the_order_open_is_unknown(name: str, body: object) -> None:
    assert isinstance(outcome(name, body), Unknown)


@pytest.mark.parametrize("name", NAMES)
@given(cut=st.integers(min_value=0, max_value=90))
@settings(deadline=None, max_examples=60)
def test_a_truncated_answer_is_unknown(name: str, cut: int) -> None:
    whole = {
        "okx": json.dumps(okx("0", "Order placed", code="0", order_id="77")),
        "hyperliquid": json.dumps(hyperliquid({"resting": {"oid": 77}})),
        "aster": json.dumps(
            {"orderId": 77, "status": "NEW", "symbol": "BTCUSDT", "clientOrderId": "perp1", "price": "0"}
        ),
        "edgex": json.dumps(edgex({"orderId": "77"})),
        "lighter": json.dumps({"code": 200, "tx_hash": "ab"}),
        "grvt": json.dumps(grvt("OPEN")),
        "extended": json.dumps({"status": "OK", "data": {"id": 77, "externalId": "perp1"}}),
        "paradex": json.dumps({"id": "77", "status": "NEW", "market": "BTC-USD-PERP", "client_id": "perp1"}),
        "backpack": json.dumps({"id": "77", "status": "New", "symbol": "BTC_USDC_PERP", "clientId": 1, "price": "0"}),
    }[name]
    assert isinstance(outcome(name, whole[: min(cut, len(whole) - 1)]), Unknown)


@pytest.mark.parametrize("name", NAMES)
@given(body=st.binary(max_size=200), status=st.sampled_from([200, 400, 401, 429, 500, 503]))
@settings(deadline=None, max_examples=200)
def test_no_answer_whatever_raises_or_passes_for_an_acceptance(name: str, body: bytes, status: int) -> None:
    assert isinstance(venue(name).read_place(Reply(status, body)), Unknown | Refused)

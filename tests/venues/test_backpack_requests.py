"""Backpack's requests: their words, their signature checked without ccxt, their expiry."""

import base64
import json
from urllib.parse import parse_qsl, urlsplit

from Crypto.Signature import eddsa
from requests_cases import body_of, place
from venue_cases import CREDENTIALS, an_order, bitcoin, in_turn, sent, trading, venue

from perpbot.model.order import TimeInForce
from perpbot.venues.http import Request


def backpack_signature_holds(request: Request, instruction: str) -> bool:
    """Whether the signature is the key's over instruction, sorted parameters, time and window; checked without ccxt."""
    words = body_of(request) if request.body else dict(parse_qsl(urlsplit(request.url).query))
    said = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in words.items()}
    parameters = "".join(f"{name}={value}&" for name, value in sorted(said.items()))
    headers = request.headers
    text = f"instruction={instruction}&{parameters}timestamp={headers['X-Timestamp']}&window={headers['X-Window']}"
    return backpack_signed(text, headers["X-API-Key"], headers["X-Signature"])


def backpack_signed(text: str, key: str, signature: str) -> bool:
    public = eddsa.import_public_key(base64.b64decode(key))
    try:
        eddsa.new(public, "rfc8032").verify(text.encode(), base64.b64decode(signature))
    except ValueError:
        return False
    return key == CREDENTIALS["backpack"]["apiKey"]


def test_backpack_orders_are_signed_and_expire() -> None:
    made = trading("backpack")
    request = place(made, reduce_only=True, time_in_force=TimeInForce.POST_ONLY)
    assert (request.method, request.url) == ("POST", "https://api.backpack.exchange/api/v1/order")
    assert backpack_signature_holds(request, "orderExecute")
    assert int(request.headers["X-Window"]) == made.request_lifetime_s * 1000
    assert body_of(request) == {
        "symbol": "BTC_USDC_PERP",
        "side": "Bid",
        "orderType": "Limit",
        "timeInForce": "GTC",
        "quantity": "0.05",
        "price": "65000",
        "clientId": 1,
        "postOnly": True,
        "reduceOnly": True,
    }


def test_backpack_cancels_and_queries_are_signed() -> None:
    made = trading("backpack")
    order, instrument = an_order(made), bitcoin("backpack")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert (by_id.method, body_of(by_id)) == ("DELETE", {"symbol": "BTC_USDC_PERP", "orderId": "77"})
    assert body_of(by_ours) == {"symbol": "BTC_USDC_PERP", "clientId": 1}
    asked = venue("backpack", in_turn([(404, '{"code":"RESOURCE_NOT_FOUND","message":"Order not found"}'), "[]"]))
    asked.fetch_order(order, instrument)
    requests = [by_id, by_ours, *sent(asked)]
    instructions = ("orderCancel", "orderCancel", "orderQuery", "orderHistoryQueryAll")
    for request, instruction in zip(requests, instructions, strict=True):
        assert backpack_signature_holds(request, instruction)


def test_backpacks_private_streams_are_signed_each_frame_at_its_own_time() -> None:
    frames = [json.loads(frame) for frame in trading("backpack").private_subscriptions([])]
    stamps = []
    for frame in frames:
        key, signature, stamp, window = frame["signature"]
        assert backpack_signed(f"instruction=subscribe&timestamp={stamp}&window={window}", key, signature)
        stamps.append(int(stamp))
    assert [stream for frame in frames for stream in frame["params"]] == [
        "account.orderUpdate",
        "account.positionUpdate",
        "account.balanceUpdate",
    ]
    assert stamps == sorted(set(stamps))

"""OKX' requests: their words, their signature checked without ccxt, their expiry."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from urllib.parse import urlsplit

from requests_cases import body_of, place
from venue_cases import CREDENTIALS, an_order, bitcoin, in_turn, sent, trading, venue

from perpbot.venues.http import Request
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import Credentials


def okx_signature(request: Request) -> str:
    split = urlsplit(request.url)
    path = split.path + (f"?{split.query}" if split.query else "")
    body = "" if request.body is None else str(request.body)
    text = f"{request.headers['OK-ACCESS-TIMESTAMP']}{request.method}{path}{body}"
    secret = CREDENTIALS["okx"]["secret"].encode()
    return base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()


def test_okx_orders_are_signed_and_expire() -> None:
    made = trading("okx")
    request = place(made)
    assert (request.method, request.url) == ("POST", "https://www.okx.com/api/v5/trade/order")
    assert request.headers["OK-ACCESS-SIGN"] == okx_signature(request)
    assert request.headers["OK-ACCESS-KEY"] == "key-1"
    assert request.headers["OK-ACCESS-PASSPHRASE"] == "phrase-1"
    signed_ms = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp() * 1000
    assert 0 <= int(request.headers["expTime"]) - signed_ms <= made.request_lifetime_s * 1000 + 100
    assert body_of(request) == {
        "instId": "BTC-USDT-SWAP",
        "tdMode": "cross",
        "clOrdId": "perp0000000000000001",
        "side": "buy",
        "ordType": "ioc",
        "px": "65000",
        "sz": "5",
        "reduceOnly": False,
    }


def test_okx_cancels_and_queries_are_signed() -> None:
    made = trading("okx")
    order, instrument = an_order(made), bitcoin("okx")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert body_of(by_id) == {"instId": "BTC-USDT-SWAP", "ordId": "77"}
    assert body_of(by_ours) == {"instId": "BTC-USDT-SWAP", "clOrdId": "perp0000000000000001"}
    asked = venue("okx", in_turn([{"code": "51603", "data": [], "msg": ""}]))
    asked.fetch_order(order, instrument)
    for request in (by_id, by_ours, *sent(asked)):
        assert request.headers["OK-ACCESS-SIGN"] == okx_signature(request)


def test_okx_logs_in_with_a_signature_of_its_own() -> None:
    (frame,) = trading("okx").login()
    argument = json.loads(frame)["args"][0]
    text = f"{argument['timestamp']}GET/users/self/verify"
    wanted = base64.b64encode(hmac.new(b"secret-1", text.encode(), hashlib.sha256).digest()).decode()
    assert argument["sign"] == wanted


def test_okx_demo_trading_says_so() -> None:
    kind = venue_class("okx")
    assert kind.testnet is not None
    made = kind(kind.testnet, trading("okx").http, Credentials(CREDENTIALS["okx"]))
    assert made.place(an_order(made), bitcoin("okx")).headers["x-simulated-trading"] == "1"
    assert "x-simulated-trading" not in place(trading("okx")).headers

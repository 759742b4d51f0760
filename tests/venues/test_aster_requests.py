"""Aster's requests: their words, their signature checked without ccxt, their time."""

from urllib.parse import urlsplit

from ethereum_checks import digest, keccak256, signer_of
from requests_cases import AGENT, aster_words, place
from venue_cases import CREDENTIALS, MASTER, an_order, bitcoin, in_turn, sent, trading, venue

from perpbot.model.order import TimeInForce
from perpbot.venues.http import Request
from perpbot.venues.registry import venue_class
from perpbot.venues.venue import Credentials


def aster_signer(request: Request, chain_id: int = 1666) -> str:
    text = str(request.body) if request.body else urlsplit(request.url).query
    message, _, signature = text.rpartition("&signature=")
    hashed = keccak256(keccak256(b"Message(string msg)") + keccak256(message.encode()))
    raw = signature.removeprefix("0x")
    return signer_of(digest("AsterSignTransaction", chain_id, hashed), raw[:64], raw[64:128], int(raw[128:], 16))


def test_aster_orders_are_signed_by_the_agent_for_the_user() -> None:
    request = place(trading("aster"), reduce_only=True, time_in_force=TimeInForce.POST_ONLY)
    assert (request.method, request.url) == ("POST", "https://fapi.asterdex.com/fapi/v3/order")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert aster_signer(request) == AGENT
    words = aster_words(request)
    assert words.pop("signature")
    assert int(words.pop("nonce")) % 1000 == 0
    assert words == {
        "user": MASTER,
        "signer": AGENT,
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTX",
        "quantity": "0.05",
        "price": "65000",
        "newClientOrderId": "perp0000000000000001",
        "reduceOnly": "true",
    }


def test_aster_cancels_and_queries_are_signed_by_the_agent() -> None:
    made = trading("aster")
    order, instrument = an_order(made), bitcoin("aster")
    by_id, by_ours = made.cancel(order, "77", instrument), made.cancel(order, None, instrument)
    assert (by_id.method, by_id.url) == ("DELETE", "https://fapi.asterdex.com/fapi/v3/order")
    assert aster_words(by_id)["orderId"] == "77"
    assert aster_words(by_ours)["origClientOrderId"] == "perp0000000000000001"
    asked = venue("aster", in_turn([(400, '{"code":-2013,"msg":"Order does not exist."}')]))
    asked.fetch_order(order, instrument)
    for request in (by_id, by_ours, *sent(asked)):
        assert aster_signer(request) == AGENT


def test_asters_testnet_has_a_signature_of_its_own() -> None:
    kind = venue_class("aster")
    assert kind.testnet is not None
    made = kind(kind.testnet, trading("aster").http, Credentials(CREDENTIALS["aster"]))
    request = made.place(an_order(made), bitcoin("aster"))
    assert request.url == "https://fapi.asterdex-testnet.com/fapi/v3/order"
    assert aster_signer(request, chain_id=714) == AGENT


def test_the_nonce_of_aster_is_its_time_in_microseconds() -> None:
    made = trading("aster")
    before_us = made.venue_ms() * 1000
    nonce = int(aster_words(place(made))["nonce"])
    assert 0 <= nonce - before_us < 1_000_000

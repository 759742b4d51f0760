"""ccxt builds and signs; it never sends by itself, and no two requests share a time."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import Answers, in_turn, trading, venue

from perpbot.venues.http import NoAnswerError, Request
from perpbot.venues.registry import venue_class
from perpbot.venues.signer import SignedVenue, Signer, keccak_256
from perpbot.venues.venue import Credentials, VenueReadError

NOW_MS = 1_800_000_000_000


def signer(http: Answers, now_ms: list[int] | None = None) -> Signer:
    times = iter(now_ms) if now_ms is not None else None
    settings_of = {"apiKey": "key", "secret": "secret", "password": "phrase", "options": {"timeDifference": 0}}
    return Signer("okx", http, lambda: NOW_MS if times is None else next(times), settings_of)


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_the_fast_hash_is_the_hash_of_ccxt(data: bytes) -> None:
    from ccxt.static_dependencies.keccak.keccak import SHA3

    assert keccak_256(data) == SHA3(data)


def test_ccxt_hashes_fast_wherever_it_hashes() -> None:
    signer(Answers())
    from ccxt.static_dependencies import keccak
    from ccxt.static_dependencies.ethabi import abi, typed_data

    assert keccak.SHA3 is abi.keccak is typed_data.keccak is keccak_256


def test_building_sends_nothing() -> None:
    http = Answers()
    request = signer(http).build("privatePostTradeOrder", {"instId": "BTC-USDT-SWAP"})
    assert request.method == "POST"
    assert http.requests == []


def test_a_method_that_asks_for_nothing_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="made no request"):
        signer(Answers()).build("nonce")


def test_times_are_strictly_increasing_even_when_the_clock_stands_still_or_steps_back() -> None:
    made = signer(Answers(), [NOW_MS, NOW_MS, NOW_MS - 5, NOW_MS + 10])
    assert [made.next_ms() for _ in range(4)] == [NOW_MS, NOW_MS + 1, NOW_MS + 2, NOW_MS + 10]


def test_ccxt_takes_its_time_from_the_signer() -> None:
    made = signer(Answers(), [NOW_MS, NOW_MS, NOW_MS])
    assert made.exchange.milliseconds() == NOW_MS
    assert made.exchange.microseconds() == (NOW_MS + 1) * 1000
    assert made.exchange.seconds() == NOW_MS // 1000


def test_a_nonce_far_ahead_of_a_clock_that_was_put_right_is_not_waited_for() -> None:
    made = signer(Answers(), [NOW_MS + 3_600_000, NOW_MS, NOW_MS])
    assert [made.next_ms() for _ in range(3)] == [NOW_MS + 3_600_000, NOW_MS, NOW_MS + 1]


def test_a_read_through_ccxt_goes_out_by_our_own_transport_with_exact_numbers() -> None:
    http = Answers(in_turn([b'{"code":"0","data":[{"ts":0.1}]}']))
    answer: Any = signer(http).exchange.publicGetPublicTime()
    assert answer["data"][0]["ts"] == Decimal("0.1")
    assert http.requests[0].url == "https://www.okx.com/api/v5/public/time"


@pytest.mark.parametrize("answer", [(500, "oops"), (404, "{}"), "<html>", NoAnswerError("nobody there")])
def test_a_read_through_ccxt_that_fails_says_so(answer: Any) -> None:
    with pytest.raises(VenueReadError):
        signer(Answers(in_turn([answer]))).exchange.publicGetPublicTime()


def test_ccxt_does_not_limit_or_convert() -> None:
    made = signer(Answers()).exchange
    assert made.enableRateLimit is False
    assert made.number is str


def test_market_data_needs_no_credentials_but_signing_says_what_is_missing() -> None:
    made = venue("okx", signed=False)
    assert made.decode_public("pong", 0)
    assert isinstance(made, SignedVenue)
    with pytest.raises(VenueReadError, match="okx: account 'main' has no credentials"):
        _ = made.signer
    kind = venue_class("okx")
    partial = kind(kind.mainnet, Answers(), Credentials({"apiKey": "k"}))
    assert isinstance(partial, SignedVenue)
    with pytest.raises(VenueReadError, match="lack secret, password"):
        _ = partial.signer


def test_secrets_show_nowhere() -> None:
    made = trading("okx")
    request = made.login()[0]
    shown = f"{made.credentials!r} {Request('POST', 'https://venue', {'sign': 'secret-1'}, request)!r}"
    assert "secret-1" not in shown
    assert json.loads(request)["args"][0]["apiKey"] not in shown

"""The requests that place, cancel and ask: their words, their signatures checked without ccxt, their expiry."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from requests_cases import aster_words, body_of, grvt_order, hyperliquid_order, place
from venue_cases import NAMES, an_order, bitcoin, parameters_of, sent, trading, venue

from perpbot.model.instrument import Side
from perpbot.model.order import TimeInForce
from perpbot.venues.http import Request

NONCES: dict[str, Callable[[Request], Any]] = {
    "okx": lambda request: request.headers["OK-ACCESS-TIMESTAMP"],
    "hyperliquid": lambda request: body_of(request)["nonce"],
    "aster": lambda request: int(aster_words(request)["nonce"]),
    "edgex": lambda request: int(request.headers["X-edgeX-Timestamp"]),
    "lighter": lambda request: parameters_of(request)["Nonce"],
    "backpack": lambda request: int(request.headers["X-Timestamp"]),
    "extended": lambda request: int(body_of(request)["nonce"]) if request.body else None,
    "paradex": lambda request: body_of(request)["signature_timestamp"] if request.body else None,
    "grvt": lambda request: grvt_order(request)["signature"]["nonce"] if "order" in body_of(request) else None,
}


@pytest.mark.parametrize("name", NAMES)
def test_every_request_has_a_later_nonce(name: str) -> None:
    made = trading(name)
    order, instrument = an_order(made), bitcoin(name)
    requests = [made.place(order, instrument) if n % 2 else made.cancel(order, "7", instrument) for n in range(20)]
    taken = [nonce for request in requests if (nonce := NONCES[name](request)) is not None]
    assert len(taken) >= 10
    assert all(earlier < later for earlier, later in pairwise(taken))


@pytest.mark.parametrize("name", NAMES)
def test_building_sends_nothing_and_the_order_takes_no_builder_along(name: str) -> None:
    made = trading(name)
    request = place(made)
    assert sent(made) == []
    text = re.sub('"Sig":"[^"]*"', "", f"{request.url} {request.body!r}").lower()
    assert not any(word in text for word in ("builder", "referrer", "feerate", "approve", "tag"))


@pytest.mark.parametrize("name", [each for each in NAMES if each != "lighter"])  # which is told in whole steps
@pytest.mark.parametrize("price", ["0.00000001", "65000.1", "12345678.123456789", "1E+3"])
def test_no_number_passes_through_a_float(name: str, price: str) -> None:
    request = place(trading(name), price=Decimal(price), quantity=Decimal("0.00000001"))
    text = str(request.body)
    for found in _numbers(json.loads(text) if text.startswith("{") else aster_words(request)):
        assert not isinstance(found, float)
        assert "e" not in str(found).lower() or str(found).startswith("0x")
    assert format(Decimal(price), "f") in text


def _numbers(value: object) -> list[object]:
    if isinstance(value, dict):
        return [
            found
            for key, each in value.items()
            if key not in {"signature", "l2Signature", "user", "signer"}
            for found in _numbers(each)
        ]
    if isinstance(value, list):
        return [found for each in value for found in _numbers(each)]
    return [value] if isinstance(value, float) or str(value)[:1].isdigit() else []


TERMS: dict[str, Callable[[Request], str]] = {
    "okx": lambda request: body_of(request)["ordType"],
    "hyperliquid": lambda request: hyperliquid_order(request)["t"]["limit"]["tif"],
    "aster": lambda request: aster_words(request)["timeInForce"],
    "edgex": lambda request: body_of(request)["timeInForce"],
    "lighter": lambda request: str(parameters_of(request)["TimeInForce"]),
    "extended": lambda request: body_of(request)["timeInForce"] + "+" * body_of(request)["postOnly"],
    "paradex": lambda request: body_of(request)["instruction"],
    "grvt": lambda request: "PO" if grvt_order(request)["post_only"] else grvt_order(request)["time_in_force"],
    "backpack": lambda request: "PO" if "postOnly" in body_of(request) else body_of(request)["timeInForce"],
}


@pytest.mark.parametrize(
    ("name", "ioc", "resting", "post_only"),
    [
        ("okx", "ioc", "limit", "post_only"),
        ("hyperliquid", "Ioc", "Gtc", "Alo"),
        ("aster", "IOC", "GTC", "GTX"),
        ("edgex", "IMMEDIATE_OR_CANCEL", "GOOD_TIL_CANCEL", "POST_ONLY"),
        ("lighter", "0", "1", "2"),
        ("backpack", "IOC", "GTC", "PO"),
        ("extended", "IOC", "GTT", "GTT+"),
        ("paradex", "IOC", "GTC", "POST_ONLY"),
        ("grvt", "IMMEDIATE_OR_CANCEL", "GOOD_TILL_TIME", "PO"),
    ],
)
def test_how_long_an_order_waits_is_said_in_the_venues_words(name: str, ioc: str, resting: str, post_only: str) -> None:
    made = trading(name)
    forces = (TimeInForce.IOC, TimeInForce.GTC, TimeInForce.POST_ONLY)
    assert [TERMS[name](place(made, time_in_force=force)) for force in forces] == [ioc, resting, post_only]


def test_sides_and_reduce_only_are_said_in_the_venues_words() -> None:
    changes: dict[str, Any] = {"side": Side.SELL, "reduce_only": True}
    okx = body_of(place(trading("okx"), **changes))
    hyperliquid = hyperliquid_order(place(trading("hyperliquid"), **changes))
    aster = aster_words(place(trading("aster"), **changes))
    assert (okx["side"], okx["reduceOnly"]) == ("sell", True)
    assert (hyperliquid["b"], hyperliquid["r"]) == (False, True)
    assert (aster["side"], aster["reduceOnly"]) == ("SELL", "true")
    assert "reduceOnly" not in aster_words(place(trading("aster")))


@pytest.mark.parametrize("name", NAMES)
def test_client_ids_are_unique_and_in_the_venues_form(name: str) -> None:
    made = venue(name)
    ids = [made.wire_id(number) for number in (0, 1, 2, 10**9, 10**15)]
    assert len(set(ids)) == len(ids)
    for text in ids:
        if name == "hyperliquid":
            assert len(text) == 34
            assert int(text, 16) >= 0
        else:
            assert text.isalnum()
            assert len(text) <= {"aster": 36, "backpack": 10, "grvt": 19, "lighter": 16}.get(name, 32)


@pytest.mark.parametrize("name", NAMES)
def test_subscriptions_are_frames_of_json(name: str) -> None:
    made = trading(name)
    instruments = [bitcoin(name), bitcoin(name, native="OTHER", symbol="OTHER-PERP")]
    frames = [*made.public_subscriptions(instruments), *made.private_subscriptions(instruments)]
    text = " ".join(frames).lower()
    assert all(isinstance(json.loads(frame), dict) for frame in frames)
    assert "other" in text
    assert ("depth" if name in {"aster", "backpack", "edgex"} else "book") in text
    if not made.book_by_rest:
        assert len(made.book_resubscription(instruments[0])) == 2

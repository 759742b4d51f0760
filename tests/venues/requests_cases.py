"""What the tests of requests share: an order to place, and what a body says."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from coincurve import PrivateKey
from ethereum_checks import address_of
from venue_cases import PRIVATE_KEY, an_order, bitcoin

from perpbot.venues.http import Request
from perpbot.venues.venue import Venue

AGENT = address_of(PrivateKey.from_hex(PRIVATE_KEY[2:]).public_key)


def place(made: Venue, **changes: Any) -> Request:
    return made.place(an_order(made, **changes), bitcoin(made.name))


def body_of(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(str(request.body))
    return body


def hyperliquid_order(request: Request) -> dict[str, Any]:
    order: dict[str, Any] = body_of(request)["action"]["orders"][0]
    return order


def aster_words(request: Request) -> dict[str, str]:
    return dict(parse_qsl(str(request.body) if request.body else urlsplit(request.url).query))


def grvt_order(request: Request) -> dict[str, Any]:
    order: dict[str, Any] = body_of(request)["order"]
    return order

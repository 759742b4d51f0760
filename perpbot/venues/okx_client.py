"""Asking OKX: signed requests, the header of its demo, and its envelope.

Source: OKX API v5, https://www.okx.com/docs-v5/en/.
"""

from urllib.parse import urlencode

import attrs
import msgspec

from perpbot.venues.answers import ask
from perpbot.venues.http import Request
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import VenueReadError
from perpbot.venues.wire import JsonReader

OK = "0"


class Answer(msgspec.Struct):
    """What every answer is wrapped in."""

    code: str
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


class OkxClient:
    """Asks OKX on behalf of one account."""

    def __init__(self, venue: SignedVenue) -> None:
        self.read: JsonReader[Answer] = JsonReader("okx", Answer)
        self._venue = venue

    def public(self, path: str, **parameters: str) -> msgspec.Raw:
        """The answer to a question that anybody may ask; `VenueReadError`."""
        url = f"{self._venue.endpoints.rest}/api/v5/{path}?{urlencode(parameters)}"
        return _data(self._ask(Request("GET", url)))

    def private(self, method: str, **parameters: str) -> msgspec.Raw:
        """The answer to what ccxt's `method` sends; `VenueReadError`."""
        return _data(self.answer(method, **parameters))

    def answer(self, method: str, **parameters: str) -> Answer:
        """The answer to what ccxt's `method` sends, whatever it says; `VenueReadError` when there is none."""
        return self._ask(self._build(method, parameters))

    def request(self, method: str, **parameters: object) -> Request:
        """A signed request; it is not sent."""
        return self._headed(self._build(method, parameters))

    def expiring(self, method: str, **parameters: object) -> Request:
        """A signed request that OKX turns away once `request_lifetime_s` is over; it is not sent."""
        request = self._build(method, parameters)
        expires_ms = self._venue.venue_ms() + int(self._venue.request_lifetime_s * 1_000)
        return self._headed(request, expTime=str(expires_ms))

    def _build(self, method: str, parameters: dict[str, object] | dict[str, str]) -> Request:
        return self._venue.signer.build(method, {name: value for name, value in parameters.items() if value != ""})

    def _headed(self, request: Request, **headers: str) -> Request:
        demo = {"x-simulated-trading": "1"} if self._venue.endpoints.testnet else {}
        return attrs.evolve(request, headers={**request.headers, **demo, **headers})

    def _ask(self, request: Request) -> Answer:
        return self.read(ask(self._venue.name, self._venue.http, self._headed(request)).body)


def _data(answer: Answer) -> msgspec.Raw:
    if answer.code != OK:
        raise VenueReadError(f"okx refused to answer: {answer.code} {answer.msg}")
    return answer.data

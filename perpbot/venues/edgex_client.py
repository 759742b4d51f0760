"""Asking EdgeX: signed requests, its envelope, and answers that come in pages.

Source: https://edgex-1.gitbook.io/edgeX-documentation/api-v2/authentication.
"""

import json
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from perpbot.venues.answers import OK, ask
from perpbot.venues.edgex_signing import Json, canonical, request_signature
from perpbot.venues.http import Request
from perpbot.venues.venue import Venue, VenueReadError
from perpbot.venues.wire import JsonReader

PAGE = 100
"""Rows in one answer, at most."""
SUCCESS = "SUCCESS"
STEP_MS = 1_000
"""Two requests in a millisecond get different times; a clock that goes back further than this is believed."""

T = TypeVar("T")


class Answer(msgspec.Struct):
    """What every answer is wrapped in."""

    code: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    msg: str | None = None


class Page(msgspec.Struct, Generic[T], rename="camel"):
    """A part of an answer, and where the next one begins."""

    data_list: list[T] = []
    next_page_offset_data: str = ""


def reader(type_: Any) -> JsonReader[Any]:
    """Reads one type of EdgeX's JSON, which has numbers in quotes."""
    return JsonReader("edgex", type_, numbers_in_quotes=True)


class EdgexClient:
    """Asks EdgeX on behalf of one account."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._last_ms = 0
        self._read_answer: JsonReader[Answer] = reader(Answer)

    def public(self, read: JsonReader[T], path: str, **parameters: str) -> T:
        """The answer to a question that anybody may ask; `VenueReadError`."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self._ask(read, Request("GET", f"{self._venue.endpoints.rest}/api/v2/public/{path}{query}"))

    def private(self, read: JsonReader[T], path: str, **parameters: str) -> T:
        """The answer to a question about the account; `VenueReadError`."""
        told = {"accountId": self._venue.secrets["accountId"], **parameters}
        whole = f"/api/v2/private/{path}"
        headers = self.signed("GET", whole, told)
        return self._ask(read, Request("GET", f"{self._venue.endpoints.rest}{whole}?{urlencode(told)}", headers))

    def pages(self, read: JsonReader[Page[T]], path: str, **parameters: str) -> list[T]:
        """Every row of an answer in pages, in the order EdgeX gives them; `VenueReadError`."""
        rows: list[T] = []
        offset = ""
        while True:
            onward = {"offsetData": offset} if offset else {}
            page = self.private(read, path, size=str(PAGE), **onward, **parameters)
            rows += page.data_list
            if not page.next_page_offset_data:
                return rows
            if page.next_page_offset_data == offset:
                raise VenueReadError(f"a page of edgex's answers does not go on after {offset}")
            offset = page.next_page_offset_data

    def post(self, path: str, parameters: Mapping[str, Json]) -> Request:
        """A signed request that does something; it is not sent."""
        told = {"accountId": self._venue.secrets["accountId"], **parameters}
        whole = f"/api/v2/private/{path}"
        headers = {**self.signed("POST", whole, told), "Content-Type": "application/json"}
        return Request("POST", f"{self._venue.endpoints.rest}{whole}", headers, json.dumps(told, separators=(",", ":")))

    def carry_out(self, path: str, parameters: Mapping[str, Json]) -> None:
        """Do something that is answered with nothing; `VenueReadError` when EdgeX will not have it."""
        self._ask(reader(Any), self.post(path, parameters))

    def signed(self, method: str, path: str, content: Json, timestamp: str = "") -> dict[str, str]:
        """The headers that sign a request. Unless a time is given, it is later than that of the request before."""
        secrets = self._venue.secrets
        if not timestamp:
            timestamp = str(self._next_ms())
        return {
            "X-edgeX-Api-Key": secrets["apiKey"],
            "X-edgeX-Passphrase": secrets["password"],
            "X-edgeX-Signature": request_signature(secrets["secret"], timestamp, method, path, canonical(content)),
            "X-edgeX-Timestamp": timestamp,
        }

    def _next_ms(self) -> int:
        now_ms = self._venue.venue_ms()
        if self._last_ms - now_ms < STEP_MS:  # else the clock was set right, and times ahead of it are refused
            now_ms = max(now_ms, self._last_ms + 1)
        self._last_ms = now_ms
        return now_ms

    def _ask(self, read: JsonReader[T], request: Request) -> T:
        reply = ask("edgex", self._venue.http, request)
        answer = self._read_answer(reply.body)
        if answer.code != SUCCESS or reply.status != OK:
            raise VenueReadError(f"edgex refused to answer ({reply.status}): {answer.code} {answer.msg or ''}")
        return read(answer.data)

"""Asking Aster: questions, and histories that are told week by week.

Source: https://github.com/asterdex/api-docs, futures API v3.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from perpbot.venues.answers import OK, ask, since
from perpbot.venues.http import Reply, Request
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import VenueReadError
from perpbot.venues.wire import JsonReader

PAGE = 1_000
"""Rows in one answer, at most."""
WEEK_MS = 7 * 24 * 3_600_000
"""The longest range of time one question may cover."""
HISTORY_MS = 52 * WEEK_MS
"""What is older is not asked for."""

T = TypeVar("T")


def reader(type_: Any) -> JsonReader[Any]:
    """Reads one type of Aster's JSON, which has numbers in quotes."""
    return JsonReader("aster", type_, numbers_in_quotes=True)


class AsterClient:
    """Asks Aster on behalf of one account."""

    def __init__(self, venue: SignedVenue) -> None:
        self._venue = venue

    def public(self, read: JsonReader[T], path: str, **parameters: str) -> T:
        """The answer to a question that anybody may ask; `VenueReadError`."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self._read(read, self._ask(Request("GET", f"{self._venue.endpoints.rest}/fapi/v3/{path}{query}")))

    def private(self, read: JsonReader[T], method: str, **parameters: str) -> T:
        """The answer to what ccxt's `method` sends; `VenueReadError`."""
        return self._read(read, self.send(method, **parameters))

    def send(self, method: str, **parameters: str) -> Reply:
        """The reply to what ccxt's `method` sends, whatever it says; `VenueReadError` when there is none."""
        return self._ask(self._venue.signer.build(method, parameters))

    def history(
        self,
        read: JsonReader[list[T]],
        method: str,
        time_of: Callable[[T], int],
        key: Callable[[T], object],
        since_ms: int,
        **parameters: str,
    ) -> Iterator[T]:
        """Every row since a time, oldest first, each once, week by week; `VenueReadError`."""

        def page(end_ms: int, start_ms: int) -> list[T]:
            times = {"startTime": str(start_ms), "endTime": str(end_ms), "limit": str(PAGE)}
            return self.private(read, method, **parameters, **times)

        now_ms = self._venue.venue_ms()
        for start_ms in range(max(since_ms, now_ms - HISTORY_MS), now_ms + 1, WEEK_MS):
            yield from since(partial(page, start_ms + WEEK_MS - 1), time_of, key, start_ms, PAGE)

    def _ask(self, request: Request) -> Reply:
        return ask(self._venue.name, self._venue.http, request)

    @staticmethod
    def _read(read: JsonReader[T], reply: Reply) -> T:
        if reply.status != OK:
            raise VenueReadError(f"aster answered {reply.status}: {reply.excerpt}")
        return read(reply.body)

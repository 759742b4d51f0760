"""Asking Extended: the envelope of its answers, and histories that come in pages.

Source: https://api.docs.extended.exchange.
"""

from typing import Any, Generic, TypeVar

import msgspec

from perpbot.venues.answers import OK, ask
from perpbot.venues.extended_account import FundingRow, TradeRow
from perpbot.venues.http import Reply
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import VenueReadError
from perpbot.venues.wire import JsonReader

PAGE = 500
"""Rows asked for at once."""
WELL = "OK"
"""The status of an answer that is none of trouble, in upper case."""

T = TypeVar("T")
Numbered = TypeVar("Numbered", TradeRow, FundingRow)


class Complaint(msgspec.Struct):
    """What was wrong with a request."""

    code: int | str = ""
    message: str = ""


class _Pagination(msgspec.Struct):
    cursor: int | None = None
    count: int = 0


class Answer(msgspec.Struct, Generic[T]):
    """What every answer is wrapped in."""

    status: str
    data: T | None = None
    error: Complaint | None = None
    pagination: _Pagination | None = None


def reader(type_: Any) -> JsonReader[Any]:
    """Reads answers with one type of data."""
    return JsonReader("extended", Answer[type_], numbers_in_quotes=True)


def unwrapped(read: JsonReader[Answer[T]], reply: Reply) -> T:
    """What is in an answer; `VenueReadError` when it is a complaint or nothing."""
    answer = read(reply.body)
    if reply.status != OK or answer.status.upper() != WELL or answer.data is None:
        raise VenueReadError(f"extended answered {reply.status}: {reply.excerpt}")
    return answer.data


class ExtendedClient:
    """Asks Extended on behalf of one sub-account."""

    def __init__(self, venue: SignedVenue) -> None:
        self._venue = venue

    def ask(self, read: JsonReader[Answer[T]], method: str, **parameters: object) -> T:
        """The answer to a question that ccxt's `method` asks; `VenueReadError`."""
        return unwrapped(read, self.send(method, **parameters))

    def send(self, method: str, **parameters: object) -> Reply:
        """The reply to what ccxt's `method` sends, whatever it says; `VenueReadError` when there is none."""
        return ask(self._venue.name, self._venue.http, self._venue.signer.build(method, parameters))

    def carry_out(self, method: str, **parameters: object) -> None:
        """Send what has an answer of no meaning; `VenueReadError` when Extended will not have it."""
        reply = self.send(method, **parameters)
        if reply.status != OK:
            raise VenueReadError(f"extended answered {reply.status}: {reply.excerpt}")

    def history(
        self, read: JsonReader[Answer[list[Numbered]]], method: str, enough: int, **parameters: object
    ) -> list[Numbered]:
        """Every row, oldest first, each once, page by page until one ends with a row older than `enough` ms."""
        rows: dict[int, Numbered] = {}
        onward: dict[str, object] = {}
        while True:
            page = self.ask(read, method, **{**parameters, "limit": PAGE, **onward})
            fresh = {row.id: row for row in page if row.id not in rows}
            rows |= fresh
            if len(page) < PAGE or min(map(_time, page)) < enough:
                return sorted(
                    (row for row in rows.values() if _time(row) >= enough), key=lambda row: (_time(row), row.id)
                )
            if not fresh:
                raise VenueReadError(f"a page of extended's answers does not go on after {onward}")
            onward = {"cursor": min(row.id for row in page)}


def _time(row: TradeRow | FundingRow) -> int:
    return row.created_time if isinstance(row, TradeRow) else row.paid_time

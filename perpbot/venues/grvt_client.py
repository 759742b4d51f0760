"""Asking GRVT: its login, the session that goes along with private requests, and answers that come in pages.

Source: https://api-docs.grvt.io.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import attrs

from perpbot.venues.answers import OK, ask
from perpbot.venues.grvt_account import reader
from perpbot.venues.grvt_answers import AccountsAnswer
from perpbot.venues.grvt_signing import Words
from perpbot.venues.http import Request
from perpbot.venues.venue import Venue, VenueReadError
from perpbot.venues.wire import JsonReader

PAGE = 1_000
"""Rows in one answer, at most."""

_TRADES, _EDGE, _DATA = "//trades.", "//edge.", "//market-data."

T = TypeVar("T")


@attrs.frozen
class Session:
    """What a login gives: it goes along with every private request."""

    cookie: str = attrs.field(repr=False)
    account: str

    def headers(self) -> dict[str, str]:
        """As headers."""
        return {"Cookie": self.cookie, "X-Grvt-Account-Id": self.account}


class GrvtClient:
    """Asks GRVT on behalf of one account."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self.session: Session | None = None
        self.sub_account: str | None = None
        """The trading account's number, once GRVT was asked for it."""
        self._read_accounts: JsonReader[AccountsAnswer] = reader(AccountsAnswer)

    # -- the session ---------------------------------------------------------------------------------------------

    def log_in(self) -> None:
        """Get a cookie, which lives for a day; `VenueReadError` when there is none."""
        url = f"{self._venue.endpoints.rest.replace(_TRADES, _EDGE)}/auth/api_key/login"
        login = {"api_key": self._venue.secrets["apiKey"]}
        reply = ask(self._venue.name, self._venue.http, _post(url, login, {"Cookie": "rm=true;"}))
        headers = {name.lower(): value for name, value in reply.headers.items()}
        cookie, account = headers.get("set-cookie", "").split(";")[0], headers.get("x-grvt-account-id", "")
        if reply.status != OK or not cookie.startswith("gravity=") or not account:
            raise VenueReadError(f"grvt: no login ({reply.status}): {reply.excerpt}")
        self.session = Session(cookie, account)

    def headers(self) -> dict[str, str]:
        """Those of the session; `VenueReadError` before there is one."""
        if self.session is None:
            raise VenueReadError(f"grvt: account {self._venue.account!r} is not logged in")
        return self.session.headers()

    def own_account(self) -> str:
        """The number of the trading account, which GRVT is asked for once."""
        if self.sub_account is None:
            found = self._read(self._read_accounts, self.request("get_sub_accounts", {})).sub_account_ids
            if len(found) != 1:
                raise VenueReadError(
                    f"grvt: account {self._venue.account!r} has {len(found)} trading accounts, and PerpBot cannot tell "
                    f"which of them to use; log in with a key of a GRVT account that has one"
                )
            self.sub_account = found[0]
        return self.sub_account

    # -- questions -----------------------------------------------------------------------------------------------

    def public(self, read: JsonReader[T], path: str, words: Words) -> T:
        """The answer to a question that anybody may ask; `VenueReadError`."""
        host = self._venue.endpoints.rest.replace(_TRADES, _DATA)
        return self._read(read, _post(f"{host}/full/v1/{path}", words, {}))

    def private(self, read: JsonReader[T], path: str, **words: object) -> T:
        """The answer to a question about the trading account; `VenueReadError`."""
        return self._read(read, self.request(path, {"sub_account_id": self.own_account(), **words}))

    def pages(self, read: JsonReader[Any], path: str, **words: str) -> Iterator[Any]:
        """Every row of a history, page by page until no other one is named.

        Raises:
            VenueReadError: a page names itself as the next.
        """
        cursor = ""
        while True:
            asked = {**words, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            page = self.private(read, path, **asked)
            yield from page.result
            if not page.next or not page.result:
                return
            if page.next == cursor:
                raise VenueReadError(f"grvt: a page of {path} does not go on after {cursor}")
            cursor = page.next

    def request(self, path: str, words: Words) -> Request:
        """A request with the session; `VenueReadError` before there is one."""
        return _post(f"{self._venue.endpoints.rest}/full/v1/{path}", words, self.headers())

    def _read(self, read: JsonReader[T], request: Request) -> T:
        reply = ask(self._venue.name, self._venue.http, request)
        if reply.status != OK:
            raise VenueReadError(f"grvt answered {reply.status}: {reply.excerpt}")
        return read(reply.body)


def _post(url: str, words: Words, headers: Mapping[str, str]) -> Request:
    body = json.dumps(words, separators=(",", ":"))
    return Request("POST", url, {"Content-Type": "application/json", **headers}, body)

"""Asking Lighter: questions with a token, answers in pages, and signed transactions.

Source: https://apidocs.lighter.xyz/docs/api-keys, https://apidocs.lighter.xyz/docs/trading.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from urllib3 import encode_multipart_formdata

from perpbot.venues import lighter_signing as signing
from perpbot.venues.answers import OK, ask
from perpbot.venues.http import Request
from perpbot.venues.venue import Venue, VenueReadError
from perpbot.venues.wire import JsonReader, ns

PAGE = 100
"""Rows in one answer, at most."""
TOKEN_MS = 15 * 1_800_000
"""How long a token is made for; Lighter takes none for more than eight hours."""
TOKEN_RENEWED_MS = 14 * 1_800_000
"""A token with less to live than this is replaced."""
BOUNDARY = "perpbot-lighter-transaction"
ANSWERED = 200

T = TypeVar("T")


class Answer(msgspec.Struct):
    """What every answer says besides its content."""

    code: int
    message: str = ""


def reader(type_: type[T]) -> JsonReader[T]:
    """Reads one type of Lighter's JSON, whose numbers stand in quotes now and then."""
    return JsonReader("lighter", type_, numbers_in_quotes=True)


class LighterClient:
    """Asks Lighter, and signs, on behalf of one account."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._token = ""
        self._token_until_ms = 0
        self.last_nonce = 0
        """The highest nonce that is used."""
        self._read_answer = reader(Answer)

    @property
    def account(self) -> int:
        """The account's index; `VenueReadError` when it is not one."""
        return self._index("accountId")

    @property
    def key(self) -> signing.Key:
        """The account's key; `VenueReadError` when it is not one."""
        chain = signing.TESTNET_CHAIN if self._venue.endpoints.testnet else signing.MAINNET_CHAIN
        try:
            secret = signing.private_key(self._venue.secrets["privateKey"])
        except ValueError as error:
            raise VenueReadError(f"lighter: privateKey of account {self._venue.account!r} is none: {error}") from error
        return signing.Key(chain=chain, account=self.account, index=self._index("apiKey"), secret=secret)

    def _index(self, name: str) -> int:
        text = self._venue.secrets[name]
        if not text.isascii() or not text.isdecimal():
            raise VenueReadError(f"lighter: the credential {name} must be a number")
        return int(text)

    def auth(self) -> str:
        """A token that is good for seven hours at least."""
        now_ms = self._venue.venue_ms()
        if not TOKEN_RENEWED_MS < self._token_until_ms - now_ms <= TOKEN_MS:
            until_ms = now_ms + TOKEN_MS
            self._token = self._venue.compute(signing.token, self.key, until_ms // 1_000)
            self._token_until_ms = until_ms
        return self._token

    def public(self, read: JsonReader[T], path: str, **parameters: object) -> T:
        """The answer to a question that anybody may ask; `VenueReadError`."""
        return self._ask(read, self._question(path, parameters))

    def private(self, read: JsonReader[T], path: str, **parameters: object) -> T:
        """The answer to a question about the account; `VenueReadError`."""
        asked = {"account_index": self.account, **parameters}
        return self._ask(read, self._question(path, asked, {"Authorization": self.auth()}))

    def newest(self, read: JsonReader[Any], path: str, since_ms: int, **parameters: object) -> Iterator[Any]:
        """Rows about the account in pages, the newest first, back to a time; `VenueReadError`."""
        since_ns, cursor = ns(max(since_ms, 0)), ""
        while True:
            onward = {"cursor": cursor} if cursor else {}
            page = self.private(read, path, limit=PAGE, **onward, **parameters)
            rows = page.rows or []
            yield from (row for row in rows if row.time_ns >= since_ns)
            if not rows or rows[-1].time_ns < since_ns or not page.next_cursor:
                return
            if page.next_cursor == cursor:
                raise VenueReadError(f"a page of lighter's answers does not go on after {cursor}")
            cursor = page.next_cursor

    def transaction(self, kind: int, body: Mapping[str, int]) -> Request:
        """A signed transaction; it is not sent. Its nonce is the time, or one more than the one before.

        Orders are signed in a thread: another transaction may take the next nonce before this one is signed.
        """
        now_ms = self._venue.venue_ms()
        nonce = self._nonce(now_ms)
        expires_ms = now_ms + int(self._venue.request_lifetime_s * 1_000)
        signed = signing.transaction(self.key, kind, body, nonce, expires_ms)
        form, content_type = encode_multipart_formdata({"tx_type": str(kind), "tx_info": signed}, BOUNDARY)
        return Request("POST", f"{self._venue.endpoints.rest}/api/v1/sendTx", {"Content-Type": content_type}, form)

    def _nonce(self, now_ms: int) -> int:
        """A nonce of its own, also where one thread places while another cancels: no call stands in between."""
        after = self.last_nonce + 1
        self.last_nonce = nonce = after if after > now_ms else now_ms  # noqa: FURB136 - max() is a call
        return nonce

    def carry_out(self, kind: int, body: Mapping[str, int]) -> None:
        """Send a transaction; `VenueReadError` unless Lighter takes it."""
        with self._venue.turn():
            self._ask(self._read_answer, self._venue.compute(self.transaction, kind, body))

    def _question(
        self, path: str, parameters: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> Request:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return Request("GET", f"{self._venue.endpoints.rest}/api/v1/{path}{query}", headers or {})

    def _ask(self, read: JsonReader[T], request: Request) -> T:
        reply = ask("lighter", self._venue.http, request)
        answer = self._read_answer(reply.body)
        if answer.code != ANSWERED or reply.status != OK:
            raise VenueReadError(f"lighter refused ({reply.status}): {answer.code} {answer.message}")
        return read(reply.body)

"""Asking Paradex: the token that goes along with requests, what is signed, and histories that come in pages.

Source: https://docs.paradex.trade, openapi description.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from perpbot.venues.answers import OK, ask
from perpbot.venues.http import Reply, Request
from perpbot.venues.paradex_account import FillRow, FundingRow
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import VenueReadError
from perpbot.venues.wire import JsonReader

PAGE = 100
"""Rows in one answer, at most."""
TOKEN_S = 300
RENEW_AFTER_MS = 120_000
"""A token of this age is replaced by the next read."""

_LOGIN_FIELDS = ("method", "path", "body", "timestamp", "expiration")

T = TypeVar("T")
Dated = TypeVar("Dated", FillRow, FundingRow)


class Rows(msgspec.Struct, Generic[T]):
    """An answer in pages, or a whole one."""

    results: list[T]
    next: str | None = None


class _Config(msgspec.Struct):
    starknet_chain_id: str


class _Token(msgspec.Struct):
    jwt_token: str


def reader(type_: Any) -> JsonReader[Any]:
    """Reads one type of Paradex's JSON, which has numbers in quotes."""
    return JsonReader("paradex", type_, numbers_in_quotes=True)


class ParadexClient:
    """Asks Paradex, and signs, on behalf of one account."""

    def __init__(self, venue: SignedVenue) -> None:
        self.token = ""
        """What requests carry; empty before the first was got."""
        self._venue = venue
        self._token_ms = 0
        self._chain_id = ""
        self._read_config: JsonReader[_Config] = reader(_Config)
        self._read_token: JsonReader[_Token] = reader(_Token)

    # -- questions -----------------------------------------------------------------------------------------------

    def public(self, read: JsonReader[T], path: str) -> T:
        """The answer to a question that anybody may ask; `VenueReadError`."""
        return self._read(read, Request("GET", f"{self._venue.endpoints.rest}/{path}"))

    def private(self, read: JsonReader[T], method: str, **parameters: object) -> T:
        """The answer to what ccxt's `method` sends, with a token that is young enough; `VenueReadError`."""
        self.renew_token()
        return self._read(read, self.build(method, parameters))

    def send(self, method: str, **parameters: object) -> Reply:
        """The reply to what ccxt's `method` sends, whatever it says; `VenueReadError` when there is none."""
        self.renew_token()
        return ask(self._venue.name, self._venue.http, self.build(method, parameters))

    def history(self, read: JsonReader[Rows[Dated]], method: str, since_ms: int) -> list[Dated]:
        """Every row since a time, oldest first, each once, however many pages it takes."""
        rows: dict[str, Dated] = {}
        cursor = ""
        while True:
            onward = {"cursor": cursor} if cursor else {}
            page = self.private(read, method, start_at=str(since_ms), page_size=str(PAGE), **onward)
            rows |= {row.id: row for row in page.results}
            if not page.next:
                return sorted(rows.values(), key=lambda row: (row.created_at, len(row.id), row.id))
            if page.next == cursor:
                raise VenueReadError(f"a page of paradex's answers does not go on after {cursor}")
            cursor = page.next

    def build(self, method: str, parameters: object) -> Request:
        """A request with the token there is, which may be none or too old: Paradex refuses that."""
        self._venue.signer.exchange.options["authToken"] = self.token or "none"
        return self._venue.signer.build(method, parameters)

    def _read(self, read: JsonReader[T], request: Request) -> T:
        reply = ask(self._venue.name, self._venue.http, request)
        if reply.status != OK:
            raise VenueReadError(f"paradex answered {reply.status}: {reply.excerpt}")
        return read(reply.body)

    # -- signing -------------------------------------------------------------------------------------------------

    def sign(self, kind: str, fields: Sequence[str], message: dict[str, object]) -> str:
        """The signature of a message whose fields are all numbers or short texts."""
        secrets, exchange = self._venue.secrets, self._venue.signer.exchange
        domain = {"name": "Paradex", "chainId": self._chain_id, "version": 1}
        types = {kind: [{"name": field, "type": "felt"} for field in fields]}
        digest = exchange.starknet_encode_structured_data(domain, types, message, secrets["walletAddress"])
        signature: str = exchange.starknet_sign(digest, secrets["privateKey"])
        return signature

    def renew_token(self, after_ms: int = RENEW_AFTER_MS) -> None:
        """Get a token unless there is one younger than `after_ms`; `VenueReadError`."""
        now_ms = self._venue.venue_ms()
        if self.token and now_ms - self._token_ms < after_ms:
            return
        self._learn_chain()
        now_s = now_ms // 1_000
        times = {"timestamp": now_s, "expiration": now_s + TOKEN_S}
        message: dict[str, object] = {"method": "POST", "path": "/v1/auth", "body": "", **times}
        signature = self._venue.compute(self.sign, "Request", _LOGIN_FIELDS, message)
        proof = {"signature": signature, "account": self._venue.secrets["walletAddress"], **times}
        self.token = self._read(self._read_token, self.build("privatePostAuth", proof)).jwt_token
        self._token_ms = now_ms

    def _learn_chain(self) -> None:
        if not self._chain_id:
            self._chain_id = self.public(self._read_config, "system/config").starknet_chain_id

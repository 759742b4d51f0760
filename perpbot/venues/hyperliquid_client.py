"""Asking Hyperliquid: questions about ``info``, and signed actions.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api.
"""

import json
from typing import Any, TypeVar

import msgspec

from perpbot.venues.answers import OK, ask
from perpbot.venues.http import Request
from perpbot.venues.signer import SignedVenue
from perpbot.venues.venue import VenueReadError
from perpbot.venues.wire import JsonReader

T = TypeVar("T")


class Answer(msgspec.Struct):
    """What is said of an action."""

    status: str
    response: msgspec.Raw


def reader(type_: Any) -> JsonReader[Any]:
    """Reads one type of Hyperliquid's JSON, which has numbers in quotes."""
    return JsonReader("hyperliquid", type_, numbers_in_quotes=True)


class HyperliquidClient:
    """Asks Hyperliquid, and signs, on behalf of one account."""

    def __init__(self, venue: SignedVenue) -> None:
        self._venue = venue
        self.read_answer: JsonReader[Answer] = reader(Answer)

    def info(self, read: JsonReader[T], kind: str, **parameters: object) -> T:
        """The answer to a question that anybody may ask; `VenueReadError`."""
        body = json.dumps({"type": kind, **parameters}, separators=(",", ":"))
        request = Request("POST", f"{self._venue.endpoints.rest}/info", {"Content-Type": "application/json"}, body)
        reply = ask(self._venue.name, self._venue.http, request)
        if reply.status != OK:
            raise VenueReadError(f"hyperliquid answered {reply.status}: {reply.excerpt}")
        return read(reply.body)

    def about_user(self, read: JsonReader[T], kind: str, **parameters: object) -> T:
        """The answer to a question about the account, which is public, too; `VenueReadError`."""
        return self.info(read, kind, user=self._venue.secrets["walletAddress"], **parameters)

    def action(self, action: dict[str, object]) -> Request:
        """The signed request for `action`; Hyperliquid turns it away after `request_lifetime_s`.

        Keys keep their order, which the signature covers.
        """
        signer = self._venue.signer
        nonce = signer.next_ms()
        expires_ms = self._venue.venue_ms() + int(self._venue.request_lifetime_s * 1_000)
        signature = signer.exchange.sign_l1_action(action, nonce, None, expires_ms)
        body = {"action": action, "nonce": nonce, "signature": signature, "expiresAfter": expires_ms}
        return signer.build("privatePostExchange", body)

    def carry_out(self, action: dict[str, object]) -> None:
        """Send an action that places nothing; `VenueReadError` when Hyperliquid will not have it."""
        reply = ask(self._venue.name, self._venue.http, self.action(action))
        answer = self.read_answer(reply.body)
        if reply.status != OK or answer.status != "ok":
            raise VenueReadError(f"hyperliquid refused {action['type']}: {reply.excerpt}")

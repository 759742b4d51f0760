"""ccxt as the builder and signer of requests. It opens no connection: our `Http` is the only way out.

A `Signer` calls methods of ccxt's class for the venue, whole operations (``create_order``) or single endpoints
(``privatePostTradeOrder``), and takes away the signed request at the point where ccxt would send it. ccxt costs half a
second and 56 MB that market data does not need, so it is imported by `SignedVenue.load`, at the latest for the first
signer.
"""

import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from decimal import localcontext
from typing import Any, ClassVar

from perpbot.venues.answers import FIRST_CLIENT_ERROR, ask
from perpbot.venues.http import Http, Request
from perpbot.venues.venue import Credentials, Endpoints, Venue, VenueReadError

MOST_AHEAD_MS = 2_000
"""Nonces are never farther ahead of the venue's clock: some venues turn those away."""


class _Captured(BaseException):
    """Carries the request out of ccxt; no `Exception`, so that no handler of ccxt keeps it."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


class Signer:
    """Builds and signs the requests of one account at one venue.

    Every request has a later time than the one before, so that no two share a nonce: when two fall into one
    millisecond the second takes the next. Calls must not overlap in native threads.
    """

    def __init__(self, name: str, http: Http, venue_ms: Callable[[], int], settings: Mapping[str, object]) -> None:
        """`name` is ccxt's name of the venue; `settings` hold its credentials, `urls` and `options`."""
        self._http = http
        self._venue_ms = venue_ms
        self._last_ms = 0
        self._capturing = threading.local()
        self.exchange = _exchange(name, settings, self)

    def build(self, method: str, *arguments: object) -> Request:
        """The first request that ccxt's `method` would send, signed; nothing is sent."""
        self._capturing.now = True
        try:
            getattr(self.exchange, method)(*arguments)
        except _Captured as captured:
            return captured.request
        finally:
            self._capturing.now = False
        raise RuntimeError(f"ccxt's {method} made no request")

    def venue_ms(self) -> int:
        """The venue's wall clock as far as we know it."""
        return self._venue_ms()

    def next_ms(self) -> int:
        """The venue's wall clock, but later than at every call before."""
        now_ms = self._venue_ms()
        # after a clock that was far ahead has been put right, its last nonce is not worth waiting for
        self._last_ms = max(now_ms, self._last_ms + 1) if self._last_ms < now_ms + MOST_AHEAD_MS else now_ms
        return self._last_ms

    def transport(self, request: Request) -> object:
        """What ccxt calls to send: takes the request away while building, else sends it and returns the JSON.

        Raises:
            VenueReadError: there was no answer, or it was a complaint or no JSON.
        """
        if getattr(self._capturing, "now", False):
            raise _Captured(request)
        name: str = self.exchange.id
        reply = ask(name, self._http, request)
        if reply.status >= FIRST_CLIENT_ERROR:
            raise VenueReadError(f"{name} answered {reply.status}: {reply.excerpt}")
        try:
            return reply.json()
        except ValueError as error:
            raise VenueReadError(f"{name} did not answer with JSON: {reply.excerpt}") from error


def _exchange(name: str, settings: Mapping[str, object], signer: Signer) -> Any:
    load_ccxt()
    import ccxt

    made = _offline(getattr(ccxt, name), signer)({"enableRateLimit": False, **settings})
    made.number = str
    return made


def load_ccxt() -> None:
    """Import ccxt and what it would import for the first signature."""
    with localcontext():  # ccxt changes how the importing thread rounds
        import ccxt.static_dependencies.msgpack  # noqa: F401 - the same
        import coincurve  # noqa: F401 - ccxt asks for it when it signs

    _use_fast_keccak()


def _offline(base: Any, signer: Signer) -> Any:
    """A subclass of ccxt's class that asks `signer` for the time and hands it every request."""

    def fetch(
        _self: object, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> object:
        return signer.transport(Request(method, url, dict(headers or {}), body))

    replaced = {
        "fetch": fetch,
        "milliseconds": lambda _self: signer.next_ms(),
        "microseconds": lambda _self: signer.next_ms() * 1_000,
        "seconds": lambda _self: signer.venue_ms() // 1_000,
        "set_last_rest_request_timestamp": lambda _self: None,
    }
    return type(f"Offline{base.__name__}", (base,), replaced)


def _use_fast_keccak() -> None:
    """Let ccxt hash with pycryptodome: its own pure Python is 90 % of the time it takes to sign for Hyperliquid."""
    from ccxt.static_dependencies import keccak
    from ccxt.static_dependencies.ethabi import abi, typed_data

    keccak.SHA3 = abi.keccak = typed_data.keccak = keccak_256
    keccak_256(b"")


def keccak_256(data: bytes) -> bytearray:
    """The hash of Ethereum, as it was before SHA-3 was standardised."""
    from Crypto.Hash import keccak

    return bytearray(keccak.new(data=data, digest_bits=32 * 8).digest())


class SignedVenue(Venue):
    """A venue whose requests ccxt builds and signs."""

    ccxt_name: ClassVar[str]
    """What ccxt calls the venue."""

    def __init__(
        self, endpoints: Endpoints, http: Http, credentials: Credentials | None = None, account: str = "main"
    ) -> None:
        super().__init__(endpoints, http, credentials, account)
        self._signer: Signer | None = None

    @classmethod
    def load(cls) -> None:
        """Load ccxt."""
        load_ccxt()

    @property
    def signer(self) -> Signer:
        """The account's signer, made when it is first needed; `VenueReadError` without credentials."""
        if self._signer is None:
            self.load()
            settings = self.signer_settings(self.secrets)
            self._signer = Signer(self.ccxt_name, self.http, self.venue_ms, settings)
        return self._signer

    @abstractmethod
    def signer_settings(self, credentials: Credentials) -> dict[str, object]:
        """What ccxt's class is made with."""

"""One request to a venue over HTTP, and the three things that can become of it.

An answer is an answer, whatever its status. `NotSentError` means that nothing can have reached the venue.
`NoAnswerError` means that nobody can say: the request may have been carried out.
"""

import json
import ssl
from collections.abc import Callable, Mapping
from decimal import Decimal
from time import sleep
from typing import Any

import attrs
from urllib3 import Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from perpbot import clock
from perpbot.venues.rate_limit import Limiter, RateLimits, Urgency
from perpbot.venues.route import DIRECT, Route
from perpbot.venues.venue_clock import VenueClock

POOL_SIZE = 64
"""Connections to one host that are kept for the next request."""
PATIENCE_S = 10.0
"""How long a read waits for its turn, at most."""


class NotSentError(Exception):
    """The request never reached the venue."""


class HeldBackError(NotSentError):
    """The request did not leave: it would be more than the venue takes."""


class NoAnswerError(Exception):
    """The request may or may not have reached the venue."""


@attrs.frozen
class Request:
    """A request that is ready to leave, signature included. Its headers and body never go into a log."""

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: str | bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Reply:
    """What the venue answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    def json(self) -> Any:
        """The body as JSON with exact numbers; `ValueError` when it is something else."""
        return json.loads(self.body, parse_float=Decimal)

    @property
    def excerpt(self) -> str:
        """The first 200 characters of the body on one line, for messages."""
        return " ".join(self.body[:200].decode("utf-8", "replace").split())


class Http:
    """Connections to one venue, kept open and shared by all its greenlets.

    urllib3 alone, without requests on top of it: that costs half a millisecond a request and adds nothing here.
    Nothing is ever sent again by itself, and no redirect is followed.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 5.0,
        route: Route = DIRECT,
        limiter: Limiter | None = None,
    ) -> None:
        self.route = route
        self.limiter = Limiter() if limiter is None else limiter
        self._kind: Callable[[Request], str] = call_kind
        self.venue_clock = VenueClock()
        self._timeout = Timeout(connect=connect_timeout_s, read=read_timeout_s)
        self._pool = route.pool(num_pools=8, maxsize=POOL_SIZE, retries=False, timeout=self._timeout)

    def declare(self, limits: RateLimits, kind: Callable[[Request], str]) -> None:
        """What the venue counts, and its word for the kind of a call."""
        self.limiter.declare(limits)
        self._kind = kind

    def read(self, request: Request) -> Reply:
        """Send a question when it is its turn, and wait for the answer; raises what `send` raises.

        Raises:
            HeldBackError: its turn does not come within `PATIENCE_S`.
        """
        deadline_ns = clock.monotonic_ns() + int(PATIENCE_S * clock.NS_PER_SECOND)
        while wait_s := self.limiter.take(self._kind(request), Urgency.READ, clock.monotonic_ns()):
            if clock.monotonic_ns() + wait_s * clock.NS_PER_SECOND > deadline_ns:
                raise HeldBackError(f"the rate limit of {_host(request.url)} holds it back for {wait_s:.1f} s")
            sleep(wait_s)
        return self.send(request)

    def send(self, request: Request) -> Reply:
        """Send at once, whoever's turn it is, and wait for the answer.

        Raises:
            NotSentError: no connection could be made.
            NoAnswerError: the connection broke or the answer did not come in time.
        """
        host = _host(request.url)
        sent_ns = clock.monotonic_ns()
        try:
            answer = self._pool.request(
                request.method, request.url, body=request.body, headers=dict(request.headers), redirect=False
            )
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NotSentError(f"cannot connect to {host}") from error
        except ProxyError as error:
            raise NotSentError(f"the proxy does not connect to {host}") from error
        except SSLError as error:
            raise _tls_failure(host, error) from error
        except ReadTimeoutError as error:
            raise NoAnswerError(f"no answer from {host} within {self._timeout.read_timeout} s") from error
        except MaxRetryError as error:
            raise NoAnswerError(f"{type(error.reason).__name__} talking to {host}") from error
        except (HTTPError, OSError) as error:
            raise NoAnswerError(f"the connection to {host} broke before an answer came") from error
        date = answer.headers.get("Date")
        if date is not None and "Age" not in answer.headers:  # a cache's answer is as old as it likes
            self.venue_clock.heard(date, sent_ns, clock.monotonic_ns())
        self.limiter.answered(answer.status, answer.headers.get("Retry-After"), clock.monotonic_ns())
        return Reply(answer.status, answer.data, answer.headers)

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()


def _tls_failure(host: str, error: SSLError) -> NotSentError | NoAnswerError:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):  # found out before anything was sent
        return NotSentError(f"the certificate of {host} is not to be trusted: {cause.verify_message}")
    return NoAnswerError(f"TLS with {host} failed: {error}")


def _host(url: str) -> str:
    return url.split("/", 3)[2]


def call_kind(request: Request) -> str:
    """Method and path of a request, as in ``GET /api/v5/account/balance``."""
    parts = request.url.split("?", 1)[0].split("/", 3)
    return f"{request.method} /{parts[3] if len(parts) > 3 else ''}"  # noqa: PLR2004 - scheme, nothing, host, path

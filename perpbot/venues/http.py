"""One request to a venue over HTTP, and the three things that can become of it.

An answer is an answer, whatever its status. `NotSentError` means that nothing can have reached the venue.
`NoAnswerError` means that nobody can say: the request may have been carried out.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

POOL_SIZE = 64


class NotSentError(Exception):
    """The request never reached the venue."""


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
    """Connections to one venue, kept open and shared by all its greenlets."""

    def __init__(
        self, *, connect_timeout_s: float = 3.0, read_timeout_s: float = 5.0, proxy: str | None = None
    ) -> None:
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.clear()
        if proxy is not None:
            self._session.proxies = {"http": proxy, "https": proxy}
        adapter = HTTPAdapter(pool_connections=8, pool_maxsize=POOL_SIZE)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def send(self, request: Request) -> Reply:
        """Send and wait for the answer.

        Raises:
            NotSentError: no connection could be made.
            NoAnswerError: the connection broke or the answer did not come in time.
        """
        try:
            response = self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=dict(request.headers),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.exceptions.ConnectTimeout as error:
            raise NotSentError(f"no connection to {_host(request.url)} within {self._timeout[0]} s") from error
        except requests.exceptions.ConnectionError as error:
            if _never_connected(error):
                raise NotSentError(f"cannot connect to {_host(request.url)}") from error
            raise NoAnswerError(f"the connection to {_host(request.url)} broke before an answer came") from error
        except requests.exceptions.Timeout as error:
            raise NoAnswerError(f"no answer from {_host(request.url)} within {self._timeout[1]} s") from error
        except requests.exceptions.RequestException as error:
            raise NoAnswerError(f"{type(error).__name__} talking to {_host(request.url)}") from error
        return Reply(response.status_code, response.content, response.headers)

    def close(self) -> None:
        """Close every connection."""
        self._session.close()


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _host(url: str) -> str:
    return url.split("/", 3)[2]

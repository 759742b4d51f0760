"""What an answer over HTTP means, as far as all venues agree.

A read either has its answer or raises `VenueReadError`. An order's answer is clear or `Unknown`, never assumed.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec, TypeVar

from perpbot.model.events import DecodeError
from perpbot.model.order import Refused, Unknown
from perpbot.venues.http import HeldBackError, Http, NoAnswerError, NotSentError, Reply, Request
from perpbot.venues.venue import TooManyRequestsError, VenueReadError

P = ParamSpec("P")
R = TypeVar("R")

OK = 200
BANNED = 418
TOO_MANY_REQUESTS = 429
FIRST_REDIRECT = 300
FIRST_CLIENT_ERROR = 400
FIRST_SERVER_ERROR = 500


def ask(venue: str, http: Http, request: Request) -> Reply:
    """The venue's answer to a read, which may still be a complaint; `VenueReadError` when there is none."""
    try:
        reply = http.read(request)
    except HeldBackError as error:
        raise TooManyRequestsError(f"{venue}: {error}") from error
    except (NotSentError, NoAnswerError) as error:
        raise VenueReadError(f"{venue}: {error}") from error
    if reply.status >= FIRST_SERVER_ERROR or FIRST_REDIRECT <= reply.status < FIRST_CLIENT_ERROR:
        raise VenueReadError(f"{venue} answered {reply.status}: {reply.excerpt}")
    if reply.status in {BANNED, TOO_MANY_REQUESTS}:
        raise TooManyRequestsError(f"{venue} limits our requests ({reply.status}): {reply.excerpt}")
    return reply


def reads(method: Callable[P, R]) -> Callable[P, R]:
    """For the methods that read from a venue: an answer that cannot be decoded is a `VenueReadError`."""

    @wraps(method)
    def reading(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except DecodeError as error:
            raise VenueReadError(str(error)) from error

    return reading


def first(venue: str, rows: list[R]) -> R:
    """The first row of an answer that must have one; `DecodeError` when it is empty."""
    if not rows:
        raise DecodeError(f"{venue}: an answer is empty that must hold something")
    return rows[0]


def pages(fetch: Callable[[str], list[R]], key: Callable[[R], str], size: int) -> Iterator[R]:
    """Every row of an answer that comes in pages of at most `size`, each asked for by the last key before it.

    Raises:
        VenueReadError: a page ends where the one before it did.
    """
    after = ""
    while True:
        page = fetch(after)
        yield from page
        if len(page) < size:
            return
        if key(page[-1]) == after:
            raise VenueReadError(f"a page of answers does not go on after {after}")
        after = key(page[-1])


def since(
    fetch: Callable[[int], list[R]], time_of: Callable[[R], int], key: Callable[[R], object], start_ms: int, size: int
) -> list[R]:
    """Every row of an answer that starts at a time and has at most `size` rows, oldest first, each once.

    Raises:
        VenueReadError: more rows share one millisecond than fit an answer.
    """
    rows: dict[object, R] = {}
    while True:
        page = fetch(start_ms)
        fresh = {key(row): row for row in page if key(row) not in rows}
        rows |= fresh
        if len(page) < size:
            return sorted(rows.values(), key=time_of)
        if not fresh:
            raise VenueReadError(f"more than {size} rows at {start_ms} ms: some cannot be read")
        start_ms = max(time_of(row) for row in fresh.values())


def unclear_or_limited(venue: str, reply: Reply) -> Unknown | Refused | None:
    """What the status of an answer to an order says by itself; None when the body must say it.

    A request over the rate limit was not carried out. After any server error it may have been.
    """
    if reply.status in {BANNED, TOO_MANY_REQUESTS}:
        return Refused(f"{venue} limits our requests ({reply.status}): {reply.excerpt}", retryable=True)
    if reply.status >= FIRST_SERVER_ERROR or FIRST_REDIRECT <= reply.status < FIRST_CLIENT_ERROR:
        return Unknown(f"{venue} answered {reply.status}: {reply.excerpt}")
    return None

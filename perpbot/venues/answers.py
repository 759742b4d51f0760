"""What an answer over HTTP means, as far as all venues agree.

A read either has its answer or raises `VenueReadError`. An order's answer is clear or `Unknown`, never assumed.
"""

from perpbot.model.events import DecodeError
from perpbot.model.order import Refused, Unknown
from perpbot.venues.http import Http, NoAnswerError, NotSentError, Reply, Request
from perpbot.venues.venue import VenueReadError
from perpbot.venues.wire import JsonReader, T

BANNED = 418
TOO_MANY_REQUESTS = 429
FIRST_REDIRECT = 300
FIRST_CLIENT_ERROR = 400
FIRST_SERVER_ERROR = 500


def ask(venue: str, http: Http, request: Request) -> Reply:
    """The venue's answer to a read, which may still be a complaint; `VenueReadError` when there is none."""
    try:
        reply = http.send(request)
    except (NotSentError, NoAnswerError) as error:
        raise VenueReadError(f"{venue}: {error}") from error
    if reply.status >= FIRST_SERVER_ERROR or FIRST_REDIRECT <= reply.status < FIRST_CLIENT_ERROR:
        raise VenueReadError(f"{venue} answered {reply.status}: {reply.excerpt}")
    if reply.status in {BANNED, TOO_MANY_REQUESTS}:
        raise VenueReadError(f"{venue} limits our requests ({reply.status}): {reply.excerpt}")
    return reply


def understood(reader: JsonReader[T], reply: Reply) -> T:
    """What `reader` makes of an answer; `VenueReadError` when it is something else."""
    try:
        return reader(reply.body)
    except DecodeError as error:
        raise VenueReadError(f"{error} in an answer of status {reply.status}: {reply.excerpt}") from error


def unclear_or_limited(venue: str, reply: Reply) -> Unknown | Refused | None:
    """What the status of an answer to an order says by itself; None when the body must say it.

    A request over the rate limit was not carried out. After any server error it may have been.
    """
    if reply.status in {BANNED, TOO_MANY_REQUESTS}:
        return Refused(f"{venue} limits our requests ({reply.status}): {reply.excerpt}", retryable=True)
    if reply.status >= FIRST_SERVER_ERROR or FIRST_REDIRECT <= reply.status < FIRST_CLIENT_ERROR:
        return Unknown(f"{venue} answered {reply.status}: {reply.excerpt}")
    return None

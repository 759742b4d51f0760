"""The routes that never end: the state as it changes, and the log as it is written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import attrs
import gevent
import msgspec

from perpbot.clock import NS_PER_SECOND, iso, monotonic_ns, wall_ns
from perpbot.logs.reading import Wanted, matches
from perpbot.sections.feed import Follower, encode, frame
from perpbot.web.desk import Desk
from perpbot.web.route import EVENTS, Access, Call, Problem, Route, Stream

HEARTBEAT_S = 15.0
LOOK_S = 0.25
"""How often new log lines are looked for."""
LINES_AT_FIRST = 100
LONGEST_S = 12 * 3600
"""A stream lives as long as its session could, and no longer than it does; then a token has to be shown again."""
AGAIN = b"retry: 2000\n\n"


@attrs.frozen(kw_only=True)
class EventsQuery:
    """What a stream of events is to have."""

    logs: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    """1 for log lines, too."""
    last_event_id: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    """Number of the last event that was seen, where the header `Last-Event-ID` cannot be set."""


@attrs.frozen(kw_only=True)
class LogStreamQuery:
    """Which log lines are wanted."""

    level: str | None = None
    """The least severe."""
    keyword: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Found anywhere in the line, whatever its case."""


def events(call: Call) -> Stream:
    """The state, and whatever changes in it, as server-sent events."""
    since = call.given.last_event_id
    if call.last_event is not None and call.last_event.isascii() and call.last_event.isdigit():
        since = int(call.last_event[:16])
    return _counted(call, _following(call, since))


def log_stream(call: Call) -> Stream:
    """Log lines as they are written, as server-sent events."""
    wanted = Wanted(level=call.given.level, keyword=call.given.keyword)
    try:
        matches({}, wanted)
    except ValueError as error:
        raise Problem(422, "invalid", str(error)) from error
    return _counted(call, _tailing(call, wanted))


def _counted(call: Call, frames: Stream) -> Stream:
    """Refuse where there are too many, before anything is sent; count the others."""
    desk = call.desk
    if desk.streams >= desk.settings.stream_clients:
        text = f"{desk.streams} streams are open, as many as web.stream_clients allows; close one"
        raise Problem(503, "too many streams", text, retry_after_s=10)

    def counted() -> Stream:
        try:
            yield AGAIN
            yield from frames
        finally:
            desk.streams -= 1

    desk.streams += 1
    stream = counted()
    next(stream)  # from here on closing it counts it out again
    return stream


@contextmanager
def _followed(desk: Desk, since: int | None) -> Iterator[Follower]:
    follower = desk.feed.follow(since)
    try:
        yield follower
    finally:
        desk.feed.leave(follower)


def _following(call: Call, since: int | None) -> Stream:
    desk, lasts = call.desk, _session(call)
    seen = desk.tail.last - LINES_AT_FIRST
    beat = monotonic_ns()
    with _followed(desk, since) as follower:
        while lasts():
            data = desk.feed.take(follower)
            if call.given.logs:
                for number, line in desk.tail.after(seen):
                    seen = number
                    data += frame("log", encode(line))
            if monotonic_ns() - beat >= HEARTBEAT_S * NS_PER_SECOND:
                data += _heartbeat()
                beat = monotonic_ns()
            if data:
                yield data
            follower.news.wait(LOOK_S if call.given.logs else HEARTBEAT_S)


def _tailing(call: Call, wanted: Wanted) -> Stream:
    tail, lasts = call.desk.tail, _session(call)
    seen, beat = tail.last - LINES_AT_FIRST, monotonic_ns()
    while lasts():
        data = b""
        for number, line in tail.after(seen):
            seen = number
            if matches(line, wanted):
                data += frame("log", encode(line), number)
        if monotonic_ns() - beat >= HEARTBEAT_S * NS_PER_SECOND:
            data += _heartbeat()
            beat = monotonic_ns()
        if data:
            yield data
        gevent.sleep(LOOK_S)


def _heartbeat() -> bytes:
    return frame("heartbeat", encode({"at": iso(wall_ns())}))


def _session(call: Call) -> Callable[[], bool]:
    """Whether whoever follows may go on."""
    until, tokens, caller = monotonic_ns() + LONGEST_S * NS_PER_SECOND, call.desk.tokens, call.caller
    return lambda: monotonic_ns() < until and (caller is None or not tokens.over(caller.session))


ROUTES = [
    Route(
        method="GET", path="/api/sse/events", handle=events, answer=None, given=EventsQuery,
        access=Access.QUERY, media=EVENTS,
    ),
    Route(
        method="GET", path="/api/logs/stream", handle=log_stream, answer=None, given=LogStreamQuery,
        access=Access.QUERY, media=EVENTS,
    ),
]  # fmt: skip

"""What becomes of streams whose session is ended."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from web_world import Site, at_site

from perpbot.web.route import Call
from perpbot.web.streams import HEARTBEAT_S, EventsQuery, LogStreamQuery, events, log_stream

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

STREAMS: list[tuple[Any, Any]] = [
    (events, EventsQuery()),
    (events, EventsQuery(logs=1)),
    (log_stream, LogStreamQuery(keyword="what no line has")),
]


def signed_out_while_following(site: Site) -> list[bool]:
    caller = site.desk.tokens.check(site.token)
    calls = [
        (open_stream, Call(desk=site.desk, caller=caller, source="127.0.0.1", given=query))
        for open_stream, query in STREAMS
    ]
    readers = [gevent.spawn(list, open_stream(call)) for open_stream, call in calls]
    gevent.sleep(3 * HEARTBEAT_S)
    went_on = not any(each.ready() for each in readers)
    assert site.ask("POST", "/api/auth/logout").status_code == 200
    gevent.joinall(readers, timeout=HEARTBEAT_S + 1)
    return [went_on, *(each.ready() for each in readers), site.desk.streams == 0]


def test_a_stream_ends_within_a_heartbeat_of_its_session(state: Path) -> None:
    assert all(at_site(signed_out_while_following, state))

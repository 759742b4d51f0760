"""The console and its API over real sockets, of a system in a process of its own."""

import http.client
import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
from running_system import Running, running_system, served_venues
from three_venues import three_venues

from perpbot.sections.differences import merged

pytestmark = pytest.mark.process
PATIENCE_S = 60


@attrs.define
class Browser:
    """Speaks HTTP to one system."""

    running: Running
    port: int
    token: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json", **shown, **headers})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def ticket(self) -> str:
        found: str = json.loads(self.ask("POST", "/api/auth/ticket")[2])["ticket"]
        return found

    def follow(self, query: str, **headers: str) -> "Follower":
        return Follower(self.port, f"/api/sse/events?{query}", headers)


class Follower:
    """One event stream."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._connection.request("GET", path, headers=headers)
        self.answer = self._connection.getresponse()
        self.status = self.answer.status

    def events(self) -> Iterator[tuple[str, Any]]:
        name = ""
        for line in self.answer:
            key, _, value = line.decode().strip().partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                yield name, json.loads(value)

    def close(self) -> None:
        self._connection.close()


def browser_of(running: Running) -> Browser:
    said = "".join(running.output.lines)
    url = re.search(r"Web console: (\S+)", said)
    assert url is not None
    browser = Browser(running, urlsplit(url[1]).port or 0)
    status, _, data = browser.ask(
        "POST", "/api/auth/token", {"password": (running.state / "operator.password").read_text().strip()}
    )
    assert status == 200, data
    browser.token = json.loads(data)["access_token"]
    return browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("web")
    with served_venues(folder) as venues, running_system(venues, folder / "state", "--port", "0") as running:
        yield browser_of(running)


def test_the_console_is_there_with_headers_that_bind_browsers(browser: Browser) -> None:
    status, headers, data = browser.ask("GET", "/")
    assert status == 200
    assert b"<!doctype html>" in data
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    again, _, nothing = browser.ask("GET", "/", **{"If-None-Match": headers["etag"]})
    assert (again, nothing) == (304, b"")


def test_browsers_keep_all_but_the_page_for_good_under_a_name_that_changes_with_any_file(browser: Browser) -> None:
    _, headers, page = browser.ask("GET", "/")
    assert headers["cache-control"] == "no-cache"
    named = re.findall(r'(?:href|src)="(/[^"]+)"', page.decode())
    assert len({each.split("/")[1] for each in named}) == 1
    for path in named:
        status, headers, data = browser.ask("GET", path)
        assert (status, "immutable" in headers["cache-control"]) == (200, True)
        assert data == browser.ask("GET", "/" + path.split("/", 2)[2])[2]
    status, headers, _ = browser.ask("GET", "/0123456789abcdef/app.js")
    assert (status, headers["cache-control"]) == (200, "no-cache"), "a page from before an update"


@pytest.mark.parametrize(
    "path",
    ["/../operator.json", "/%2e%2e/server.py", "/..%2fserver.py", "/0123456789abcdef/../../server.py", "//etc/passwd",
     "/.git/config", "/vendor/..%5cserver.py", "/app.js%00.html", "/server.py"],
)  # fmt: skip
def test_no_path_leads_out_of_the_console(browser: Browser, path: str) -> None:
    status, headers, data = browser.ask("GET", path)
    assert (status, headers["content-type"]) == (404, "application/problem+json"), data


def test_a_stream_begins_with_everything_and_a_reconnect_goes_on_where_it_was(browser: Browser) -> None:
    ticket = browser.ticket()
    with closing(browser.follow(f"token={ticket}")) as follower:
        events = follower.events()
        _, first = next(events)
        state, seq = first["state"], first["seq"]
        for name, body in events:
            if name == "diff":
                assert body["seq"] == seq + 1
                state, seq = merged(state, body["diff"]), body["seq"]
            if seq >= first["seq"] + 3:
                break
    assert browser.follow(f"token={ticket}").status == 401
    with closing(browser.follow(f"token={browser.ticket()}", **{"Last-Event-ID": str(seq)})) as follower:
        name, body = next(follower.events())
        assert (name, body["seq"]) == ("diff", seq + 1)
    with closing(browser.follow(f"token={browser.ticket()}&last_event_id={seq}")) as follower:
        name, body = next(follower.events())
        assert (name, body["seq"]) == ("diff", seq + 1)
    with closing(browser.follow(f"token={browser.ticket()}", **{"Last-Event-ID": "7"})) as follower:
        assert next(follower.events())[0] == "snapshot"
    assert {"quotes", "venues", "orders", "tree", "alerts"} <= state.keys()


def test_no_token_gets_into_the_log(browser: Browser) -> None:
    browser.ask("GET", f"/api/state?token={browser.token}")
    browser.follow(f"token={browser.token}x").close()
    log = (browser.running.state / "perpbot.log").read_text()
    assert browser.token not in log
    assert browser.token not in "".join(browser.running.output.lines)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(browser: Browser) -> None:
    with closing(socket.create_connection(("127.0.0.1", browser.port), timeout=PATIENCE_S)) as raw:
        head = f"POST /api/control/flatten HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {browser.token}\r\n"
        raw.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100000000\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_request_that_is_no_http_is_refused_and_the_others_go_on(browser: Browser) -> None:
    with closing(socket.create_connection(("127.0.0.1", browser.port), timeout=PATIENCE_S)) as raw:
        raw.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
    assert browser.ask("GET", "/healthz")[0] == 200


def test_streams_beyond_the_limit_are_told_to_come_later_and_a_closed_one_makes_room(browser: Browser) -> None:
    with ExitStack() as stack:
        opened = 0
        # some of other tests may still be closing, and on a busy machine the first are closed: they read nothing
        while (refused := stack.enter_context(closing(browser.follow(f"token={browser.token}")))).status == 200:
            opened += 1
            assert opened < 100, "there is a limit"
        assert opened >= 40
        assert refused.status == 503
        assert refused.answer.headers["Retry-After"]
        assert "streams are open" in json.loads(refused.answer.read())["detail"]
    deadline = time.monotonic() + PATIENCE_S  # noqa: TID251 - real sockets take real time
    while (room := browser.follow(f"token={browser.token}")).status != 200:
        room.close()
        assert time.monotonic() < deadline  # noqa: TID251 - real sockets take real time
        time.sleep(0.2)
    room.close()


def test_a_hangup_has_the_configuration_read_again(browser: Browser) -> None:
    browser.ask("PATCH", "/api/config", {"changes": {"risk.daily_loss_limit": "123"}})
    browser.running.process.send_signal(signal.SIGHUP)
    browser.running.output.wait_for("setting changed", 2)
    browser.running.output.wait_for("configuration reloaded")
    settings = json.loads(browser.ask("GET", "/api/config")[2])["settings"]
    assert settings["risk.daily_loss_limit"]["value"] == "500"


@pytest.mark.full
def test_who_sends_or_reads_nothing_is_hung_up_on(browser: Browser) -> None:
    """Slow on purpose: the limits are ten seconds."""
    with closing(socket.create_connection(("127.0.0.1", browser.port), timeout=PATIENCE_S)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
    with closing(socket.create_connection(("127.0.0.1", browser.port), timeout=PATIENCE_S)) as raw:
        head = f"POST /api/control/flatten HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {browser.token}\r\n"
        raw.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{{".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
    assert browser.ask("GET", "/healthz")[0] == 200


@pytest.mark.full
def test_two_hundred_streams_all_get_every_difference(tmp_path: Path) -> None:
    config = tmp_path / "many.yaml"
    shipped = three_venues(tmp_path).read_text()
    config.write_text(shipped.replace("stream_clients: 50 ", "stream_clients: 200\n  connections: 400 "))
    with ExitStack() as stack:
        venues = stack.enter_context(served_venues(tmp_path))
        options = ("--port", "0", "--config", str(config))
        browser = browser_of(stack.enter_context(running_system(venues, tmp_path / "state", *options)))
        followers = [stack.enter_context(closing(browser.follow(f"token={browser.token}"))) for _ in range(200)]
        ends = set()
        for each in followers:
            events = each.events()
            _, first = next(events)
            seq, last = first["seq"], first["seq"] + 20
            for name, body in events:
                if name == "diff":
                    assert body["seq"] == seq + 1
                    seq = body["seq"]
                if seq >= last:
                    break
            ends.add(seq)
        assert len(ends) >= 1

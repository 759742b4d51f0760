"""Webhooks reach who they should, and nobody in the own network who was not named."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import attrs
import pytest

from perpbot.alerts.alert import Severity
from perpbot.alerts.wording import Message
from perpbot.delivery.errors import ChannelError, DeliveryError
from perpbot.delivery.webhook import Webhook, is_public

MESSAGE = Message(title="PerpBot CRITICAL", body="quotes-late/okx 断线", severity=Severity.CRITICAL)
SECRET = "s3cr3t-path-of-a-hook"  # noqa: S105 - it opens nothing


@attrs.define
class Receiver:
    port: int = 0
    status: int = 200
    got: list[tuple[str, str, Any]] = attrs.field(factory=list)


@contextmanager
def receiver(status: int = 200) -> Iterator[Receiver]:
    """A server on loopback that notes what it gets."""
    made = Receiver(status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append((self.path, self.headers["Host"], json.loads(body)))
            self.send_response(made.status)
            self.send_header("Location", "http://127.0.0.1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_message_arrives_as_json_at_a_host_that_is_allowed_by_name() -> None:
    with receiver() as made:
        Webhook("hook", f"http://localhost:{made.port}/a/b?c=d", ("localhost",)).send(MESSAGE)
    wanted = {"title": MESSAGE.title, "text": MESSAGE.body, "severity": "critical", "source": "perpbot"}
    assert made.got == [("/a/b?c=d", f"localhost:{made.port}", wanted)]


def test_the_receiver_of_the_documentation_shows_what_it_is_sent() -> None:
    line = [sys.executable, "docs/examples/receiver.py", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[2]
            Webhook("here", url, ("127.0.0.1",)).send(MESSAGE)
            assert [process.stdout.readline() for _ in range(2)] == [
                f"[critical] {MESSAGE.title}\n",
                f"{MESSAGE.body}\n",
            ]
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("status", "words"), [(500, "answered 500"), (302, "redirects are not followed"), (404, "404")]
)
def test_an_answer_that_is_no_yes_is_a_failure_and_redirects_are_not_followed(status: int, words: str) -> None:
    with receiver(status) as made, pytest.raises(DeliveryError, match=words) as caught:
        Webhook("hook", f"http://localhost:{made.port}/{SECRET}", ("localhost",)).send(MESSAGE)
    assert len(made.got) == 1
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "192.168.0.9"])
def test_the_own_network_is_refused_unless_allowed_by_name(host: str) -> None:
    with pytest.raises(DeliveryError, match="own network"):
        Webhook("hook", f"https://{host}:1/{SECRET}").send(MESSAGE)


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means something else when asked again leads nowhere else."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if host in {"hook.example", "127.0.0.1"} else "0.0.0.0"  # noqa: S104 - never bound
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with receiver() as made:
        Webhook("hook", f"http://hook.example:{made.port}/", ("hook.example",)).send(MESSAGE)
    assert asked == ["hook.example", "127.0.0.1"]
    assert made.got[0][1] == f"hook.example:{made.port}"


def test_a_server_that_is_away_is_named_without_its_path() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://localhost:{taken.getsockname()[1]}/{SECRET}"
        with pytest.raises(DeliveryError, match="localhost cannot be reached") as caught:
            Webhook("hook", url, ("localhost",)).send(MESSAGE)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(Webhook("hook", url, ("localhost",)))


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "https://user:word@example.com/x", "https://", "ftp://example.com", "https://a:b/"]
)
def test_what_no_message_should_go_to_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ChannelError, match="channel hook"):
        Webhook("hook", url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("10.0.0.1", False), ("100.64.0.1", False), ("0.0.0.0", False),  # noqa: S104
        ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False), ("64:ff9b::808:808", True), ("2002:a00:1::", False),
        ("fe80::1%eth0", False), ("fd00::1", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::", False),
    ],
)  # fmt: skip
def test_only_the_internets_addresses_are_public(address: str, *, public: bool) -> None:
    assert is_public(address) is public

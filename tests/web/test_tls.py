"""TLS: a handshake is between one client and us, and nobody else waits for it."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.process
CHILD = Path(__file__).with_name("serving_alone.py")
CONNECTIONS = 20
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    state = tmp_path_factory.mktemp("tls")
    certificate, key = state / "certificate.pem", state / "key.pem"
    made_by = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made_by += ["-days", "2", "-subj", "/CN=perpbot", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made_by, check=True, capture_output=True)
    command = [sys.executable, str(CHILD), str(state), str(certificate), str(key), str(CONNECTIONS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        yield urlsplit(child.stdout.readline().strip()).port or 0
        child.stdin.close()
        assert child.stdout.read() == "", "nothing failed"


def asked(port: int) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(HTTPSConnection("127.0.0.1", port, timeout=PATIENCE_S, context=context)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def test_who_connects_and_says_nothing_keeps_nobody_waiting(port: int) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(closing(connected(port))) for _ in range(CONNECTIONS - 1)]
        silent[0].sendall(b"\x16\x03")  # begins to shake hands, and thinks better of it
        assert [asked(port) for _ in range(3)] == [b"here"] * 3


def test_who_speaks_no_tls_is_hung_up_on_and_the_others_go_on(port: int) -> None:
    with closing(connected(port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert not raw.recv(100).startswith(b"HTTP")
    assert asked(port) == b"here"


@pytest.mark.full
def test_who_says_nothing_does_not_keep_a_place_for_long(port: int) -> None:
    """Slow on purpose: the limit is ten seconds."""
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(closing(connected(port)))
        assert asked(port) == b"here"

import socket
from threading import Event, Thread

import pytest
import requests
import websocket

from perpbot import clock
from perpbot.simulation.venues.server import Answer, Request, Server
from perpbot.simulation.venues.websocket import Encoder, WebSocket


class Echo:
    """Answers with what it was asked, and sends back what it is sent."""

    silence_s: float | None = None

    def __init__(self) -> None:
        self.ends = Event()
        self.websocket: WebSocket | None = None

    def answer(self, request: Request) -> Answer | None:
        if request.path == "/drop":
            return None
        return Answer(200, f"{request.method} {request.target} {request.body.decode()}".encode())

    def upgrade(self, request: Request, websocket: WebSocket) -> "Echo | None":
        self.websocket = websocket
        return self if request.path == "/ws" else None

    def received(self, text: str) -> None:
        assert self.websocket is not None
        self.websocket.send_text(text)

    def silent(self) -> None:
        assert self.websocket is not None
        self.websocket.close(4004, "silence")

    def ended(self) -> None:
        self.ends.set()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def server(echo: Echo) -> Server:
    server = Server("echo", echo)
    server.start()
    return server


def test_requests_share_a_connection(server: Server) -> None:
    with requests.Session() as session:
        for number in range(3):
            reply = session.post(f"http://127.0.0.1:{server.port}/a?b={number}", data="body", timeout=5)
            assert reply.text == f"POST /a?b={number} body"
        with pytest.raises(requests.ConnectionError):
            session.get(f"http://127.0.0.1:{server.port}/drop", timeout=5)
        assert session.get(f"http://127.0.0.1:{server.port}/again", timeout=5).text.strip() == "GET /again"
    server.stop()


def test_what_is_not_http_is_a_bad_request(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400")
    server.stop()


def test_messages_of_any_length_come_back(server: Server) -> None:
    client = websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws", timeout=5)
    for text in ("", "x", "y" * 125, "ü" * 100, "z" * 70_000):
        client.send(text)
        assert client.recv() == text
    client.close()
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(f"ws://127.0.0.1:{server.port}/other", timeout=5)
    server.stop()


def test_a_stopped_server_cuts_its_connections_and_comes_back(server: Server, echo: Echo) -> None:
    client = websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws", timeout=5)
    server.stop()
    with pytest.raises((websocket.WebSocketException, OSError)):
        client.recv()
    assert echo.ends.wait(5)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    port = server.port
    assert server.start() == port
    again = websocket.create_connection(f"ws://127.0.0.1:{port}/ws", timeout=5)
    again.send("back")
    assert again.recv() == "back"
    server.stop()


def test_a_silent_peer_is_told_farewell(server: Server, echo: Echo) -> None:
    echo.silence_s = 0.05
    client = websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws", timeout=5)
    opcode, data = client.recv_data()
    assert (opcode, data) == (websocket.ABNF.OPCODE_CLOSE, b"\x0f\xa4silence")
    server.stop()


def read_all(client: websocket.WebSocket) -> None:
    while True:
        client.recv()


def test_a_peer_that_does_not_read_holds_up_nobody(server: Server, echo: Echo) -> None:
    slow = websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws", timeout=5)
    slow.send("hello")
    assert slow.recv() == "hello"
    assert echo.websocket is not None
    frame = Encoder().frame("x" * 50_000)
    before = clock.monotonic_ns()
    for _ in range(5_000):
        echo.websocket.send(frame)
    assert clock.monotonic_ns() - before < clock.NS_PER_SECOND
    assert echo.ends.wait(5)
    with pytest.raises((websocket.WebSocketException, OSError)):
        read_all(slow)
    server.stop()


def test_frames_for_all_are_sent_whole_from_many_threads(server: Server, echo: Echo) -> None:
    client = websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws", timeout=5)
    client.send("hello")
    assert client.recv() == "hello"

    def talk(letter: str) -> None:
        frame = Encoder().frame(letter * 300)
        for _ in range(50):
            assert echo.websocket is not None
            echo.websocket.send(frame)

    threads = [Thread(target=talk, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    heard = [client.recv() for _ in range(200)]
    assert all(text == text[0] * 300 for text in heard)
    assert sorted({text[0] for text in heard}) == list("abcd")
    server.stop()

"""HTTP/1.1 with keep-alive, and WebSockets by upgrade, on one blocking listener.

One thread accepts and one serves each connection. The protocols are sans-IO libraries; of sockets only the plain
blocking calls are used, so that the same code runs on greenlets and in the simulated world.
"""

import socket
import ssl
from collections.abc import Mapping
from threading import Thread
from typing import Protocol
from urllib.parse import parse_qsl

import attrs
import h11

from perpbot.simulation.venues.websocket import Session, WebSocket, reset

_HOST = "127.0.0.1"
_BACKLOG = 128
_RECEIVE_BYTES = 65536
_JSON = {"Content-Type": "application/json"}


@attrs.frozen
class Request:
    """One HTTP request. `path` has no query; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, decoded; the last one of a name counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def target(self) -> str:
        """Path and query as they came."""
        return f"{self.path}?{self.query}" if self.query else self.path


@attrs.frozen
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=lambda: _JSON)


class Application(Protocol):
    """What a server serves. It may be asked by several threads at once."""

    def answer(self, request: Request) -> Answer | None:
        """The answer to a request; None cuts the connection instead."""

    def upgrade(self, request: Request, socket: WebSocket) -> Session | None:
        """What is done with a WebSocket that asks for this path; None when there is none."""


class Server:
    """A listener on loopback. It can be stopped and started again, and then comes back on the same port."""

    def __init__(self, name: str, application: Application, port: int = 0) -> None:
        self.name = name
        self.port = port
        """The port it listens on; chosen by the system at the first start when it was 0."""
        self.tls: ssl.SSLContext | None = None
        """The certificate it shows; None for plain text."""
        self._application = application
        self._listener: socket.socket | None = None
        self._connections: dict[socket.socket, None] = {}

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._listener is not None

    def start(self) -> int:
        """Listen, and return the port; `OSError` when it is taken."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, self.port))
        listener.listen(_BACKLOG)
        self.port = listener.getsockname()[1]
        self._listener = listener
        Thread(target=self._accept, args=(listener,), name=f"{self.name}-listener", daemon=True).start()
        return self.port

    def stop(self) -> None:
        """Close the listener and cut every connection."""
        listener, self._listener = self._listener, None
        if listener is not None:
            reset(listener)
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut every connection; new ones are welcome if it listens."""
        for connection in list(self._connections):
            reset(connection)

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self._listener is not listener:
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections[connection] = None
            Thread(target=self._serve, args=(connection,), name=f"{self.name}-connection", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls is not None:
                del self._connections[connection]
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._connections[connection] = None
            _Conversation(connection, self._application).run()
        except OSError:
            return  # the other side has gone, or `stop` has cut the connection
        finally:
            self._connections.pop(connection, None)
            connection.close()


class _Conversation:
    """The requests of one connection, one after the other."""

    def __init__(self, connection: socket.socket, application: Application) -> None:
        self._connection = connection
        self._application = application
        self._http = h11.Connection(h11.SERVER)

    def run(self) -> None:
        while True:
            try:
                head = self._event()
                if not isinstance(head, h11.Request):
                    return
                request = self._read(head)
            except h11.RemoteProtocolError as error:
                self._send(Answer(400, str(error).encode(), {"Content-Type": "text/plain"}))
                return
            if request.headers.get("upgrade", "").lower() == "websocket":
                self._upgrade(request, head)
                return
            answer = self._application.answer(request)
            if answer is None:
                reset(self._connection)
                return
            self._send(answer)
            if self._http.our_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(self._connection.recv(_RECEIVE_BYTES))
            else:
                return event

    def _read(self, head: h11.Request) -> Request:
        body = b""
        while isinstance(event := self._event(), h11.Data):
            body += event.data
        path, _, query = head.target.decode("latin-1").partition("?")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        return Request(head.method.decode(), path, query, headers, body)

    def _send(self, answer: Answer) -> None:
        headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
        parts = (
            h11.Response(status_code=answer.status, headers=headers),
            h11.Data(data=answer.body),
            h11.EndOfMessage(),
        )
        self._connection.sendall(b"".join(self._http.send(part) or b"" for part in parts))

    def _upgrade(self, request: Request, head: h11.Request) -> None:
        websocket = WebSocket(self._connection, list(head.headers), head.target)
        session = self._application.upgrade(request, websocket)
        if session is None:
            self._send(Answer(404, b"not found", {"Content-Type": "text/plain"}))
        elif websocket.accept():
            websocket.serve(session, self._http.trailing_data[0])

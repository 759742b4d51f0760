"""Small HTTP and WebSocket servers on plain blocking sockets and threads, as the simulated venues are written."""

import socket
import threading
from collections.abc import Callable

import h11
import wsproto
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Request, TextMessage

Handler = Callable[[socket.socket], object]
Send = Callable[[Event], None]


def serve(port: int, handle: Handler) -> None:
    """Accept on a port for ever and handle each connection in a thread of its own; what breaks ends it quietly."""
    listener = socket.create_server(("127.0.0.1", port))

    def attend(connection: socket.socket) -> None:
        with connection:
            try:
                handle(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=attend, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def http(answer: Callable[[str, bytes], bytes], *, requests_each: int = 1_000_000) -> Handler:
    """Answer each request's target and body; close a connection after so many."""

    def handle(connection: socket.socket) -> None:
        peer = h11.Connection(h11.SERVER)
        for _ in range(requests_each):
            target, body = "", b""
            while True:
                event = peer.next_event()
                if event is h11.NEED_DATA:
                    peer.receive_data(connection.recv(65536))
                elif isinstance(event, h11.Request):
                    target = event.target.decode()
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    break
                else:
                    return
            content = answer(target, body)
            head = h11.Response(status_code=200, headers=[("Content-Length", str(len(content)))])
            for reply in (head, h11.Data(data=content), h11.EndOfMessage()):
                connection.sendall(peer.send(reply) or b"")
            peer.start_next_cycle()

    return handle


def websocket(on_text: Callable[[Send, str], None], on_open: Callable[[Send], None]) -> Handler:
    """Accept everybody; call `on_open` and `on_text` with a function that sends an event; answer pings and closes."""

    def handle(connection: socket.socket) -> None:
        peer = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        parts: list[str] = []

        def send(event: Event) -> None:
            connection.sendall(peer.send(event))

        while data := connection.recv(65536):
            peer.receive_data(data)
            for event in peer.events():
                if isinstance(event, Request):
                    send(AcceptConnection())
                    on_open(send)
                elif isinstance(event, TextMessage):
                    parts.append(event.data)
                    if event.message_finished:
                        on_text(send, "".join(parts))
                        parts.clear()
                elif isinstance(event, Ping):
                    send(event.response())
                elif isinstance(event, CloseConnection):
                    send(event.response())
                    return

    return handle

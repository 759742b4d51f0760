"""The server's end of one WebSocket: a reader, a bounded queue, and a writer of its own.

Whoever has something to send only queues it, so that a peer who does not read holds up nobody; when the queue is
full the connection is cut, as the venues do it. Only blocking sockets and threads are used: under gevent's patches,
and in the simulated world, the same code runs on greenlets.
"""

import socket
import struct
from collections import deque
from threading import Event, Thread
from typing import Protocol

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, Request
from wsproto.frame_protocol import FrameProtocol
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

_QUEUE_LIMIT = 1000
_RECEIVE_BYTES = 65536
_CLOSING_S = 2.0


class Session(Protocol):
    """What a venue does with one WebSocket."""

    silence_s: float | None
    """Call `silent` whenever nothing arrived for this long; None for never."""

    def received(self, text: str) -> None:
        """A message arrived."""

    def silent(self) -> None:
        """Nothing arrived for a while."""

    def ended(self) -> None:
        """The connection is gone."""


class Encoder:
    """Turns a message into the bytes of its frame, once for all who get it. Not for several threads at once."""

    def __init__(self) -> None:
        self._protocol = FrameProtocol(client=False, extensions=[])

    def frame(self, message: str | bytes) -> bytes:
        """One unmasked frame: of text, or of binary data."""
        return bytes(self._protocol.send_data(message))


def reset(connection: socket.socket) -> None:
    """Cut a connection at once: whoever waits on it wakes, and closing it sends a reset instead of a farewell."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is gone already


class WebSocket:
    """One connection. `send` and `close` may be called from any thread."""

    def __init__(self, connection: socket.socket, headers: list[tuple[bytes, bytes]], target: bytes) -> None:
        self._socket = connection
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._protocol.initiate_upgrade_connection(headers, target)
        self._queue: deque[bytes] = deque()
        self._wake = Event()
        self._over = False
        self._closing = False
        self._encoder = Encoder()
        self._parts: list[str] = []
        self.frames_sent = 0
        self.received = 0
        """Bytes that came from the peer."""

    def accept(self) -> bool:
        """Answer the handshake; False when it is not one."""
        try:
            event = next(self._protocol.events(), None)
            if not isinstance(event, Request):
                return False
            offered = event.subprotocols[0] if event.subprotocols else None  # a client that offers one wants it back
            self._socket.sendall(self._protocol.send(AcceptConnection(subprotocol=offered)))
        except (RemoteProtocolError, LocalProtocolError, OSError):
            return False
        return True

    def send(self, frame: bytes) -> None:
        """Queue a frame; a peer that has not read the last thousand is cut off."""
        if self._over or self._closing:
            return
        if len(self._queue) >= _QUEUE_LIMIT:
            self.reset()
            return
        self._queue.append(frame)
        self.frames_sent += 1
        self._wake.set()

    def send_text(self, text: str) -> None:
        """Queue a message meant for this peer alone."""
        self.send(self._encoder.frame(text))

    def send_binary(self, data: bytes) -> None:
        """Queue binary data meant for this peer alone."""
        self.send(self._encoder.frame(data))

    def ping(self) -> None:
        """Queue a ping frame."""
        self.send(bytes(FrameProtocol(client=False, extensions=[]).ping()))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say farewell after what is queued."""
        if not self._closing and not self._over:
            self._queue.append(bytes(FrameProtocol(client=False, extensions=[]).close(code, reason)))
            self._closing = True
            self._wake.set()

    def reset(self) -> None:
        """Cut the connection without a word."""
        self._over = True
        self._queue.clear()
        reset(self._socket)
        self._wake.set()

    def serve(self, session: Session, received: bytes) -> None:
        """Read until the connection ends; `received` is what came together with the handshake."""
        writer = Thread(target=self._write, name="websocket-writer", daemon=True)
        writer.start()
        try:
            if received:
                self._take(received, session)
            while not self._over:
                self._read(session)
        finally:
            self._over = True
            self._wake.set()
            session.ended()
            writer.join(_CLOSING_S)
            if writer.is_alive():
                self.reset()

    def _read(self, session: Session) -> None:
        try:
            self._socket.settimeout(_CLOSING_S if self._closing else session.silence_s)
            data = self._socket.recv(_RECEIVE_BYTES)
        except TimeoutError:
            if self._closing:
                self._over = True
            else:
                session.silent()
        except OSError:
            self._over = True
        else:
            self._take(data, session)

    def _take(self, data: bytes, session: Session) -> None:
        if not data:
            self._over = True
            return
        self.received += len(data)
        try:
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                self._handle(event, session)
        except LocalProtocolError:
            self._over = True

    def _handle(self, event: object, session: Session) -> None:
        if isinstance(event, Message):
            self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data).decode())
            if event.message_finished:
                message, self._parts = "".join(self._parts), []
                session.received(message)
        elif isinstance(event, Ping):
            self.send(bytes(self._protocol.send(event.response())))
        elif isinstance(event, CloseConnection):
            self.close(event.code)
            self._over = True

    def _write(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            batch = []
            while self._queue:
                batch.append(self._queue.popleft())
            try:
                if batch:
                    self._socket.sendall(b"".join(batch))
                if self._closing and not self._queue:
                    self._socket.shutdown(socket.SHUT_WR)
                    return
            except OSError:
                self.reset()
                return
            if self._over and not self._queue:
                return

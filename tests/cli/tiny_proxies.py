"""An HTTP proxy and a SOCKS5 proxy, as small as they can be: they connect to whom they are asked, and remember it."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

Negotiate = Callable[[socket.socket], tuple[str, int]]
"""Read what a client asks for, answer that it is done, and say where it wants to go."""


def _exactly(client: socket.socket, count: int) -> bytes:
    read = b""
    while len(read) < count:
        more = client.recv(count - len(read))
        if not more:
            raise ConnectionError("the client has gone")
        read += more
    return read


def http_connect(client: socket.socket) -> tuple[str, int]:
    """``CONNECT host:port HTTP/1.1``, RFC 9110."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _exactly(client, 1)
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    assert method == "CONNECT", head
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    host, _, port = target.rpartition(":")
    return host, int(port)


def socks5(client: socket.socket) -> tuple[str, int]:
    """The greeting and CONNECT of RFC 1928, without a password; the target by address or by name."""
    _, methods = _exactly(client, 2)
    _exactly(client, methods)
    client.sendall(b"\x05\x00")
    _, command, _, kind = _exactly(client, 4)
    assert command == 1
    host = socket.inet_ntoa(_exactly(client, 4)) if kind == 1 else _exactly(client, _exactly(client, 1)[0]).decode()
    (port,) = struct.unpack(">H", _exactly(client, 2))
    client.sendall(b"\x05\x00\x00\x01" + bytes(6))
    return host, port


class Proxy:
    """One that listens on loopback until it is closed."""

    def __init__(self, negotiate: Negotiate) -> None:
        self._negotiate = negotiate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.targets: list[tuple[str, int]] = []
        """Where it was asked to connect to."""
        self.carried = 0
        """Bytes, both ways."""
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake whoever accepts
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            target = self._negotiate(client)
            self.targets.append(target)
            with socket.create_connection(target) as server:
                back = Thread(target=self._carry, args=(server, client), daemon=True)
                back.start()
                self._carry(client, server)
                back.join()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                self.carried += len(data)
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(negotiate: Negotiate) -> Iterator[Proxy]:
    made = Proxy(negotiate)
    try:
        yield made
    finally:
        made.close()

"""What can happen to sockets, as scenarios that run on real ones and on simulated ones alike.

Each takes `settle`, which waits until everything that was sent has arrived, and returns what the sockets answered.
"""

import errno
import os
import select
import selectors
import socket
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Settle = Callable[[], None]
Scenario = Callable[[Settle], list[Any]]

NO_LINGER = struct.pack("ii", 1, 0)


def attempt(action: Callable[..., Any], *args: Any) -> Any:
    """What `action` answers, or the type and number of its error."""
    try:
        return action(*args)
    except OSError as error:
        return type(error).__name__, error.errno


def connect() -> tuple[socket.socket, socket.socket]:
    """Two connected TCP sockets: the one that called, the one that was accepted."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname(), timeout=10)
        server, _ = listener.accept()
    server.settimeout(10)
    return client, server


def polite_close(settle: Settle) -> list[Any]:
    client, server = connect()
    server.sendall(b"bye")
    server.close()
    settle()
    return [client.recv(2), client.recv(100), client.recv(100), client.recv(100)]


def send_after_peer_closed(settle: Settle) -> list[Any]:
    client, server = connect()
    server.close()
    settle()
    seen = [attempt(client.send, b"first")]
    settle()
    return [*seen, attempt(client.send, b"second"), attempt(client.send, b"third"), attempt(client.recv, 10)]


def read_after_send_to_closed(settle: Settle) -> list[Any]:
    client, server = connect()
    server.close()
    settle()
    client.sendall(b"first")
    settle()
    return [attempt(client.recv, 10), attempt(client.recv, 10), attempt(client.sendall, b"x")]


def close_with_unread(settle: Settle) -> list[Any]:
    client, server = connect()
    client.sendall(b"never read")
    server.sendall(b"abc")
    settle()
    server.close()
    settle()
    return [attempt(client.recv, 10), attempt(client.recv, 10), attempt(client.recv, 10), attempt(client.send, b"x")]


def abort(settle: Settle) -> list[Any]:
    client, server = connect()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    server.close()
    settle()
    return [attempt(client.send, b"x"), attempt(client.send, b"x"), attempt(client.recv, 10)]


def abort_then_names(settle: Settle) -> list[Any]:
    client, server = connect()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    server.close()
    settle()
    error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return [error, attempt(client.getpeername), attempt(client.shutdown, socket.SHUT_RDWR), attempt(client.recv, 1)]


def half_close(settle: Settle) -> list[Any]:
    client, server = connect()
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    settle()
    seen = [server.recv(100), server.recv(100), attempt(client.send, b"x")]
    server.sendall(b"answer")
    settle()
    seen += [client.recv(100), attempt(client.shutdown, socket.SHUT_WR)]
    server.close()
    settle()
    return [*seen, client.recv(100), attempt(client.shutdown, socket.SHUT_RDWR), attempt(client.getpeername)]


def deaf(settle: Settle) -> list[Any]:
    client, server = connect()
    server.sendall(b"early")
    settle()
    client.shutdown(socket.SHUT_RD)
    return [client.recv(100), client.recv(100)]


def refused(settle: Settle) -> list[Any]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = unused.getsockname()
        listening_nowhere = attempt(socket.create_connection, address)
    caller = socket.socket()
    settle()
    return [listening_nowhere, caller.connect_ex(address), attempt(caller.connect, address), attempt(caller.recv, 1)]


def connect_twice(settle: Settle) -> list[Any]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        settle()
        return [attempt(client.connect, listener.getsockname()), client.connect_ex(listener.getsockname())]


def unconnected(settle: Settle) -> list[Any]:
    lonely = socket.socket()
    settle()
    calls: list[tuple[Any, ...]] = [
        (lonely.recv, 1),
        (lonely.send, b"x"),
        (lonely.getpeername,),
        (lonely.shutdown, 2),
        (lonely.accept,),
    ]
    return [attempt(*call) for call in calls] + [lonely.getsockname(), lonely.gettimeout(), lonely.getblocking()]


def closed(settle: Settle) -> list[Any]:
    client, _ = connect()
    client.close()
    client.close()
    settle()
    calls: list[tuple[Any, ...]] = [
        (client.recv, 1),
        (client.send, b"x"),
        (client.getsockname,),
        (client.getpeername,),
        (client.shutdown, 2),
    ]
    return [attempt(*call) for call in calls] + [client.fileno()]


def nothing_to_read(settle: Settle) -> list[Any]:
    client, server = connect()
    client.settimeout(0.01)
    seen = [attempt(client.recv, 1), attempt(client.recv_into, bytearray(1))]
    client.setblocking(False)
    seen += [attempt(client.recv, 1), attempt(client.recv, 1, socket.MSG_PEEK)]
    client.settimeout(5)
    server.sendall(b"abc")
    settle()
    return [*seen, client.recv(2, socket.MSG_PEEK), client.recv(2), client.recv(2)]


def nobody_to_accept(settle: Settle) -> list[Any]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.01)
        seen = [attempt(listener.accept)]
        listener.setblocking(False)
        seen += [attempt(listener.accept), attempt(listener.bind, ("127.0.0.1", 0)), attempt(listener.send, b"x")]
        settle()
        return [*seen, attempt(listener.recv, 1), attempt(listener.getpeername)]


def address_in_use(settle: Settle) -> list[Any]:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as other:
        address = listener.getsockname()
        seen = [attempt(other.bind, address)]
    settle()
    with socket.socket() as other:
        return [*seen, attempt(other.bind, address), other.getsockname() == address]


def listener_shut(settle: Settle) -> list[Any]:
    listener = socket.create_server(("127.0.0.1", 0))
    waiting = socket.create_connection(listener.getsockname(), timeout=10)
    settle()
    listener.close()
    settle()
    seen = [attempt(waiting.recv, 1)]
    listener = socket.create_server(("127.0.0.1", 0))
    listener.shutdown(socket.SHUT_RDWR)
    seen += [attempt(listener.accept), attempt(socket.create_connection, listener.getsockname())]
    return seen


def connect_without_waiting(settle: Settle) -> list[Any]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        caller = socket.socket()
        caller.setblocking(False)
        seen = [caller.connect_ex(listener.getsockname())]
        settle()
        seen += [select.select([caller], [caller], [], 5)[1] == [caller]]
        accepted, _ = listener.accept()
        seen += [caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), attempt(caller.recv, 1), caller.send(b"x")]
        accepted.close()
        address = listener.getsockname()
    caller = socket.socket()
    caller.setblocking(False)
    seen += [attempt(caller.connect, address) in {("BlockingIOError", 115), ("ConnectionRefusedError", 111)}]
    settle()
    seen += [select.select([caller], [caller], [], 5)[1] == [caller]]
    return [*seen, caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)]


def readiness(settle: Settle) -> list[Any]:
    client, server = connect()
    poll = select.poll()
    poll.register(client, select.POLLIN | select.POLLOUT)

    def look() -> list[Any]:
        settle()
        reading, writing, _ = select.select([client], [client], [], 0)
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE)
            keys = [events for _, events in selector.select(0)]
        return [bool(reading), bool(writing), keys, [events for _, events in poll.poll(0)]]

    seen = [look()]
    server.sendall(b"x")
    seen += [look()]
    client.recv(1)
    seen += [look()]
    server.shutdown(socket.SHUT_WR)
    seen += [[*look()[:3]]]
    return seen


def poll_waits(settle: Settle) -> list[Any]:
    client, server = connect()
    poll = select.poll()
    poll.register(client.fileno(), select.POLLIN)
    seen = [poll.poll(10), select.select([client], [], [], 0.01), attempt(poll.modify, server, select.POLLIN)]
    server.sendall(b"x")
    settle()
    seen += [[events for _, events in poll.poll()], select.select([client], [], [])[0] == [client]]
    poll.unregister(client)
    return [*seen, poll.poll(1)]


def broken_readiness(settle: Settle) -> list[Any]:
    client, server = connect()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    server.close()
    settle()
    reading, writing, _ = select.select([client], [client], [], 0)
    return [bool(reading), bool(writing)]


def slow_reader(settle: Settle) -> list[Any]:
    client, server = connect()
    client.setblocking(False)
    sent = 0
    try:
        while True:
            sent += client.send(b"x" * 65536)
            settle()
    except BlockingIOError as error:
        number = error.errno
    client.settimeout(0.01)
    seen = [number, sent > 65536, attempt(client.sendall, b"y" * 1_000_000)]
    client.setblocking(False)
    seen += [select.select([], [client], [], 0)[1], attempt(client.sendall, b"z")]
    got = 0
    server.settimeout(0.01)
    while got < sent:
        got += len(server.recv(1 << 20))
        settle()
    return [*seen, got >= sent, select.select([], [client], [], 5)[1] == [client]]


def files(settle: Settle) -> list[Any]:
    client, server = connect()
    reader = client.makefile("rb")
    writer = server.makefile("w", encoding="utf-8")
    client.close()
    server.close()
    writer.write("one\ntwo\n")
    writer.flush()
    settle()
    seen = [reader.readline(), client.fileno() >= 0, reader.read(2)]
    writer.close()
    settle()
    seen += [server.fileno(), reader.read()]
    reader.close()
    return [*seen, client.fileno()]


def file_timeout(settle: Settle) -> list[Any]:
    client, server = connect()
    client.settimeout(0.01)
    reader = client.makefile("rb", buffering=0)
    seen = [attempt(reader.read, 1)]
    server.sendall(b"x")
    settle()
    return [*seen, attempt(reader.read, 1)]


def unix_paths(settle: Settle) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/control"
        seen = [attempt(socket.socket(socket.AF_UNIX).connect, path)]
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        seen += [attempt(socket.socket(socket.AF_UNIX).bind, path), Path(path).is_socket(), listener.getsockname()[-8:]]
        seen += [attempt(socket.socket(socket.AF_UNIX).connect, path)]
        listener.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        server, address = listener.accept()
        seen += [address, client.getpeername()[-8:], client.getsockname(), server.getsockname()[-8:]]
        client.sendall(b"status\n")
        settle()
        seen += [server.recv(100)]
        server.close()
        settle()
        seen += [client.recv(1)]
        listener.close()
        seen += [attempt(socket.socket(socket.AF_UNIX).connect, path)]
        Path(path).unlink()
        return [*seen, attempt(socket.socket(socket.AF_UNIX).connect, path)]


def pair(settle: Settle) -> list[Any]:
    left, right = socket.socketpair()
    left.sendall(b"over")
    settle()
    seen = [right.recv(10)]
    left.close()
    settle()
    return [*seen, right.recv(10), attempt(right.send, b"x") in {1, ("BrokenPipeError", errno.EPIPE)}]


def names(settle: Settle) -> list[Any]:
    settle()
    client, server = connect()
    found = socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)
    return [
        client.getpeername() == server.getsockname(),
        server.getpeername() == client.getsockname(),
        found == [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))],
        socket.gethostbyname("127.0.0.1"),
        attempt(socket.getaddrinfo, "no-such-name.invalid", 80)[0],
        client.family,
        client.type,
        client.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE),
    ]


def unsupported(settle: Settle) -> list[Any]:
    settle()
    return [attempt(os.close, 999_999), attempt(socket.create_connection, ("no-such-name.invalid", 1))[0]]


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        polite_close, send_after_peer_closed, read_after_send_to_closed, close_with_unread, abort, abort_then_names,
        half_close, deaf, refused, connect_twice, unconnected, closed, nothing_to_read, nobody_to_accept,
        address_in_use, listener_shut, connect_without_waiting, readiness, poll_waits, broken_readiness, slow_reader,
        files, file_timeout, unix_paths, pair, names, unsupported,
    )
}  # fmt: skip

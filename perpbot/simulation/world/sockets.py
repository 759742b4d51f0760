"""`socket.socket` on the simulated network.

It behaves as gevent's socket on Linux does, errors included; another greenlet's `close` wakes whoever is blocked.
Only stream sockets exist, over IPv4 and over Unix paths, and there is no TLS.
"""

from __future__ import annotations

import errno
import os
import socket as real
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from perpbot.simulation.world.endpoint import Endpoint, Way, os_error
from perpbot.simulation.world.errors import RealWorldError
from perpbot.simulation.world.names import HOST, resolve
from perpbot.simulation.world.network import Dial, Listener, Network
from perpbot.simulation.world.socket_base import SocketBase
from perpbot.simulation.world.waiting import Waiters, Woken, wait, wake

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from perpbot.simulation.world.endpoint import Address

_RealSocket = real.socket
_CONNECT_GIVES_UP_S = 127.0
_STATE = ("_address", "_bound", "_dial", "_end", "_listener", "_options")
_PENDING = (errno.EINPROGRESS, errno.EALREADY)
_PEEK = int(real.MSG_PEEK)
_UNKNOWN_FLAGS = ~(_PEEK | int(getattr(real, "MSG_NOSIGNAL", 0)))


def socketpair(family: int = real.AF_UNIX, type: int = real.SOCK_STREAM, proto: int = 0) -> tuple[Socket, Socket]:  # noqa: A002 - socket's interface
    """Two sockets that are connected to each other, without latency."""
    loop = Socket.network.loop
    pair = Socket(family, type, proto), Socket(family, type, proto)
    ends = Endpoint(loop, Way(loop, int), ""), Endpoint(loop, Way(loop, int), "")
    for socket, end, peer in zip(pair, ends, reversed(ends), strict=True):
        end.peer = peer
        socket.adopt(end, "")
    return pair


def _cancelled() -> OSError:
    return OSError(errno.EBADF, "File descriptor was closed in another greenlet")


class Socket(SocketBase):
    """A socket of the simulated network. `network` is set on the class when the world is made."""

    network: ClassVar[Network]

    __slots__ = (
        "__weakref__", "_address", "_bound", "_descriptor", "_dial", "_end", "_listener",
    )  # fmt: skip

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:  # noqa: A002 - socket's interface
        super().__init__(family, type, proto)
        self._address: Address = "" if self.family == real.AF_UNIX else ("0.0.0.0", 0)  # noqa: S104 - what the kernel answers
        self._bound: int | str | None = None
        self._end: Endpoint | None = None
        self._dial: Dial | None = None
        self._listener: Listener | None = None
        self._descriptor = self.network.new_descriptor(self)
        if fileno is not None:
            self._take_over(fileno)

    def _take_over(self, number: int) -> None:
        """Become the socket that was detached under that number."""
        other = self.network.detached.pop(number, None)
        if other is None:
            raise RealWorldError(f"a socket made from descriptor {number} inside the simulated world")
        other.bequeath(self)

    def bequeath(self, heir: Socket) -> None:
        """Leave everything to another socket, and be closed without closing it."""
        for name in _STATE:
            setattr(heir, name, getattr(self, name))
        self._closed = self._closing = True
        self.network.sockets.pop(self._descriptor, None)

    # Listening

    def bind(self, address: Any) -> None:
        """Take an address: a port of any host address, 0 for a free one, or a path that does not exist yet."""
        self._check_open()
        if self._bound is not None:
            raise os_error(errno.EINVAL)
        if self.family == real.AF_UNIX:
            path = os.fsdecode(address)
            with _RealSocket(real.AF_UNIX) as marker:
                marker.bind(path)
            self._address = path
            self._bound = os.path.realpath(path)
        else:
            number = int(address[1]) or self.network.free_port()
            if self.network.port(number).bound:
                raise os_error(errno.EADDRINUSE)
            self._address = (address[0] or "0.0.0.0", number)  # noqa: S104 - what the kernel answers
            self._bound = number
        self.network.port(self._bound).bound = True

    def listen(self, backlog: int = 128) -> None:
        """Let others connect; `backlog` of them may wait to be accepted."""
        self._check_open()
        if self._bound is None:
            self.bind(("", 0))
        if self._listener is None:
            self._listener = Listener(self.network.loop, max(backlog, 0))
            self.network.port(self._bound or 0).listener = self._listener
        self._listener.backlog = max(backlog, 0)

    def accept(self) -> tuple[Socket, Any]:
        """Wait for a connection; the socket for it, and the caller's address."""
        self._check_open()
        listener = self._listener
        if listener is None:
            raise os_error(errno.EINVAL)
        deadline_ns = self._deadline_ns()
        while not listener.queue:
            if listener.shut:
                raise os_error(errno.EINVAL)
            self._wait(listener.readers, deadline_ns)
        end = listener.queue.popleft()
        connection = Socket(self.family, self.type)
        connection.adopt(end, self._address if isinstance(self._address, str) else (HOST, self._address[1]))
        return connection, end.address

    def adopt(self, end: Endpoint, address: Address) -> None:
        """Be one end of a connection that stands already; `address` is this side's."""
        self._end = end
        self._address = address

    # Connecting

    def connect(self, address: Any) -> None:
        """Connect, and wait until that is done.

        Raises:
            ConnectionRefusedError: nobody listens there.
            TimeoutError: no answer came in time.
            BlockingIOError: this socket does not block; select it for writing, then ask for SO_ERROR.
        """
        number = self.connect_ex(address)
        if number:
            raise TimeoutError("timed out") if number == errno.EAGAIN and self._timeout else os_error(number)

    def connect_ex(self, address: Any) -> int:
        """As `connect`, with the number of the error as the answer."""
        self._check_open()
        if self._end is not None:
            return errno.EISCONN
        begun = self._dial is not None
        if not begun:
            number = self._begin(address)
            if number:
                return number
        if self._timeout == 0.0:
            return self._settle() if self._dial is not None and self._dial.done else _PENDING[begun]
        return self._finish_dial()

    def _begin(self, address: Any) -> int:
        network = self.network
        if self.family == real.AF_UNIX:
            path = os.fsdecode(address)
            if not os.path.exists(path):  # noqa: PTH110 - a socket's path is text
                return errno.ENOENT
            self._dial = network.dial(os.path.realpath(path), "", path)
            return 0
        host, port = resolve(address[0], network.hosts), int(address[1])
        if self._bound is None:
            self._address = (HOST, network.free_port())
        self._dial = network.dial(port, self._address, (host, port))
        return 0

    def _finish_dial(self) -> int:
        dial = self._dial
        patience = _CONNECT_GIVES_UP_S if self._timeout is None else self._timeout
        deadline_ns = self.network.loop.now_ns + ceil(patience * 1e9)
        while dial is not None and not dial.done:
            why = wait(self.network.loop, (dial.waiters,), deadline_ns)
            if why is Woken.CANCELLED:
                raise _cancelled()
            if why is Woken.EXPIRED:
                dial.abandon()
                self._dial = None
                return errno.ETIMEDOUT if self._timeout is None else errno.EAGAIN
        return self._settle()

    def _settle(self) -> int:
        """Take the outcome of connecting over, once; the number of the error, or 0."""
        dial = self._dial
        if dial is not None and dial.done:
            self._dial = None
            self._end = dial.endpoint
            return dial.error
        return 0

    # Reading and writing

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Up to `size` bytes, empty at the end of the stream; waits for the first."""
        end = self._end
        if end is None or flags or self._closed:
            end = self._connected_end(flags)
        piece = end.receive(size, flags & _PEEK)
        if piece is None:
            deadline_ns = self._deadline_ns()
            while piece is None:
                self._wait(end.readers, deadline_ns)
                piece = end.receive(size, flags & _PEEK)
        return piece

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into `buffer`, as many bytes as it holds unless `nbytes` says less; how many came."""
        view = memoryview(buffer).cast("B")
        piece = self.recv(nbytes or len(view), flags)
        view[: len(piece)] = piece
        return len(piece)

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """Send what there is room for, at least one byte; how many were sent."""
        end = self._connected_end(flags, errno.EPIPE)
        piece = data if isinstance(data, bytes) else bytes(data)
        deadline_ns = self._deadline_ns()
        sent = end.send(piece)
        while not sent and piece:
            self._wait(end.writers, deadline_ns)
            sent = end.send(piece)
        return sent

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        """Send everything; a timeout counts for the whole of it."""
        end = self._end
        if end is None or flags or self._closed:
            end = self._connected_end(flags, errno.EPIPE)
        piece = data if isinstance(data, bytes) else bytes(data)
        sent = end.send(piece)
        if sent == len(piece):
            return
        deadline_ns = self._deadline_ns()
        while sent < len(piece):
            self._wait(end.writers, deadline_ns)
            sent += end.send(piece[sent:])

    def _connected_end(self, flags: int, missing: int = errno.ENOTCONN) -> Endpoint:
        self._check_open()
        if flags & _UNKNOWN_FLAGS:
            raise RealWorldError(f"socket flags {flags:#x} inside the simulated world")
        if self._dial is not None and self._dial.done:
            number = self._settle()
            if number:
                raise os_error(number)
        if self._end is None:
            raise os_error(missing)
        return self._end

    # Waiting

    def _deadline_ns(self) -> int | None:
        timeout = self._timeout
        return None if timeout is None else self.network.loop.now_ns + ceil(timeout * 1e9)

    def _wait(self, waiters: Waiters, deadline_ns: int | None) -> None:
        if self._timeout == 0.0:
            raise os_error(errno.EAGAIN)
        why = wait(self.network.loop, (waiters,), deadline_ns)
        if why is Woken.EXPIRED:
            raise TimeoutError("timed out")
        if why is Woken.CANCELLED:
            raise _cancelled()

    def _check_open(self) -> None:
        if self._closed:
            raise os_error(errno.EBADF)

    def ready(self) -> tuple[bool, bool, bool]:
        """Whether reading, writing would not block, and whether the connection is broken or over, as `poll` sees it."""
        if self._listener is not None:
            return bool(self._listener.queue) or self._listener.shut, False, False
        if self._dial is not None:
            return self._dial.done and bool(self._dial.error), self._dial.done, bool(self._dial.error)
        end = self._end
        return (True, True, True) if end is None else (end.readable, end.writable, end.hung_up)

    def waiters(self) -> tuple[Waiters, Waiters]:
        """Where to wait until `ready` may have changed: for reading, for writing."""
        if self._listener is not None:
            return self._listener.readers, []
        if self._dial is not None:
            return self._dial.waiters, self._dial.waiters
        return ([], []) if self._end is None else (self._end.readers, self._end.writers)

    # The end

    def shutdown(self, how: int) -> None:
        """End one direction or both; a listener accepts no more. Whoever waits is told, as in gevent."""
        self._check_open()
        self._cancel(reading=how != real.SHUT_WR, writing=how != real.SHUT_RD)
        if self._listener is not None:
            self._listener.close()
            return
        end = self._end
        if end is None or not end.connected:
            raise os_error(errno.ENOTCONN)
        if how in {real.SHUT_WR, real.SHUT_RDWR}:
            end.finish()
        if how in {real.SHUT_RD, real.SHUT_RDWR}:
            end.turn_deaf()

    def _cancel(self, *, reading: bool, writing: bool) -> None:
        readers, writers = self.waiters()
        if reading:
            wake(self.network.loop, readers, Woken.CANCELLED)
        if writing:
            wake(self.network.loop, writers, Woken.CANCELLED)

    def _let_go(self) -> None:
        self.network.sockets.pop(self._descriptor, None)
        self._cancel(reading=True, writing=True)
        if self._dial is not None:
            self._dial.abandon()
        if self._end is not None:
            self._end.close(abort=not self.lingers())
        self._free_port()

    def _free_port(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._bound is not None:
            port = self.network.port(self._bound)
            if port.listener is self._listener:
                port.listener, port.bound = None, False

    def __del__(self) -> None:
        if not self._closed:
            self._closed = True
            self._let_go()

    def detach(self) -> int:
        """Close this object only; the answer is a number that another socket can be made from."""
        self._check_open()
        heir = Socket(self.family, self.type, self.proto)
        self.bequeath(heir)
        number = heir.fileno()
        self.network.detached[number] = heir
        return number

    def _accept(self) -> tuple[int, Any]:
        """What gevent's servers call in place of `accept`."""
        connection, address = self.accept()
        return connection.detach(), address

    # Names and options

    def fileno(self) -> int:
        """A number that stands for this socket in `select` and `poll`, -1 when closed."""
        return -1 if self._closed else self._descriptor

    def getsockname(self) -> Any:
        """This side's address."""
        self._check_open()
        return self._address

    def getpeername(self) -> Any:
        """The other side's address."""
        end = self._connected_end(0)
        if not end.connected:
            raise os_error(errno.ENOTCONN)
        return end.address

    def getsockopt(self, level: int, option: int, length: int = 0) -> Any:  # noqa: ARG002 - socket's interface
        """An option's value, 0 unless it was set; SO_ERROR is how connecting went, or what broke the connection."""
        self._check_open()
        if (level, option) == (real.SOL_SOCKET, real.SO_TYPE):
            return int(self.type)
        if (level, option) != (real.SOL_SOCKET, real.SO_ERROR):
            return self._options.get((level, option), 0)
        number = self._settle()
        return number or (self._end.pop_errno() if self._end is not None else 0)

    def __repr__(self) -> str:
        return f"<simulated socket {self.fileno()} {self._address!r}>"

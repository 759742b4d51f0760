"""`select`, `poll` and the selectors on simulated sockets."""

from __future__ import annotations

import math
import select as real
import selectors
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from perpbot.simulation.world.errors import RealWorldError
from perpbot.simulation.world.sockets import Socket
from perpbot.simulation.world.waiting import Waiters, Woken, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_READ: Final = real.POLLIN | real.POLLPRI
_WRITE: Final = real.POLLOUT


def socket_of(item: Any) -> Socket:
    """The simulated socket that `item`, an object with a descriptor or the number itself, stands for.

    Raises:
        RealWorldError: it is a real descriptor.
        ValueError: it is closed.
    """
    if isinstance(item, Socket):
        found: Socket | None = item
        number = item.fileno()
    else:
        number = item if isinstance(item, int) else item.fileno()
        found = Socket.network.sockets.get(number)
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    if found is None:
        raise RealWorldError(f"polling descriptor {number} inside the simulated world")
    return found


def poll_sockets(wanted: Sequence[tuple[Socket, int]], timeout_s: float | None) -> list[tuple[Socket, int]]:
    """Wait until one of the sockets has one of its events or hangs up; those that have, with their events."""
    loop = Socket.network.loop
    deadline_ns = None if timeout_s is None else loop.now_ns + math.ceil(timeout_s * 1e9)
    while True:
        ready = [(socket, events) for socket, mask in wanted if (events := _events(socket, mask))]
        if ready or (timeout_s is not None and timeout_s <= 0):
            return ready
        if wait(loop, _queues(wanted), deadline_ns) is Woken.EXPIRED:
            return []


def _events(socket: Socket, mask: int) -> int:
    if socket.fileno() < 0:
        return real.POLLNVAL
    readable, writable, hung_up = socket.ready()
    events = real.POLLIN if readable and mask & _READ else 0
    if writable and mask & _WRITE:
        events |= real.POLLOUT
    return events | real.POLLHUP if hung_up else events


def _queues(wanted: Sequence[tuple[Socket, int]]) -> tuple[Waiters, ...]:
    queues = []
    for socket, mask in wanted:
        readers, writers = socket.waiters()
        if mask & _READ:
            queues.append(readers)
        if mask & _WRITE and writers is not readers:
            queues.append(writers)
    return tuple(queues)


def select(
    rlist: Sequence[Any], wlist: Sequence[Any], xlist: Sequence[Any], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    """`select.select` on simulated sockets; nothing is ever exceptional."""
    del xlist
    readers = {socket_of(item): item for item in rlist}
    writers = {socket_of(item): item for item in wlist}
    wanted = [(socket, _READ | (_WRITE if socket in writers else 0)) for socket in readers]
    wanted += [(socket, _WRITE) for socket in writers if socket not in readers]
    if not wanted and timeout is None:
        raise RealWorldError("select on nothing, without end, inside the simulated world")
    ready = dict(poll_sockets(wanted, timeout))
    return (
        [item for socket, item in readers.items() if ready.get(socket, 0) & ~_WRITE],
        [item for socket, item in writers.items() if ready.get(socket, 0) & ~_READ],
        [],
    )


class Poll:
    """`select.poll` on simulated sockets."""

    def __init__(self) -> None:
        self._wanted: dict[int, tuple[Socket, int]] = {}

    def register(self, fd: Any, eventmask: int = _READ | _WRITE) -> None:
        """Watch a socket."""
        socket = socket_of(fd)
        self._wanted[socket.fileno()] = (socket, eventmask)

    def modify(self, fd: Any, eventmask: int) -> None:
        """Watch a socket that is watched already for other events."""
        if (fd if isinstance(fd, int) else fd.fileno()) not in self._wanted:
            raise FileNotFoundError(2, "No such file or directory")
        self.register(fd, eventmask)

    def unregister(self, fd: Any) -> None:
        """Watch a socket no longer."""
        del self._wanted[fd if isinstance(fd, int) else fd.fileno()]

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """Wait for events, `timeout` milliseconds at most; without end when it is None or negative."""
        timeout_s = None if timeout is None or timeout < 0 else timeout / 1000
        ready = dict(poll_sockets(list(self._wanted.values()), timeout_s))
        return [(number, ready[socket]) for number, (socket, _) in self._wanted.items() if socket in ready]


class Selector(selectors.SelectSelector):
    """Every kind of selector, on simulated sockets."""

    _select: ClassVar[Any] = staticmethod(select)


class IoWatcher:
    """What gevent's own servers wait with: calls back whenever a simulated socket is ready, until it is stopped."""

    def __init__(self, socket: Socket, events: int) -> None:
        self.callback: Callable[..., object] | None = None
        self.args: tuple[Any, ...] = ()
        self._socket = socket
        self._mask = (_READ if events & 1 else 0) | (_WRITE if events & 2 else 0)

    def start(self, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback` with `args` whenever the socket is ready."""
        self.callback = callback
        self.args = args
        self._look()

    def _look(self, _: object = None) -> None:
        if self.callback is None:
            return
        if _events(self._socket, self._mask):
            Socket.network.loop.run_callback(self._fire)
        else:
            for waiters in _queues([(self._socket, self._mask)]):
                waiters.append(self._look)

    def _fire(self) -> None:
        if self.callback is not None:
            try:
                self.callback(*self.args)
            finally:
                self._look()

    def stop(self) -> None:
        """Call back no more."""
        self.callback = None

    close = stop

    @property
    def active(self) -> bool:
        """Whether it has been started."""
        return self.callback is not None


def watch(descriptor: int, events: int) -> IoWatcher | None:
    """A watcher for a simulated socket; None when the descriptor is not one."""
    socket = Socket.network.sockets.get(descriptor)
    return None if socket is None else IoWatcher(socket, events)


def no_epoll(*_: Any, **__: Any) -> NoReturn:
    """Refuse to make an epoll object.

    Raises:
        RealWorldError: always.
    """
    raise RealWorldError("epoll inside the simulated world; use selectors, poll or select")

"""One end of a simulated TCP connection: what arrives, what was read of it, and what went wrong.

Bytes travel from one end to the other in order, each piece after the latency of its way; what is long travels in
several pieces, as in TCP, and may arrive in parts. What is under way or was not read yet counts against the capacity
of the connection, so that a slow reader holds up its peer. The errors are those of Linux: what arrived before the peer
closed or reset can still be read; an error is reported once.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

import attrs

from perpbot.simulation.world.waiting import Waiters, wake

if TYPE_CHECKING:
    from collections.abc import Callable

    from perpbot.simulation.world.loop import Loop

    Address = tuple[str, int] | str

CAPACITY_BYTES = 256 * 1024
_SEGMENT_BYTES = 16 * 1024
_ROOM_WORTH_WAKING = CAPACITY_BYTES // 3


class Signal(Enum):
    """What can arrive besides bytes."""

    FIN = "the peer will send no more"
    RST = "the peer threw the connection away"


@attrs.define(eq=False)
class Way:
    """The way packets take to one side of a port, and what is wrong with it.

    A blocked way holds everything back without telling anybody; `unblock` lets it go on.
    """

    loop: Loop
    delay: Callable[[], int]
    extra_ns: int = 0
    blocked: bool = False
    _held: list[Callable[[], object]] = attrs.field(factory=list)

    def latency_ns(self) -> int:
        """How long the next packet takes."""
        return self.delay() + self.extra_ns

    def send(self, arrive: Callable[[], object]) -> None:
        """Call `arrive` when a packet sent now reaches the other side."""
        self.loop.schedule_ns(self.loop.now_ns + self.latency_ns(), arrive)

    def hold(self, arrive: Callable[[], object]) -> None:
        """Keep a packet that found the way blocked until the way is free again."""
        self._held.append(arrive)

    def unblock(self) -> None:
        """Let everything go on that was held back; it takes the way's latency once more."""
        self.blocked = False
        held, self._held = self._held, []
        for arrive in held:
            self.send(arrive)


def os_error(number: int) -> OSError:
    """The error that Python raises for an errno, of the right subclass."""
    return OSError(number, os.strerror(number))


class Endpoint:
    """One end of a connection; `address` is the peer's.

    `readers` and `writers` are those who wait for bytes here, and for room at the peer. `pending` counts the bytes
    that are on their way here or wait to be read.
    """

    __slots__ = (
        "_buffer",
        "_deaf",
        "_ended",
        "_error",
        "_finished",
        "_flight",
        "_gone",
        "_last_ns",
        "_loop",
        "_start",
        "_way",
        "address",
        "closed",
        "on_close",
        "peer",
        "pending",
        "readers",
        "writers",
    )  # fmt: skip

    peer: Endpoint

    def __init__(self, loop: Loop, way: Way, address: Address) -> None:
        self.address = address
        self.readers: Waiters = []
        self.writers: Waiters = []
        self.closed = False
        self.on_close: Callable[[Endpoint], object] | None = None
        self._loop = loop
        self._way = way
        self._flight: deque[tuple[int, bytes | Signal]] = deque()
        self._last_ns = 0
        self._buffer = b""
        self._start = 0
        self.pending = 0
        self._ended = False
        self._finished = False
        self._deaf = False
        self._gone = False
        self._error = 0

    # Sending and receiving; neither ever blocks

    def send(self, data: bytes) -> int:
        """Send as much of `data` as there is room for, and say how much: none when the caller has to wait.

        Raises:
            OSError: the connection was reset, or this side has said that it sends no more.
        """
        if self._error:
            raise self.pop_error()
        if self._finished or self._gone:
            raise os_error(errno.EPIPE)
        peer = self.peer
        room = CAPACITY_BYTES - peer.pending
        if room <= 0:
            return 0
        if len(data) > room:
            data = data[:room]
        peer.pending += len(data)
        if len(data) <= _SEGMENT_BYTES:
            peer.carry(data)
        else:
            for start in range(0, len(data), _SEGMENT_BYTES):
                peer.carry(data[start : start + _SEGMENT_BYTES])
        return len(data)

    def receive(self, size: int, peek: int) -> bytes | None:
        """Up to `size` bytes, and leave them here to `peek`; empty at the end of the stream, None to wait.

        Raises:
            OSError: the connection was reset.
        """
        buffer = self._buffer
        if not buffer:
            return self._nothing()
        start = self._start
        end = start + size
        piece = buffer[start:end]
        if peek:
            return piece
        if end < len(buffer):
            self._start = end
        else:
            self._buffer = b""
            self._start = 0
        self.pending -= len(piece)
        if self.peer.writers and CAPACITY_BYTES - self.pending >= _ROOM_WORTH_WAKING:
            wake(self._loop, self.peer.writers)
        return piece

    def _nothing(self) -> bytes | None:
        if self._ended:
            return b""
        if self._error:
            raise self.pop_error()
        return b"" if self._deaf or self._gone else None

    # What is under way

    def carry(self, item: bytes | Signal) -> None:
        """Let `item` arrive here, after whatever is under way already."""
        if self._gone:
            return
        at_ns = self._loop.now_ns + self._way.latency_ns()
        if at_ns < self._last_ns:  # noqa: PLR1730 - `max` is slower, and this runs for every packet
            at_ns = self._last_ns
        self._last_ns = at_ns
        self._flight.append((at_ns, item))
        if len(self._flight) == 1:
            self._loop.schedule_ns(at_ns, self._arrive)

    def _arrive(self) -> None:
        if self._way.blocked:
            self._way.hold(self._arrive)
            return
        flight = self._flight
        now_ns = self._loop.now_ns
        while flight and flight[0][0] <= now_ns:
            self._take_in(flight.popleft()[1])
        if flight:
            self._loop.schedule_ns(flight[0][0], self._arrive)
        if self.readers:
            wake(self._loop, self.readers)

    def _take_in(self, item: bytes | Signal) -> None:
        if self._gone:
            return
        if item is Signal.RST:
            self.reset()
        elif item is Signal.FIN:
            self._ended = True
        elif self.closed or (self._deaf and self._finished):
            self.peer.carry(Signal.RST)
            self.reset()
        else:
            assert isinstance(item, bytes)  # noqa: S101 - for the type checker
            self._buffer = self._buffer[self._start :] + item if self._buffer else item
            self._start = 0

    # The end

    def finish(self) -> None:
        """Say that no more will be sent."""
        if not self._finished and not self._gone:
            self._finished = True
            self.peer.carry(Signal.FIN)
            self._wake_all()

    def turn_deaf(self) -> None:
        """Receive nothing more once what has arrived was read."""
        self._deaf = True
        self._wake_all()

    def close(self, *, abort: bool = False) -> None:
        """Give this end up: politely, or with a reset when bytes were left unread or `abort` asks for it."""
        if self.closed:
            return
        self.closed = True
        if self.connected and (abort or self._buffer):
            self._gone = True
            self.peer.carry(Signal.RST)
        self.finish()
        self._buffer = b""
        self._wake_all()
        if self.on_close is not None:
            self.on_close(self)

    def reset(self) -> None:
        """Break this end, as a reset from the network does; what has arrived can still be read."""
        if self._gone:
            return
        self._gone = True
        self._error = errno.EPIPE if self._ended else errno.ECONNRESET
        self._flight.clear()
        self._wake_all()

    def _wake_all(self) -> None:
        wake(self._loop, self.readers)
        wake(self._loop, self.writers)

    # State

    def pop_error(self) -> OSError:
        """The error that waits to be reported; it will not be reported again."""
        number, self._error = self._error, 0
        return os_error(number)

    def pop_errno(self) -> int:
        """The number of the error that waits to be reported, or 0; it will not be reported again."""
        number, self._error = self._error, 0
        return number

    @property
    def connected(self) -> bool:
        """Whether the connection still stands in at least one direction."""
        return not self._gone and not (self._ended and self._finished)

    @property
    def readable(self) -> bool:
        """Whether `receive` would answer at once."""
        return bool(self._buffer) or self._ended or self._deaf or self._gone

    @property
    def writable(self) -> bool:
        """Whether `send` would answer at once."""
        return self._gone or self._finished or CAPACITY_BYTES - self.peer.pending >= _ROOM_WORTH_WAKING

    @property
    def hung_up(self) -> bool:
        """Whether nothing can be sent or received any more, as `poll` reports it."""
        return self._gone or (self._ended and self._finished)

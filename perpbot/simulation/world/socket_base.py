"""The part of a simulated socket that has to do with no connection: what kind it is, its timeout and its options."""

from __future__ import annotations

import errno
import os
import socket as real
import struct
from typing import Any, ClassVar, Self

from perpbot.simulation.world.errors import RealWorldError

_RealSocket = real.socket
_LINGER = (real.SOL_SOCKET, real.SO_LINGER)


class SocketBase:
    """Kind, timeout and options of a socket."""

    default_timeout: ClassVar[float | None] = None

    __slots__ = ("_closed", "_closing", "_io_refs", "_options", "_timeout", "family", "proto", "type")

    def __init__(self, family: int, kind: int, proto: int) -> None:
        self._closed = self._closing = True
        self.family = real.AddressFamily(real.AF_INET if family == -1 else family)
        self.type = real.SocketKind(real.SOCK_STREAM if kind == -1 else kind)
        self.proto = max(proto, 0)
        if self.family not in {real.AF_INET, real.AF_UNIX}:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        if self.type != real.SOCK_STREAM:
            raise RealWorldError(f"a {self.type.name} socket inside the simulated world, which has only streams")
        self._closed = self._closing = False
        self._io_refs = 0
        self._options: dict[tuple[int, int], int | bytes] = {}
        self._timeout = self.default_timeout

    def settimeout(self, value: float | None) -> None:
        """Wait for so many seconds at most, without end for None, not at all for 0."""
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = None if value is None else float(value)

    def gettimeout(self) -> float | None:
        """What `settimeout` was told."""
        return self._timeout

    timeout = property(gettimeout)

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - socket's interface
        """Wait without end, or not at all."""
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        """Whether it waits."""
        return self._timeout != 0.0

    def setsockopt(self, level: int, option: int, value: Any, length: int = 0) -> None:  # noqa: ARG002 - socket's interface
        """Remember an option; only SO_LINGER does anything."""
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self._options[level, option] = value

    def lingers(self) -> bool:
        """Whether closing is polite; not when SO_LINGER asked for a reset."""
        value = self._options.get(_LINGER)
        return not isinstance(value, bytes) or struct.unpack("ii", value) != (1, 0)

    def get_inheritable(self) -> bool:
        """No: there is nothing to inherit."""
        return False

    def set_inheritable(self, inheritable: bool) -> None:  # noqa: FBT001 - socket's interface
        """Nothing: there is nothing to inherit."""

    makefile = _RealSocket.makefile

    def close(self) -> None:
        """Close, or do so when the last file made of this socket is closed."""
        self._closing = True
        if self._io_refs <= 0 and not self._closed:
            self._closed = True
            self._let_go()

    def _decref_socketios(self) -> None:
        self._io_refs -= 1
        if self._closing:
            self.close()

    def _let_go(self) -> None:
        """Give up whatever the socket is for."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""Talks to a running system over its control socket. Plain sockets: whoever uses this is not patched by gevent."""

import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from perpbot.control.protocol import VERSION, ProtocolError, decode, encode
from perpbot.statedir import held

TIMEOUT_S = 10.0


class NotRunningError(Exception):
    """No system answers at the socket; the text says why that is thought."""


class AbsentError(NotRunningError):
    """Nobody listens there."""


class RefusedError(Exception):
    """The system answered no."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code
        """See `perpbot.control.protocol`."""


class Client:
    """One connection to the system that listens at `path`."""

    def __init__(self, path: Path, timeout_s: float = TIMEOUT_S) -> None:
        """Connect; `NotRunningError` when nobody is there."""
        self._path = path
        self._timeout_s = timeout_s
        self._asked = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise _why_not(path, error) from error
        self._lines = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def ask(self, verb: str, timeout_s: float | None = None, **arguments: Any) -> Any:
        """The answer to `verb`, waiting longer than usual where `timeout_s` says so.

        Raises:
            RefusedError: the system said no.
            NotRunningError: it ended, or does not answer.
        """
        items = self.stream(verb, timeout_s, **arguments)
        while True:
            try:
                next(items)
            except StopIteration as over:
                return over.value

    def stream(self, verb: str, timeout_s: float | None = None, **arguments: Any) -> Generator[Any, None, Any]:
        """What the system says item by item, each within `timeout_s`; the generator's value is the final answer.

        Raises what `ask` does.
        """
        self._asked += 1
        with self._understood():
            self._socket.settimeout(timeout_s or self._timeout_s)
            self._socket.sendall(encode({"v": VERSION, "id": self._asked, "verb": verb, "args": arguments}))
        while "item" in (answer := self._receive()):
            yield answer["item"]
        if not answer.get("ok"):
            raise RefusedError(str(answer.get("error")), str(answer.get("code")))
        return answer.get("data")

    def wait_for_end(self, timeout_s: float) -> bool:
        """Wait until the system has hung up; whether it has."""
        self._socket.settimeout(timeout_s)
        try:
            for _ in self._lines:
                pass
        except TimeoutError:
            return False
        except OSError:
            pass  # it is gone all the more
        return True

    def _receive(self) -> dict[str, Any]:
        with self._understood():
            line = next(self._lines, None)
            if line is None:
                raise NotRunningError(f"the system at {self._path} {_left(self._path)} before it answered")
            return decode(line)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Say of what goes wrong on the way what it means."""
        try:
            yield
        except TimeoutError:
            raise NotRunningError(f"the system at {self._path} does not answer") from None
        except OSError as error:
            raise NotRunningError(f"the system at {self._path} {_left(self._path)}: {error.strerror}") from error
        except ProtocolError as error:
            raise NotRunningError(f"what listens at {self._path} is not PerpBot: {error}") from error

    def _read(self) -> Iterator[bytes]:
        waiting: list[bytes] = []
        while chunk := self._socket.recv(65_536):
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                yield b"".join([*waiting, line])
                waiting = []
            waiting.append(rest)


def _left(path: Path) -> str:
    """What became of a system that hung up: it has ended only when it has let go of its state directory."""
    return "still runs, and hung up" if held(path.parent) else "ended"


def _why_not(path: Path, error: OSError) -> NotRunningError:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        return AbsentError(f"no system is running at {path}")
    if isinstance(error, TimeoutError):
        return NotRunningError(f"the system at {path} does not answer")
    if isinstance(error, PermissionError):
        return NotRunningError(f"{path} is another user's; ask as the user who runs PerpBot, or with sudo")
    return NotRunningError(f"the system at {path} cannot be reached: {error.strerror or error}")

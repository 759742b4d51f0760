"""One WebSocket session of a connection: connected, read and kept alive in a task of its actor."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import gevent
import websocket

from actors.runtime import Backoff, Ref
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.venues.route import DIRECT, USER_AGENT, Route
from perpbot.venues.venue import Heartbeat, Pace

TEXT, BINARY, PING, PONG, CLOSE = 0x1, 0x2, 0x9, 0xA, 0x8


class StreamError(Exception):
    """The session could not be made or is over; the text says why."""


@attrs.frozen
class StreamOpened:
    """To the actor: the session is connected; nothing was sent on it yet."""

    session: int


@attrs.frozen
class StreamClosed:
    """To the actor: the session is over, or could not be made."""

    session: int
    reason: str


class Stream:
    """A session. `run` reads in the caller's greenlet until the end; `send` may be called from any other."""

    def __init__(
        self,
        session: int,
        owner: Ref,
        heartbeat: Heartbeat,
        on_frame: Callable[[bytes, int], None],
        on_life: Callable[[int], None],
        *,
        route: Route = DIRECT,
        connect_timeout_s: float = 10.0,
    ) -> None:
        self.session = session
        self.heard_ns = monotonic_ns()
        self._owner = owner
        self._heartbeat = heartbeat
        self._on_frame = on_frame
        self._on_life = on_life
        self._route = route
        self._connect_timeout_s = connect_timeout_s
        self._socket: Any = None
        self._given_up = False

    def run(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        """Connect, with `headers` in the handshake, and read until the session ends. The owner is told of both.

        Frames go to `on_frame` as they come, with the time; so does every sign of life, pings and pongs too, to
        `on_life`.

        What `on_frame` raises is not caught: it is the owner's failure.
        """
        reason = "closed"
        try:
            self._connect(url, headers or {})
            self._owner.tell(StreamOpened(self.session))
            reason = self._read()
        except (OSError, websocket.WebSocketException) as error:
            reason = "given up by us" if self._given_up else _why(error)
        finally:
            self.close()
        self._owner.tell(StreamClosed(self.session, reason))

    def _connect(self, url: str, headers: Mapping[str, str]) -> None:
        self._socket = websocket.create_connection(
            url,
            timeout=self._connect_timeout_s,
            header={"User-Agent": USER_AGENT, **headers},
            enable_multithread=True,
            skip_utf8_validation=True,
            **self._route.websocket_options(url, self._connect_timeout_s),
        )
        self._socket.settimeout(self._heartbeat.silence_s)
        self.heard_ns = monotonic_ns()

    def _read(self) -> str:
        receive = self._socket.recv_data
        while True:
            try:
                opcode, data = receive(control_frame=True)
            except websocket.WebSocketTimeoutException:
                return f"nothing heard for {self._heartbeat.silence_s:g} s"
            now = self.heard_ns = monotonic_ns()
            self._on_life(now)
            if opcode in {TEXT, BINARY}:
                self._on_frame(data, now)
            elif opcode == CLOSE:
                return f"the venue closed the session ({data[2:].decode('utf-8', 'replace') or 'no reason given'})"

    def send(self, frames: Sequence[str]) -> None:
        """Send text frames in order; raises StreamError when the session is over."""
        try:
            for frame in frames:
                self._socket.send(frame)
        except (OSError, AttributeError, websocket.WebSocketException) as error:
            raise StreamError(f"the session is over: {error}") from error

    def beat(self) -> None:
        """Send one heartbeat."""
        if self._heartbeat.frame is not None:
            self.send([self._heartbeat.frame])
            return
        try:
            self._socket.ping()
        except (OSError, AttributeError, websocket.WebSocketException) as error:
            raise StreamError(f"the session is over: {error}") from error

    def silent_s(self) -> float:
        """Seconds since anything was heard."""
        return (monotonic_ns() - self.heard_ns) / NS_PER_SECOND

    def close(self) -> None:
        """Close the socket, without waiting for the venue to agree."""
        self._given_up = True
        if self._socket is not None:
            self._socket.shutdown()


def _why(error: Exception) -> str:
    """What ended a session; of a refused handshake only its status, which the library buries among headers."""
    if isinstance(error, websocket.WebSocketBadStatusException):
        return f"no stream is opened there: the answer was HTTP {error.status_code}"
    return f"{type(error).__name__}: {error}"


class LocalStream(Stream):
    """A session with a venue that lives in this process: its frames come from an iterator."""

    def __init__(self, *arguments: Any, frames: Iterator[bytes]) -> None:
        super().__init__(*arguments)
        self._frames = frames
        self._over = False

    def run(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        """Read until it is closed; the owner is told of begin and end."""
        del url, headers
        self._owner.tell(StreamOpened(self.session))
        for frame in self._frames:
            if self._over:
                break
            now = self.heard_ns = monotonic_ns()
            self._on_life(now)
            if frame:
                self._on_frame(frame, now)
        self._owner.tell(StreamClosed(self.session, "closed"))

    def send(self, frames: Sequence[str]) -> None:
        """Nobody listens."""

    def beat(self) -> None:
        """It lives by itself."""

    def close(self) -> None:
        """End it with the next frame."""
        self._over = True


class Reconnects:
    """The waits between the sessions of one connection. A session that did not last counts as one more failure.

    So a venue that takes every session and ends it at once is met with growing pauses.
    """

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._failures = 0
        self._up_ns: int | None = None

    def up(self, now_ns: int) -> None:
        """The session does what it is for."""
        self._up_ns = now_ns

    def down(self, now_ns: int, uniform: float) -> float:
        """It is over, or was never up; the seconds to wait before the next. `uniform` is U(0, 1)."""
        lasts_s = self._backoff.reset_after_s
        if self._up_ns is not None and lasts_s is not None and now_ns - self._up_ns >= lasts_s * NS_PER_SECOND:
            self._failures = 0
        self._up_ns = None
        self._failures += 1
        return self._backoff.delay_s(self._failures, uniform)


def spread_out(frames: Sequence[str], send: Callable[[Sequence[str]], None], pace: Pace) -> None:
    """Send many frames in bursts a venue allows."""
    for start in range(0, len(frames), pace.frames):
        if start:
            gevent.sleep(pace.pause_s)
        send(frames[start : start + pace.frames])


def renewal_s(life_s: float, uniform: float) -> float:
    """When to renew a session that the venue ends at `life_s`; spread, so that not all are renewed at once."""
    return life_s * (0.95 - 0.1 * uniform)

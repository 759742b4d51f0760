"""The private session of a trading connection: prepared, opened, kept alive, renewed before the venue ends it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import attrs

from actors.gate import Gate
from actors.margin_set_up import MarginSetUp
from actors.runtime import Actor, Backoff
from actors.stream import LocalStream, Reconnects, Stream, StreamClosed, StreamError, StreamOpened, renewal_s
from perpbot.clock import monotonic_ns
from perpbot.model.events import Event, Ping, SessionEnding
from perpbot.model.instrument import Instrument
from perpbot.venues.set_up import SetUp
from perpbot.venues.venue import Venue, VenueReadError

RENEW_AGAIN_S = 1.0
"""A session that could not be renewed because an order was on its way is looked at again after this long."""


@attrs.frozen
class Prepared:
    """The account can be traded."""

    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    set_up: SetUp


@attrs.frozen
class NotPrepared:
    """The venue did not say what a session needs."""

    reason: str


@attrs.frozen
class Reconnect:
    """It is time for the next attempt."""


@attrs.frozen
class Renew:
    """It is time to begin a new session before the venue ends this one."""


@attrs.frozen
class Beat:
    """It is time for a heartbeat."""


@attrs.frozen
class KeepAlive:
    """It is time to prolong the private stream."""


class PrivateSession:
    """One session after the other, each read in a task of the actor it belongs to, which gets the messages above."""

    def __init__(
        self,
        actor: Actor,
        venue: Venue,
        gate: Gate,
        read: Callable[[bytes, int], list[Event]],
        *,
        instruments: Mapping[str, Instrument],
        margin: MarginSetUp,
        backoff: Backoff,
        heartbeat_s: float,
    ) -> None:
        """`read` says what is in a frame; what it says of the session itself is seen to here."""
        self.number = 0
        self.moves = 0
        """The gate's, when the attempt for this session began."""
        self.ready = False
        """Whether everything that was missed before it is durable."""
        self._actor = actor
        self._venue = venue
        self._gate = gate
        self._read = read
        self._instruments = instruments
        self._margin = margin
        self._reconnects = Reconnects(backoff)
        self._heartbeat_s = min(heartbeat_s, venue.private_heartbeat.interval_s)
        self._stream: Stream | None = None
        self._preparing = False
        self._renewing = False

    @property
    def up(self) -> bool:
        """Whether there is one, be it not connected yet."""
        return self._stream is not None

    # -- its beginning -------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Prepare one in a task, unless there is one, or nothing to open it for, or the circuit is open."""
        busy = self.up or self._preparing
        if busy or not self._instruments or not self._gate.take():
            return
        self._preparing = True
        self.moves = self._gate.moves
        self._actor.spawn_task(self._prepare)

    def _prepare(self) -> None:
        try:
            self._venue.prepare_trading()
            done = self._margin.carry_out()
            url = self._venue.open_private()
            headers = self._venue.private_headers(url)
        except VenueReadError as error:
            self._actor.ref.tell(NotPrepared(str(error)))
            return
        self._actor.ref.tell(Prepared(url, headers, done))

    def not_prepared(self) -> None:
        """The attempt is over."""
        self._preparing = False

    def prepared(self, news: Prepared) -> None:
        """Open the stream."""
        self._preparing = False
        self.number += 1
        session = self.number, self._actor.ref, self._venue.private_heartbeat, self._on_frame, self._on_life
        local = self._venue.private_frames()
        self._stream = (
            Stream(*session, route=self._venue.http.route) if local is None else LocalStream(*session, frames=local)
        )
        self._actor.spawn_task(self._stream.run, news.url, news.headers)

    def _on_frame(self, frame: bytes, received_ns: int) -> None:
        for event in self._read(frame, received_ns):
            if isinstance(event, Ping):
                self.send([event.answer])
            elif isinstance(event, SessionEnding):
                self._actor.log.info("session ending", venue=self._venue.name, reason=event.reason)
                self.close()

    def _on_life(self, now_ns: int) -> None:
        self._gate.heard_ns = now_ns

    def opened(self, news: StreamOpened) -> bool:
        """Keep it alive and log in; false where the news is of an older one."""
        if self._stream is None or news.session != self.number:
            return False
        timers, chance = self._actor.timers, self._actor.chance
        timers.every(self._heartbeat_s, Beat())
        if self._venue.private_keepalive_s is not None:
            timers.every(self._venue.private_keepalive_s, KeepAlive())
        if self._venue.session_life_s is not None:
            timers.after(renewal_s(self._venue.session_life_s, chance.random()), Renew())
        self.send(self._venue.login())
        return True

    def caught_up(self) -> bool:
        """Let orders pass; false where there is no session, or it was ready before."""
        if self._stream is None or self.ready:
            return False
        self.ready = True
        self._reconnects.up(monotonic_ns())
        return True

    # -- its life ------------------------------------------------------------------------------------------------

    def send(self, frames: Sequence[str]) -> None:
        """Send frames, where there is a session to send them on."""
        if self._stream is not None:
            with suppress(StreamError):  # StreamClosed is on its way
                self._stream.send(frames)

    def beat(self) -> None:
        """Give a sign of life."""
        if self._stream is not None:
            with suppress(StreamError):  # StreamClosed is on its way
                self._stream.beat()

    def renew(self, *, order_under_way: bool) -> None:
        """End it when no order is on its way; the next attempt follows at once."""
        if self._stream is None:
            return
        if order_under_way:
            self._actor.timers.after(RENEW_AGAIN_S, Renew())
            return
        self._renewing = True
        self._actor.log.info("session renewed", venue=self._venue.name)
        self._stream.close()

    # -- its end -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End it; `StreamClosed` follows."""
        if self._stream is not None:
            self._stream.close()

    def start_over(self) -> None:
        """End one that is not ready: it cannot become so."""
        if not self.ready:
            self.close()

    def closed(self, news: StreamClosed) -> bool:
        """It is over; false where the news is of an older one."""
        if news.session != self.number:
            return False
        self._stream = None
        self.ready = False
        for timer in (Beat, KeepAlive, Renew):
            self._actor.timers.cancel(timer.__name__)
        return True

    def reconnect_later(self) -> None:
        """Have the next attempt made after a pause that grows, at once where this was a renewal."""
        delay_s = 0.0 if self._renewing else self._reconnects.down(monotonic_ns(), self._actor.chance.random())
        self._renewing = False
        self._actor.timers.after(delay_s, Reconnect())

    def stop_trying(self) -> None:
        """Make no further attempt by itself."""
        self._actor.timers.cancel(Reconnect.__name__)

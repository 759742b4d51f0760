"""The market-data connection of one venue: frames in, books kept, quotes out. Read-only, always on (CON-1)."""

from contextlib import suppress
from typing import Any

import attrs

from actors.circuit import CircuitChanged, Connected, Lost
from actors.gate import Circuit, Gate
from actors.instruments import LOADED, InstrumentsLoaded
from actors.runtime import Actor, Backoff, handles
from actors.stream import Reconnects, Stream, StreamClosed, StreamError, StreamOpened, renewal_s, spread_out
from actors.stream_books import BookCounts, StreamBooks
from perpbot.clock import monotonic_ns
from perpbot.model.events import (
    BookDelta,
    BookReset,
    BookSnapshot,
    DecodeError,
    Event,
    Funding,
    Mark,
    Ping,
    SessionEnding,
    VenueError,
)
from perpbot.model.instrument import Instrument
from perpbot.scanning.ticks import TickRules
from perpbot.venues.venue import Venue

RESYNC_AGAIN_S = 2.0
"""A book without a price for this long is asked for again."""
RENEW_AGAIN_S = 60.0
MAX_DECODE_ERRORS = 20
"""In a row: the session is then of no use."""


STREAM = "stream"
"""Topic: `StreamNews`, retained."""


@attrs.frozen
class StreamNews:
    """Whether the stream of a venue gives prices."""

    up: bool


@attrs.frozen
class _Reconnect:
    """It is time for the next attempt."""


@attrs.frozen
class _Renew:
    """It is time to make the next session before the venue ends this one."""


@attrs.frozen
class _Beat:
    """It is time for a heartbeat."""


@attrs.frozen
class _LookForLostBooks:
    """It is time to ask again for books without a price."""


@attrs.define
class Counts(BookCounts):
    """What the connection has seen since it started."""

    frames: int = 0
    decode_errors: int = 0
    reconnects: int = 0
    errors: int = 0


class MarketDataConnection(Actor):
    """Keeps one stream up and the books on it true."""

    def __init__(
        self,
        venue: Venue,
        gate: Gate,
        *,
        instruments: str,
        feed: str,
        rules: TickRules,
        backoff: Backoff,
        heartbeat_s: float,
    ) -> None:
        super().__init__()
        self._venue = venue
        self._gate = gate
        self._instruments_address = instruments
        self._feed_address = feed
        self._rules = rules
        self._reconnects = Reconnects(backoff)
        self._heartbeat_s = min(heartbeat_s, venue.public_heartbeat.interval_s)
        self._instruments: tuple[Instrument, ...] = ()
        self._session = self._sessions = 0
        self._stream: Stream | None = None
        self._books: StreamBooks | None = None
        self._next: Stream | None = None
        """The session that will take the place of the one there is, while it is being made."""
        self._bad_in_row = 0
        self._moves = 0
        self._healthy = False
        self._last_error: str | None = None
        self.counts = Counts()

    # -- coming up and going down --------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Wait for the instruments."""
        self._feed = self.look_up(self._feed_address)
        self._supervisor = self.look_up(self._gate.address.rsplit("/", 1)[0])
        self._venue.http.limiter.notice = self._on_limited
        self.publish(STREAM, StreamNews(up=False), retain=True)
        self.subscribe(self._instruments_address, LOADED)

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Connect once the instruments are known, and again when they have changed."""
        if news.instruments == self._instruments:
            return
        self._instruments = news.instruments
        if self._stream is not None:
            self._stream.close()
        else:
            self._connect()

    @handles(CircuitChanged)
    def on_circuit(self, change: CircuitChanged) -> None:
        """An open circuit ends all attempts; a half-open one is the moment for the next."""
        if change.after is Circuit.CIRCUIT_OPEN:
            self.timers.cancel("reconnect")
            if self._stream is not None:
                self._stream.close()
        elif change.after is Circuit.DEGRADED:
            self._connect()

    @handles(_Reconnect)
    def on_reconnect(self, _: _Reconnect) -> None:
        """Try again."""
        self._connect()

    def _connect(self) -> None:
        if self._stream is not None or not self._instruments or not self._gate.take():
            return
        self._moves = self._gate.moves
        self._healthy = False
        self._begin(self._open_stream())

    def _open_stream(self) -> Stream:
        self._sessions += 1
        stream = Stream(
            self._sessions,
            self.ref,
            self._venue.public_heartbeat,
            self._on_frame,
            self._on_life,
            route=self._venue.http.route,
        )
        self.spawn_task(stream.run, self._venue.public_url(self._instruments))
        return stream

    def _begin(self, stream: Stream) -> None:
        """Make `stream` the one that counts, with books of its own."""
        if self._books is not None:
            self._books.end()
        self._stream, self._session = stream, stream.session
        self._bad_in_row = 0
        self._books = StreamBooks(
            self,
            self._venue,
            self._gate,
            stream,
            self._instruments,
            rules=self._rules,
            feed=self._feed,
            counts=self.counts,
            priced=self._on_price,
            complain=self._on_trouble,
        )

    @handles(_Renew)
    def on_renew(self, _: _Renew) -> None:
        """Open a new session beside the old one, which the venue would end soon."""
        if self._stream is not None and self._next is None:
            self._next = self._open_stream()

    @handles(StreamOpened)
    def on_opened(self, news: StreamOpened) -> None:
        """Subscribe. A new session takes the place of the old one now: the prices stand until its own come."""
        if self._next is not None and news.session == self._next.session:
            if self._stream is not None:
                self._stream.close()
                self.log.info("session renewed", venue=self._venue.name)
            self._begin(self._next)
            self._next = None
        stream, books = self._stream, self._books
        if stream is None or books is None or news.session != self._session:
            return
        if self._venue.session_life_s is not None:
            self.timers.after(renewal_s(self._venue.session_life_s, self.chance.random()), _Renew())
        self.timers.every(self._heartbeat_s, _Beat())
        self.timers.every(RESYNC_AGAIN_S, _LookForLostBooks())
        self.spawn_task(self._subscribe, stream, books)

    def _subscribe(self, stream: Stream, books: StreamBooks) -> None:
        frames = self._venue.public_subscriptions(self._instruments)
        try:
            spread_out(frames, stream.send, self._venue.pace)
        except StreamError:
            return  # StreamClosed is on its way
        books.fetch()

    @handles(StreamClosed)
    def on_closed(self, news: StreamClosed) -> None:
        """Take the prices away, report it, and try again later."""
        if self._next is not None and news.session == self._next.session:
            self._next = None
            self.log.warning("session not renewed", venue=self._venue.name, reason=news.reason)
            self.timers.after(RENEW_AGAIN_S, _Renew())
            return
        if news.session != self._session:
            return
        self._stream = None
        if self._next is not None:
            self._next.close()
            self._next = None
        self.timers.cancel(_Renew.__name__)
        self._last_error = news.reason
        self.timers.cancel(_Beat.__name__)
        self.timers.cancel(_LookForLostBooks.__name__)
        if self._books is not None:
            self._books.end("the connection is down")
        if self._healthy:
            self.publish(STREAM, StreamNews(up=False), retain=True)
        self.counts.reconnects += 1
        self.counts.errors += 1
        self._gate.health.went(well=False)
        self.log.warning("stream closed", venue=self._venue.name, reason=news.reason)
        self._supervisor.tell(Lost(self._gate.address, self._gate.moves, news.reason))
        delay_s = self._reconnects.down(monotonic_ns(), self.chance.random())
        self.timers.after(delay_s, _Reconnect(), key="reconnect")

    @handles(_Beat)
    def on_beat(self, _: _Beat) -> None:
        """Keep the session alive."""
        if self._stream is not None:
            with suppress(StreamError):  # StreamClosed is on its way
                self._stream.beat()

    @handles(_LookForLostBooks)
    def on_look(self, _: _LookForLostBooks) -> None:
        """See that the books are true."""
        if self._books is not None:
            self._books.look()

    def _on_trouble(self, error: str) -> None:
        self._last_error = error

    def _on_price(self, received_ns: int) -> None:
        """The session does what it is for."""
        if not self._healthy:
            self._healthy = True
            self._reconnects.up(received_ns)
            self.publish(STREAM, StreamNews(up=True), retain=True)
            self._supervisor.tell(Connected(self._gate.address, self._moves))

    def _on_limited(self, status: str, pause_s: float) -> None:
        """The venue turned a call away, of either connection. Told in whatever task sent it."""
        self.log.error("too many requests", venue=self._venue.name, status=status, nothing_leaves_for_s=pause_s,
                       hint="lower rate_limit_per_sec and burst_size of this exchange; "
                            "who goes on is banned")  # fmt: skip

    # -- frames; runs in the reading task ------------------------------------------------------------------------

    def _on_life(self, now_ns: int) -> None:
        self._gate.heard_ns = now_ns

    def _on_frame(self, frame: bytes, received_ns: int) -> None:
        self.counts.frames += 1
        try:
            events = self._venue.decode_public(frame, received_ns)
        except DecodeError as error:
            self._on_bad_frame(error)
            return
        self._bad_in_row = 0
        self._gate.health.went(well=True)
        for event in events:
            self._on_event(event, received_ns)

    def _on_bad_frame(self, error: DecodeError) -> None:
        self.counts.decode_errors += 1
        self.counts.errors += 1
        self._bad_in_row += 1
        self._gate.health.went(well=False)
        self._last_error = str(error)
        if self._bad_in_row == 1:
            self.log.warning("frame not understood", venue=self._venue.name, error=str(error))
        # a book that missed its delta by this is found out by the next one's number
        if self._stream is not None and self._bad_in_row >= MAX_DECODE_ERRORS:
            self._stream.close()

    def _on_event(self, event: Event, received_ns: int) -> None:
        if isinstance(event, BookDelta | BookSnapshot | BookReset):
            if self._books is not None:
                self._books.take(event, received_ns)
        elif isinstance(event, Funding | Mark):
            self._feed.tell(event)
        elif isinstance(event, Ping):
            if self._stream is not None:
                with suppress(StreamError):  # StreamClosed is on its way
                    self._stream.send([event.answer])
        elif isinstance(event, SessionEnding):
            self.log.info("session ending", venue=self._venue.name, reason=event.reason)
            if self._stream is not None:
                self._stream.close()
        elif isinstance(event, VenueError):
            self.counts.errors += 1
            self._last_error = f"{event.code}: {event.message}"
            self.log.warning("venue complains", venue=self._venue.name, code=event.code, message=event.message)

    def on_stop(self) -> None:
        """Close the session."""
        for each in (self._stream, self._next):
            if each is not None:
                each.close()

    def book_reasons(self) -> dict[str, str | None]:
        """By symbol why its book has no price, None where it has one."""
        return {} if self._books is None else self._books.reasons

    def describe(self) -> dict[str, Any]:
        """The session, the books and what was counted."""
        return {
            "venue": self._venue.name,
            "circuit": self._gate.circuit.value,
            "session": self._session,
            "up": self._stream is not None,
            "books": {symbol: why or "valid" for symbol, why in self.book_reasons().items()},
            "last_error": self._last_error,
            "rate_limits": self._venue.http.limiter.describe(monotonic_ns()),
            **attrs.asdict(self.counts),
        }

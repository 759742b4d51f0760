"""The market-data connection of one venue: frames in, books kept, quotes out. Read-only, always on (CON-1)."""

from contextlib import suppress
from typing import Any

import attrs
import gevent

from actors.circuit import CircuitChanged, Connected, Lost
from actors.gate import Circuit, Gate
from actors.instruments import LOADED, InstrumentsLoaded
from actors.runtime import Actor, Backoff, handles
from actors.stream import Reconnects, Stream, StreamClosed, StreamError, StreamOpened, renewal_s, spread_out
from perpbot.clock import NS_PER_MS, monotonic_ns
from perpbot.model.book import Book
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
from perpbot.model.quote import Quote
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.quiet_books import QuietBooks, same_top
from perpbot.venues.venue import Venue, VenueReadError

RESYNC_AGAIN_S = 2.0
"""A book without a price for this long is asked for again."""
RENEW_AGAIN_S = 60.0
GRACE_S = 1.0
"""What is on its way in the stream while a book is asked for by REST has this long to arrive."""
MAX_DECODE_ERRORS = 20
"""In a row: the session is then of no use."""


STREAM = "stream"
"""Topic: `StreamNews`, retained."""


@attrs.frozen
class StreamNews:
    """Whether the stream of a venue gives prices."""

    up: bool


@attrs.frozen
class BookMoved:
    """To the feed: a book changed. The quote is of this moment; the book may be newer when it is read."""

    quote: Quote
    book: Book


@attrs.frozen
class BookLost:
    """To the feed: a book has no price any more."""

    symbol: str
    reason: str


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
class Counts:
    """What the connection has seen since it started."""

    frames: int = 0
    quotes: int = 0
    gaps: int = 0
    stood_still: int = 0
    decode_errors: int = 0
    reconnects: int = 0
    errors: int = 0


class MarketDataConnection(Actor):
    """Keeps one stream up and the books on it true."""

    def __init__(
        self, venue: Venue, gate: Gate, *, instruments: str, feed: str, backoff: Backoff, heartbeat_s: float
    ) -> None:
        super().__init__()
        self._venue = venue
        self._gate = gate
        self._instruments_address = instruments
        self._feed_address = feed
        self._reconnects = Reconnects(backoff)
        self._heartbeat_s = min(heartbeat_s, venue.public_heartbeat.interval_s)
        self._instruments: tuple[Instrument, ...] = ()
        self._session = self._sessions = 0
        self._stream: Stream | None = None
        self._builders: dict[str, BookBuilder] = {}
        self._quiet = QuietBooks((), venue.quiet_book_s, 0)
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
        self._stream, self._session = stream, stream.session
        self._bad_in_row = 0
        self._builders = {each.symbol: BookBuilder(self._venue, each.symbol) for each in self._instruments}
        self._quiet = QuietBooks(self._builders, self._venue.quiet_book_s, monotonic_ns())

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
        stream = self._stream
        if stream is None or news.session != self._session:
            return
        if self._venue.session_life_s is not None:
            self.timers.after(renewal_s(self._venue.session_life_s, self.chance.random()), _Renew())
        self.timers.every(self._heartbeat_s, _Beat())
        self.timers.every(RESYNC_AGAIN_S, _LookForLostBooks())
        self.spawn_task(self._subscribe, stream)

    def _subscribe(self, stream: Stream) -> None:
        frames = self._venue.public_subscriptions(self._instruments)
        try:
            spread_out(frames, stream.send, self._venue.pace)
        except StreamError:
            return  # StreamClosed is on its way
        if self._venue.book_by_rest:
            for instrument in self._instruments:
                self._fetch_book(instrument, self._session)

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
        for symbol, builder in self._builders.items():
            if builder.book.valid:  # else that was told before, and there may be a price by REST
                self._feed.tell(BookLost(symbol, "the connection is down"))
            builder.lose("the connection is down")
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
        """Ask again for books that still have no price."""
        for symbol, builder in self._builders.items():
            if not builder.book.valid:
                self._resync(symbol)
        now = monotonic_ns()
        for symbol in self._quiet.due(now):
            self._quiet.compared(symbol, now)
            if self._builders[symbol].book.valid:
                self.spawn_task(self._compare, symbol, self._session)

    def _compare(self, symbol: str, session: int) -> None:
        """Hold a book that nothing is heard of against the venue's own by REST, and make it anew when it differs.

        What is on its way in the stream gets a moment to arrive. A book that stood still twice in one session is a
        sign that the venue forgot the subscription: the session is of no use then.
        """
        heard_ns, builder = self._quiet.heard_ns(symbol), self._builders[symbol]
        instrument = self._venue.instruments.symbol(symbol)
        if instrument is None:
            return
        try:
            snapshot = self._venue.fetch_book(instrument)
        except VenueReadError as error:
            self._last_error = str(error)
            self.log.warning("quiet book not compared", venue=self._venue.name, symbol=symbol, error=str(error))
            return
        if same_top(builder.book, snapshot):
            self._quiet.agreed(symbol)
            return
        gevent.sleep(GRACE_S)
        if session != self._session or self._stream is None or self._quiet.heard_ns(symbol) != heard_ns:
            return
        self.counts.stood_still += 1
        again = self._quiet.differed(symbol)
        self.log.warning("book stood still", venue=self._venue.name, symbol=symbol, again=again)
        if again:
            self._stream.close()
            return
        builder.lose("it stood still while the venue's moved")
        self._feed.tell(BookLost(symbol, "it stood still while the venue's moved"))
        self._resync(symbol)

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
            builder = self._builders.get(event.symbol)
            if builder is not None:
                self._quiet.heard(event.symbol, received_ns)
                self._on_book(builder, event, received_ns)
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

    def _on_book(self, builder: BookBuilder, event: BookDelta | BookSnapshot | BookReset, received_ns: int) -> None:
        taken = builder.take(event)
        book = builder.book
        if taken is Taken.APPLIED:
            bid, bid_size = book.best_bid()
            ask, ask_size = book.best_ask()
            venue_ns = 0 if isinstance(event, BookReset) else event.venue_time_ns
            if venue_ns:
                self._gate.health.took(self._venue.venue_ms() * NS_PER_MS - venue_ns)
            quote = Quote(book.venue, book.symbol, bid, bid_size, ask, ask_size, venue_ns, received_ns)
            self.counts.quotes += 1
            self._feed.tell(BookMoved(quote, book))
            if not self._healthy:
                self._healthy = True
                self._reconnects.up(received_ns)
                self.publish(STREAM, StreamNews(up=True), retain=True)
                self._supervisor.tell(Connected(self._gate.address, self._moves))
        elif taken is Taken.BROKEN:
            self.counts.gaps += 1
            self._gate.health.went(well=False)
            self.log.warning("book lost", venue=book.venue, symbol=book.symbol, reason=book.reason)
            self._feed.tell(BookLost(book.symbol, book.reason or "no snapshot"))
            self._resync(book.symbol)

    def _resync(self, symbol: str) -> None:
        instrument = self._venue.instruments.symbol(symbol)
        if instrument is None or self._stream is None:
            return
        if self._venue.book_by_rest:
            self.spawn_task(self._fetch_book, instrument, self._session)
        else:
            with suppress(StreamError):  # StreamClosed is on its way
                self._stream.send(self._venue.book_resubscription(instrument))

    def _fetch_book(self, instrument: Instrument, session: int) -> None:
        try:
            snapshot = self._venue.fetch_book(instrument)
        except VenueReadError as error:
            self._last_error = str(error)
            self.log.warning("no snapshot", venue=self._venue.name, symbol=instrument.symbol, error=str(error))
            return  # the next heartbeat asks again
        if session == self._session and self._stream is not None:
            self._on_book(self._builders[instrument.symbol], snapshot, self._stream.heard_ns)

    def on_stop(self) -> None:
        """Close the session."""
        for each in (self._stream, self._next):
            if each is not None:
                each.close()

    def book_reasons(self) -> dict[str, str | None]:
        """By symbol why its book has no price, None where it has one."""
        return {symbol: None if each.book.valid else each.book.reason for symbol, each in self._builders.items()}

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

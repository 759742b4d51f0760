"""The books of one market-data session: built as its stream tells them, and made anew where they are not true."""

from collections.abc import Callable, Iterable
from contextlib import suppress

import attrs
import gevent

from actors.gate import Gate
from actors.runtime import Actor, Ref
from actors.stream import Stream, StreamError
from perpbot.clock import monotonic_ns
from perpbot.model.book import Book
from perpbot.model.events import BookDelta, BookReset, BookSnapshot
from perpbot.model.instrument import Instrument
from perpbot.model.quote import Quote
from perpbot.scanning.frame_ages import FrameAges
from perpbot.scanning.ticks import TickRules
from perpbot.venues.book_builder import BookBuilder, Taken
from perpbot.venues.quiet_books import QuietBooks, same_top
from perpbot.venues.venue import Venue, VenueReadError
from perpbot.venues.venue_clock import FAR_MS

GRACE_S = 1.0
"""What is on its way in the stream while a book is asked for by REST has this long to arrive."""
STOOD_STILL = "it stood still while the venue's moved"


@attrs.frozen
class BookMoved:
    """To the feed: a book changed. The quote is of this moment; the book may be newer when it is read."""

    quote: Quote
    book: Book
    age_ns: int | None
    """How old the quote was when it came, by the venue's clock; None while that is not known."""


@attrs.frozen
class BookLost:
    """To the feed: a book has no price any more."""

    symbol: str
    reason: str


@attrs.define
class BookCounts:
    """What became of books since the connection started, whatever the session."""

    quotes: int = 0
    gaps: int = 0
    stood_still: int = 0


class StreamBooks:
    """Fed in the reading task of the session; asks the venue in tasks of the actor it belongs to."""

    def __init__(
        self,
        actor: Actor,
        venue: Venue,
        gate: Gate,
        stream: Stream,
        instruments: Iterable[Instrument],
        *,
        rules: TickRules,
        feed: Ref,
        counts: BookCounts,
        priced: Callable[[int], None],
        complain: Callable[[str], None],
    ) -> None:
        """No quote may be as old as `rules` forbid.

        `priced` is told when the first book has a price, `complain` what the venue did not answer.
        """
        self._actor = actor
        self._venue = venue
        self._gate = gate
        self._stream = stream
        self._feed = feed
        self._counts = counts
        self._priced = priced
        self._complain = complain
        self._over = self._has_price = False
        self._ages = FrameAges(rules)
        self._instruments = {each.symbol: each for each in instruments}
        self._builders = {symbol: BookBuilder(venue, symbol) for symbol in self._instruments}
        self._quiet = QuietBooks(self._builders, venue.quiet_book_s, monotonic_ns())

    @property
    def reasons(self) -> dict[str, str | None]:
        """By symbol why its book has no price, None where it has one."""
        return {symbol: None if each.book.valid else each.book.reason for symbol, each in self._builders.items()}

    # -- as the stream tells them --------------------------------------------------------------------------------

    def take(self, event: BookDelta | BookSnapshot | BookReset, received_ns: int) -> None:
        """Bring a book up to date; what is said of others than ours is left out."""
        builder = self._builders.get(event.symbol)
        if builder is not None:
            self._quiet.heard(event.symbol, received_ns)
            self._take(builder, event, received_ns)

    def _take(self, builder: BookBuilder, event: BookDelta | BookSnapshot | BookReset, received_ns: int) -> None:
        taken = builder.take(event)
        book = builder.book
        if taken is Taken.APPLIED:
            bid, bid_size = book.best_bid()
            ask, ask_size = book.best_ask()
            venue_ns = 0 if isinstance(event, BookReset) else event.venue_time_ns
            age_ns = self._age_ns(book.symbol, venue_ns) if venue_ns else None
            quote = Quote(book.venue, book.symbol, bid, bid_size, ask, ask_size, venue_ns, received_ns)
            self._counts.quotes += 1
            self._feed.tell(BookMoved(quote, book, age_ns))
            if not self._has_price:
                self._has_price = True
                self._priced(received_ns)
        elif taken is Taken.BROKEN:
            self._counts.gaps += 1
            self._gate.health.went(well=False)
            self._actor.log.warning("book lost", venue=book.venue, symbol=book.symbol, reason=book.reason)
            self._feed.tell(BookLost(book.symbol, book.reason or "no snapshot"))
            self._resync(book.symbol)

    def _age_ns(self, symbol: str, venue_ns: int) -> int | None:
        """How old what the venue dates `venue_ns` is; None while its clock is in doubt, and it is asked."""
        now, its_clock = monotonic_ns(), self._venue.http.venue_clock
        age_ns = self._ages.believed(symbol, its_clock.age_ns(venue_ns), now, its_clock.told_ns)
        if age_ns is not None:
            self._gate.health.took(age_ns)
        if self._ages.asks(symbol, now):
            self._actor.spawn_task(self._ask_time, symbol)
        return age_ns

    def _ask_time(self, symbol: str) -> None:
        """Have the venue tell its time: whatever it answers is dated."""
        its_clock = self._venue.http.venue_clock
        before_ms = its_clock.ahead_ms
        try:
            self._venue.fetch_book(self._instruments[symbol])
        except VenueReadError as error:
            self._complain(str(error))
            self._actor.log.warning("time not told", venue=self._venue.name, symbol=symbol, error=str(error))
        if abs(its_clock.ahead_ms - before_ms) > FAR_MS:
            self._actor.log.warning(
                "the venue's clock was set, or ours", venue=self._venue.name, ahead_ms=its_clock.ahead_ms,
                hint="`perpbot doctor` says whether this machine's clock is right",
            )  # fmt: skip

    # -- made anew -----------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Ask for all books by REST, where they begin with that; waits for the venue."""
        if self._venue.book_by_rest:
            for symbol in self._instruments:
                self._fetch(symbol)

    def look(self) -> None:
        """Ask again for books that still have no price, and hold those that nothing is heard of against the venue's."""
        for symbol, builder in self._builders.items():
            if not builder.book.valid:
                self._resync(symbol)
        now = monotonic_ns()
        for symbol in self._quiet.due(now):
            self._quiet.compared(symbol, now)
            if self._builders[symbol].book.valid:
                self._actor.spawn_task(self._compare, symbol)

    def end(self, reason: str | None = None) -> None:
        """The session is over. With a `reason` the prices are taken away; else another one has taken its place."""
        self._over = True
        if reason is None:
            return
        for symbol, builder in self._builders.items():
            if builder.book.valid:  # else that was told before, and there may be a price by REST
                self._feed.tell(BookLost(symbol, reason))
            builder.lose(reason)

    def _compare(self, symbol: str) -> None:
        """Hold a book that nothing is heard of against the venue's own by REST, and make it anew when it differs.

        What is on its way in the stream gets a moment to arrive. A book that stood still twice in one session is a
        sign that the venue forgot the subscription: the session is of no use then.
        """
        heard_ns, builder = self._quiet.heard_ns(symbol), self._builders[symbol]
        try:
            snapshot = self._venue.fetch_book(self._instruments[symbol])
        except VenueReadError as error:
            self._complain(str(error))
            self._actor.log.warning("quiet book not compared", venue=self._venue.name, symbol=symbol, error=str(error))
            return
        if same_top(builder.book, snapshot):
            self._quiet.agreed(symbol)
            return
        gevent.sleep(GRACE_S)
        if self._over or self._quiet.heard_ns(symbol) != heard_ns:
            return
        self._counts.stood_still += 1
        again = self._quiet.differed(symbol)
        self._actor.log.warning("book stood still", venue=self._venue.name, symbol=symbol, again=again)
        if again:
            self._stream.close()
            return
        builder.lose(STOOD_STILL)
        self._feed.tell(BookLost(symbol, STOOD_STILL))
        self._resync(symbol)

    def _resync(self, symbol: str) -> None:
        if self._over:
            return
        if self._venue.book_by_rest:
            self._actor.spawn_task(self._fetch, symbol)
        else:
            with suppress(StreamError):  # StreamClosed is on its way
                self._stream.send(self._venue.book_resubscription(self._instruments[symbol]))

    def _fetch(self, symbol: str) -> None:
        try:
            snapshot = self._venue.fetch_book(self._instruments[symbol])
        except VenueReadError as error:
            self._complain(str(error))
            self._actor.log.warning("no snapshot", venue=self._venue.name, symbol=symbol, error=str(error))
            return  # `look` asks again
        if not self._over:
            self._take(self._builders[symbol], snapshot, self._stream.heard_ns)

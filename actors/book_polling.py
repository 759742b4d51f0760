"""Books by REST while the stream of a venue is down (MKT-5).

A poll is a failed one for a symbol when the venue did not answer, when its answer is no book, and when nothing may be
sent because the circuit is open. After so many in a row the last quote is served on, marked stale.
"""

from collections.abc import Mapping
from typing import Any

import attrs

from actors.gate import Circuit, Gate
from actors.instruments import LOADED, InstrumentsLoaded
from actors.market_data import STREAM, StreamNews
from actors.runtime import Actor, handles
from actors.stream_books import BookMoved
from perpbot.clock import monotonic_ns
from perpbot.model.book import Book
from perpbot.model.events import BookSnapshot
from perpbot.model.instrument import Instrument
from perpbot.model.quote import Quote, Source
from perpbot.scanning.frame_ages import FrameAges
from perpbot.scanning.ticks import TickRules
from perpbot.venues.venue import Venue, VenueReadError


@attrs.frozen
class QuoteStale:
    """To the feed: what was last known of a symbol is all there is, and it is old."""

    symbol: str
    reason: str


@attrs.frozen
class _Poll:
    """It is time."""


@attrs.frozen
class _Polled:
    """What the venue answered about one symbol, and when it was asked."""

    symbol: str
    found: BookSnapshot | str
    """The book, or why there is none."""
    asked_ns: int


class BookPolling(Actor):
    """Asks for the books of one venue until its stream is up again."""

    def __init__(
        self,
        venue: Venue,
        gate: Gate,
        *,
        instruments: str,
        market_data: str,
        feed: str,
        rules: TickRules,
        interval_s: float,
        failures: int,
    ) -> None:
        super().__init__()
        self._venue = venue
        self._gate = gate
        self._instruments_address = instruments
        self._market_data_address = market_data
        self._feed_address = feed
        self._ages = FrameAges(rules)
        self._interval_s = interval_s
        self._limit = failures
        self._instruments: tuple[Instrument, ...] = ()
        self._streaming = False
        self._awaited = 0
        self._failed: dict[str, int] = {}
        self._polls = 0
        self._last_error: str | None = None

    def on_start(self) -> None:
        """Listen to the stream's state."""
        self._feed = self.look_up(self._feed_address)
        self.subscribe(self._instruments_address, LOADED)
        self.subscribe(self._market_data_address, STREAM)
        self.timers.every(self._interval_s, _Poll())

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Learn what to ask for."""
        self._instruments = news.instruments

    @handles(StreamNews)
    def on_stream(self, news: StreamNews) -> None:
        """Rest while the stream is up; begin at once when it goes down."""
        went_down = self._streaming and not news.up
        self._streaming = news.up
        self._failed.clear()
        if went_down:
            self.timers.every(self._interval_s, _Poll())
            self._poll()

    @handles(_Poll)
    def on_poll(self, _: _Poll) -> None:
        """Ask, unless the stream is up or the last answers have not come yet."""
        self._poll()

    def _poll(self) -> None:
        if self._streaming or self._awaited:
            return
        if self._gate.circuit in {Circuit.CIRCUIT_OPEN, Circuit.DEGRADED}:  # the one probe is the stream's
            for each in self._instruments:
                self._count_failure(each.symbol, "the circuit of its market data is open")
            return
        self._awaited = len(self._instruments)
        self.spawn_task(self._ask_all, self._instruments)

    def _ask_all(self, instruments: tuple[Instrument, ...]) -> None:
        for each in instruments:
            asked_ns = monotonic_ns()
            try:
                found: BookSnapshot | str = self._venue.fetch_book(each)
            except VenueReadError as error:
                found = str(error)
            self.ref.tell(_Polled(each.symbol, found, asked_ns))

    @handles(_Polled)
    def on_polled(self, polled: _Polled) -> None:
        """Pass a good book on; count what is none."""
        self._polls += 1
        self._awaited -= 1
        if self._streaming:  # it came up meanwhile, and what it says is newer
            return
        if isinstance(polled.found, str):
            self._count_failure(polled.symbol, polled.found)
            return
        book = Book(self._venue.name, polled.symbol)
        book.snapshot(polled.found.bids, polled.found.asks, polled.found.sequence)
        if book.reason is not None:
            self._count_failure(polled.symbol, f"its book is of no use: {book.reason}")
            return
        self._failed[polled.symbol] = 0
        bid, ask, venue_ns = book.best_bid(), book.best_ask(), polled.found.venue_time_ns
        quote = Quote(book.venue, book.symbol, *bid, *ask, venue_ns, polled.asked_ns, Source.REST)
        age_ns = self._age_ns(quote) if venue_ns else None
        self._feed.tell(BookMoved(quote, book, age_ns))

    def _age_ns(self, quote: Quote) -> int | None:
        """How old the answer is by the venue's clock; None where that cannot be, and no date came with it."""
        its_clock = self._venue.http.venue_clock
        age_ns = its_clock.age_ns(quote.venue_time_ns)
        return self._ages.believed(quote.symbol, age_ns, quote.received_ns, its_clock.told_ns)

    def _count_failure(self, symbol: str, reason: str) -> None:
        self._last_error = reason
        self._failed[symbol] = self._failed.get(symbol, 0) + 1
        if self._failed[symbol] != self._limit:
            return
        self.log.error(
            "quote is stale", venue=self._venue.name, symbol=symbol, polls=self._limit, reason=reason,
            hint="it is shown, marked stale, and nothing is traded on it; see that the venue can be reached",
        )  # fmt: skip
        self._feed.tell(QuoteStale(symbol, reason))

    @property
    def failed(self) -> Mapping[str, int]:
        """Failed polls in a row, by symbol."""
        return self._failed

    def describe(self) -> dict[str, Any]:
        """Whether it polls, and what came of it."""
        return {
            "venue": self._venue.name,
            "polling": not self._streaming,
            "every_s": self._interval_s,
            "answers": self._polls,
            "failed_in_a_row": dict(self._failed),
            "last_error": self._last_error,
        }

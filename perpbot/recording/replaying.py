"""Runs recordings through what reads the market in PerpBot: decoders, books, tick rules, and the scanners' board.

Nothing here knows the time: it is that of the recordings. Slower venues, missing orders and anything else that PerpBot
itself would have done are no part of it; see `perpbot.recording.backtest` for that.
"""

import heapq
from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs

from actors.basis import TELL_EVERY_S
from actors.quote_feed import tick_rules
from actors.scanner import MIDS_EVERY_NS, terms
from perpbot.clock import NS_PER_MS, NS_PER_SECOND
from perpbot.config.settings import Settings
from perpbot.model.events import BookDelta, BookReset, BookSnapshot, DecodeError, Event, Funding
from perpbot.model.instrument import Instrument
from perpbot.model.quote import Quote
from perpbot.recording.answers import offline
from perpbot.recording.reading import Placed, Recording
from perpbot.scanning.basis import Basis
from perpbot.scanning.board import Board
from perpbot.scanning.edge import Edge, Market
from perpbot.scanning.ticks import BadTick, TickFilter
from perpbot.venues.book_builder import BookBuilder, BookEvent, Taken
from perpbot.venues.lines import ENDS, AnswerLine, FrameLine, SessionBegan, SessionEnded
from perpbot.venues.registry import venue_class

ONE = Decimal(1)
TELL_EVERY_NS = int(TELL_EVERY_S * NS_PER_SECOND)
CUT_OFF = "the recording was cut off"


@attrs.frozen
class QuoteSeen:
    """A quote; with a reason why it is not believed, no scanner would see it."""

    time_ns: int
    quote: Quote
    held_back: BadTick | None


@attrs.frozen
class EdgeSeen:
    """What is left of a price difference after everything it costs: the best of its symbol at this moment."""

    time_ns: int
    edge: Edge


@attrs.frozen
class Gap:
    """Something is missing: of a whole venue, or of one symbol's book."""

    time_ns: int
    venue: str
    symbol: str | None
    since_ns: int
    """When what is missing begins."""
    reason: str
    place: str


@attrs.frozen
class Unreadable:
    """A frame that is not the venue's protocol."""

    time_ns: int
    venue: str
    message: str
    place: str


Seen = QuoteSeen | EdgeSeen | Gap | Unreadable


class Replay:
    """One run over recordings of several venues."""

    def __init__(self, recordings: Sequence[Recording], settings: Settings) -> None:
        """`VenueReadError` when a recording tells of no instruments."""
        self._settings = settings
        self._sides = {each.venue: _Side(each, settings) for each in recordings}
        self._boards: dict[str, Board] = {}
        instruments = [each for side in self._sides.values() for each in side.venue.instruments]
        self._basis = Basis([each.quote for each in instruments])
        self._worth = self._basis.worth(0)
        self._mids_ns: dict[str, int] = {}
        self._told_ns = 0

    def run(self) -> Iterator[Seen]:
        """What would have been seen, in the order of time."""
        sides = [side.lines() for side in self._sides.values()]
        for side, line in heapq.merge(*sides, key=lambda each: each[1].held.time_ns):
            for seen in side.take(line):
                if isinstance(seen, QuoteSeen) and seen.held_back is None:
                    yield seen
                    yield from self._scan(side, seen)
                    continue
                if isinstance(seen, QuoteSeen):
                    if seen.held_back is BadTick.JUMP:
                        self._drop(seen.quote.venue, seen.quote.symbol)
                elif isinstance(seen, Gap):
                    self._drop(seen.venue, seen.symbol)
                yield seen
        for side in self._sides.values():
            yield from side.cut_off()

    def _drop(self, venue: str, symbol: str | None) -> None:
        for board in self._boards.values() if symbol is None else filter(None, [self._boards.get(symbol)]):
            board.drop(venue)

    def _scan(self, side: "_Side", seen: QuoteSeen) -> Iterator[EdgeSeen]:
        quote, now_ns = seen.quote, seen.time_ns
        board = self._boards.get(quote.symbol)
        if board is None:
            board = self._boards[quote.symbol] = self._board()
        board.set(side.market(quote, self._worth.get(side.instruments[quote.symbol].quote, ONE)))
        self._value(quote.symbol, board, now_ns)
        edges = board.edges(quote.venue, now_ns)
        if edges:
            yield EdgeSeen(now_ns, edges[0])

    def _board(self) -> Board:
        scanner, age_ms = self._settings.scanner, self._settings.quote_engine.max_quote_age_ms
        return Board(terms(scanner), int(age_ms * NS_PER_MS), scanner.priority_exchange_pairs)

    def _value(self, symbol: str, board: Board, now_ns: int) -> None:
        """Estimate what the quote currencies are worth, as often as PerpBot does."""
        if now_ns - self._mids_ns.get(symbol, 0) >= MIDS_EVERY_NS:
            self._mids_ns[symbol] = now_ns
            mids: dict[str, list[Decimal]] = {}
            for each in board.quotes:
                if board.market(each.venue, now_ns) is not None:
                    mids.setdefault(self._sides[each.venue].instruments[symbol].quote, []).append(each.mid)
            self._basis.add(mids, now_ns)
        if now_ns - self._told_ns >= TELL_EVERY_NS:
            self._told_ns = now_ns
            self._worth = self._basis.worth(now_ns)


class _Side:
    """One venue: its books, and what is known of its sessions."""

    def __init__(self, recording: Recording, settings: Settings) -> None:
        self.recording = recording
        self.venue = offline(venue_class(recording.venue), recording.answers, recording.symbols)
        self.instruments: dict[str, Instrument] = {each.symbol: each for each in self.venue.instruments}
        self._depth = settings.quote_engine.l2_depth
        self._rules = tick_rules(settings.quote_engine)
        self._silence_ns = int(settings.quote_engine.websocket_timeout_sec * NS_PER_SECOND)
        self._builders: dict[str, BookBuilder] = {}
        self._filters: dict[str, TickFilter] = {}
        self._funding: dict[str, Funding] = {}
        self._frame_ns = 0
        """When the last frame came."""
        self._ended: SessionEnded | None = None

    def lines(self) -> "Iterator[tuple[_Side, Placed]]":
        """Every line, and whose it is."""
        return ((self, line) for line in self.recording.lines())

    def market(self, quote: Quote, worth: Decimal) -> Market:
        """The venue's side of a comparison."""
        funding = self._funding.get(quote.symbol)
        return Market(
            instrument=self.instruments[quote.symbol],
            quote=quote,
            book=self._builders[quote.symbol].book,
            depth=self._depth,
            funding=None if funding is None else funding.rate,
            worth=worth,
        )

    def take(self, line: Placed) -> Iterator[Seen]:
        """What comes of one line."""
        held = line.held
        if isinstance(held, FrameLine):
            yield from self._take_frame(held, line.place)
        elif isinstance(held, AnswerLine):
            yield from self._take_answer(held, line.place)
        elif isinstance(held, SessionBegan):
            yield from self._begin(held, line.place)
        else:
            self._ended = held
            self._lose(held.reason)
            if held.reason != ENDS:
                yield Gap(held.time_ns, self.venue.name, None, held.time_ns, held.reason, line.place)

    def cut_off(self) -> Iterator[Gap]:
        """The files that ended as nothing should."""
        for path in self.recording.cut_off:
            yield Gap(self._frame_ns, self.venue.name, None, self._frame_ns, CUT_OFF, str(path))

    def _begin(self, held: SessionBegan, place: str) -> Iterator[Gap]:
        since_ns = self._frame_ns if self._ended is None else self._ended.time_ns
        if since_ns:
            reason = "nothing was recorded" if self._ended is None else f"not connected: {self._ended.reason}"
            yield Gap(held.time_ns, self.venue.name, None, since_ns, reason, place)
        self._ended = None
        self._frame_ns = 0
        self._lose("a new session begins")

    def _lose(self, reason: str) -> None:
        for each in self._builders.values():
            each.lose(reason)

    def _take_answer(self, held: AnswerLine, place: str) -> Iterator[Seen]:
        try:
            book = self.venue.read_recorded(held.url, held.body.encode())
        except DecodeError as error:
            yield Unreadable(held.time_ns, self.venue.name, str(error), place)
            return
        if isinstance(book, BookSnapshot) and self.venue.book_by_rest:
            yield from self._take_book(book, held.time_ns, place)

    def _take_frame(self, held: FrameLine, place: str) -> Iterator[Seen]:
        before_ns, self._frame_ns = self._frame_ns, held.time_ns
        if before_ns and held.time_ns - before_ns > self._silence_ns:
            yield Gap(held.time_ns, self.venue.name, None, before_ns, "nothing came", place)
        try:
            events = self.venue.decode_public(held.frame, held.time_ns)
        except DecodeError as error:
            yield Unreadable(held.time_ns, self.venue.name, str(error), place)
            return
        for event in events:
            yield from self._take_event(event, held.time_ns, place)

    def _take_event(self, event: Event, time_ns: int, place: str) -> Iterator[Seen]:
        if isinstance(event, Funding):
            self._funding[event.symbol] = event
        elif isinstance(event, BookDelta | BookSnapshot | BookReset) and event.symbol in self.instruments:
            yield from self._take_book(event, time_ns, place)

    def _take_book(self, event: BookEvent, time_ns: int, place: str) -> Iterator[Seen]:
        builder = self._builders.get(event.symbol)
        if builder is None:
            builder = self._builders[event.symbol] = BookBuilder(self.venue, event.symbol)
        taken, book = builder.take(event), builder.book
        if taken is Taken.BROKEN:
            yield Gap(time_ns, self.venue.name, event.symbol, time_ns, book.reason or "no snapshot", place)
        elif taken is Taken.APPLIED:
            (bid, bid_size), (ask, ask_size) = book.best_bid(), book.best_ask()
            venue_ns = 0 if isinstance(event, BookReset) else event.venue_time_ns
            quote = Quote(book.venue, book.symbol, bid, bid_size, ask, ask_size, venue_ns, time_ns)
            judge = self._filters.setdefault(event.symbol, TickFilter(self._rules))
            age_ns = time_ns - venue_ns if venue_ns else None
            yield QuoteSeen(time_ns, quote, judge.judge(quote, age_ns))

"""Raw frames of a venue to plain dictionaries, for people: what ``perpbot venues decode`` prints.

Lines are raw frames, or those of a recording (`perpbot.venues.lines`). Books are rebuilt on the way, by the very code
that does it live.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, TypeVar

import attrs
import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.book import Level
from perpbot.model.events import BookDelta, BookReset, BookSnapshot, DecodeError, Event
from perpbot.model.instrument import InstrumentTable
from perpbot.model.money import Money, Rate, plain
from perpbot.venues.book_builder import BookBuilder, BookEvent, Taken
from perpbot.venues.lines import AnswerLine, FrameLine, read_line
from perpbot.venues.venue import Venue

Json = dict[str, Any]

DEPTH = 10
"""Levels of each side that a book is printed with, unless said otherwise."""

_KINDS = {
    "Ack": "ack",
    "Balance": "balance",
    "Bar": "bar",
    "Fill": "fill",
    "Funding": "funding",
    "FundingPayment": "funding-payment",
    "LoggedIn": "login",
    "Mark": "mark",
    "OrderUpdate": "order",
    "Ping": "ping",
    "Pong": "pong",
    "Position": "position",
    "PublicTrade": "trade",
    "Quote": "quote",
    "SessionEnding": "session-ending",
    "VenueError": "error",
}
_SIZED = frozenset({"bar", "book", "fill", "order", "position", "quote", "trade"})
"""Types with sizes, whose unit depends on whether the instrument is known."""
_NAMES = {"quantity": "size"}
"""What people call a field where the model has another word."""
WRAPPED = "a frame that goes on in the next line; give one frame per line, as they came (jq -c makes that of others)"
LineT = TypeVar("LineT", bound="str | Placed")
_LEFT_OUT = frozenset({"account", "received_ns", "source", "stale", "venue"})


class Placed(NamedTuple):
    """A line, and where it stands: ``FILE:NUMBER``."""

    text: str
    place: str


Line = str | Placed


def placed(name: str, lines: Iterable[str]) -> Iterator[Placed]:
    """The lines of the file called `name`, each with where it stands."""
    return (Placed(line, f"{name}:{number}") for number, line in enumerate(lines, start=1))


def in_time_order(sources: Sequence[Iterable[LineT]]) -> Iterator[LineT]:
    """The lines of several recordings, merged by their time; a line without time stays behind the one before it."""
    return (line for _, line in heapq.merge(*(_timed(lines) for lines in sources), key=lambda each: each[0]))


def decode(venue: Venue, lines: Iterable[Line], depth: int = DEPTH) -> Iterator[Json]:
    """One dictionary for each event in `lines`, in order; lines that are no frames are skipped.

    An answer about instruments is taken into `venue.instruments` unless there are some already. What cannot be
    decoded is an ``error`` of origin ``frame``, with its place where that is known; what the venue complains of is one
    of origin ``venue``.
    """
    return _Decoder(venue, depth).run(lines)


def _timed(lines: Iterable[LineT]) -> Iterator[tuple[int, LineT]]:
    time_ns = 0
    for line in lines:
        held = read_line(_text(line))
        if held is not None and held.time_ns:
            time_ns = held.time_ns
        yield time_ns, line


def _text(line: Line) -> str:
    return line.text if isinstance(line, Placed) else line


class _Decoder:
    def __init__(self, venue: Venue, depth: int) -> None:
        self._venue = venue
        self._depth = depth
        self._builders: dict[str, BookBuilder] = {}

    def run(self, lines: Iterable[Line]) -> Iterator[Json]:
        for line in lines:
            text = _text(line).strip()
            held = read_line(text)
            try:
                if isinstance(held, AnswerLine):
                    yield from self._answer(held.url, held.body)
                elif isinstance(held, FrameLine):
                    yield from self._frame(held.frame, held.time_ns)
            except DecodeError as error:
                at = {"at": line.place} if isinstance(line, Placed) else {}
                message = WRAPPED if text in {"{", "["} else str(error)
                yield {"type": "error", "origin": "frame", "venue": self._venue.name, **at, "message": message}

    def _answer(self, url: str, body: str) -> Iterator[Json]:
        held = self._venue.read_recorded(url, body.encode())
        if isinstance(held, BookSnapshot):
            yield from self._book(held)
        elif held is not None and not len(self._venue.instruments):
            self._venue.instruments = InstrumentTable(held)

    def _frame(self, frame: str | bytes, received_ns: int) -> Iterator[Json]:
        for event in self._events(frame, received_ns):
            if isinstance(event, BookSnapshot | BookDelta | BookReset):
                yield from self._book(event)
            else:
                yield self._plain(event)

    def _events(self, frame: str | bytes, received_ns: int) -> list[Event]:
        try:
            return self._venue.decode_public(frame, received_ns)
        except DecodeError as refused:
            try:
                return self._venue.decode_private(frame, received_ns)
            except DecodeError:
                raise refused from None

    def _book(self, event: BookEvent) -> Iterator[Json]:
        symbol = event.symbol
        builder = self._builders.get(symbol)
        if builder is None:
            builder = self._builders[symbol] = BookBuilder(self._venue, symbol)
        taken = builder.take(event)
        book = builder.book
        if taken is Taken.BROKEN:
            yield {"type": "gap", "venue": self._venue.name, "symbol": symbol, "reason": book.reason}
        if taken in {Taken.APPLIED, Taken.BROKEN}:
            bids = _levels(book.bids(self._depth)) if book.valid else []
            asks = _levels(book.asks(self._depth)) if book.valid else []
            known = {"sequence": book.sequence, "valid": book.valid, "bids": bids, "asks": asks}
            time = {} if isinstance(event, BookReset) else _milliseconds("venue_time", event.venue_time_ns)
            yield self._headed("book", symbol, {**known, **time})

    def _plain(self, event: Event) -> Json:
        fields: Json = {}
        for name, value in fields_of(event):
            if name not in _LEFT_OUT and name != "symbol" and value is not None:
                fields |= _written(_NAMES.get(name, name), value)
        return self._headed(_KINDS[type(event).__name__], getattr(event, "symbol", None), fields)

    def _headed(self, kind: str, symbol: str | None, fields: Json) -> Json:
        origin = {"origin": "venue"} if kind == "error" else {}
        head: Json = {"type": kind, **origin, "venue": self._venue.name}
        if symbol is not None:
            head["symbol"] = symbol
        if kind in _SIZED and (symbol is None or self._venue.instruments.symbol(symbol) is None):
            head["unit"] = "native"
        return head | fields


def fields_of(event: Event) -> Iterator[tuple[str, object]]:
    """Every field of an event by name."""
    kind = type(event)
    names = kind.__struct_fields__ if issubclass(kind, msgspec.Struct) else [each.name for each in attrs.fields(kind)]
    for name in names:
        yield name, getattr(event, name)


def _written(name: str, value: object) -> Json:
    """A field as JSON: numbers as text, times in milliseconds, rates and money in parts."""
    if isinstance(value, Enum):
        return {name: value.value}
    if isinstance(value, Decimal):
        return {name: plain(value)}
    if isinstance(value, Money):
        return {name: plain(value.amount), f"{name}_currency": value.currency}
    if isinstance(value, Rate):
        return {"rate": plain(value.fraction), "interval_hours": plain(value.hours)}
    if name.endswith("_ns") and isinstance(value, int):
        return _milliseconds(name.removesuffix("_ns"), value)
    return {name: value}


def _milliseconds(name: str, time_ns: int) -> Json:
    return {f"{name}_ms": time_ns // NS_PER_MS} if time_ns else {}


def _levels(levels: list[Level]) -> list[list[str]]:
    return [[plain(price), plain(size)] for price, size in levels]

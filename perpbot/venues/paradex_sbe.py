"""Paradex's binary frames: what public channels have come in since JSON was given up there in September 2026.

Simple Binary Encoding, little-endian: a header of four 16-bit numbers (length of the block, template, schema, version),
a block of fixed fields, groups of entries, and texts with their length before them. Prices, sizes and rates are whole
numbers of 1e-8, times are microseconds. Source: https://docs.paradex.trade/ws/general-information/binary-encoding-sbe,
schema 1, and recorded frames.
"""

from collections.abc import Callable
from enum import IntEnum
from struct import Struct, error

import attrs

from perpbot.venues.wire import refuse

SCHEMA = 1
QUERY = f"sbeSchemaId={SCHEMA}&sbeSchemaVersion=1"
"""What asks for this schema, at the end of the stream's URL."""
DELTA = 1
"""Package type of a book's change; a whole book is 0."""

_HEADER = Struct("<HHHH")
_GROUP = Struct("<HH")
_LEVEL = Struct("<qq")
_BOOK = Struct("<qqB")
_SUMMARY = Struct("<qqqq")
_FUNDING = Struct("<qqqqqqqh")
_TRADE = Struct("<qqqBqqq")
_LATEST_US = 10**17
_FIRST_PRINTABLE = 9


class Template(IntEnum):
    """Which message a frame holds."""

    TRADE = 1
    BOOK = 3
    SUMMARY = 4
    FUNDING = 5


@attrs.frozen
class BinaryLevel:
    """A level of a book; numbers as text."""

    price: str
    size: str


@attrs.frozen
class BinaryBook:
    """A book, or what changed in it; a size of zero takes a level away."""

    market: str
    whole: bool
    sequence: int
    time_ns: int
    bids: list[BinaryLevel]
    asks: list[BinaryLevel]


@attrs.frozen
class BinarySummary:
    """Mark and index price; the latter is empty where there is none."""

    market: str
    mark: str
    index: str
    time_ns: int


@attrs.frozen
class BinaryFunding:
    """The funding rate for a number of hours."""

    market: str
    rate: str
    hours: int
    time_ns: int


@attrs.frozen
class BinaryTrade:
    """A public trade; `side` is 1 for a buy."""

    market: str
    trade_id: str
    side: int
    price: str
    size: str
    time_ns: int


BinaryMessage = BinaryBook | BinarySummary | BinaryFunding | BinaryTrade


def is_binary(frame: str | bytes) -> bool:
    """Whether a frame is no text: its second byte belongs to a small number, and no JSON has such a byte."""
    return isinstance(frame, bytes) and len(frame) >= _HEADER.size and frame[1] < _FIRST_PRINTABLE


def read_binary(frame: bytes) -> BinaryMessage:
    """The message in a binary frame; `DecodeError` when it is not of this schema."""
    try:
        return _Reader(frame).message()
    except (error, UnicodeDecodeError) as problem:
        refuse("paradex", "a binary frame", problem)


class _Reader:
    def __init__(self, frame: bytes) -> None:
        self._frame = frame
        self._block_length, self._template, schema, _ = _HEADER.unpack_from(frame)
        if schema != SCHEMA:
            refuse("paradex", "the schema of a binary frame", schema)
        self._at = _HEADER.size + self._block_length

    def message(self) -> BinaryMessage:
        readers: dict[int, Callable[[], BinaryMessage]] = {
            Template.TRADE: self._trade,
            Template.BOOK: self._book,
            Template.SUMMARY: self._summary,
            Template.FUNDING: self._funding,
        }
        if self._template not in readers:
            refuse("paradex", "the template of a binary frame", self._template)
        return readers[self._template]()

    def _fields(self, kind: Struct) -> tuple[int, ...]:
        if self._block_length < kind.size:
            refuse("paradex", "the length of a binary frame's block", self._block_length)
        return kind.unpack_from(self._frame, _HEADER.size)

    def _book(self) -> BinaryBook:
        time_us, sequence, package = self._fields(_BOOK)
        if package not in {0, DELTA}:
            refuse("paradex", "the package type of a book", package)
        if sequence < 0:
            refuse("paradex", "the sequence of a book", sequence)
        bids, asks = self._levels(), self._levels()
        return BinaryBook(self._text(), package != DELTA, sequence, _ns(time_us), bids, asks)

    def _summary(self) -> BinarySummary:
        time_us, _, mark, index = self._fields(_SUMMARY)
        return BinarySummary(self._text(), _number(mark), _number(index) if index > 0 else "", _ns(time_us))

    def _funding(self) -> BinaryFunding:
        time_us, _, rate, _, _, _, _, hours = self._fields(_FUNDING)
        return BinaryFunding(self._text(), _number(rate), hours, _ns(time_us))

    def _trade(self) -> BinaryTrade:
        _, _, _, side, price, size, time_us = self._fields(_TRADE)
        market, trade_id = self._text(), self._text()
        return BinaryTrade(market, trade_id, side, _number(price), _number(size), _ns(time_us))

    def _levels(self) -> list[BinaryLevel]:
        length, count = _GROUP.unpack_from(self._frame, self._at)
        first = self._at + _GROUP.size
        self._at = first + length * count
        if length < _LEVEL.size or self._at > len(self._frame):
            refuse("paradex", "a group of levels", f"{count} entries of {length} bytes")
        entries = (_LEVEL.unpack_from(self._frame, at) for at in range(first, self._at, length))
        return [BinaryLevel(_number(price), _number(size)) for price, size in entries]

    def _text(self) -> str:
        if self._at >= len(self._frame):
            refuse("paradex", "a text in a binary frame", "missing")
        first = self._at + 1
        self._at = first + self._frame[self._at]
        if self._at > len(self._frame):
            refuse("paradex", "a text in a binary frame", "cut off")
        return self._frame[first : self._at].decode("ascii")


def _number(mantissa: int) -> str:
    return f"{mantissa}e-8"


def _ns(microseconds: int) -> int:
    if not 0 <= microseconds < _LATEST_US:
        refuse("paradex", "a time", microseconds)
    return microseconds * 1_000

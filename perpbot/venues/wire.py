"""Reading a venue's wire exactly: JSON into typed frames, text into `Decimal`, a native name into what it means.

Numbers stay text until they are checked: a price is positive and finite, a size is not negative, and anything else
is a `DecodeError` that names the venue and the field. The same few prices and sizes come again and again, so each
instrument remembers the ones it has read; looking one up costs a fifth of reading it.

`perpbot.venues._wire` does the most frequent part of this in compiled code, where there was a compiler to build it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Generic, NoReturn, Protocol, TypeVar
from zlib import crc32

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.book import Level
from perpbot.model.events import Bar, DecodeError
from perpbot.model.instrument import Instrument, InstrumentTable
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.quote import Quote

try:
    from perpbot.venues import _wire
except ImportError:  # it was installed without a compiler: everything is done here
    COMPILED = False
else:
    COMPILED = crc32(Path(_wire.__file__).with_name("_wire.pyx").read_bytes()) == getattr(_wire, "SOURCE", None)
    """And from the source that is there, not from one before it."""

DECODER = "compiled" if COMPILED else "not compiled"
"""How to say it to an operator."""

Millis = Annotated[int, msgspec.Meta(ge=0, lt=10**14)]
"""Milliseconds since 1970, as venues count them; up to the year 5138."""

LARGEST = Decimal("1e18")
"""No price and no size comes near it; what does is a mistake on the wire."""

_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_FEW = 18
"""Digits that cannot make a number as large as `LARGEST`."""
LONGEST_NAME = 100
"""Characters in a native name; they are remembered, too."""
_REMEMBERED = 5_000
"""Texts an instrument remembers before it starts anew: more than the deepest books have levels, and it bounds the
memory of a long run."""

T = TypeVar("T")
N = TypeVar("N", Price, Quantity)


class JsonReader(Generic[T]):
    """Reads one type of JSON text of one venue."""

    __slots__ = ("_decode", "_venue")

    def __init__(self, venue: str, type_: type[T], *, numbers_in_quotes: bool = False) -> None:
        """`numbers_in_quotes` lets whole numbers and booleans stand in quotes, as some venues write all of them."""
        self._venue = venue
        self._decode: Callable[[Any], T] = msgspec.json.Decoder(type_, strict=not numbers_in_quotes).decode

    def __call__(self, text: str | bytes | msgspec.Raw) -> T:
        """The value in `text`; `DecodeError` names the venue and the field that was wrong."""
        try:
            return self._decode(text)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise DecodeError(f"{self._venue}: {error}") from error
        except RecursionError as error:
            raise DecodeError(f"{self._venue}: nested too deeply") from error


def number(text: str, venue: str, field: str) -> Decimal:
    """The finite number in `text`, exactly; `DecodeError` for anything else."""
    if _NUMBER.fullmatch(text) is None:
        refuse(venue, field, text)
    value = Decimal(text)
    if not -LARGEST < value < LARGEST:
        refuse(venue, field, text)
    return value


def unsigned(text: str, venue: str, field: str) -> Decimal:
    """The number in `text`, which is not negative; `DecodeError` for anything else."""
    value = number(text, venue, field)
    if value < 0:
        refuse(venue, field, text)
    return value


def positive(text: str, venue: str, field: str) -> Decimal:
    """The number in `text`, which is above zero; `DecodeError` for anything else."""
    value = number(text, venue, field)
    if value <= 0:
        refuse(venue, field, text)
    return value


def refuse(venue: str, field: str, value: object) -> NoReturn:
    """Say with a `DecodeError` that a field does not hold what the protocol says."""
    raise DecodeError(f"{venue}: {field} is {str(value)[:60]!r}")


class _Numbers(dict[str, N]):
    """Numbers of one instrument by their text on the wire, checked and converted when they are first met."""

    __slots__ = ("_field", "_venue", "factor", "may_be_zero")

    def __init__(self, venue: str, field: str, factor: Decimal) -> None:
        super().__init__()
        self._venue = venue
        self._field = field
        self.factor = None if factor == 1 else factor
        """What a number on the wire is multiplied with; None for one."""
        self.may_be_zero = True

    def __missing__(self, text: str) -> N:
        """Read a text for the first time."""
        value = self.read(text)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = value
        return value

    def read(self, text: str) -> N:
        """The number in `text`, which is not remembered.

        A few digits with at most one point, as nearly all are, need no pattern to be known as a finite number that
        is not negative: that is found out in a fifth of the time.
        """
        if (text.isdigit() or text.replace(".", "", 1).isdigit()) and len(text) <= _FEW and text.isascii():
            value: Any = Decimal(text)
        else:
            value = unsigned(text, self._venue, self._field)
        if not (self.may_be_zero or value):
            refuse(self._venue, self._field, text)
        return value if self.factor is None else value * self.factor  # type: ignore[no-any-return]


class Prices(_Numbers[Price]):
    """Prices of one instrument by their text on the wire, per coin; `DecodeError` unless positive and finite."""

    __slots__ = ()

    def __init__(self, venue: str, native: str, unit: Decimal) -> None:
        super().__init__(venue, f"a price of {native}", 1 / unit)
        self.may_be_zero = False


class Sizes(_Numbers[Quantity]):
    """Sizes of one instrument by their text on the wire, in coins; `DecodeError` when negative or not finite."""

    __slots__ = ()

    def __init__(self, venue: str, native: str, unit: Decimal) -> None:
        super().__init__(venue, f"a size of {native}", unit)


class BestSizes(_Numbers[Quantity]):
    """Sizes at the best prices of one instrument, in coins; `DecodeError` unless positive and finite."""

    __slots__ = ()

    def __init__(self, venue: str, native: str, unit: Decimal) -> None:
        super().__init__(venue, f"the size at a best price of {native}", unit)
        self.may_be_zero = False


class Scale:
    """What a native name means: its symbol, and how its prices and sizes on the wire are read.

    Without an instrument prices and sizes stay as they came.
    """

    __slots__ = (
        "_ask",
        "_ask_size",
        "_ask_size_text",
        "_ask_text",
        "_best_size",
        "_bid",
        "_bid_size",
        "_bid_size_text",
        "_bid_text",
        "_venue",
        "instrument",
        "native",
        "prices",
        "sizes",
        "symbol",
    )

    def __init__(self, venue: str, native: str, symbol: str, instrument: Instrument | None) -> None:
        self._venue = venue
        self.native = native
        self.symbol = symbol
        self.instrument = instrument
        unit = instrument.contract_size if instrument else Decimal(1)
        self.prices = Prices(venue, native, instrument.price_unit if instrument else Decimal(1))
        self.sizes = Sizes(venue, native, unit)
        self._best_size = BestSizes(venue, native, unit).read
        self._bid_text: str | None = None
        self._bid_size_text: str | None = None
        self._ask_text: str | None = None
        self._ask_size_text: str | None = None
        self._bid = self._ask = Price(ZERO)
        self._bid_size = self._ask_size = Quantity(ZERO)

    @property
    def quote(self) -> str:
        """The currency of prices; empty where the instrument is not known."""
        return self.instrument.quote if self.instrument else ""

    def positive(self, text: str) -> Quantity:
        """Coins in a size that cannot be zero, as of a trade."""
        size = self.sizes[text]
        if not size:
            refuse(self._venue, f"a size of {self.native}", text)
        return size

    def signed(self, text: str) -> Quantity:
        """Coins in a signed size, as positions have it."""
        value = number(text, self._venue, f"a position of {self.native}")
        return Quantity(value * self.instrument.contract_size if self.instrument else value)

    def price_or_none(self, text: str) -> Price | None:
        """The price in `text`, or None where the venue writes nothing or zero for "there is none"."""
        return None if text == "" or number(text, self._venue, f"a price of {self.native}") == 0 else self.prices[text]

    def best(self, bid: str, bid_size: str, ask: str, ask_size: str, venue_time_ns: int, received_ns: int) -> Quote:
        """A quote from its four numbers; `DecodeError` when they are crossed or one of them is empty.

        Most quotes change one of the four: what stands as it stood is not read again.
        """
        if bid != self._bid_text or ask != self._ask_text:
            self._move(bid, ask)
        if bid_size != self._bid_size_text:
            self._bid_size, self._bid_size_text = self._best_size(bid_size), bid_size
        if ask_size != self._ask_size_text:
            self._ask_size, self._ask_size_text = self._best_size(ask_size), ask_size
        return Quote(
            self._venue, self.symbol, self._bid, self._bid_size, self._ask, self._ask_size, venue_time_ns, received_ns
        )

    def _move(self, bid: str, ask: str) -> None:
        highest, lowest = self.prices[bid], self.prices[ask]
        if highest >= lowest:
            refuse(self._venue, f"the quote of {self.native}", f"crossed: {bid} bid, {ask} asked")
        self._bid, self._bid_text, self._ask, self._ask_text = highest, bid, lowest, ask


class Scales(dict[str, Scale]):
    """The scales of a venue by native name, made anew when its table of instruments is replaced.

    Indexing makes one that is missing from the table that was used last: `of` is how to ask, unless `table` is known
    to be the venue's.
    """

    __slots__ = ("_name", "_venue", "table")

    def __init__(self, venue: str, name: Callable[[str], str]) -> None:
        """`name` gives the symbol of a native name while there is no table of instruments."""
        super().__init__()
        self._venue = venue
        self._name = name
        self.table = InstrumentTable()
        """The table the scales were made from."""

    def of(self, native: str, table: InstrumentTable) -> Scale:
        """The scale of `native`, looked up in `table`; `DecodeError` for an empty name.

        A name that is not in a table that has others keeps its native name as symbol, so that it cannot be mistaken
        for an instrument that was chosen.
        """
        if table is not self.table:
            self.table = table
            self.clear()
        return self[native]

    def __missing__(self, native: str) -> Scale:
        """Make the scale of a name that is met for the first time."""
        if not 0 < len(native) <= LONGEST_NAME:
            refuse(self._venue, "the name of an instrument", native)
        instrument = self.table.native(native)
        unlisted = native if len(self.table) else self._name(native)
        symbol = unlisted if instrument is None else instrument.symbol
        if len(self) >= _REMEMBERED:
            self.clear()
        self[native] = scale = Scale(self._venue, native, symbol, instrument)
        return scale


class WireLevel(Protocol):
    """A level of a book as text."""

    @property
    def price(self) -> str:
        """Price on the wire."""

    @property
    def size(self) -> str:
        """Size on the wire."""


class ArrayLevel(msgspec.Struct, array_like=True, gc=False):
    """A level written as an array that begins with price and size."""

    price: str
    size: str


def plain_levels(scale: Scale, rows: Iterable[WireLevel]) -> list[Level]:
    """What `levels` is, in Python."""
    prices, sizes = scale.prices, scale.sizes
    return [(prices[row.price], sizes[row.size]) for row in rows]


levels: Callable[[Scale, Iterable[WireLevel]], list[Level]] = _wire.levels if COMPILED else plain_levels
"""The levels in rows, in coins and per coin; `DecodeError` when a number is not one."""

ReadBest = Callable[[str | bytes, int, InstrumentTable], Quote | None]
"""The quote in a frame that was received then, of instruments in that table; None where it has to be decoded."""


def best_reader(venue: str, form: str, scale: Callable[[str], Scale]) -> ReadBest:
    """Reads best bids and offers at once where a frame has exactly `form`, as `perpbot.venues._wire` describes it.

    What else it is, and whether a frame is wrong, is for the decoder; without compiled code that gets every frame.
    """
    return _wire.BestReader(venue, form, scale).read if COMPILED else _read_nothing


def _read_nothing(_frame: str | bytes, _received_ns: int, _table: InstrumentTable) -> None:
    """Leave every frame to the decoder."""


def quote(scale: Scale, bid: WireLevel, ask: WireLevel, *, venue_time_ns: int, received_ns: int) -> Quote:
    """A quote from both best levels; `DecodeError` when they are crossed or one of them is empty."""
    return scale.best(bid.price, bid.size, ask.price, ask.size, venue_time_ns, received_ns)


def bar(
    venue: str,
    scale: Scale,
    resolution: str,
    open_ms: int,
    prices: tuple[str, str, str, str],
    volumes: tuple[Decimal, Decimal | None],
    *,
    closed: bool,
) -> Bar:
    """A bar from its open, high, low and close as text and its volume in coins and in quote currency.

    `DecodeError` when it opened or closed outside its own range.
    """
    opened, high, low, close = (scale.prices[text] for text in prices)
    if not (low <= opened <= high and low <= close <= high):
        refuse(venue, f"the bar of {scale.native}", prices)
    volume, quote_volume = volumes
    if quote_volume is not None and quote_volume < 0:
        refuse(venue, f"the volume of {scale.native}", quote_volume)
    return Bar(scale.symbol, resolution, ns(open_ms), opened, high, low, close, Quantity(volume), quote_volume, closed)


def ns(milliseconds: int) -> int:
    """Nanoseconds of a venue's milliseconds."""
    return milliseconds * NS_PER_MS


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of at most `size`, for venues that limit the length of a message."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch

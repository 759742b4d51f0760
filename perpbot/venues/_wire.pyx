"""The two places where most of decoding happens, compiled: the levels of a book, and a best bid and offer.

Everything here does what `perpbot.venues.wire` does in Python, with the same result; what is unusual it leaves to
it. So nothing is refused here, and PerpBot works without this module, where there was no compiler to build it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_CheckExact, PyUnicode_DecodeASCII
from libc.string cimport memcmp, memcpy

from decimal import Decimal as _Decimal

from perpbot.model.quote import Quote as _Quote

cdef extern from *:
    unsigned int PERPBOT_WIRE_SOURCE

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object)
    void* PyUnicode_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)

SOURCE = PERPBOT_WIRE_SOURCE
"""CRC-32 of the source this was compiled from, as setup.py gives it: what is stale is not used."""

cdef object Decimal = _Decimal
cdef object Quote = _Quote

cdef enum:
    FEW = 18  # digits that cannot make a number too large, as in `wire`
    REMEMBERED = 5_000  # as in `wire`
    MOST_HOLES = 12
    LONGEST_NAME = 100  # as in `wire`
    MILLIS_DIGITS = 13
    NS_PER_MS = 1_000_000

cdef enum:
    BID, BID_SIZE, ASK, ASK_SIZE, SYMBOL, MS, TEXT, WHOLE  # the holes of a form

_HOLES = {
    "bid": BID, "bid_size": BID_SIZE, "ask": ASK, "ask_size": ASK_SIZE, "symbol": SYMBOL, "ms": MS, "text": TEXT,
    "whole": WHOLE,
}

cdef unsigned char _stands_in[256]  # a bit for each hole that a character may stand in


cdef void _know_letters():
    cdef int number = 1 << BID | 1 << BID_SIZE | 1 << ASK | 1 << ASK_SIZE, name = 1 << SYMBOL | 1 << TEXT
    cdef bytes letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz@_-"
    cdef int at
    for at in range(10):
        _stands_in[c"0" + at] = 0xFF
    _stands_in[c"."] = number | name
    for at in range(len(letters)):
        _stands_in[<unsigned char>letters[at]] = name


_know_letters()


cdef bint _is_plain(const char* text, Py_ssize_t length) noexcept:
    """Whether it is a few digits with at most one point."""
    cdef Py_ssize_t at
    cdef int points = 0
    if length > FEW:
        return False
    for at in range(length):
        if text[at] == c".":
            points += 1
        elif not c"0" <= text[at] <= c"9":
            return False
    return points <= 1 and length > points


cdef object _number(object known, object text, object factor, bint may_be_zero):
    """The number that is remembered for a text, or that it is, as `wire.Prices` or `wire.Sizes` gives it."""
    cdef PyObject* found = PyDict_GetItemWithError(known, text)
    if found is not NULL:
        return <object>found
    if (
        PyUnicode_CheckExact(text)
        and PyUnicode_IS_COMPACT_ASCII(text)
        and _is_plain(<const char*>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text))
        and len(known) < REMEMBERED
    ):
        value = Decimal(text)
        if may_be_zero or value:
            if factor is not None:
                value = value * factor
            (<dict>known)[text] = value
            return value
    return known[text]


def levels(scale, rows):
    """The levels in `rows`, as `wire.plain_levels` reads them."""
    prices, sizes = scale.prices, scale.sizes
    cdef object price_factor = prices.factor, size_factor = sizes.factor
    cdef bint zero_price = prices.may_be_zero, zero_size = sizes.may_be_zero
    return [
        (_number(prices, row.price, price_factor, zero_price), _number(sizes, row.size, size_factor, zero_size))
        for row in rows
    ]


cdef struct Text:
    Py_ssize_t length
    char chars[FEW]


cdef struct Part:
    const char* began
    Py_ssize_t length


cdef class _Last:
    """The best bid and offer that came last for one name, as text and as numbers in the order of the holes."""

    cdef object symbol, prices, price_factor, size_factor
    cdef Text texts[4]
    cdef list numbers

    def __cinit__(self, scale):
        cdef int which
        self.symbol = scale.symbol
        self.prices = scale.prices
        self.price_factor = scale.prices.factor
        self.size_factor = scale.sizes.factor
        self.numbers = [None] * 4
        for which in range(4):
            self.texts[which].length = 0

    cdef object number(self, int which, Part part):
        """The number in a text; None where that is not a plain one above zero."""
        cdef Text* text = &self.texts[which]
        if text.length == part.length and memcmp(text.chars, part.began, part.length) == 0:
            return self.numbers[which]
        if not _is_plain(part.began, part.length):
            return None
        written = PyUnicode_DecodeASCII(part.began, part.length, NULL)
        if which == BID or which == ASK:
            number = self.prices.get(written)
            if number is not None:
                return number
        number = Decimal(written)
        if not number:
            return None
        factor = self.price_factor if which == BID or which == ASK else self.size_factor
        return number if factor is None else number * factor

    cdef void keep(self, int which, Part part, object number):
        if number is not self.numbers[which]:
            self.numbers[which] = number
            self.texts[which].length = part.length
            memcpy(self.texts[which].chars, part.began, part.length)


cdef class BestReader:
    """Reads frames with a best bid and offer, where they have exactly the form that one venue writes them in.

    A form is the frame with holes: ``<bid>``, ``<bid_size>``, ``<ask>``, ``<ask_size>``, ``<symbol>``, ``<ms>`` for
    the time in milliseconds, and ``<text>`` and ``<whole>`` for texts and whole numbers that do not matter.
    """

    cdef object _venue, _scale, _table
    cdef list _between
    cdef int _holes
    cdef int _hole[MOST_HOLES]
    cdef Part _literal[MOST_HOLES + 1]
    cdef dict _lasts

    def __cinit__(self, venue, form, scale):
        """`scale` gives the `wire.Scale` of a native name."""
        cdef int at
        self._venue, self._scale, self._table, self._lasts = venue, scale, None, {}
        pieces = [piece.partition(">") for piece in form.split("<")]
        names = [name for name, _, _ in pieces[1:]]
        if any(names.count(each) != 1 for each in {*names, *_HOLES} - {"text", "whole"}) or not _HOLES.keys() >= {*names}:
            raise ValueError(f"bid, ask, their sizes, symbol and ms have to be in it once, and nothing else: {form}")
        self._between = [pieces[0][0].encode(), *(after.encode() for _, _, after in pieces[1:])]
        self._holes = len(pieces) - 1
        if self._holes > MOST_HOLES:
            raise ValueError(f"{self._holes} holes are too many: {form}")
        for at in range(self._holes):
            self._hole[at] = _HOLES[names[at]]
        for at in range(self._holes + 1):
            self._literal[at].began = PyBytes_AS_STRING(self._between[at])
            self._literal[at].length = PyBytes_GET_SIZE(self._between[at])

    def read(self, frame, received_ns, table):
        """The quote in a frame, or None where the frame has another form or is not a quote that holds.

        `table` holds the instruments: when it is another one than before, what was known of the names is forgotten.
        """
        cdef Part part[8]
        cdef Part text
        cdef _Last last
        if PyUnicode_CheckExact(frame) and PyUnicode_IS_COMPACT_ASCII(frame):
            text.began, text.length = <const char*>PyUnicode_DATA(frame), PyUnicode_GET_LENGTH(frame)
        elif type(frame) is bytes:
            text.began, text.length = PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame)
        else:
            return None
        if not self._split(text, part) or not 0 < part[SYMBOL].length <= LONGEST_NAME:
            return None
        last = self._last(part[SYMBOL], table)
        bid, ask = last.number(BID, part[BID]), last.number(ASK, part[ASK])
        bid_size, ask_size = last.number(BID_SIZE, part[BID_SIZE]), last.number(ASK_SIZE, part[ASK_SIZE])
        if bid is None or ask is None or bid_size is None or ask_size is None:
            return None
        if (bid is not last.numbers[BID] or ask is not last.numbers[ASK]) and bid >= ask:
            return None
        last.keep(BID, part[BID], bid)
        last.keep(BID_SIZE, part[BID_SIZE], bid_size)
        last.keep(ASK, part[ASK], ask)
        last.keep(ASK_SIZE, part[ASK_SIZE], ask_size)
        venue_ns = _whole(part[MS]) * NS_PER_MS
        return Quote(self._venue, last.symbol, bid, bid_size, ask, ask_size, venue_ns, received_ns)

    cdef bint _split(self, Part text, Part* part) noexcept:
        """Find what stands in the holes; False where the frame has another form."""
        cdef const char* at = text.began
        cdef const char* end = text.began + text.length
        cdef const char* began
        cdef int number, hole
        for number in range(self._holes):
            if not _begins(at, end, self._literal[number]):
                return False
            at += self._literal[number].length
            began, hole = at, self._hole[number]
            while at < end and _stands_in[<unsigned char>at[0]] >> hole & 1:
                at += 1
            part[hole].began, part[hole].length = began, at - began
            if hole == MS or hole == WHOLE:
                if not _is_whole(part[hole], MILLIS_DIGITS if hole == MS else FEW):
                    return False
        return end - at == self._literal[self._holes].length and _begins(at, end, self._literal[self._holes])

    cdef _Last _last(self, Part symbol, object table):
        if table is not self._table or len(self._lasts) >= REMEMBERED:
            self._lasts.clear()
            self._table = table
        name = PyBytes_FromStringAndSize(symbol.began, symbol.length)
        last = self._lasts.get(name)
        if last is None:
            last = _Last(self._scale(name.decode()))
            if table is self._table:
                self._lasts[name] = last
        return <_Last>last


cdef inline bint _begins(const char* at, const char* end, Part literal) noexcept:
    return end - at >= literal.length and memcmp(at, literal.began, literal.length) == 0


cdef inline bint _is_whole(Part digits, int most) noexcept:
    """Whether JSON has such a whole number: it has no zero before others."""
    return 0 < digits.length <= most and (digits.length == 1 or digits.began[0] != c"0")


cdef inline unsigned long long _whole(Part digits) noexcept:
    cdef unsigned long long value = 0
    cdef Py_ssize_t at
    for at in range(digits.length):
        value = value * 10 + (digits.began[at] - c"0")
    return value

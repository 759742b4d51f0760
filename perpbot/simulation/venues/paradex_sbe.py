"""Paradex's binary frames, written: Simple Binary Encoding, schema 1, little-endian.

Fields that PerpBot does not read, and whose meaning is not documented, hold the schema's word for nothing.
"""

from collections.abc import Iterable
from decimal import Decimal
from struct import pack

from perpbot.clock import NS_PER_SECOND
from perpbot.simulation.venues.ladder import Changes

_NOTHING = -(2**63)
_UNIT = 10**8
_US_PER_SECOND = 10**6
_BEST_FIELDS = 9
_SUMMARY_FIELDS = 25


def book_frame(market: str, sides: tuple[Changes, Changes], sequence: int, now_ns: int, *, whole: bool) -> bytes:
    """A book or a change of it, bids first."""
    best = [_NOTHING] * _BEST_FIELDS
    block = pack(f"<qqB{_BEST_FIELDS}q", _us(now_ns), sequence, 0 if whole else 1, *best)
    return _frame(3, block, b"".join(_levels(side) for side in sides), market)


def summary_frame(market: str, numbers: Iterable[Decimal], sequence: int, now_ns: int) -> bytes:
    """Mark, index and last price, and what follows them in the day's summary as far as it is given."""
    known = [_mantissa(each) for each in numbers]
    fields = [_us(now_ns), sequence, *known]
    fields += [_NOTHING] * (_SUMMARY_FIELDS - len(fields))
    return _frame(4, pack(f"<{_SUMMARY_FIELDS}q", *fields), b"", market)


def funding_frame(market: str, rate: Decimal, hours: int, sequence: int, now_ns: int) -> bytes:
    """The rate of funding for `hours`."""
    now_us, mantissa = _us(now_ns), _mantissa(rate)
    block = pack("<qqqqqqqhq", now_us, sequence, mantissa, 0, now_us, 0, mantissa, hours, _NOTHING)
    return _frame(5, block, b"", market)


def trade_frame(market: str, trade_id: int, trade: tuple[Decimal, Decimal], now_ns: int, *, bought: bool) -> bytes:
    """A public trade: price and size, and whether the taker bought."""
    price, size = trade
    side = 1 if bought else 2
    fields = (_us(now_ns), trade_id, trade_id, side, _mantissa(price), _mantissa(size), _us(now_ns), 1)
    return _frame(1, pack("<qqqBqqqB", *fields), b"", market, str(trade_id))


def _frame(template: int, block: bytes, groups: bytes, *texts: str) -> bytes:
    header = pack("<HHHH", len(block), template, 1, 1)
    return header + block + groups + b"".join(bytes([len(each)]) + each.encode() for each in texts)


def _levels(levels: Changes) -> bytes:
    entries = [pack("<qq", _mantissa(price), _mantissa(size)) for price, size in levels]
    return pack("<HH", 16, len(entries)) + b"".join(entries)


def _mantissa(value: Decimal) -> int:
    return int(value * _UNIT) if value.is_finite() else _NOTHING


def _us(time_ns: int) -> int:
    return time_ns // (NS_PER_SECOND // _US_PER_SECOND)

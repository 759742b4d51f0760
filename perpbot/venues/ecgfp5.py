"""The curve Lighter signs on, ECgFp5, and Schnorr's signatures on it.

A point is written as fractions X/Z and U/T, so that points are added without dividing; it is known by T/U alone.
Multiples of a point that is used again and again come from a table, made in a tenth of a second when it is first
needed. Then a signature takes five milliseconds.

Source: https://eprint.iacr.org/2022/274 (formulas in section 4), https://github.com/elliottech/poseidon_crypto.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import shake_256

from perpbot.venues.goldilocks import (
    ELEMENT_BYTES,
    Element,
    Packed,
    digest,
    inverse,
    multiply,
    pack,
    subtract,
    times_z,
    to_bytes,
    unpack,
)

ORDER = 1067993516717146951041484916571792702745057740581727230159139685185762082554198619328292418486241
SIGNATURE_BYTES = 2 * ELEMENT_BYTES

Point = tuple[Packed, Packed, Packed, Packed]
"""X, Z, U and T."""

NEUTRAL: Point = (0, 1, 0, 1)
GENERATOR: Point = (
    pack((12883135586176881569, 4356519642755055268, 5248930565894896907, 2165973894480315022, 2448410071095648785)),
    1,
    1,
    4,
)

_B = 263
"""The curve's second parameter is this times z."""
_WINDOW = 5
_WIDTH = 1 << _WINDOW
_KEPT_TABLES = 16


def encode(point: Point) -> Element:
    """What a point is known by."""
    _, _, u, t = point
    return unpack(multiply(t, inverse(u)))


def plus(first: Point, second: Point) -> Point:
    """Sum of any two points."""
    x1, z1, u1, t1 = first
    x2, z2, u2, t2 = second
    xx, zz, uu, tt = multiply(x1, x2), multiply(z1, z2), multiply(u1, u2), multiply(t1, t2)
    xz = subtract(multiply(x1 + z1, x2 + z2), xx + zz)
    ut = subtract(multiply(u1 + t1, u2 + t2), uu + tt)
    bzz = times_z(zz, _B)
    sums = xx + bzz
    left = multiply(tt, sums)
    right = multiply(uu, times_z(xz, 2 * _B) + 2 * sums)
    both = multiply(tt + 2 * uu, xz + sums)
    return (
        times_z(subtract(both, left), _B),
        subtract(left, right),
        multiply(ut, subtract(bzz, xx)),
        left + right,
    )


def public(key: int) -> Point:
    """The public key of a private one."""
    return times(GENERATOR, key)


def times(point: Point, factor: int) -> Point:
    """`point` added to itself `factor` times; worth it only for a few points, each of which gets a table."""
    result, left = NEUTRAL, factor % ORDER
    for row in _table(point):
        if left % _WIDTH:
            result = plus(result, row[left % _WIDTH])
        left >>= _WINDOW
    return result


@lru_cache(maxsize=_KEPT_TABLES)
def _table(point: Point) -> Sequence[Sequence[Point]]:
    """Multiples of a point: for each digit of a factor one row with those for its values."""
    rows = []
    for _ in range(0, ORDER.bit_length(), _WINDOW):
        row = [NEUTRAL]
        for _ in range(_WIDTH):
            row.append(plus(row[-1], point))
        rows.append(row)
        point = row[-1]
    return rows


def sign(key: int, message: Element) -> bytes:
    """The signature of a hashed message: eighty bytes.

    What must never be used twice is made from key and message instead of by chance.
    """
    secret = key.to_bytes(ELEMENT_BYTES, "little") + to_bytes(message)
    once = int.from_bytes(shake_256(secret).digest(2 * ELEMENT_BYTES), "little") % ORDER
    challenge = _challenge(times(GENERATOR, once), message)
    answer = (once - challenge * key) % ORDER
    return b"".join(each.to_bytes(ELEMENT_BYTES, "little") for each in (answer, challenge))


def holds(point: Point, message: Element, signature: bytes) -> bool:
    """Whether `signature` is one of a hashed message by the owner of the public key `point`."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    answer, challenge = (int.from_bytes(each, "little") for each in (signature[:40], signature[40:]))
    if answer >= ORDER or challenge >= ORDER:
        return False
    return _challenge(plus(times(GENERATOR, answer), times(point, challenge)), message) == challenge


def _challenge(commitment: Point, message: Element) -> int:
    return int.from_bytes(to_bytes(digest([*encode(commitment), *message])), "little") % ORDER

"""The curve and the hashes of Starknet, fast enough for pure Python: Pedersen, Poseidon, keys and signatures.

ccxt needs 2 ms for a hash, and an order at Paradex takes eighteen. Here the few points that are multiplied again and
again have tables of their multiples, made in a tenth of a second when they are first needed: what is left of a
multiplication is one addition for every byte. The hash remembers what it has hashed last, because messages begin alike.

Source: https://docs.starknet.io/learn/protocol/cryptography; the points are those of StarkWare's reference.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from itertools import accumulate, chain

PRIME = 2**251 + 17 * 2**192 + 1
ORDER = 0x800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F
GENERATOR = (
    0x1EF15C18599971B7BECED415A40F0C7DEACFD9B0D1819E03D723D8BC943CFCA,
    0x5668060AA49730B7BE4801DF46EC62DE53ECD11ABE43A32873000C36E8DC1F,
)
_SHIFT = (
    0x49EE3EBA8C1600700EE1B87EB599F16716B0B1022947733551FDE4050CA6804,
    0x3CA0CFE4B3BC6DDF346D49D06EA0ED34E621062C0E056C1D0405D266E10268A,
)
_PEDERSEN = (
    (
        0x234287DCBAFFE7F969C748655FCA9E58FA8120B6D56EB0C1080D17957EBE47B,
        0x3B056F100F96FB21E889527D41F4E39940135DD7A6C94CC6ED0268EE89E5615,
    ),
    (
        0x4FA56F376C83DB33F9DAB2656558F3399099EC1DE5E3018B7A6932DBA8AA378,
        0x3FA0984C931C9E38113E0C0E47E4401562761F92A7A23B45168F4E80FF5B54D,
    ),
    (
        0x4BA4CC166BE8DEC764910F75B45F74B40C690C74709E90F3AA372F0BD2D6997,
        0x40301CF5C1751F4B971E46C4EDE85FCAC5C59A5CE5AE7C48151F27B24B219C,
    ),
    (
        0x54302DCB0E6CC1C6E44CCA8F61A63BB2CA65048D53FB325D36FF12C49A58202,
        0x1B77B3E37D13504B348046268D8AE25CE98AD783C25561A879DCC77E99C2426,
    ),
)
"""Two points for each of the two numbers: one for the lower 248 bits, one for the upper four."""

_WINDOW = 8
_WIDTH = 1 << _WINDOW
_LOW_ROWS = 248 // _WINDOW
_ROWS = 256 // _WINDOW
_REMEMBERED = 4_096
_ROUNDS = 4 + 83 + 4
_PARTIAL = range(4, 4 + 83)

Point = tuple[int, int]
_Rows = tuple[tuple[Point, ...], ...]


@lru_cache(maxsize=_REMEMBERED)
def pedersen(left: int, right: int) -> int:
    """Pedersen's hash of two numbers below `PRIME`."""
    if not (0 <= left < PRIME and 0 <= right < PRIME):
        raise ValueError("Pedersen's hash takes numbers below the prime of the field")
    tables = _pedersen_tables()
    return _sum(chain((_SHIFT,), _picked(tables[0], left), _picked(tables[1], right)))[0]


def poseidon(values: Sequence[int]) -> int:
    """Poseidon's hash of many numbers below `PRIME`."""
    return _poseidon(tuple(values))


@lru_cache(maxsize=_REMEMBERED)
def _poseidon(values: tuple[int, ...]) -> int:
    padded = (*values, 1) if len(values) % 2 else (*values, 1, 0)
    a = b = c = 0
    for place in range(0, len(padded), 2):
        a, b, c = _hades(a + padded[place], b + padded[place + 1], c)
    return a


def _hades(a: int, b: int, c: int) -> tuple[int, int, int]:
    """Poseidon's permutation: 4 rounds on all three numbers, 83 on the last one, 4 on all three."""
    for number, (one, two, three) in enumerate(_hades_constants()):
        a, b, c = a + one, b + two, c + three
        if number not in _PARTIAL:
            a, b = a * a % PRIME * a, b * b % PRIME * b
        c = c * c % PRIME * c % PRIME
        total = a + b + c
        a, b, c = (total + 2 * a) % PRIME, (total - 2 * b) % PRIME, (total - 3 * c) % PRIME
    return a, b, c


@cache
def _hades_constants() -> tuple[tuple[int, int, int], ...]:
    """Three numbers for each round, by their definition: hashes of a name and a count."""
    numbers = [int.from_bytes(sha256(f"Hades{count}".encode()).digest()) % PRIME for count in range(3 * _ROUNDS)]
    return tuple(zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True))


def multiply(scalar: int, point: Point) -> Point:
    """`scalar` times a point that is used often; `ValueError` unless it is from 1 to `ORDER` - 1."""
    if not 0 < scalar < ORDER:
        raise ValueError("a scalar is from 1 to the order of the curve")
    return _sum(_picked(_multiples(point, _ROWS), scalar))


def public_key(private_key: int) -> int:
    """The public key that belongs to a private one."""
    return multiply(private_key, GENERATOR)[0]


def signed_by(private_key: int, message: int, signature: tuple[int, int]) -> bool:
    """Whether `signature` over the hash `message` was made with `private_key`, which the asker knows."""
    r, s = signature
    if not (0 < r < ORDER and 0 < s < ORDER):
        return False
    scalar = (message + r * private_key) * pow(s, -1, ORDER) % ORDER
    return scalar != 0 and multiply(scalar, GENERATOR)[0] % ORDER == r


@cache
def speed_up_ccxt() -> None:
    """Let ccxt hash and multiply with what is here; the tables are made now and not by the first order."""
    from ccxt.static_dependencies.starknet.hash import poseidon as slow_poseidon
    from ccxt.static_dependencies.starknet.hash import utils
    from ccxt.static_dependencies.starkware.crypto import signature

    def ec_mult(scalar: int, point: Sequence[int], _alpha: int, _prime: int) -> Point:
        return multiply(scalar, (point[0], point[1]))

    utils.pedersen_hash = pedersen
    slow_poseidon.poseidon_hash_many = poseidon
    signature.ec_mult = ec_mult
    pedersen(1, poseidon((public_key(1),)))


@cache
def _pedersen_tables() -> tuple[_Rows, _Rows]:
    first, second, third, fourth = _PEDERSEN
    return (
        _multiples(first, _LOW_ROWS) + _multiples(second, 1),
        _multiples(third, _LOW_ROWS) + _multiples(fourth, 1),
    )


@cache
def _multiples(point: Point, rows: int) -> _Rows:
    """Rows of the multiples 0 to 255 of a point, of 256 times the point, and so on; the place of 0 is not used."""
    made = []
    for _ in range(rows):
        row = [point]
        while len(row) < _WIDTH:
            row += [*_moved(row[:-1], row[-1]), _double(row[-1])]
        made.append((point, *row))
        point = row[-1]
    return tuple(made)


def _moved(points: Sequence[Point], by: Point) -> list[Point]:
    """`by` added to each of `points`, which are neither it nor its negative."""
    x2, y2 = by
    inverses = _inverses([x2 - x1 for x1, _ in points])
    return [_third(one, by, (y2 - one[1]) * inverse % PRIME) for one, inverse in zip(points, inverses, strict=True)]


def _double(point: Point) -> Point:
    x, y = point
    return _third(point, point, (3 * x * x + 1) * pow(2 * y, -1, PRIME) % PRIME)


def _third(one: Point, other: Point, slope: int) -> Point:
    """Where a line of `slope` through two points meets the curve again, turned over: their sum."""
    x = (slope * slope - one[0] - other[0]) % PRIME
    return x, (slope * (one[0] - x) - one[1]) % PRIME


def _inverses(numbers: Sequence[int]) -> list[int]:
    """The inverses of many numbers for the price of one: that of their product, taken apart from behind."""
    products = list(accumulate(numbers, lambda product, each: product * each % PRIME, initial=1))
    inverse = pow(products[-1], -1, PRIME)
    found = []
    for number, before in zip(reversed(numbers), reversed(products[:-1]), strict=True):
        found.append(inverse * before % PRIME)
        inverse = inverse * number % PRIME
    return found[::-1]


def _picked(rows: _Rows, scalar: int) -> Iterator[Point]:
    """The points of a table that make up `scalar` times its point."""
    for row in rows:
        digit = scalar % _WIDTH
        if digit:
            yield row[digit]
        scalar >>= _WINDOW


def _sum(points: Iterable[Point]) -> Point:
    """The sum of points of which none is the sum of those before it, nor its negative.

    It goes in Jacobian coordinates (x / z², y / z³), which put the one division off to the end.
    """
    remaining = iter(points)
    x, y = next(remaining)
    z = 1
    for x2, y2 in remaining:
        zz = z * z % PRIME
        h = (x2 * zz - x) % PRIME
        r = (y2 * zz * z - y) % PRIME
        hh = h * h % PRIME
        hhh = h * hh % PRIME
        v = x * hh % PRIME
        x = (r * r - hhh - 2 * v) % PRIME
        y = (r * (v - x) - y * hhh) % PRIME
        z = z * h % PRIME
    inverse = pow(z, -1, PRIME)
    square = inverse * inverse % PRIME
    return x * square % PRIME, y * square * inverse % PRIME

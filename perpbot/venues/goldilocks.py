"""The numbers Lighter signs with: the field called Goldilocks, its extension of degree five, and the hash Poseidon2.

An element of the extension is a polynomial in z, where z to the fifth is 3: five numbers below `PRIME`. To compute
with it, it is packed: the five in one long number, far enough apart that sums and products do not touch. So one
multiplication of Python's does the work of twenty-five, and numbers are reduced all at once, as far as they must be.

Source: https://eprint.iacr.org/2022/274 (extension), https://eprint.iacr.org/2023/323 (Poseidon2), and for the
constants https://github.com/elliottech/poseidon_crypto, against whose library this is tested.
"""

from collections.abc import Sequence

PRIME = 2**64 - 2**32 + 1

Element = tuple[int, int, int, int, int]
"""A number of the extension."""
Packed = int
"""The same in one number. Its parts may be larger than `PRIME`: those of a product are below two to the power of 69,
and what is multiplied must be below two to the power of 80."""

LIMB_BYTES = 8
ELEMENT_BYTES = 5 * LIMB_BYTES

_APART = 192
_ALL = 5 * _APART
_NON_RESIDUE = 3
_FROBENIUS = 1041288259238279555
"""3 to the (PRIME - 1) / 5: what z is multiplied by when it is raised to the power of PRIME."""

_RATE = 8
_EXTERNAL = (
    (
        15492826721047263190, 11728330187201910315, 8836021247773420868, 16777404051263952451,
        5510875212538051896, 6173089941271892285, 2927757366422211339, 10340958981325008808,
        8541987352684552425, 9739599543776434497, 15073950188101532019, 12084856431752384512,
    ),
    (
        4584713381960671270, 8807052963476652830, 54136601502601741, 4872702333905478703,
        5551030319979516287, 12889366755535460989, 16329242193178844328, 412018088475211848,
        10505784623379650541, 9758812378619434837, 7421979329386275117, 375240370024755551,
    ),
    (
        3331431125640721931, 15684937309956309981, 578521833432107983, 14379242000670861838,
        17922409828154900976, 8153494278429192257, 15904673920630731971, 11217863998460634216,
        3301540195510742136, 9937973023749922003, 3059102938155026419, 1895288289490976132,
    ),
    (
        5580912693628927540, 10064804080494788323, 9582481583369602410, 10186259561546797986,
        247426333829703916, 13193193905461376067, 6386232593701758044, 17954717245501896472,
        1531720443376282699, 2455761864255501970, 11234429217864304495, 4746959618548874102,
    ),
    (
        13571697342473846203, 17477857865056504753, 15963032953523553760, 16033593225279635898,
        14252634232868282405, 8219748254835277737, 7459165569491914711, 15855939513193752003,
        16788866461340278896, 7102224659693946577, 3024718005636976471, 13695468978618890430,
    ),
    (
        8214202050877825436, 2670727992739346204, 16259532062589659211, 11869922396257088411,
        3179482916972760137, 13525476046633427808, 3217337278042947412, 14494689598654046340,
        15837379330312175383, 8029037639801151344, 2153456285263517937, 8301106462311849241,
    ),
    (
        13294194396455217955, 17394768489610594315, 12847609130464867455, 14015739446356528640,
        5879251655839607853, 9747000124977436185, 8950393546890284269, 10765765936405694368,
        14695323910334139959, 16366254691123000864, 15292774414889043182, 10910394433429313384,
    ),
    (
        17253424460214596184, 3442854447664030446, 3005570425335613727, 10859158614900201063,
        9763230642109343539, 6647722546511515039, 909012944955815706, 18101204076790399111,
        11588128829349125809, 15863878496612806566, 5201119062417750399, 176665553780565743,
    ),
)  # fmt: skip
"""What is added before each full round: four of them come first, four last."""
_INTERNAL = (
    11921381764981422944, 10318423381711320787, 8291411502347000766, 229948027109387563,
    9152521390190983261, 7129306032690285515, 15395989607365232011, 8641397269074305925,
    17256848792241043600, 6046475228902245682, 12041608676381094092, 12785542378683951657,
    14546032085337914034, 3304199118235116851, 16499627707072547655, 10386478025625759321,
    13475579315436919170, 16042710511297532028, 1411266850385657080, 9024840976168649958,
    14047056970978379368, 838728605080212101,
)  # fmt: skip
"""What is added to the first number before each partial round."""
_DIAGONAL = (
    0xC3B6C08E23BA9300, 0xD84B5DE94A324FB6, 0x0D0C371C5B35B84F, 0x7964F570E7188037,
    0x5DAF18BBD996604B, 0x6743BC47B9595257, 0x5528B9362C59BB70, 0xAC45E25B7127B68B,
    0xA2077D7DFBB606B5, 0xF3FAAC6FAEE378AE, 0x0C6388B51545E883, 0xD27DBB6944917B60,
)  # fmt: skip
_HALF = len(_EXTERNAL) // 2


# -- the extension -----------------------------------------------------------------------------------------------


def pack(parts: Sequence[int]) -> Packed:
    """Five numbers in one."""
    return sum(part << _APART * at for at, part in enumerate(parts))


def unpack(a: Packed) -> Element:
    """The five numbers in one, each below `PRIME`."""
    return element([(a >> _APART * at & _PART) % PRIME for at in range(5)])


def element(parts: Sequence[int]) -> Element:
    """The element of five numbers."""
    a0, a1, a2, a3, a4 = parts
    return a0, a1, a2, a3, a4


_PART = (1 << _APART) - 1
_WHOLE = (1 << _ALL) - 1
_LOW_64 = pack([2**64 - 1] * 5)
_LOW_32 = pack([2**32 - 1] * 5)
_LOW_96 = pack([2**96 - 1] * 5)
_ZERO = pack([PRIME << 4] * 5)
_LARGER_ZERO = pack([PRIME << 10] * 5)
"""Zero, and large enough that what is taken from it stays positive."""


def subtract(a: Packed, b: Packed) -> Packed:
    """Difference, where `b` is at most a sum of a few products; sums need no function."""
    return a + _LARGER_ZERO - b


def multiply(a: Packed, b: Packed) -> Packed:
    """Product."""
    product = a * b
    return _reduced((product & _WHOLE) + _NON_RESIDUE * (product >> _ALL))


def times_z(a: Packed, factor: int) -> Packed:
    """Product with z and a small `factor`."""
    a *= factor
    return _reduced((a << _APART & _WHOLE) + _NON_RESIDUE * (a >> 4 * _APART))


def _reduced(a: Packed) -> Packed:
    """The same with small parts: 2 to the 64th is 2 to the 32nd less 1, and 2 to the 96th is -1."""
    middle = a >> 64 & _LOW_32
    return (a & _LOW_64) + (middle << 32) - middle + _ZERO - (a >> 96 & _LOW_96)


def inverse(a: Packed) -> Packed:
    """What `a` must be multiplied by to be one; zero for zero.

    The product of `a` with its four conjugates, its norm, is in the small field.
    """
    first = _frobenius(a, 1)
    both = multiply(first, _frobenius(first, 1))
    others = multiply(both, _frobenius(both, 2))
    norm = unpack(multiply(a, others))[0]
    return pack([part * pow(norm, PRIME - 2, PRIME) % PRIME for part in unpack(others)])


def _frobenius(a: Packed, times: int) -> Packed:
    """`a` to the power of `PRIME`, so many times."""
    factor = pow(_FROBENIUS, times, PRIME)
    return pack([part * pow(factor, at, PRIME) % PRIME for at, part in enumerate(unpack(a))])


def to_bytes(a: Element) -> bytes:
    """Forty bytes, low ones first."""
    return b"".join(limb.to_bytes(LIMB_BYTES, "little") for limb in a)


def limbs(text: bytes) -> list[int]:
    """Eight bytes a number, low ones first, the last filled up with zeros; `ValueError` for one not below `PRIME`."""
    found = [int.from_bytes(text[at : at + LIMB_BYTES], "little") for at in range(0, len(text), LIMB_BYTES)]
    if any(each >= PRIME for each in found):
        raise ValueError("a number is not below the prime of the field")
    return found


# -- Poseidon2 ---------------------------------------------------------------------------------------------------


def digest(message: Sequence[int]) -> Element:
    """Poseidon2 of numbers below `PRIME`. It absorbs eight at a time and does not pad."""
    state = [0] * 12
    for at in range(0, len(message), _RATE):
        part = message[at : at + _RATE]
        state[: len(part)] = part
        state = _permute(state)
    return element(state[:5])


def _permute(state: list[int]) -> list[int]:
    state = _mix(state)
    for constants in _EXTERNAL[:_HALF]:
        state = _full_round(state, constants)
    for constant in _INTERNAL:
        state[0] = _seventh(state[0] + constant)
        total = sum(state)
        state = [(each * factor + total) % PRIME for each, factor in zip(state, _DIAGONAL, strict=True)]
    for constants in _EXTERNAL[_HALF:]:
        state = _full_round(state, constants)
    return state


def _full_round(state: list[int], constants: Sequence[int]) -> list[int]:
    return _mix([_seventh(each + constant) for each, constant in zip(state, constants, strict=True)])


def _seventh(number: int) -> int:
    square = number * number % PRIME
    sixth = square * number % PRIME
    return sixth * sixth * number % PRIME


def _mix(state: list[int]) -> list[int]:
    """Four at a time by a matrix, then each with those in its place in the other fours."""
    mixed: list[int] = []
    for at in (0, 4, 8):
        a, b, c, d = state[at : at + 4]
        total = a + b + c + d
        mixed += (total + a + 2 * b, total + b + 2 * c, total + c + 2 * d, total + d + 2 * a)
    sums = [mixed[at] + mixed[at + 4] + mixed[at + 8] for at in range(4)]
    return [(each + sums[at % 4]) % PRIME for at, each in enumerate(mixed)]

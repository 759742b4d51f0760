"""What venues on Starknet check: messages hashed as typed data with Pedersen's hash, and signatures over them.

Source: https://community.starknet.io/t/snip-off-chain-signatures-a-la-eip712/98029, revision 0. Written without the
clients' code, so that a mistake there is found here.
"""

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256

import msgspec

from perpbot.simulation.venues.ethereum import keccak
from perpbot.venues.stark import ORDER, pedersen, public_key, signed_by

_SELECTOR_BITS = 250
_PREFIX = "StarkNet Message"
_DOMAIN = "StarkNetDomain(name:felt,chainId:felt,version:felt)"

Felt = int | str
"""A number, or a short text that stands for one."""


def private_key(seed: str) -> str:
    """A private key that follows from `seed`, in hex: for test accounts only."""
    return hex(int.from_bytes(sha256(seed.encode()).digest()) % (ORDER - 1) + 1)


def public_key_of(key: str) -> str:
    """The public key of a private key, both in hex."""
    return hex(public_key(int(key, 16)))


def account_address(seed: str) -> str:
    """An address that follows from `seed`."""
    return hex(int.from_bytes(sha256(f"{seed}/address".encode()).digest()) >> 6)


def number(value: Felt) -> int:
    """The number a short text stands for, or the number itself."""
    return value if isinstance(value, int) else int.from_bytes(value.encode("ascii"))


def hash_many(values: Sequence[int]) -> int:
    """Pedersen's hash of many numbers."""
    return reduce(pedersen, (*values, len(values)), 0)


def struct_hash(kind: str, values: Sequence[Felt]) -> int:
    """The hash of a struct whose type is written out as ``Order(side:felt,…)``."""
    selector = int.from_bytes(keccak(kind.encode())) % 2**_SELECTOR_BITS
    return hash_many([selector, *map(number, values)])


def message_hash(domain: Sequence[Felt], account: str, kind: str, values: Sequence[Felt]) -> int:
    """What the owner of `account` signs; `domain` is name, chain and version."""
    return hash_many([number(_PREFIX), struct_hash(_DOMAIN, domain), int(account, 16), struct_hash(kind, values)])


def is_signed(message: int, signature: str, key: str) -> bool:
    """Whether `signature`, a JSON list of two numbers in text, is by the private key `key` in hex."""
    r, s = (int(part, 0) for part in msgspec.json.decode(signature, type=tuple[str, str]))
    return signed_by(int(key, 16), message, (r, s))

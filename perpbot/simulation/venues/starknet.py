"""What venues on Starknet check: messages hashed as typed data, and signatures over them.

Source: SNIP-12, https://github.com/starknet-io/SNIPs/blob/main/SNIPS/snip-12.md: revision 0 hashes with Pedersen,
revision 1 with Poseidon. Written without the clients' code, so that a mistake there is found here.
"""

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256

import msgspec

from perpbot.simulation.venues.ethereum import keccak
from perpbot.venues.stark import ORDER, PRIME, pedersen, poseidon, public_key, signed_by

_SELECTOR_MASK = (1 << 250) - 1
_PREFIX = "StarkNet Message"
_DOMAIN = "StarkNetDomain(name:felt,chainId:felt,version:felt)"
_DOMAIN_1 = (
    '"StarknetDomain"("name":"shortstring","version":"shortstring","chainId":"shortstring","revision":"shortstring")'
)

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


def selector(kind: str) -> int:
    """What stands for a type that is written out."""
    return int.from_bytes(keccak(kind.encode())) & _SELECTOR_MASK


def struct_hash(kind: str, values: Sequence[Felt]) -> int:
    """The hash of a struct whose type is written out as ``Order(side:felt,…)``."""
    return hash_many([selector(kind), *map(number, values)])


def message_hash(domain: Sequence[Felt], account: str, kind: str, values: Sequence[Felt]) -> int:
    """What the owner of `account` signs; `domain` is name, chain and version."""
    return hash_many([number(_PREFIX), struct_hash(_DOMAIN, domain), int(account, 16), struct_hash(kind, values)])


def struct_hash_1(kind: str, values: Sequence[Felt]) -> int:
    """The same by revision 1; numbers below zero count back from the prime."""
    return poseidon([selector(kind), *(number(value) % PRIME for value in values)])


def message_hash_1(domain: Sequence[Felt], key: int, kind: str, values: Sequence[Felt]) -> int:
    """What the owner of the public key `key` signs by revision 1; `domain` is name, version, chain and revision."""
    return poseidon([number(_PREFIX), struct_hash_1(_DOMAIN_1, domain), key, struct_hash_1(kind, values)])


def is_signed(message: int, signature: str, key: str) -> bool:
    """Whether `signature`, a JSON list of two numbers in text, is by the private key `key` in hex."""
    r, s = msgspec.json.decode(signature, type=tuple[str, str])
    return is_signed_by(message, r, s, key)


def is_signed_by(message: int, r: str, s: str, key: str) -> bool:
    """Whether both halves of a signature, as text, are by the private key `key` in hex."""
    return signed_by(int(key, 16), message, (int(r, 0), int(s, 0)))

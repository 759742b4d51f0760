"""What venues that know their clients by Ethereum keys need: keccak, addresses, EIP-712 digests, recovery."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from coincurve import PrivateKey, PublicKey
from Crypto.Hash import keccak as _keccak

_ZERO_ADDRESS = "0x" + "0" * 40
_SIGNATURE_BYTES = 65
_WORD = 32


def keccak(data: bytes) -> bytes:
    """Keccak-256, 32 bytes."""
    return _keccak.new(digest_bits=256, data=data).digest()


def address(key: PublicKey) -> str:
    """The address that belongs to a key, in lower case."""
    return "0x" + keccak(key.format(compressed=False)[1:])[-20:].hex()


def private_key(seed: str) -> str:
    """A private key that follows from `seed`, in hex: for test accounts only."""
    return "0x" + keccak(seed.encode()).hex()


def address_of_private(key: str) -> str:
    """The address of a private key in hex."""
    return address(PrivateKey(bytes.fromhex(key.removeprefix("0x"))).public_key)


def recover(digest: bytes, signature: bytes) -> str:
    """Whose signature over `digest` this is.

    Raises:
        ValueError: it is nobody's.
    """
    if len(signature) != _SIGNATURE_BYTES:
        raise ValueError(f"a signature has {_SIGNATURE_BYTES} bytes, not {len(signature)}")
    compact = signature[:64] + bytes([(signature[64] - 27) % 256 if signature[64] >= 27 else signature[64]])  # noqa: PLR2004
    try:
        return address(PublicKey.from_signature_and_message(compact, digest, hasher=None))
    except Exception as error:  # coincurve raises bare exceptions
        raise ValueError(f"not a signature: {error}") from error


def signature_bytes(parts: Mapping[str, Any]) -> bytes:
    """A signature written as ``r``, ``s`` and ``v``; `ValueError` or `KeyError` when it is none."""
    words = (int(str(parts[name]), 16).to_bytes(_WORD, "big") for name in ("r", "s"))
    return b"".join(words) + bytes([int(parts["v"])])


@attrs.frozen
class Domain:
    """An EIP-712 domain."""

    name: str
    version: str
    chain_id: int
    contract: str = _ZERO_ADDRESS

    def separator(self) -> bytes:
        """Its hash."""
        kinds = ("string name", "string version", "uint256 chainId", "address verifyingContract")
        return struct_hash("EIP712Domain", kinds, (self.name, self.version, self.chain_id, self.contract))


def typed_digest(domain: Domain, primary: str, fields: Sequence[str], values: Sequence[Any], nested: str = "") -> bytes:
    """What is signed for a struct of type `primary` with `fields` such as ``string name``."""
    return keccak(b"\x19\x01" + domain.separator() + struct_hash(primary, fields, values, nested))


def struct_hash(name: str, fields: Sequence[str], values: Sequence[Any], nested: str = "") -> bytes:
    """EIP-712's hash of a struct. Structs inside it are given by their hashes, their types are written in `nested`."""
    encoded = keccak(f"{name}({','.join(fields)}){nested}".encode())
    for field, value in zip(fields, values, strict=True):
        encoded += _encode(field.split(" ", maxsplit=1)[0], value)
    return keccak(encoded)


def _encode(kind: str, value: Any) -> bytes:
    if kind == "string":
        return keccak(value.encode())
    if kind == "bytes32" or kind[0].isupper():
        return bytes(value)
    if kind == "address":
        return bytes.fromhex(value.removeprefix("0x")).rjust(_WORD, b"\0")
    return int(value).to_bytes(_WORD, "big")

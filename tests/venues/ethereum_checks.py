"""EIP-712 digests and signers, worked out without ccxt."""

from coincurve import PublicKey
from Crypto.Hash import keccak

ZERO_ADDRESS = bytes(32)


def keccak256(data: bytes) -> bytes:
    """The hash of Ethereum."""
    return keccak.new(digest_bits=256, data=data).digest()


def digest(name: str, chain_id: int, message: bytes) -> bytes:
    """What is signed: a struct already hashed, in the domain `name` of version 1 without a contract."""
    kind = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    number = chain_id.to_bytes(32, "big")
    domain = keccak256(keccak256(kind) + keccak256(name.encode()) + keccak256(b"1") + number + ZERO_ADDRESS)
    return keccak256(b"\x19\x01" + domain + message)


def address_of(public_key: PublicKey) -> str:
    """The wallet of a public key."""
    return "0x" + keccak256(public_key.format(compressed=False)[1:])[-20:].hex()


def signer_of(signed: bytes, r: str, s: str, v: int) -> str:
    """The wallet that signed the digest `signed`."""
    signature = bytes.fromhex(r.removeprefix("0x").zfill(64) + s.removeprefix("0x").zfill(64)) + bytes([v - 27])
    return address_of(PublicKey.from_signature_and_message(signature, signed, hasher=None))

"""EdgeX's signatures: HMAC over every private request, EIP-712 over every order.

Source: https://edgex-1.gitbook.io/edgeX-documentation/api-v2/authentication and the official Python SDK 2.0.1, whose
signatures these are byte for byte.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

import attrs
from coincurve import PrivateKey

from perpbot.venues.signer import keccak_256

WORD = 32
ZERO_HASH = bytes(WORD)

_DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_BASE = b"OrderBase(uint256 nonce,address signer,uint64 accountId,uint256 expirationTimestamp)"
_ORDER = (
    b"LimitOrderParams(OrderBase base,int256 amountSynthetic,int256 amountCollateral,uint256 amountFee,"
    b"uint64 assetIdSynthetic,uint64 assetIdCollateral,bool isBuyingSynthetic,bytes32 parentOrderHash,"
    b"uint256 subOrderIndex)" + _BASE
)
_RECOVERY_BASE = 27

Json = str | bool | int | None | Sequence["Json"] | Mapping[str, "Json"]


@attrs.frozen(kw_only=True)
class Contract:
    """What an order's signature says about the contract, besides its number."""

    resolution: Decimal
    """Units of the signed size in one coin."""
    coin_id: int
    """The number of the coin it is settled in."""
    coin_resolution: Decimal
    """Units of signed amounts in one of that coin."""
    fee_rate: Decimal
    """The most that trading it may cost, as a fraction of the value."""


@attrs.frozen(kw_only=True)
class Domain:
    """The chain and contract an order is signed for."""

    chain_id: int
    contract: str


@attrs.frozen(kw_only=True)
class SignedOrder:
    """An order as its signature covers it."""

    account_id: int
    contract_id: int
    client_id: str
    buys: bool
    size: Decimal
    price: Decimal
    expires_s: int

    @property
    def nonce(self) -> int:
        """The first 32 bits of the client id's hash."""
        return int.from_bytes(hashlib.sha256(self.client_id.encode()).digest()[:4])

    @property
    def value(self) -> Decimal:
        """What it is worth at its limit."""
        return self.size * self.price

    def most_fee(self, contract: Contract) -> Decimal:
        """The fee it may cost at most, in whole units of the coin."""
        return (self.value * contract.fee_rate).to_integral_value(ROUND_CEILING)


def canonical(value: Json) -> str:
    """A request's content as it is signed: pairs sorted by name, members of lists joined."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "&".join(f"{name}={canonical(value[name])}" for name in sorted(value))
    if isinstance(value, str | int):
        return str(value)
    return "&".join(canonical(each) for each in value)


def request_signature(secret: str, timestamp: str, method: str, path: str, content: str) -> str:
    """The signature of a private request. The key is the secret's text in base64, not what that decodes to."""
    key = base64.b64encode(secret.encode())
    return hmac.digest(key, f"{timestamp}{method}{path}{content}".encode(), "sha256").hex()


def address_of(private_key: str) -> str:
    """The address of a private key in hex, in lower case."""
    public = PrivateKey.from_hex(private_key.removeprefix("0x")).public_key.format(compressed=False)
    return f"0x{_keccak(public[1:])[-20:].hex()}"


def order_signature(private_key: str, domain: Domain, order: SignedOrder, contract: Contract) -> str:
    """The signature of an order, 65 bytes in hex."""
    digest = order_digest(address_of(private_key), domain, order, contract)
    signed = PrivateKey.from_hex(private_key.removeprefix("0x")).sign_recoverable(digest, hasher=None)
    return (signed[:-1] + bytes([signed[-1] + _RECOVERY_BASE])).hex()


def order_digest(signer: str, domain: Domain, order: SignedOrder, contract: Contract) -> bytes:
    """What is signed of an order: EIP-712 over amounts in the contract's and the coin's smallest units."""
    base = _keccak(
        _keccak(_BASE) + _number(order.nonce) + _address(signer) + _number(order.account_id) + _number(order.expires_s)
    )
    params = _keccak(
        _keccak(_ORDER)
        + base
        + _number(int(order.size * contract.resolution))
        + _number(int(order.value * contract.coin_resolution))
        + _number(int(order.most_fee(contract) * contract.coin_resolution))
        + _number(order.contract_id)
        + _number(contract.coin_id)
        + _number(int(order.buys))
        + ZERO_HASH
        + _number(0)
    )
    return _keccak(b"\x19\x01" + _separator(domain) + params)


def _separator(domain: Domain) -> bytes:
    texts = _keccak(b"EdgeX") + _keccak(b"1")
    return _keccak(_keccak(_DOMAIN) + texts + _number(domain.chain_id) + _address(domain.contract))


def _keccak(data: bytes) -> bytes:
    return bytes(keccak_256(data))


def _number(value: int) -> bytes:
    return value.to_bytes(WORD)


def _address(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x")).rjust(WORD, b"\0")

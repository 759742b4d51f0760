"""Hyperliquid's ``/exchange``: signed actions.

An action is signed as a phantom agent: EIP-712 over the keccak of the action in MessagePack, the nonce, the vault and
the expiry. Prices, sizes and client ids are brought to their shortest form before they are hashed, as the venue does:
a signature over another form is somebody else's. The signer is known only by recovery, so a wrong signature reads as
a wallet that does not exist.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues import hyperliquid_words as words
from perpbot.simulation.venues.ethereum import Domain, keccak, recover, signature_bytes, typed_digest
from perpbot.simulation.venues.hyperliquid_words import LIFETIMES, REFUSALS, Words, decimal
from perpbot.simulation.venues.orders import Ending, Refusal, RefusedError, Status, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.hyperliquid import Hyperliquid

_AGENT_DOMAIN = Domain("Exchange", "1", 1337)
_AGENT_FIELDS = ("string source", "bytes32 connectionId")
_SOURCES = ("a", "b")
"""The main network, and the test network: what the official client signs for any address but the main one."""
_BUILDER_FIELDS = ("string hyperliquidChain", "string maxFeeRate", "address builder", "uint64 nonce")
_NONCES = 100
_TWO_DAYS_MS = 2 * 24 * 3600 * 1000
_CLOID_CHARS = 34
_SWITCH_VOLUME = Decimal(1_000_000)
_ORDER_KEYS = ("a", "b", "p", "s", "r", "t", "c")
_DEFAULT = {"type": "default"}


class ActionError(Exception):
    """An action that fails as a whole: ``{"status": "err", "response": …}``."""


class HyperliquidExchange:
    """Actions by type."""

    def __init__(self, venue: "Hyperliquid") -> None:
        self._venue = venue
        self._nonces: dict[str, list[int]] = {}
        self._actions: dict[str, Callable[[Words, int], Any]] = {
            "order": self._order,
            "cancel": self._cancel,
            "cancelByCloid": self._cancel,
            "updateLeverage": self._leverage,
            "scheduleCancel": self._schedule,
            "setReferrer": lambda _action, _now_ns: _DEFAULT,
            "approveBuilderFee": lambda _action, _now_ns: _DEFAULT,
            "noop": lambda _action, _now_ns: _DEFAULT,
        }

    def act(self, request: Words, now_ns: int) -> Words:
        """Check a request and carry out its action."""
        try:
            action = request["action"]
            handler = self._actions.get(action["type"])
            if handler is None:
                raise ActionError(f"Unknown action type {action['type']}")
            signer = self._signer(request, action)
            self._check_time(request, signer, now_ns)
            return {"status": "ok", "response": handler(action, now_ns)}
        except ActionError as error:
            return {"status": "err", "response": str(error)}

    # -- signatures ----------------------------------------------------------------------------------------------

    def _signer(self, request: Words, action: Words) -> str:
        signature = signature_bytes(request["signature"])
        if action["type"] == "approveBuilderFee":
            candidates = [_builder_digest(action)]
        else:
            connection = _action_hash(_canonical(action), request)
            candidates = [typed_digest(_AGENT_DOMAIN, "Agent", _AGENT_FIELDS, (each, connection)) for each in _SOURCES]
        signers = [_recovered(digest, signature) for digest in candidates]
        for signer in signers:
            if self._venue.account_at(signer) is not None:
                return signer
        raise ActionError(f"User or API Wallet {signers[0]} does not exist.")

    def _check_time(self, request: Words, signer: str, now_ns: int) -> None:
        """Nonces are milliseconds: each once, not below the last hundred, not far from now; the expiry not past."""
        nonce, now_ms = int(request["nonce"]), words.ms(now_ns)
        expiry = request.get("expiresAfter")
        if expiry is not None and int(expiry) < now_ms:
            raise ActionError("Action already expired")
        used = self._nonces.setdefault(signer, [])
        if nonce in used:
            raise ActionError(f"Invalid nonce: duplicate nonce {nonce}")
        least = max(now_ms - _TWO_DAYS_MS, min(used) if len(used) >= _NONCES else 0)
        if nonce < least:
            raise ActionError(f"Invalid nonce: nonce too low {nonce} < {least}")
        if nonce > now_ms + _TWO_DAYS_MS // 2:
            raise ActionError(f"Invalid nonce: nonce too high {nonce}")
        used.append(nonce)
        used.sort()
        del used[:-_NONCES]

    # -- actions -------------------------------------------------------------------------------------------------

    def _order(self, action: Words, now_ns: int) -> Words:
        return {"type": "order", "data": {"statuses": [self._place(each, now_ns) for each in action["orders"]]}}

    def _place(self, wire: Words, now_ns: int) -> Words:
        try:
            order = self._venue.place(self._ticket(wire), now_ns)
        except RefusedError as error:
            return {"error": _with_asset(REFUSALS[error.refusal], wire)}
        except (KeyError, ValueError, ArithmeticError):
            return {"error": "Order has invalid size."}
        return self._placed(order, wire)

    def _placed(self, order: VenueOrder, wire: Words) -> Words:
        """What an order came to: it rests, it filled, or it was over before it could do either."""
        cloid = {"cloid": order.client_id} if order.client_id else {}
        if order.ending is Ending.POST_ONLY:
            book = self._venue.engine.books[order.symbol]
            touch = f"{decimal(book.bids.best() or ZERO)}@{decimal(book.asks.best() or ZERO)}"
            return {"error": _with_asset(f"Post only order would have immediately matched, bbo was {touch}.", wire)}
        if order.status is Status.OPEN:
            return {"resting": {"oid": order.id, **cloid}}
        if not order.filled:
            return {"error": _with_asset("Order could not immediately match against any resting orders.", wire)}
        average = decimal(round(order.average, 6))
        return {"filled": {"totalSz": decimal(order.filled), "avgPx": average, "oid": order.id, **cloid}}

    def _ticket(self, wire: Words) -> Ticket:
        cloid = str(wire.get("c") or "").lower()
        if cloid and len(cloid) != _CLOID_CHARS:
            raise ValueError("cloid")
        size = Decimal(wire["s"])
        if not size:
            raise RefusedError(Refusal.SMALL)
        return Ticket(
            account=ACCOUNT,
            symbol=self._coin(wire["a"]),
            side=Side.BUY if wire["b"] else Side.SELL,
            size=size,
            price=Decimal(wire["p"]),
            lifetime=LIFETIMES[wire["t"]["limit"]["tif"]],
            reduce_only=bool(wire["r"]),
            client_id=cloid,
        )

    def _cancel(self, action: Words, now_ns: int) -> Words:
        statuses = [self._cancel_one(each, now_ns) for each in action["cancels"]]
        return {"type": "cancel", "data": {"statuses": statuses}}

    def _cancel_one(self, wire: Words, now_ns: int) -> Words | str:
        account = self._venue.engine.accounts[ACCOUNT]
        if "cloid" in wire:
            found = account.by_client.get(str(wire["cloid"]).lower())
        else:
            found = account.orders.get(int(wire["o"]))
        try:
            if found is None or found.symbol != self._coin(wire["asset" if "asset" in wire else "a"]):
                raise RefusedError(Refusal.UNKNOWN_ORDER)
            self._venue.engine.cancel(ACCOUNT, found.id, now_ns)
        except RefusedError as error:
            return {"error": _with_asset(REFUSALS[error.refusal], wire)}
        return "success"

    def _leverage(self, action: Words, _now_ns: int) -> Words:
        try:
            self._venue.engine.set_leverage(ACCOUNT, self._coin(action["asset"]), Decimal(action["leverage"]))
        except RefusedError as error:
            raise ActionError(REFUSALS[error.refusal]) from error
        return _DEFAULT

    def _schedule(self, action: Words, now_ns: int) -> Words:
        """The dead man's switch, for those who have traded enough."""
        traded = sum((each.notional for each in self._venue.engine.accounts[ACCOUNT].orders.values()), ZERO)
        if traded < _SWITCH_VOLUME:
            asked = "Cannot set scheduled cancel time until enough volume traded."
            raise ActionError(f"{asked} Required: ${_SWITCH_VOLUME}. Traded: ${plain(round(traded, 5))}.")
        at_ms = action.get("time")
        if at_ms is not None and int(at_ms) < words.ms(now_ns) + 5000:
            raise ActionError("Scheduled cancel time too early, must be at least 5 seconds from now.")
        self._venue.set_deadline(ACCOUNT, None, None if at_ms is None else int(at_ms) * NS_PER_MS)
        return _DEFAULT

    def _coin(self, asset: object) -> str:
        listed = self._venue.listed()
        if not isinstance(asset, int) or not 0 <= asset < len(listed):
            raise ActionError(f"Invalid asset {asset}")
        return listed[asset].native


def _canonical(action: Words) -> Words:
    """The action as the venue hashes it: its orders' numbers in shortest form, keys in the venue's order."""
    if action["type"] != "order":
        return action
    return {**action, "orders": [_canonical_order(each) for each in action["orders"]]}


def _canonical_order(wire: Words) -> Words:
    try:
        shortest = {**wire, "p": plain(Decimal(wire["p"])), "s": plain(Decimal(wire["s"]))}
    except ArithmeticError as error:
        raise ActionError("Order has invalid price.") from error
    if "c" in wire:
        shortest["c"] = str(wire["c"]).lower()
    return {name: shortest[name] for name in _ORDER_KEYS if name in shortest}


def _action_hash(action: Words, request: Mapping[str, Any]) -> bytes:
    data = msgspec.msgpack.encode(action) + int(request["nonce"]).to_bytes(8, "big")
    vault, expiry = request.get("vaultAddress"), request.get("expiresAfter")
    data += b"\0" if vault is None else b"\1" + bytes.fromhex(str(vault).removeprefix("0x"))
    if expiry is not None:
        data += b"\0" + int(expiry).to_bytes(8, "big")
    return keccak(data)


def _builder_digest(action: Words) -> bytes:
    domain = Domain("HyperliquidSignTransaction", "1", int(action["signatureChainId"], 16))
    values = (action["hyperliquidChain"], action["maxFeeRate"], action["builder"], action["nonce"])
    return typed_digest(domain, "HyperliquidTransaction:ApproveBuilderFee", _BUILDER_FIELDS, values)


def _recovered(digest: bytes, signature: bytes) -> str:
    try:
        return recover(digest, signature)
    except ValueError as error:
        raise ActionError("Unable to recover signer.") from error


def _with_asset(message: str, wire: Words) -> str:
    return f"{message} asset={wire.get('a', wire.get('asset'))}"

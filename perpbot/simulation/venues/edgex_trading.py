"""EdgeX's private REST endpoints: orders, fills, positions, collateral and funding of the one account."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Side
from perpbot.model.money import plain
from perpbot.simulation.venues import edgex_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.edgex_data import CHAIN_ID, CONTRACT_ADDRESS, RESOLUTIONS, USDC_RESOLUTION
from perpbot.simulation.venues.edgex_words import LATER, LIFETIMES, REFUSALS, USDC, EdgexError, Words
from perpbot.simulation.venues.ethereum import Domain, recover, struct_hash, typed_digest
from perpbot.simulation.venues.orders import Lifetime, Refusal, RefusedError, Status, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.edgex import Edgex

Parameters = Mapping[str, Any]
Handler = Callable[[Parameters, int], Any]
Record = TypeVar("Record")

_DOMAIN = Domain("EdgeX", "1", CHAIN_ID, CONTRACT_ADDRESS)
_BASE = ("uint256 nonce", "address signer", "uint64 accountId", "uint256 expirationTimestamp")
_ORDER = (
    "OrderBase base", "int256 amountSynthetic", "int256 amountCollateral", "uint256 amountFee",
    "uint64 assetIdSynthetic", "uint64 assetIdCollateral", "bool isBuyingSynthetic", "bytes32 parentOrderHash",
    "uint256 subOrderIndex",
)  # fmt: skip
_SIGNED_LONGER_MS = 8 * 24 * 3_600_000
_PAGE = 100


class EdgexTrading:
    """What the account may ask and do."""

    def __init__(self, venue: "Edgex") -> None:
        self._venue = venue
        self.handlers: dict[tuple[str, str], Handler] = {
            ("POST", "order/createOrder"): self._place,
            ("POST", "order/cancelOrderById"): self._cancel_by_id,
            ("POST", "order/cancelOrderByClientOrderId"): self._cancel_by_client,
            ("POST", "order/cancelAllOrder"): self._cancel_all,
            ("POST", "order/getMaxCreateOrderSize"): self._most,
            ("GET", "order/getOrderById"): self._orders_by_id,
            ("GET", "order/getOrderByClientOrderId"): self._orders_by_client,
            ("GET", "order/getActiveOrderPage"): self._active,
            ("GET", "order/getHistoryOrderPage"): self._history,
            ("GET", "order/getHistoryOrderFillTransactionPage"): self._fills,
            ("GET", "account/getAccountById"): self._account,
            ("GET", "account/getAccountAsset"): self._assets,
            ("GET", "account/getPositionTransactionPage"): self._changes,
            ("POST", "account/updateLeverageSetting"): self._leverage,
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    # -- orders --------------------------------------------------------------------------------------------------

    def _place(self, body: Parameters, now_ns: int) -> Words:
        if body["contractId"] not in self._venue.coins:
            raise EdgexError(*REFUSALS[Refusal.SYMBOL])
        ticket = self._ticket(body)
        self._check_order(body, ticket, now_ns)
        try:
            order = self._venue.place(ticket, now_ns)
        except RefusedError as error:
            if error.refusal not in LATER:
                raise EdgexError(*REFUSALS[error.refusal]) from error
            order = self._venue.engine.turn_down(ticket, LATER[error.refusal], now_ns)
        return {"orderId": str(order.id)}

    def _ticket(self, body: Parameters) -> Ticket:
        at_market = body["type"] == "MARKET"
        if body["type"] not in {"LIMIT", "MARKET"} or not isinstance(body.get("reduceOnly", False), bool):
            raise EdgexError("INVALID_PARAMETER", f"type {body['type']} or reduceOnly is not simulated")
        lifetime = LIFETIMES[body["timeInForce"]]
        if at_market and lifetime is not Lifetime.IOC:
            raise EdgexError("INVALID_TIME_IN_FORCE", "a market order must be IMMEDIATE_OR_CANCEL")
        return Ticket(
            account=ACCOUNT,
            symbol=body["contractId"],
            side=Side[body["side"]],
            size=_number(body["size"]),
            price=None if at_market else _number(body["price"]),
            lifetime=lifetime,
            reduce_only=body.get("reduceOnly", False),
            client_id=_needed(body, "clientOrderId"),
        )

    def _check_order(self, body: Parameters, ticket: Ticket, now_ns: int) -> None:
        """The order's own signature, its expiry, and that what is signed is what is asked for."""
        expires_ms, value = int(body["expireTime"]), _number(body["l2Value"])
        if expires_ms * NS_PER_MS <= now_ns:
            raise EdgexError("INVALID_EXPIRE_TIME", "the order has expired")
        if int(body["l2ExpireTime"]) < expires_ms + _SIGNED_LONGER_MS:
            raise EdgexError("INVALID_L2_EXPIRE_TIME", "l2ExpireTime must be at least 8 days after expireTime")
        if int(body["l2Nonce"]) != int.from_bytes(sha256(ticket.client_id.encode()).digest()[:4]):
            raise EdgexError("INVALID_L2_NONCE", "l2Nonce does not follow from clientOrderId")
        worth = value if ticket.price is None else ticket.price * ticket.size
        if _number(body["l2Size"]) != ticket.size or value != worth:
            raise EdgexError("INVALID_L2_VALUE", "l2Size and l2Value are not those of the order")
        instrument = self._venue.instrument(ticket.symbol)
        if _number(body["l2LimitFee"]) < value * max(instrument.taker_fee, instrument.maker_fee):
            raise EdgexError("INVALID_L2_LIMIT_FEE", "l2LimitFee is below the fee")
        try:
            signature = bytes.fromhex(str(body["l2Signature"]).removeprefix("0x"))
            signer = recover(self._digest(body, ticket, expires_ms // 1_000), signature)
        except ValueError as error:
            raise EdgexError("INVALID_L2_SIGNATURE", "l2Signature is none") from error
        if signer != self._venue.signer:
            raise EdgexError("INVALID_L2_SIGNATURE", "l2Signature is not by a signer of the account")

    def _digest(self, body: Parameters, ticket: Ticket, expires_s: int) -> bytes:
        signer, account_id = self._venue.signer, int(self._venue.owner.account_id)
        base = struct_hash("OrderBase", _BASE, (int(body["l2Nonce"]), signer, account_id, expires_s))
        amounts = (
            int(ticket.size * RESOLUTIONS[self._venue.coins[ticket.symbol]]),
            int(_number(body["l2Value"]) * USDC_RESOLUTION),
            int(_number(body["l2LimitFee"]) * USDC_RESOLUTION),
        )
        which = (int(ticket.symbol), int(USDC), ticket.side is Side.BUY, bytes(32), 0)
        return typed_digest(
            _DOMAIN, "LimitOrderParams", _ORDER, (base, *amounts, *which), f"OrderBase({','.join(_BASE)})"
        )

    def _cancel_by_id(self, body: Parameters, now_ns: int) -> Words:
        orders = self.account.orders
        return self._cancel({key: orders.get(int(key)) for key in _texts(body, "orderIdList")}, now_ns)

    def _cancel_by_client(self, body: Parameters, now_ns: int) -> Words:
        orders = self.account.by_client
        return self._cancel({key: orders.get(key) for key in _texts(body, "clientOrderIdList")}, now_ns)

    def _cancel_all(self, body: Parameters, now_ns: int) -> Words:
        wanted = _texts(body, "filterContractIdList")
        waiting = [each for each in self.account.open_orders if not wanted or each.symbol in wanted]
        return self._cancel({str(each.id): each for each in waiting}, now_ns)

    def _cancel(self, found: Mapping[str, VenueOrder | None], now_ns: int) -> Words:
        return {"cancelResultMap": {key: self._cancel_one(order, now_ns) for key, order in found.items()}}

    def _cancel_one(self, order: VenueOrder | None, now_ns: int) -> str:
        if order is None:
            return "FAILED_ORDER_NOT_FOUND"
        if order.status is not Status.OPEN:
            return "FAILED_ORDER_FILLED" if order.status is Status.FILLED else "SUCCESS_ORDER_CANCELED"
        self._venue.engine.cancel(ACCOUNT, order.id, now_ns)
        return "SUCCESS"

    def _most(self, body: Parameters, _now_ns: int) -> Words:
        symbol, price = body["contractId"], _number(body["price"])
        marks, lot = self._venue.engine.marks, self._venue.instrument(symbol).lot
        most = self.account.available(marks) * self.account.leverage[symbol] / price // lot * lot
        touch = self._venue.data.touch_words(symbol)
        return {
            "maxBuySize": plain(most),
            "maxSellSize": plain(most),
            "ask1Price": touch["bestAskPrice"],
            "bid1Price": touch["bestBidPrice"],
        }

    def _orders_by_id(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        found = (self.account.orders.get(int(key)) for key in _needed(parameters, "orderIdList").split(","))
        return [self._order_words(each) for each in found if each]

    def _orders_by_client(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        found = (self.account.by_client.get(key) for key in _needed(parameters, "clientOrderIdList").split(","))
        return [self._order_words(each) for each in found if each]

    def _active(self, parameters: Parameters, _now_ns: int) -> Words:
        orders = [each for each in self.account.open_orders[::-1] if _wanted(parameters, each.symbol)]
        return _page(orders, parameters, lambda each: each.created_ns, self._order_words)

    def _history(self, parameters: Parameters, _now_ns: int) -> Words:
        orders = [
            each
            for each in list(self.account.orders.values())[::-1]
            if each.status is not Status.OPEN and _wanted(parameters, each.symbol)
        ]
        return _page(orders, parameters, lambda each: each.created_ns, self._order_words)

    def _order_words(self, order: VenueOrder) -> Words:
        return words.order_words(order, self._venue.owner)

    # -- the account ---------------------------------------------------------------------------------------------

    def _fills(self, parameters: Parameters, _now_ns: int) -> Words:
        asked = _texts(parameters, "filterOrderIdList")
        fills = [
            each
            for each in self.account.executions[::-1]
            if _wanted(parameters, each.symbol) and (not asked or str(each.order_id) in asked)
        ]
        owner = self._venue.owner
        return _page(fills, parameters, lambda each: each.time_ns, lambda each: words.fill_words(each, owner))

    def _changes(self, parameters: Parameters, _now_ns: int) -> Words:
        """Changes of positions; those by funding are all that is simulated."""
        if "SETTLE_FUNDING_FEE" not in _texts(parameters, "filterTypeList"):
            raise EdgexError("INVALID_PARAMETER", "filterTypeList must be SETTLE_FUNDING_FEE")
        paid = [each for each in self.account.funding[::-1] if _wanted(parameters, each.symbol)]
        owner = self._venue.owner
        return _page(paid, parameters, lambda each: each.time_ns, lambda each: words.funding_words(each, owner))

    def account_words(self) -> Words:
        """The account's settings."""
        instrument = next(iter(self._venue.engine.instruments))
        return words.account_words(self.account, self._venue.owner, instrument)

    def holdings(self, symbols: Iterable[str], now_ns: int) -> Words:
        """Positions in `symbols`, and the collateral, as the stream tells them."""
        owner, account = self._venue.owner, self.account
        return {
            "position": [words.position_words(each, account.position(each), owner, now_ns) for each in symbols],
            "collateral": [words.collateral_words(account, owner, now_ns)],
        }

    def held(self) -> list[str]:
        """Contracts with a position."""
        return [symbol for symbol, position in self.account.positions.items() if position.size]

    def _account(self, _parameters: Parameters, _now_ns: int) -> Words:
        return self.account_words()

    def _assets(self, _parameters: Parameters, now_ns: int) -> Words:
        account, marks, owner = self.account, self._venue.engine.marks, self._venue.owner
        held, told = self.held(), self.holdings(self.held(), now_ns)
        return {
            "account": self.account_words(),
            "collateralList": told["collateral"],
            "positionList": told["position"],
            "version": str(self._venue.event_version),
            "positionAssetList": [
                words.position_asset_words(self._venue.instrument(each), account, marks[each], owner) for each in held
            ],
            "collateralAssetModelList": [words.collateral_asset_words(account, marks, owner)],
            "oraclePriceList": [],
        }

    def _leverage(self, body: Parameters, _now_ns: int) -> None:
        try:
            self._venue.engine.set_leverage(ACCOUNT, body["contractId"], _number(body["leverage"]))
        except RefusedError as error:
            raise EdgexError(*REFUSALS[error.refusal]) from error


def _needed(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise EdgexError("INVALID_PARAMETER", f"{name} is missing")
    return value


def _number(value: object) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{value} is not a number")
    return number


def _texts(parameters: Parameters, name: str) -> list[str]:
    """A list in a body, or in a query with commas."""
    value = parameters.get(name) or []
    return value.split(",") if isinstance(value, str) else [str(each) for each in value]


def _wanted(parameters: Parameters, symbol: str) -> bool:
    chosen = _texts(parameters, "filterContractIdList")
    return not chosen or symbol in chosen


def _page(
    records: Iterable[Record],
    parameters: Parameters,
    time_of: Callable[[Record], int],
    write: Callable[[Record], Words],
) -> Words:
    """Records newest first from one time to another; the offset is how many have been read."""
    begin = int(parameters.get("filterStartCreatedTimeInclusive") or 0)
    end = int(parameters.get("filterEndCreatedTimeExclusive") or 0) or 10**15
    found = [each for each in records if begin <= time_of(each) // NS_PER_MS < end]
    offset, size = int(parameters.get("offsetData") or 0), min(int(parameters.get("size") or _PAGE), _PAGE)
    onward = offset + size
    return {
        "dataList": [write(each) for each in found[offset:onward]],
        "nextPageOffsetData": str(onward) if len(found) > onward else "",
    }

"""Extended's private REST endpoints. Orders are answered when they are signed and paid for, and matched after that."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from perpbot.clock import NS_PER_SECOND
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues import extended_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.extended_data import COLLATERAL_ID, RESOLUTION, Handler, synthetic_id
from perpbot.simulation.venues.extended_words import ACCOUNT_ID, REFUSALS, ExtendedError, Words
from perpbot.simulation.venues.orders import (
    Execution,
    Funded,
    Lifetime,
    Refusal,
    RefusedError,
    Status,
    Ticket,
    VenueOrder,
)
from perpbot.simulation.venues.starknet import is_signed_by, message_hash_1, public_key_of
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.extended import Extended

Parameters = Mapping[str, Any]
Record = TypeVar("Record", VenueOrder, Execution, Funded)

_ORDER = (
    '"Order"("position_id":"felt","base_asset_id":"AssetId","base_amount":"i64","quote_asset_id":"AssetId",'
    '"quote_amount":"i64","fee_asset_id":"AssetId","fee_amount":"u64","expiration":"Timestamp","salt":"felt")'
    '"PositionId"("value":"u32")"AssetId"("value":"felt")"Timestamp"("seconds":"u64")'
)
_DOMAIN = ("Perpetuals", "v0", "SN_MAIN", 1)
_SETTLEMENT_S = 14 * 24 * 3_600
_LONGEST_MS = 90 * 24 * 3_600_000
_NONCES = 2**32 - 1
_PAGE = 10_000


class ExtendedTrading:
    """What the owner of the account may ask."""

    def __init__(self, venue: "Extended") -> None:
        self._venue = venue

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path; ``*`` stands for an id."""
        return {
            ("GET", "user/account/info"): self._info,
            ("GET", "user/balance"): lambda _id, _parameters, now_ns: self.balance_words(now_ns),
            ("GET", "user/spot/balances"): self._spot,
            ("GET", "user/positions"): self._positions,
            ("GET", "user/orders"): self._open_orders,
            ("GET", "user/orders/history"): self._history,
            ("GET", "user/orders/*"): lambda number, _parameters, _now_ns: words.order_words(self._by_id(number)),
            ("GET", "user/orders/external/*"): lambda name, _parameters, _now_ns: [
                words.order_words(self._by_client(name))
            ],
            ("GET", "user/trades"): self._trades,
            ("GET", "user/funding/history"): self._payments,
            ("GET", "user/leverage"): self._leverage,
            ("PATCH", "user/leverage"): self._set_leverage,
            ("GET", "user/fees"): self._fees,
            ("POST", "user/order"): self._place,
            ("POST", "user/order/massCancel"): self._cancel_all,
            ("POST", "user/deadmanswitch"): self._switch,
            ("DELETE", "user/order/*"): lambda number, _parameters, now_ns: self._cancel(self._by_id(number), now_ns),
            ("DELETE", "user/order"): lambda _id, parameters, now_ns: self._cancel(
                self._by_client(parameters["externalId"]), now_ns
            ),
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    # -- orders --------------------------------------------------------------------------------------------------

    def _place(self, _id: str, body: Parameters, now_ns: int) -> Words:
        self._check(body, now_ns)
        try:
            order = self._venue.place(self._ticket(body), now_ns)
        except RefusedError as error:
            raise ExtendedError(*REFUSALS[error.refusal]) from error
        return {"id": order.id, "externalId": order.client_id}

    def _check(self, body: Parameters, now_ns: int) -> None:
        if body["market"] not in self._venue.coins:
            raise ExtendedError(*REFUSALS[Refusal.SYMBOL])
        expiry, now_ms = int(body["expiryEpochMillis"]), words.ms(now_ns)
        if not now_ms <= expiry <= now_ms + _LONGEST_MS:
            raise ExtendedError(1135, "Order expiration date must be within 90 days")
        if not 0 <= int(body["nonce"]) <= _NONCES:
            raise ExtendedError(1133, "Invalid order parameters")
        instrument = self._venue.instrument(body["market"])
        rate = instrument.maker_fee if body.get("postOnly") else instrument.taker_fee
        if Decimal(body["fee"]) < rate:
            raise ExtendedError(1128, "Trading fees are invalid")
        settlement = body["settlement"]
        if int(settlement["starkKey"], 16) != int(public_key_of(self._venue.key), 16):
            raise ExtendedError(1100, "Invalid Starknet public key")
        if int(settlement["collateralPosition"]) != self._venue.vault:
            raise ExtendedError(1102, "Invalid Starknet vault")
        signature = settlement["signature"]
        if not is_signed_by(self._message(body), signature["r"], signature["s"], self._venue.key):
            raise ExtendedError(1101, "Invalid Starknet signature")

    def _message(self, body: Parameters) -> int:
        """What the owner must have signed: amounts of the chain, what is given below zero."""
        size, sign = Decimal(body["qty"]), 1 if body["side"] == "BUY" else -1
        rounding = ROUND_CEILING if sign > 0 else ROUND_FLOOR
        value = size * Decimal(body["price"]) * RESOLUTION
        base, quote = (int(each.to_integral_value(rounding)) for each in (size * RESOLUTION, value))
        fee = int((value * Decimal(body["fee"])).to_integral_value(ROUND_CEILING))
        asset, collateral = int(synthetic_id(self._venue.coins[body["market"]]), 16), int(COLLATERAL_ID, 16)
        expiration = -(-int(body["expiryEpochMillis"]) // 1_000) + _SETTLEMENT_S
        amounts = (asset, sign * base, collateral, -sign * quote, collateral, fee)
        values = (self._venue.vault, *amounts, expiration, int(body["nonce"]))
        return message_hash_1(_DOMAIN, int(public_key_of(self._venue.key), 16), _ORDER, values)

    def _ticket(self, body: Parameters) -> Ticket:
        if body["type"] not in {"LIMIT", "MARKET"} or body["timeInForce"] not in {"GTT", "IOC", "FOK"}:
            raise ExtendedError(1132, "Order type is not allowed")
        lifetime = {"GTT": Lifetime.GTC, "IOC": Lifetime.IOC, "FOK": Lifetime.FOK}[body["timeInForce"]]
        return Ticket(
            account=ACCOUNT,
            symbol=body["market"],
            side=Side(body["side"].lower()),
            size=Decimal(body["qty"]),
            price=Decimal(body["price"]),
            lifetime=Lifetime.POST_ONLY if body.get("postOnly") else lifetime,
            reduce_only=bool(body.get("reduceOnly")),
            client_id=str(body["id"]),
        )

    def _cancel(self, order: VenueOrder, now_ns: int) -> None:
        try:
            self._venue.engine.cancel(ACCOUNT, order.id, now_ns)
        except RefusedError as error:
            raise ExtendedError(*REFUSALS[error.refusal]) from error

    def _cancel_all(self, _id: str, body: Parameters, now_ns: int) -> None:
        markets = [None] if body.get("cancelAll") else body.get("markets", [])
        for market in markets:
            self._venue.engine.cancel_all(ACCOUNT, market, now_ns)

    def _switch(self, _id: str, parameters: Parameters, now_ns: int) -> None:
        seconds = int(parameters["countdownTime"])
        self._venue.set_deadline(ACCOUNT, None, now_ns + seconds * NS_PER_SECOND if seconds else None)

    def _by_id(self, text: str) -> VenueOrder:
        order = self.account.orders.get(int(text)) if text.isdigit() else None
        if order is None:
            raise ExtendedError(*REFUSALS[Refusal.UNKNOWN_ORDER])
        return order

    def _by_client(self, client_id: str) -> VenueOrder:
        order = self.account.by_client.get(client_id)
        if order is None:
            raise ExtendedError(*REFUSALS[Refusal.UNKNOWN_ORDER])
        return order

    def _open_orders(self, _id: str, parameters: Parameters, _now_ns: int) -> list[Words]:
        return [words.order_words(each) for each in self.account.open_orders[::-1] if _wanted(parameters, each.symbol)]

    def _history(self, _id: str, parameters: Parameters, _now_ns: int) -> tuple[list[Words], int | None]:
        over = [each for each in list(self.account.orders.values())[::-1] if each.status is not Status.OPEN]
        page = _page(over, parameters)
        return [words.order_words(each) for each in page], _last(page)

    # -- account -------------------------------------------------------------------------------------------------

    def balance_words(self, now_ns: int) -> Words:
        """The collateral and its margins."""
        return words.balance_words(self.account, self._venue.engine.marks, now_ns)

    def position_words(self, symbol: str, now_ns: int) -> Words:
        """The position in one market, open or closed."""
        account, mark = self.account, self._venue.engine.marks[symbol]
        return words.position_words(symbol, account.position(symbol), account, mark, now_ns)

    def open_positions(self, now_ns: int) -> list[Words]:
        """Every position that is open."""
        return [self.position_words(symbol, now_ns) for symbol, held in self.account.positions.items() if held.size]

    def _info(self, _id: str, _parameters: Parameters, _now_ns: int) -> Words:
        venue = self._venue
        keys = {"l2Key": public_key_of(venue.key), "l2Vault": str(venue.vault), "apiKeys": [venue.api_key]}
        return {"accountId": ACCOUNT_ID, "description": "Main", "accountIndex": 0, "status": "ACTIVE", **keys}

    def _spot(self, _id: str, _parameters: Parameters, now_ns: int) -> list[Words]:
        balance = self.balance_words(now_ns)
        amounts = {"balance": balance["balance"], "availableToWithdraw": balance["availableForWithdrawal"]}
        return [{"accountId": ACCOUNT_ID, "asset": "USDC", **amounts, "updatedAt": words.ms(now_ns)}]

    def _positions(self, _id: str, parameters: Parameters, now_ns: int) -> list[Words]:
        return [each for each in self.open_positions(now_ns) if _wanted(parameters, each["market"])]

    def _trades(self, _id: str, parameters: Parameters, _now_ns: int) -> tuple[list[Words], int | None]:
        found = [each for each in self.account.executions[::-1] if _wanted(parameters, each.symbol)]
        page = _page(found, parameters)
        return [words.trade_words(each) for each in page], _last(page)

    def _payments(self, _id: str, parameters: Parameters, _now_ns: int) -> tuple[list[Words], int | None]:
        start = int(parameters.get("fromTime", 0))
        found = [
            each
            for each in self.account.funding[::-1]
            if _wanted(parameters, each.symbol) and words.ms(each.time_ns) >= start
        ]
        page = _page(found, parameters)
        return [words.funding_words(each) for each in page], _last(page)

    def _leverage(self, _id: str, parameters: Parameters, _now_ns: int) -> list[Words]:
        return [
            {"market": symbol, "leverage": plain(leverage)}
            for symbol, leverage in self.account.leverage.items()
            if _wanted(parameters, symbol)
        ]

    def _set_leverage(self, _id: str, body: Parameters, _now_ns: int) -> None:
        try:
            self._venue.engine.set_leverage(ACCOUNT, body["market"], Decimal(str(body["leverage"])))
        except RefusedError as error:
            raise ExtendedError(*REFUSALS[error.refusal]) from error

    def _fees(self, _id: str, parameters: Parameters, _now_ns: int) -> list[Words]:
        return [
            {
                "market": each.native,
                "makerFeeRate": plain(each.maker_fee),
                "takerFeeRate": plain(each.taker_fee),
                "builderFeeRate": plain(ZERO),
            }
            for each in self._venue.engine.instruments
            if _wanted(parameters, each.native)
        ]


def _wanted(parameters: Parameters, symbol: str) -> bool:
    return parameters.get("market") in {None, "", symbol}


def _page(records: Iterable[Record], parameters: Parameters) -> list[Record]:
    """Records newest first, going on below the id that ``cursor`` names."""
    below = int(parameters.get("cursor") or 10**18)
    limit = min(int(parameters.get("limit") or _PAGE), _PAGE)
    return [each for each in records if each.id < below][:limit]


def _last(page: list[Record]) -> int | None:
    return page[-1].id if page else None

"""What Lighter's account does and asks: transactions, and its orders, trades, positions and funding."""

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Side
from perpbot.simulation.venues import lighter_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.lighter_words import (
    FEE_TICKS,
    FIRST_ORDER_INDEX,
    LATER,
    LIFETIMES,
    MARGIN_TICKS,
    REFUSALS,
    LighterError,
    Words,
)
from perpbot.simulation.venues.orders import Lifetime, Refusal, RefusedError, Status, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT
from perpbot.venues.ecgfp5 import holds
from perpbot.venues.goldilocks import Element, digest, to_bytes

if TYPE_CHECKING:
    from perpbot.simulation.venues.lighter import Lighter

Parameters = Mapping[str, str]
Handler = Callable[[Parameters, int], Words]
Record = TypeVar("Record")

CHAIN = 304
_FIELDS = {
    14: (
        "MarketIndex", "ClientOrderIndex", "BaseAmount", "Price", "IsAsk", "Type", "TimeInForce", "ReduceOnly",
        "TriggerPrice", "OrderExpiry",
    ),
    15: ("MarketIndex", "Index"),
    16: ("TimeInForce", "Time"),
    20: ("MarketIndex", "InitialMarginFraction", "MarginMode"),
}  # fmt: skip
"""What is hashed of each kind of transaction, behind what all have."""
_SKIP_NONCE = 4
_ATTRIBUTES = 4
_LONGEST_EXPIRY_MS = 30 * 24 * 3_600_000
_SHORTEST_EXPIRY_MS = 5 * 60_000
_LONGEST_CANCEL_MS = 15 * 24 * 3_600_000
_MARKET_ORDER = 1
_MOST_ID = 2**48
_PAGE = 100
_IMMEDIATE, _SCHEDULED, _ABORT = 0, 1, 2


class LighterTrading:
    """What the account may ask and do."""

    def __init__(self, venue: "Lighter") -> None:
        self._venue = venue
        self.nonce = -1
        """The highest that was used."""
        self.handlers: dict[str, Handler] = {
            "accountActiveOrders": self._active,
            "accountInactiveOrders": self._inactive,
            "accountLimits": self._limits,
            "positionFunding": self._funding,
            "trades": self._trades,
        }
        self._kinds: dict[int, Callable[[Words, int], None]] = {
            14: self._create,
            15: self._cancel,
            16: self._cancel_all,
            20: self._leverage,
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    # -- transactions --------------------------------------------------------------------------------------------

    def send(self, form: Mapping[str, str], now_ns: int) -> Words:
        """A transaction in a form."""
        kind, told = int(form["tx_type"]), msgspec.json.decode(form["tx_info"])
        return {"message": '{"ratelimit": "didn\'t use volume quota"}', **self.transact(kind, told, now_ns)}

    def transact(self, kind: int, told: Words, now_ns: int) -> Words:
        """Check a transaction and carry it out. What is said of it is only that it was taken."""
        if kind not in self._kinds:
            raise LighterError(21505, "unsupported tx type")
        message = self._check(kind, told, now_ns)
        self._kinds[kind](told, now_ns)
        return {"tx_hash": to_bytes(message).hex(), "predicted_execution_time_ms": words.ms(now_ns)}

    def _check(self, kind: int, told: Words, now_ns: int) -> Element:
        """Whose it is, that it is not too late, and that its nonce is new."""
        venue = self._venue
        if told["AccountIndex"] != venue.account_index:
            raise LighterError(21102, "invalid account index")
        if told["ApiKeyIndex"] != venue.key_index:
            raise LighterError(21109, "api key not found")
        if told["ExpiredAt"] * NS_PER_MS < now_ns:
            raise LighterError(21127, "transaction is expired")
        attributes = {int(name): int(value) for name, value in (told.get("L2TxAttributes") or {}).items()}
        message = _message(kind, told, attributes)
        try:
            signature = b64decode(told["Sig"], validate=True)
        except ValueError as error:
            raise LighterError(21120, "invalid signature") from error
        if not holds(venue.public_key, message, signature):
            raise LighterError(21120, "invalid signature")
        nonce = told["Nonce"]
        wanted = nonce > self.nonce if attributes.get(_SKIP_NONCE) else nonce == self.nonce + 1
        if not wanted:
            raise LighterError(21104, "invalid nonce")
        self.nonce = nonce
        return message

    def _create(self, told: Words, now_ns: int) -> None:
        ticket = self._ticket(told)
        self._check_expiry(ticket, told["OrderExpiry"], now_ns)
        try:
            self._venue.place(ticket, now_ns)
        except RefusedError as error:
            if error.refusal not in LATER:
                raise LighterError(*REFUSALS[error.refusal]) from error
            self._venue.engine.turn_down(ticket, LATER[error.refusal], now_ns)

    def _ticket(self, told: Words) -> Ticket:
        symbol = str(told["MarketIndex"])
        if symbol not in self._venue.coins:
            raise LighterError(*REFUSALS[Refusal.SYMBOL])
        if told["Type"] not in {0, _MARKET_ORDER} or told["TriggerPrice"]:
            raise LighterError(21710, "unsupported order type")
        lifetime = LIFETIMES.get(told["TimeInForce"])
        if lifetime is None or (told["Type"] == _MARKET_ORDER and lifetime is not Lifetime.IOC):
            raise LighterError(21705, "invalid OrderTimeInForce")
        client = told["ClientOrderIndex"]
        if not 0 <= client < _MOST_ID:
            raise LighterError(21727, "invalid client order index")
        instrument = self._venue.instrument(symbol)
        return Ticket(
            account=ACCOUNT,
            symbol=symbol,
            side=Side.SELL if told["IsAsk"] else Side.BUY,
            size=told["BaseAmount"] * instrument.lot,
            price=told["Price"] * instrument.tick,
            lifetime=lifetime,
            reduce_only=bool(told["ReduceOnly"]),
            client_id=str(client) if client else "",
        )

    def _check_expiry(self, ticket: Ticket, expiry_ms: int, now_ns: int) -> None:
        left_ms = expiry_ms - words.ms(now_ns)
        good = (
            _SHORTEST_EXPIRY_MS <= left_ms <= _LONGEST_EXPIRY_MS
            if ticket.lifetime is not Lifetime.IOC
            else not expiry_ms
        )
        if not good:
            raise LighterError(21711, "invalid expiry")

    def _cancel(self, told: Words, now_ns: int) -> None:
        """Cancel an order by its index or the client's. Whether there was one is not said."""
        index = told["Index"]
        by_client = self.account.by_client.get(str(index))
        order = self.account.orders.get(index - FIRST_ORDER_INDEX) if index >= FIRST_ORDER_INDEX else by_client
        if order is not None and order.status is Status.OPEN:
            self._venue.engine.cancel(ACCOUNT, order.id, now_ns)

    def _cancel_all(self, told: Words, now_ns: int) -> None:
        """Cancel everything now or at a time, or not at that time after all."""
        kind, time_ms = told["TimeInForce"], told["Time"]
        left_ms = time_ms - words.ms(now_ns)
        if kind == _SCHEDULED and not _SHORTEST_EXPIRY_MS <= left_ms <= _LONGEST_CANCEL_MS:
            raise LighterError(21714, "invalid cancel all time")
        if kind not in {_IMMEDIATE, _SCHEDULED, _ABORT}:
            raise LighterError(21713, "invalid cancel all time in force")
        if kind == _IMMEDIATE:
            self._venue.engine.cancel_all(ACCOUNT, None, now_ns)
        else:
            self._venue.set_deadline(ACCOUNT, None, time_ms * NS_PER_MS if kind == _SCHEDULED else None)

    def _leverage(self, told: Words, _now_ns: int) -> None:
        symbol, ticks = str(told["MarketIndex"]), told["InitialMarginFraction"]
        if ticks <= 0:
            raise LighterError(*REFUSALS[Refusal.LEVERAGE])
        try:
            self._venue.engine.set_leverage(ACCOUNT, symbol, Decimal(MARGIN_TICKS) / ticks)
        except RefusedError as error:
            raise LighterError(*REFUSALS[error.refusal]) from error

    # -- questions -----------------------------------------------------------------------------------------------

    def _active(self, parameters: Parameters, _now_ns: int) -> Words:
        market = parameters.get("market_id")
        waiting = [each for each in self.account.open_orders[::-1] if market in {None, "255", each.symbol}]
        return {"orders": [self.order_words(each) for each in waiting]}

    def _inactive(self, parameters: Parameters, _now_ns: int) -> Words:
        market = parameters.get("market_id")
        over = [
            each
            for each in list(self.account.orders.values())[::-1]
            if each.status is not Status.OPEN and market in {None, "255", each.symbol}
        ]
        return _page("orders", over, parameters, self.order_words)

    def order_words(self, order: VenueOrder) -> Words:
        """An order."""
        return words.order_words(order, self._venue.instrument(order.symbol), self._venue.account_index)

    def _limits(self, _parameters: Parameters, _now_ns: int) -> Words:
        instrument = next(iter(self._venue.engine.instruments))
        return {
            "max_llp_percentage": 100,
            "max_llp_amount": "0.000000",
            "user_tier": "premium",
            "can_create_public_pool": False,
            "user_tier_name": "premium",
            "current_maker_fee_tick": int(instrument.maker_fee * FEE_TICKS),
            "current_taker_fee_tick": int(instrument.taker_fee * FEE_TICKS),
        }

    def _trades(self, parameters: Parameters, _now_ns: int) -> Words:
        market = parameters.get("market_id")
        fills = [each for each in self.account.executions[::-1] if market in {None, "255", each.symbol}]
        venue = self._venue
        return _page(
            "trades",
            fills,
            parameters,
            lambda each: words.fill_words(each, venue.instrument(each.symbol), venue.account_index),
        )

    def _funding(self, parameters: Parameters, _now_ns: int) -> Words:
        paid = self.account.funding[::-1]
        write = words.funding_words
        return _page(
            "position_fundings", paid, parameters, lambda each: write(each, self._venue.instrument(each.symbol))
        )

    def account_words(self) -> Words:
        """The account with every market that it has a position in, or has set up."""
        venue, account = self._venue, self.account
        return words.account_words(account, venue.account_index, venue.engine.marks, list(self.positions().values()))

    def positions(self, symbols: Iterable[str] | None = None) -> dict[str, Words]:
        """Positions in some markets, or what is known of all, by market."""
        venue = self._venue
        return {
            each: words.position_words(venue.instrument(each), self.account, venue.engine.marks[each])
            for each in (venue.coins if symbols is None else symbols)
        }


def _message(kind: int, told: Words, attributes: Mapping[int, int]) -> Element:
    names = ("Nonce", "ExpiredAt", "AccountIndex", "ApiKeyIndex", *_FIELDS[kind])
    numbers = [CHAIN, kind, *(told[name] for name in names)]
    if not all(isinstance(each, int) and 0 <= each < 2**63 for each in numbers):
        raise LighterError(21501, "invalid tx info")
    body = digest(numbers)
    given = [number for name in sorted(attributes) if attributes[name] for number in (name, attributes[name])]
    if not given:
        return body
    return digest([*body, *digest([*given, *[0] * (2 * _ATTRIBUTES - len(given))])])


def _page(name: str, records: Sequence[Record], parameters: Parameters, write: Callable[[Record], Words]) -> Words:
    """Records newest first; the cursor is how many have been read."""
    size, begin = int(parameters.get("limit") or _PAGE), int(parameters.get("cursor") or 0)
    if not 1 <= size <= _PAGE:
        raise LighterError(20001, "invalid param : limit")
    onward = begin + size
    rows = [write(each) for each in records[begin:onward]]
    return {name: rows, **({"next_cursor": str(onward)} if len(records) > onward else {})}

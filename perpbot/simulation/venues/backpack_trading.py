"""Backpack's private REST endpoints."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from perpbot.model.money import plain
from perpbot.simulation.venues import backpack_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.backpack_words import LIFETIMES, REFUSALS, SIDES, BackpackError, Words, ms
from perpbot.simulation.venues.orders import Ending, Lifetime, Refusal, RefusedError, Status, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.backpack import Backpack

Parameters = Mapping[str, Any]
Handler = Callable[[Parameters, int], Any]

_CLIENT_IDS = 2**32
_MOST_ROWS = 1_000
_BASIS_POINTS = 10_000


@attrs.frozen
class Endpoint:
    """What is signed for a request, and what answers it."""

    instruction: str
    handler: Handler


class BackpackTrading:
    """What the owner of the account may ask, by method and path."""

    def __init__(self, venue: "Backpack") -> None:
        self._venue = venue
        self.endpoints: dict[tuple[str, str], Endpoint] = {
            ("POST", "api/v1/order"): Endpoint("orderExecute", self._place),
            ("GET", "api/v1/order"): Endpoint("orderQuery", self._order),
            ("DELETE", "api/v1/order"): Endpoint("orderCancel", self._cancel),
            ("GET", "api/v1/orders"): Endpoint("orderQueryAll", self._open_orders),
            ("DELETE", "api/v1/orders"): Endpoint("orderCancelAll", self._cancel_all),
            ("GET", "wapi/v1/history/orders"): Endpoint("orderHistoryQueryAll", self._order_history),
            ("GET", "wapi/v1/history/fills"): Endpoint("fillHistoryQueryAll", self._fills),
            ("GET", "wapi/v1/history/funding"): Endpoint("fundingHistoryQueryAll", self._funding),
            ("GET", "api/v1/position"): Endpoint("positionQuery", self._positions),
            ("GET", "api/v1/capital"): Endpoint("balanceQuery", self._balances),
            ("GET", "api/v1/capital/collateral"): Endpoint("collateralQuery", self._collateral),
            ("GET", "api/v1/account"): Endpoint("accountQuery", self._account),
            ("PATCH", "api/v1/account"): Endpoint("accountUpdate", self._set_account),
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    # -- orders --------------------------------------------------------------------------------------------------

    def _place(self, parameters: Parameters, now_ns: int) -> Words:
        """Take an order and answer what has become of it; one that may only be posted is refused when it crosses."""
        order = _tried(lambda: self._venue.place(self._ticket(parameters), now_ns))
        if order.ending is Ending.POST_ONLY:
            raise BackpackError(*words.POST_ONLY_REFUSAL)
        return words.order_words(order)

    def _ticket(self, parameters: Parameters) -> Ticket:
        symbol, kind = self._venue.data.symbol(parameters), parameters["orderType"]
        if kind not in {"Limit", "Market"} or parameters["side"] not in SIDES:
            raise BackpackError("INVALID_CLIENT_REQUEST", "Expect a valid enumeration value")
        lifetime = LIFETIMES[parameters.get("timeInForce", "GTC" if kind == "Limit" else "IOC")]
        if _flag(parameters, "postOnly"):
            if kind != "Limit" or lifetime is not Lifetime.GTC:
                raise BackpackError("INVALID_ORDER", "Post only orders must be limit orders that rest")
            lifetime = Lifetime.POST_ONLY
        return Ticket(
            account=ACCOUNT,
            symbol=symbol,
            side=SIDES[parameters["side"]],
            size=_number(parameters, "quantity"),
            price=_number(parameters, "price") if kind == "Limit" else None,
            lifetime=lifetime,
            reduce_only=_flag(parameters, "reduceOnly"),
            client_id=_client_id(parameters),
        )

    def _cancel(self, parameters: Parameters, now_ns: int) -> Words:
        order = self._find(parameters)
        if order is None:
            raise BackpackError(*REFUSALS[Refusal.UNKNOWN_ORDER])
        return words.order_words(_tried(lambda: self._venue.engine.cancel(ACCOUNT, order.id, now_ns)))

    def _cancel_all(self, parameters: Parameters, now_ns: int) -> list[Words]:
        symbol = self._venue.data.symbol(parameters)
        orders = [each for each in self.account.open_orders if each.symbol == symbol]
        self._venue.engine.cancel_all(ACCOUNT, symbol, now_ns)
        return [words.order_words(each) for each in orders]

    def _find(self, parameters: Parameters) -> VenueOrder | None:
        symbol = self._venue.data.symbol(parameters)
        if ("orderId" in parameters) == ("clientId" in parameters):
            raise BackpackError("INVALID_CLIENT_REQUEST", "Must specify one of `orderId` or `clientId`")
        if "orderId" in parameters:
            order = self.account.orders.get(int(parameters["orderId"]))
        else:
            order = self.account.by_client.get(_client_id(parameters))
        return order if order is not None and order.symbol == symbol else None

    def _order(self, parameters: Parameters, _now_ns: int) -> Words:
        """An order that is open; the others are in the history."""
        order = self._find(parameters)
        if order is None or order.status is not Status.OPEN:
            raise BackpackError("RESOURCE_NOT_FOUND", "Order not found", 404)
        return words.order_words(order)

    def _open_orders(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        wanted = self._venue.data.symbol(parameters) if "symbol" in parameters else None
        return [words.order_words(each) for each in self.account.open_orders if wanted in {None, each.symbol}]

    # -- histories -----------------------------------------------------------------------------------------------

    def _order_history(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        orders = [each for each in self.account.orders.values() if _wanted(each.symbol, each.id, parameters)]
        return [words.history_words(each) for each in _page(orders, parameters)]

    def _fills(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        begin, end = int(parameters.get("from", 0)), int(parameters.get("to", 10**15))
        fills = [
            each
            for each in self.account.executions
            if _wanted(each.symbol, each.order_id, parameters) and begin <= ms(each.time_ns) <= end
        ]
        return [words.fill_words(each) for each in _page(fills, parameters)]

    def _funding(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        payments = [each for each in self.account.funding if _wanted(each.symbol, each.id, parameters)]
        return [words.funding_words(each) for each in _page(payments, parameters)]

    # -- account -------------------------------------------------------------------------------------------------

    def _positions(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        symbols = [self._venue.data.symbol(parameters)] if "symbol" in parameters else list(self._venue.coins)
        account, marks = self.account, self._venue.engine.marks
        return [
            words.position_words(self._venue.instrument(symbol), account.position(symbol), account, marks[symbol])
            for symbol in symbols
            if account.position(symbol).size
        ]

    def _balances(self, _parameters: Parameters, _now_ns: int) -> Words:
        return {self.account.currency: words.balance_words(self.account, self._venue.engine.marks)}

    def _collateral(self, _parameters: Parameters, _now_ns: int) -> Words:
        return words.collateral_words(self.account, self._venue.engine.marks)

    def _account(self, _parameters: Parameters, _now_ns: int) -> Words:
        first = next(iter(self._venue.engine.instruments))
        return {
            "autoBorrowSettlements": False,
            "autoLend": False,
            "autoRealizePnl": True,
            "autoRepayBorrows": False,
            "borrowLimit": "0",
            "futuresMakerFee": plain(first.maker_fee * _BASIS_POINTS),
            "futuresTakerFee": plain(first.taker_fee * _BASIS_POINTS),
            "leverageLimit": plain(max(self.account.leverage.values())),
            "limitOrders": len(self.account.open_orders),
            "liquidating": False,
            "positionLimit": "10000000",
            "spotMakerFee": "8",
            "spotTakerFee": "10",
            "triggerOrders": 0,
        }

    def _set_account(self, parameters: Parameters, _now_ns: int) -> None:
        """The leverage limit is one for all markets, as far as each of them goes."""
        limit = _number(parameters, "leverageLimit")
        engine = self._venue.engine
        for each in engine.instruments:
            _tried(partial(engine.set_leverage, ACCOUNT, each.native, min(limit, each.max_leverage)))


def _tried(act: Callable[[], Any]) -> Any:
    """What the engine answers, its refusals in Backpack's words."""
    try:
        return act()
    except RefusedError as error:
        raise BackpackError(*REFUSALS[error.refusal]) from error


def _wanted(symbol: str, order_id: int, parameters: Parameters) -> bool:
    """Whether a history's filters let a row through; whoever asks for the spot market's gets none."""
    asked = parameters.get("symbol", symbol), parameters.get("orderId", str(order_id))
    return "PERP" in parameters.get("marketType", "PERP") and asked == (symbol, str(order_id))


def _page(rows: list[Any], parameters: Parameters) -> list[Any]:
    """The part of a history that is asked for; newest first unless said otherwise."""
    ordered = rows if parameters.get("sortDirection", "Desc") == "Asc" else rows[::-1]
    first, limit = int(parameters.get("offset", 0)), int(parameters.get("limit", 100))
    if not 0 < limit <= _MOST_ROWS or first < 0:
        raise BackpackError("INVALID_RANGE", "Invalid limit or offset")
    return ordered[first : first + limit]


def _number(parameters: Parameters, name: str) -> Decimal:
    """A decimal, which stands in quotes."""
    value = parameters[name]
    if not isinstance(value, str) or not Decimal(value).is_finite():
        raise BackpackError("INVALID_CLIENT_REQUEST", f"failed to parse `{name}`: expected a decimal string")
    return Decimal(value)


def _flag(parameters: Parameters, name: str) -> bool:
    """A boolean, which does not stand in quotes."""
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise BackpackError("INVALID_CLIENT_REQUEST", f"failed to parse `{name}`: expected a boolean")
    return value


def _client_id(parameters: Parameters) -> str:
    """A number of 32 bits; empty when there is none."""
    value = parameters.get("clientId")
    if value is None:
        return ""
    if isinstance(value, bool) or not 0 <= int(value) < _CLIENT_IDS:
        raise BackpackError("INVALID_CLIENT_REQUEST", "failed to parse `clientId`: expected uint32")
    return str(int(value))

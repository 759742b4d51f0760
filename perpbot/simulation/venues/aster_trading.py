"""Aster's private REST endpoints."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Side
from perpbot.model.money import plain
from perpbot.simulation.venues import aster_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.aster_words import LIFETIMES, REFUSALS, AsterError, Words, ms
from perpbot.simulation.venues.orders import Lifetime, Refusal, RefusedError, Status, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.aster import Aster

Parameters = Mapping[str, str]
Handler = Callable[[Parameters, int], Any]

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_DONE = {"code": 200, "msg": "success"}
_MOST_IN_BATCH = 5


class AsterTrading:
    """What the owner of the account may ask, by method and path."""

    def __init__(self, venue: "Aster") -> None:
        self._venue = venue
        self.handlers: dict[tuple[str, str], Handler] = {
            ("POST", "order"): self._place,
            ("GET", "order"): self._order,
            ("DELETE", "order"): self._cancel,
            ("POST", "batchOrders"): self._place_batch,
            ("DELETE", "batchOrders"): self._cancel_batch,
            ("DELETE", "allOpenOrders"): self._cancel_all,
            ("POST", "countdownCancelAll"): self._countdown,
            ("GET", "openOrder"): self._open_order,
            ("GET", "openOrders"): self._open_orders,
            ("GET", "allOrders"): self._all_orders,
            ("GET", "userTrades"): self._fills,
            ("GET", "income"): self._income,
            ("GET", "balance"): lambda _parameters, now_ns: self._balances(now_ns),
            ("GET", "account"): self._account,
            ("GET", "accountWithJoinMargin"): self._account,
            ("GET", "positionRisk"): self._positions,
            ("POST", "leverage"): self._leverage,
            ("POST", "marginType"): lambda _parameters, _now_ns: _DONE,
            ("GET", "positionSide/dual"): lambda _parameters, _now_ns: {"dualSidePosition": False},
            ("POST", "positionSide/dual"): lambda _parameters, _now_ns: _DONE,
            ("GET", "multiAssetsMargin"): lambda _parameters, _now_ns: {"multiAssetsMargin": False},
            ("GET", "commissionRate"): self._fees,
            ("GET", "leverageBracket"): self._brackets,
            ("GET", "builder"): lambda _parameters, _now_ns: [],
            ("POST", "noop"): lambda _parameters, _now_ns: _DONE,
            ("POST", "listenKey"): lambda _parameters, now_ns: {"listenKey": venue.renew_listen_key(now_ns)},
            ("PUT", "listenKey"): self._keep_alive,
            ("DELETE", "listenKey"): self._close_stream,
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    # -- orders --------------------------------------------------------------------------------------------------

    def _place(self, parameters: Parameters, now_ns: int) -> Words:
        try:
            order = self._venue.place(self._ticket(parameters, now_ns), now_ns)
        except RefusedError as error:
            raise AsterError(*REFUSALS[error.refusal]) from error
        final = parameters.get("newOrderRespType") == "RESULT"
        return words.order_words(order) if final else words.acknowledgement(order)

    def _ticket(self, parameters: Parameters, now_ns: int) -> Ticket:
        symbol, kind = self._venue.data.symbol(parameters), _needed(parameters, "type")
        if kind not in {"LIMIT", "MARKET"}:
            raise AsterError(-1116, "Invalid orderType.")
        side = _needed(parameters, "side")
        if side not in Side.__members__:
            raise AsterError(-1117, "Invalid side.")
        lifetime = _needed(parameters, "timeInForce") if kind == "LIMIT" else "IOC"
        if lifetime not in LIFETIMES:
            raise AsterError(-1115, "Invalid timeInForce.")
        client_id = parameters.get("newClientOrderId") or f"sim_{now_ns}_{self._venue.engine.next_order_id}"
        if not _CLIENT_ID.fullmatch(client_id):
            raise AsterError(-1100, "Illegal characters found in parameter 'newClientOrderId'.")
        return Ticket(
            account=ACCOUNT,
            symbol=symbol,
            side=Side[side],
            size=_number(parameters, "quantity"),
            price=_number(parameters, "price") if kind == "LIMIT" else None,
            lifetime=LIFETIMES[lifetime] if kind == "LIMIT" else Lifetime.IOC,
            reduce_only=_flag(parameters, "reduceOnly"),
            client_id=client_id,
        )

    def _place_batch(self, parameters: Parameters, now_ns: int) -> list[Words]:
        batch = msgspec.json.decode(_needed(parameters, "batchOrders"))
        return [self._tried(self._place, each, now_ns) for each in batch[:_MOST_IN_BATCH]]

    def _cancel(self, parameters: Parameters, now_ns: int) -> Words:
        order = self._find(parameters)
        try:
            if order is None:
                raise RefusedError(Refusal.UNKNOWN_ORDER)
            self._venue.engine.cancel(ACCOUNT, order.id, now_ns)
        except RefusedError as error:
            raise AsterError(*REFUSALS[error.refusal]) from error
        return words.order_words(order)

    def _cancel_batch(self, parameters: Parameters, now_ns: int) -> list[Words]:
        symbol = self._venue.data.symbol(parameters)
        asked = [
            {"symbol": symbol, name: str(each)}
            for parameter, name in (("orderIdList", "orderId"), ("origClientOrderIdList", "origClientOrderId"))
            for each in msgspec.json.decode(parameters.get(parameter, "[]"))
        ]
        return [self._tried(self._cancel, each, now_ns) for each in asked]

    def _cancel_all(self, parameters: Parameters, now_ns: int) -> Words:
        self._venue.engine.cancel_all(ACCOUNT, self._venue.data.symbol(parameters), now_ns)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _countdown(self, parameters: Parameters, now_ns: int) -> Words:
        symbol, countdown_ms = self._venue.data.symbol(parameters), int(_needed(parameters, "countdownTime"))
        at_ns = now_ns + countdown_ms * NS_PER_MS if countdown_ms else None
        self._venue.set_deadline(ACCOUNT, symbol, at_ns)
        return {"symbol": symbol, "countdownTime": str(countdown_ms)}

    def _tried(self, act: Handler, parameters: Parameters, now_ns: int) -> Words:
        """One of a batch: what came of it, or why nothing did."""
        try:
            return dict(act({name: _text(value) for name, value in parameters.items()}, now_ns))
        except AsterError as error:
            return error.words()

    def _find(self, parameters: Parameters) -> VenueOrder | None:
        symbol = self._venue.data.symbol(parameters)
        if "orderId" in parameters:
            order = self.account.orders.get(int(parameters["orderId"]))
        elif "origClientOrderId" in parameters:
            order = self.account.by_client.get(parameters["origClientOrderId"])
        else:
            raise AsterError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
        return order if order is not None and order.symbol == symbol else None

    def _order(self, parameters: Parameters, _now_ns: int) -> Words:
        order = self._find(parameters)
        if order is None:
            raise AsterError(-2013, "Order does not exist.")
        return words.order_words(order)

    def _open_order(self, parameters: Parameters, _now_ns: int) -> Words:
        order = self._find(parameters)
        if order is None or order.status is not Status.OPEN:
            raise AsterError(-2013, "Order does not exist.")
        return words.order_words(order)

    def _open_orders(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        wanted = self._venue.data.symbol(parameters) if "symbol" in parameters else None
        return [words.order_words(each) for each in self.account.open_orders if wanted in {None, each.symbol}]

    def _all_orders(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        """Oldest first: from an id on, or the most recent ones of a period."""
        symbol, begin, end, limit = self._period(parameters)
        first = int(parameters.get("orderId", 0))
        orders = [
            each
            for each in self.account.orders.values()
            if each.symbol == symbol and each.id >= first and begin <= ms(each.created_ns) <= end
        ]
        chosen = orders[:limit] if first else orders[-limit:]
        return [words.order_words(each) for each in chosen]

    def _fills(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        """Oldest first: from an id on, the first ones since a time, or the most recent ones."""
        symbol, begin, end, limit = self._period(parameters)
        first = int(parameters.get("fromId", 0))
        fills = [
            each
            for each in self.account.executions
            if each.symbol == symbol and each.id >= first and begin <= ms(each.time_ns) <= end
        ]
        chosen = fills[:limit] if first or begin else fills[-limit:]
        return [words.fill_words(each) for each in chosen]

    def _period(self, parameters: Parameters) -> tuple[str, int, int, int]:
        begin, end = int(parameters.get("startTime", 0)), int(parameters.get("endTime", 10**15))
        return self._venue.data.symbol(parameters), begin, end, min(1000, int(parameters.get("limit", 500)))

    # -- account -------------------------------------------------------------------------------------------------

    def _income(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        begin, end = int(parameters.get("startTime", 0)), int(parameters.get("endTime", 10**15))
        kind, symbol = parameters.get("incomeType"), parameters.get("symbol")
        rows = [
            each
            for each in words.income_words(self.account)
            if begin <= each["time"] <= end and kind in {None, each["incomeType"]} and symbol in {None, each["symbol"]}
        ]
        limit = min(1000, int(parameters.get("limit", 100)))
        return rows[:limit] if begin else rows[-limit:]

    def _balances(self, now_ns: int) -> list[Words]:
        account = self.account
        others = (words.coin_words(account, coin, now_ns) for coin in account.cash if coin != account.currency)
        return [words.balance_words(account, self._venue.engine.marks, now_ns), *others]

    def _positions(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        symbols = [self._venue.data.symbol(parameters)] if "symbol" in parameters else list(self._venue.coins)
        account, marks = self.account, self._venue.engine.marks
        return [
            words.position_words(self._venue.instrument(symbol), account.position(symbol), account, marks[symbol])
            for symbol in symbols
        ]

    def _account(self, _parameters: Parameters, now_ns: int) -> Words:
        return words.account_words(self._positions({}, now_ns), self.account, self._venue.engine.marks, now_ns)

    def _leverage(self, parameters: Parameters, _now_ns: int) -> Words:
        symbol, leverage = self._venue.data.symbol(parameters), _number(parameters, "leverage")
        try:
            self._venue.engine.set_leverage(ACCOUNT, symbol, leverage)
        except RefusedError as error:
            raise AsterError(*REFUSALS[error.refusal]) from error
        return {"leverage": int(leverage), "maxNotionalValue": "1000000", "symbol": symbol}

    def _fees(self, parameters: Parameters, _now_ns: int) -> Words:
        instrument = self._venue.instrument(self._venue.data.symbol(parameters))
        maker, taker = plain(instrument.maker_fee), plain(instrument.taker_fee)
        return {"symbol": instrument.native, "makerCommissionRate": maker, "takerCommissionRate": taker}

    def _brackets(self, _parameters: Parameters, _now_ns: int) -> list[Words]:
        return [
            {
                "symbol": each.native,
                "brackets": [
                    {
                        "bracket": 1,
                        "initialLeverage": int(each.max_leverage),
                        "notionalCap": 20_000_000,
                        "notionalFloor": 0,
                        "maintMarginRatio": 0.005,
                        "cum": 0,
                    }
                ],
            }
            for each in self._venue.engine.instruments
        ]

    def _keep_alive(self, _parameters: Parameters, now_ns: int) -> Words:
        if self._venue.listen_key(now_ns) is None:
            raise AsterError(-1125, "This listenKey does not exist.")
        self._venue.renew_listen_key(now_ns)
        return {}

    def _close_stream(self, _parameters: Parameters, _now_ns: int) -> Words:
        self._venue.drop_listen_key()
        return {}


def _needed(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise AsterError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return value


def _number(parameters: Parameters, name: str) -> Decimal:
    try:
        number = Decimal(_needed(parameters, name))
    except InvalidOperation as error:
        raise AsterError(-1100, f"Illegal characters found in parameter '{name}'.") from error
    if not number.is_finite() or number < 0:
        raise AsterError(-4003, "Quantity less than zero.")
    return number


def _flag(parameters: Parameters, name: str) -> bool:
    """``true`` or ``false`` in lower case, as the venue documents; Python's own spelling is refused."""
    value = parameters.get(name, "false")
    if value not in {"true", "false"}:
        raise AsterError(-1100, f"Illegal characters found in parameter '{name}'; legal range is 'true, false'.")
    return value == "true"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""OKX's private REST endpoints, which its private WebSocket shares for placing and cancelling orders."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar

from perpbot.clock import NS_PER_MS, NS_PER_SECOND
from perpbot.model.instrument import Side
from perpbot.model.money import plain
from perpbot.simulation.venues import okx_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.okx_words import LIFETIMES, REFUSALS, OkxError, Words
from perpbot.simulation.venues.orders import Execution, Refusal, RefusedError, Status, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.okx import Okx

Parameters = Mapping[str, Any]
Handler = Callable[[Any, int], list[Words]]
Record = TypeVar("Record")

_PAGE = 100
_MOST_IN_BATCH = 20


class OkxTrading:
    """What the owner of the account may ask."""

    def __init__(self, venue: "Okx") -> None:
        self._venue = venue

    def readers(self) -> dict[str, Handler]:
        """Handlers of GET requests by path."""
        return {
            "account/balance": self._balance,
            "account/positions": self._positions,
            "account/config": self._config,
            "account/instruments": self._instruments,
            "account/leverage-info": self._leverage,
            "account/trade-fee": self._fees,
            "account/bills": self._bills,
            "account/bills-archive": self._bills,
            "asset/currencies": self._currencies,
            "asset/balances": lambda _parameters, _now_ns: [],
            "trade/order": self._order,
            "trade/orders-pending": self._pending,
            "trade/orders-history": self._history,
            "trade/orders-history-archive": self._history,
            "trade/fills": self._fills,
            "trade/fills-history": self._fills,
        }

    def writers(self) -> dict[str, Handler]:
        """Handlers of POST requests by path."""
        return {
            "trade/order": lambda body, now_ns: [self.place(body, now_ns)],
            "trade/batch-orders": lambda body, now_ns: [self.place(each, now_ns) for each in body[:_MOST_IN_BATCH]],
            "trade/cancel-order": lambda body, now_ns: [self.cancel(body, now_ns)],
            "trade/cancel-batch-orders": lambda body, now_ns: [
                self.cancel(each, now_ns) for each in body[:_MOST_IN_BATCH]
            ],
            "trade/amend-order": lambda body, now_ns: [self.amend(body, now_ns)],
            "trade/cancel-all-after": self._cancel_all_after,
            "account/set-leverage": self._set_leverage,
            "account/set-position-mode": lambda body, _now_ns: [{"posMode": body.get("posMode", "net_mode")}],
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    # -- orders --------------------------------------------------------------------------------------------------

    def place(self, body: Parameters, now_ns: int) -> Words:
        """Place one order; what came of it stands under ``sCode`` and ``sMsg``."""
        client_id = str(body.get("clOrdId", ""))
        reply = {"clOrdId": client_id, "tag": body.get("tag", ""), "ts": words.ms(now_ns)}
        try:
            order = self._venue.place(self._ticket(body), now_ns)
        except RefusedError as error:
            code, message = REFUSALS[error.refusal]
            return {**reply, "ordId": "", "sCode": code, "sMsg": message}
        except (ValueError, KeyError, InvalidOperation):
            return {**reply, "ordId": "", "sCode": "51000", "sMsg": "Parameter error"}
        return {**reply, "ordId": str(order.id), "sCode": "0", "sMsg": "Order placed"}

    def cancel(self, body: Parameters, now_ns: int) -> Words:
        """Cancel one order by either id."""
        reply = {"clOrdId": body.get("clOrdId", ""), "ordId": body.get("ordId", ""), "ts": words.ms(now_ns)}
        order = self._find(body)
        try:
            if order is None:
                raise RefusedError(Refusal.UNKNOWN_ORDER)
            self._venue.engine.cancel(ACCOUNT, order.id, now_ns)
        except RefusedError as error:
            code, message = REFUSALS[error.refusal]
            return {**reply, "sCode": code, "sMsg": message}
        return {**reply, "ordId": str(order.id), "clOrdId": order.client_id, "sCode": "0", "sMsg": ""}

    def amend(self, body: Parameters, now_ns: int) -> Words:
        """Amend one order; the answer is its acknowledgement with a code of its own."""
        answer = {"clOrdId": str(body.get("clOrdId", "")), "ordId": str(body.get("ordId", "")), "reqId": ""}
        order = self._find(body)
        try:
            if order is None or order.price is None:
                raise RefusedError(Refusal.UNKNOWN_ORDER)
            grid = self._venue.instrument(order.symbol)
            size = grid.quantity(_number(body["newSz"])) if body.get("newSz") else order.size
            price = _number(body["newPx"]) if body.get("newPx") else order.price
            self._venue.engine.amend(ACCOUNT, order.id, size, price, now_ns)
        except RefusedError as error:
            code, message = REFUSALS[error.refusal]
            return {**answer, "sCode": code, "sMsg": message}
        return {**answer, "ordId": str(order.id), "sCode": "0", "sMsg": ""}

    def order_words(self, order: VenueOrder, fill: Execution | None = None) -> Words:
        """An order with its latest fill, or with `fill`."""
        account = self.account
        if fill is None and order.filled:
            fill = next(each for each in reversed(account.executions) if each.order_id == order.id)
        return words.order_words(self._venue.instrument(order.symbol), order, account.leverage[order.symbol], fill)

    def _ticket(self, body: Parameters) -> Ticket:
        symbol, kind = str(body["instId"]), str(body["ordType"])
        if symbol not in self._venue.coins:
            raise RefusedError(Refusal.SYMBOL)
        if body.get("tdMode") not in {"cross", "isolated"} or body.get("posSide", "net") not in {"net", ""}:
            raise ValueError("tdMode or posSide")
        client_id = str(body.get("clOrdId", ""))
        if client_id and not (client_id.isascii() and client_id.isalnum() and len(client_id) <= 32):  # noqa: PLR2004
            raise ValueError("clOrdId")
        at_market = kind in {"market", "optimal_limit_ioc"}
        return Ticket(
            account=ACCOUNT,
            symbol=symbol,
            side=Side(body["side"]),
            size=self._venue.instrument(symbol).quantity(_number(body["sz"])),
            price=None if at_market else _number(body["px"]),
            lifetime=LIFETIMES[kind],
            reduce_only=str(body.get("reduceOnly", "false")).lower() == "true",
            client_id=client_id,
        )

    def _find(self, body: Parameters) -> VenueOrder | None:
        if body.get("ordId"):
            order = self.account.orders.get(int(body["ordId"])) if str(body["ordId"]).isdigit() else None
        else:
            order = self.account.by_client.get(str(body.get("clOrdId", "")))
        return order if order is not None and order.symbol == body.get("instId") else None

    def _order(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        order = self._find(parameters)
        if order is None:
            raise OkxError("51603", "Order does not exist")
        return [self.order_words(order)]

    def _pending(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        orders = [each for each in self.account.open_orders[::-1] if _wanted(parameters, each.symbol)]
        return [self.order_words(each) for each in _page(orders, parameters, _order_key)]

    def _history(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        orders = [
            each
            for each in list(self.account.orders.values())[::-1]
            if each.status is not Status.OPEN and _wanted(parameters, each.symbol)
        ]
        return [self.order_words(each) for each in _page(orders, parameters, _order_key)]

    def _fills(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        order_id = parameters.get("ordId")
        fills = [
            each
            for each in self.account.executions[::-1]
            if _wanted(parameters, each.symbol) and order_id in {None, str(each.order_id)}
        ]
        page = _page(fills, parameters, lambda each: (each.id, each.time_ns))
        return [words.fill_words(self._venue.instrument(each.symbol), each) for each in page]

    def _cancel_all_after(self, body: Parameters, now_ns: int) -> list[Words]:
        seconds = int(body["timeOut"])
        if seconds and not 10 <= seconds <= 120:  # noqa: PLR2004 - the bounds OKX documents
            raise OkxError("51000", "Parameter timeOut error", 400)
        at_ns = now_ns + seconds * NS_PER_SECOND if seconds else None
        self._venue.set_deadline(ACCOUNT, None, at_ns)
        return [{"triggerTime": words.ms(at_ns) if at_ns else "0", "tag": "", "ts": words.ms(now_ns)}]

    # -- account -------------------------------------------------------------------------------------------------

    def balance_words(self, now_ns: int) -> Words:
        """The account's totals and its one currency."""
        return words.balance_words(self.account, self._venue.engine.marks, now_ns)

    def position_words(self, symbol: str, now_ns: int) -> Words:
        """The position in one market, flat or not."""
        account, mark = self.account, self._venue.engine.marks[symbol]
        return words.position_words(self._venue.instrument(symbol), account.position(symbol), account, mark, now_ns)

    def open_positions(self) -> list[str]:
        """Markets with a position."""
        return [symbol for symbol, held in self.account.positions.items() if held.size]

    def _balance(self, _parameters: Parameters, now_ns: int) -> list[Words]:
        return [self.balance_words(now_ns)]

    def _positions(self, parameters: Parameters, now_ns: int) -> list[Words]:
        wanted = parameters["instId"].split(",") if parameters.get("instId") else self._venue.coins
        return [self.position_words(symbol, now_ns) for symbol in self.open_positions() if symbol in wanted]

    def _config(self, _parameters: Parameters, _now_ns: int) -> list[Words]:
        uid = str(int(self._venue.world.id, 16))
        facts = {"acctLv": "2", "posMode": "net_mode", "autoLoan": False, "greeksType": "PA", "level": "Lv1"}
        return [{"uid": uid, "mainUid": uid, **facts, "perm": "read_only,trade", "ctIsoMode": "automatic", "label": ""}]

    def _instruments(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        wanted = parameters.get("instId")
        return [
            self._venue.data.instrument_words(self._venue.instrument(symbol))
            for symbol in self._venue.coins
            if wanted in {None, symbol}
        ]

    def _leverage(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        leverage, mode = self.account.leverage, parameters.get("mgnMode", "cross")
        return [
            {"instId": symbol, "mgnMode": mode, "posSide": "net", "lever": plain(leverage[symbol])}
            for symbol in str(parameters.get("instId", "")).split(",")
            if symbol in leverage
        ]

    def _set_leverage(self, body: Parameters, _now_ns: int) -> list[Words]:
        symbol, leverage = str(body["instId"]), _number(body["lever"])
        try:
            self._venue.engine.set_leverage(ACCOUNT, symbol, leverage)
        except RefusedError as error:
            raise OkxError(*REFUSALS[error.refusal]) from error
        return [{"instId": symbol, "lever": plain(leverage), "mgnMode": body.get("mgnMode", "cross"), "posSide": "net"}]

    def _fees(self, _parameters: Parameters, now_ns: int) -> list[Words]:
        instrument = next(iter(self._venue.engine.instruments))
        maker, taker = plain(-instrument.maker_fee), plain(-instrument.taker_fee)
        rates = {"maker": maker, "taker": taker, "makerU": maker, "takerU": taker}
        return [{"instType": "SWAP", "level": "Lv1", "category": "1", **rates, "ts": words.ms(now_ns)}]

    def _bills(self, parameters: Parameters, _now_ns: int) -> list[Words]:
        if parameters.get("type", "8") != "8":
            return []
        paid = [each for each in self.account.funding[::-1] if _wanted(parameters, each.symbol)]
        page = _page(paid, parameters, lambda each: (each.id, each.time_ns))
        return [words.funding_words(self._venue.instrument(each.symbol), each) for each in page]

    def _currencies(self, _parameters: Parameters, _now_ns: int) -> list[Words]:
        network = {"chain": "USDT-TRC20", "canDep": True, "canWd": True, "canInternal": True, "mainNet": True}
        amounts = {"minFee": "0.8", "maxFee": "1.6", "minWd": "2", "maxWd": "100000", "wdTickSz": "3"}
        return [{"ccy": "USDT", "name": "Tether", "logoLink": "", **network, **amounts}]


def _number(value: object) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{value} is not a number")
    return number


def _wanted(parameters: Parameters, symbol: str) -> bool:
    return parameters.get("instId") in {None, "", symbol}


def _order_key(order: VenueOrder) -> tuple[int, int]:
    return order.id, order.created_ns


def _page(
    records: Iterable[Record], parameters: Parameters, key: Callable[[Record], tuple[int, int]]
) -> Sequence[Record]:
    """Records newest first: older than id ``after``, newer than id ``before``, from ``begin`` to ``end``."""
    after, before = int(parameters.get("after") or 10**18), int(parameters.get("before") or -1)
    begin, end = int(parameters.get("begin") or 0), int(parameters.get("end") or 10**15)
    limit = min(int(parameters.get("limit") or _PAGE), _PAGE)
    page = []
    for record in records:
        number, time_ns = key(record)
        if before < number < after and begin <= time_ns // NS_PER_MS <= end:
            page.append(record)
    return page[:limit]

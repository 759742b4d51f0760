"""Paradex's private REST endpoints.

An order is answered as soon as it is well formed and signed; whether there is margin for it, a position to reduce or
anybody to trade with is found later, and told by the stream.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from perpbot.model.instrument import Side
from perpbot.model.money import plain
from perpbot.simulation.venues import paradex_words as words
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.orders import Execution, Lifetime, Refusal, RefusedError, Ticket, VenueOrder
from perpbot.simulation.venues.paradex_data import Handler
from perpbot.simulation.venues.paradex_words import LATER, LIFETIMES, REFUSALS, ParadexError, Words
from perpbot.simulation.venues.starknet import is_signed
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.paradex import Paradex

Parameters = Mapping[str, Any]
Record = TypeVar("Record")

_ORDER = "Order(timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt)"
_UNIT = 10**8
_PAGE = 100
_SHORTEST_WINDOW_MS = 10


class ParadexTrading:
    """What the owner of the account may ask."""

    def __init__(self, venue: "Paradex") -> None:
        self._venue = venue

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path; ``*`` stands for the path's last part."""
        return {
            ("GET", "account"): lambda _rest, _parameters, now_ns: self.account_words(now_ns),
            ("GET", "account/info"): self._info,
            ("GET", "account/margin"): self._margin,
            ("POST", "account/margin/*"): self._set_margin,
            ("GET", "balance"): self._balance,
            ("GET", "positions"): self._positions,
            ("GET", "fills"): self._fills,
            ("GET", "funding/payments"): self._payments,
            ("GET", "orders"): self._open_orders,
            ("GET", "orders-history"): self._history,
            ("GET", "orders/*"): self._order,
            ("GET", "orders/by_client_id/*"): self._open_order,
            ("POST", "orders"): self._place,
            ("DELETE", "orders"): self._cancel_all,
            ("DELETE", "orders/*"): lambda rest, _parameters, now_ns: self._cancel(self._by_id(rest), now_ns),
            ("DELETE", "orders/by_client_id/*"): lambda rest, _parameters, now_ns: self._cancel(
                self._by_client(rest), now_ns
            ),
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    # -- orders --------------------------------------------------------------------------------------------------

    def _place(self, _rest: str, body: Parameters, now_ns: int) -> Words:
        self._check(body, now_ns)
        ticket = self._ticket(body)
        try:
            order = self._venue.place(ticket, now_ns)
        except RefusedError as error:
            if error.refusal not in LATER:
                raise ParadexError(*REFUSALS[error.refusal]) from error
            order = self._venue.engine.turn_down(ticket, LATER[error.refusal], now_ns)
        return words.taken_words(order, self._venue.address)

    def _check(self, body: Parameters, now_ns: int) -> None:
        stamp, window = int(body["signature_timestamp"]), body.get("recv_window")
        if window is not None and int(window) < _SHORTEST_WINDOW_MS:
            raise ParadexError("VALIDATION_ERROR", "recv_window must be at least 10 ms")
        if window is not None and words.ms(now_ns) > stamp + int(window):
            raise ParadexError("VALIDATION_ERROR", "order was received after its recv_window")
        values = [stamp, body["market"], {"BUY": 1, "SELL": 2}[body["side"]], body["type"]]
        values += [_scaled(body["size"]), 0 if body["type"] == "MARKET" else _scaled(body["price"])]
        message = self._venue.message(_ORDER, values)
        if not is_signed(message, body["signature"], self._venue.key):
            raise ParadexError("INVALID_ORDER_SIGNATURE", "order signature does not match")

    def _ticket(self, body: Parameters) -> Ticket:
        market, at_market = body["market"], body["type"] == "MARKET"
        if market not in self._venue.coins:
            raise ParadexError(*REFUSALS[Refusal.SYMBOL])
        if body["type"] not in {"LIMIT", "MARKET"}:
            raise ParadexError("VALIDATION_ERROR", f"order type {body['type']} is not simulated")
        return Ticket(
            account=ACCOUNT,
            symbol=market,
            side=Side(body["side"].lower()),
            size=Decimal(body["size"]),
            price=None if at_market else Decimal(body["price"]),
            lifetime=Lifetime.IOC if at_market else LIFETIMES[body["instruction"]],
            reduce_only="REDUCE_ONLY" in body.get("flags", []),
            client_id=str(body.get("client_id", "")),
        )

    def _cancel(self, order: VenueOrder, now_ns: int) -> None:
        try:
            self._venue.engine.cancel(ACCOUNT, order.id, now_ns)
        except RefusedError as error:
            raise ParadexError(*REFUSALS[error.refusal]) from error

    def _cancel_all(self, _rest: str, parameters: Parameters, now_ns: int) -> None:
        self._venue.engine.cancel_all(ACCOUNT, parameters.get("market"), now_ns)

    def _by_id(self, text: str) -> VenueOrder:
        order = self.account.orders.get(int(text)) if text.isdigit() else None
        if order is None:
            raise ParadexError(*REFUSALS[Refusal.UNKNOWN_ORDER])
        return order

    def _by_client(self, client_id: str) -> VenueOrder:
        order = self.account.by_client.get(client_id)
        if order is None:
            raise ParadexError("CLIENT_ORDER_ID_NOT_FOUND", "order not found")
        return order

    def _words(self, order: VenueOrder) -> Words:
        return words.order_words(order, self._venue.address)

    def _order(self, rest: str, _parameters: Parameters, _now_ns: int) -> Words:
        return self._words(self._by_id(rest))

    def _open_order(self, rest: str, _parameters: Parameters, _now_ns: int) -> Words:
        """An order by the client's id, as long as it is open."""
        order = self._by_client(rest)
        if order not in self.account.open_orders:
            raise ParadexError("CLIENT_ORDER_ID_NOT_FOUND", "order not found")
        return self._words(order)

    def _open_orders(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        found = [each for each in self.account.open_orders if _wanted(parameters, each.symbol)]
        return {"results": [self._words(each) for each in found]}

    def _history(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        client_id = parameters.get("client_id")
        found = [
            each
            for each in list(self.account.orders.values())[::-1]
            if _wanted(parameters, each.symbol) and client_id in {None, each.client_id}
        ]
        return _page(found, parameters, lambda each: (each.id, each.created_ns), self._words)

    # -- account -------------------------------------------------------------------------------------------------

    def account_words(self, now_ns: int) -> Words:
        """The account's collateral and margins."""
        return words.account_words(self.account, self._venue.engine.marks, self._venue.address, now_ns)

    def position_words(self, symbol: str, now_ns: int) -> Words:
        """The position in one market, open or closed."""
        venue, account = self._venue, self.account
        held, mark = account.position(symbol), venue.engine.marks[symbol]
        return words.position_words(venue.instrument(symbol), held, account, mark, venue.address, now_ns)

    def fill_words(self, fill: Execution) -> Words:
        """A fill."""
        filled = [each for each in self.account.executions if each.order_id == fill.order_id and each.id <= fill.id]
        left = self.account.orders[fill.order_id].size - sum(each.size for each in filled)
        return words.fill_words(fill, Decimal(left))

    def _info(self, _rest: str, _parameters: Parameters, _now_ns: int) -> Words:
        instrument = next(iter(self._venue.engine.instruments))
        fees = {"maker_rate": plain(instrument.maker_fee), "taker_rate": plain(instrument.taker_fee)}
        return {"results": [{"account": self._venue.address, "kind": "main", "fees": fees}]}

    def _margin(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        configs = [
            {"market": symbol, "leverage": int(leverage), "margin_type": "CROSS"}
            for symbol, leverage in self.account.leverage.items()
            if _wanted(parameters, symbol)
        ]
        return {"account": self._venue.address, "configs": configs}

    def _set_margin(self, rest: str, body: Parameters, _now_ns: int) -> Words:
        try:
            self._venue.engine.set_leverage(ACCOUNT, rest, Decimal(body["leverage"]))
        except RefusedError as error:
            raise ParadexError(*REFUSALS[error.refusal]) from error
        return {"account": self._venue.address, "market": rest, "leverage": int(body["leverage"])}

    def _balance(self, _rest: str, _parameters: Parameters, now_ns: int) -> Words:
        account = self.account
        row = {"token": account.currency, "size": plain(account.balance), "last_updated_at": words.ms(now_ns)}
        return {"results": [row]}

    def _positions(self, _rest: str, _parameters: Parameters, now_ns: int) -> Words:
        held = [symbol for symbol, position in self.account.positions.items() if position.size]
        return {"results": [self.position_words(symbol, now_ns) for symbol in held]}

    def _fills(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        found = [each for each in self.account.executions[::-1] if _wanted(parameters, each.symbol)]
        return _page(found, parameters, lambda each: (each.id, each.time_ns), self.fill_words)

    def _payments(self, _rest: str, parameters: Parameters, _now_ns: int) -> Words:
        found = [each for each in self.account.funding[::-1] if _wanted(parameters, each.symbol)]
        address = self._venue.address
        return _page(
            found, parameters, lambda each: (each.id, each.time_ns), lambda each: words.funding_words(each, address)
        )


def _scaled(text: str) -> int:
    return int(Decimal(text) * _UNIT)


def _wanted(parameters: Parameters, symbol: str) -> bool:
    return parameters.get("market") in {None, "", symbol}


def _page(
    records: Iterable[Record],
    parameters: Parameters,
    key: Callable[[Record], tuple[int, int]],
    write: Callable[[Record], Words],
) -> Words:
    """Records newest first, from ``start_at`` to ``end_at``, going on below the id that ``cursor`` names."""
    below = int(parameters.get("cursor") or 10**18)
    start, end = int(parameters.get("start_at") or 0), int(parameters.get("end_at") or 10**15)
    size = min(int(parameters.get("page_size") or _PAGE), _PAGE)
    found = []
    for record in records:
        number, time_ns = key(record)
        if number < below and start <= words.ms(time_ns) <= end:
            found.append((number, record))
    onward = str(found[size - 1][0]) if len(found) > size else None
    return {"next": onward, "prev": None, "results": [write(record) for _, record in found[:size]]}

"""What somebody else holds or has waiting in our account, made ours by an operator: closed, and cancelled."""

import re
from decimal import Decimal
from typing import Any

import attrs

from actors.order_requests import AdoptPosition
from actors.positions import Mismatch, PositionsView, TakeMismatch
from actors.waiting_orders import CancelOthersOrders, ReadOthersOrders
from perpbot.clock import wall_ns
from perpbot.control.arguments import Args, BadRequestError, meant
from perpbot.control.declaring import declare_over, in_flight
from perpbot.control.handling import NotDoneError
from perpbot.execution.foreign import adopted_fill
from perpbot.model.money import ZERO, Price, Quantity, plain
from perpbot.model.order import OrderUpdate, Position
from perpbot.program import Program
from perpbot.venues.cancelling import Cancelled
from supervisors import addresses

PATIENCE_S = 15.0
_PRICE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,40})?")
"""Digits and a point only, so that no price means something else than it seems to."""


def adopt(program: Program, args: Args) -> Any:
    """Say what is not ours at a venue in a symbol and, with ``yes``, make it ours.

    With ``price`` that is what a coin of it cost or, where a position of ours is gone, brought. With ``quantity``, as
    it was told, it is done only while that is what is there: who confirms has seen what was there a while ago.
    Our own orders in flight in a symbol that the venue does not list, so that it cannot be asked for them, are over.
    """
    place, price = _place(program, args), _price(args)
    view = program.state().positions
    difference = _difference(view, place)
    orders, unasked = _others(program, place), in_flight(program, place.key)
    if difference is None and not orders and not unasked:
        raise BadRequestError(
            f"nothing foreign at {place.venue} in {place.symbol}: it holds what our fills say, and no order waits "
            f"there that is not ours. A difference counts when two readings of the account agree on it"
        )
    _check_told(args, difference)
    cost = None if difference is None or view is None else _cost(difference, view, price)
    mark = None if view is None else view.marks.get(place.symbol)
    currency = "" if view is None else view.currencies.get((place.venue, place.symbol), "")
    found = {
        "venue": place.venue,
        "symbol": place.symbol,
        "quantity": None if difference is None else plain(difference.quantity),
        "price": None if cost is None else plain(cost),
        "mark": None if mark is None else plain(mark),
        "orders": [each.client_id or each.venue_order_id for each in orders],
        "in_flight": unasked,
    }
    if not meant(args):
        return {**found, "done": False}
    if view is not None and (difference is not None or unasked):
        _check_listed(program, place, view)
    if difference is not None and (cost is None or not currency):
        raise BadRequestError(f"there is no price of {place.symbol} to value it at; ask again when there is")
    cancelled = _cancel(program, place) if orders else None
    ended = declare_over(program, place.key, view) if view is not None and unasked else []
    trades = [] if difference is None or cost is None else _take(program, place, difference, cost, currency)
    return {
        **found,
        "done": True,
        "trades": trades,
        "ended": ended,
        "cancelled": None if cancelled is None else attrs.asdict(cancelled),
    }


@attrs.frozen
class _Place:
    venue: str
    account: str
    symbol: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.venue, self.account, self.symbol


def _place(program: Program, args: Args) -> _Place:
    venue, symbol = str(args.get("venue")), str(args.get("symbol"))
    if venue not in program.parts.trading:
        traded = ", ".join(program.parts.trading) or "none"
        raise BadRequestError(f"nothing is traded at {venue!r}; there are {traded}")
    symbols = program.setting.settings.symbols
    if symbol not in symbols:
        raise BadRequestError(
            f"{symbol!r} is not traded here, so that nothing could close it; there are {', '.join(symbols)}"
        )
    return _Place(venue, program.parts.venues[venue].account, symbol)


def _difference(view: PositionsView | None, place: _Place) -> Mismatch | None:
    if view is None:
        raise BadRequestError("the positions are not known at this moment; `perpbot tree /books` shows why")
    return next((each for each in view.mismatches if each.key == place.key), None)


def _others(program: Program, place: _Place) -> list[OrderUpdate]:
    answer = program.system.ref(f"/venues/{place.venue}/trading").ask(ReadOthersOrders(place.symbol), PATIENCE_S)
    if isinstance(answer, Cancelled):
        raise BadRequestError(f"{place.venue} could not be asked for its open orders: {answer.trouble}")
    return list(answer)


def _cancel(program: Program, place: _Place) -> Cancelled:
    connection = program.system.ref(f"/venues/{place.venue}/trading")
    answer: Cancelled = connection.ask(CancelOthersOrders(place.symbol), PATIENCE_S)
    return answer


def _price(args: Args) -> Price | None:
    text = args.get("price")
    if text is None:
        return None
    price = Decimal(text) if isinstance(text, str) and _PRICE.fullmatch(text) else ZERO
    if not price:
        raise BadRequestError(f"the price of a coin must be a number above zero, not {text!r}")
    return Price(price)


def _check_told(args: Args, difference: Mismatch | None) -> None:
    told = args.get("quantity")
    now = "nothing" if difference is None else plain(difference.quantity)
    if told is not None and told != now:
        raise BadRequestError(f"it is {now} by now, not {told}; look again")


def _check_listed(program: Program, place: _Place, view: PositionsView) -> None:
    """What a venue does not list may still be held there, under a name that says nothing to us."""
    if program.parts.venues[place.venue].instruments.symbol(place.symbol) is not None:
        return
    symbols = program.setting.settings.symbols
    strange = [each.key[2] for each in view.mismatches if each.key[0] == place.venue and each.key[2] not in symbols]
    if strange:
        raise BadRequestError(
            f"{place.venue} does not list {place.symbol}, and holds {', '.join(strange)} for us, which may be it: "
            f"close that there by hand first"
        )


def _cost(difference: Mismatch, view: PositionsView, price: Price | None) -> Price | None:
    """What a coin of it cost where the venue says so of nothing but it, else what it is worth; None where unknown."""
    if price is not None:
        return price
    if difference.entry_price is not None and not difference.ours:
        return difference.entry_price
    mark = view.marks.get(difference.key[2])
    return None if mark is None else Price(mark)


def _take(program: Program, place: _Place, seen: Mismatch, price: Price, currency: str) -> list[str]:
    taken = program.system.ref(addresses.POSITIONS).ask(TakeMismatch(place.key, seen.quantity))
    if taken is None:
        raise NotDoneError(
            f"{place.venue} or our fills tell something else than a moment ago: no position was adopted, and orders "
            f"there may be cancelled or declared over; look again"
        )
    quantity = Quantity(seen.quantity)
    position = Position(venue=place.venue, account=place.account, symbol=place.symbol, quantity=quantity)
    fill = adopted_fill(position, price, currency, wall_ns())
    trades: list[str] = program.system.ref(addresses.ORDERS).ask(AdoptPosition(fill))
    return trades

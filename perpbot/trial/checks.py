"""What is checked at a venue, in the order in which it is. Each check says what it saw, or raises."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import attrs
import websocket

from perpbot import clock
from perpbot.model.events import Bar, Event, PublicTrade
from perpbot.model.instrument import Side
from perpbot.model.money import plain, together, written
from perpbot.model.order import Accepted, Fill, Order, OrderStatus, OrderUpdate, TimeInForce
from perpbot.trial.administration import Administration
from perpbot.trial.client import BookStream, Client, TrialError
from perpbot.venues.http import NoAnswerError

SIZE = Decimal("0.01")
"""Coins; a thousand dollars of Bitcoin, less than ten cents of play money in fees."""
ACROSS = Decimal("0.004")
"""So far behind the best price an order surely meets somebody, in a calm market."""
RESTING = Decimal("-0.02")
"""So far before it nobody comes, for as long as a check takes."""
UPDATES = 5
MINUTE_MS = 60_000
T = TypeVar("T")


@attrs.define
class Trial:
    """One venue's trial, and what its checks hand to each other."""

    client: Client
    admin: Administration | None = None
    """How things are made to go wrong; only simulated venues have it."""
    began_ms: int = attrs.field(factory=clock.wall_ms)
    resting: Order | None = None
    taken: Order | None = None
    private: websocket.WebSocket | None = None
    heard: list[Event] = attrs.field(factory=list)

    @property
    def simulation(self) -> Administration:
        """The administration; `TrialError` where nothing can be made to go wrong."""
        return _given(self.admin, "nothing can be made to go wrong at a real venue")


def _given(value: T | None, otherwise: str) -> T:
    if value is None:
        raise TrialError(otherwise)
    return value


def _require(holds: object, otherwise: str) -> None:
    if not holds:
        raise TrialError(otherwise)


# -- market data -----------------------------------------------------------------------------------------------------


def instruments(trial: Trial) -> str:
    """The venue tells its instruments, with grid and costs."""
    number = trial.client.learn_instruments()
    each = trial.client.instrument
    _require(each.tick > 0 and each.lot > 0 and each.funding_hours > 0, f"{each.native} has no grid")
    return f"{number}; {each.native}: tick {plain(each.tick)}, lot {plain(each.lot)}, taker {plain(each.taker_fee)}"


def book(trial: Trial) -> str:
    """The stream builds a book."""
    found = trial.client.book()
    bids, asks = len(found.bids()), len(found.asks())
    return f"{bids} bids, {asks} asks"


def best(trial: Trial) -> str:
    """Best bid and offer move with the stream, and do not cross."""
    stream = trial.client.open_book()
    found = trial.client.follow(stream, lambda each: each.builder.book.valid and each.whole + each.changes >= UPDATES)
    (bid, _), (ask, _) = found.best_bid(), found.best_ask()
    _require(0 < bid < ask, f"bid {bid} and ask {ask} cross")
    stream.socket.close(timeout=0)
    return f"{plain(bid)} / {plain(ask)}"


def tape(trial: Trial) -> str:
    """Trades between others come by the stream, and bars of a minute where it has them."""
    seen = trial.client.tape()
    return ", ".join(map(_told, seen)) or "none"


def _told(event: PublicTrade | Bar) -> str:
    return f"a bar at {plain(event.close)}" if isinstance(event, Bar) else f"a trade at {plain(event.price)}"


# -- orders ----------------------------------------------------------------------------------------------------------


def post_only(trial: Trial) -> str:
    """An order that rests is taken, one that would take is not filled."""
    client = trial.client
    trial.private = client.open_account()
    crossing = client.order(Side.BUY, ACROSS, SIZE, TimeInForce.POST_ONLY)
    client.place(crossing)
    found = client.venue.fetch_order(crossing, client.instrument)
    _require(found is None or (found.status.final and not found.filled), "one that would take was not refused")
    order = client.order(Side.BUY, RESTING, SIZE, TimeInForce.POST_ONLY)
    outcome = client.place(order)
    _require(isinstance(outcome, Accepted), f"answered with {outcome}")
    trial.resting = order
    return f"{plain(order.quantity)} at {plain(order.price)}"


def see(trial: Trial) -> str:
    """An order that rests is among the open ones, and is found by our id."""
    order = _given(trial.resting, "no order rests")
    among = {each.client_id for each in trial.client.venue.fetch_open_orders()}
    _require(order.wire_id in among, f"not among the {len(among)} open orders")
    status = trial.client.find(order).status
    _require(status is OrderStatus.ACCEPTED, f"it is {status.value}")
    return order.wire_id


def cancel(trial: Trial) -> str:
    """A cancelled order ends unfilled, and both the stream and a question say so."""
    order = _given(trial.resting, "no order rests")
    trial.client.cancel(order)
    last = _until_over(trial, order)
    _require(last.status is OrderStatus.CANCELLED and not last.filled, f"the stream says {last.status.value}")
    status = trial.client.find(order).status
    _require(status is OrderStatus.CANCELLED, f"asked, the venue says {status.value}")
    return "the stream and a question agree"


def _until_over(trial: Trial, order: Order) -> OrderUpdate:
    def over(event: Event) -> bool:
        return isinstance(event, OrderUpdate) and event.client_id == order.wire_id and event.status.final

    private = _given(trial.private, "there is no private stream")
    trial.heard += trial.client.hear(private, over, "the stream does not say that the order is over")
    return next(each for each in reversed(trial.heard) if isinstance(each, OrderUpdate) and over(each))


def ioc(trial: Trial) -> str:
    """An order that takes is filled at once."""
    order = trial.client.order(Side.BUY, ACROSS, SIZE, TimeInForce.IOC)
    outcome = trial.client.place(order)
    _require(isinstance(outcome, Accepted), f"answered with {outcome}")
    trial.taken = order
    last = _until_over(trial, order)
    _require(last.status is OrderStatus.FILLED, f"the stream says {last.status.value}")
    status = trial.client.find(order).status
    _require(status is OrderStatus.FILLED, f"asked, the venue says {status.value}")
    return f"{plain(order.quantity)} bought"


def fills(trial: Trial) -> str:
    """The stream and a question tell the same fills, and they are all of the order."""
    order = _given(trial.taken, "nothing was filled")
    private = _given(trial.private, "there is no private stream")

    def streamed() -> list[Fill]:
        return [each for each in trial.heard if isinstance(each, Fill) and each.client_id == order.wire_id]

    while sum(each.quantity for each in streamed()) < order.quantity:
        trial.heard += trial.client.hear(private, lambda each: isinstance(each, Fill), "the stream lacks fills")
    mine = {each.trade_ref: each for each in streamed()}
    asked = {each.trade_ref: each for each in trial.client.venue.fetch_fills(trial.began_ms - MINUTE_MS)}
    _require(mine.keys() <= asked.keys(), "the stream tells of fills that the venue, asked, does not know")
    total = sum((each.quantity for each in mine.values()), Decimal(0))
    _require(total == order.quantity, f"{plain(total)} of {plain(order.quantity)}")
    _require(all(each.fee.amount > 0 for each in mine.values()), "one has no fee")
    _require(all(each.quote for each in mine.values()), "one does not say what its price is in")
    fees: dict[str, Decimal] = {}
    for each in mine.values():
        fees = together(fees, {each.fee.currency: each.fee.amount})
    return f"{len(mine)}, fees {written(fees)}"


def position(trial: Trial) -> str:
    """What was bought is held."""
    order = _given(trial.taken, "nothing was bought")
    held = trial.client.held()
    _require(held == order.quantity, f"{plain(held)} is held and {plain(order.quantity)} was bought")
    return plain(held)


def balance(trial: Trial) -> str:
    """The account has money."""
    found = trial.client.venue.fetch_balances()
    _require(any((each.equity or each.wallet) > 0 for each in found), "the account is empty")
    return ", ".join(f"{plain(each.equity or each.wallet)} {each.currency}" for each in found)


def reduce_only(trial: Trial) -> str:
    """An order that may only reduce closes the position, and opens none when there is nothing to reduce."""
    client = trial.client
    held = client.held()
    _require(held > 0, "nothing is held")
    client.place(client.order(Side.SELL, ACROSS, held, TimeInForce.IOC, reduce_only=True))
    _require(client.held() == 0, f"{plain(client.held())} is still held")
    client.place(client.order(Side.SELL, ACROSS, SIZE, TimeInForce.IOC, reduce_only=True))
    _require(client.held() == 0, "it opened a position")
    return "flat"


# -- trouble ---------------------------------------------------------------------------------------------------------


def unknown(trial: Trial) -> str:
    """An order without an answer is found when it has arrived, and not when it has not."""
    client = trial.client
    for fault, arrives in (("drop_answers", True), ("drop_requests", False)):
        order = client.order(Side.BUY, RESTING, SIZE, TimeInForce.GTC)
        trial.simulation.set_faults(trading_only=True, **{fault: 1})
        try:
            outcome = client.place(order)
        except NoAnswerError:
            found = client.venue.fetch_order(order, client.instrument)
        else:
            raise TrialError(f"an answer came where none could: {outcome}")
        _require((found is not None) == arrives, f"after {fault} it was {'not ' if arrives else ''}found")
        if arrives:
            client.cancel(order)
    return "both ways"


def gap(trial: Trial) -> str:
    """After a frame that was lost the book has no price until it is whole again."""
    stream = trial.client.open_book()
    trial.client.follow(stream, lambda each: each.builder.book.valid)
    trial.simulation.set_faults(gap=1)

    def healed(each: BookStream) -> bool:
        if not each.builder.book.valid:
            return False
        only_whole = not each.changes and not trial.simulation.faults()["gap"]
        return only_whole or any(reason.startswith("gap") for reason in each.reasons)

    trial.client.follow(stream, healed)
    stream.socket.close(timeout=0)
    return "noticed and rebuilt" if stream.changes else "every frame is a whole book"


def reconnect(trial: Trial) -> str:
    """After the session has broken, the next one builds the book again."""
    stream = trial.client.open_book()
    trial.client.follow(stream, lambda each: each.builder.book.valid)
    if trial.admin is None:
        stream.socket.close(timeout=0)
        trial.client.book()
        return "a second session"
    trial.admin.disconnect()
    try:
        trial.client.follow(stream, lambda _each: False)
    except (OSError, websocket.WebSocketException, TrialError):
        trial.client.book()
        return "cut and back"
    raise TrialError("the session was not cut")


MARKET_DATA: dict[str, Callable[[Trial], str]] = {"instruments": instruments, "book": book, "best bid/offer": best}
SIMULATED: dict[str, Callable[[Trial], str]] = {
    **MARKET_DATA,
    "trades, bars": tape,
    "post-only": post_only,
    "see": see,
    "cancel": cancel,
    "IOC": ioc,
    "fills": fills,
    "position": position,
    "balance": balance,
    "reduce-only": reduce_only,
    "unknown fate": unknown,
    "gap, resync": gap,
    "reconnect": reconnect,
}
"""All there are; these trade."""
LIVE: dict[str, Callable[[Trial], str]] = {**MARKET_DATA, "balance": balance, "reconnect": reconnect}
"""Those that only read."""

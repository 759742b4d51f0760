"""All our orders and trades, folded from journal entries. A restart folds what was folded while trading."""

import copy
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from perpbot.execution.entries import (
    CountsCarried,
    Entry,
    ForeignAdopted,
    FundingBooked,
    OrderAnswered,
    OrderFilled,
    OrdersIntended,
    OrderTold,
    ResidualLeft,
    ResidualTaken,
    TradeMoved,
    TradeOpened,
    TradeRecord,
    TradeSettled,
)
from perpbot.execution.plan import Plan
from perpbot.execution.record import IllegalOrderEventError, OrderRecord
from perpbot.execution.records import Records
from perpbot.execution.residuals import Residual, residual
from perpbot.execution.trade import TOP_UP, Phase
from perpbot.execution.unhedged import NEVER_ALONE, Unhedged
from perpbot.execution.views import NOTHING_BOOKED, Booked, TradeView, view
from perpbot.model.money import ZERO
from perpbot.model.order import Accepted, Fill, Order, OrderStatus, OrderUpdate, Outcome, Refused, Unknown

OrderNews = OrderAnswered | OrderTold | OrderFilled
WireKey = tuple[str, str, str, str]
"""Venue, account, symbol, and an id the venue knows an order by: some venues number each symbol's orders apart."""

EXPIRED = "expired"
"""What became of a request that can no longer arrive."""
ORDERS_KEPT = 20_000
"""Orders of trades that are over, kept so that late news of them is recognised as ours."""


@attrs.define
class _Trade:
    plan: Plan
    pool: str
    reserved: Mapping[str, Decimal]
    phase: str = Phase.OPENING.value
    reason: str = ""
    opened_ns: int | None = None
    booked: Booked = NOTHING_BOOKED
    net: Decimal = ZERO
    """Coins of both legs together, signed."""
    unhedged: Unhedged = NEVER_ALONE
    orders: list[OrderRecord] = attrs.field(factory=list)
    seen: TradeView | None = None
    """Its view, as long as nothing has changed since it was made."""


class Ledger:
    """Orders by id, trades by id, and the records of those that are over."""

    def __init__(self, keep_records: int = 1_000) -> None:
        self.orders_intended = 0
        self.trades_opened = 0
        self.last_trade_number = 0
        """Highest number in a trade's id so far."""
        self.duplicate_ids = 0
        """Client ids that were used twice: must stay zero for ever."""
        self.outcomes: Counter[str] = Counter()
        """How many trades ended in each phase; one that was opened again and is over again counts twice."""
        self.residuals: dict[str, Residual] = {}
        """What trades have left and nobody has taken on, by id, oldest first."""
        self._records = Records(keep_records)
        self._trades: dict[str, _Trade] = {}
        self._opening: dict[str, _Trade] = {}
        """Of them, those that are being opened."""
        self._orders: dict[str, OrderRecord] = {}
        self._by_wire: dict[WireKey, str] = {}
        self._unsettled: dict[str, OrderRecord] = {}
        """Of trades in progress, those orders that something may still become of."""
        self._settled: dict[str, _Trade] = {}
        """Trades that are over, oldest first, for as long as their orders are kept."""
        self._settled_orders = 0

    # -- reading -------------------------------------------------------------------------------------------------

    def order(self, client_id: str) -> OrderRecord | None:
        """The record of one order."""
        return self._orders.get(client_id)

    def known(self, client_id: str) -> OrderRecord:
        """The record of an order that must be there."""
        return self._orders[client_id]

    def find(self, news: OrderUpdate | Fill) -> OrderRecord | None:
        """The record of the order that a venue means, or None when it is not ours."""
        for wire in (news.client_id, news.venue_order_id):
            client_id = self._by_wire.get((news.venue, news.account, news.symbol, wire)) if wire else None
            if client_id is not None:
                return self._orders[client_id]
        return None

    def unsettled(self, venue: str | None = None) -> list[OrderRecord]:
        """Orders of trades in progress that something may still become of."""
        return [each for each in self._unsettled.values() if venue is None or each.order.venue == venue]

    def working(self, symbol: str) -> tuple[Order, ...]:
        """Orders in `symbol` that may still fill."""
        working = (each for each in self._unsettled.values() if each.order.symbol == symbol)
        return tuple(each.order for each in working if not each.status.final)

    def to_come(self, beside: str = "") -> dict[tuple[str, str], Decimal]:
        """What trades may still add to positions, by venue and symbol, at their worst prices.

        That is what those that are being opened miss, and top-ups on their way. The trade `beside` is left out.
        """
        values: dict[tuple[str, str], Decimal] = {}
        for trade_id, trade in self._opening.items():
            if trade_id == beside:
                continue
            for leg in trade.plan.legs:
                held = sum((each.held for each in trade.orders if each.order.leg == leg.name), ZERO)
                missing = max(ZERO, trade.plan.quantity - leg.side.sign * held)
                place = leg.venue, trade.plan.symbol
                values[place] = values.get(place, ZERO) + missing * leg.limit
        for record in self._unsettled.values():
            if (order := record.order).purpose == TOP_UP and order.trade_id != beside:
                place = order.venue, order.symbol
                values[place] = values.get(place, ZERO) + record.in_flight * order.price
        return values

    def trade(self, trade_id: str) -> TradeView | None:
        """One trade in progress."""
        trade = self._trades.get(trade_id)
        return None if trade is None else self._view(trade)

    def trades(self) -> list[TradeView]:
        """All trades in progress, oldest first."""
        return [self._view(trade) for trade in self._trades.values()]

    @property
    def records(self) -> list[TradeRecord]:
        """The newest trades that are over, in the order of their ends."""
        return self._records.all

    def over(self, client_id: str) -> str | None:
        """The trade of an order, when that trade is over; None while it is in progress."""
        trade_id_ = self._orders[client_id].order.trade_id
        return None if trade_id_ in self._trades else trade_id_

    def _view(self, trade: _Trade) -> TradeView:
        if trade.seen is None:
            trade.seen = TradeView(
                plan=trade.plan,
                pool=trade.pool,
                reserved=trade.reserved,
                phase=trade.phase,
                reason=trade.reason,
                opened_ns=trade.opened_ns,
                booked=trade.booked,
                funding=dict(self._records.paid(trade.plan.trade_id)),
                unhedged=trade.unhedged,
                orders=tuple(view(record) for record in trade.orders),
            )
        return trade.seen

    # -- folding -------------------------------------------------------------------------------------------------

    def apply(self, entry: Entry, now_ns: int, since_ns: int | None = None) -> None:
        """Take in one entry of the journal; entries about other things are ignored.

        `since_ns`: monotonic, when it came true, before this process's life perhaps; `now_ns` where it is not given.
        How long something has lasted goes by it. That an order's last news counts as new is the careful side.
        """
        since_ns = now_ns if since_ns is None else since_ns
        self._keep_record(entry)
        match entry:
            case TradeOpened():
                self.trades_opened += 1
                self.last_trade_number = max(self.last_trade_number, number_of(entry.plan.trade_id))
                made = _Trade(entry.plan, entry.pool, entry.reserved)
                self._trades[entry.plan.trade_id] = self._opening[entry.plan.trade_id] = made
                self._intend(entry.orders, now_ns)
            case OrdersIntended():
                self._intend(entry.orders, now_ns)
            case ForeignAdopted():
                self._adopt(entry.order, now_ns)
            case ResidualLeft():
                self.residuals[entry.order.client_id] = residual(entry)
                self._stand(entry, now_ns, since_ns)
            case ResidualTaken():
                self.residuals.pop(entry.residual, None)
                self._stand(entry, now_ns, since_ns)
            case OrderAnswered() | OrderTold() | OrderFilled():
                self._change(entry, now_ns, since_ns)
            case TradeMoved():
                self._move(entry, since_ns)
            case TradeSettled():
                self._settle(entry.record)
            case CountsCarried():
                self._carry(entry)
            case _:
                pass

    def sent(self, client_id: str, now_ns: int) -> None:
        """An order was handed to the network. That is not journalled: after a restart its fate is asked for anyway."""
        record = self._orders.get(client_id)
        if record is not None:
            record.submitted()
            self._changed(record, now_ns)

    def cancelling(self, record: OrderRecord, now_ns: int) -> None:
        """The venue of an order is asked to end it. That is not journalled: after a restart it is asked again."""
        record.cancelling()
        self._changed(record, now_ns)

    def fresh(self, entries: Iterable[OrderNews]) -> tuple[list[OrderNews], list[str]]:
        """The entries that say something new, one after the other, and the contradictions among the others.

        Nothing is changed: what is fresh must be durable before it is applied.
        """
        trials: dict[str, OrderRecord] = {}
        fresh, contradictions = [], []
        for entry in entries:
            record = trials.get(entry.client_id) or _copy(self._orders[entry.client_id])
            trials[entry.client_id] = record
            try:
                if _feed(record, entry):
                    fresh.append(entry)
            except IllegalOrderEventError as error:
                contradictions.append(str(error))
        return fresh, contradictions

    def _intend(self, orders: Iterable[Order], now_ns: int) -> None:
        for order in orders:
            self.orders_intended += 1
            self._trades[order.trade_id].seen = None
            if order.client_id in self._orders:
                self.duplicate_ids += 1
            record = OrderRecord(order, changed_ns=now_ns, intended_ns=now_ns)
            self._orders[order.client_id] = record
            self._by_wire[order.venue, order.account, order.symbol, order.wire_id] = order.client_id
            self._trades[order.trade_id].orders.append(record)
            self._unsettled[order.client_id] = record

    def _adopt(self, order: Order, now_ns: int) -> None:
        record = OrderRecord(order, status=OrderStatus.CANCELLED, changed_ns=now_ns)
        self._trades[order.trade_id].seen = None
        self._orders[order.client_id] = record
        self._trades[order.trade_id].orders.append(record)

    def _stand(self, entry: ResidualLeft | ResidualTaken, now_ns: int, since_ns: int) -> None:
        """Have the order of `entry` stand for it in its trade, unless that is long over."""
        if entry.order.trade_id in self._trades:
            self._adopt(entry.order, now_ns)
            self._change(OrderFilled(client_id=entry.order.client_id, fill=entry.fill), now_ns, since_ns)

    def _change(self, entry: OrderNews, now_ns: int, since_ns: int) -> None:
        record = self._orders.get(entry.client_id)
        if record is None:
            return
        if _feed(record, entry) and isinstance(entry, OrderFilled):
            self._expose(record.order.trade_id, entry.fill, since_ns)
        self._changed(record, now_ns)
        if record.venue_order_id:
            order = record.order
            self._by_wire[order.venue, order.account, order.symbol, record.venue_order_id] = order.client_id

    def _expose(self, trade_id: str, fill: Fill, at_ns: int) -> None:
        trade = self._trades.get(trade_id) or self._settled.get(trade_id)
        if trade is not None:
            trade.net += fill.side.sign * fill.quantity
            trade.unhedged = trade.unhedged.becomes(abs(trade.net) * trade.plan.reference, at_ns)

    def _changed(self, record: OrderRecord, now_ns: int) -> None:
        record.changed_ns = now_ns
        order = record.order
        trade = self._trades.get(order.trade_id)
        if trade is not None:
            trade.seen = None
        if trade is None or record.settled:
            self._unsettled.pop(order.client_id, None)
        else:
            self._unsettled[order.client_id] = record

    def _move(self, entry: TradeMoved, since_ns: int) -> None:
        again = self._settled.pop(entry.trade_id, None)
        if again is not None:
            self._settled_orders -= len(again.orders)
            self._trades[entry.trade_id] = again
            self._unsettled.update({each.order.client_id: each for each in again.orders if not each.settled})
        trade = self._trades.get(entry.trade_id)
        if trade is None:
            return
        trade.seen = None
        trade.phase, trade.reason = entry.phase, entry.reason or trade.reason
        if entry.phase == Phase.OPENING.value:
            self._opening[entry.trade_id] = trade
        else:
            self._opening.pop(entry.trade_id, None)
        if entry.phase == Phase.OPEN.value:
            trade.opened_ns = since_ns

    def _keep_record(self, entry: Entry) -> None:
        self._records.apply(entry)
        if isinstance(entry, FundingBooked):
            for share in entry.shares or ():
                if share.trade_id in self._trades:
                    self._trades[share.trade_id].seen = None

    def _carry(self, counts: CountsCarried) -> None:
        self.orders_intended += counts.orders_intended
        self.trades_opened += counts.trades_opened
        self.last_trade_number = max(self.last_trade_number, counts.last_trade_number)
        self.duplicate_ids += counts.duplicate_ids
        self.outcomes.update(counts.outcomes)

    def _settle(self, record: TradeRecord) -> None:
        trade = self._trades.pop(record.trade_id, None)
        self._opening.pop(record.trade_id, None)
        self.outcomes[record.phase] += 1
        if trade is None:
            return
        trade.seen = None
        for each in trade.orders:
            self._unsettled.pop(each.order.client_id, None)
        trade.booked = trade.booked.with_record(record)
        trade.unhedged = NEVER_ALONE
        self._settled[record.trade_id] = trade
        self._settled_orders += len(trade.orders)
        while self._settled_orders > ORDERS_KEPT:
            oldest = self._settled.pop(next(iter(self._settled)))
            self._settled_orders -= len(oldest.orders)
            for each in oldest.orders:
                self._forget(each)

    def _forget(self, record: OrderRecord) -> None:
        order = record.order
        self._orders.pop(order.client_id, None)
        for wire in (order.wire_id, record.venue_order_id):
            self._by_wire.pop((order.venue, order.account, order.symbol, wire), None)


def _copy(record: OrderRecord) -> OrderRecord:
    trial = copy.copy(record)
    trial.fills = dict(record.fills)
    return trial


def _feed(record: OrderRecord, entry: OrderNews) -> bool:
    match entry:
        case OrderAnswered(outcome="expired"):
            return record.expire(entry.reason)
        case OrderAnswered():
            return record.outcome(_outcome(entry))
        case OrderTold():
            return record.update(entry.update)
        case OrderFilled():
            return record.fill(entry.fill)


def _outcome(entry: OrderAnswered) -> Outcome:
    match entry.outcome:
        case "accepted":
            return Accepted(entry.venue_order_id)
        case "refused":
            return Refused(entry.reason, entry.retryable)
        case _:
            return Unknown(entry.reason)


def answered(client_id: str, outcome: Outcome) -> OrderAnswered:
    """The journal entry of an outcome."""
    match outcome:
        case Accepted(venue_order_id):
            return OrderAnswered(client_id=client_id, outcome="accepted", venue_order_id=venue_order_id)
        case Refused(reason, retryable):
            return OrderAnswered(client_id=client_id, outcome="refused", reason=reason, retryable=retryable)
        case Unknown(reason):
            return OrderAnswered(client_id=client_id, outcome="unknown", reason=reason)


def told(client_id: str, event: OrderUpdate | Fill) -> OrderTold | OrderFilled:
    """The journal entry of what a venue said of an order."""
    if isinstance(event, Fill):
        return OrderFilled(client_id=client_id, fill=event)
    return OrderTold(client_id=client_id, update=event)


def trade_id(epoch: int, number: int) -> str:
    """The id of trade `number` of the journal `epoch`."""
    return f"{epoch}-t{number}"


def number_of(trade_id_: str) -> int:
    """The number in a trade's id."""
    return int(trade_id_.rpartition("-t")[2])

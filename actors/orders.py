"""The order book of the system: every order of ours, from its intent on disk to its end (EXE-4).

Everything that happens to an order is journalled here before anybody reacts to it. Orders whose fate is open are
asked for until it is known; nothing is ever sent twice.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.journal import Append, GetEpoch, Replay
from actors.order_inquiries import Inquiries
from actors.order_intake import Intake
from actors.order_news import (
    CancelOrder,
    CatchUpAnswer,
    CatchUpDone,
    FindOurs,
    OrderSent,
    OutcomeArrived,
    PlaceOrder,
    TradingReady,
    VenueNews,
)
from actors.order_requests import (
    INTENDED,
    OPENED,
    REOPENED,
    SETTLED,
    AdoptPosition,
    DeclareOver,
    EndOrder,
    MoveTrade,
    NotSubmittedError,
    OpenTrade,
    OrderCounts,
    Prepared,
    PrepareTrade,
    ReadCounts,
    ReadOpenTrades,
    ReadRecords,
    ReadResiduals,
    ReadToCome,
    ReadTrade,
    SettleTrade,
    SubmitOrders,
    TradeChanged,
)
from actors.residuals import Residuals
from actors.runtime import Actor, MailboxFullError, MailboxSpec, Overflow, Ref, handles
from actors.runtime.telemetry import HandlerTimes
from actors.self_trades import SelfTrades
from perpbot.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns, wall_ns
from perpbot.execution.entries import (
    CaughtUp,
    FundingBooked,
    OrdersIntended,
    TradeMoved,
    TradeOpened,
    TradeRecord,
    TradeSettled,
)
from perpbot.execution.inquiry import OrderFound
from perpbot.execution.ledger import Ledger
from perpbot.execution.numbering import Numbers
from perpbot.execution.own_orders import OwnOrders
from perpbot.execution.plan import clearing_plan
from perpbot.execution.record import OrderRecord
from perpbot.execution.residuals import Residual, leave
from perpbot.execution.trade import Phase
from perpbot.execution.views import TradeView, view
from perpbot.model.money import ZERO
from perpbot.model.order import Order, OrderStatus, Refused, TimeInForce
from perpbot.risk.approval import APPROVAL_NS, Approval, ApprovalKind
from perpbot.venues.cancelling import Waiting

SWEEP_S = 0.25
NEWS = (OrderSent, OutcomeArrived, VenueNews)
"""What connections tell of orders."""


@attrs.frozen
class _Sweep:
    """Look for orders whose fate should be known by now."""


class Orders(Actor):
    """Owns every order. Connections feed it, trades read it, the journal remembers it."""

    mailbox = MailboxSpec(capacity=100_000, overflow=Overflow.REJECT)

    def __init__(
        self,
        journal: str,
        connections: Mapping[str, str],
        wire_ids: Mapping[str, Callable[[int], str]],
        lifetimes_s: Mapping[str, float],
        own_orders: Mapping[str, OwnOrders],
    ) -> None:
        """Serve the venues of `connections` (venue to address of its trading connection).

        Args:
            journal: address of the journal.
            connections: venue to the address of its trading connection.
            wire_ids: venue to the form its client order ids have.
            lifetimes_s: venue to the seconds after which a request that did not arrive never will.
            own_orders: venue to what its connection knows of our other orders there.
        """
        super().__init__()
        self._journal_address = journal
        self._connection_addresses = connections
        self._wire_ids = wire_ids
        self._arrival_ns = {venue: APPROVAL_NS + int(each * NS_PER_SECOND) for venue, each in lifetimes_s.items()}
        """How long after the last news of an order its request may still arrive."""
        self.ledger = Ledger()
        self._self_trades = SelfTrades(own_orders, self.ledger, self._end)
        self.unhedged = HandlerTimes()
        """For how long each trade that is over had something alone, at the longest; since this actor began."""
        self.unhedged_peak = self.unhedged_value_s = ZERO
        self._connections: dict[str, Ref] = {}
        self._inquiries = Inquiries(self._connections, self._arrival_ns)
        self._residuals = Residuals(self, self.ledger, self._record)
        self._intake = Intake(
            self,
            self.ledger,
            inquiries=self._inquiries,
            arrival_ns=self._arrival_ns,
            self_trades=self._self_trades,
            residuals=self._residuals,
            record=self._record,
        )
        self.counts = self._intake.counts

    def on_start(self) -> None:
        """Fold the journal."""
        self._journal = self.look_up(self._journal_address)
        self._connections.update({venue: self.look_up(each) for venue, each in self._connection_addresses.items()})
        self._numbers = Numbers(self._journal.ask(GetEpoch()), self._wire_ids)
        now, wall = monotonic_ns(), wall_ns()
        for line in self._journal.ask(Replay(), timeout_s=60.0):
            self._inquiries.first_ms = self._inquiries.first_ms or line.at_ns // NS_PER_MS
            if isinstance(line.entry, CaughtUp):
                self._inquiries.mark(line.entry.venue, line.entry.account, line.entry.until_ms)
            self.ledger.apply(line.entry, now, now - max(0, wall - line.at_ns))
            self._numbers.heed(line.entry)
        self._numbers.begin(wall)
        self._self_trades.begin()
        self.timers.every(SWEEP_S, _Sweep())

    # -- sending -------------------------------------------------------------------------------------------------

    @handles(PrepareTrade)
    def on_prepare(self, request: PrepareTrade) -> Prepared:
        """The next trade's id, and what stands in its symbol."""
        number = self._numbers.trade(self.ledger.last_trade_number)
        return Prepared(number, self.ledger.working(request.symbol), self.ledger.to_come())

    @handles(ReadToCome)
    def on_to_come(self, request: ReadToCome) -> dict[tuple[str, str], Decimal]:
        """Without what the trade itself has open, which counts as what it asks for."""
        return self.ledger.to_come(beside=request.trade_id)

    @handles(OpenTrade)
    def on_open(self, request: OpenTrade) -> None:
        """One commit: plan, reservation, approval given, both intents. Then both orders leave."""
        plan = request.plan
        if request.approval.kind is not ApprovalKind.OPEN or request.approval.trade_id != plan.trade_id:
            raise NotSubmittedError(f"{plan.trade_id} has no approval to open")
        if self._numbers.was_opened(plan):
            raise NotSubmittedError(f"{plan.trade_id} was opened before")
        orders = self._numbers.orders(plan, request.wants)
        self._self_trades.check(orders, monotonic_ns())
        opened = TradeOpened(plan=plan, pool=request.pool, reserved=request.reserved, orders=orders)
        self._numbers.opened(plan)
        self._record([opened])
        self._send(orders, request.approval, plan.seen_ns)
        self.publish(OPENED, opened)

    @handles(SubmitOrders)
    def on_submit(self, request: SubmitOrders) -> TradeView:
        """Journal the intents, then send."""
        trade = self.ledger.trade(request.trade_id)
        if trade is None:
            raise NotSubmittedError(f"{request.trade_id} is not in progress")
        if request.approval.trade_id != request.trade_id:
            raise NotSubmittedError(f"{request.trade_id} has no approval")
        if len(trade.orders) != request.seen:
            raise NotSubmittedError(f"{request.trade_id} has {len(trade.orders)} orders, not {request.seen}")
        if request.approval.kind is not ApprovalKind.OPEN and any(want.adds_risk for want in request.wants):
            raise NotSubmittedError(f"{request.trade_id} has no approval to open")
        orders = self._numbers.orders(trade.plan, request.wants)
        self._self_trades.check(orders, monotonic_ns())
        intended = OrdersIntended(orders=orders)
        self._record([intended])
        self._send(orders, request.approval.once_durable(monotonic_ns()))
        self.publish(INTENDED, intended)
        return self._read(request.trade_id)

    def _send(self, orders: Iterable[Order], approval: Approval, seen_ns: int = 0) -> None:
        self._self_trades.journalled(orders)
        for order in orders:
            connection = self._connections[order.venue]
            if not connection.alive:
                self._not_sent(order, f"{order.venue}'s trading connection is not up")
                continue
            try:
                connection.tell(PlaceOrder(order, approval, seen_ns))
            except MailboxFullError:
                self._not_sent(order, f"{order.venue}'s trading connection has too much to do")

    @handles(EndOrder)
    def on_end_order(self, request: EndOrder) -> None:
        """Ask its venue to cancel it, when it is open there and the connection is up; else the trade asks again."""
        record = self.ledger.order(request.client_id)
        if record is not None:
            self._end(record)

    def _end(self, record: OrderRecord) -> None:
        if not record.status.open or not self._connections[record.order.venue].alive:
            return
        self.ledger.cancelling(record, monotonic_ns())
        waiting = Waiting(record.order, record.venue_order_id, may_rest=False)
        self._connections[record.order.venue].tell(CancelOrder(waiting))
        self.publish(record.order.trade_id, TradeChanged(record.order.trade_id, view(record)))

    def _not_sent(self, order: Order, reason: str) -> None:
        self.ref.tell(OutcomeArrived(order.client_id, Refused(reason, retryable=True)))

    # -- news ----------------------------------------------------------------------------------------------------

    @handles(OrderSent)
    def on_sent(self, news: OrderSent) -> None:
        """An order left."""
        self._intake.sent(news)

    @handles(OutcomeArrived)
    def on_outcome(self, news: OutcomeArrived) -> None:
        """The venue answered a request, or did not."""
        self._intake.hear([news, *self.take_along(*NEWS)])

    @handles(VenueNews)
    def on_news(self, news: VenueNews) -> None:
        """The venue told of orders and fills."""
        self._intake.hear([news, *self.take_along(*NEWS)])

    def _record(self, entries: list[Any]) -> None:
        came_ns = monotonic_ns()
        self._journal.ask(Append(entries))
        now = monotonic_ns()
        for entry in entries:
            self.ledger.apply(entry, now, came_ns)

    @handles(AdoptPosition)
    def on_adopt_position(self, request: AdoptPosition) -> list[str]:
        """It is ours from now on; the executor takes up what is to be closed."""
        fill = request.fill
        new = self.on_prepare(PrepareTrade(fill.symbol)).trade_id
        plan = clearing_plan(new, fill, seen_ns=monotonic_ns(), wall_ns=wall_ns())
        trades = self._intake.foreign.adopt(fill, plan)
        if new in trades:
            self._numbers.opened(plan)
            trade = self._read(new)
            self._residuals.take(trade)
            self.publish(REOPENED, TradeMoved(trade_id=new, phase=trade.phase, reason=trade.reason))
        return list(trades)

    @handles(DeclareOver)
    def on_declare_over(self, request: DeclareOver) -> list[str]:
        """Nobody else can say so any more."""
        return self._intake.declare_over(request)

    # -- open questions ------------------------------------------------------------------------------------------

    @handles(_Sweep)
    def on_sweep(self, _: _Sweep) -> None:
        """Ask for orders whose fate should be known by now."""
        now = monotonic_ns()
        self._inquiries.ask_for(self.ledger.unsettled(), now)
        self._intake.foreign.look(now)

    @handles(FindOurs)
    def on_find_ours(self, request: FindOurs) -> list[Waiting]:
        """Those that carry an id of an order in the ledger."""
        return [
            Waiting(record.order, each.venue_order_id, self._may_rest(record))
            for each in request.updates
            if (record := self.ledger.find(each)) is not None
        ]

    def _may_rest(self, record: OrderRecord) -> bool:
        order = record.order
        over = record.status.final or self.ledger.trade(order.trade_id) is None
        return order.time_in_force is not TimeInForce.IOC and not over

    @handles(OrderFound)
    def on_found(self, found: OrderFound) -> None:
        """The venue said what it knows of an order. One that waits there and should not is cancelled."""
        self._intake.found(found)

    @handles(TradingReady)
    def on_ready(self, ready: TradingReady) -> None:
        """A stream is up (again): ask for everything since the durable mark before trading goes on."""
        self._inquiries.catch_up(ready.venue, ready.account, self.ledger.unsettled(ready.venue))

    @handles(CatchUpAnswer)
    def on_caught_up(self, answer: CatchUpAnswer) -> None:
        """Take in what was missed; then the connection may trade."""
        self._intake.missed(answer)
        lacks_fills = any(each.status.final for each in self.ledger.unsettled(answer.venue))
        if not lacks_fills:  # else those that are listed late would be older than the mark
            self._record([CaughtUp(venue=answer.venue, account=answer.account, until_ms=answer.until_ms)])
            self._inquiries.mark(answer.venue, answer.account, answer.until_ms)
        self._connections[answer.venue].tell(CatchUpDone())

    # -- trades --------------------------------------------------------------------------------------------------

    @handles(FundingBooked)
    def on_funding(self, booked: FundingBooked) -> None:
        """Funding was journalled, of trades that are over too: their records have it from now on."""
        self.ledger.apply(booked, monotonic_ns())

    @handles(ReadTrade)
    def on_read_trade(self, request: ReadTrade) -> TradeView | None:
        """One trade in progress."""
        return self.ledger.trade(request.trade_id)

    @handles(ReadOpenTrades)
    def on_read_open(self, _: ReadOpenTrades) -> list[TradeView]:
        """All trades in progress."""
        return self.ledger.trades()

    @handles(ReadRecords)
    def on_read_records(self, request: ReadRecords) -> list[TradeRecord]:
        """The newest trades that are over."""
        return self.ledger.records[-request.limit :]

    @handles(ReadCounts)
    def on_read_counts(self, _: ReadCounts) -> OrderCounts:
        """How many orders, and how many of unknown fate."""
        unknown = sum(each.status is OrderStatus.UNKNOWN for each in self.ledger.unsettled())
        counts = self.counts
        over = self.ledger.trades_opened - len(self.ledger.trades())
        return OrderCounts(
            counts.sent, counts.accepted, counts.refused, unknown, self.ledger.duplicate_ids, over, counts.illegal
        )

    @handles(MoveTrade)
    def on_move(self, request: MoveTrade) -> TradeView:
        """Journal a trade's phase."""
        self._read(request.trade_id)
        self._record([TradeMoved(trade_id=request.trade_id, phase=request.phase, reason=request.reason)])
        if request.phase == Phase.CLOSING.value:
            self._residuals.take(self._read(request.trade_id))
        return self._read(request.trade_id)

    @handles(ReadResiduals)
    def on_read_residuals(self, _: ReadResiduals) -> tuple[Residual, ...]:
        """What trades have left."""
        return tuple(self.ledger.residuals.values())

    @handles(SettleTrade)
    def on_settle(self, request: SettleTrade) -> None:
        """Journal the end of a trade, once, and what it leaves."""
        trade = self.ledger.trade(request.record.trade_id)
        if trade is None:
            return
        if trade.orders is not request.orders:
            raise NotSubmittedError(f"{trade.plan.trade_id} is not what its record says any more")
        left = leave(trade, wall_ns())
        if left and self._residuals.take(trade):
            raise NotSubmittedError(f"{trade.plan.trade_id} has taken on what was left before it")
        record = request.record
        self._record([*left, TradeSettled(record=record)])
        self._residuals.tell(left)
        self.publish(SETTLED, record)
        self.unhedged.add(int(record.unhedged_ms * NS_PER_MS))
        self.unhedged_peak = max(self.unhedged_peak, record.max_unhedged)
        self.unhedged_value_s += record.unhedged_value_s

    def _read(self, trade_id: str) -> TradeView:
        trade = self.ledger.trade(trade_id)
        if trade is None:
            raise NotSubmittedError(f"{trade_id} is not in progress")
        return trade

    def describe(self) -> dict[str, Any]:
        """How many orders and trades, and which are open."""
        open_orders = self.ledger.unsettled()
        return {
            "orders": self.ledger.orders_intended,
            "trades_opened": self.ledger.trades_opened,
            "duplicates": self.ledger.duplicate_ids,
            "unsettled": {each.order.client_id: each.status.value for each in open_orders[:50]},
            "unknown_open": sum(each.status is OrderStatus.UNKNOWN for each in open_orders),
            "unmatched": self._intake.unmatched,
            "foreign": self._intake.foreign.met,
            **attrs.asdict(self.counts),
        }

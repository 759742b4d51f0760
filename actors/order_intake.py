"""What venues tell of our orders, as the order book takes it in: durable first, then told to whom it concerns."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from actors.foreign_fills import ForeignFills
from actors.order_inquiries import Inquiries
from actors.order_news import CatchUpAnswer, OrderSent, OutcomeArrived, VenueNews
from actors.order_requests import FILLS, REOPENED, DeclareOver, TradeChanged
from actors.residuals import Residuals
from actors.runtime import Actor
from actors.self_trades import SelfTrades
from perpbot.clock import monotonic_ns, wall_ns
from perpbot.execution.entries import OrderAnswered, OrderFilled, OrderTold, TradeMoved
from perpbot.execution.inquiry import OrderFound, findings, forgotten, may_arrive, overstays
from perpbot.execution.ledger import Ledger, OrderNews, answered, told
from perpbot.execution.record import OrderRecord
from perpbot.execution.trade import Phase
from perpbot.execution.unlisted import end
from perpbot.execution.views import view
from perpbot.model.money import plain
from perpbot.model.order import Fill, OrderStatus, OrderUpdate

UNMATCHED_KEPT = 100
"""Batches of news that match no order, kept until the venue's id of an order is known."""
LATE = "a fill came after its end"

News = OrderSent | OutcomeArrived | VenueNews
"""What connections tell of orders."""


@attrs.define
class Counts:
    """What became of orders since this system started."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    illegal: int = 0


class Intake:
    """Belongs to the order book: matches news with orders, and keeps what matches none until it does."""

    def __init__(
        self,
        actor: Actor,
        ledger: Ledger,
        *,
        inquiries: Inquiries,
        arrival_ns: Mapping[str, int],
        self_trades: SelfTrades,
        residuals: Residuals,
        record: Callable[[list[Any]], None],
    ) -> None:
        """Work for `actor`.

        Args:
            actor: the order book.
            ledger: its orders.
            inquiries: what was asked of the venues.
            arrival_ns: by venue, how long after the last news of an order its request may still arrive.
            self_trades: hears of every order that is over.
            residuals: what a trade that is opened again takes on.
            record: makes entries of `ledger` durable.
        """
        self.counts = Counts()
        self.foreign = ForeignFills(actor, ledger, record=record, announce=self._announce)
        """What matches no order of ours at all."""
        self._actor = actor
        self._ledger = ledger
        self._inquiries = inquiries
        self._arrival_ns = arrival_ns
        self._self_trades = self_trades
        self._residuals = residuals
        self._record = record
        self._unmatched: list[VenueNews] = []

    @property
    def unmatched(self) -> int:
        """How many batches of news wait for their orders."""
        return len(self._unmatched)

    def sent(self, news: OrderSent) -> None:
        """An order left."""
        self.counts.sent += 1
        self._ledger.sent(news.client_id, monotonic_ns())

    def hear(self, batch: Iterable[News]) -> None:
        """All that came while the disk was busy is one commit: whoever asks next waits for one, not for many."""
        entries: list[OrderNews] = []
        unmatched: list[VenueNews] = []
        for news in batch:
            if isinstance(news, OrderSent):
                self.sent(news)
            elif isinstance(news, OutcomeArrived):
                entries.append(self._answered(news))
            else:
                matched, rest = self._match(news)
                entries += matched
                if rest:
                    unmatched.append(attrs.evolve(news, events=tuple(rest)))
        self._take(entries)
        self._keep(unmatched)
        if any(isinstance(entry, OrderAnswered) for entry in entries):
            self._match_again()

    def found(self, found: OrderFound) -> None:
        """The venue said what it knows of an order. One that waits there and should not is cancelled."""
        self._take(self._findings(found))
        record = self._ledger.order(found.client_id)
        if record is None or not overstays(record, found):
            return
        self._self_trades.stays(record)
        if self._inquiries.cancel(record, monotonic_ns()):
            order = record.order
            self._actor.log.warning(
                "an order waits that was to fill at once; it is cancelled", order=order.client_id,
                venue=order.venue, symbol=order.symbol, trade=order.trade_id,
            )  # fmt: skip

    def missed(self, answer: CatchUpAnswer) -> None:
        """Take in all that a venue tells of the time since the durable mark."""
        entries, unmatched = self._match(VenueNews(answer.venue, answer.account, answer.fills))
        self._take(entries)
        for found in answer.found:
            self._take(self._findings(found) or self._forgotten(found))
        # some fills carry the venue's id of their order alone, which only the answers about the orders have told
        entries, foreign = self._match(VenueNews(answer.venue, answer.account, tuple(unmatched)))
        self._take(entries)
        self.foreign.suspect(foreign, self._inquiries.began_ms(answer.venue, answer.account))
        self.foreign.look(monotonic_ns(), answer.venue)  # before a trade closes what somebody else has closed

    def declare_over(self, request: DeclareOver) -> list[str]:
        """End those of our orders that the venue cannot be asked for; the ids of those that are over now."""
        now, place = monotonic_ns(), (request.account, request.symbol)
        here = [
            each for each in self._ledger.unsettled(request.venue) if place == (each.order.account, each.order.symbol)
        ]
        over = [each for each in here if not may_arrive(each, self._arrival_ns[request.venue], now)]
        self._take([entry for record in over for entry in end(record, request.currency, wall_ns())])
        ended = [each.order.client_id for each in over]
        self._actor.log.warning("orders declared over", venue=request.venue, symbol=request.symbol, orders=ended)
        return ended

    # -- matching ------------------------------------------------------------------------------------------------

    def _answered(self, news: OutcomeArrived) -> OrderAnswered:
        entry = answered(news.client_id, news.outcome)
        self.counts.accepted += entry.outcome == "accepted"
        self.counts.refused += entry.outcome == "refused"
        return entry

    def _match(self, news: VenueNews) -> tuple[list[OrderTold | OrderFilled], list[OrderUpdate | Fill]]:
        entries: list[OrderTold | OrderFilled] = []
        unmatched: list[OrderUpdate | Fill] = []
        for event in news.events:
            record = self._ledger.find(event)
            if record is None:
                unmatched.append(event)
            else:
                entries.append(told(record.order.client_id, event))
        return entries, unmatched

    def _keep(self, unmatched: Iterable[VenueNews]) -> None:
        for news in unmatched:
            self.foreign.suspect(news.events, self._inquiries.began_ms(news.venue, news.account))
            self._unmatched.append(news)
        del self._unmatched[:-UNMATCHED_KEPT]

    def _match_again(self) -> None:
        """News that came before the venue's order id was known may be ours after all."""
        waiting, self._unmatched = self._unmatched, []
        if waiting:
            self.hear(waiting)

    def _findings(self, found: OrderFound) -> list[OrderAnswered | OrderTold]:
        record = self._ledger.order(found.client_id)
        return [] if record is None else findings(record, found, self._arrival_ns[record.order.venue])

    def _forgotten(self, found: OrderFound) -> list[OrderTold]:
        record = self._ledger.order(found.client_id)
        lost = [] if record is None else forgotten(record, found, self._arrival_ns[record.order.venue])
        if lost:
            self._actor.log.warning("the venue does not know an order any more that it took", order=found.client_id)
        return lost

    # -- taking --------------------------------------------------------------------------------------------------

    def _take(self, entries: Iterable[OrderNews]) -> None:
        """Journal what is new, apply it, tell the trades."""
        known = [entry for entry in entries if self._ledger.order(entry.client_id) is not None]
        fresh, contradictions = self._ledger.fresh(known)
        for text in contradictions:
            self.counts.illegal += 1
            self._actor.log.error("contradiction", error=text)
        if not fresh:
            return
        again = self._opened_again(fresh)
        self._record([*fresh, *again])
        for entry in fresh:
            record = self._ledger.order(entry.client_id)
            if record is not None:
                self._announce(entry, record)
        for move in again:
            trade = self._ledger.trade(move.trade_id)
            if trade is not None:
                self._residuals.take(trade)
            self._actor.publish(REOPENED, move)

    def _opened_again(self, fresh: Iterable[OrderNews]) -> list[TradeMoved]:
        """Trades that are over, and of which something was filled after all: what that holds must be closed."""
        late = {self._ledger.over(entry.client_id): None for entry in fresh if isinstance(entry, OrderFilled)}
        moves = [TradeMoved(trade_id=each, phase=Phase.CLOSING.value, reason=LATE) for each in late if each is not None]
        for move in moves:
            self._actor.log.error(
                "a fill came after its trade was over; the trade is opened again", trade=move.trade_id
            )
        return moves

    def _announce(self, entry: OrderNews, record: OrderRecord) -> None:
        if isinstance(entry, OrderFilled):
            self._actor.publish(FILLS, entry)
        elif record.status in {OrderStatus.REFUSED, OrderStatus.EXPIRED}:
            order = record.order
            self._actor.log.warning(
                "order refused", trade=order.trade_id, venue=order.venue, symbol=order.symbol, purpose=order.purpose,
                side=order.side.value, quantity=plain(order.quantity), price=plain(order.price), why=record.reason,
            )  # fmt: skip
        if record.contradiction:
            self.counts.illegal += 1
            self._actor.log.error("contradiction", order=entry.client_id, error=record.contradiction)
        for trade in (record.order.trade_id, *self._self_trades.changed(record)):
            self._actor.publish(trade, TradeChanged(trade, view(record)))

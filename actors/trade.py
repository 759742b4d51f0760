"""One trade whose first orders have left: keeps its legs equal, closes them, and settles (EXE-1).

It holds nothing that the order book does not: after a restart it reads its orders again and decides from what it
finds. All decisions are `perpbot.execution.trade.decide`; this actor carries them out.
"""

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.executor import Admitted, CloseTrade, TradeAbandoned
from actors.gate import Gate
from actors.instruments import LOADED, InstrumentsLoaded
from actors.listings import Listings
from actors.market_news import MarketGone, MarketMoved
from actors.order_requests import (
    EndOrder,
    MoveTrade,
    NotSubmittedError,
    OwnOrderInTheWayError,
    ReadTrade,
    SettleTrade,
    SubmitOrders,
    TradeChanged,
)
from actors.reconfiguration import Reconfigured
from actors.runtime import Actor, MailboxSpec, handles
from actors.trade_approvals import TradeApprovals
from perpbot.clock import NS_PER_MS, monotonic_ns, wall_ns
from perpbot.config.decisions import Execution
from perpbot.execution.decide import decide
from perpbot.execution.entries import TradeRecord
from perpbot.execution.plan import Leg
from perpbot.execution.settle import Sums, Timings, add_up, settle
from perpbot.execution.trade import CloseReason, LegMarket, Phase, Situation, Step, Want
from perpbot.execution.views import TradeView
from perpbot.logs import bind
from perpbot.model.money import written
from perpbot.model.quote import Quote
from perpbot.risk.approval import APPROVAL_NS, Approval, Refusal
from perpbot.venues.rate_limit import keep_together

REFUSED_NS = 60_000_000_000
"""The risk rules are not asked again for so long whether a trade may open more, when they have refused it."""
REFUSED_ALONE_NS = 1_000_000_000
"""The same where something stands alone meanwhile."""
RETRY_REFUSED_MS = 200
"""A refused hedge or close is asked for again this soon: the market or the connection may be back."""
LONGEST_LOOK_MS = 1_000
"""What waits for a rate limit asks again at least this often."""
BLOCKED_NS = 1_000 * NS_PER_MS
"""A venue where an order of ours stays in the way is tried again after this long."""
BLOCKED_AGAIN_NS = 2 * BLOCKED_NS
"""After this long without one, the next order of ours in the way is another one."""
MAX_STEPS = 20
"""Decisions in a row without anything happening in between: more would be a loop."""


@attrs.frozen
class _LookAgain:
    """Time passed."""


def _latest_by(message: Any) -> Hashable | None:
    if isinstance(message, MarketMoved):
        return message.quote.venue
    if isinstance(message, MarketGone):
        return message.venue
    if isinstance(message, TradeChanged):
        return TradeChanged  # it only says that there is something to read
    return None


class Trade(Actor):
    """The actor of one trade, from when its first orders have left to its record."""

    mailbox = MailboxSpec(capacity=10_000, latest_by=_latest_by)

    def __init__(
        self,
        admitted: Admitted,
        rules: Execution,
        gates: Mapping[str, Gate],
        *,
        tolerance: Decimal,
        max_age_ms: float,
        orders: str,
        risk: str,
        executor: str,
        feeds: Mapping[str, str],
        instruments: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._admitted = admitted
        self._plan = admitted.plan
        self._rules = rules
        self._tolerance = tolerance
        self._gates = gates
        self._max_age_ns = int(max_age_ms * NS_PER_MS)
        self._addresses = {"orders": orders, "risk": risk, "executor": executor}
        self._feeds = feeds
        self._instrument_addresses = instruments
        self._view: TradeView | None = None
        self._sums: Sums | None = None
        self._markets: dict[str, MarketMoved] = {}
        self._close_asked: CloseReason | None = None
        self._timings = Timings()
        self._refusal = self._trouble = ""
        self._in_the_way: dict[str, tuple[int, int]] = {}
        """By venue: since when an order of ours is in the way there, and when it last was.

        It begins anew with the actor, as patience with orders of unknown fate does: the venue was just asked again.
        """
        self._refused_until_ns = 0
        """Until then the risk rules are not asked again whether it may open once more."""

    def on_start(self) -> None:
        """Read what there is of this trade, and listen to its orders and its two markets."""
        bind(trade=self._plan.trade_id)
        self._listings = Listings(self._plan, self.log)
        self._began_ns = monotonic_ns()  # patience with a venue that is away begins with this actor
        self._orders = self.look_up(self._addresses["orders"])
        self._approvals = TradeApprovals(
            self._admitted, self._orders, self.look_up(self._addresses["risk"]), self._gates
        )
        self.subscribe(self._addresses["orders"], self._plan.trade_id)
        for leg in self._plan.legs:
            self.subscribe(self._instrument_addresses[leg.venue], LOADED)
            self.subscribe(self._feeds[leg.venue], self._plan.symbol)
        self._view = self._orders.ask(ReadTrade(self._plan.trade_id))
        if self._view is None:
            self.look_up(self._addresses["executor"]).tell(
                TradeAbandoned(self._plan.trade_id, "it is not in the journal, or over already")
            )
            self.finish()
            return
        self._note_timings(self._view.phase)
        self._look_in(0)

    def _note_timings(self, phase: str) -> None:
        admitted, since_ns = self._admitted, monotonic_ns()
        if admitted.placed_ns:
            self._timings.sent_ns = admitted.placed_ns - self._plan.seen_ns
            self._timings.enters("prepare", self._plan.seen_ns)
            self._timings.enters("check", admitted.prepared_ns)
            self._timings.enters("place", admitted.checked_ns)
            since_ns = admitted.placed_ns if phase == Phase.OPENING.value else since_ns
        self._timings.enters(phase, since_ns)

    # -- what happens --------------------------------------------------------------------------------------------

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Learn the grids."""
        self._listings.take(news)
        self._advance()

    @handles(MarketMoved)
    def on_market(self, news: MarketMoved) -> None:
        """A price to decide from."""
        self._markets[news.quote.venue] = news
        self._advance()

    @handles(MarketGone)
    def on_gone(self, news: MarketGone) -> None:
        """No price at a venue for now."""
        self._markets.pop(news.venue, None)

    @handles(TradeChanged)
    def on_changed(self, _: TradeChanged) -> None:
        """Something happened to an order; the order book knows all of it."""
        self._read_again()

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """Other rules count from the next step on."""
        self._rules = news.settings.execution
        self._tolerance = news.settings.risk.unhedged_tolerance

    @handles(CloseTrade)
    def on_close(self, close: CloseTrade) -> None:
        """Close as soon as nothing is in flight."""
        self._close_asked = close.reason
        self._advance()

    @handles(_LookAgain)
    def on_look(self, _: _LookAgain) -> None:
        """Read again, and decide again."""
        self._read_again()

    def _read_again(self) -> None:
        self._view = self._orders.ask(ReadTrade(self._plan.trade_id))
        if self._view is None:  # it is over: somebody else has settled it
            self.finish(forget=True)
            return
        if any(order.fills for order in self._view.orders):
            self._timings.filled(monotonic_ns())
        self._advance()

    # -- what is done --------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        for _ in range(MAX_STEPS):
            view = self._view
            if view is None or not self._listings.complete:
                return
            step = decide(self._situation(view), self._rules)
            self._tell_trouble(step.trouble)
            if step.phase.value != view.phase:
                self._move(view, step)
                if step.phase.over:
                    return
                continue
            for client_id in step.cancels:
                self._orders.tell(EndOrder(client_id))
            if step.wants:
                self._submit(step)
                return
            if step.retry_ms is not None:
                self._look_in(step.retry_ms)
            return
        self.log.error("trade decides in circles", trade=self._plan.trade_id)
        self._look_in(RETRY_REFUSED_MS)

    def _tell_trouble(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            self.log.error("a trade cannot be closed", trade=self._plan.trade_id, symbol=self._plan.symbol, why=trouble)
        self._trouble = trouble

    def _situation(self, view: TradeView) -> Situation:
        now, sums = monotonic_ns(), self._added_up(view)
        return Situation(
            plan=self._plan,
            phase=Phase(view.phase),
            legs=sums.legs,
            markets={leg.name: self._market(view, leg, now) for leg in self._plan.legs},
            now_ns=now,
            opened_ns=view.opened_ns or now,
            uneven_since_ns=max(view.unhedged.since_ns, self._began_ns) if view.unhedged.value else None,
            close_asked=self._close_asked,
            may_open=self._may_open(view, now),
            wall_ns=wall_ns(),
            spent=sums.spent,
            tolerance=self._tolerance,
        )

    def _added_up(self, view: TradeView) -> Sums:
        if self._sums is None or self._sums.orders is not view.orders:
            self._sums = add_up(view)
        return self._sums

    def _may_open(self, view: TradeView, now_ns: int) -> bool:
        """Nothing is opened anew by a trade that was taken up; topping up is another thing."""
        taken_up = not self._admitted.placed_ns
        return now_ns >= self._refused_until_ns and not (taken_up and view.phase == Phase.OPENING.value)

    def _market(self, view: TradeView, leg: Leg, now_ns: int) -> LegMarket:
        news = self._markets.get(leg.venue)
        fresh = news is not None and news.quote.age_ns(now_ns) <= self._max_age_ns
        away = leg.venue in self._listings.unlisted or self._is_blocked(leg.venue, now_ns)
        return LegMarket(
            instrument=self._listings.of(view, leg),
            quote=news.quote if fresh and news is not None else None,
            tradable=self._gates[leg.venue].refusal_to_reduce() is None and not away,
            opens=self._gates[leg.venue].refusal_to_open(self._plan.symbol) is None,
            funding=None if news is None else news.funding,
        )

    def _submit(self, step: Step) -> None:
        again = any(want.adds_risk for want in step.wants)
        wait_s = 0.0 if again else self._room_together(step.wants)
        if wait_s:
            self._look_in(min(LONGEST_LOOK_MS, int(wait_s * 1_000) + 1))
            return
        approval = self._approve(step.wants, again=again)
        if isinstance(approval, Refusal):
            if again:
                alone = self._view is not None and self._view.unhedged.value
                self._refused_until_ns = monotonic_ns() + (REFUSED_ALONE_NS if alone else REFUSED_NS)
            if str(approval) != self._refusal:
                self._refusal = str(approval)
                self.log.warning("order refused", trade=self._plan.trade_id, why=self._refusal)
            self._look_in(RETRY_REFUSED_MS)
            return
        seen = 0 if self._view is None else len(self._view.orders)
        submit = SubmitOrders(trade_id=self._plan.trade_id, wants=step.wants, approval=approval, seen=seen)
        try:
            self._view = self._orders.ask(submit)
        except OwnOrderInTheWayError as error:  # `TradeChanged` comes when it is out of the way
            self._note_in_the_way(error)
        except NotSubmittedError as error:  # somebody else looks after it too, see the flattener
            self.log.warning("orders not taken", trade=self._plan.trade_id, why=str(error))
            self._look_in(RETRY_REFUSED_MS)

    def _room_together(self, wants: tuple[Want, ...]) -> float:
        """Seconds until to ask again; 0 where no leg would wait for a rate limit while the other one leaves."""
        if len(wants) == 1:
            return 0.0
        now = monotonic_ns()
        limiters = [self._gates[self._plan.leg(want.leg).venue].limiter for want in wants]
        return keep_together(limiters, self._plan.trade_id, now, now + APPROVAL_NS)

    def _note_in_the_way(self, error: OwnOrderInTheWayError) -> None:
        now = monotonic_ns()
        since, last = self._in_the_way.get(error.venue, (now, now))
        if now - last > BLOCKED_AGAIN_NS:
            since = now
        self._in_the_way[error.venue] = since, now
        self.log.info("order waits for another one of ours", trade=self._plan.trade_id, why=str(error))
        self._look_in(RETRY_REFUSED_MS)

    def _is_blocked(self, venue: str, now_ns: int) -> bool:
        """Whether an order of ours has been in the way at `venue` for so long that the other one is the better way."""
        since, last = self._in_the_way.get(venue, (now_ns, 0))
        patience_ns = self._rules.unknown_timeout_sec * 1_000 * NS_PER_MS
        return now_ns - since > patience_ns and now_ns - last < BLOCKED_NS

    def _approve(self, wants: tuple[Want, ...], *, again: bool) -> Approval | Refusal:
        if not again:
            return self._approvals.to_reduce(wants, self._fresh_quotes())
        if self._view is None:
            raise RuntimeError(f"{self._plan.trade_id} is over, and wants to open")
        instruments = {leg.name: self._listings.of(self._view, leg) for leg in self._plan.legs}
        held = {name: state.held for name, state in self._added_up(self._view).legs.items()}
        return self._approvals.to_open_more(wants, held, instruments, self._fresh_quotes())

    def _fresh_quotes(self) -> dict[str, Quote]:
        now = monotonic_ns()
        fresh = {venue: news.quote for venue, news in self._markets.items()}
        return {venue: quote for venue, quote in fresh.items() if quote.age_ns(now) <= self._max_age_ns}

    def _move(self, view: TradeView, step: Step) -> None:
        reason = step.reason or view.reason
        now = monotonic_ns()
        self._timings.enters(step.phase.value, now)
        if step.phase is Phase.OPEN:
            self._timings.hedged(now)
        if step.phase.over:
            self._settle(view, step.phase, reason)
            return
        self._view = self._orders.ask(MoveTrade(self._plan.trade_id, step.phase.value, reason))

    def _settle(self, view: TradeView, phase: Phase, reason: str) -> None:
        traded = {leg.name: self._listings.of(view, leg) for leg in self._plan.legs}
        currencies = [each.quote for each in traded.values()]
        rates = {name: each.taker_fee for name, each in traded.items()}
        now = attrs.evolve(view, unhedged=view.unhedged.until(monotonic_ns()))
        record: TradeRecord = settle(now, phase, reason, currencies, self._timings, wall_ns(), rates)
        try:
            self._orders.ask(SettleTrade(record, view.orders))
        except NotSubmittedError as error:
            self.log.info("not over yet", trade=self._plan.trade_id, why=str(error))
            self._look_in(0)
            return
        self.unsubscribe_all()
        self._view = None
        self.log.info(
            "trade over",
            trade=record.trade_id,
            symbol=record.symbol,
            buy=record.buy_venue,
            sell=record.sell_venue,
            phase=record.phase,
            reason=record.reason,
            net=f"{round(record.net, 4)} {'/'.join(record.currencies)}",
            **({"other_fees": written(record.other_fees)} if record.other_fees else {}),
        )
        self.finish(forget=True)

    def _look_in(self, ms: int) -> None:
        self.timers.after(ms / 1_000, _LookAgain())

    def describe(self) -> dict[str, Any]:
        """The plan, where it is, and its orders."""
        view = self._view
        plan = self._plan
        return {
            "trade": plan.trade_id,
            "symbol": plan.symbol,
            "quantity": str(plan.quantity),
            "buy": f"{plan.buy.venue} at {plan.buy.limit}",
            "sell": f"{plan.sell.venue} at {plan.sell.limit}",
            "phase": None if view is None else view.phase,
            "last_refusal": self._refusal,
            "trouble": self._trouble,
            "orders": []
            if view is None
            else [
                f"{each.order.purpose} {each.order.side} {each.order.quantity} {each.order.venue}: {each.status}"
                for each in view.orders
            ],
            "timings": attrs.asdict(self._timings),
        }

"""The executor: admits opportunities one at a time, and takes up again the trades a restart found in the journal."""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.gate import Gate
from actors.order_requests import (
    REOPENED,
    SETTLED,
    NotSubmittedError,
    OpenTrade,
    Prepared,
    PrepareTrade,
    ReadOpenTrades,
)
from actors.pool import Release, ReservationRefusedError, Reserve, Reserved
from actors.reconfiguration import Reconfigured
from actors.risk import AssessOpening
from actors.runtime import LATER, Actor, DomainError, MailboxSpec, Ref, Slot, handles
from actors.scanner import Opportunity
from perpbot.capital.margin import leg_margin, maintenance
from perpbot.clock import NS_PER_MS, monotonic_ns, wall_ns
from perpbot.config.decisions import Execution, OrderPlan
from perpbot.execution.entries import TradeMoved, TradeRecord
from perpbot.execution.in_progress import InProgress
from perpbot.execution.opening import first_wants
from perpbot.execution.plan import Leg, Plan, make_plan, maker_prices
from perpbot.execution.trade import CloseReason
from perpbot.execution.views import TradeView
from perpbot.model.instrument import Instrument
from perpbot.model.money import Price
from perpbot.model.quote import Quote
from perpbot.risk.approval import Approval, Refusal
from perpbot.risk.view import LegRequest, OpenRequest

POOL = "arb"
HUNDRED = Decimal(100)
RECONCILE_S = 2.0


@attrs.frozen(kw_only=True)
class Admitted:
    """A trade for an actor to look after: its plan, reservation and first orders are in the journal."""

    plan: Plan
    pool: str
    reserved: Mapping[str, Decimal]
    prepared_ns: int = 0
    """Monotonic, when its plan was made; 0 for a trade that was taken up."""
    checked_ns: int = 0
    """Monotonic, when capital and risk had let it through."""
    placed_ns: int = 0
    """Monotonic, when its first orders were durable and handed to their connections; 0 for one that was taken up."""


@attrs.frozen
class TradeAbandoned:
    """From a trade's actor that found nothing to look after."""

    trade_id: str
    reason: str


@attrs.frozen
class CloseTrade:
    """To a trade: close, whatever it would earn."""

    reason: CloseReason


@attrs.frozen
class Drain:
    """Open nothing any more. With `close`, close what is open: then answered when no trade is in progress."""

    close: bool


@attrs.frozen
class Decision:
    """What became of an opportunity, for the user."""

    at_ns: int
    """Wall clock."""
    opportunity: Opportunity
    verdict: str


@attrs.frozen
class ReadDecisions:
    """The answer is the newest `Decision`s, newest first."""

    limit: int


@attrs.frozen
class _Adopt:
    """Take up what the journal has in progress."""


@attrs.frozen
class _Reconcile:
    """Compare what is thought to be in progress with the order book."""


def _latest_by(message: Any) -> Hashable | None:
    return message.edge.symbol if isinstance(message, Opportunity) else None


class Executor(Actor):
    """Reserve, check, have the first orders sent, and only then give the trade an actor of its own.

    One opportunity after the other, so that limits hold. That whoever looks after the trade begins when its orders have
    left keeps all the work of starting an actor off the way to the venues; should this actor end in between, the next
    incarnation finds the trade in the order book.
    """

    mailbox = MailboxSpec(capacity=10_000, latest_by=_latest_by)

    def __init__(
        self,
        rules: Execution,
        *,
        max_age_ms: float,
        slippage: Decimal,
        margin_buffer: Decimal,
        gates: Mapping[str, Gate],
        accounts: Mapping[str, str],
        orders: str,
        pool: str,
        risk: str,
        start_trade: Callable[[Admitted], None],
    ) -> None:
        """Admit by `rules`.

        Args:
            rules: how many trades at once.
            max_age_ms: an opportunity older than this is gone.
            slippage: fraction by which a limit may be beyond the worst price the book promised.
            margin_buffer: fraction of a leg's margin that is reserved on top of it.
            gates: by venue; what a leg needs is its notional divided by the leverage the venue has confirmed.
            accounts: by venue; where its orders go.
            orders: address of the order book.
            pool: address of the pool that arbitrage draws on.
            risk: address of the risk actor.
            start_trade: starts a trade's actor under its supervisor; raises DomainError when it is there already.
        """
        super().__init__()
        self._rules = rules
        self._max_age_ns = int(max_age_ms * NS_PER_MS)
        self._slippage = slippage
        self._margin_buffer = margin_buffer
        self._gates = gates
        self._accounts = accounts
        self._addresses = {"orders": orders, "pool": pool, "risk": risk}
        self._start_trade = start_trade
        self._open = InProgress()
        self._draining: list[tuple[frozenset[str], Slot]] = []
        self._stopped = False
        self._counts: Counter[str] = Counter()
        self._decisions: deque[Decision] = deque(maxlen=200)

    def on_start(self) -> None:
        """Take up what is in progress before anything new."""
        self._orders = self.look_up(self._addresses["orders"])
        self._pool = self.look_up(self._addresses["pool"])
        self._risk = self.look_up(self._addresses["risk"])
        self.subscribe(self._addresses["orders"], SETTLED)
        self.subscribe(self._addresses["orders"], REOPENED)
        self.ref.tell(_Adopt())
        self.timers.every(RECONCILE_S, _Reconcile())

    @handles(_Adopt)
    def on_adopt(self, _: _Adopt) -> None:
        """Give each trade in progress an actor again."""
        for trade in self._orders.ask(ReadOpenTrades()):
            self._take_up(trade)

    def _take_up(self, trade: TradeView) -> None:
        plan = trade.plan
        self._open.add(plan)
        try:
            self._start_trade(Admitted(plan=plan, pool=trade.pool, reserved=trade.reserved))
        except DomainError as error:
            self.log.info("trade is there already", trade=plan.trade_id, reason=str(error))
        else:
            self.log.warning("trade taken up again", trade=plan.trade_id, symbol=plan.symbol, phase=trade.phase)

    @handles(_Reconcile)
    def on_reconcile(self, _: _Reconcile) -> None:
        """Drop trades that are over although nobody said so: their news went with a restart of the order book.

        And take up those that nobody looks after.
        """
        trades = {trade.plan.trade_id: trade for trade in self._orders.ask(ReadOpenTrades())}
        for trade_id in list(self._open):
            if trade_id not in trades and not self._trade(trade_id).alive:
                self._pool.tell(Release(trade_id))
                self._ended(trade_id)
        for trade_id, trade in trades.items():
            if trade_id not in self._open:
                self._take_up(trade)

    @handles(TradeMoved)
    def on_reopened(self, _: TradeMoved) -> None:
        """A trade that was over is in progress again."""
        self.on_reconcile(_Reconcile())

    def _trade(self, trade_id: str) -> Ref:
        return self.look_up(f"{self.address.rsplit('/', 1)[0]}/{trade_id}")

    # -- admission -----------------------------------------------------------------------------------------------

    @handles(Opportunity)
    def on_opportunity(self, opportunity: Opportunity) -> None:
        """Admit or refuse, and remember why."""
        verdict = self._no_room(opportunity) or self._admit(opportunity)
        self._counts[verdict.split(":", 1)[0]] += 1
        self._decisions.append(Decision(wall_ns(), opportunity, verdict))

    def _no_room(self, opportunity: Opportunity) -> str | None:
        symbol = opportunity.edge.symbol
        if self._stopped:
            return "stopping"
        if not {opportunity.edge.buy_venue, opportunity.edge.sell_venue} <= self._accounts.keys():
            return "read-only: no trading connection at one of the venues"
        if len(self._open) >= self._rules.max_open_trades:
            return "too many trades"
        if len(self._open.in_symbol(symbol)) >= self._rules.trades_per_symbol:
            return "symbol is traded already"
        if monotonic_ns() - opportunity.seen_ns > self._max_age_ns:
            return "too late"
        return None

    def _admit(self, opportunity: Opportunity) -> str:
        edge = opportunity.edge
        prepared: Prepared = self._orders.ask(PrepareTrade(edge.symbol))
        plan = make_plan(
            edge,
            opportunity.buy,
            opportunity.sell,
            trade_id=prepared.trade_id,
            accounts=(self._accounts[edge.buy_venue], self._accounts[edge.sell_venue]),
            slippage=self._slippage,
            seen_ns=opportunity.seen_ns,
            wall_ns=wall_ns(),
            resting=self._resting(opportunity),
        )
        prepared_ns = monotonic_ns()
        legs = tuple(self._leg(plan, leg, opportunity) for leg in plan.legs)
        amounts = {leg.venue: leg.margin for leg in legs}
        try:
            reserved: Reserved = self._pool.ask(Reserve(plan.trade_id, plan.symbol, amounts))
        except ReservationRefusedError as error:
            return f"refused: pool/pool-capital: {error}"
        assessment = self._assessment(plan, legs, reserved, prepared, opportunity.quotes)
        verdict: Approval | Refusal = self._risk.ask(assessment)
        if isinstance(verdict, Refusal):
            self._pool.tell(Release(plan.trade_id))
            return f"refused: {verdict}"
        checked_ns = monotonic_ns()
        wants = first_wants(plan, self._rules)
        try:
            self._orders.ask(OpenTrade(plan=plan, pool=POOL, reserved=amounts, approval=verdict, wants=wants))
        except NotSubmittedError as error:
            self._pool.tell(Release(plan.trade_id))
            return f"abandoned: {error}"
        self._open.add(plan)
        placed_ns = monotonic_ns()
        self.system.stage("tick_to_journal").add(placed_ns - plan.seen_ns)
        self._start_trade(
            Admitted(
                plan=plan,
                pool=POOL,
                reserved=amounts,
                prepared_ns=prepared_ns,
                checked_ns=checked_ns,
                placed_ns=placed_ns,
            )
        )
        return f"admitted: {plan.trade_id}"

    def _resting(self, opportunity: Opportunity) -> dict[str, Price]:
        if self._rules.order_plan is not OrderPlan.MAKER_FIRST:
            return {}
        return maker_prices(opportunity.buy, opportunity.sell, opportunity.quotes)

    def _leg(self, plan: Plan, leg: Leg, opportunity: Opportunity) -> LegRequest:
        instrument: Instrument = opportunity.buy if leg is plan.buy else opportunity.sell
        leverage = self._gates[leg.venue].leverage(plan.symbol)
        margin = leg_margin(
            plan.quantity * leg.limit,
            leverage=leverage,
            fee=instrument.taker_fee,
            buffer=self._margin_buffer,
        )
        return LegRequest(
            venue=leg.venue,
            side=leg.side,
            quantity=plan.quantity,
            limit=leg.limit,
            expected=leg.expected,
            margin=margin,
            maintenance=maintenance(instrument),
            leverage=leverage,
            smallest=instrument.smallest_order(leg.limit),
            depth=opportunity.edge.buy_depth if leg is plan.buy else opportunity.edge.sell_depth,
            waits=leg.resting is not None,
        )

    def _assessment(
        self,
        plan: Plan,
        legs: tuple[LegRequest, ...],
        reserved: Reserved,
        prepared: Prepared,
        quotes: Mapping[str, Quote],
    ) -> AssessOpening:
        return AssessOpening(
            request=OpenRequest(trade_id=plan.trade_id, symbol=plan.symbol, legs=legs),
            pool=POOL,
            to_come=prepared.to_come,
            pool_available=reserved.available,
            symbol_room=reserved.symbol_room,
            working=prepared.working,
            open_sides=self._open.sides(plan.symbol),
            quotes=quotes,
        )

    # -- ends ----------------------------------------------------------------------------------------------------

    @handles(TradeRecord)
    def on_settled(self, record: TradeRecord) -> None:
        """A trade is over."""
        self._ended(record.trade_id)

    @handles(TradeAbandoned)
    def on_abandoned(self, news: TradeAbandoned) -> None:
        """There was nothing to look after."""
        self._counts["abandoned"] += 1
        self.log.info("trade abandoned", trade=news.trade_id, reason=news.reason)
        self._pool.tell(Release(news.trade_id))
        self._ended(news.trade_id)

    def _ended(self, trade_id: str) -> None:
        self._open.remove(trade_id)
        waiting, self._draining = self._draining, []
        for trades, slot in waiting:
            if trades.isdisjoint(self._open):
                slot.set(sorted(trades))
            else:
                self._draining.append((trades, slot))

    @handles(Drain)
    def on_drain(self, drain: Drain) -> object:
        """Open nothing any more; where it closes, answer when nothing is open."""
        self._stopped = True
        if not drain.close or not self._open:
            return sorted(self._open)
        for trade_id in self._open:
            self._trade(trade_id).tell(CloseTrade(CloseReason.STOP))
        self._draining.append((frozenset(self._open), self.defer()))
        return LATER

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """Other rules count from the next opportunity on, and for the trades in progress."""
        self._rules = news.settings.execution
        self._slippage = news.settings.scanner.slippage_pct / HUNDRED
        self._margin_buffer = news.settings.capital.margin_buffer_pct / HUNDRED
        for trade_id in self._open:
            self._trade(trade_id).tell(news)

    @handles(ReadDecisions)
    def on_read(self, request: ReadDecisions) -> list[Decision]:
        """The newest decisions, newest first."""
        return list(self._decisions)[: -request.limit - 1 : -1]

    def describe(self) -> dict[str, Any]:
        """What is open, and what became of opportunities."""
        return {
            "open": {plan.trade_id: plan.symbol for plan in self._open.plans()},
            "stopped": self._stopped,
            "decisions": dict(self._counts),
        }

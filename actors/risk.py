"""The risk actor: every order passes it (RSK-2). It keeps what the rules look at and answers with leave or a reason."""

from collections import Counter, deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from actors.balances import EQUITY, EquityChanged
from actors.connection_health import Reliability
from actors.gate import Gate as SendGate
from actors.hedge_watch import NAKED, NakedChanged
from actors.journal import Append, Replay
from actors.market_news import FastMarket
from actors.order_requests import OPENED, SETTLED
from actors.positions import DOUBTS, EXPOSURE, FUNDING_PAID, DoubtsChanged, ExposureChanged, FundingPaid
from actors.reconfiguration import Reconfigured
from actors.runtime import Actor, MailboxSpec, Overflow, handles
from perpbot.clock import NS_PER_SECOND, monotonic_ns, wall_ns
from perpbot.config.limits import Risk as Limits
from perpbot.execution.entries import CooldownBegun, CooldownLifted, TradeOpened, TradeRecord, TradeSettled
from perpbot.execution.trade import Phase
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO
from perpbot.model.order import Order
from perpbot.model.quote import Quote
from perpbot.portfolio.exposure import Exposure
from perpbot.risk.approval import APPROVAL_NS, Approval, ApprovalKind, Level, Refusal
from perpbot.risk.results import Results
from perpbot.risk.rules import blocks, check_opening, check_reduction
from perpbot.risk.standing import Standing, standings
from perpbot.risk.view import Gate, LegRequest, Naked, OpenRequest, View
from perpbot.venues.rate_limit import ORDER, Urgency


class AssessOpening(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """May this trade be opened? The answer is an `Approval` or a `Refusal`."""

    request: OpenRequest
    pool: str
    pool_available: Mapping[str, Decimal]
    """By venue, what the pool had before this trade's reservation."""
    open_sides: Mapping[str, Side | None]
    """Which way trades in progress in the symbol stand, by venue; None where it is being cleared."""
    quotes: Mapping[str, Quote]
    """Fresh ones, of the symbol, by venue."""
    symbol_room: Decimal | None = None
    """What the pool had left for the symbol; None where symbols have no part of their own."""
    working: tuple[Order, ...] = ()
    """Our orders in the symbol that may still fill."""
    to_come: Mapping[tuple[str, str], Decimal] = msgspec.field(default_factory=dict)
    """What other trades may still add to positions, by venue and symbol, in quote currency."""
    begun: bool = False
    """Whether it is under way, and opens once more: no pause after itself, and what of it stands alone is hedged so."""


class AssessReduction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """May these orders, which take risk away, be sent? The answer is an `Approval` or a `Refusal`."""

    trade_id: str
    legs: tuple[LegRequest, ...]
    quotes: Mapping[str, Quote]


@attrs.frozen
class ReadBlocks:
    """The answer is the `Refusal`s that every opening meets now, whatever it is."""


@attrs.frozen
class ReadStandings:
    """The answer is a tuple of `Standing`: how near the account is to each limit. Empty before balances are known."""


@attrs.frozen
class ReadToday:
    """The answer is what this day has come to, in US dollars: trades that were over in it after fees, and funding."""


@attrs.frozen
class BeginCooldown:
    """Open nothing for so many seconds, unless an operator lifts it; one that lasts longer stays."""

    seconds: float
    by: str


@attrs.frozen
class ReadRisk:
    """The answer is a mapping for surfaces: the account as the rules see it, and why trades were refused."""


@attrs.frozen
class LiftCooldown:
    """An operator ends the pause after failures; answered when that is durable."""

    by: str


@attrs.frozen
class RefusalSeen:
    """One refusal, for the user."""

    at_ns: int
    """Wall clock."""
    symbol: str
    refusal: Refusal


class Risk(Actor):
    """Keeps the account's state as the rules need it."""

    mailbox = MailboxSpec(capacity=100_000, overflow=Overflow.REJECT)

    def __init__(
        self,
        limits: Limits,
        gates: Mapping[str, SendGate],
        *,
        journal: str,
        orders: str,
        positions: str,
        balances: str,
        hedge_watch: str,
        reliability: Reliability | None = None,
    ) -> None:
        """Judge by `limits`.

        Args:
            limits: what is allowed.
            gates: of the trading connections, by venue.
            journal: address of the journal.
            orders: address of the order book.
            positions: address of the positions.
            balances: address of the balances.
            hedge_watch: address of the hedge watch.
            reliability: how well the venues' connections work; all of them perfectly where it is not given.
        """
        super().__init__()
        self._reliability = reliability or Reliability({}, {})
        self._limits = limits
        self._gates = gates
        self._addresses = {
            "journal": journal,
            "orders": orders,
            "positions": positions,
            "balances": balances,
            "hedge_watch": hedge_watch,
        }
        self._naked = NakedChanged(())
        self._doubts = DoubtsChanged(frozenset())
        self._equity: EquityChanged | None = None
        self._safe_mode: dict[str, bool] = {}
        self._venue_equity: dict[str, Decimal] = {}
        self._venue_free: dict[str, Decimal] = {}
        self._exposure = Exposure({}, {}, {}, {})
        self._results = self._no_results()
        self._frozen_until_ns: dict[str, int] = {}
        self._last_opened_ns: dict[str, int] = {}
        self._refusals: Counter[str] = Counter()
        self._newest: deque[RefusalSeen] = deque(maxlen=100)
        self._approved = 0

    def on_start(self) -> None:
        """Learn today's result and the failures in a row from the journal, then listen."""
        self.subscribe(self._addresses["orders"], SETTLED)
        self._journal = self.look_up(self._addresses["journal"])
        for line in self._journal.ask(Replay((TradeSettled, CooldownBegun, CooldownLifted)), timeout_s=60.0):
            match line.entry:
                case CooldownBegun(until_ns=until_ns):
                    self._results.pause(until_ns)
                case CooldownLifted():
                    self._results.lift()
                case _:
                    self._count(line.entry.record)
        self.subscribe(self._addresses["orders"], OPENED)
        self.subscribe(self._addresses["positions"], EXPOSURE)
        self.subscribe(self._addresses["positions"], DOUBTS)
        self.subscribe(self._addresses["positions"], FUNDING_PAID)
        self.subscribe(self._addresses["hedge_watch"], NAKED)
        self.subscribe(self._addresses["balances"], EQUITY)

    # -- what it keeps -------------------------------------------------------------------------------------------

    @handles(EquityChanged)
    def on_equity(self, news: EquityChanged) -> None:
        """Balances were read."""
        self._equity = news
        self._safe_mode = {venue: each.safe_mode for venue, each in news.venues.items()}
        self._venue_equity = {venue: each.equity for venue, each in news.venues.items()}
        self._venue_free = news.free

    @handles(ExposureChanged)
    def on_exposure(self, news: ExposureChanged) -> None:
        """Positions or their values changed."""
        self._exposure = news.exposure

    @handles(NakedChanged)
    def on_naked(self, news: NakedChanged) -> None:
        """Legs stand alone, or do not any more."""
        self._naked = news

    @handles(DoubtsChanged)
    def on_doubts(self, news: DoubtsChanged) -> None:
        """Venues contradict our positions, or do not any more."""
        self._doubts = news

    @handles(FundingPaid)
    def on_funding(self, news: FundingPaid) -> None:
        """Funding was paid or received."""
        self._results.funding = news.by_hour

    @handles(FastMarket)
    def on_fast(self, news: FastMarket) -> None:
        """Freeze the symbol."""
        if self._frozen_until_ns.get(news.symbol, 0) < monotonic_ns():
            self.log.info("fast market", symbol=news.symbol, freeze_s=self._limits.fast_market_freeze_sec)
        freeze_ns = int(self._limits.fast_market_freeze_sec * NS_PER_SECOND)
        self._frozen_until_ns[news.symbol] = monotonic_ns() + freeze_ns

    @handles(TradeOpened)
    def on_opened(self, opened: TradeOpened) -> None:
        """The symbol's cooldown begins."""
        self._last_opened_ns[opened.plan.symbol] = monotonic_ns()

    @handles(TradeRecord)
    def on_settled(self, record: TradeRecord) -> None:
        """A trade is over: count its result; too many failures in a row make a pause."""
        if self._count(record):
            failures = self._limits.max_consecutive_failures
            self.log.warning("cooldown", failures_in_row=failures, seconds=self._limits.failure_cooldown_sec)

    def _count(self, record: TradeRecord) -> bool:
        success = record.phase == Phase.COMPLETED.value
        # funding comes by itself, when the venue says so
        net = record.trading - record.fees - record.other_fees_worth
        return self._results.take(ended_ns=record.ended_ns, settled_ns=record.settled_at_ns, net=net, success=success)

    def _no_results(self) -> Results:
        return Results(
            start_hour=self._limits.day_start_hour,
            failures=self._limits.max_consecutive_failures,
            cooldown_ns=int(self._limits.failure_cooldown_sec * NS_PER_SECOND),
        )

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """Other limits count from the next order on."""
        self._limits = news.settings.risk
        fresh = self._no_results()
        self._results.failures, self._results.cooldown_ns = fresh.failures, fresh.cooldown_ns
        self._results.start_hour = fresh.start_hour

    @handles(BeginCooldown)
    def on_begin(self, request: BeginCooldown) -> None:
        """The same pause as after failures, in force before it is durable: hedges ask here, and wait for no disk."""
        self.log.warning("cooldown", by=request.by, seconds=request.seconds)
        until_ns = wall_ns() + int(request.seconds * NS_PER_SECOND)
        self._results.pause(until_ns)
        self._journal.tell(Append([CooldownBegun(until_ns=until_ns, by=request.by)]))

    @handles(LiftCooldown)
    def on_lift(self, request: LiftCooldown) -> None:
        """An operator takes the responsibility."""
        self._journal.ask(Append([CooldownLifted(by=request.by)]))
        self.log.warning("cooldown lifted", by=request.by)
        self._results.lift()

    # -- what it answers -----------------------------------------------------------------------------------------

    @handles(AssessOpening)
    def on_opening(self, assess: AssessOpening) -> Approval | Refusal:
        """All four levels."""
        request = assess.request
        refusal = self._account_unknown() or check_opening(request, self._view(assess), self._limits)
        if refusal is not None:
            self._refusals[f"{refusal.level}/{refusal.rule}"] += 1
            self._newest.append(RefusalSeen(wall_ns(), request.symbol, refusal))
            return refusal
        self._approved += 1
        approval = self._approval(ApprovalKind.OPEN, request.trade_id)
        for leg in request.legs:
            self._gates[leg.venue].limiter.keep(request.trade_id, approval.expires_ns)
        return approval

    @handles(AssessReduction)
    def on_reduction(self, assess: AssessReduction) -> Approval | Refusal:
        """The price collar and the connection, nothing else."""
        view = self._view(assess)
        for leg in assess.legs:
            refusal = check_reduction(leg, view, self._limits)
            if refusal is not None:
                self._refusals[f"{refusal.level}/{refusal.rule}"] += 1
                return refusal
        return self._approval(ApprovalKind.REDUCE, assess.trade_id)

    @handles(ReadBlocks)
    def on_read_blocks(self, _: ReadBlocks) -> list[Refusal]:
        """Nothing before the balances are known: then there is nothing to judge by."""
        return [] if self._equity is None else blocks(self._view(None), self._limits)

    @handles(ReadStandings)
    def on_read_standings(self, _: ReadStandings) -> tuple[Standing, ...]:
        """For whoever looks."""
        return () if self._equity is None else standings(self._view(None), self._limits)

    @handles(ReadToday)
    def on_read_today(self, _: ReadToday) -> Decimal:
        """What the daily limit goes by."""
        return self._results.today(wall_ns())

    def _approval(self, kind: ApprovalKind, trade_id: str) -> Approval:
        generations = {venue: gate.generation for venue, gate in self._gates.items()}
        return Approval(kind=kind, trade_id=trade_id, expires_ns=monotonic_ns() + APPROVAL_NS, generations=generations)

    def _account_unknown(self) -> Refusal | None:
        if self._equity is None:
            return Refusal(
                level=Level.ACCOUNT, rule="min-equity", value="no balance was read yet", limit="known equity"
            )
        return None

    def _naked_beside(self, opening: AssessOpening | None) -> tuple[Naked, ...]:
        if opening is None or not opening.begun:
            return self._naked.trades
        return tuple(each for each in self._naked.trades if each.trade_id != opening.request.trade_id)

    def _view(self, assess: AssessOpening | AssessReduction | None) -> View:
        equity = self._equity
        opening = assess if isinstance(assess, AssessOpening) else None
        now, wall = monotonic_ns(), wall_ns()
        return View(
            now_ns=now,
            pool="" if opening is None else opening.pool,
            pool_available={} if opening is None else opening.pool_available,
            safe_mode=self._safe_mode,
            equity=ZERO if equity is None else equity.equity,
            peak_equity=ZERO if equity is None else equity.peak,
            daily_profit=self._results.today(wall),
            failures_in_row=self._results.in_row,
            cooldown_until_ns=now + self._results.paused_until_ns - wall,
            frozen_until_ns=self._frozen_until_ns,
            last_opened_ns={} if opening is not None and opening.begun else self._last_opened_ns,
            exposure=self._exposure if opening is None else self._exposure.with_more(opening.to_come),
            open_sides={} if opening is None else opening.open_sides,
            quotes={} if assess is None else assess.quotes,
            gates=self._seen_gates(assess),
            naked=self._naked_beside(opening),
            doubted=self._doubts.doubted,
            symbol_room=None if opening is None else opening.symbol_room,
            venue_equity=self._venue_equity,
            venue_free=self._venue_free,
            working=() if opening is None else opening.working,
            scores=self._reliability.scores,
            ill=self._reliability.ill,
        )

    def _seen_gates(self, assess: AssessOpening | AssessReduction | None) -> dict[str, Gate]:
        """Those that the orders asked for would pass, at this moment; none where nothing is asked for."""
        if assess is None:
            return {}
        opening = assess.request if isinstance(assess, AssessOpening) else None
        legs = assess.request.legs if isinstance(assess, AssessOpening) else assess.legs
        gates = {leg.venue: self._gates[leg.venue] for leg in legs if leg.venue in self._gates}
        return {
            venue: Gate(
                open_refusal=gate.refusal_to_open(None if opening is None else opening.symbol),
                reduce_refusal=gate.refusal_to_reduce(),
                generation=gate.generation,
                leverage=None if opening is None else gate.leverage(opening.symbol),
                wait_s=0.0 if opening is None else gate.limiter.wait_s(ORDER, Urgency.OPEN, monotonic_ns()),
            )
            for venue, gate in gates.items()
        }

    @handles(ReadRisk)
    def on_read_risk(self, _: ReadRisk) -> dict[str, Any]:
        """For the command line."""
        return self.describe()

    def describe(self) -> dict[str, Any]:
        """The account as the rules see it, and why trades were refused."""
        now = monotonic_ns()
        return {
            "equity": None if self._equity is None else str(self._equity.equity),
            "peak": None if self._equity is None else str(self._equity.peak),
            "daily_profit": str(self._results.today(wall_ns())),
            "failures_in_row": self._results.in_row,
            "cooldown_s": max(0, (self._results.paused_until_ns - wall_ns()) / NS_PER_SECOND),
            "frozen": [symbol for symbol, until in self._frozen_until_ns.items() if until > now],
            "approved": self._approved,
            "refused": dict(self._refusals),
            "newest_refusals": self._grouped(),
        }

    def _grouped(self) -> list[str]:
        """The newest refusal by each rule in each symbol, newest first, and how many of the last ones were alike."""
        newest: dict[tuple[str, str], list[RefusalSeen]] = {}
        for seen in reversed(self._newest):
            newest.setdefault((seen.symbol, seen.refusal.rule), []).append(seen)
        return [
            f"{each[0].symbol}: {each[0].refusal}" + (f" ({len(each)} times)" if len(each) > 1 else "")
            for each in newest.values()
        ]

"""A trade between two venues that do whatever a test tells them to, carried as its actor carries it."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import attrs
from execution_values import BTC, MS, RULES, VENUES, fill, order_of, quote, update

from perpbot.config.decisions import Execution
from perpbot.config.limits import Risk
from perpbot.execution.decide import decide
from perpbot.execution.entries import Entry, OrdersIntended, TradeMoved, TradeOpened, TradeRecord
from perpbot.execution.hedging import patience_over
from perpbot.execution.ledger import Ledger, OrderNews, answered, told
from perpbot.execution.plan import Plan
from perpbot.execution.pricing import RETRY_MS, reducible
from perpbot.execution.settle import Timings, leg_state, settle, spent
from perpbot.execution.trade import CloseReason, LegMarket, LegState, Phase, Situation, Want
from perpbot.execution.views import TradeView
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO, Quantity
from perpbot.model.order import Accepted, Fill, Order, OrderStatus, OrderUpdate, Outcome, Refused, Unknown
from perpbot.model.quote import Quote
from perpbot.risk.execution_rules import PriceCollar

News = Outcome | OrderUpdate | Fill
EDGES = {
    (Phase.OPENING, Phase.OPEN),
    (Phase.OPENING, Phase.CLOSING),
    (Phase.OPENING, Phase.FAILED),
    (Phase.OPENING, Phase.UNWOUND),
    (Phase.OPEN, Phase.CLOSING),
    (Phase.CLOSING, Phase.COMPLETED),
    (Phase.CLOSING, Phase.UNWOUND),
}
"""The ways a trade may go."""
LIMITS = Risk()
TOLERANCE = Decimal(60)
"""More than the smallest order of any of these venues is worth."""
MAX_STEPS = 20
REFUSED_MS = 200


@attrs.frozen
class Behaviour:
    """What a venue does with one order, and what it says of that."""

    kind: str = "answers"
    """``answers``, ``refuses``, ``loses`` (the answer), ``never arrives``, or ``forgets`` (a fill, until later)."""
    share: Decimal = Decimal(1)
    """How much of it fills."""
    parts: int = 1
    """In how many fills."""


GOOD = Behaviour()


@attrs.define
class Exchange:
    """One venue: what it shows, what we hold there, and what we paid and got."""

    instrument: Instrument
    mid: Decimal
    half_spread: Decimal = Decimal("0.01")
    shows: bool = True
    tradable: bool = True
    opens: bool = True
    position: Decimal = ZERO
    cash: Decimal = ZERO
    refs: int = 0
    closes_less: bool | None = None
    """Whether it takes orders below its minima that close all of a position; None: below that of value alone."""
    seen: dict[str, Order] = attrs.field(factory=dict)
    """Every order that was sent there, by the id it has on the wire."""

    @property
    def quote(self) -> Quote | None:
        if not self.shows:
            return None
        return quote(self.instrument.venue, self.mid - self.half_spread, self.mid + self.half_spread)

    def take(self, order: Order, behaviour: Behaviour) -> tuple[list[News], list[News]]:
        """Execute an order. What the venue says of it, and what it says only much later."""
        assert order.wire_id not in self.seen, "it was sent before"
        self.seen[order.wire_id] = order
        if behaviour.kind == "never arrives":
            return [Unknown("timeout"), Refused("it never reached the venue")], []
        refusal = "no" if behaviour.kind == "refuses" else self._refusal(order)
        if refusal is not None:
            return [Refused(refusal)], []
        fills = list(self._fills(order, behaviour))
        filled = sum((each.quantity for each in fills), ZERO)
        end = OrderStatus.FILLED if filled == order.quantity else OrderStatus.CANCELLED
        if behaviour.kind == "forgets":
            return [Accepted(f"v{order.client_id}"), update(order, OrderStatus.CANCELLED, 0)], [*fills]
        answer: Outcome = Unknown("timeout") if behaviour.kind == "loses" else Accepted(f"v{order.client_id}")
        return [answer, *fills, update(order, end, filled)], []

    def _refusal(self, order: Order) -> str | None:
        grid = self.instrument
        whole = self.closes_less and order.reduce_only and order.quantity == abs(self.position)
        if order.quantity % grid.lot or (order.quantity < grid.min_quantity and not whole):
            return "size"
        if not grid.on_grid(order.price):
            return "price"
        if order.reduce_only:
            if self.closes_less is False and order.quantity * order.price < grid.min_notional:
                return "notional"
            return None if order.side.sign * self.position < 0 else "nothing to reduce"
        return None if order.quantity * order.price >= grid.min_notional else "notional"

    def _fills(self, order: Order, behaviour: Behaviour) -> Iterator[Fill]:
        best = self.mid + order.side.sign * self.half_spread
        if (best - order.price) * order.side.sign > 0:
            return
        left = self.instrument.round_quantity(order.quantity * behaviour.share)
        if order.reduce_only:
            left = min(left, Quantity(abs(self.position)))
        for part in range(behaviour.parts, 0, -1):
            size = left if part == 1 else self.instrument.round_quantity(left / part)
            if size:
                left = Quantity(left - size)
                yield self._fill(order, size, best)

    def _fill(self, order: Order, size: Decimal, price: Decimal) -> Fill:
        self.refs += 1
        made = fill(order, f"{order.venue}{self.refs}", size, price)
        self.position += order.side.sign * size
        self.cash -= order.side.sign * size * price + made.fee.amount
        return made


class Trading:
    """The trade, its order book and its journal. Whoever drives it says what happens next."""

    def __init__(
        self,
        plan: Plan,
        buy: Exchange,
        sell: Exchange,
        behaviours: Sequence[Behaviour],
        rules: Execution = RULES,
        *,
        tolerance: Decimal = TOLERANCE,
        may_open: bool = False,
    ) -> None:
        self.tolerance = tolerance
        self.may_open = may_open
        self.plan = plan
        self.exchanges = {"buy": buy, "sell": sell}
        self.rules = rules
        self.behaviours = list(behaviours)
        self.ledger = Ledger()
        self.journal: list[Entry] = []
        self.now_ns = 1_000 * MS
        self.wake_ns: int | None = None
        self.close_asked: CloseReason | None = None
        self.record: TradeRecord | None = None
        self.unsaid: list[tuple[str, News]] = []
        self.said: list[tuple[str, News]] = []
        self.forgotten: list[tuple[str, News]] = []
        self.lied = False
        self.uneven_since_ns: int | None = None
        self.collared_ns = 0
        """Until then the risk rules have turned down what it wants."""
        self.sent: list[tuple[int, Want, Decimal]] = []
        self.phases = [Phase.OPENING]
        self.trouble = ""
        """What it said last that only the operator can mend."""
        self._open()

    # -- what it looks like ----------------------------------------------------------------------------------------

    @property
    def view(self) -> TradeView:
        view = self.ledger.trade(self.plan.trade_id)
        assert view is not None
        return view

    def leg(self, name: str) -> LegState:
        return leg_state(name, self.view.orders)

    @property
    def held(self) -> dict[str, Decimal]:
        return {name: self.leg(name).held for name in VENUES}

    @property
    def situation(self) -> Situation:
        view = self.view
        return Situation(
            plan=self.plan,
            phase=Phase(view.phase),
            legs={name: self.leg(name) for name in VENUES},
            markets={
                name: LegMarket(instrument=each.instrument, quote=each.quote, tradable=each.tradable, opens=each.opens)
                for name, each in self.exchanges.items()
            },
            now_ns=self.now_ns,
            opened_ns=view.opened_ns or self.now_ns,
            uneven_since_ns=self.uneven_since_ns,
            close_asked=self.close_asked,
            may_open=self.may_open,
            spent=spent(view.orders),
            tolerance=self.tolerance,
        )

    # -- what happens to it ----------------------------------------------------------------------------------------

    def restart(self) -> None:
        """The process dies and reads its journal."""
        self.ledger = Ledger()
        for entry in self.journal:
            self.ledger.apply(entry, self.now_ns)
        self.wake_ns = self.now_ns

    def hear(self, index: int) -> None:
        """One piece of news arrives; any of those that are under way."""
        if self.unsaid:
            self._learn(*self.unsaid.pop(index % len(self.unsaid)))

    def hear_of(self, leg: str) -> None:
        """Everything that is under way about the orders of one leg arrives."""
        about = [news for news in self.unsaid if self.ledger.known(news[0]).order.leg == leg]
        self.unsaid = [news for news in self.unsaid if news not in about]
        for news in about:
            self._learn(*news)

    def hear_again(self, index: int) -> None:
        """Something arrives once more that was heard before."""
        if self.said and self.record is None:
            self._learn(*self.said[index % len(self.said)])

    def remember(self) -> None:
        """The venues tell of the fills they had forgotten."""
        forgotten, self.forgotten = self.forgotten, []
        for client_id, event in forgotten:
            self._learn(client_id, event)

    def _learn(self, client_id: str, event: News) -> None:
        self.said.append((client_id, event))
        entry = told(client_id, event) if isinstance(event, OrderUpdate | Fill) else answered(client_id, event)
        fresh, contradictions = self.ledger.fresh([entry])
        assert self.lied or contradictions == []
        self._record(*fresh)

    def _record(self, *entries: Entry | OrderNews) -> None:
        for entry in entries:
            self.journal.append(entry)
            self.ledger.apply(entry, self.now_ns)

    # -- what it does ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        first = decide(
            Situation(
                plan=self.plan,
                phase=Phase.OPENING,
                legs={name: LegState(held=Quantity(ZERO)) for name in VENUES},
                markets={},
                now_ns=self.now_ns,
                opened_ns=self.now_ns,
            ),
            self.rules,
        )
        orders = [order_of(want, self.plan, number) for number, want in enumerate(first.wants, start=1)]
        self._record(TradeOpened(plan=self.plan, pool="arb", reserved={}, orders=orders))
        self._send(orders)

    def advance(self) -> None:
        """Decide until there is something to wait for, as the trade's actor does."""
        self._decide()
        if self.record is None and not self.lied:
            self._check_alone()

    def _decide(self) -> None:
        for _ in range(MAX_STEPS):
            if self.record is not None:
                return
            step = decide(self.situation, self.rules)
            self.trouble = step.trouble
            phase = Phase(self.view.phase)
            if step.phase is not phase:
                assert (phase, step.phase) in EDGES
                self.phases.append(step.phase)
                self._move(step.phase, step.reason)
                continue
            if step.wants:
                self._submit(step.wants)
                return
            assert step.retry_ms is not None, "it waits for nothing"
            self.wake_ns = self.now_ns + step.retry_ms * MS
            return
        raise AssertionError("it decides in circles")

    def _move(self, phase: Phase, reason: str) -> None:
        if phase.over:
            assert not self.situation.legs["buy"].busy
            assert not self.situation.legs["sell"].busy
            self.record = settle(self.view, phase, reason or self.view.reason, ["USDT"], Timings(), 1)
        else:
            self._record(TradeMoved(trade_id=self.plan.trade_id, phase=phase.value, reason=reason))

    def _submit(self, wants: Sequence[Want]) -> None:
        if any(self._collar(want) for want in wants):
            self.collared_ns = self.wake_ns = self.now_ns + REFUSED_MS * MS
            return
        for want in wants:
            self._check(want)
        number = self.ledger.orders_intended + 1
        orders = [order_of(want, self.plan, number + index) for index, want in enumerate(wants)]
        self._record(OrdersIntended(orders=orders))
        self._send(orders)

    def _collar(self, want: Want) -> bool:
        exchange = self.exchanges[want.leg]
        return PriceCollar().check_price(VENUES[want.leg], want.price, exchange.quote, LIMITS) is not None

    def _send(self, orders: Sequence[Order]) -> None:
        for each in orders:
            behaviour = self.behaviours.pop(0) if self.behaviours else GOOD
            said, later = self.exchanges[each.leg].take(each, behaviour)
            self.unsaid += [(each.client_id, event) for event in said]
            self.forgotten += [(each.client_id, event) for event in later]
            self.lied |= bool(later)

    # -- what must never happen ------------------------------------------------------------------------------------

    def _check(self, want: Want) -> None:
        states = self.situation.legs
        waiting = [state for state in states.values() if state.busy]
        assert not waiting or self._out_of_patience(want, states), "something is still in flight"
        if not self.lied and not waiting:
            positions = {name: each.position for name, each in self.exchanges.items()}
            assert self.held == positions, "it decides on all that has happened"
        held, exchange = states[want.leg].held, self.exchanges[want.leg]
        after = held + want.side.sign * want.quantity
        if want.reduce_only:
            assert abs(after) <= abs(held) - want.quantity, "it must only reduce"
            assert want.quantity >= exchange.instrument.min_quantity or want.quantity == abs(held)
        else:
            assert abs(after) <= self.plan.quantity, "it must not be more than was planned"
            assert exchange.instrument.accepts(want.quantity, want.price)
        assert exchange.instrument.on_grid(want.price)
        assert exchange.tradable
        self._check_pace(want, held)

    def _out_of_patience(self, want: Want, states: Mapping[str, LegState]) -> bool:
        """Whether it gives back what stands alone beside an order whose fate has been unknown for too long."""
        since_ns = states["sell" if want.leg == "buy" else "buy"].waiting_since_ns
        late = since_ns is not None and self.now_ns - since_ns >= self.rules.unknown_timeout_sec * 1_000 * MS
        return want.purpose == "unwind" and not states[want.leg].busy and late

    def _check_alone(self) -> None:
        """What stands alone and could be given back is not left standing for longer than the longest pause."""
        now = self.situation
        lag, lead = sorted(now.plan.legs, key=now.opened)
        gap = reducible(now, lead, now.opened(lead) - now.opened(lag))
        since_ns = now.leg(lag).waiting_since_ns
        patient = now.leg(lag).busy and not patience_over(now, since_ns, self.rules)
        reachable = all(now.market(leg).tradable and now.market(leg).quote is not None for leg in now.plan.legs)
        if not gap or not reachable or now.leg(lead).busy or patient or self.collared_ns > self.now_ns:
            return
        last_ns = max(now.leg(lead).last_try_ns, 0 if now.leg(lag).busy else now.leg(lag).last_try_ns)
        assert self.now_ns - last_ns < RETRY_MS[-1] * MS, f"{gap} stands alone in {now.phase}"
        assert self.wake_ns is not None
        assert self.wake_ns <= self.now_ns + RETRY_MS[-1] * MS, "it wakes in time"

    def _check_pace(self, want: Want, held: Decimal) -> None:
        """Nothing is tried again at once when trying has changed nothing."""
        same = [at for at, each, had in self.sent if (each.leg, each.purpose, had) == (want.leg, want.purpose, held)]
        assert not same or self.now_ns - same[-1] >= 100 * MS, "it tries the same again at once"
        self.sent.append((self.now_ns, want, held))


def check_holdings(trading: Trading) -> None:
    """What must hold at every moment at honest venues."""
    if trading.record is None:
        buy, sell = trading.held.values()
        assert 0 <= buy <= trading.plan.quantity
        assert 0 <= -sell <= trading.plan.quantity
    for name, each in trading.exchanges.items():
        assert 0 <= each.position * (1 if name == "buy" else -1) <= trading.plan.quantity
        assert each.instrument.symbol == BTC

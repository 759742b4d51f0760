"""A trade's decisions: from what is held to what is sent next. Pure: no clock, no network, no memory of events.

Everything converges on state. What a leg should hold, minus what its fills say it holds, minus what may still fill,
is what is sent; single events decide nothing. So a late fill, a lost answer or a restart in the middle is only
another state to converge from.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

import attrs

from perpbot.config.decisions import Execution, PartialFillHandling
from perpbot.execution.foreign import PURPOSE as FOREIGN
from perpbot.execution.plan import Leg, Plan
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.quote import Quote

HUNDRED = Decimal(100)
NS_PER_MS = 1_000_000
LOOK_MS = 500
"""While orders are in flight their fate is read again this often, should its news have been lost."""
RETRY_MS = (0, 100, 200, 400, 800, 1_600)
"""Pauses before the second and later tries of the same thing, in milliseconds; the last one repeats."""


UNWINDS = len(RETRY_MS)
"""Times that what is too much is given back alone, before all of it is."""


class Phase(StrEnum):
    """Where a trade is on its way. The first two steps, reserving and checking, come before it exists."""

    OPENING = "opening"
    """Both legs were sent; it converges to equal legs."""
    OPEN = "open"
    """Hedged, waiting for a reason to close."""
    CLOSING = "closing"
    """It converges to nothing held."""
    COMPLETED = "completed"
    """Opened, hedged and closed again."""
    UNWOUND = "unwound"
    """A leg was missing; what the other had was given back."""
    FAILED = "failed"
    """Neither leg filled."""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self in {Phase.COMPLETED, Phase.UNWOUND, Phase.FAILED}


class CloseReason(StrEnum):
    """Why an open trade is closed."""

    REVERTED = "spread reverted"
    TARGET = "target reached"
    TIME = "held long enough"
    STOP = "closed at stop"
    FLATTENED = "flattened"
    BROKEN = "could not be hedged"
    FOREIGN = "somebody else traded in its position"
    REST = "a rest is left that its venue does not take"


@attrs.frozen(kw_only=True)
class LegState:
    """What the orders of one leg add up to."""

    held: Quantity
    """Signed, from fills."""
    busy: bool = False
    """An order of it is open, or its fate or its fills are not known yet: nothing else is sent."""
    tries: Mapping[str, int] = attrs.field(factory=dict)
    """Orders sent so far, by purpose."""
    last_try_ns: int = 0
    """Monotonic, when the last of them ended."""
    waiting_since_ns: int | None = None
    """While busy: monotonic, since when nothing was heard of the order that waits longest."""


@attrs.frozen(kw_only=True)
class LegMarket:
    """What a leg's venue looks like now."""

    instrument: Instrument
    quote: Quote | None
    """None when there is no fresh one."""
    tradable: bool
    """Whether its trading connection takes orders that reduce risk."""


@attrs.frozen(kw_only=True)
class Want:
    """An order the trade wants to be sent now."""

    leg: str
    side: Side
    quantity: Quantity
    price: Price
    reduce_only: bool
    purpose: str


@attrs.frozen(kw_only=True)
class Step:
    """What a trade does next."""

    phase: Phase
    wants: tuple[Want, ...] = ()
    reason: str = ""
    retry_ms: int | None = None
    """Look again after this long even when nothing happens."""


@attrs.frozen(kw_only=True)
class Situation:
    """Everything a trade decides from."""

    plan: Plan
    phase: Phase
    legs: Mapping[str, LegState]
    markets: Mapping[str, LegMarket]
    now_ns: int
    opened_ns: int
    """Monotonic, when the phase OPEN began."""
    uneven_since_ns: int | None = None
    """Monotonic, since when the legs are not equal; None while they are."""
    close_asked: CloseReason | None = None
    """Why it was told to close, if it was."""
    spent: Decimal = ZERO
    """Cash so far in quote currency: what selling brought minus what buying cost, minus fees."""

    def leg(self, leg: Leg) -> LegState:
        """The state of a leg."""
        return self.legs[leg.name]

    def opened(self, leg: Leg) -> Decimal:
        """Coins a leg holds in the direction it opens."""
        return leg.side.sign * self.legs[leg.name].held

    def market(self, leg: Leg) -> LegMarket:
        """The market of a leg."""
        return self.markets[leg.name]


def decide(now: Situation, rules: Execution) -> Step:
    """The next step of a trade."""
    busy = [leg for leg in now.plan.legs if now.leg(leg).busy]
    if busy and not now.phase.over:
        return _meanwhile(now, busy, rules)
    if now.phase in {Phase.OPENING, Phase.OPEN} and any(FOREIGN in now.leg(leg).tries for leg in now.plan.legs):
        return _begin_closing(CloseReason.FOREIGN)  # never put back what somebody took away
    if now.phase is Phase.OPENING:
        return _opening(now, rules)
    if now.phase is Phase.OPEN:
        return _open(now, rules)
    if now.phase is Phase.CLOSING:
        return _closing(now, rules)
    return Step(phase=now.phase)


# -- while an order is in flight ---------------------------------------------------------------------------------------


def _meanwhile(now: Situation, busy: Sequence[Leg], rules: Execution) -> Step:
    """Nothing more is sent, except: what stands alone beside an order whose fate stays unknown is given back.

    That order may have filled nothing, or all of it. Either way there is then at most one leg left alone, at the
    venue that does not answer, and it is given back when that venue answers again.
    """
    waiting = Step(phase=now.phase, retry_ms=LOOK_MS)
    known = [leg for leg in now.plan.legs if leg not in busy]
    if not known or not _patience_over(now, now.leg(busy[0]).waiting_since_ns, rules):
        return waiting
    alone = now.opened(known[0]) - now.opened(busy[0])
    return (_give_back(now, known[0], alone, rules) if alone > 0 else None) or waiting


def _patience_over(now: Situation, since_ns: int | None, rules: Execution) -> bool:
    return since_ns is not None and now.now_ns - since_ns >= rules.unknown_timeout_sec * 1_000 * NS_PER_MS


# -- opening ---------------------------------------------------------------------------------------------------------


def _opening(now: Situation, rules: Execution) -> Step:
    buy, sell = now.plan.legs
    if not any(now.leg(leg).tries for leg in now.plan.legs):
        return Step(phase=Phase.OPENING, wants=(_first(now, buy), _first(now, sell)))
    step = _equalise(now, rules)
    if step is not None:
        return step
    if min(now.opened(buy), now.opened(sell)) > 0:
        return Step(phase=Phase.OPEN, retry_ms=0)
    if any(now.leg(leg).held for leg in now.plan.legs):
        return _begin_closing(CloseReason.BROKEN)
    gave_back = any("unwind" in now.leg(leg).tries for leg in now.plan.legs)
    return Step(phase=Phase.UNWOUND if gave_back else Phase.FAILED)


def _first(now: Situation, leg: Leg) -> Want:
    return Want(
        leg=leg.name,
        side=leg.side,
        quantity=now.plan.quantity,
        price=leg.limit,
        reduce_only=False,
        purpose="open",
    )


# -- keeping the legs equal ------------------------------------------------------------------------------------------


def _equalise(now: Situation, rules: Execution) -> Step | None:
    """What makes the legs equal; None when they are, or when neither venue takes as little as they differ by.

    Such a rest is carried: it is given back together with all else.
    """
    lag, lead = sorted(now.plan.legs, key=now.opened)
    gap = now.opened(lead) - now.opened(lag)
    if not gap:
        return None
    # what is beyond the plan, because a fill came late, is not hedged but given back
    missing = min(now.opened(lead), now.plan.quantity) - now.opened(lag)
    return _hedge(now, lag, missing, rules) or _unwind(now, lead, gap, rules)


def _hedge(now: Situation, lag: Leg, missing: Decimal, rules: Execution) -> Step | None:
    """Fill the missing part where it is missing; None when that is not wanted or not possible."""
    tried = now.leg(lag).tries.get("hedge", 0)
    market = now.market(lag)
    if rules.partial_fill_handling is not PartialFillHandling.HEDGE or tried >= rules.hedge_attempts:
        return None
    if "unwind" in now.leg(lag).tries and now.market(now.plan.other(lag)).tradable:
        return None  # it was given back there: the rest goes the same way
    if not market.tradable or market.quote is None or _too_wide(market.quote, rules):
        return None
    price = _banded(market, lag.side, tried, rules)
    quantity = market.instrument.round_quantity(missing)
    if not market.instrument.accepts(quantity, price):
        return None
    want = Want(leg=lag.name, side=lag.side, quantity=quantity, price=price, reduce_only=False, purpose="hedge")
    return _send_or_wait(now, [want], tried)


def _unwind(now: Situation, lead: Leg, gap: Decimal, rules: Execution) -> Step | None:
    """Give back what is too much where it is; None when the venue does not take so little."""
    spent = now.leg(lead).tries.get("unwind", 0) >= UNWINDS and _reducible(now.market(lead).instrument, gap)
    return _begin_closing(CloseReason.BROKEN) if spent else _give_back(now, lead, gap, rules)


def _give_back(now: Situation, lead: Leg, gap: Decimal, rules: Execution) -> Step | None:
    market = now.market(lead)
    tried = now.leg(lead).tries.get("unwind", 0)
    quantity = _reducible(market.instrument, min(gap, now.opened(lead)))
    if not quantity:
        return None
    if not market.tradable or market.quote is None:
        return Step(phase=now.phase, retry_ms=RETRY_MS[1])
    side = lead.side.opposite
    price = _banded(market, side, tried, rules)
    want = Want(leg=lead.name, side=side, quantity=quantity, price=price, reduce_only=True, purpose="unwind")
    return _send_or_wait(now, [want], tried)


def _reducible(instrument: Instrument, quantity: Decimal) -> Quantity:
    """The part of `quantity` that an order can give back; zero when the venue does not take so little."""
    rounded = instrument.round_quantity(quantity)
    return rounded if rounded >= instrument.min_quantity else Quantity(ZERO)


# -- open ------------------------------------------------------------------------------------------------------------


def _open(now: Situation, rules: Execution) -> Step:
    reason = close_reason(now, rules)
    if reason is not None:
        return _begin_closing(reason)
    step = _equalise(now, rules)  # a fill that came after the end of its order
    if step is not None:
        return step
    held_ns = now.now_ns - now.opened_ns
    left_ms = rules.max_hold_sec * 1_000 - held_ns / NS_PER_MS
    return Step(phase=Phase.OPEN, retry_ms=max(1, min(250, int(left_ms))))


def close_reason(now: Situation, rules: Execution) -> CloseReason | None:
    """Why an open trade should be closed now, or None."""
    if now.close_asked is not None:
        return now.close_asked
    if now.now_ns - now.opened_ns >= rules.max_hold_sec * 1_000 * NS_PER_MS:
        return CloseReason.TIME
    buy, sell = (now.market(leg) for leg in now.plan.legs)
    if buy.quote is None or sell.quote is None or not (buy.tradable and sell.tradable):
        return None
    if sell.quote.mid <= buy.quote.mid:
        return CloseReason.REVERTED
    if profit_if_closed(now) >= now.plan.notional * rules.close_profit_pct / HUNDRED:
        return CloseReason.TARGET
    return None


def profit_if_closed(now: Situation) -> Decimal:
    """Profit after all fees if both legs were closed at the best prices now; both quotes must be there."""
    profit = now.spent
    for leg in now.plan.legs:
        market, held = now.market(leg), now.leg(leg).held
        if market.quote is None:
            raise ValueError(f"no quote of {leg.venue} to value its leg")
        price = market.quote.bid if held > 0 else market.quote.ask
        profit += held * price - abs(held) * price * market.instrument.taker_fee
    return profit


# -- closing ---------------------------------------------------------------------------------------------------------


def _begin_closing(reason: CloseReason) -> Step:
    return Step(phase=Phase.CLOSING, reason=reason.value, retry_ms=0)


def _closing(now: Situation, rules: Execution) -> Step:
    left = {leg: quantity for leg in now.plan.legs if (quantity := _left(now, leg))}
    if not left:
        unhedged = not all("close" in now.leg(leg).tries for leg in now.plan.legs)
        rest = any(now.leg(leg).held for leg in now.plan.legs)
        return Step(phase=Phase.UNWOUND if unhedged else Phase.COMPLETED, reason=CloseReason.REST.value if rest else "")
    # a leg is not closed alone while the other could not follow: that would open what is hedged
    if not all(_reachable(now, leg) for leg in left):
        return _even_out(now, rules) or Step(phase=Phase.CLOSING, retry_ms=RETRY_MS[2])
    tried = max(now.leg(leg).tries.get("close", 0) for leg in left)
    return _send_or_wait(now, [_close(now, leg, quantity, rules) for leg, quantity in left.items()], tried)


def _reachable(now: Situation, leg: Leg) -> bool:
    return now.market(leg).tradable and now.market(leg).quote is not None


def _even_out(now: Situation, rules: Execution) -> Step | None:
    """What hedges nothing is given back where that is possible; else, after a while, it is hedged where that is."""
    lag, lead = sorted(now.plan.legs, key=now.opened)
    gap = now.opened(lead) - now.opened(lag)
    if gap and _reachable(now, lead):
        return _give_back(now, lead, gap, rules)
    if gap and _reachable(now, lag) and _patience_over(now, now.uneven_since_ns, rules):
        return _hedge(now, lag, min(gap, now.plan.quantity), rules)
    return None


def _left(now: Situation, leg: Leg) -> Quantity:
    return _reducible(now.market(leg).instrument, abs(now.leg(leg).held))


def _close(now: Situation, leg: Leg, quantity: Quantity, rules: Execution) -> Want:
    side = Side.SELL if now.leg(leg).held > 0 else Side.BUY
    price = _banded(now.market(leg), side, now.leg(leg).tries.get("close", 0), rules)
    return Want(leg=leg.name, side=side, quantity=quantity, price=price, reduce_only=True, purpose="close")


# -- prices and pauses -----------------------------------------------------------------------------------------------


def _banded(market: LegMarket, side: Side, tried: int, rules: Execution) -> Price:
    """The worst price of an order that must fill: a band beyond the best price, wider with every try.

    It is never farther from the middle than the last band, unless the best price itself is: the price collar would
    refuse it however often it was tried.
    """
    quote, grid, bands = market.quote, market.instrument, rules.hedge_band_pct
    if quote is None:
        raise ValueError(f"no quote of {grid.venue} to price an order")
    band, last = (side.sign * each / HUNDRED for each in (bands[min(tried, len(bands) - 1)], bands[-1]))
    best = quote.ask if side is Side.BUY else quote.bid
    wanted = grid.round_price(best * (1 + band), side, outward=True)
    farthest = grid.round_price(quote.mid * (1 + last), side, outward=False)
    return min(wanted, max(best, farthest)) if side is Side.BUY else max(wanted, min(best, farthest))


def _too_wide(quote: Quote, rules: Execution) -> bool:
    """Whether even the best price is farther from the middle than any hedge may be."""
    return (quote.ask - quote.mid) * HUNDRED > quote.mid * rules.hedge_band_pct[-1]


def _send_or_wait(now: Situation, wants: list[Want], tried: int) -> Step:
    pause_ms = RETRY_MS[min(tried, len(RETRY_MS) - 1)]
    last = max(now.leg(leg).last_try_ns for leg in now.plan.legs)
    left_ms = pause_ms - (now.now_ns - last) // NS_PER_MS
    if tried and left_ms > 0:
        return Step(phase=now.phase, retry_ms=int(left_ms))
    return Step(phase=now.phase, wants=tuple(wants))

"""A trade's decisions: from what is held to what is sent next. Pure: no clock, no network, no memory of events.

Everything converges on state. What a leg should hold, minus what its fills say it holds, minus what may still fill,
is what is sent; single events decide nothing. So a late fill, a lost answer or a restart in the middle is only
another state to converge from.
"""

from collections.abc import Sequence
from decimal import Decimal

from perpbot.config.decisions import Execution
from perpbot.execution.closing import closing
from perpbot.execution.foreign import PURPOSE as FOREIGN
from perpbot.execution.hedging import begin_closing, equalise, give_back, patience_over
from perpbot.execution.opening import end_resting, opening
from perpbot.execution.plan import Leg
from perpbot.execution.pricing import HUNDRED, NS_PER_MS
from perpbot.execution.trade import CloseReason, Phase, Situation, Step
from perpbot.model.events import Funding
from perpbot.model.money import ZERO

FUNDING_NEAR_NS = 60_000_000_000
"""A settlement of funding counts as near for so long before it."""
OPEN_LOOK_MS = 1_000
"""An open trade hears of its quotes and orders. What nobody tells it, as that its time is over, it sees this often."""
LOOK_MS = 500
"""While orders are in flight their fate is read again this often, should its news have been lost."""


def decide(now: Situation, rules: Execution) -> Step:
    """The next step of a trade."""
    waiting = next((leg for leg in now.plan.legs if now.leg(leg).resting is not None), None)
    if waiting is not None and now.phase in {Phase.OPEN, Phase.CLOSING}:
        return end_resting(now, waiting)
    busy = [leg for leg in now.plan.legs if now.leg(leg).busy]
    if busy and not now.phase.over:
        return _meanwhile(now, busy, rules)
    if now.phase in {Phase.OPENING, Phase.OPEN} and any(FOREIGN in now.leg(leg).tries for leg in now.plan.legs):
        return begin_closing(CloseReason.FOREIGN)  # never put back what somebody took away
    if now.phase is Phase.OPENING:
        return opening(now, rules)
    if now.phase is Phase.OPEN:
        return _open(now, rules)
    if now.phase is Phase.CLOSING:
        return closing(now, rules)
    return Step(phase=now.phase)


# -- while an order is in flight ---------------------------------------------------------------------------------------


def _meanwhile(now: Situation, busy: Sequence[Leg], rules: Execution) -> Step:
    """Nothing more is sent, except: what stands alone beside an order whose fate stays unknown is given back.

    That order may have filled nothing, or all of it. Either way there is then at most one leg left alone, at the
    venue that does not answer, and it is given back when that venue answers again.
    """
    waiting = Step(phase=now.phase, retry_ms=LOOK_MS)
    known = [leg for leg in now.plan.legs if leg not in busy]
    if not known or not patience_over(now, now.leg(busy[0]).waiting_since_ns, rules):
        return waiting
    if now.leg(known[0]).resting is not None:
        return end_resting(now, known[0])  # or it would meet what is given back
    alone = now.opened(known[0]) - now.opened(busy[0])
    return (give_back(now, known[0], alone, rules) if alone > 0 else None) or waiting


# -- open ------------------------------------------------------------------------------------------------------------


def _open(now: Situation, rules: Execution) -> Step:
    reason = close_reason(now, rules)
    if reason is not None:
        return begin_closing(reason)
    step = equalise(now, rules)  # a fill that came after the end of its order
    if step is not None:
        return step
    held_ns = now.now_ns - now.opened_ns
    left_ms = rules.max_hold_sec * 1_000 - held_ns / NS_PER_MS
    return Step(phase=Phase.OPEN, retry_ms=max(1, min(OPEN_LOOK_MS, int(left_ms))))


def close_reason(now: Situation, rules: Execution) -> CloseReason | None:
    """Why an open trade should be closed now, or None."""
    if now.close_asked is not None:
        return now.close_asked
    if now.now_ns - now.opened_ns >= rules.max_hold_sec * 1_000 * NS_PER_MS:
        return CloseReason.TIME
    buy, sell = (now.market(leg) for leg in now.plan.legs)
    if buy.quote is None or sell.quote is None or not (buy.tradable and sell.tradable):
        return None
    if sell.quote.mid * now.plan.rate <= buy.quote.mid:
        return CloseReason.REVERTED
    profit = profit_if_closed(now)
    if profit >= now.plan.notional * rules.close_profit_pct / HUNDRED:
        return CloseReason.TARGET
    if rules.stop_loss_pct and profit <= -now.plan.notional * rules.stop_loss_pct / HUNDRED:
        return CloseReason.LOSS
    return CloseReason.FUNDING if _funding_turned(now, rules) else None


def _funding_turned(now: Situation, rules: Execution) -> bool:
    """Whether the settlements of the next minute cost more than a trade may pay for being held."""
    due = ZERO
    for leg in now.plan.legs:
        market = now.market(leg)
        if market.quote is not None and market.funding is not None and _is_near(market.funding, now.wall_ns):
            due += now.leg(leg).held * market.quote.mid * market.funding.rate.fraction
    return due * HUNDRED > now.plan.notional * rules.max_funding_pct


def _is_near(funding: Funding, wall_ns: int) -> bool:
    settles_ns = funding.next_settlement_ns
    return settles_ns is not None and 0 <= settles_ns - wall_ns <= FUNDING_NEAR_NS


def profit_if_closed(now: Situation) -> Decimal:
    """Profit after all fees if both legs were closed at the best prices now; both quotes must be there.

    A fee that was taken in another currency counts as the venue's taker fee.
    """
    profit = now.spent
    for leg in now.plan.legs:
        market, held = now.market(leg), now.leg(leg).held
        if market.quote is None:
            raise ValueError(f"no quote of {leg.venue} to value its leg")
        price = market.quote.bid if held > 0 else market.quote.ask
        charged = abs(held) * price + now.leg(leg).fee_elsewhere
        profit += held * price - charged * market.instrument.taker_fee
    return profit

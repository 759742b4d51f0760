"""Topping up: a rest below its venue's minimum becomes an order that the venue takes, and is closed as such.

A close that is filled in part can leave less than its venue's smallest order, and some venues refuse that also when it
only reduces. Then both legs grow to one size, at once, each by as much as its venue takes: nothing stands alone, and
what each holds is closed by one order. It costs the fees of that much, four times.
"""

from decimal import Decimal

from perpbot.config.decisions import Execution
from perpbot.execution.plan import Leg
from perpbot.execution.pricing import REFUSALS_BELIEVED, banded, best, is_doubted, too_wide
from perpbot.execution.trade import TOP_UP, Situation, Want
from perpbot.model.money import Price, Quantity, ceil_to, common_step

TOP_UPS = 3
"""Times that a trade is topped up: where a venue fills everything in part, the operator must end it."""


def top_up(now: Situation, rules: Execution) -> list[Want]:
    """The orders that make both legs large enough to be closed; none where that is not needed, or not wanted.

    Never is more held than was planned, for which capital is reserved, and like all that opens it needs an approval
    of all four levels.
    """
    if not now.may_open or now.plan.clears or not any(_is_stuck(now, leg) for leg in now.plan.legs):
        return []
    if _stands_alone(now):
        return []
    if not all(_takes_more(now, leg, rules) for leg in now.plan.legs):
        return []
    prices = {leg: banded(now.market(leg), leg.side, 0, rules) for leg in now.plan.legs}
    size = max(now.opened(leg) + _smallest(now, leg, prices[leg]) for leg in now.plan.legs)
    step = common_step(*(now.market(leg).instrument.lot for leg in now.plan.legs))
    more = {leg: Quantity(ceil_to(size - now.opened(leg), step)) for leg in now.plan.legs}
    if any(now.opened(leg) + more[leg] > now.plan.quantity for leg in now.plan.legs):
        return []
    return [_want(now, leg, more[leg], prices[leg]) for leg in now.plan.legs]


def may_come(now: Situation) -> bool:
    """Whether a rest that stands alone could be topped up, if not for what may pass: a gate, a quote, a refusal."""
    if now.plan.clears or not any(_is_stuck(now, leg) for leg in now.plan.legs):
        return False
    size = max(now.opened(leg) + now.market(leg).instrument.smallest_order(leg.expected) for leg in now.plan.legs)
    return size <= now.plan.quantity and all(_has_tries(now, leg) for leg in now.plan.legs)


def _is_stuck(now: Situation, leg: Leg) -> bool:
    """Whether its venue has turned down, again and again, to close all that a leg holds for being so little."""
    held = abs(now.leg(leg).held)
    return now.leg(leg).refusals >= REFUSALS_BELIEVED and now.matters(held) and is_doubted(now, leg, held)


def _stands_alone(now: Situation) -> bool:
    """Whether a leg has so much more than the other one that its venue takes it back: that comes first."""
    lag, lead = sorted(now.plan.legs, key=now.opened)
    alone = min(now.opened(lead), now.opened(lead) - now.opened(lag))
    return now.matters(alone) and not is_doubted(now, lead, alone)


def _takes_more(now: Situation, leg: Leg, rules: Execution) -> bool:
    market = now.market(leg)
    open_now = market.tradable and market.opens and market.quote is not None and not too_wide(market.quote, rules)
    return open_now and _has_tries(now, leg)


def _has_tries(now: Situation, leg: Leg) -> bool:
    return now.leg(leg).tries.get(TOP_UP, 0) < TOP_UPS


def _smallest(now: Situation, leg: Leg, price: Price) -> Decimal:
    """The fewest coins that its venue takes, whichever price it values them at."""
    market = now.market(leg)
    lowest = price if market.quote is None else min(price, market.quote.bid)
    return market.instrument.smallest_order(lowest)


def _want(now: Situation, leg: Leg, quantity: Quantity, price: Price) -> Want:
    return Want(
        leg=leg.name, side=leg.side, quantity=quantity, price=price, reduce_only=False, purpose=TOP_UP,
        expected=best(now.market(leg), leg.side),
    )  # fmt: skip

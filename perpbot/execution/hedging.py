"""Keeping the legs of a trade equal: the missing part is hedged, or what is too much is given back."""

from decimal import Decimal

from perpbot.config.decisions import Execution, PartialFillHandling
from perpbot.execution.plan import Leg
from perpbot.execution.pricing import NS_PER_MS, RETRY_MS, banded, best, reducible, send_or_wait, too_wide
from perpbot.execution.trade import CloseReason, Phase, Situation, Step, Want

UNWINDS = len(RETRY_MS)
"""Times that what is too much is given back alone, before all of it is."""


def equalise(now: Situation, rules: Execution) -> Step | None:
    """What makes the legs equal; None when they are, or when neither venue takes as little as they differ by.

    Such a rest is carried: it is given back together with all else.
    """
    lag, lead = sorted(now.plan.legs, key=now.opened)
    gap = now.opened(lead) - now.opened(lag)
    if not gap:
        return None
    # what is beyond the plan, because a fill came late, is not hedged but given back
    missing = min(now.opened(lead), now.plan.quantity) - now.opened(lag)
    return hedge(now, lag, missing, rules) or _unwind(now, lead, gap, rules)


def hedge(now: Situation, lag: Leg, missing: Decimal, rules: Execution) -> Step | None:
    """Fill the missing part where it is missing; None when that is not wanted or not possible."""
    tried = now.leg(lag).tries.get("hedge", 0)
    market = now.market(lag)
    if rules.partial_fill_handling is not PartialFillHandling.HEDGE or tried >= rules.hedge_attempts:
        return None
    if "unwind" in now.leg(lag).tries and now.market(now.plan.other(lag)).tradable:
        return None  # it was given back there: the rest goes the same way
    if not market.tradable or market.quote is None or too_wide(market.quote, rules):
        return None
    price = banded(market, lag.side, tried, rules)
    quantity = market.instrument.round_quantity(missing)
    if not market.instrument.accepts(quantity, price):
        return None
    want = Want(leg=lag.name, side=lag.side, quantity=quantity, price=price, reduce_only=False, purpose="hedge")
    return send_or_wait(now, [want], tried)


def _unwind(now: Situation, lead: Leg, gap: Decimal, rules: Execution) -> Step | None:
    """Give back what is too much where it is, or else all; None when the venue does not take so little."""
    little = not reducible(now, lead, gap)
    spent = now.leg(lead).tries.get("unwind", 0) >= UNWINDS and not little
    if spent or (little and now.matters(gap)):
        return begin_closing(CloseReason.BROKEN)
    return give_back(now, lead, gap, rules)


def give_back(now: Situation, lead: Leg, gap: Decimal, rules: Execution) -> Step | None:
    """Give back `gap` coins of the leg that leads; None when its venue does not take so little."""
    market = now.market(lead)
    tried = now.leg(lead).tries.get("unwind", 0)
    quantity = reducible(now, lead, min(gap, now.opened(lead)))
    if not quantity:
        return None
    if not market.tradable or market.quote is None:
        return Step(phase=now.phase, retry_ms=RETRY_MS[1])
    side = lead.side.opposite
    price = banded(market, side, tried, rules, last_resort=True)
    want = Want(
        leg=lead.name, side=side, quantity=quantity, price=price, reduce_only=True, purpose="unwind",
        expected=best(market, side),
    )  # fmt: skip
    return send_or_wait(now, [want], tried)


def patience_over(now: Situation, since_ns: int | None, rules: Execution) -> bool:
    """Whether something has lasted for longer than the fate of an order may stay unknown."""
    return since_ns is not None and now.now_ns - since_ns >= rules.unknown_timeout_sec * 1_000 * NS_PER_MS


def begin_closing(reason: CloseReason) -> Step:
    """From now on it converges to nothing held."""
    return Step(phase=Phase.CLOSING, reason=reason.value, retry_ms=0)

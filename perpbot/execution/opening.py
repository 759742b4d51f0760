"""How a trade is opened: both legs at once, one after the other, or one as a maker that the other follows."""

from decimal import Decimal

from perpbot.config.decisions import Execution, FallbackPolicy
from perpbot.execution.hedging import begin_closing, equalise
from perpbot.execution.plan import Leg, Plan
from perpbot.execution.pricing import NS_PER_MS, banded, too_wide
from perpbot.execution.trade import CloseReason, Phase, Resting, Situation, Step, Want
from perpbot.model.money import Price, Quantity
from perpbot.model.order import TimeInForce

LOOK_MS = 100
"""While an order waits as a maker, it is looked at this often."""
CANCEL_AGAIN_MS = 2_000
"""A cancel of which nothing was heard is sent again after this long."""
TRIES = 2
"""Orders that open, for each leg: the second one is smaller."""
MAKE, FOLLOW = "make", "follow"
"""Purposes of the order that waits as a maker, and of those that hedge its fills."""


def first_wants(plan: Plan, rules: Execution) -> tuple[Want, ...]:
    """The orders that open the trade; all others follow from what becomes of these."""
    maker = plan.maker
    if maker is not None and maker.resting is not None:
        return (_want(maker, plan.quantity, maker.resting, MAKE, TimeInForce.POST_ONLY),)
    both = _takers(plan, plan.quantity)
    return both if rules.parallel_orders else both[:1]


def opening(now: Situation, rules: Execution) -> Step:
    """The next step of a trade that is being opened and waits for no answer."""
    if not any(now.leg(leg).tries for leg in now.plan.legs):
        return Step(phase=Phase.OPENING, wants=first_wants(now.plan, rules))
    maker = now.plan.maker
    if maker is not None and now.leg(maker).resting is not None:
        return _follow(now, maker, rules) or _wait(now, maker, rules)
    step = equalise(now, rules)
    if step is not None:
        return step
    buy, sell = now.plan.legs
    if min(now.opened(buy), now.opened(sell)) > 0:
        return Step(phase=Phase.OPEN, retry_ms=0)
    if any(now.leg(leg).held for leg in now.plan.legs):
        return begin_closing(CloseReason.BROKEN)
    if any("unwind" in now.leg(leg).tries for leg in now.plan.legs):
        return Step(phase=Phase.UNWOUND)
    return _again(now, rules) or Step(phase=Phase.FAILED)


# -- while an order waits as a maker -----------------------------------------------------------------------------------


def _follow(now: Situation, maker: Leg, rules: Execution) -> Step | None:
    """Hedge what the maker has filled; None when nothing is missing, or it cannot be hedged while it waits."""
    other = now.plan.other(maker)
    missing = now.opened(maker) - now.opened(other)
    market = now.market(other)
    if missing <= 0 or not _hedgeable(now, other, rules) or now.leg(other).tries.get(FOLLOW, 0) >= now.leg(maker).fills:
        return None
    price = banded(market, other.side, 0, rules)
    quantity = market.instrument.round_quantity(missing)
    if not market.instrument.accepts(quantity, price):
        return None
    return Step(phase=now.phase, wants=(_want(other, quantity, price, FOLLOW),))


def _hedgeable(now: Situation, other: Leg, rules: Execution) -> bool:
    market = now.market(other)
    return market.tradable and market.quote is not None and not too_wide(market.quote, rules)


def _wait(now: Situation, maker: Leg, rules: Execution) -> Step:
    resting = now.leg(maker).resting
    ends = resting is not None and _should_end(now, maker, resting, rules)
    return end_resting(now, maker) if ends else Step(phase=now.phase, retry_ms=LOOK_MS)


def end_resting(now: Situation, maker: Leg) -> Step:
    """Have the order of `maker` that waits cancelled, and wait for its end; ask again when nothing is heard of it."""
    resting = now.leg(maker).resting
    if resting is None:
        return Step(phase=now.phase, retry_ms=0)
    asked_ns = resting.cancelling_since_ns
    if asked_ns is not None and now.now_ns - asked_ns < CANCEL_AGAIN_MS * NS_PER_MS:
        return Step(phase=now.phase, retry_ms=LOOK_MS)
    return Step(phase=now.phase, cancels=(resting.client_id,), retry_ms=LOOK_MS)


def _should_end(now: Situation, maker: Leg, resting: Resting, rules: Execution) -> bool:
    """Whether an order must not wait any longer: what it filled could not be hedged as planned, or time is up."""
    if resting.cancelling_since_ns is not None or now.close_asked is not None:
        return True
    other = now.plan.other(maker)
    late = now.now_ns - resting.since_ns >= rules.wait_fill_timeout_sec * 1_000 * NS_PER_MS
    closed = not (now.market(maker).opens and now.market(other).opens)
    lagging = now.opened(maker) > now.opened(other) and now.leg(other).tries.get(FOLLOW, 0) >= now.leg(maker).fills
    return late or closed or lagging or not _hedgeable(now, other, rules) or not _within(now, other)


# -- once more ---------------------------------------------------------------------------------------------------------


def _again(now: Situation, rules: Execution) -> Step | None:
    """What follows when nothing was filled: the maker becomes a taker, or takers try a smaller size; None: nothing.

    Never at a worse price than was planned, never after a refusal, and at most `TRIES` times.
    """
    tries = max(now.leg(leg).tries.get("open", 0) for leg in now.plan.legs)
    stopped = now.close_asked is not None or not now.may_open or rules.fallback_policy is FallbackPolicy.OFF
    refused = tries and any(now.leg(leg).refused for leg in now.plan.legs)
    if stopped or refused or tries >= TRIES or not all(_within(now, leg) for leg in now.plan.legs):
        return None
    shrink = tries or rules.fallback_policy is FallbackPolicy.CONSERVATIVE
    quantity = _half(now) if shrink else now.plan.quantity
    wants = _takers(now.plan, quantity)
    fits = all(now.market(leg).instrument.accepts(quantity, leg.limit) for leg in now.plan.legs)
    return Step(phase=Phase.OPENING, wants=wants if rules.parallel_orders else wants[:1]) if fits else None


def _half(now: Situation) -> Quantity:
    quantity: Decimal = now.plan.quantity / 2
    for leg in now.plan.legs:
        quantity = now.market(leg).instrument.round_quantity(quantity)
    return Quantity(quantity)


def _within(now: Situation, leg: Leg) -> bool:
    """Whether a leg could be taken now at a price no worse than was planned, through a gate that lets it open."""
    market = now.market(leg)
    if market.quote is None or not market.opens:
        return False
    best = market.quote.ask if leg.side.sign > 0 else market.quote.bid
    return leg.side.sign * (leg.limit - best) >= 0


def _takers(plan: Plan, quantity: Quantity) -> tuple[Want, ...]:
    return tuple(_want(leg, quantity, leg.limit, "open") for leg in plan.legs)


def _want(
    leg: Leg, quantity: Quantity, price: Price, purpose: str, time_in_force: TimeInForce = TimeInForce.IOC
) -> Want:
    return Want(
        leg=leg.name,
        side=leg.side,
        quantity=quantity,
        price=price,
        reduce_only=False,
        purpose=purpose,
        time_in_force=time_in_force,
    )

"""Closing: both legs are given back, and what its venue does not take keeps its hedge."""

from decimal import Decimal

from perpbot.config.decisions import Execution
from perpbot.execution.hedging import give_back, hedge, patience_over
from perpbot.execution.plan import Leg
from perpbot.execution.pricing import LONGEST_MS, RETRY_MS, banded, best, is_doubted, reducible, send_or_wait
from perpbot.execution.top_up import may_come, top_up
from perpbot.execution.trade import TOP_UP, CloseReason, Phase, Situation, Step, Want
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Quantity, plain


def closing(now: Situation, rules: Execution) -> Step:
    """The next step towards nothing held.

    What its venue does not take is left when it is worth so little that it may stand alone. More than that is topped
    up. Where that cannot be, also not soon, it is left if it stands alone already; else it keeps its hedge at the other
    venue, and waits there for its venue, or for somebody who closes it by hand.
    """
    more = top_up(now, rules)
    if more:
        return send_or_wait(now, more, now.leg(now.plan.buy).tries.get(TOP_UP, 0))
    left = {leg: quantity for leg, quantity in _to_close(now).items() if quantity}
    if not left:
        return _waits(now) or _passes(now, rules) or _over(now)
    # a leg is not closed alone while the other could not follow: that would open what is hedged
    if not all(_reachable(now, leg) for leg in left):
        return _even_out(now, rules) or Step(phase=Phase.CLOSING, retry_ms=RETRY_MS[2])
    first = _doubted_first(now, left)
    tried = max(now.leg(leg).tries.get("close", 0) for leg in first)
    refusals = 0 if _uneven(now) else max(now.leg(leg).refusals for leg in first)
    return send_or_wait(now, [_close(now, leg, quantity, rules) for leg, quantity in first.items()], tried, refusals)


# -- how much ----------------------------------------------------------------------------------------------------------


def _to_close(now: Situation) -> dict[Leg, Quantity]:
    """What is given back of each leg: all its venue takes, unless that is the hedge of what the other one keeps."""
    most = {leg: reducible(now, leg, abs(now.leg(leg).held)) for leg in now.plan.legs}
    stuck = max(now.plan.legs, key=lambda leg: _stays(now, leg, most[leg]))
    if not now.matters(_stays(now, stuck, most[stuck])):
        return most
    other = now.plan.other(stuck)
    part = reducible(now, other, max(ZERO, abs(now.leg(other).held) - _stays(now, stuck, most[stuck])))

    def alone(quantity: Quantity) -> Decimal:
        return abs(_after(now, stuck, most[stuck]) + _after(now, other, quantity))

    return {stuck: most[stuck], other: min(part, most[other], Quantity(ZERO), key=alone)}


def _stays(now: Situation, leg: Leg, closed: Decimal) -> Decimal:
    """Coins of a leg that are held when so many are closed."""
    return abs(_after(now, leg, closed))


def _after(now: Situation, leg: Leg, closed: Decimal) -> Decimal:
    """What a leg holds when so much of it is closed, signed."""
    held = now.leg(leg).held
    return held - closed if held > 0 else held + closed


def _doubted_first(now: Situation, left: dict[Leg, Quantity]) -> dict[Leg, Quantity]:
    """What is closed now: of both legs, or first and alone of the one whose venue may not take it."""
    doubted = [leg for leg in left if now.matters(left[leg]) and is_doubted(now, leg, left[leg])]
    if not doubted:
        return left
    lag, lead = sorted(now.plan.legs, key=now.opened)
    gap = now.opened(lead) - now.opened(lag)
    if now.matters(gap) and lead in left and lead not in doubted:
        return {lead: reducible(now, lead, min(gap, now.opened(lead))) or left[lead]}
    first = max(doubted, key=lambda leg: now.leg(leg).refusals)
    return {first: left[first]}


# -- the end -----------------------------------------------------------------------------------------------------------


def _waits(now: Situation) -> Step | None:
    """None when what is left hedges nothing that matters."""
    if not now.hedged:
        return None
    trouble = f"{_stuck(now)}; its hedge is kept: close it there by hand, and the other leg follows"
    return Step(phase=Phase.CLOSING, retry_ms=LONGEST_MS, trouble=trouble)


def _passes(now: Situation, rules: Execution) -> Step | None:
    """What stands alone is not left while what keeps it from being topped up may still pass; None after a while."""
    since_ns = now.uneven_since_ns
    if since_ns is None or patience_over(now, since_ns, rules) or not may_come(now):
        return None
    return Step(phase=Phase.CLOSING, retry_ms=RETRY_MS[2])


def _over(now: Situation) -> Step:
    unhedged = not now.plan.clears and not all("close" in now.leg(leg).tries for leg in now.plan.legs)
    rest = max(abs(now.leg(leg).held) for leg in now.plan.legs)
    return Step(
        phase=Phase.UNWOUND if unhedged else Phase.COMPLETED,
        reason=CloseReason.REST.value if rest else "",
        trouble=f"{_stuck(now)}; it stands alone: close it there by hand" if now.matters(rest) else "",
    )


def _stuck(now: Situation) -> str:
    held = {leg: abs(now.leg(leg).held) for leg in now.plan.legs}
    stuck = [leg for leg in held if held[leg] > reducible(now, leg, held[leg])]
    return ", ".join(f"{leg.venue} takes no order that closes {plain(held[leg])} {now.plan.symbol}" for leg in stuck)


# -- uneven legs -------------------------------------------------------------------------------------------------------


def _uneven(now: Situation) -> bool:
    """Whether something stands alone that could be closed: then no pause grows without end."""
    lag, lead = sorted(now.plan.legs, key=now.opened)
    return bool(reducible(now, lead, now.opened(lead) - now.opened(lag)))


def _reachable(now: Situation, leg: Leg) -> bool:
    return now.market(leg).tradable and now.market(leg).quote is not None


def _even_out(now: Situation, rules: Execution) -> Step | None:
    """What hedges nothing is given back where that is possible; else, after a while, it is hedged where that is."""
    lag, lead = sorted(now.plan.legs, key=now.opened)
    gap = now.opened(lead) - now.opened(lag)
    if gap and _reachable(now, lead):
        return give_back(now, lead, gap, rules)
    if gap and _reachable(now, lag) and patience_over(now, now.uneven_since_ns, rules):
        return hedge(now, lag, min(gap, now.plan.quantity), rules)
    return None


def _close(now: Situation, leg: Leg, quantity: Quantity, rules: Execution) -> Want:
    side = Side.SELL if now.leg(leg).held > 0 else Side.BUY
    price = banded(now.market(leg), side, now.leg(leg).tries.get("close", 0), rules, last_resort=True)
    return Want(
        leg=leg.name, side=side, quantity=quantity, price=price, reduce_only=True, purpose="close",
        expected=best(now.market(leg), side),
    )  # fmt: skip

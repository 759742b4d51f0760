"""Prices, sizes and pauses of the orders that must fill."""

from decimal import Decimal

from perpbot.config.decisions import Execution, FallbackPolicy
from perpbot.execution.plan import Leg
from perpbot.execution.trade import LegMarket, Situation, Step, Want
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price, Quantity
from perpbot.model.quote import Quote

HUNDRED = Decimal(100)
NS_PER_MS = 1_000_000
RETRY_MS = (0, 100, 200, 400, 800, 1_600)
"""Pauses before the second and later tries of the same thing, in milliseconds; the last one repeats."""
REFUSALS_BELIEVED = 3
"""A venue that has turned down so many orders in a row that are worth less than its minimum takes none so small."""
LONGEST_MS = 60_000
"""A pause after refusals, each twice the one before, is never longer."""


def banded(market: LegMarket, side: Side, tried: int, rules: Execution, *, last_resort: bool = False) -> Price:
    """The worst price of an order that must fill: a band beyond the best price, wider with every try.

    It is never farther from the middle than the last band, unless the best price itself is: the price collar would
    refuse it however often it was tried.

    With `last_resort` there is one more band when the others have been tried: in place of a market order, which has
    no limit at all.
    """
    quote, grid, bands = market.quote, market.instrument, _bands(rules, last_resort=last_resort)
    if quote is None:
        raise ValueError(f"no quote of {grid.venue} to price an order")
    band, last = (side.sign * each / HUNDRED for each in (bands[min(tried, len(bands) - 1)], bands[-1]))
    best = quote.ask if side is Side.BUY else quote.bid
    wanted = grid.round_price(best * (1 + band), side, outward=True)
    farthest = grid.round_price(quote.mid * (1 + last), side, outward=False)
    return min(wanted, max(best, farthest)) if side is Side.BUY else max(wanted, min(best, farthest))


def best(market: LegMarket, side: Side) -> Price | None:
    """What an order of `side` could trade at now; None without a quote."""
    if market.quote is None:
        return None
    return market.quote.ask if side is Side.BUY else market.quote.bid


def _bands(rules: Execution, *, last_resort: bool) -> tuple[Decimal, ...]:
    last = last_resort and rules.fallback_policy is FallbackPolicy.AGGRESSIVE and bool(rules.market_band_pct)
    return (*rules.hedge_band_pct, rules.market_band_pct) if last else rules.hedge_band_pct


def too_wide(quote: Quote, rules: Execution) -> bool:
    """Whether even the best price is farther from the middle than any hedge may be."""
    return (quote.ask - quote.mid) * HUNDRED > quote.mid * rules.hedge_band_pct[-1]


def send_or_wait(now: Situation, wants: list[Want], tried: int, refusals: int = 0) -> Step:
    """Send `wants`, or wait: what was tried in vain is tried again after a growing pause.

    With `refusals`, as many as there were in a row, the pause goes on doubling: what a venue turns down is not taken
    for being sent more often.
    """
    pause_ms = max(RETRY_MS[min(tried, len(RETRY_MS) - 1)], _after_refusals_ms(refusals))
    last = max(now.leg(leg).last_try_ns for leg in now.plan.legs)
    left_ms = pause_ms - (now.now_ns - last) // NS_PER_MS
    if tried and left_ms > 0:
        return Step(phase=now.phase, retry_ms=int(left_ms))
    return Step(phase=now.phase, wants=tuple(wants))


def _after_refusals_ms(refusals: int) -> int:
    return min(LONGEST_MS, RETRY_MS[1] * 2 ** min(refusals - 1, 20)) if refusals else 0


def reducible(now: Situation, leg: Leg, quantity: Decimal) -> Quantity:
    """The part of `quantity` of a leg that an order can give back; zero when its venue does not take so little.

    Less than the venue's smallest order is asked for only where it is all that the leg holds: most venues take any
    size that closes, and any value that reduces. One that goes on to refuse it is believed, unless that is hedged:
    then it can wait.
    """
    state, rounded = now.leg(leg), now.market(leg).instrument.round_quantity(quantity)
    if _is_small(now, leg, rounded) and not (rounded == abs(state.held) and now.matters(rounded)):
        return Quantity(ZERO)
    believed = state.refusals >= REFUSALS_BELIEVED and not now.hedged
    return Quantity(ZERO) if believed and is_doubted(now, leg, rounded) else rounded


def is_doubted(now: Situation, leg: Leg, quantity: Decimal) -> bool:
    """Whether an order that gives back `quantity` is smaller, or worth less, than the venue's smallest."""
    market = now.market(leg)
    little = market.quote is not None and quantity * market.quote.mid < market.instrument.min_notional
    return little or _is_small(now, leg, quantity)


def _is_small(now: Situation, leg: Leg, quantity: Decimal) -> bool:
    return quantity < now.market(leg).instrument.min_quantity

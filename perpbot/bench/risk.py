"""All rules of all four levels, asked about an opening that they let through."""

from collections.abc import Iterator
from decimal import Decimal

from perpbot.bench.house import instrument, opportunity
from perpbot.bench.measured import Measured, each_us, quantile
from perpbot.bench.scenario import Scenario
from perpbot.clock import monotonic_ns
from perpbot.config.limits import Risk as Limits
from perpbot.model.instrument import Side
from perpbot.model.money import ZERO, Price
from perpbot.portfolio.exposure import Exposure
from perpbot.risk.rules import OPENING_RULES, check_opening
from perpbot.risk.view import Gate, LegRequest, OpenRequest, View

ASKED, SINGLE = 2_000, 1_000
DECISION_MS = 50.0
"""PRF-1."""
MUCH = Decimal(1_000_000)
OPEN = Gate(open_refusal=None, reduce_refusal=None, generation=1)


def risk(scenario: Scenario) -> Iterator[list[Measured]]:
    """Measure the rules with as many positions as trades are open."""
    request, view, limits = _request(), _view(scenario.open_trades), Limits(max_symbol_share_pct=Decimal(100))
    while True:
        refusal = check_opening(request, view, limits)
        if refusal is not None:
            raise RuntimeError(f"the opening that is measured was refused: {refusal}")
        mean_us = each_us(lambda: check_opening(request, view, limits), ASKED)
        single_ms = [each_us(lambda: check_opening(request, view, limits), 1) / 1e3 for _ in range(SINGLE)]
        sum_us = each_us(lambda: MUCH * MUCH + MUCH, 100 * ASKED)
        yield [
            Measured(
                "all rules", mean_us, "µs", detail=f"{len(OPENING_RULES)} rules, {scenario.open_trades} positions",
                ratio=mean_us / sum_us, ratio_to="a sum in Decimal",
            ),
            Measured("all rules, p99", quantile(single_ms, 0.99), "ms", DECISION_MS),
        ]  # fmt: skip


def _request() -> OpenRequest:
    edge = opportunity(0).edge
    legs = ((edge.buy_venue, Side.BUY, edge.buy_worst), (edge.sell_venue, Side.SELL, edge.sell_worst))
    return OpenRequest(trade_id="t1", symbol=edge.symbol, legs=tuple(_leg(*each, edge.quantity) for each in legs))


def _leg(venue: str, side: Side, price: Price, quantity: Decimal) -> LegRequest:
    lot = instrument(venue, "any")
    return LegRequest(
        venue=venue, side=side, quantity=lot.round_quantity(quantity), limit=price, expected=price,
        margin=quantity * price,
    )  # fmt: skip


def _view(positions: int) -> View:
    """An account in good order, with positions in other symbols."""
    found = opportunity(0)
    venues = tuple(found.quotes)
    held = {(venue, f"H{number}-PERP"): Decimal(100) for number in range(positions) for venue in venues}
    by_symbol = {symbol: Decimal(100) for _, symbol in held}
    by_venue = dict.fromkeys(venues, Decimal(100) * positions)
    return View(
        now_ns=monotonic_ns(), pool="arb", pool_available=dict.fromkeys(venues, MUCH), safe_mode={}, equity=MUCH,
        peak_equity=MUCH, daily_profit=ZERO, failures_in_row=0, cooldown_until_ns=0, frozen_until_ns={},
        last_opened_ns={}, exposure=Exposure({}, by_symbol, by_venue, held), open_sides={}, quotes=found.quotes,
        gates=dict.fromkeys(venues, OPEN), venue_equity=dict.fromkeys(venues, MUCH / 2),
    )  # fmt: skip

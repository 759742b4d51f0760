"""What stood alone is measured of every trade: against the journal, in the summary, the metrics, and over a crash."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import gevent
import pytest
from prometheus_client.parser import text_string_to_metric_families
from scene import again, at_place, drained, ended, ended_after_restarts, orders, serving, started
from whole import Whole

from perpbot.clock import NS_PER_MS, NS_PER_SECOND
from perpbot.execution.entries import OrderFilled, OrdersIntended, TradeOpened, TradeRecord, TradeSettled
from perpbot.execution.plan import Plan
from perpbot.metrics import render
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.orders import Refusal, RefusedError, Ticket, VenueOrder
from perpbot.simulation.world import World, run_forked
from perpbot.storage.reading import read

pytest_plugins = ["whole"]
pytestmark = pytest.mark.simulated

DELAY_MS = 400
DEAD_S = 5.0


def retold(state: Path) -> dict[str, tuple[TradeRecord, Decimal, float]]:
    """Each trade's record, and the peak value and the longest time alone that the journal's fills come to."""
    plans: dict[str, Plan] = {}
    owners: dict[str, str] = {}
    fills: dict[str, list[tuple[int, Decimal]]] = {}
    found = {}
    for line in read(state / "journal.sqlite"):
        entry = line.entry
        if isinstance(entry, TradeOpened):
            plans[entry.plan.trade_id] = entry.plan
        if isinstance(entry, TradeOpened | OrdersIntended):
            owners |= {order.client_id: order.trade_id for order in entry.orders}
        elif isinstance(entry, OrderFilled):
            signed = entry.fill.side.sign * entry.fill.quantity
            fills.setdefault(owners[entry.client_id], []).append((line.at_ns, signed))
        elif isinstance(entry, TradeSettled):
            record = entry.record
            found[record.trade_id] = record, *_alone(plans[record.trade_id], fills.pop(record.trade_id, []))
    return found


def _alone(plan: Plan, fills: list[tuple[int, Decimal]]) -> tuple[Decimal, float]:
    held, peak, longest, since = ZERO, ZERO, 0, 0
    for at_ns, signed in fills:
        if held:
            longest = max(longest, at_ns - since)
        else:
            since = at_ns
        held += signed
        peak = max(peak, abs(held) * plan.reference)
    return peak, longest / NS_PER_MS


def delay_hedges(whole: Whole, venue: str) -> None:
    """From now on half of what opens at the venue is cancelled, and everything it is sent waits before it is read."""
    whole.venues.admin.set_faults(venue, partial_fills=10_000, latency_ms=DELAY_MS, trading_only=True)


def delayed(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)
    delay_hedges(whole, "okx")
    whole.wait_until(lambda: len(orders(whole, "hedge")) >= 1, 240.0, "a hedge")
    whole.venues.admin.set_faults("okx", partial_fills=0, latency_ms=0)
    drained(whole)
    scraped = {
        sample.name: sample.value
        for family in text_string_to_metric_families(render(whole.program).decode())
        for sample in family.samples
        if not sample.labels
    }
    hedged = [each.order.trade_id for each in orders(whole, "hedge")]
    report = ended(whole)
    return {
        **report,
        "told": {
            trade: (record.max_unhedged, record.unhedged_ms, record.unhedged_total_ms, record.unhedged_value_s)
            for trade, (record, *_) in retold(state).items()
        },
        "journal": {trade: (peak, longest) for trade, (_, peak, longest) in retold(state).items()},
        "hedged": hedged,
        "scraped": scraped,
    }


def test_what_each_trade_leaves_alone_is_in_its_record_the_summary_and_the_metrics(state: Path) -> None:
    report = run_forked(delayed, 11, state)
    told, journal = report["told"], report["journal"]
    for trade, (peak, longest_ms, total_ms, value_s) in told.items():
        seen_peak, seen_longest_ms = journal[trade]
        assert peak == seen_peak
        assert longest_ms == pytest.approx(seen_longest_ms, abs=5.0)
        assert longest_ms <= total_ms
        assert value_s <= peak * Decimal(str(total_ms / 1_000 + 1e-6))
    late = told[report["hedged"][0]]
    assert late[1] >= DELAY_MS, "what waits for a delayed hedge stands alone meanwhile"
    exposure, scraped = report["exposure"], report["scraped"]
    assert exposure["max_unhedged_usd"] == plain(max(each[0] for each in told.values()))
    assert exposure["max_unhedged_ms"] == pytest.approx(max(each[1] for each in told.values()))
    assert exposure["unhedged"]["trades"] == len(told) == scraped["perpbot_trade_unhedged_seconds_count"]
    assert exposure["unhedged"]["total_ms"] == pytest.approx(sum(each[2] for each in told.values()))
    assert scraped["perpbot_unhedged_peak_usd"] == pytest.approx(float(exposure["max_unhedged_usd"]))
    assert scraped["perpbot_unhedged_usd_seconds_total"] == pytest.approx(
        float(exposure["unhedged"]["usd_seconds"]), abs=1e-5
    )


def alone(whole: Whole) -> list[str]:
    """The trades of which something is known to stand alone."""
    return [each.plan.trade_id for each in whole.ledger.trades() if each.unhedged.value]


def dies_with_a_leg_alone(world: World, state: Path) -> dict[str, Any]:
    whole = started(world, state)

    def refuse(ticket: Ticket, now_ns: int, usual: Any) -> VenueOrder:
        if ticket.reduce_only:
            return usual(ticket, now_ns)  # type: ignore[no-any-return]
        raise RefusedError(Refusal.SMALL)

    at_place(serving(whole, "okx"), refuse)
    for venue in whole.settings.exchanges:
        whole.venues.admin.set_faults(venue, latency_ms=DELAY_MS, trading_only=True)
    whole.wait_until(lambda: bool(alone(whole)), 120.0, "a leg alone")
    (trade,) = alone(whole)
    whole.end_abruptly()
    gevent.sleep(DEAD_S)
    again(whole)
    whole.wait_until(lambda: whole.ledger.trade(trade) is None, 60.0, "its trade over")
    (record,) = (each for each in whole.records if each.trade_id == trade)
    ended_after_restarts(whole)
    return {"for_s": record.unhedged_ms * NS_PER_MS / NS_PER_SECOND, "peak": record.max_unhedged}


@pytest.mark.full
def test_the_time_perpbot_was_dead_counts_as_well(state: Path) -> None:
    report = run_forked(dies_with_a_leg_alone, 7, state)
    assert report["for_s"] >= DEAD_S
    assert report["peak"] > 0

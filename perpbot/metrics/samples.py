"""The samples of all metrics at one moment, read from what the actors keep anyway.

Each function yields ``(name, labels, value)``. Nothing here is called before somebody asks for the metrics.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from actors.orders import Orders
from actors.runtime import Cell, System
from actors.runtime.telemetry import SUM
from actors.state import State
from perpbot import __version__
from perpbot.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns
from perpbot.model.money import ZERO
from perpbot.program import Program
from perpbot.scores import component_scores, overall_score
from supervisors import addresses

Sample = tuple[str, tuple[str, ...], Any]
"""A metric's name, its labels' values, and its value: a number, or the cells of a histogram."""

NO_CAPITAL = ("pool/pool-capital", "pool/symbol-allocation")
"""The rules that refuse a trade for want of capital, as a refusal begins."""
SCANNER = "/strategies/scanner-"
CONNECTIONS = frozenset({"market-data", "trading"})


def process_samples(program: Program) -> Iterator[Sample]:
    """What the process and its actors do."""
    system = program.system
    yield "info", (__version__, program.setting.settings.mode.value), 1
    yield "hub_lag_seconds", (), system.watchdog.lateness.cells
    yield "hub_blocks", (), system.watchdog.total
    yield "actor_crashes", (), system.crashes.total
    yield "dead_letters", (), system.letters.total
    yield "log_lines_lost", (), sum(each.lost for each in program.writers)
    for name in ("entries", "commits"):
        yield f"journal_{name}", (), _said(system, addresses.JOURNAL).get(name, 0)
    vitals = program.vitals()
    kinds = [trouble.kind.value for _, trouble in ([] if vitals is None else vitals.troubles())]
    for kind in dict.fromkeys(kinds):
        yield "actor_troubles", (kind,), kinds.count(kind)
    yield from _actors(system)


def _actors(system: System) -> Iterator[Sample]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for cell in system.cells():
        if not cell.incarnation:
            continue
        values = (
            cell.mailbox.depth,
            cell.messages,
            sum(each.cells[SUM] for each in cell.times.values()) / NS_PER_SECOND,
            cell.restarts,
        )
        name = _grouped(cell)
        sums[name] = [before + more for before, more in zip(sums[name], values, strict=True)]
    for place, metric in enumerate(("mailbox_depth", "messages", "handler_seconds", "restarts")):
        for name, each in sums.items():
            yield f"actor_{metric}", (name,), each[place]


def _grouped(cell: Cell) -> str:
    """The address, or what stands for many: all scanners are one actor, all trades, and at venues all that are alike.

    Only their connections are told apart.
    """
    *above, name = cell.address.split("/")
    match above[1:]:
        case ["strategies"] if cell.address.startswith(SCANNER):
            return f"{SCANNER}*"
        case ["trades"] if cell.address != addresses.EXECUTOR:
            return "/trades/*"
        case ["venues"]:
            return "/venues/*"
        case ["venues", _] if name not in CONNECTIONS:
            return f"/venues/*/{name}"
        case _:
            return cell.address


def state_samples(program: Program, state: State) -> Iterator[Sample]:
    """What the state view knows."""
    scores = component_scores(state, program.system, program.setting.settings.symbols)
    yield "uptime_seconds", (), state.uptime_s
    yield "state_missing", (), len(state.missing)
    yield "health_ratio", (), overall_score(scores)
    for component, score in scores.items():
        yield "component_health_ratio", (component,), score
    yield from _venues(state)
    yield from _trading(program.system, state)
    yield from _positions(state)
    yield from _capital(state, balances=program.setting.settings.metrics.balances)


def _venues(state: State) -> Iterator[Sample]:
    now_ns = monotonic_ns()
    for name, venue in state.venues.items():
        for connection, circuit in venue.circuits.items():
            yield "connection_up", (name, connection), int(circuit == "CONNECTED")
            yield "connection_circuit", (name, connection, circuit), 1
        ages = [quote.age_ns(now_ns) for quote in venue.quotes.values()]
        if ages:
            yield "quote_age_seconds", (name,), max(0, min(ages)) / NS_PER_SECOND
        yield "quotes_stale", (name,), len(venue.quotes) - len(venue.fresh)
        counts = venue.counts
        yield "quotes", (name,), counts.get("quotes", 0)
        yield "book_gaps", (name,), counts.get("gaps", 0)
        yield "reconnects", (name,), counts.get("reconnects", 0)
        yield "market_data_errors", (name,), counts.get("errors", 0) + counts.get("decode_errors", 0)
    for report in () if state.registry is None else state.registry.reports:
        labels = (report.venue, report.connection)
        for quantile, ms in (("0.5", report.p50_ms), ("0.99", report.p99_ms)):
            if ms is not None:
                yield "connection_latency_seconds", (*labels, quantile), ms * NS_PER_MS / NS_PER_SECOND
        yield "connection_error_ratio", labels, report.error_rate
        yield "connection_error_streak", labels, report.error_streak


def _trading(system: System, state: State) -> Iterator[Sample]:
    scanners = [cell.address for cell in system.cells() if cell.address.startswith(SCANNER)]
    yield "opportunities", (), sum(_said(system, each).get("opportunities", 0) for each in scanners)
    for verdict, count in _said(system, addresses.EXECUTOR).get("decisions", {}).items():
        yield "opportunity_verdicts", (verdict,), count
    if state.orders is not None:
        yield "orders_sent", (), state.orders.sent
        yield "orders", ("accepted",), state.orders.accepted
        yield "orders", ("refused",), state.orders.refused
        yield "orders_unknown", (), state.orders.unknown_open
        yield "order_duplicates", (), state.orders.duplicates
        yield "order_contradictions", (), state.orders.illegal
    for stage, times in system.stages.items():
        yield "stage_seconds", (stage,), times.cells
    yield "trades_open", (), len(state.trades)
    yield from _outcomes(system)
    yield from _risk(_said(system, addresses.RISK))
    yield "opening_blocks", (), len(state.blocks)
    yield "kill_switch_on", ("global",), int("global" in state.kill)
    for scope in state.kill.keys() - {"global"}:
        yield "kill_switch_on", (scope,), 1


def _outcomes(system: System) -> Iterator[Sample]:
    orders = system.cell(addresses.ORDERS).actor
    if isinstance(orders, Orders):
        for outcome in ("completed", "unwound", "failed"):
            yield "trades", (outcome,), orders.ledger.outcomes[outcome]
        yield "trade_unhedged_seconds", (), orders.unhedged.cells
        yield "unhedged_peak_usd", (), float(orders.unhedged_peak)
        yield "unhedged_usd_seconds", (), float(orders.unhedged_value_s)


def _risk(said: Mapping[str, Any]) -> Iterator[Sample]:
    if not said:
        return
    equity, peak = (float(said[name] or 0) for name in ("equity", "peak"))
    yield "daily_profit_usd", (), float(said["daily_profit"])
    yield "drawdown_ratio", (), max(0.0, (peak - equity) / peak) if peak else 0.0
    yield "failures_in_row", (), said["failures_in_row"]
    for rule, count in said["refused"].items():
        yield "risk_refusals", (rule,), count


def _positions(state: State) -> Iterator[Sample]:
    yield "unhedged_usd", (), float(sum((each.value for each in state.naked), ZERO))
    oldest_ns = min((each.since_ns for each in state.naked), default=None)
    yield "unhedged_seconds", (), 0 if oldest_ns is None else (monotonic_ns() - oldest_ns) / NS_PER_SECOND
    if state.positions is not None:
        holdings = state.positions.holdings.values()
        yield "positions_open", (), sum(bool(each.quantity) for each in holdings)
        yield "exposure_usd", ("net",), float(state.positions.exposure.net_total)
        yield "exposure_usd", ("gross",), float(state.positions.exposure.gross_total)
        yield "position_mismatches", (), len(state.positions.mismatches)
    for currency, profit in state.profit.items():
        for part in ("trading", "fees", "funding"):
            yield "profit_usd", (currency, part), float(getattr(profit, part))


def _capital(state: State, *, balances: bool) -> Iterator[Sample]:
    totals = {pool.name: sum(pool.total.values(), ZERO) for pool in state.pools}
    held = {pool.name: sum(pool.allocated.values(), ZERO) for pool in state.pools}
    everything = sum(totals.values(), ZERO)
    yield "fund_usage_ratio", (), float(sum(held.values(), ZERO) / everything) if everything else 0.0
    for pool in state.pools:
        for symbol, each in pool.symbols.items():
            yield "symbol_fund_usage_ratio", (symbol,), float(each.use)
        if pool.summary is not None:
            yield "fund_rebalances", (), pool.summary.rebalanced
            yield "fund_allocation_efficiency_ratio", (), float(pool.summary.efficiency)
    for name, total in totals.items():
        yield "pool_usage_ratio", (name,), float(held[name] / total) if total else 0.0
        if balances:
            yield "pool_total_usd", (name,), float(total)
            yield "pool_allocated_usd", (name,), float(held[name])
    if balances:
        for venue in dict.fromkeys(each.venue for each in state.balances):
            worth = [each.dollars for each in state.balances if each.venue == venue]
            yield "equity_usd", (venue,), float(sum(worth, ZERO))


def blocked_samples(system: System) -> Iterator[Sample]:
    """What was refused for want of capital, by the pool and by the risk rules."""
    pools = (_said(system, addresses.pool_address(name)).get("refused", 0) for name in addresses.POOLS)
    refused = _said(system, addresses.RISK).get("refused", {})
    yield "blocked_trades", (), sum(pools) + sum(refused.get(rule, 0) for rule in NO_CAPITAL)


def _said(system: System, address: str) -> Mapping[str, Any]:
    """What the actor at `address` says of itself; nothing while nobody lives there."""
    actor = system.cell(address).actor
    return {} if actor is None else actor.describe()

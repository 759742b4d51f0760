"""The summary a run leaves behind (`--summary`): what happened between its start and its end."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from actors.runtime import System
from actors.runtime.telemetry import HandlerTimes
from actors.state import State, profit
from perpbot.clock import NS_PER_MS, monotonic_ns
from perpbot.execution.condensing import hold
from perpbot.execution.entries import OrdersIntended, TradeOpened, TradeRecord, TradeSettled
from perpbot.execution.trade import CloseReason, Phase
from perpbot.execution.unhedged import Unhedged
from perpbot.model.money import ZERO, plain
from perpbot.portfolio.holding import Holding, HoldingKey
from perpbot.portfolio.profit import NO_PROFIT
from perpbot.portfolio.statistics import quantile
from perpbot.storage.reading import Line

NS_PER_US = 1_000


def summary(
    *,
    header: Mapping[str, Any],
    state: State,
    lines: Iterable[Line],
    start_seq: int,
    system: System,
    opportunities: int,
    restarts: int,
    clean: bool,
) -> dict[str, Any]:
    """The summary as JSON-able values, numbers of money as text.

    Args:
        header: version, config, seed, times and mode.
        state: everything at the end.
        lines: the journal, what was before the run perhaps condensed.
        start_seq: number of the last entry before this run.
        system: the actors.
        opportunities: how many were found.
        restarts: of actors, over all addresses.
        clean: whether the run ended as it should.
    """
    before: dict[HoldingKey, Holding] = {}
    run: list[Line] = []
    for line in lines:
        if line.seq <= start_seq:
            hold(before, line.entry)
        else:
            run.append(line)
    return {
        **header,
        "venues": {name: _venue(state, name) for name in state.venues},
        "quotes": sum(each.counts.get("quotes", 0) for each in state.venues.values()),
        "opportunities": opportunities,
        "trades": _trades(run),
        "orders": _orders(run, state),
        "exposure": _exposure(run, state),
        "pnl": _pnl(before, state),
        "latency_us": {name: _times(times) for name, times in sorted(system.stages.items())},
        "supervision": {
            "actors": sum(cell.alive for cell in system.cells()),
            "restarts": restarts,
            "escalations": system.escalations,
            "dead_letters": system.letters.total,
        },
        "clean": clean,
    }


def _venue(state: State, name: str) -> dict[str, Any]:
    venue = state.venues[name]
    wanted = ("quotes", "reconnects", "gaps", "errors")
    circuit = venue.circuits.get("trading") or venue.circuits["market-data"]
    return {"state": circuit, **{each: venue.counts.get(each, 0) for each in wanted}}


def _trades(run: Iterable[Line]) -> dict[str, int]:
    counts = dict.fromkeys(("opened", "completed", "hedged", "unwound", "failed", "closed_at_stop"), 0)
    hedged: dict[str, None] = {}
    for line in run:
        match line.entry:
            case TradeOpened():
                counts["opened"] += 1
            case OrdersIntended(orders=orders):
                hedged.update({order.trade_id: None for order in orders if order.purpose == "hedge"})
            case TradeSettled(record=record):
                counts[{Phase.COMPLETED: "completed", Phase.UNWOUND: "unwound"}.get(Phase(record.phase), "failed")] += 1
                counts["closed_at_stop"] += record.reason == CloseReason.STOP.value
            case _:
                pass
    counts["hedged"] = len(hedged)
    return counts


def _orders(run: Iterable[Line], state: State) -> dict[str, int]:
    counts = state.orders
    if counts is None:
        return {}
    intended = sum(len(line.entry.orders) for line in run if isinstance(line.entry, TradeOpened | OrdersIntended))
    return {
        "intended": intended,
        "sent": counts.sent,
        "accepted": counts.accepted,
        "refused": counts.refused,
        "unknown_open": counts.unknown_open,
        "duplicates": counts.duplicates,
        "illegal": counts.illegal,
    }


def _exposure(run: Iterable[Line], state: State) -> dict[str, Any]:
    positions, now_ns = state.positions, monotonic_ns()
    measured = [_unhedged(line.entry.record) for line in run if isinstance(line.entry, TradeSettled)]
    measured += [each.unhedged.until(now_ns) for each in state.trades]
    longest = sorted(_ms(each.longest_ns) for each in measured)
    now_alone = [each.value for each in state.naked]
    return {
        "net_usd": None if positions is None else plain(positions.exposure.net_total),
        "gross_usd": None if positions is None else plain(positions.exposure.gross_total),
        "positions": {}
        if positions is None
        else {"/".join(key): plain(each.quantity) for key, each in positions.holdings.items() if each.quantity},
        "max_unhedged_usd": plain(max((*(each.peak for each in measured), *now_alone), default=ZERO)),
        "max_unhedged_ms": max((*longest, *(_ms(now_ns - each.since_ns) for each in state.naked)), default=0.0),
        "unhedged": {
            "trades": len(measured),
            "p50_ms": quantile(longest, 0.5) if longest else None,
            "p99_ms": quantile(longest, 0.99) if longest else None,
            "total_ms": round(sum(_ms(each.total_ns) for each in measured), 3),
            "usd_seconds": plain(round(_sum(each.value_s for each in measured), 6)),
        },
    }


def _unhedged(record: TradeRecord) -> Unhedged:
    """What its record says was measured of a trade."""
    return Unhedged(
        peak=record.max_unhedged,
        longest_ns=round(record.unhedged_ms * NS_PER_MS),
        total_ns=round(record.unhedged_total_ms * NS_PER_MS),
        value_s=record.unhedged_value_s,
    )


def _ms(ns: int) -> float:
    return ns / NS_PER_MS


def _pnl(before: Mapping[HoldingKey, Holding], state: State) -> dict[str, Any]:
    """This run's result by currency and over all.

    Different dollars are added one to one in the sums. What fees came to in coins that nothing is quoted in is in
    `by_currency` and in `other_fees`, and in no sum.
    """
    positions = state.positions
    if positions is None:
        return {}
    start = profit(positions.evolve_holdings(before))
    by_currency = {currency: end - start.get(currency, NO_PROFIT) for currency, end in state.profit.items()}
    dollars = {currency: each for currency, each in by_currency.items() if currency not in state.fee_coins}
    others = {coin: by_currency[coin].fees for coin in sorted(state.fee_coins & by_currency.keys())}
    return {
        **sum(dollars.values(), NO_PROFIT).texts(),
        "currency": next(iter(dollars)) if len(dollars) == 1 else "USD",
        "by_currency": {currency: each.texts() for currency, each in by_currency.items()},
        "other_fees": {coin: plain(fee) for coin, fee in others.items() if fee},
    }


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)


def _times(times: HandlerTimes) -> dict[str, Any]:
    return {
        "p50": _us(times.quantile_ns(0.5)),
        "p99": _us(times.quantile_ns(0.99)),
        "max": _us(times.max_ns),
        "count": times.count,
    }


def _us(ns: int | None) -> float | None:
    return None if ns is None else round(ns / NS_PER_US, 1)

"""Verbs about money: what was earned, what we own, which orders are out, and what the risk rules say."""

from collections.abc import Mapping
from typing import Any

import attrs

from actors.balances import Rebase
from actors.positions import ReadPnl
from actors.risk import LiftCooldown, ReadRisk
from actors.state import State
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.control.arguments import Args, BadRequestError
from perpbot.execution.quality import Quality, quality
from perpbot.execution.results import results
from perpbot.execution.views import OrderView, TradeView
from perpbot.model.money import plain
from perpbot.portfolio.pnl import Account, Facet, by
from perpbot.portfolio.profit import NO_PROFIT, Profit
from perpbot.portfolio.statistics import Period, Statistics, statistics
from perpbot.program import Program
from supervisors import addresses

FACETS: tuple[Facet, ...] = ("day", "pool", "venue", "symbol")


def pnl(program: Program, args: Args) -> Any:
    """What was earned in all and by each facet, and how well trading went."""
    state = program.state()
    booked: Mapping[Account, Profit] = program.system.ref(addresses.POSITIONS).ask(ReadPnl())
    records = program.history.records()
    period = _period(args)
    return {
        "currencies": {currency: each.texts() for currency, each in state.profit.items()},
        "open": {currency: plain((each - _realised(booked, currency)).net) for currency, each in state.profit.items()},
        "by": {facet: _cut(booked, facet) for facet in FACETS},
        "statistics": shown(statistics(results(records), period), period),
        "execution": _carried_out(quality(records)),
    }


def _carried_out(each: Quality) -> dict[str, Any]:
    return {
        "trades": each.trades,
        "slippage": plain(round(each.slippage, 6)),
        "closing_slippage": plain(round(each.closing_slippage, 6)),
        "closing_slippage_bps": None
        if each.closing_slippage_bps is None
        else plain(round(each.closing_slippage_bps, 3)),
        "slippage_bps": None if each.slippage_bps is None else plain(round(each.slippage_bps, 3)),
        "venues_bps": {venue: plain(round(bps, 3)) for venue, bps in each.venues_bps.items()},
        "times_ms": {
            step: {name: round(ms, 3) for name, ms in attrs.asdict(times).items()} for step, times in each.times.items()
        },
    }


def _period(args: Args) -> Period:
    wanted = str(args.get("period") or Period.DAILY.value)
    try:
        return Period(wanted)
    except ValueError:
        raise BadRequestError(f"no period {wanted!r}; there are {', '.join(Period)}") from None


def _realised(booked: Mapping[Account, Profit], currency: str) -> Profit:
    return sum((each for account, each in booked.items() if account.currency == currency), NO_PROFIT)


def _cut(booked: Mapping[Account, Profit], facet: Facet) -> dict[str, dict[str, Any]]:
    cut: dict[str, dict[str, Any]] = {}
    for (name, currency), each in by(booked, facet).items():
        cut.setdefault(name, {})[currency] = each.texts()
    return cut


def shown(each: Statistics, period: Period) -> dict[str, Any]:
    """Statistics as JSON-able values; what there are too few trades for is null."""
    known = {name: None if value is None else plain(round(value, 6)) for name, value in _numbers(each).items()}
    counts = {"trades": each.trades, "won": each.won, "lost": each.lost, "failed": each.failed}
    chart = {day: plain(round(net, 6)) for day, net in each.chart.items()}
    return {**counts, **known, "period": period.value, "chart": chart}


def _numbers(each: Statistics) -> dict[str, Any]:
    return {
        "net": each.net,
        "volume": each.volume,
        "win_rate": each.win_rate,
        "profit_factor": each.profit_factor,
        "average_win": each.average_win,
        "average_loss": each.average_loss,
        "best": each.best,
        "worst": each.worst,
        "max_drawdown": each.max_drawdown,
        "sharpe": each.sharpe,
    }


# -- what we own -----------------------------------------------------------------------------------------------------


def balances(program: Program, _: Args) -> Any:
    """Each account's balances, each venue's capital, and each pool's part of it."""
    state = program.state()
    return {
        "balances": [
            {
                "venue": each.venue,
                "account": each.account,
                "currency": each.currency,
                "wallet": plain(each.wallet),
                "equity": None if each.equity is None else plain(each.equity),
                "available": None if each.available is None else plain(each.available),
            }
            for each in state.balances
        ],
        "venues": {
            venue: {
                "equity": plain(each.equity),
                "peak": plain(each.peak),
                "drawdown_pct": plain(round(each.drawdown * 100, 4)),
                "safe_mode": each.safe_mode,
            }
            for venue, each in state.capital.items()
        },
        **capital(state),
    }


def capital(state: State) -> dict[str, Any]:
    """The pools, what each symbol may use of the arbitrage pool, and what should be moved where."""
    return {
        "pools": {
            pool.name: {
                venue: {
                    "total": plain(total),
                    "allocated": plain(pool.allocated[venue]),
                    "available": plain(pool.available[venue]),
                    "borrowed": plain(pool.borrowed.get(venue, NO_PROFIT.net)),
                }
                for venue, total in pool.total.items()
            }
            for pool in state.pools
        },
        "symbols": {
            symbol: {
                "allocated": plain(round(each.allocated, 4)),
                "used": plain(round(each.used, 4)),
                "use_pct": plain(round(each.use * 100, 2)),
            }
            for pool in state.pools
            for symbol, each in pool.symbols.items()
        },
        "allocation": next((_summary(pool.summary) for pool in state.pools if pool.summary is not None), None),
        "low": [str(each) for each in state.low],
    }


def _summary(each: Any) -> dict[str, Any]:
    return {
        "total": plain(each.total),
        "used": plain(each.used),
        "use_pct": plain(round(each.use * 100, 2)),
        "rebalanced": each.rebalanced,
        "blocked": each.blocked,
        "efficiency": plain(round(each.efficiency, 4)),
    }


# -- orders ----------------------------------------------------------------------------------------------------------


def orders(program: Program, _: Args) -> Any:
    """The orders of trades in progress: first those whose fate is not known, then those that may still fill."""
    state = program.state()
    rows = [_order(trade, each) for trade in state.trades for each in trade.orders]
    ranks = {"unknown": 0, "waiting": 1, "over": 2}
    return {"orders": sorted(rows, key=lambda row: ranks[row["standing"]])}


def _order(trade: TradeView, each: OrderView) -> dict[str, Any]:
    order = each.order
    standing = "unknown" if each.status.value == "unknown" else "over" if each.settled else "waiting"
    return {
        "id": order.client_id,
        "trade": trade.plan.trade_id,
        "venue": order.venue,
        "symbol": order.symbol,
        "purpose": order.purpose,
        "side": order.side.value,
        "quantity": plain(order.quantity),
        "price": plain(order.price),
        "filled": plain(abs(each.held)),
        "status": each.status.value,
        "standing": standing,
        "reason": each.reason,
        "silent_s": round(max(0, monotonic_ns() - each.changed_ns) / NS_PER_SECOND, 1),
    }


# -- risk ------------------------------------------------------------------------------------------------------------


def risk(program: Program, args: Args) -> Any:
    """How near the limits are and what was refused; or lift the pause, or begin drawdowns anew."""
    action, by_whom = args.get("action") or "status", str(args.get("by") or "operator")
    if action == "resume":
        program.system.ref(addresses.RISK).ask(LiftCooldown(by_whom))
        return {"resumed": True}
    if action == "rebase":
        venue = args.get("venue")
        if venue is not None and venue not in program.parts.trading:
            known = ", ".join(program.parts.trading) or "none"
            raise BadRequestError(f"nothing is traded at {venue!r}; there are {known}")
        return {"from": program.system.ref(addresses.BALANCES).ask(Rebase(venue, by_whom))}
    if action != "status":
        raise BadRequestError("risk takes status, resume or rebase")
    state = program.state()
    return {
        "limits": [
            {
                **attrs.asdict(each),
                "level": each.level.value,
                "used": plain(round(each.used, 4)),
                "limit": plain(each.limit),
                "share": plain(round(each.share, 4)),
            }
            for each in state.standings
        ],
        "blocks": list(state.blocks),
        **program.system.ref(addresses.RISK).ask(ReadRisk()),
    }

"""What the surfaces show, as JSON-able values: money as text, times as ISO 8601."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from actors.connections import Registry
from actors.runtime import System
from actors.state import State, VenueState
from perpbot.alerts.alert import Severity
from perpbot.clock import iso
from perpbot.control.episodes import Episode, Episodes
from perpbot.control.process import process
from perpbot.execution.entries import LegRecord, TradeRecord
from perpbot.execution.residuals import Residual
from perpbot.execution.views import TradeView
from perpbot.model.money import ZERO, plain
from perpbot.portfolio.profit import NO_PROFIT
from supervisors.vitals import GRAVE


def status(state: State, system: System, troubles: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """One screen: is it well, what is it doing, what did it earn; `troubles` are those of the actors."""
    alive = process(system)
    wrong = [*alive["problems"], *problems(state), *(_trouble(each) for each in troubles if each["kind"] in GRAVE)]
    return {
        "at": iso(state.at_ns),
        "mode": state.mode,
        "uptime_s": round(state.uptime_s, 1),
        "healthy": not wrong,
        "problems": wrong,
        "process": alive,
        "troubles": list(troubles),
        "venues": {
            name: {
                "circuits": dict(venue.circuits),
                "reasons": {
                    connection: venue.reasons[connection]
                    for connection, circuit in venue.circuits.items()
                    if circuit != "CONNECTED"
                },
                "quotes": {
                    symbol: {
                        "bid": plain(quote.bid),
                        "ask": plain(quote.ask),
                        "source": quote.source.value,
                        "stale": quote.stale,
                    }
                    for symbol, quote in venue.quotes.items()
                },
                "counts": dict(venue.counts),
                "unlisted": list(venue.unlisted),
            }
            for name, venue in state.venues.items()
        },
        "connections": None if state.registry is None else _connections(state.registry),
        "trades": {"open": len(state.trades), "over": state.trades_over},
        "orders": None
        if state.orders is None
        else {"sent": state.orders.sent, "refused": state.orders.refused, "unknown_open": state.orders.unknown_open},
        "profit": {
            currency: {
                **each.texts(),
                "closed": plain(state.closed_profit[currency].net),
                "open": plain(state.open_profit.get(currency, NO_PROFIT).net),
            }
            for currency, each in state.profit.items()
        },
        "equity": plain(sum((each.dollars for each in state.balances), ZERO)),
        "exposure": None
        if state.positions is None
        else {
            "net": plain(round(state.positions.exposure.net_total, 4)),
            "gross": plain(round(state.positions.exposure.gross_total, 4)),
        },
        "safe_mode": [venue for venue, each in state.capital.items() if each.safe_mode],
        "low": [str(each) for each in state.low],
        "pools": {pool.name: {venue: plain(each) for venue, each in pool.available.items()} for pool in state.pools},
        "basis": {currency: plain(each) for currency, each in state.worth.items()},
        "dead_man_switches": dict(state.dead_men),
        "kill_switch": dict(state.kill),
        "alerts": [
            {"id": each.id, "severity": each.severity, "title": each.title, "reading": each.reading}
            for each in state.alerts.firing
        ],
        "actors": sum(cell.alive for cell in system.cells()),
        "restarts": sum(cell.restarts for cell in system.cells()),
        "crashes": system.crashes.total,
        "dead_letters": system.letters.total,
    }


def _trouble(each: Mapping[str, Any]) -> str:
    return f"{each['address']}, {each['kind']} since {each['since'][11:19]}: {each['what']}"


def _connections(registry: Registry) -> dict[str, Any]:
    """The registry of connections: who is well, and how each one works."""
    return {
        "healthy": list(registry.venues(healthy=True)),
        "unhealthy": list(registry.venues(healthy=False)),
        "open_circuits": list(registry.open_circuits),
        "trading_allowed": dict(registry.trading_allowed),
        "each": {
            f"{each.venue}/{each.connection}": {
                "state": each.circuit,
                "healthy": each.healthy,
                "latency_ms": {"mean": each.mean_ms, "p50": each.p50_ms, "p99": each.p99_ms},
                "error_rate": each.error_rate,
                "error_streak": each.error_streak,
                "heard_s": each.heard_s,
                "alerts": list(each.alerts),
            }
            for each in registry.reports
        },
    }


def problems(state: State) -> list[str]:
    """What is not as it should be, a sentence each."""
    found = [f"{address} does not answer" for address in state.missing]
    for name, venue in state.venues.items():
        found += _not_connected(name, venue)
    if state.positions is not None:
        found += [
            f"position {'/'.join(each.key)} differs: ours {plain(each.ours)}, the venue says {plain(each.theirs)}"
            for each in state.positions.mismatches
        ]
    if state.orders is not None and state.orders.unknown_open:
        found.append(f"{state.orders.unknown_open} orders of unknown fate")
    found += [f"nothing is opened: {each}" for each in state.blocks]
    found += [f"nothing can be opened at {each.venue}: {each}" for each in state.low if each.stuck]
    found += _untradable(state)
    found += _alerts(state)
    return found + [f"kill switch on: {scope} (by {by})" for scope, by in state.kill.items()]


def _not_connected(name: str, venue: VenueState) -> list[str]:
    """A sentence for each connection that is not there, one for all of a venue that fail for the same reason."""
    down = {
        connection: (circuit, venue.reasons[connection])
        for connection, circuit in venue.circuits.items()
        if circuit != "CONNECTED"
    }
    if len(down) == len(venue.circuits) and len(set(down.values())) == 1:
        circuit, reason = next(iter(down.values()))
        return [f"{name} is {circuit}: {reason}"]
    return [f"{name} {connection} is {circuit}: {reason}" for connection, (circuit, reason) in down.items()]


def _alerts(state: State) -> list[str]:
    """Those that fire and that nobody has taken on, where they are more than a warning."""
    return [
        f"alert {each.id}: {each.title}" + (f", {each.reading}" if each.reading else "")
        for each in state.alerts.firing
        if not each.acknowledged_by and Severity(each.severity).rank >= Severity.ERROR.rank
    ]


def _untradable(state: State) -> list[str]:
    """Symbols that fewer than two venues have: nothing can be bought here and sold there."""
    lacking: dict[str, list[str]] = {}
    for name, venue in state.venues.items():
        for symbol in venue.unlisted:
            lacking.setdefault(symbol, []).append(name)
    return [
        f"{symbol} cannot be traded: not listed at {', '.join(names)}; check `symbols` in the configuration"
        for symbol, names in lacking.items()
        if len(state.venues) - len(names) < len(("buy", "sell"))
    ]


def trades(state: State, limit: int) -> dict[str, Any]:
    """Trades in progress, and the newest of those that are over, newest first."""
    return {
        "open": [_open(trade, currencies(state, trade)) for trade in state.trades],
        "over": [_over(record) for record in reversed(state.records[-limit:])],
    }


def currencies(state: State, trade: TradeView) -> list[str]:
    """What the legs of `trade` are quoted in, as far as that is known."""
    known = {} if state.positions is None else state.positions.currencies
    found = [known.get((leg.venue, trade.plan.symbol)) for leg in trade.plan.legs]
    return list(dict.fromkeys(each for each in found if each is not None))


def _open(trade: TradeView, quoted_in: list[str]) -> dict[str, Any]:
    plan = trade.plan
    return {
        "id": plan.trade_id,
        "symbol": plan.symbol,
        "buy": plan.buy.venue,
        "sell": plan.sell.venue,
        "quantity": plain(plan.quantity),
        "phase": trade.phase,
        "reason": trade.reason,
        "opened_at": iso(plan.opened_at_ns),
        "expected_net": plain(round(plan.expected_net, 4)),
        "currencies": quoted_in,
        "orders": [
            {
                "id": each.order.client_id,
                "venue": each.order.venue,
                "purpose": each.order.purpose,
                "side": each.order.side.value,
                "quantity": plain(each.order.quantity),
                "price": plain(each.order.price),
                "filled": plain(abs(each.held)),
                "status": each.status.value,
                "reason": each.reason,
            }
            for each in trade.orders
        ],
    }


def leg(each: LegRecord) -> dict[str, Any]:
    """What the orders of one leg came to."""
    return {
        "venue": each.venue,
        "side": each.side.value,
        "expected": plain(each.expected),
        "achieved": None if each.achieved is None else plain(round(each.achieved, 8)),
        "slippage": plain(each.slippage),
        "slippage_bps": bps(each.slippage_bps),
        "trading": plain(each.trading),
        "fees": plain(each.fees),
        "other_fees": amounts(each.other_fees),
        "funding": plain(each.funding),
        "volume": plain(each.volume),
        "closing_slippage": plain(each.closing_slippage),
        "closing_slippage_bps": bps(each.closing_slippage_bps),
    }


def amounts(each: Mapping[str, Decimal]) -> dict[str, str]:
    """Amounts by currency, as text."""
    return {currency: plain(amount) for currency, amount in each.items()}


def bps(each: Decimal | None) -> str | None:
    """Basis points to a thousandth; None where unknown."""
    return None if each is None else plain(round(each, 3))


def _over(record: TradeRecord) -> dict[str, Any]:
    return {
        "id": record.trade_id,
        "symbol": record.symbol,
        "buy": record.buy_venue,
        "sell": record.sell_venue,
        "quantity": plain(record.quantity),
        "phase": record.phase,
        "reason": record.reason,
        "trading": plain(record.trading),
        "fees": plain(record.fees),
        "other_fees": amounts(record.other_fees),
        "funding": plain(record.funding),
        "net": plain(record.net),
        "currencies": record.currencies,
        "expected_net": plain(round(record.expected_net, 6)),
        "slippage": plain(record.slippage),
        "closing_slippage": plain(record.closing_slippage),
        "closing_slippage_bps": bps(record.closing_slippage_bps),
        "opened_at": iso(record.opened_at_ns),
        "settled_at": iso(record.settled_at_ns),
        "sent_ms": round(record.sent_ms, 3),
        "hedged_ms": round(record.hedged_ms, 3),
        "max_unhedged": plain(record.max_unhedged),
        "unhedged_ms": round(record.unhedged_ms, 3),
        "unhedged_total_ms": round(record.unhedged_total_ms, 3),
        "unhedged_value_s": plain(round(record.unhedged_value_s, 6)),
        "slippage_bps": bps(record.slippage_bps),
        "legs": {name: leg(each) for name, each in record.legs.items()},
        "phases_ms": {phase: round(took, 3) for phase, took in record.phases_ms.items()},
        "volume": plain(record.volume),
        "pool": record.pool,
    }


def positions(state: State) -> dict[str, Any]:
    """Positions that are not zero, and the exposure they come to."""
    view = state.positions
    if view is None:
        return {"known": False, "positions": []}
    rows = []
    for (venue, account, symbol), holding in sorted(view.holdings.items()):
        if not holding.quantity:
            continue
        mark = view.marks.get(symbol)
        rows.append(
            {
                "venue": venue,
                "account": account,
                "symbol": symbol,
                "quantity": plain(holding.quantity),
                "mark": None if mark is None else plain(round(mark, 8)),
                "value": None if mark is None else plain(round(holding.quantity * mark, 4)),
                "currency": view.currencies.get((venue, symbol)),
            }
        )
    exposure = view.exposure
    return {
        "known": True,
        "positions": rows,
        "net": {symbol: plain(round(each, 4)) for symbol, each in exposure.net.items()},
        "gross": {symbol: plain(round(each, 4)) for symbol, each in exposure.gross.items()},
        "net_total": plain(round(exposure.net_total, 4)),
        "gross_total": plain(round(exposure.gross_total, 4)),
        "residuals": [residual(each) for each in state.residuals],
        "mismatches": [
            {"position": "/".join(each.key), "ours": plain(each.ours), "venue_says": plain(each.theirs)}
            for each in view.mismatches
        ],
    }


def residual(each: Residual) -> dict[str, str]:
    """What a trade has left at one place."""
    return {
        "venue": each.venue,
        "account": each.account,
        "symbol": each.symbol,
        "quantity": plain(each.quantity),
        "cost": plain(round(each.cost, 8)),
        "currency": each.currency,
        "trade": each.trade_id,
    }


def opportunities(state: State) -> list[dict[str, Any]]:
    """What was seen last and what became of it, newest first; the same one, quote after quote, is one entry."""
    episodes = Episodes()
    episodes.take(state.decisions)
    return [_episode(each) for each in episodes.newest]


def _episode(episode: Episode) -> dict[str, Any]:
    opportunity = episode.latest.opportunity
    edge = opportunity.edge
    return {
        "at": iso(episode.began_ns),
        "last_at": iso(episode.last_ns),
        "quotes": episode.seen,
        "symbol": edge.symbol,
        "buy": edge.buy_venue,
        "sell": edge.sell_venue,
        "quantity": plain(edge.quantity),
        "gross": plain(round(edge.gross, 4)),
        "fees": plain(round(edge.fees, 4)),
        "slippage": plain(round(edge.slippage, 4)),
        "funding": plain(round(edge.funding, 6)),
        "net": plain(round(edge.net, 4)),
        "net_pct": plain(round(edge.net_fraction * 100, 4)),
        "currencies": list(dict.fromkeys((opportunity.buy.quote, opportunity.sell.quote))),
        "verdict": episode.verdict,
    }

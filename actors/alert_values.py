"""What alert rules look at: the values of all signals at one moment, from what the system knows anyway."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.gate import Circuit, Gate
from actors.instruments import Instruments
from actors.quote_feed import QuoteFeed
from actors.runtime import System
from actors.state import State
from perpbot.alerts.condition import Values
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.execution.settle import leg_state
from perpbot.execution.trade import Phase
from perpbot.health import Health
from perpbot.model.money import ZERO

BY_ALERT = "alert "
"""What the names of alerts begin with where they turn a kill switch."""
ENOUGH_TRADES, RECENT_TRADES = 5, 20
MS = Decimal(1000)
_STANDINGS = (
    ("drawdown", "drawdown", Decimal("0.01")),
    ("equity", "min-equity", Decimal(1)),
)
"""Signal, the risk rule that knows it, and what its unit is in the signal's."""


@attrs.frozen(kw_only=True)
class Sources:
    """Where values come from that are not in the state."""

    gates: Mapping[str, Gate]
    """By address of the connection."""
    feeds: Mapping[str, str]
    """By venue, where its quote feed lives."""
    instruments: Mapping[str, str]
    """By venue, who knows what it lists."""
    arbitrage_pool: str = "arb"
    score: Callable[[State], float] = lambda _: 1.0
    """The overall score of a state."""
    troubles: Callable[[], int] = lambda: 0
    """How many actors are in grave trouble."""
    lost_log_lines: Callable[[], int] = lambda: 0


class Watch:
    """Reads values, and remembers since when somebody has not answered."""

    def __init__(self, sources: Sources, system: System) -> None:
        self._sources = sources
        self._system = system
        self._missing_ns: dict[str, int] = {}
        self._ever_missing: set[str] = set()

    def values(self, state: State | None, health: Health | None, *, state_address: str, undelivered: int) -> Values:
        """Everything that is known now. Where `state` or `health` is None, nobody told it.

        Args:
            state: the state of the whole.
            health: the signs of life.
            state_address: who was asked for the state, and counts as silent where it is None.
            undelivered: messages of alerts that wait for too long.
        """
        known: dict[str, dict[str, Decimal]] = {
            "quote_latency": self._quote_latency(),
            "down_time": self._down_time(),
            "actors_in_trouble": _one(self._sources.troubles()),
            "lost_log_lines": _one(self._sources.lost_log_lines()),
            "undelivered_messages": _one(undelivered),
            "component_silence": self._silence(health, [state_address] if state is None else state.missing),
        }
        if state is not None:
            known |= _venues(state)
            known |= _connections(state)
            known |= _account(state, self._sources.arbitrage_pool)
            known |= _trades(state)
            known["health_score"] = _one(round(Decimal(str(self._sources.score(state))), 6))
        return known

    def _quote_latency(self) -> dict[str, Decimal]:
        now = monotonic_ns()
        feeds = {venue: self._system.cell(address).actor for venue, address in self._sources.feeds.items()}
        return {
            venue: ZERO if self._lists_none(venue) else _seconds(now - feed.streamed_ns)
            for venue, feed in feeds.items()
            if isinstance(feed, QuoteFeed)
        }

    def _lists_none(self, venue: str) -> bool:
        """Whether nobody connects to a venue and nothing is to be heard of it, as it lists none of the symbols."""
        actor = self._system.cell(self._sources.instruments[venue]).actor
        return isinstance(actor, Instruments) and actor.lists_none

    def _down_time(self) -> dict[str, Decimal]:
        now = monotonic_ns()
        return {
            _connection(gate.venue, address.rsplit("/", 1)[-1]): ZERO
            if gate.circuit is Circuit.CONNECTED or self._lists_none(gate.venue)
            else _seconds(now - gate.left_ns)
            for address, gate in self._sources.gates.items()
        }

    def _silence(self, health: Health | None, missing: Iterable[str]) -> dict[str, Decimal]:
        now = monotonic_ns()
        self._missing_ns = {each: self._missing_ns.get(each, now) for each in missing}
        self._ever_missing |= self._missing_ns.keys()
        silence = dict.fromkeys(self._ever_missing, ZERO)  # who answers again is not silent any more
        if health is not None:
            silence |= {each: Decimal(str(value)) for each, value in health.silent_s.items()}
        return silence | {each: _seconds(now - since) for each, since in self._missing_ns.items()}


def _one(value: Any) -> dict[str, Decimal]:
    return {"": Decimal(value)}


def _seconds(ns: int) -> Decimal:
    return Decimal(max(0, ns)) / NS_PER_SECOND


def _connection(venue: str, connection: str) -> str:
    return f"{venue}/{connection}"


def _venues(state: State) -> dict[str, dict[str, Decimal]]:
    return {
        "stale_quotes": {
            name: Decimal(sum(quote.stale for quote in venue.quotes.values())) for name, venue in state.venues.items()
        },
    }


def _connections(state: State) -> dict[str, dict[str, Decimal]]:
    if state.registry is None:
        return {}
    reports = {_connection(each.venue, each.connection): each for each in state.registry.reports}
    return {
        "connection_latency": {
            name: Decimal(str(each.mean_ms)) / MS for name, each in reports.items() if each.mean_ms is not None
        },
        "error_rate": {name: Decimal(str(each.error_rate)) for name, each in reports.items()},
        "error_streak": {name: Decimal(each.error_streak) for name, each in reports.items()},
        "heartbeat_age": {
            name: Decimal(str(each.heard_s)) if each.circuit == Circuit.CONNECTED.value else ZERO
            for name, each in reports.items()
        },
        "exceeded_limits": {name: Decimal(len(each.alerts)) for name, each in reports.items()},
    }


def _account(state: State, pool: str) -> dict[str, dict[str, Decimal]]:
    used = {each.rule: each.used for each in state.standings}
    known = {"kill_switches": _one(sum(not by.startswith(BY_ALERT) for by in state.kill.values()))}
    for signal, rule, factor in _STANDINGS:
        if rule in used:  # none is before the balances are known
            known[signal] = _one(used[rule] * factor)
    if state.daily_profit is not None:
        known["daily_pnl"] = _one(state.daily_profit)
    if state.positions is not None:
        known["net_exposure"] = _one(abs(state.positions.exposure.net_total))
        known["position_mismatches"] = _one(len(state.positions.mismatches))
    if state.orders is not None:
        known["unknown_orders"] = _one(state.orders.unknown_open)
    known["unhedged_value"] = _one(max((each.value for each in state.naked), default=ZERO))
    for each in state.pools:
        total = sum(each.total.values(), ZERO)
        if each.name == pool and total:
            known["capital_usage"] = _one(sum(each.allocated.values(), ZERO) / total)
    return known


def _trades(state: State) -> dict[str, dict[str, Decimal]]:
    completed = [each.phase == Phase.COMPLETED.value for each in state.records]
    failures = next((number for number, well in enumerate(reversed(completed)) if well), len(completed))
    refused = (leg_state(leg.name, each.orders).refusals for each in state.trades for leg in each.plan.legs)
    known = {"consecutive_failures": _one(failures), "refused_orders": _one(max(refused, default=0))}
    newest = completed[-RECENT_TRADES:]
    if len(newest) >= ENOUGH_TRADES:
        known["success_rate"] = _one(Decimal(sum(newest)) / len(newest))
    return known

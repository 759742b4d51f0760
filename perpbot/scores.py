"""How well PerpBot does, as one number a component and one over all (HLT-1), from what the state view knows.

A score is between 0 and 1. It says how much of a component works, not whether it earns: a market without
opportunities is well, a scanner that is down is not.
"""

from collections.abc import Collection, Mapping

from actors.runtime import System
from actors.state import State
from perpbot.clock import NS_PER_SECOND, monotonic_ns

WEIGHTS = {"capital": 0.2, "exposure": 0.2, "execution": 0.2, "quotes": 0.15, "scanners": 0.15, "latency": 0.1}
"""How much each component counts; they sum to 1."""
FRESH_S = 10.0
"""A quote that is older does not count."""
RECENT_TRADES = 20
SCANNERS = "/strategies/scanner-"


def component_scores(state: State, system: System, symbols: Collection[str]) -> dict[str, float]:
    """The score of each component; 0 where what tells it does not answer."""
    return {
        "capital": _capital(state),
        "exposure": _exposure(state),
        "execution": _execution(state),
        "quotes": _quotes(state, symbols),
        "scanners": _scanners(system),
        "latency": _latency(state),
    }


def overall_score(scores: Mapping[str, float]) -> float:
    """The weighted mean of the components."""
    return round(sum(WEIGHTS[name] * score for name, score in scores.items()), 4)


def _capital(state: State) -> float:
    """The share of the venues we trade at whose balances are known; nothing may be opened at the others."""
    traded = [name for name, venue in state.venues.items() if "trading" in venue.circuits]
    known = {each.venue for each in state.balances}
    return _share(sum(name in known for name in traded), len(traded)) if state.pools else 0.0


def _exposure(state: State) -> float:
    """The share of open trades without a leg that stands alone; 0 where a venue counts another position than we."""
    if state.positions is None or state.positions.mismatches:
        return 0.0
    return _share(len(state.trades) - len(state.naked), len(state.trades))


def _execution(state: State) -> float:
    """The share of the newest trades that were completed as planned; orders of unknown fate halve it."""
    if state.orders is None:
        return 0.0
    newest = state.records[-RECENT_TRADES:]
    share = _share(sum(each.phase == "completed" for each in newest), len(newest))
    return share / 2 if state.orders.unknown_open else share


def _quotes(state: State, symbols: Collection[str]) -> float:
    """The share of all listed instruments with a price that is good and young."""
    now_ns = monotonic_ns()
    listed = sum(len(symbols) - len(venue.unlisted) for venue in state.venues.values())
    young = sum(
        quote.age_ns(now_ns) <= FRESH_S * NS_PER_SECOND
        for venue in state.venues.values()
        for quote in venue.fresh.values()
    )
    return _share(young, listed)


def _scanners(system: System) -> float:
    scanners = [cell for cell in system.cells() if cell.address.startswith(SCANNERS)]
    return _share(sum(cell.alive for cell in scanners), len(scanners))


def _latency(state: State) -> float:
    """The share of connections that are up and as fast as configured."""
    if state.registry is None:
        return 0.0
    reports = state.registry.reports
    slow = [each for each in reports if any(alert.startswith("latency") for alert in each.alerts)]
    down = [each for each in reports if each.circuit != "CONNECTED"]
    return _share(len(reports) - len({each.venue + each.connection for each in (*slow, *down)}), len(reports))


def _share(part: int, whole: int) -> float:
    """All of nothing is all."""
    return max(0.0, part / whole) if whole else 1.0

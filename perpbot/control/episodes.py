"""Opportunities as people see them: the same one, quote after quote, is one episode."""

from collections.abc import Sequence
from decimal import Decimal

import attrs

from actors.executor import Decision
from perpbot.clock import NS_PER_SECOND

QUIET_NS = 2 * NS_PER_SECOND
"""An opportunity that comes back after this much silence is a new one."""
KEEP = 100
ADMITTED = "admitted"


@attrs.define(kw_only=True)
class Episode:
    """One opportunity from when it appeared until it was gone."""

    symbol: str
    buy: str
    sell: str
    began_ns: int
    """Wall clock."""
    last_ns: int
    net: Decimal
    """The latest."""
    net_fraction: Decimal
    verdict: str
    """The latest, or that it was admitted."""
    latest: Decision
    """What was decided last, with everything about it."""
    seen: int = 1

    @property
    def admitted(self) -> bool:
        """Whether it became a trade."""
        return self.verdict.startswith(ADMITTED)


class Episodes:
    """The newest episodes, made from what the executor decided."""

    def __init__(self) -> None:
        self._newest: list[Episode] = []
        self._last: Decision | None = None

    def take(self, decisions: Sequence[Decision]) -> None:
        """Take in the newest decisions, newest first; those that were taken in before are known."""
        fresh: list[Decision] = []
        for decision in decisions:
            if decision is self._last:
                break
            fresh.append(decision)
        if fresh:
            self._last = fresh[0]
        for decision in reversed(fresh):
            self._add(decision)

    def _add(self, decision: Decision) -> None:
        edge = decision.opportunity.edge
        episode = self._current(edge.symbol, edge.buy_venue, edge.sell_venue, decision.at_ns)
        if episode is None:
            self._newest.insert(
                0,
                Episode(
                    symbol=edge.symbol,
                    buy=edge.buy_venue,
                    sell=edge.sell_venue,
                    began_ns=decision.at_ns,
                    last_ns=decision.at_ns,
                    net=edge.net,
                    net_fraction=edge.net_fraction,
                    verdict=decision.verdict,
                    latest=decision,
                ),
            )
            del self._newest[KEEP:]
            return
        episode.last_ns, episode.net, episode.net_fraction = decision.at_ns, edge.net, edge.net_fraction
        episode.seen += 1
        episode.latest = decision
        if not episode.admitted or decision.verdict.startswith(ADMITTED):
            episode.verdict = decision.verdict

    def _current(self, symbol: str, buy: str, sell: str, at_ns: int) -> Episode | None:
        for episode in self._newest:
            if (episode.symbol, episode.buy, episode.sell) == (symbol, buy, sell):
                return episode if at_ns - episode.last_ns <= QUIET_NS else None
        return None

    @property
    def newest(self) -> Sequence[Episode]:
        """Newest first."""
        return self._newest

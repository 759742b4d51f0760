"""The board of one symbol: the latest market of each venue, and the best edge between any two of them (SCN-1)."""

from collections.abc import Iterable, Sequence

from perpbot.model.quote import Quote
from perpbot.scanning.edge import Edge, Market, Terms, find_edge

Pair = tuple[str, str]


class Board:
    """Compares a venue that moved with all the others, in both directions. Old quotes take no part."""

    def __init__(self, terms: Terms, max_age_ns: int, priority: Iterable[Pair] = ()) -> None:
        self.terms = terms
        self._max_age_ns = max_age_ns
        self._markets: dict[str, Market] = {}
        self._priority = {frozenset(pair) for pair in priority}

    @property
    def quotes(self) -> list[Quote]:
        """The latest quote of each venue."""
        return [market.quote for market in self._markets.values()]

    def set(self, market: Market) -> None:
        """Take in the latest market of a venue."""
        self._markets[market.instrument.venue] = market

    def drop(self, venue: str) -> None:
        """Forget a venue whose book has no price."""
        self._markets.pop(venue, None)

    def market(self, venue: str, now_ns: int) -> Market | None:
        """The market of a venue, or None when there is none or it is too old to decide anything."""
        market = self._markets.get(venue)
        return market if market is not None and market.quote.age_ns(now_ns) <= self._max_age_ns else None

    def edges(self, moved: str, now_ns: int) -> Sequence[Edge]:
        """All edges between `moved` and the others, priority pairs first, then by score."""
        here = self.market(moved, now_ns)
        if here is None:
            return ()
        found: list[Edge] = []
        for venue in self._markets:
            there = self.market(venue, now_ns) if venue != moved else None
            if there is None:
                continue
            both_ways = (find_edge(here, there, self.terms), find_edge(there, here, self.terms))
            found.extend(edge for edge in both_ways if edge is not None)
        return sorted(found, key=self._rank) if len(found) > 1 else found

    def _rank(self, edge: Edge) -> tuple[bool, object]:
        return frozenset((edge.buy_venue, edge.sell_venue)) not in self._priority, -edge.score

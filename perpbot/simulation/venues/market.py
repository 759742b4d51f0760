"""A market that looks like one: correlated fair prices, venues that lag and differ, and now and then a real edge.

Prices here are floats, because they are noise; whoever turns one into a price of a book puts it on the grid first.
Time is the monotonic clock's: a step of the wall clock does not move prices.
Every stream of chance has a name of its own, so that one more venue does not change the others.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from math import exp, sqrt

import attrs

from perpbot.chance import Chance
from perpbot.clock import NS_PER_MS, NS_PER_SECOND

_STEP_NS = 50 * NS_PER_MS
_MOST_STEPS = 200
"""After a longer pause the market goes on from where it was, as if the pause had been this long."""
_YEAR_S = 365 * 24 * 3600
_BASIS_TIME_S = 300.0
_RISE_S = 0.15
_FALL_S = 0.6


@attrs.frozen(kw_only=True)
class Coin:
    """How one coin behaves."""

    start: float
    """First price, US dollars."""
    volatility: float
    """Standard deviation of a year's return, as a fraction."""
    beta: float
    """Share of it that comes from the factor common to all coins, 0 to 1."""
    spread_bps: float
    gap_bps: float
    """Distance between two levels of a book."""
    level_usd: float
    """Typical value of a level a few steps behind the touch."""


COINS: Mapping[str, Coin] = {
    "BTC": Coin(start=97_000, volatility=0.45, beta=0.9, spread_bps=0.4, gap_bps=0.6, level_usd=80_000),
    "ETH": Coin(start=3_400, volatility=0.65, beta=0.85, spread_bps=0.6, gap_bps=0.8, level_usd=50_000),
    "SOL": Coin(start=190, volatility=0.8, beta=0.75, spread_bps=1.2, gap_bps=1.2, level_usd=25_000),
    "DOGE": Coin(start=0.38, volatility=0.9, beta=0.7, spread_bps=1.5, gap_bps=1.5, level_usd=15_000),
}


@attrs.frozen(kw_only=True)
class MarketSettings:
    """How lively the market is."""

    frames_per_second: float = 10.0
    """Updates of each book."""
    edge_every_s: float = 3.0
    """Mean time between two edges, over all books together; 0 for none."""
    edge_bps: tuple[float, float] = (25.0, 60.0)
    edge_seconds: tuple[float, float] = (2.0, 8.0)
    burst_every_s: float = 180.0
    """Mean time between two bursts of volatility; 0 for none."""
    trades_per_second: float = 0.5
    """Public trades in each book."""
    depth: int = 25
    """The house's levels on each side of a book."""


@attrs.frozen
class Edge:
    """One venue's price away from the others, for a while."""

    bps: float
    start_ns: int
    end_ns: int

    def offset(self, now_ns: int) -> float:
        """Basis points away at `now_ns`: up at once, held, and back within a moment after the end."""
        if now_ns < self.end_ns:
            return self.bps * min(1.0, (now_ns - self.start_ns) / NS_PER_SECOND / _RISE_S)
        return self.bps * max(0.0, 1.0 - (now_ns - self.end_ns) / NS_PER_SECOND / _FALL_S)

    def over(self, now_ns: int) -> bool:
        """Whether nothing is left of it."""
        return now_ns >= self.end_ns + _FALL_S * NS_PER_SECOND


class _Fair:
    """The price of one coin that all venues follow."""

    def __init__(self, coin: Coin, price: float, chance: Chance, name: str) -> None:
        self.price = price
        self.history = deque([price], maxlen=8)
        per_step = coin.volatility / sqrt(_YEAR_S) * sqrt(_STEP_NS / NS_PER_SECOND)
        self._common = per_step * coin.beta
        self._own = per_step * sqrt(1 - coin.beta**2)
        self._gauss = chance.stream(name).gauss

    def step(self, common: float, roughness: float) -> None:
        move = roughness * (self._common * common + self._own * self._gauss(0.0, 1.0))
        self.price *= exp(move)
        self.history.append(self.price)

    def lagged(self, steps: int) -> float:
        history = self.history
        return history[-1 - steps] if steps < len(history) else history[0]


class _Deviation:
    """How one venue's price of one coin differs from the fair one, in basis points."""

    def __init__(self, chance: Chance, name: str, now_ns: int) -> None:
        self._gauss = chance.stream(name).gauss
        self.basis = 1.5 * self._gauss(0.0, 1.0)
        self._at_ns = now_ns

    def next(self, now_ns: int) -> float:
        passed = min(10.0, max(0.0, (now_ns - self._at_ns) / NS_PER_SECOND))
        self._at_ns = now_ns
        pull = passed / _BASIS_TIME_S
        self.basis += -self.basis * pull + 1.5 * sqrt(2 * pull) * self._gauss(0.0, 1.0)
        return self.basis + 0.15 * self._gauss(0.0, 1.0)


class Market:
    """What every coin is worth at every venue, as time passes."""

    def __init__(
        self,
        chance: Chance,
        settings: MarketSettings,
        venues: Sequence[str],
        coins: Sequence[str],
        now_ns: int,
        start: Mapping[str, float] | None = None,
    ) -> None:
        self.settings = settings
        self.coins = tuple(coins)
        self._venues = tuple(venues)
        self._lags = {venue: number * 2 for number, venue in enumerate(venues)}
        prices = start or {}
        self._fair = {
            coin: _Fair(COINS[coin], prices.get(coin, COINS[coin].start), chance, f"market/{coin}") for coin in coins
        }
        self._deviations = {
            (venue, coin): _Deviation(chance, f"market/{venue}/{coin}", now_ns) for venue in venues for coin in coins
        }
        self._common = chance.stream("market/common").gauss
        self._bursts = chance.stream("market/bursts")
        self._edge_chance = chance.stream("market/edges")
        self._edges: dict[tuple[str, str], Edge] = {}  # replaced, never changed: other threads read it
        self._now_ns = self._at_ns = now_ns
        self._burst_from, self._burst_until = self._next_burst(now_ns), now_ns
        self._edge_at = self._next_edge(now_ns)

    def advance(self, now_ns: int) -> None:
        """Let time pass until `now_ns`."""
        self._now_ns = now_ns
        steps = (now_ns - self._at_ns) // _STEP_NS
        if steps <= 0:
            return
        self._at_ns += steps * _STEP_NS
        roughness = self.roughness
        for _ in range(min(steps, _MOST_STEPS)):
            common = self._common(0.0, 1.0)
            for fair in self._fair.values():
                fair.step(common, roughness)
        self._start_and_end(now_ns)

    @property
    def roughness(self) -> float:
        """How much wilder than usual prices move: 1 most of the time, more in a burst."""
        return 3.0 if self._at_ns < self._burst_until else 1.0

    def index(self, coin: str) -> float:
        """The fair price of `coin`."""
        return self._fair[coin].price

    def mark(self, venue: str, coin: str) -> float:
        """The price a venue counts profits at: calm, and not moved by its own edges."""
        return self._fair[coin].price * (1 + self._deviations[venue, coin].basis * 1e-4)

    def mid(self, venue: str, coin: str) -> float:
        """The middle of a venue's book. To be asked once for each of its frames."""
        bps = self._deviations[venue, coin].next(self._now_ns)
        edge = self._edges.get((venue, coin))
        if edge is not None:
            bps += edge.offset(self._now_ns)
        return self._fair[coin].lagged(self._lags[venue]) * (1 + bps * 1e-4)

    def funding(self, venue: str, coin: str) -> float:
        """The rate for eight hours: a hundredth of a percent, leaning the way the venue's price does."""
        return 1e-4 + self._deviations[venue, coin].basis * 2e-5

    def dislocate(self, venue: str, coin: str, bps: float, seconds: float) -> None:
        """Move one venue's price of one coin by `bps` from now for `seconds`, then let it come back."""
        edge = Edge(bps, self._now_ns, self._now_ns + int(seconds * NS_PER_SECOND))
        self._edges = {**self._edges, (venue, coin): edge}

    def prices(self) -> dict[str, float]:
        """The fair prices, to go on from another time."""
        return {coin: fair.price for coin, fair in self._fair.items()}

    def _start_and_end(self, now_ns: int) -> None:
        self._edges = {place: edge for place, edge in self._edges.items() if not edge.over(now_ns)}
        if self._edge_at is not None and now_ns >= self._edge_at:
            self._edge_at = self._next_edge(now_ns)
            self._start_edge()
        if self._burst_from is not None and now_ns >= self._burst_from:
            self._burst_until = now_ns + int(self._bursts.uniform(8, 20) * NS_PER_SECOND)
            self._burst_from = self._next_burst(self._burst_until)

    def _start_edge(self) -> None:
        """Dislocate one venue in a coin that has no edge yet: two at once might cancel out."""
        chance, settings = self._edge_chance, self.settings
        busy = [coin for _, coin in self._edges]
        calm = [coin for coin in self.coins if coin not in busy]
        bps = chance.uniform(*settings.edge_bps) * chance.choice((-1, 1))
        seconds, venue = chance.uniform(*settings.edge_seconds), chance.choice(self._venues)
        if calm:
            self.dislocate(venue, chance.choice(calm), bps, seconds)

    def _next_edge(self, now_ns: int) -> int | None:
        every = self.settings.edge_every_s
        return now_ns + int(self._edge_chance.expovariate(1 / every) * NS_PER_SECOND) if every else None

    def _next_burst(self, now_ns: int) -> int | None:
        every = self.settings.burst_every_s
        return now_ns + int(self._bursts.expovariate(1 / every) * NS_PER_SECOND) if every else None

"""The house's side of a book: levels on a grid that stays where it is while the price moves over it.

Prices are counted in ticks and sizes in lots here, both whole numbers; they leave as exact decimals.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import ceil, floor, log10

from perpbot.chance import Chance
from perpbot.model.instrument import Instrument
from perpbot.simulation.venues.market import Coin

Changes = list[tuple[Decimal, Decimal]]
"""Prices with the size that is there now; zero for none."""

_HEADROOM = 1.01
"""No level is further from the middle than this."""
_BREATHING = 3
"""Levels of a side that change their size at each step, besides the touch."""


class _Side:
    """One side: the touch, and behind it every grid point for `depth` levels."""

    def __init__(self, sign: int, depth: int, chance: Callable[[], float]) -> None:
        self.sizes: dict[int, int] = {}
        self._sign = sign
        self._depth = depth
        self._chance = chance
        self._ticks: list[int] = []

    def move(self, touch: int, gap: int, scale: float, eaten: Sequence[int]) -> dict[int, int]:
        """Bring the touch to `touch` and let sizes breathe; returns ticks with their lots, zero where one went."""
        changes: dict[int, int] = {}
        first = (touch - 1) // gap * gap if self._sign < 0 else -(-(touch + 1) // gap) * gap
        ticks, sizes, chance = self._ticks, self.sizes, self._chance
        if ticks and ticks[1] == first:
            if ticks[0] != touch:
                del sizes[ticks[0]]
                changes[ticks[0]] = 0
                ticks[0] = touch
        else:
            ticks = self._reshape(touch, first, gap, scale, changes)
        for rank in (0, *[int(chance() * len(ticks)) for _ in range(_BREATHING)]):
            changes[ticks[rank]] = sizes[ticks[rank]] = self._size(rank, scale)
        for tick in eaten:
            if tick in sizes:
                changes[tick] = sizes[tick] = self._size(ticks.index(tick), scale)
        return changes

    def clear(self) -> dict[int, int]:
        """Take every level away."""
        gone = dict.fromkeys(self.sizes, 0)
        self.sizes.clear()
        self._ticks = []
        return gone

    def _reshape(self, touch: int, first: int, gap: int, scale: float, changes: dict[int, int]) -> list[int]:
        """The touch has left its place between two grid points: lay the levels anew, keeping those that stay."""
        step = gap * self._sign
        ticks = [touch, *range(first, first + step * (self._depth - 1), step)]
        wanted, sizes = frozenset(ticks), self.sizes
        for tick in [tick for tick in sizes if tick not in wanted]:
            del sizes[tick]
            changes[tick] = 0
        for rank, tick in enumerate(ticks):
            if tick not in sizes:
                changes[tick] = sizes[tick] = self._size(rank, scale)
        self._ticks = ticks
        return ticks

    def _size(self, rank: int, scale: float) -> int:
        return 1 + int(scale * (0.25 + 0.11 * rank) * (0.4 + 1.2 * self._chance()))


class HouseLadder:
    """The house in one market."""

    def __init__(self, instrument: Instrument, coin: Coin, chance: Chance, name: str, depth: int) -> None:
        self._instrument = instrument
        self._coin = coin
        self._chance = chance.stream(name).random
        self._lot = instrument.lot
        self._bids = _Side(-1, depth, self._chance)
        self._asks = _Side(1, depth, self._chance)
        self._tick = instrument.tick
        self._tick_size = float(instrument.tick)
        self._scale_base = coin.level_usd / float(instrument.lot)
        self._decade: int | None = None

    def step(
        self, mid: float, roughness: float, eaten: tuple[Iterable[Decimal], Iterable[Decimal]]
    ) -> tuple[Changes, Changes]:
        """Move the ladder to around `mid` and return what changed, bids and asks.

        `eaten` are the prices, bids and asks, at which takers used something up: it comes back.
        """
        before = self._regrid(mid)
        size = self._tick_size
        half = self._coin.spread_bps * 0.5e-4 * (0.6 + 0.8 * self._chance()) * (roughness**0.5)
        bid, ask = floor(mid * (1 - half) / size), ceil(mid * (1 + half) / size)
        gap = max(1, round(self._coin.gap_bps * 1e-4 * mid / size))
        scale = self._scale_base / mid
        bids = self._bids.move(bid, gap, scale, self._ticks_of(eaten[0]))
        asks = self._asks.move(max(ask, bid + 1), gap, scale, self._ticks_of(eaten[1]))
        return before[0] + self._exact(bids), before[1] + self._exact(asks)

    def _regrid(self, mid: float) -> tuple[Changes, Changes]:
        """Where the venue counts significant figures, start anew when the highest price gains or loses one."""
        figures = self._instrument.significant_figures
        if figures is None:
            return [], []
        decade = floor(log10(mid * _HEADROOM))
        if decade == self._decade:
            return [], []
        gone = self._exact(self._bids.clear()), self._exact(self._asks.clear())
        self._decade = decade
        self._tick = max(self._instrument.tick, Decimal(1).scaleb(min(decade - figures + 1, 0)))
        self._tick_size = float(self._tick)
        return gone

    def _ticks_of(self, prices: Iterable[Decimal]) -> list[int]:
        return [int(price / self._tick) for price in prices]

    def _exact(self, changes: dict[int, int]) -> Changes:
        tick, lot = self._tick, self._lot
        return [(ticks * tick, lots * lot) for ticks, lots in changes.items()]

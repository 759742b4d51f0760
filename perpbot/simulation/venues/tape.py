"""What a market remembers: its last trades, its one-minute bars, and the day so far."""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs

from perpbot.clock import NS_PER_MS
from perpbot.model.money import ZERO
from perpbot.simulation.venues.orders import Print

MINUTE_MS = 60_000
_BARS = 600
_HISTORY = 240
_TRADES = 200


@attrs.define
class Bar:
    """One bar; volumes in coins and in quote currency."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    trades: int = 0

    def add(self, price: Decimal, size: Decimal = ZERO) -> None:
        """Count a trade of `size` coins, or a price nobody traded at."""
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        if size:
            self.volume += size
            self.quote_volume += size * price
            self.trades += 1

    def join(self, later: "Bar") -> None:
        """Make one bar of this one and the next."""
        self.high, self.low, self.close = max(self.high, later.high), min(self.low, later.low), later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.trades += later.trades


class Tape:
    """The memory of one market. It begins with some hours that nobody saw, so that charts are not empty."""

    def __init__(self, price: Decimal, tick: Decimal, now_ns: int, gauss: Callable[[float, float], float]) -> None:
        self.trades: deque[Print] = deque(maxlen=_TRADES)
        self.last = price
        self._bars: deque[Bar] = deque(_past(price, tick, now_ns // NS_PER_MS, gauss), maxlen=_BARS)
        self._over = self._join_over()

    def feed(self, prints: Sequence[Print], price: Decimal, now_ns: int) -> None:
        """Take the trades since the last time, and where the price is now."""
        self._minute(now_ns, price).add(price)
        for each in prints:
            self.trades.append(each)
            self.last = each.price
            self._minute(each.time_ns, each.price).add(each.price, each.size)

    def bars(self, minutes: int = 1) -> list[Bar]:
        """Bars of `minutes` each, oldest first; the last one is not over."""
        length = minutes * MINUTE_MS
        joined: list[Bar] = []
        for bar in self._bars:
            if joined and bar.open_ms - joined[-1].open_ms < length and bar.open_ms % length:
                joined[-1].join(bar)
            else:
                joined.append(attrs.evolve(bar, open_ms=bar.open_ms // length * length))
        return joined

    @property
    def minute(self) -> Bar:
        """The bar that is not over."""
        return self._bars[-1]

    def day(self) -> Bar:
        """Everything remembered as one bar: what tickers call the last day."""
        whole = attrs.evolve(self._over)
        whole.join(self._bars[-1])
        return whole

    def _join_over(self) -> Bar:
        """One bar of all that are over."""
        whole = attrs.evolve(self._bars[0])
        for bar in list(self._bars)[1:-1]:
            whole.join(bar)
        return whole

    def _minute(self, now_ns: int, price: Decimal) -> Bar:
        open_ms = now_ns // NS_PER_MS // MINUTE_MS * MINUTE_MS
        if open_ms > self._bars[-1].open_ms:
            self._bars.append(Bar(open_ms, price, price, price, price))
            self._over = self._join_over()
        return self._bars[-1]


def _past(price: Decimal, tick: Decimal, now_ms: int, gauss: Callable[[float, float], float]) -> list[Bar]:
    """Minutes before now, walking back from `price`."""
    bars: list[Bar] = []
    close, minute = float(price), now_ms // MINUTE_MS * MINUTE_MS
    for number in range(_HISTORY):
        opened = close * (1 - 0.0006 * gauss(0.0, 1.0))
        high, low = max(opened, close) * 1.0002, min(opened, close) * 0.9998
        first, top, bottom, last = (round(each / float(tick)) * tick for each in (opened, high, low, close))
        volume = Decimal(1_000_000 // max(1, int(close)) + 1)
        bars.append(Bar(minute - number * MINUTE_MS, first, top, bottom, last, volume, volume * last, 20))
        close = opened
    return bars[::-1]

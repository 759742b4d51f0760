"""What a newcomer looks for in the log lines where there is no live view: prices, opportunities, trades."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from decimal import Decimal
from typing import Any

import attrs

from actors.runtime import Actor, Backoff, handles
from actors.state import State
from perpbot.clock import iso, wall_ns
from perpbot.control.episodes import Episode
from perpbot.model.money import plain
from perpbot.portfolio.profit import Profit
from perpbot.program import Program
from perpbot.terminal.lines import clean
from perpbot.terminal.picture import Observer, Picture
from perpbot.terminal.symbols import base, short_id
from supervisors.spec import ChildSpec

Write = Callable[[MutableMapping[str, Any]], None]

LOOK_S = 0.5
OFTEN_S, LINES_OFTEN = 5.0, 24
"""At first somebody looks; a service that runs for months needs less."""
SELDOM_S = 60.0
NAMED = 2
"""Opportunities that are written out, those that were taken first."""
SHORT_LINES = 8
"""Symbols whose prices are written out."""


def plain_view(program: Program, write: Write) -> ChildSpec:
    """The child spec of an actor that hands lines for people to `write`, and to nothing else."""
    observer = Observer(program, "")
    return ChildSpec(
        name="plain-view", start=lambda: PlainView(observer, write), backoff=Backoff(min_s=1.0, max_s=30.0)
    )


@attrs.frozen
class _Look:
    """Time to look: what became of opportunities is only known for a short while."""


@attrs.frozen
class _Tell:
    """Time to write."""


class PlainView(Actor):
    """Writes what there is to see, often at first and then once a minute."""

    def __init__(self, observer: Observer, write: Write) -> None:
        super().__init__()
        self._observer = observer
        self._write = write
        self._told = 0
        self._until_ns = 0

    def on_start(self) -> None:
        """Begin once there are prices."""
        self._until_ns = wall_ns()
        self.timers.every(LOOK_S, _Look())
        self.timers.after(OFTEN_S, _Tell())

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Notice what became of opportunities."""
        self._observer.look()

    @handles(_Tell)
    def on_tell(self, _: _Tell) -> None:
        """Write the lines of this moment."""
        picture = self._observer.look()
        state = picture.state
        if state is None:
            self._line("state", picture.problems[0])
        else:
            self._line("prices", prices(state))
            self._line("opportunities", opportunities(picture, self._until_ns))
            self._line("trades", trades(state))
            self._until_ns = state.at_ns
        self._told += 1
        self.timers.after(OFTEN_S if self._told < LINES_OFTEN else SELDOM_S, _Tell())

    def _line(self, about: str, text: str) -> None:
        self._write({"time": iso(wall_ns()), "level": "info", "actor": about, "event": clean(text)})


def prices(state: State) -> str:
    """Each symbol's price, and the widest gap between two venues."""
    symbols = list(dict.fromkeys(symbol for venue in state.venues.values() for symbol in venue.fresh))
    texts = [_price(symbol, state) for symbol in symbols[:SHORT_LINES]]
    if len(symbols) > SHORT_LINES:
        texts.append(f"and {len(symbols) - SHORT_LINES} more symbols")
    return "  ".join(texts) or "none yet"


def _price(symbol: str, state: State) -> str:
    quotes = [venue.fresh[symbol] for venue in state.venues.values() if symbol in venue.fresh]
    buy, sell = min(quotes, key=lambda each: each.ask), max(quotes, key=lambda each: each.bid)
    middle = sum((each.mid for each in quotes), Decimal(0)) / len(quotes)
    gap = (sell.bid - buy.ask) / buy.ask * 100
    between = f" (gap {gap:+.2f} %: buy {buy.venue}, sell {sell.venue})" if gap > 0 else ""
    decimals = max(_decimals(each) for quote in quotes for each in (quote.bid, quote.ask))
    return f"{base(symbol)} {round(middle, decimals):,f}{between}"


def _decimals(price: Decimal) -> int:
    return len(plain(price).partition(".")[2])


def opportunities(picture: Picture, since_ns: int) -> str:
    """How many were seen since then, and what became of the newest ones."""
    fresh = [each for each in picture.episodes if each.last_ns >= since_ns]
    texts = list(_told(fresh))
    return f"{len(fresh)} seen; {'; '.join(texts)}" if texts else "none seen"


def _told(fresh: list[Episode]) -> Iterator[str]:
    for each in sorted(fresh, key=lambda each: not each.admitted)[:NAMED]:
        became = f"taken as {short_id(each.verdict)}" if each.admitted else each.verdict
        yield f"{base(each.symbol)} buy {each.buy}, sell {each.sell}: net {each.net:+.4f}, {became}"


def trades(state: State) -> str:
    """How many, and what they earned."""
    over = "?" if state.trades_over is None else f"{state.trades_over:,}"
    earned = f"; PnL after fees {_by_currency(state.closed_profit)}" if state.profit else ""
    opened = f"; open, at mark {_by_currency(state.open_profit)}" if state.open_profit else ""
    return f"{len(state.trades)} in progress, {over} over in all{earned}{opened}"


def _by_currency(profit: Mapping[str, Profit]) -> str:
    return "  ".join(f"{each.net:+,.4f} {currency}" for currency, each in profit.items())

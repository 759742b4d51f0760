"""Shows an account on paper what its venue quotes: orders there fill by that."""

from typing import Any

from actors.market_news import MarketGone, MarketMoved
from actors.runtime import Actor, handles
from perpbot.clock import wall_ns
from perpbot.simulation.paper.account import PaperAccount


class PaperMarket(Actor):
    """Follows the quotes of one venue."""

    def __init__(self, account: PaperAccount, feed: str, symbols: tuple[str, ...]) -> None:
        super().__init__()
        self._account = account
        self._feed = feed
        self._symbols = symbols

    def on_start(self) -> None:
        """Follow."""
        for symbol in self._symbols:
            self.subscribe(self._feed, symbol)

    @handles(MarketMoved)
    def on_moved(self, moved: MarketMoved) -> None:
        """The venue quotes anew."""
        self._account.moved(moved.book, moved.funding, wall_ns())

    @handles(MarketGone)
    def on_gone(self, gone: MarketGone) -> None:
        """There is no price any more."""
        self._account.gone(gone.symbol)

    def describe(self) -> dict[str, Any]:
        """How much waits and is held on paper."""
        return {"waiting": len(self._account.waiting), "held": sorted(self._account.held)}

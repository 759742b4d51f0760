"""The scanner of one symbol: every quote is compared with all other venues at once (SCN-1)."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from actors.basis import WORTH, WorthChanged
from actors.instruments import LOADED, InstrumentsLoaded
from actors.market_news import MARKS, MIDS, FastMarket, MarketGone, MarketMoved, MarkMoved, MidsSeen
from actors.reconfiguration import Reconfigured
from actors.runtime import Actor, MailboxSpec, handles
from perpbot.clock import NS_PER_SECOND, monotonic_ns
from perpbot.config.decisions import Scanner as Settings
from perpbot.config.limits import Risk
from perpbot.model.instrument import Instrument
from perpbot.model.quote import Quote
from perpbot.scanning.board import Board, Pair
from perpbot.scanning.edge import Edge, Market, Terms

MARK_EVERY_NS = NS_PER_SECOND
MIDS_EVERY_NS = 5 * NS_PER_SECOND
ONE, HUNDRED = Decimal(1), Decimal(100)
OPPORTUNITIES = "opportunities"
"""Topic: every `Opportunity`."""


@attrs.frozen
class Opportunity:
    """An edge that was seen, with the quotes it was seen in."""

    edge: Edge
    buy: Instrument
    sell: Instrument
    quotes: Mapping[str, Quote]
    """Of every venue of the symbol, fresh ones."""
    seen_ns: int
    """Monotonic, when the frame behind it arrived."""


def terms(settings: Settings) -> Terms:
    """What an edge has to bring, as configured."""
    return Terms(
        min_profit=settings.min_profit_pct / HUNDRED,
        slippage=settings.slippage_pct / HUNDRED,
        holding_s=Decimal(str(settings.holding_time_sec)),
        max_notional=settings.max_notional,
        min_notional=settings.min_notional,
        profit_weight=settings.profit_weight,
        liquidity_weight=settings.liquidity_weight,
        reliability_weight=settings.reliability_weight,
    )


def _latest_by(message: Any) -> Hashable | None:
    if isinstance(message, MarketMoved):
        return message.quote.venue
    if isinstance(message, MarketGone):
        return message.venue
    return None


class Scanner(Actor):
    """Keeps the board of one symbol and tells the executor of the best edge."""

    mailbox = MailboxSpec(capacity=1_000, latest_by=_latest_by)

    def __init__(
        self,
        symbol: str,
        terms: Terms,
        *,
        max_age_ns: int,
        priority: Iterable[Pair],
        depth: int,
        limits: Risk,
        feeds: Iterable[str],
        instruments: Iterable[str],
        reliability: Callable[[str], Decimal],
        basis: str,
        executor: str,
        risk: str,
    ) -> None:
        super().__init__()
        self._symbol = symbol
        self._board = Board(terms, max_age_ns, priority)
        self._max_age_ns = max_age_ns
        self._depth = depth
        self._feeds = list(feeds)
        self._instrument_addresses = list(instruments)
        self._reliability = reliability
        self._basis_address = basis
        self._executor_address = executor
        self._risk_address = risk
        self._fast = FastMove(limits)
        self._instruments: dict[str, Instrument] = {}
        self._seen = 0
        self._found = 0
        self._marked_ns = 0
        self._mids_ns = 0
        self._worth: Mapping[str, Decimal] = {}
        self._last: Edge | None = None

    def on_start(self) -> None:
        """Subscribe to every venue."""
        self._executor = self.look_up(self._executor_address)
        self._risk = self.look_up(self._risk_address)
        self.subscribe(self._basis_address, WORTH)
        for address in self._instrument_addresses:
            self.subscribe(address, LOADED)
        for address in self._feeds:
            self.subscribe(address, self._symbol)

    @handles(InstrumentsLoaded)
    def on_instruments(self, news: InstrumentsLoaded) -> None:
        """Learn what trading the symbol at a venue costs."""
        for instrument in news.instruments:
            if instrument.symbol == self._symbol:
                self._instruments[news.venue] = instrument

    @handles(WorthChanged)
    def on_worth(self, news: WorthChanged) -> None:
        """Compare at what the quote currencies are worth from now on."""
        self._worth = news.worth

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """Other terms count from the next quote on."""
        self._board.terms = terms(news.settings.scanner)
        self._fast.adjust(news.settings.risk)

    @handles(MarketGone)
    def on_gone(self, news: MarketGone) -> None:
        """A venue takes no part until it has a price again."""
        self._board.drop(news.venue)

    @handles(MarketMoved)
    def on_moved(self, news: MarketMoved) -> None:
        """Compare the venue that moved with all the others."""
        quote = news.quote
        instrument = self._instruments.get(quote.venue)
        if instrument is None:
            return
        self._seen += 1
        rate = None if news.funding is None else news.funding.rate
        market = Market(
            instrument=instrument,
            quote=quote,
            book=news.book,
            depth=self._depth,
            funding=rate,
            reliability=self._reliability(quote.venue),
            worth=self._worth.get(instrument.quote, ONE),
        )
        self._board.set(market)
        now = monotonic_ns()
        self._watch_speed(quote, now)
        edges = self._board.edges(quote.venue, now)
        if edges:
            self._tell(edges[0], quote.received_ns, now)

    def _tell(self, edge: Edge, seen_ns: int, now_ns: int) -> None:
        self._found += 1
        self._last = edge
        quotes = {each.venue: each for each in self._board.quotes if each.age_ns(now_ns) <= self._max_age_ns}
        buy, sell = self._instruments[edge.buy_venue], self._instruments[edge.sell_venue]
        opportunity = Opportunity(edge, buy, sell, quotes, seen_ns)
        self._executor.tell(opportunity)
        self.publish(OPPORTUNITIES, opportunity)

    def _watch_speed(self, quote: Quote, now_ns: int) -> None:
        if self._fast.moved(quote.venue, quote.mid, now_ns):
            self._risk.tell(FastMarket(self._symbol))
        if now_ns - self._marked_ns >= MARK_EVERY_NS:
            self._marked_ns = now_ns
            mids = [each.mid for each in self._board.quotes]
            self.publish(MARKS, MarkMoved(self._symbol, sum(mids, Decimal(0)) / len(mids)), retain=True)

        if now_ns - self._mids_ns >= MIDS_EVERY_NS:
            self._mids_ns = now_ns
            self.publish(MIDS, MidsSeen(self._symbol, self._mids(now_ns)))

    def _mids(self, now_ns: int) -> dict[str, list[Decimal]]:
        found: dict[str, list[Decimal]] = {}
        for each in self._board.quotes:
            if each.age_ns(now_ns) <= self._max_age_ns:
                found.setdefault(self._instruments[each.venue].quote, []).append(each.mid)
        return found

    def describe(self) -> dict[str, Any]:
        """What was compared and found."""
        return {
            "symbol": self._symbol,
            "quotes": {each.venue: f"{each.bid} / {each.ask}" for each in self._board.quotes},
            "quotes_seen": self._seen,
            "opportunities": self._found,
            "last": None if self._last is None else attrs.asdict(self._last),
        }


class FastMove:
    """Whether a venue's price runs: its move within the window, from the extreme it came from."""

    def __init__(self, limits: Risk) -> None:
        self._prices: dict[str, deque[tuple[int, Decimal]]] = {}
        self.adjust(limits)

    def adjust(self, limits: Risk) -> None:
        """Go by these limits from now on."""
        self._limit = limits.fast_market_pct / 100
        self._window_ns = int(limits.fast_market_window_sec * NS_PER_SECOND)

    def moved(self, venue: str, price: Decimal, now_ns: int) -> bool:
        """Take in a price; whether it is further than the limit from any other of the window."""
        window = self._prices.setdefault(venue, deque())
        while window and window[0][0] < now_ns - self._window_ns:
            window.popleft()
        window.append((now_ns, price))
        low = min(each for _, each in window)
        high = max(each for _, each in window)
        return (high - low) / low > self._limit

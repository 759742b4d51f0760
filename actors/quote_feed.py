"""The quote feed of one venue: judges each quote and passes the good ones to those who subscribed to the symbol."""

from collections.abc import Hashable
from typing import Any

import msgspec

from actors.book_polling import QuoteStale
from actors.market_news import MarketGone, MarketMoved
from actors.runtime import Actor, MailboxSpec, handles
from actors.stream_books import BookLost, BookMoved
from perpbot.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns
from perpbot.config.decisions import QuoteEngine
from perpbot.model.events import Funding, Mark
from perpbot.model.quote import Quote, Source
from perpbot.scanning.ticks import BadTick, TickFilter, TickRules

FIRST_QUOTE_NS = 20 * NS_PER_SECOND
"""Connecting to every venue at once takes a while."""


def tick_rules(settings: QuoteEngine) -> TickRules:
    """Which quotes are believed, as configured."""
    return TickRules(
        max_jump=settings.max_price_jump_pct / 100,
        min_notional=settings.min_volume_threshold,
        max_age_ns=int(settings.max_quote_age_ms * NS_PER_MS),
    )


def _latest_by(message: Any) -> Hashable | None:
    if isinstance(message, BookMoved):
        return message.quote.symbol
    if isinstance(message, BookLost | QuoteStale):
        return message.symbol
    return None


class QuoteFeed(Actor):
    """Publishes `MarketMoved` and `MarketGone` under the symbol; the latest is kept for whoever comes later."""

    mailbox = MailboxSpec(capacity=10_000, latest_by=_latest_by)

    def __init__(self, venue: str, rules: TickRules) -> None:
        super().__init__()
        self._venue = venue
        self._rules = rules
        self._filters: dict[str, TickFilter] = {}
        self._funding: dict[str, Funding] = {}
        self._marks: dict[str, Mark] = {}
        self._latest: dict[str, Quote] = {}
        self._last: dict[str, Quote] = {}
        """Like `_latest`, but what is lost stays."""
        self._published = 0
        self.streamed_ns = monotonic_ns() + FIRST_QUOTE_NS
        """When the stream last brought a good quote, of whatever symbol; at first, when one should be there."""

    @handles(BookMoved)
    def on_moved(self, moved: BookMoved) -> None:
        """Judge the quote; publish it when it is believed."""
        quote = moved.quote
        judge = self._filters.get(quote.symbol)
        if judge is None:
            judge = self._filters[quote.symbol] = TickFilter(self._rules)
        bad = judge.judge(quote, moved.age_ns)
        if bad is not None:
            if judge.counts[bad] == 1:
                # a thin book is what some markets are like; the others are mistakes of somebody
                thin = bad is BadTick.TOO_SMALL
                tell, what = (self.log.info, "quote too thin to count") if thin else (self.log.warning, "bad tick")
                tell(f"{what}, held back", venue=self._venue, symbol=quote.symbol, why=bad.value)
            if bad is not BadTick.JUMP:
                return
            self._gone(quote.symbol, "the price jumped; waiting for it to be confirmed")
            return
        self._latest[quote.symbol] = self._last[quote.symbol] = quote
        self._published += 1
        if quote.source is Source.STREAM:
            self.streamed_ns = quote.received_ns
        news = MarketMoved(quote, moved.book, self._funding.get(quote.symbol))
        self.publish(quote.symbol, news, retain=True)

    @handles(BookLost)
    def on_lost(self, lost: BookLost) -> None:
        """Take the price away."""
        self._gone(lost.symbol, lost.reason)

    @handles(QuoteStale)
    def on_stale(self, stale: QuoteStale) -> None:
        """Take the price away from all who trade; whoever looks sees the last one, marked."""
        self._gone(stale.symbol, stale.reason)
        last = self._last.get(stale.symbol)
        if last is not None:
            self._latest[stale.symbol] = msgspec.structs.replace(last, stale=True)

    def _gone(self, symbol: str, reason: str) -> None:
        self._latest.pop(symbol, None)
        self.publish(symbol, MarketGone(self._venue, symbol, reason), retain=True)

    @handles(Funding)
    def on_funding(self, funding: Funding) -> None:
        """Keep the rate; it goes out with the next quote."""
        self._funding[funding.symbol] = funding

    @handles(Mark)
    def on_mark(self, mark: Mark) -> None:
        """Keep the mark price."""
        self._marks[mark.symbol] = mark

    @property
    def latest(self) -> dict[str, Quote]:
        """The latest good quote of each symbol, for looking at; some are marked stale."""
        return self._latest

    def describe(self) -> dict[str, Any]:
        """Latest prices, and what was held back."""
        return {
            "venue": self._venue,
            "published": self._published,
            "quotes": {symbol: _told(quote) for symbol, quote in self._latest.items()},
            "funding": {symbol: str(each.rate.fraction) for symbol, each in self._funding.items()},
            "marks": {symbol: str(each.price) for symbol, each in self._marks.items()},
            "held_back": {
                symbol: {why.value: count for why, count in each.counts.items()}
                for symbol, each in self._filters.items()
                if each.counts
            },
        }


def _told(quote: Quote) -> str:
    marks = ("" if quote.source is Source.STREAM else " (by REST)") + (" (stale)" if quote.stale else "")
    return f"{quote.bid} / {quote.ask}{marks}"

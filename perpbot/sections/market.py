"""Sections about the market: prices, books, opportunities."""

from collections.abc import Iterable, Mapping

from actors.market_data import MarketDataConnection
from actors.runtime import System
from actors.state import State
from perpbot.clock import iso
from perpbot.control.episodes import Episode
from perpbot.model.money import plain
from perpbot.model.quote import Quote
from perpbot.sections import market_shapes as shapes
from perpbot.sections.rows import Rows


class Quotes:
    """The last good price of every symbol at every venue."""

    def __init__(self) -> None:
        self._rows: Rows[tuple[str, str], Quote, shapes.Quote] = Rows(_quote)

    def __call__(self, state: State) -> dict[str, dict[str, shapes.Quote]]:
        """By venue and symbol."""
        found: dict[str, dict[str, shapes.Quote]] = {name: {} for name in state.venues}
        every = (
            ((name, symbol), each, each)
            for name, venue in state.venues.items()
            for symbol, each in venue.quotes.items()
        )
        for (venue, symbol), row in self._rows(every).items():
            found[venue][symbol] = row
        return found


def _quote(quote: Quote) -> shapes.Quote:
    row = shapes.Quote(
        bid=plain(quote.bid),
        bid_size=plain(quote.bid_size),
        ask=plain(quote.ask),
        ask_size=plain(quote.ask_size),
        source=quote.source.value,
        stale=quote.stale,
    )
    if quote.venue_time_ns:
        row["at"] = iso(quote.venue_time_ns)
    return row


def books(system: System, connections: Mapping[str, str]) -> dict[str, dict[str, shapes.Book]]:
    """Whether each book has a price, by venue; `connections` are the addresses of the market data."""
    found = {}
    for venue, address in connections.items():
        actor = system.cell(address).actor
        reasons = actor.book_reasons() if isinstance(actor, MarketDataConnection) else {}
        found[venue] = {symbol: _book(why) for symbol, why in reasons.items()}
    return found


def _book(why_not: str | None) -> shapes.Book:
    return shapes.Book(valid=True) if why_not is None else shapes.Book(valid=False, reason=why_not)


class Opportunities:
    """The newest, each from when it appeared until it was gone."""

    def __init__(self) -> None:
        self._rows: Rows[str, Episode, shapes.Opportunity] = Rows(_opportunity)

    def __call__(self, episodes: Iterable[Episode]) -> dict[str, shapes.Opportunity]:
        """By what it is and when it began; one changes with the latest decision about it."""
        return self._rows(
            (f"{each.symbol}/{each.buy}/{each.sell}/{each.began_ns}", each.latest, each) for each in episodes
        )


def _opportunity(episode: Episode) -> shapes.Opportunity:
    opportunity = episode.latest.opportunity
    edge = opportunity.edge
    return shapes.Opportunity(
        at=iso(episode.began_ns),
        last_at=iso(episode.last_ns),
        quotes=episode.seen,
        symbol=edge.symbol,
        buy=edge.buy_venue,
        sell=edge.sell_venue,
        quantity=plain(edge.quantity),
        gross=plain(round(edge.gross, 4)),
        fees=plain(round(edge.fees, 4)),
        slippage=plain(round(edge.slippage, 4)),
        funding=plain(round(edge.funding, 6)),
        net=plain(round(edge.net, 4)),
        net_pct=plain(round(edge.net_fraction * 100, 4)),
        currencies=list(dict.fromkeys((opportunity.buy.quote, opportunity.sell.quote))),
        admitted=episode.admitted,
        verdict=episode.verdict,
    )

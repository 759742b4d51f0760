"""The parts of the live view: prices, opportunities, trades. Each is a title and at most so many lines."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from actors.state import State, VenueState
from perpbot.clock import NS_PER_SECOND, iso
from perpbot.control.episodes import Episode
from perpbot.execution.entries import TradeRecord
from perpbot.execution.views import TradeView
from perpbot.model.money import ZERO, Price, written
from perpbot.model.quote import Quote
from perpbot.terminal.columns import Column, row, title
from perpbot.terminal.lines import Line, Span, gain, joined, money, number
from perpbot.terminal.picture import Picture
from perpbot.terminal.symbols import ARROW, CIRCUITS, base, short_id, short_verdict

CLOCK = slice(11, 19)
PRICE_WIDTH = 17
PRICE_WIDEST = 24
CIRCUIT_WIDTH = len("orders blocked")
CONNECTIONS = {"market-data": "data", "trading": "orders"}


def _filled(lines: list[Line], height: int, width: int, nothing: str) -> list[Line]:
    if len(lines) == 1 and height > 1:
        lines.append(joined([(nothing, "dim")], width))
    lines = lines[:height]
    return lines + [joined([], width)] * (height - len(lines))


# -- prices ----------------------------------------------------------------------------------------------------------


def prices(picture: Picture, state: State, width: int, height: int) -> list[Line]:
    """Bid and ask of every venue and symbol; where one bid is above another ask, both stand out."""
    venues = list(state.venues.values())
    symbols = picture.symbols
    name = max([6, *(len(venue.name) for venue in venues)])
    left = width - name - CIRCUIT_WIDTH - 1
    fitting = max(1, left // (PRICE_WIDTH + 1)) if symbols else 0
    each = min(PRICE_WIDEST, max(PRICE_WIDTH, left // max(1, min(fitting, len(symbols))) - 1))
    columns = [
        Column("", name),
        Column("connection", CIRCUIT_WIDTH),
        *(Column(base(symbol), each, right=True) for symbol in symbols[:fitting]),
    ]
    hidden = f" +{len(symbols) - fitting}" if len(symbols) > fitting else ""
    lines = [title(f"Prices{hidden}", columns, width)]
    best = {symbol: _best(symbol, venues) for symbol in symbols[:fitting]}
    fit_in = len(venues) if len(venues) < height else max(0, height - 2)
    for venue in venues[:fit_in]:
        line = row([(venue.name, "bold"), connection(venue)], columns[:2], name + 1 + CIRCUIT_WIDTH)
        for symbol in symbols[:fitting]:
            if symbol in venue.unlisted:
                line += [(" not listed".rjust(each + 1), "warn")]
            else:
                line += _price(venue.quotes.get(symbol), best[symbol], picture, each)
        lines.append(joined(line, width))
    if fit_in < len(venues):
        lines.append(joined([(f"… and {len(venues) - fit_in} more: perpbot status", "dim")], width))
    return _filled(lines, height, width, "No venue.")


def connection(venue: VenueState) -> Span:
    """The worst circuit of a venue, with which connection it is where they differ."""
    known = {each: CIRCUITS.get(circuit, (9, circuit, "bad")) for each, circuit in venue.circuits.items()}
    if not known:
        return "-", "dim"
    worst = max(known, key=lambda each: known[each][0])
    _, text, style = known[worst]
    same = len({badness for badness, _, _ in known.values()}) == 1
    return (text if same else f"{CONNECTIONS.get(worst, worst)} {text}"), style


def _best(symbol: str, venues: Sequence[VenueState]) -> tuple[Decimal, Decimal]:
    """The highest bid and the lowest ask."""
    quotes = [venue.fresh[symbol] for venue in venues if symbol in venue.fresh]
    bid = max((quote.bid for quote in quotes), default=Price(ZERO))
    return bid, min((quote.ask for quote in quotes), default=bid)


def _price(quote: Quote | None, best: tuple[Decimal, Decimal], picture: Picture, width: int) -> Iterator[Span]:
    half = (width - 1) // 2
    yield " " * (width - 2 * half), ""
    if quote is None:
        yield "-".rjust(2 * half + 1), "dim"
        return
    stale = quote.stale or quote.age_ns(picture.now_ns) > picture.stale_ns
    bid, ask = best
    stands_out = "gap" if bid > ask else "bold"
    yield number(quote.bid, half).rjust(half), "stale" if stale else stands_out if quote.bid == bid else ""
    yield " ", ""
    yield number(quote.ask, half).rjust(half), "stale" if stale else stands_out if quote.ask == ask else ""


# -- opportunities ---------------------------------------------------------------------------------------------------


def pair_width(state: State) -> int:
    """How wide ``buy → sell`` gets with the venues there are."""
    longest = sorted((len(name) for name in state.venues), reverse=True)
    return min(30, max(10, sum(longest[:2]) + len(ARROW)))


def opportunities(picture: Picture, state: State, width: int, height: int) -> list[Line]:
    """The newest opportunities, and what became of each."""
    columns = [
        Column("", 13),
        Column("symbol", 6),
        Column("buy → sell", pair_width(state), order=1),
        Column("net", 9, right=True),
        Column("%", 6, right=True, order=3),
        Column("quotes", 6, right=True, order=4),
        Column("verdict", 20, flexible=True, order=2),
    ]
    lines = [title("Opportunities", columns, width)]
    lines += [row(_episode(each, state), columns, width) for each in picture.episodes[: max(0, height - 1)]]
    return _filled(lines, height, width, "None yet: every quote is compared with all the other venues.")


def _episode(each: Episode, state: State) -> list[Span]:
    over = state.at_ns - each.last_ns > NS_PER_SECOND
    calm = "dim" if over else ""
    verdict = f"trade {short_id(each.verdict)}" if each.admitted else short_verdict(each.verdict)
    return [
        (iso(each.began_ns)[CLOCK], calm),
        (base(each.symbol), calm),
        (f"{each.buy}{ARROW}{each.sell}", calm),
        (f"{each.net:+,.4f}", calm),
        (f"{each.net_fraction * 100:.3f}", calm),
        (str(each.seen), calm),
        (verdict, "good" if each.admitted else calm),
    ]


# -- trades ----------------------------------------------------------------------------------------------------------


def in_progress(_picture: Picture, state: State, width: int, height: int) -> list[Line]:
    """Trades that are open, oldest first, with where they stand."""
    columns = [
        Column("", 12),
        Column("symbol", 6),
        Column("quantity", 8, right=True, order=2),
        Column("buy → sell", pair_width(state), order=1),
        Column("phase", 8),
        Column("age", 8, right=True, order=4),
        Column("orders", 6, right=True, order=5),
        Column("expected", 9, right=True, order=3),
        Column("", 0, flexible=True, order=6),
    ]
    lines = [title("In progress", columns, width)]
    lines += [row(_open(each, state), columns, width) for each in state.trades[: max(0, height - 1)]]
    more = len(state.trades) - (height - 1)
    if more > 0 and height > 1:
        lines[-1] = joined([(f"… and {more + 1} more: perpbot trades", "dim")], width)
    return _filled(lines, height, width, "No trade is in progress.")


def _open(trade: TradeView, state: State) -> list[Span]:
    plan = trade.plan
    age = max(0, state.at_ns - plan.opened_at_ns) / NS_PER_SECOND
    over = sum(each.status.final for each in trade.orders)
    return [
        (short_id(plan.trade_id), "bold"),
        (base(plan.symbol), ""),
        (number(plan.quantity, 8), ""),
        (f"{plan.buy.venue}{ARROW}{plan.sell.venue}", ""),
        (trade.phase, "warn" if trade.phase != "open" else "good"),
        (f"{age:,.0f} s", ""),
        (f"{over}/{len(trade.orders)}", ""),
        (f"{plan.expected_net:+,.4f}", ""),
        (trade.reason, "dim"),
    ]


def completed(_picture: Picture, state: State, width: int, height: int) -> list[Line]:
    """Trades that are over, newest first, with what they earned after fees."""
    columns = [
        Column("", 9),
        Column("id", 6, order=5),
        Column("symbol", 6),
        Column("quantity", 8, right=True, order=3),
        Column("buy → sell", pair_width(state), order=1),
        Column("after fees", 10, right=True),
        Column("currency", 9, order=6),
        Column("fees", 8, right=True, order=7),
        Column("end", 11, flexible=True, order=2),
    ]
    lines = [title("Completed", columns, width)]
    newest = state.records[::-1][: max(0, height - 1)]
    lines += [row(_over(each), columns, width) for each in newest]
    return _filled(lines, height, width, "No trade is over yet.")


def _over(record: TradeRecord) -> list[Span]:
    well = record.phase == "completed"
    return [
        (iso(record.settled_at_ns)[CLOCK], ""),
        (short_id(record.trade_id), ""),
        (base(record.symbol), ""),
        (number(record.quantity, 8), ""),
        (f"{record.buy_venue}{ARROW}{record.sell_venue}", ""),
        gain(record.net, 4),
        ("+".join(record.currencies), ""),
        (" + ".join(filter(None, (money(record.fees, 4), written(record.other_fees)))), ""),
        (record.reason if well else f"{record.phase}: {record.reason}", "dim" if well else "warn"),
    ]


# -- what there is room for on larger terminals ----------------------------------------------------------------------


def accounts(_picture: Picture, state: State, width: int, height: int) -> list[Line]:
    """Equity and traffic of each venue."""
    columns = [
        Column("", max([8, *(len(name) for name in state.venues)]) + 1),
        Column("equity", 12, right=True),
        Column("free", 12, right=True),
        Column("quotes", 9, right=True),
        Column("gaps", 6, right=True, order=2),
        Column("reconnects", 10, right=True, order=1),
        Column("errors", 6, right=True, order=3),
        Column("", 0, flexible=True, order=4),
    ]
    lines = [title("Venues", columns, width)]
    free = _free(state)
    for name, venue in state.venues.items():
        equity = sum((each.dollars for each in state.balances if each.venue == name), Decimal(0))
        counts = venue.counts
        cells: list[Span] = [(name, "bold"), (money(equity), ""), (money(free.get(name, Decimal(0))), "")]
        cells += [(f"{counts.get('quotes', 0):,}", "")]
        cells += [_worrying(counts.get(each, 0)) for each in ("gaps", "reconnects", "errors")]
        lines.append(row([*cells, ("", "")], columns, width))
    return _filled(lines, height, width, "No venue.")


def _free(state: State) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for pool in state.pools:
        for venue, amount in pool.available.items():
            sums[venue] = sums.get(venue, Decimal(0)) + amount
    return sums


def _worrying(count: int) -> Span:
    return f"{count:,}", "warn" if count else "dim"


def held(_picture: Picture, state: State, width: int, height: int) -> list[Line]:
    """Positions that are not zero."""
    columns = [
        Column("", 13),
        Column("symbol", 8),
        Column("quantity", 12, right=True),
        Column("value", 12, right=True),
        Column("", 0, flexible=True, order=1),
    ]
    lines = [title("Held", columns, width)]
    view = state.positions
    holdings = {} if view is None else view.holdings
    for (venue, _, symbol), holding in sorted(holdings.items()):
        if holding.quantity:
            mark = None if view is None else view.marks.get(symbol)
            value = ("-", "dim") if mark is None else (money(holding.quantity * mark), "")
            quantity = (number(holding.quantity, 12), "bad" if holding.quantity < 0 else "good")
            lines.append(row([(venue, ""), (base(symbol), ""), quantity, value, ("", "")], columns, width))
    return _filled(lines, height, width, "Nothing is held.")

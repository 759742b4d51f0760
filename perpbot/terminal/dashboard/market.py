"""Parts about the market: prices, opportunities."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from perpbot.terminal.columns import Column
from perpbot.terminal.dashboard.block import CLOCK, Block, Look, Row, amount, block
from perpbot.terminal.lines import Span, number
from perpbot.terminal.symbols import ARROW, CIRCUITS, base, short_id, short_verdict

PRICE, WIDEST = 8, 12
CONNECTION = 14
PAIR = 22


def prices(look: Look, width: int) -> Block:
    """Bid and ask of every venue and symbol; where one bid is above another ask, both stand out."""
    quotes, venues = look.rows("quotes"), look.rows("venues")
    symbols = list(look.rows("overview").get("symbols", ()))
    name = max([8, *(len(each) for each in quotes)])
    left = width - name - CONNECTION - 2
    shown = symbols[: max(1, (left + 1) // (2 * PRICE + 2))]
    each = min(WIDEST, max(PRICE, left // (2 * max(1, len(shown))) - 1))
    columns = [Column("", name), Column("connection", CONNECTION)]
    for symbol in shown:
        columns += [Column(base(symbol), each, right=True), Column("", each, right=True)]
    best = {symbol: _best(symbol, quotes) for symbol in shown}
    rows = []
    for venue, by_symbol in quotes.items():
        cells: list[Span] = [(venue, "bold"), _connection(look, venues.get(venue))]
        unlisted = venues.get(venue, {}).get("unlisted", ())
        for symbol in shown:
            if symbol in unlisted:
                cells += [(look.say("not"), "warn"), (look.say("listed"), "warn")]
            else:
                cells += _price(by_symbol.get(symbol), best[symbol], each)
        rows.append(cells)
    hidden = f" +{len(symbols) - len(shown)}" if len(symbols) > len(shown) else ""
    return block(f"{look.say('Prices')}{hidden}", columns, rows, width, look, "No venue.")


def _connection(look: Look, venue: Row | None) -> Span:
    """The worst circuit of a venue, with which connection it is where they differ."""
    circuits = {name: each["circuit"] for name, each in (venue or {}).get("connections", {}).items()}
    if not circuits:
        return "-", "dim"
    worst = max(circuits, key=lambda each: CIRCUITS.get(circuits[each], (9, "", ""))[0])
    _, text, style = CIRCUITS.get(circuits[worst], (9, circuits[worst], "bad"))
    which = look.say("data" if worst == "market-data" else "orders")
    return (look.say(text) if len(set(circuits.values())) == 1 else f"{which} {look.say(text)}"), style


def _best(symbol: str, quotes: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """The highest bid and the lowest ask of those that are fresh."""
    fresh = [each[symbol] for each in quotes.values() if symbol in each and not each[symbol]["stale"]]
    bid = max((amount(each["bid"]) for each in fresh), default=Decimal(0))
    return bid, min((amount(each["ask"]) for each in fresh), default=bid)


def _price(quote: Row | None, best: tuple[Decimal, Decimal], width: int) -> Iterator[Span]:
    if quote is None:
        yield from (("-", "dim"), ("-", "dim"))
        return
    stands_out = "gap" if best[0] > best[1] else "bold"
    for each, extreme in ((amount(quote["bid"]), best[0]), (amount(quote["ask"]), best[1])):
        yield number(each, width), "stale" if quote["stale"] else stands_out if each == extreme else ""


def opportunities(look: Look, width: int) -> Block:
    """The newest opportunities, and what became of each: the trade, or why not."""
    columns = [
        Column("", 13),
        Column("symbol", 6),
        Column("buy → sell", PAIR, order=1),
        Column("net", 9, right=True),
        Column("%", 7, right=True, order=3),
        Column("quotes", 6, right=True, order=4),
        Column("verdict", 20, flexible=True, order=2),
    ]
    found: Sequence[Row] = list(look.rows("opportunities").values())
    return block("Opportunities", columns, (_row(each, look) for each in found), width, look, NONE_YET)


NONE_YET = "None yet: every quote is compared with all the other venues."


def _row(each: Row, look: Look) -> list[Span]:
    calm = "dim" if look.age_s(each["last_at"]) > 1 else ""
    verdict = each["verdict"]
    told = f"{look.say('trade')} {short_id(verdict)}" if each["admitted"] else short_verdict(verdict)
    return [
        (each["at"][CLOCK], calm),
        (base(each["symbol"]), calm),
        (f"{each['buy']}{ARROW}{each['sell']}", calm),
        (f"{amount(each['net']):+,.4f}", calm),
        (f"{amount(each['net_pct']):.3f}", calm),
        (str(each["quotes"]), calm),
        (told, "good" if each["admitted"] else calm),
    ]

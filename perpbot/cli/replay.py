"""`perpbot replay`: what the scanners would have seen in recordings."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import EXIT_USAGE, Failure
from perpbot.cli.configured import config_option, settings_of
from perpbot.cli.wording import clean, duration
from perpbot.clock import NS_PER_SECOND, iso, monotonic_ns
from perpbot.ranges import Number

if TYPE_CHECKING:
    from perpbot.recording.reading import Recording
    from perpbot.recording.replaying import EdgeSeen, Gap, QuoteSeen, Seen

EXIT_DATA = 65
AS_FAST = 0.0

files_argument = click.argument("files", nargs=-1, required=True, metavar="[VENUE=]FILE...")
decisions_option = config_option(
    "What a quote must be like, what an opportunity has to bring, and everything else that decides."
)


@click.command()
@files_argument
@click.option("--speed", type=Number(0.001, 1e6), metavar="X", help="So many times as fast as it was; 1 as it was.")
@click.option("--as-fast", "speed", flag_value=AS_FAST, default=True, help="Wait for nothing; so it is by itself.")
@click.option("--no-quotes", is_flag=True, help="Opportunities and gaps alone.")
@decisions_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def replay(*, files: tuple[str, ...], speed: float, no_quotes: bool, config: Path, as_json: bool) -> None:
    """Show what the scanners would have seen in recordings: quotes, and the opportunities that survive all costs.

    FILE is what `perpbot record` wrote, or lines of that form; VENUE= before it where the file does not say. Files of
    several venues are read together, in the order of time, by the code that reads the market live. Gaps are named.
    Reliability counts as full, and no order is thought of: `perpbot backtest` does that.
    """
    from perpbot.recording.replaying import EdgeSeen, Gap, QuoteSeen, Replay
    from perpbot.venues.venue import VenueReadError

    settings = settings_of(config)
    with readable():
        recordings = read(files)
        try:
            replayed = Replay(recordings, settings).run()
        except VenueReadError as error:
            raise Failure(str(error), EXIT_DATA) from None
        counts: Counter[str] = Counter()
        for seen in _paced(replayed, speed):
            kind = type(seen).__name__
            counts["held back" if isinstance(seen, QuoteSeen) and seen.held_back is not None else kind] += 1
            if not (no_quotes and isinstance(seen, QuoteSeen)):
                sys.stdout.write(f"{json.dumps(_plain(seen)) if as_json else _told(seen)}\n")
    summary = {
        "type": "end",
        "venues": {each.venue: each.frames for each in recordings},
        "from": iso(min(each.first_ns for each in recordings)),
        "until": iso(max(each.last_ns for each in recordings)),
        "frames": sum(each.frames for each in recordings),
        "quotes": counts[QuoteSeen.__name__],
        "held_back": counts["held back"],
        "opportunities": counts[EdgeSeen.__name__],
        "gaps": counts[Gap.__name__],
        "unreadable": counts["Unreadable"],
    }
    click.echo(json.dumps(summary) if as_json else _last_words(summary, recordings))


def read(files: tuple[str, ...]) -> "list[Recording]":
    """The recordings that a command line names."""
    from perpbot.recording.reading import read_recordings

    return read_recordings(files)


@contextmanager
def readable() -> Iterator[None]:
    """What is wrong with a recording becomes a message and an exit code."""
    from perpbot.recording.reading import RecordingError, UnknownVenueError

    try:
        yield
    except UnknownVenueError as error:
        raise Failure(clean(error), EXIT_USAGE) from None
    except RecordingError as error:
        raise Failure(clean(error), EXIT_DATA) from None


def _paced(replayed: "Iterator[Seen]", speed: float) -> "Iterator[Seen]":
    """Each as late after the first as it was, divided by `speed`."""
    began_ns, first_ns, pause = monotonic_ns(), 0, Event()
    for seen in replayed:
        first_ns = first_ns or seen.time_ns
        if speed != AS_FAST:
            due_ns = began_ns + (seen.time_ns - first_ns) / speed
            if due_ns > monotonic_ns():
                sys.stdout.flush()
                pause.wait((due_ns - monotonic_ns()) / NS_PER_SECOND)
        yield seen


# -- for programs ----------------------------------------------------------------------------------------------------


def _plain(seen: "Seen") -> dict[str, Any]:
    from perpbot.recording.replaying import EdgeSeen, Gap, QuoteSeen

    if isinstance(seen, QuoteSeen):
        return {"type": "quote", "time": iso(seen.time_ns), **_quote(seen)}
    if isinstance(seen, EdgeSeen):
        return {"type": "opportunity", "time": iso(seen.time_ns), **_edge(seen)}
    if isinstance(seen, Gap):
        missing = {"venue": seen.venue, "symbol": seen.symbol, "from": iso(seen.since_ns), "until": iso(seen.time_ns)}
        return {"type": "gap", "time": iso(seen.time_ns), **missing, "reason": seen.reason, "at": seen.place}
    told = {"venue": seen.venue, "at": seen.place, "message": seen.message}
    return {"type": "error", "time": iso(seen.time_ns), **told}


def _quote(seen: "QuoteSeen") -> dict[str, Any]:
    from perpbot.model.money import plain

    quote = seen.quote
    prices = {each: plain(getattr(quote, each)) for each in ("bid", "bid_size", "ask", "ask_size")}
    held_back = None if seen.held_back is None else seen.held_back.value
    return {"venue": quote.venue, "symbol": quote.symbol, **prices, "held_back": held_back}


def _edge(seen: "EdgeSeen") -> dict[str, Any]:
    from perpbot.model.money import plain

    edge = seen.edge
    names = ("quantity", "buy_price", "sell_price", "notional", "gross", "fees", "slippage", "funding", "net")
    amounts = {each: plain(getattr(edge, each)) for each in names}
    net_pct = plain(round(edge.net_fraction * 100, 4))
    return {"symbol": edge.symbol, "buy": edge.buy_venue, "sell": edge.sell_venue, **amounts, "net_pct": net_pct}


# -- for people ------------------------------------------------------------------------------------------------------


def _told(seen: "Seen") -> str:
    from perpbot.recording.replaying import EdgeSeen, Gap, QuoteSeen

    time = iso(seen.time_ns)[11:-1]
    if isinstance(seen, QuoteSeen):
        held_back = "" if seen.held_back is None else f"  held back: {seen.held_back.value}"
        quote = seen.quote
        return f"{time} {quote.venue:<11} {quote.symbol:<10} {quote.bid:>12f} {quote.ask:>12f}{held_back}"
    if isinstance(seen, EdgeSeen):
        edge = _edge(seen)
        way = (
            f"buy {edge['buy']} at {_short(seen.edge.buy_price)}, sell {edge['sell']} at {_short(seen.edge.sell_price)}"
        )
        left = f"net {seen.edge.net:+.4f}, {edge['net_pct']} %"
        return f"{time} OPPORTUNITY {edge['symbol']}: {edge['quantity']}, {way}: {left}"
    if isinstance(seen, Gap):
        return f"{time} GAP {_missing(seen)} ({clean(seen.place)})"
    return f"{time} NOT UNDERSTOOD {seen.venue}: {clean(seen.message)} ({clean(seen.place)})"


def _short(price: Decimal) -> str:
    """A mean price, which may have any number of digits."""
    from perpbot.model.money import plain

    return plain(Decimal(f"{price:.8g}"))


def _missing(gap: "Gap") -> str:
    what = gap.venue if gap.symbol is None else f"{gap.venue} {gap.symbol}"
    lasted = (gap.time_ns - gap.since_ns) / NS_PER_SECOND
    return f"{what}: {clean(gap.reason)}" + (f", for {duration(lasted)}" if lasted else "")


def _last_words(summary: Mapping[str, Any], recordings: "list[Recording]") -> str:
    lasted = (max(each.last_ns for each in recordings) - min(each.first_ns for each in recordings)) / NS_PER_SECOND
    gaps = _number(summary["gaps"], "gap", "gaps") if summary["gaps"] else "no gap"
    return (
        f"{_number(summary['frames'], 'frame', 'frames')} of {', '.join(summary['venues'])} in {duration(lasted)}: "
        f"{_number(summary['quotes'], 'quote', 'quotes')} and {summary['held_back']:,} held back, "
        f"{_number(summary['opportunities'], 'opportunity', 'opportunities')}, {gaps}, "
        f"{_number(summary['unreadable'], 'frame', 'frames')} not understood."
    )


def _number(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"

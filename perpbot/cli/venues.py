"""`perpbot venues`: which there are, what their frames say, and the simulated ones alone."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from perpbot.cli.commands import Commands
from perpbot.cli.listing import list_
from perpbot.cli.naming import complete_venue
from perpbot.cli.running import BecomingCommand, become
from perpbot.cli.trying import test
from perpbot.ranges import Number, WholeNumber

if TYPE_CHECKING:
    from perpbot.venues.venue import Venue


@click.group(cls=Commands)
def venues() -> None:
    """List the venues, test them, decode what they send, or serve simulated ones."""


venues.add_command(list_)
venues.add_command(test)


@venues.command()
@click.argument("name", shell_complete=complete_venue)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--instruments",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The venue's own answer about its instruments; without it sizes stay in the venue's unit.",
)
@click.option("--depth", type=WholeNumber(min=1), help="Levels of each side that a book is printed with.")
def decode(*, name: str, files: tuple[Path, ...], instruments: Path | None, depth: int | None) -> None:
    """Turn raw frames of venue NAME, one a line in FILE or on stdin, into one JSON object for each event."""
    from perpbot.venues.decode import DEPTH, in_time_order, placed
    from perpbot.venues.decode import decode as decoded

    venue = _offline(name)
    if instruments is not None:
        _know(venue, instruments)
    with ExitStack() as opened:
        if files:
            lines = in_time_order([placed(str(path), opened.enter_context(_open(path))) for path in files])
        else:
            # somebody may be typing, or following a file as it grows
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
            lines = placed("stdin", _stdin())
        for event in decoded(venue, lines, depth or DEPTH):
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")


def _offline(name: str) -> "Venue":
    """A venue that decodes and never connects."""
    from perpbot.venues.http import Http
    from perpbot.venues.registry import venue_class

    try:
        found = venue_class(name)
    except KeyError as error:
        raise click.UsageError(error.args[0]) from None
    return found(found.mainnet, Http())


def _know(venue: "Venue", path: Path) -> None:
    from perpbot.model.events import DecodeError
    from perpbot.model.instrument import InstrumentTable

    try:
        venue.instruments = InstrumentTable(venue.read_instruments(path.read_bytes()))
    except DecodeError as error:
        text = f"{path} is not {venue.name}'s answer about its instruments: {error}"
        raise click.BadParameter(text, param_hint="'--instruments'") from None


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8", errors="replace")


def _stdin() -> Iterator[str]:
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    yield from sys.stdin


def _simulated(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    from perpbot.simulation.venues.serving import VENUES

    for name in names:
        if name not in VENUES:
            raise click.BadParameter(f"no venue called {name!r} can be simulated; there are {', '.join(VENUES)}")
    return names


_PEM = click.Path(path_type=Path, dir_okay=False, exists=True)


@venues.command(cls=BecomingCommand)
@click.argument("names", nargs=-1, metavar="[NAME]...", callback=_simulated, shell_complete=complete_venue)
@click.option("--port", type=WholeNumber(0, 65_535), help="First port: the venues take one each, then the admin.")
@click.option(
    "--seed", type=WholeNumber(0, 2**53), metavar="NUMBER", help="The same number, the same course of the market."
)
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="Where the world goes on from run to run."
)
@click.option(
    "--frames-per-second", type=Number(0.1, 1_000), metavar="NUMBER", help="Book updates of each venue and symbol."
)
@click.option(
    "--edge-every",
    type=Number(0, 86_400),
    metavar="SECONDS",
    help="How often venues drift apart far enough to trade; 0 for never.",
)
@click.option(
    "--edge-pct", type=Number(0.01, 10), metavar="PERCENT", help="How far they drift apart, on average, in percent."
)
@click.option("--latency-ms", type=WholeNumber(0, 5_000), metavar="MS", help="How long every request waits.")
@click.option("--deposit", type=Number(1, 1e8), metavar="MONEY", help="What a new account starts with.")
@click.option("--tls-cert", type=_PEM, metavar="FILE", help="Serve over TLS, and show this certificate.")
@click.option("--tls-key", type=_PEM, metavar="FILE", help="Its private key, where that is in a file of its own.")
@click.option("--die-with-parent", is_flag=True, help="End when the parent process does.")
@click.pass_context
def serve(context: click.Context, /, **_: Any) -> None:
    """Serve simulated venues on loopback until stopped; the first line printed says where they are."""
    become("perpbot.simulation.venues", context.meta["arguments"])

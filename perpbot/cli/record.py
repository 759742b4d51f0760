"""`perpbot record`: what venues send in public, written into files as it comes."""

import os
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import EXIT_CONFIG, EXIT_IO, EXIT_NO, Failure, json_option, print_json
from perpbot.cli.configured import can_be_simulated, config_option, settings_of
from perpbot.cli.naming import complete_venue, known_venues
from perpbot.cli.tables import Cell, Column, show_table
from perpbot.clock import iso, wall_ns
from perpbot.ranges import Number

if TYPE_CHECKING:
    from perpbot.config.settings import Settings
    from perpbot.recording.recorder import Recorder
    from perpbot.recording.writing import RecordingFile
    from perpbot.venues.venue import Venue

SUFFIX = ".rec"
COLUMNS = (
    Column("venue"),
    Column("frames", right=True),
    Column("answers", right=True),
    Column("sessions", right=True),
    Column("bytes", right=True),
    Column("file"),
    Column("trouble", flexible=True),
)


@click.command()
@click.argument("names", nargs=-1, metavar="[VENUE]...", callback=known_venues, shell_complete=complete_venue)
@click.option("--symbol", "symbols", multiple=True, metavar="SYMBOL", help="BTC or BTC-PERP; else all configured ones.")
@click.option("--seconds", type=Number(0.1, 1e8), metavar="SECONDS", help="End after this long; else with Ctrl-C.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help=f"Directory of a file for each venue, or the file of one venue, {SUFFIX} at its end; else one with the time.",
)
@click.option("--live", is_flag=True, help="Real venues, without any credential, in place of simulated ones.")
@config_option("Its venues and symbols, where they are, and how the simulated ones behave.")
@json_option
def record(
    *,
    names: tuple[str, ...],
    symbols: tuple[str, ...],
    seconds: float | None,
    out: Path | None,
    live: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Write what each VENUE, or all of a configuration, sends in public into files, raw, each frame with its time.

    Simulated venues, started for it, unless --live says otherwise. What is written can be decoded (`perpbot venues
    decode`), replayed and traded on. The exit code is 1 when a venue sent nothing.
    """
    from perpbot.model.instrument import canonical_symbol

    settings = settings_of(config)
    suffix = canonical_symbol("")
    wanted = tuple(dict.fromkeys(canonical_symbol(each.removesuffix(suffix)) for each in symbols)) or settings.symbols
    chosen = names or tuple(settings.exchanges)
    with _venues(settings, chosen, live=live) as venues:
        files = _files(_paths(out, chosen), wanted)
        try:
            recorders = _record(venues, wanted, files, seconds)
        finally:
            for file in files.values():
                file.close()
    rows = [_row(name, each) for name, each in recorders.items()]
    if as_json:
        print_json({"venues": rows})
    else:
        _show(rows)
    click.get_current_context().exit(0 if all(each["frames"] for each in rows) else EXIT_NO)


# -- where from ------------------------------------------------------------------------------------------------------


@contextmanager
def _venues(settings: "Settings", names: Sequence[str], *, live: bool) -> Iterator[Mapping[str, "Venue"]]:
    """Adapters that know no credentials, of real venues or of simulated ones that live as long as the block."""
    if live:
        yield _made(settings, names, None)
        return
    from perpbot.embedded import EmbeddedVenues, EmbeddedVenuesError

    can_be_simulated(names)
    with tempfile.TemporaryDirectory(prefix="perpbot-") as folder:
        try:
            embedded = EmbeddedVenues([*names], settings.simulation, settings.simulation.seed, Path(folder))
        except EmbeddedVenuesError as error:
            raise Failure(str(error), EXIT_CONFIG) from None
        try:
            yield _made(settings, names, embedded.details)
        finally:
            embedded.stop()


def _made(settings: "Settings", names: Sequence[str], simulated: Mapping[str, Any] | None) -> dict[str, "Venue"]:
    import attrs

    from perpbot.config.exchanges import Exchange
    from perpbot.places import PlacesError, venue

    found = {}
    for name in names:
        exchange = settings.exchanges.get(name, Exchange())
        # nobody who only looks needs a key
        read_only = attrs.evolve(exchange, trading=attrs.evolve(exchange.trading, trade_enabled=False))
        try:
            found[name] = venue(name, read_only, simulated, os.environ)
        except PlacesError as error:
            raise Failure(str(error), EXIT_CONFIG) from None
        found[name].credentials = None
    return found


# -- where to --------------------------------------------------------------------------------------------------------


def _paths(out: Path | None, names: Sequence[str]) -> dict[str, Path]:
    """The file of each venue."""
    if out is not None and out.suffix == SUFFIX and not out.is_dir():
        if len(names) > 1:
            raise click.BadParameter(f"{out} is the file of one venue; give a directory", param_hint="'--out'")
        return {names[0]: out}
    time = iso(wall_ns()).partition(".")[0].replace("-", "").replace(":", "")
    folder = out or Path(f"recording-{time}Z")
    return {name: folder / f"{name}{SUFFIX}" for name in names}


def _files(paths: Mapping[str, Path], symbols: tuple[str, ...]) -> dict[str, "RecordingFile"]:
    from perpbot.recording.writing import RecordingFile

    files: dict[str, RecordingFile] = {}
    try:
        if there := next((path for path in paths.values() if path.exists()), None):
            raise Failure(f"{there} is there already; give another --out", EXIT_CONFIG)
        for name, path in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            files[name] = RecordingFile(path, name, symbols)
    except OSError as error:
        for file in files.values():
            file.close()
        raise Failure(f"{error.filename} cannot be made: {error.strerror}", EXIT_CONFIG) from None
    return files


# -- in between ------------------------------------------------------------------------------------------------------


def _record(
    venues: Mapping[str, "Venue"], symbols: Sequence[str], files: Mapping[str, "RecordingFile"], seconds: float | None
) -> dict[str, "Recorder"]:
    from perpbot.recording.recorder import Recorder
    from perpbot.recording.writing import UnwritableError

    folder = next(iter(files.values())).path.parent
    ends = "Ctrl-C ends it." if seconds is None else f"It ends in {seconds:g} s."
    click.echo(f"Recording {', '.join(venues)} into {folder}. {ends}", err=True)
    with _until_told() as over, ThreadPoolExecutor(len(venues)) as threads:
        recorders = {name: Recorder(each, symbols, files[name], over) for name, each in venues.items()}
        running = [threads.submit(each.run) for each in recorders.values()]
        wait(running, seconds, FIRST_EXCEPTION)
        over.set()
    try:
        for each in running:
            each.result()
    except UnwritableError as error:
        raise Failure(str(error), EXIT_IO) from None
    return recorders


@contextmanager
def _until_told() -> Iterator[Event]:
    """Set when somebody wants it to end; what was recorded until then is whole."""
    over = Event()
    told = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield over
    finally:
        over.set()
        for number, before in told.items():
            signal.signal(number, before)


# -- what came of it -------------------------------------------------------------------------------------------------


def _row(name: str, recorder: "Recorder") -> dict[str, Any]:
    counts, path = recorder.file.counts, recorder.file.path
    return {
        "venue": name,
        "frames": counts.frames,
        "answers": counts.answers,
        "sessions": counts.sessions,
        "bytes": counts.size,
        "file": str(path) if path.exists() else None,
        "trouble": recorder.trouble or None,
    }


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    cells = []
    for row in rows:
        numbers = [f"{row[each]:,}" for each in ("frames", "answers", "sessions", "bytes")]
        cells.append([row["venue"], *numbers, row["file"] or "-", Cell(row["trouble"] or "", "yellow")])
    show_table(COLUMNS, cells, "No venue.")
    click.echo(f"{sum(each['frames'] for each in rows):,} frames in all.")

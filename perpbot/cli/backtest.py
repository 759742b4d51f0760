"""`perpbot backtest`: the whole program on recordings, with orders on paper."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from perpbot.cli.asking import EXIT_CONFIG, EXIT_NO, Failure, json_option, print_json
from perpbot.cli.configured import settings_of
from perpbot.cli.replay import decisions_option, files_argument, readable
from perpbot.cli.wording import clean
from perpbot.ranges import Number, WholeNumber

MEMORY = Path("/dev/shm")  # noqa: S108 - virtual time should not wait for a real disk


@click.command()
@files_argument
@decisions_option
@click.option("--seed", type=WholeNumber(0, 2**53), default=1, show_default=True, help="The same, the same run.")
@click.option("--latency-ms", type=Number(0, 5_000), metavar="MS", help="Time an order takes to arrive; else paper's.")
@click.option(
    "--summary",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the summary there, as JSON.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A new directory to keep journal and log in, for `perpbot export`.",
)
@json_option
def backtest(
    *,
    files: tuple[str, ...],
    config: Path,
    seed: int,
    latency_ms: float | None,
    summary: Path | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Run PerpBot over recordings of two venues or more, with orders on paper, and say what came of it.

    It is the whole program on the clock of the recordings: connections, feeds, scanners, risk, capital, both legs,
    hedges and closing. The same files, configuration and seed give the same summary. Orders arrive after --latency-ms,
    take what the recorded books show at that moment, level by level, and pay the venue's fees; funding is settled.

    Not modelled: what our orders would have done to the market (a level that we took is there again with the next
    change of the book), queues of waiting orders, refusals, limits and outages on the way of orders, margin calls and
    liquidation. Near the end nothing more is opened, and what is open is closed at recorded prices where there are any.
    A profit here is no promise.
    """
    from perpbot.recording.backtest import Backtest, run, settings_for
    from perpbot.recording.reading import RecordingError, read_recordings
    from perpbot.simulation.world.errors import ForkedProgramError

    if summary is not None and not summary.parent.is_dir():
        raise Failure(f"{summary.parent} is not a directory; make it, or give another --summary", EXIT_CONFIG)
    settings = settings_of(config)
    with readable():
        recordings = tuple(read_recordings(files))
        try:
            chosen = settings_for(recordings, settings, latency_ms)
        except RecordingError as error:
            raise click.UsageError(str(error)) from None
        with _folder(state) as folder:
            test = Backtest(recordings=recordings, settings=chosen, config=str(config), seed=seed, state=folder)
            try:
                report = run(test)
            except ForkedProgramError as error:
                raise Failure(f"the backtest failed: {error}") from None
    if summary is not None:
        summary.write_text(json.dumps(report, indent=2) + "\n")
    if as_json:
        print_json(report)
    else:
        _show(report)
    click.get_current_context().exit(0 if report["clean"] else EXIT_NO)


@contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    """Where the journal is: a directory that is gone afterwards, unless one was asked for."""
    if state is None:
        with tempfile.TemporaryDirectory(prefix="perpbot-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
            yield Path(folder)
        return
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(state.iterdir()):
            raise Failure(f"{state} is not empty; a backtest needs a --state of its own", EXIT_CONFIG)
    except OSError as error:
        raise Failure(f"{error.filename} cannot be made: {error.strerror}", EXIT_CONFIG) from None
    yield state


def _show(report: Mapping[str, Any]) -> None:
    recorded, trades, orders = report["recording"], report.get("trades"), report.get("orders")
    frames = sum(recorded["frames"].values())
    click.echo(f"PAPER. {frames:,} frames of {', '.join(recorded['frames'])},")
    click.echo(f"  from {recorded['from']} until {recorded['until']}; closing from {recorded['closing_from']}.")
    click.echo(f"  Orders take {recorded['latency_ms']:g} ms to arrive. Seed {report['seed']}.")
    if trades is None or orders is None:
        raise Failure(f"what it did is not known: {report.get('error', 'there is no summary')}")
    for name, each in report["venues"].items():
        gaps = f", {each['gaps']} gaps" if each["gaps"] else ""
        broken = f", {each['reconnects']} reconnects" if each["reconnects"] else ""
        click.echo(f"{name:<12} {each['quotes']:>9,} quotes{gaps}{broken}")
    for path in recorded["cut_off"]:
        click.echo(f"Cut off: {clean(path)}")
    click.echo(f"{report['quotes']:,} quotes, {report['opportunities']:,} opportunities")
    click.echo(f"Trades  {', '.join(f'{count} {what}' for what, count in trades.items())}")
    click.echo(f"Orders  {', '.join(f'{count} {what}' for what, count in orders.items() if isinstance(count, int))}")
    for currency, each in report["pnl"]["by_currency"].items():
        parts = ", ".join(f"{what} {_short(each[what])}" for what in ("trading", "fees", "funding"))
        click.echo(f"Profit  {_short(each['net'])} {currency} ({parts})")
    for each in report.get("left_open", ()):
        click.echo(f"Left open: {clean(each)}")
    click.echo("It stopped cleanly." if report["clean"] else "It did NOT stop cleanly.")


def _short(amount: str) -> str:
    return f"{Decimal(amount):+,.4f}"

"""`perpbot venues test`: the same checks at every venue, as a table with green and red."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import EXIT_CONFIG, Failure, json_option, print_json
from perpbot.cli.configured import settings_of
from perpbot.cli.naming import complete_venue, known_venues
from perpbot.cli.tables import GAP, Cell, Column, on_terminal, show_table

if TYPE_CHECKING:
    from perpbot.config.exchanges import Exchange
    from perpbot.trial.checks import Trial
    from perpbot.trial.report import Report, Verdict

SYMBOL = "BTC-PERP"
AT_ONCE = 4
"""Venues that are tried at the same time: most of it is waiting."""
FRAMES_PER_SECOND = 5.0
"""Of each simulated book; enough for every check, and leaves a busy machine time to answer."""
PATIENCE_S = 30.0
"""Simulated venues are all in one process, and the machine may have other things to do."""


@click.command("test")
@click.argument("names", nargs=-1, metavar="[VENUE]...", callback=known_venues, shell_complete=complete_venue)
@click.option("--live", is_flag=True, help="Real venues, and only what reads: no order is sent.")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --live: addresses, proxies, testnets and credentials of its venues.",
)
@json_option
def test(*, names: tuple[str, ...], live: bool, config: Path | None, as_json: bool) -> None:
    """Try each VENUE, or all: simulated ones, started for it, with orders and trouble; exit code 0 when all is well."""
    if config is not None and not live:
        raise click.UsageError("--config is for --live: simulated venues bring everything with them.")
    from perpbot.trial.checks import LIVE, SIMULATED
    from perpbot.trial.report import all_held, report

    checks = LIVE if live else SIMULATED
    with _live(names, config) if live else _simulated(names) as trials, ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.map(lambda trial: report(trial, checks), trials.values())
        reports: dict[str, Report] = dict(zip(trials, found, strict=True))
    well = all_held(reports)
    if as_json:
        print_json({"ok": well, "live": live, "venues": {name: _plain(each) for name, each in reports.items()}})
    else:
        _show(reports, list(checks))
        if live and not any(each.held for tried in reports.values() for each in tried.values()):
            click.echo("Nothing was reached at all: see whether there is a network, and whether it wants a proxy.")
    click.get_current_context().exit(0 if well else 1)


# -- what is tried ---------------------------------------------------------------------------------------------------


@contextmanager
def _simulated(names: Sequence[str]) -> Iterator[Mapping[str, "Trial"]]:
    """Trials at simulated venues that live as long as the block, in a calm market."""
    from perpbot.config.exchanges import Exchange, Trading
    from perpbot.config.operation import Simulation
    from perpbot.embedded import EmbeddedVenues, EmbeddedVenuesError
    from perpbot.simulation.venues.serving import VENUES
    from perpbot.trial.administration import Administration

    chosen = [*names] or [*VENUES]
    calm = Simulation(edges_per_minute=0, latency_ms=0, frames_per_second=FRAMES_PER_SECOND)
    patient = Exchange(trading=Trading(request_timeout_sec=PATIENCE_S))
    with tempfile.TemporaryDirectory(prefix="perpbot-") as folder:
        try:
            embedded = EmbeddedVenues(chosen, calm, 1, Path(folder))
        except EmbeddedVenuesError as error:
            raise Failure(str(error)) from None
        try:
            admin = embedded.details["admin"]["url"]
            yield {name: _trial(name, patient, embedded.details, Administration(admin, name)) for name in chosen}
        finally:
            embedded.stop()


@contextmanager
def _live(names: Sequence[str], config: Path | None) -> Iterator[Mapping[str, "Trial"]]:
    """Trials at real venues, as `config` has them, or as they are by themselves."""
    from perpbot.config.exchanges import Exchange
    from perpbot.places import PlacesError
    from perpbot.venues.registry import venue_names

    configured: Mapping[str, Exchange] = {} if config is None else settings_of(config).exchanges
    chosen = [*names] or [*configured] or venue_names()
    try:
        yield {name: _trial(name, configured.get(name, Exchange()), None, None) for name in chosen}
    except PlacesError as error:
        raise Failure(str(error), EXIT_CONFIG) from None


def _trial(name: str, exchange: "Exchange", simulated: Mapping[str, Any] | None, admin: Any) -> "Trial":
    from perpbot.places import venue
    from perpbot.trial.checks import Trial
    from perpbot.trial.client import Client

    return Trial(Client(venue(name, exchange, simulated, os.environ), SYMBOL), admin)


# -- what came of it -------------------------------------------------------------------------------------------------


def _plain(report: "Report") -> dict[str, Any]:
    return {check: {"ok": each.held, "said": each.said} for check, each in report.items()}


def _show(reports: Mapping[str, "Report"], checks: Sequence[str]) -> None:
    first = max(map(len, checks))
    for names in _beside(list(reports), first):
        columns = [Column("check"), *(Column(name) for name in names)]
        rows = [[Cell(check), *(_cell(reports[name][check]) for name in names)] for check in checks]
        show_table(columns, rows, "No venue.")
        click.echo()
    for name, report in reports.items():
        for check, each in report.items():
            if each.held is False:
                click.secho(f"{name}, {check}: {each.said}", fg="red" if on_terminal() else None)
    failed = [name for name, report in reports.items() if any(each.held is False for each in report.values())]
    click.echo(f"Not well: {', '.join(failed)}." if failed else "All is well.")


def _beside(names: Sequence[str], first: int) -> Iterator[list[str]]:
    """The venues that have room beside each other on a terminal; elsewhere all."""
    width = shutil.get_terminal_size().columns if on_terminal() else 10**6
    row: list[str] = []
    for name in names:
        if row and first + GAP + sum(len(each) + GAP for each in (*row, name)) > width:
            yield row
            row = []
        row.append(name)
    if row:
        yield row


def _cell(verdict: "Verdict") -> Cell:
    if verdict.held is None:
        return Cell("-", "dim")
    return Cell("ok", "green") if verdict.held else Cell("FAILED", "bold red")

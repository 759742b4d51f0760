"""`perpbot doctor`: everything that could be in the way, a line each, with what to do about it."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from perpbot.cli.asking import EXIT_CONFIG, EXIT_NO, Failure, json_option, print_json
from perpbot.cli.validation import Area, check, show_areas, shown_areas
from perpbot.credentials import CredentialsError, with_credentials
from perpbot.shipped import DEFAULT_CONFIG, chosen_config
from perpbot.statedir import state_directory


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True, help="The configuration."
)
@click.option("--state", type=click.Path(path_type=Path), metavar="DIR", help="The state directory.")
@click.option(
    "--venues",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Look at the venues that `perpbot venues serve > FILE` serves, in place of the real ones.",
)
@click.option("--offline", is_flag=True, help="Ask no venue.")
@json_option
def doctor(*, config: Path, state: Path | None, venues: Path | None, offline: bool, as_json: bool) -> None:
    """Check configuration, credentials, clock, disk, permissions, ports and the way to each venue; say what to do.

    Nothing is started or changed. The exit code is 0 when nothing is in the way, and 1 otherwise.
    """
    try:
        environment = with_credentials(os.environ)
    except CredentialsError as error:
        raise Failure(str(error), EXIT_CONFIG) from None
    areas = examined(chosen_config(config), state_directory(state, environment), environment, venues, offline=offline)
    well = not any(area.problems for area in areas.values())
    if as_json:
        print_json({"ok": well, "areas": shown_areas(areas)})
    else:
        show_areas(areas)
        checked, passed = (sum(getattr(each, name) for each in areas.values()) for name in ("checked", "passed"))
        verdict = "Nothing is in the way." if well else "What to do stands above."
        click.echo(f"\n{verdict} {passed} of {checked} checks passed.")
    click.get_current_context().exit(0 if well else EXIT_NO)


def examined(
    config: Path, state: Path, environment: Mapping[str, str], venues: Path | None, *, offline: bool
) -> dict[str, Area]:
    """Every area, with what is wrong in it."""
    from perpbot.cli import machine
    from perpbot.config.loader import ConfigError
    from perpbot.config.settings import load_settings
    from perpbot.main import read_venues
    from perpbot.places import PlacesError
    from perpbot.venues.registry import venue_names

    try:
        simulated = None if venues is None else read_venues(venues)
    except PlacesError as error:
        raise Failure(str(error), EXIT_NO) from None
    areas = check(config, state, environment, served=simulated is not None)
    areas["permissions"] = machine.permissions(state, config)
    try:
        settings = load_settings(config, environment, tuple(venue_names()))
    except ConfigError:
        return areas  # its mistakes are there already
    areas["ports"] = machine.ports(settings, lambda: _running(state))
    if offline:
        return areas
    areas["venues"], areas["clock"] = machine.venues(settings, simulated, environment)
    return areas


def _running(state: Path) -> bool:
    from perpbot.control.client import Client, NotRunningError
    from perpbot.statedir import SOCKET_NAME, held

    try:
        Client(state / SOCKET_NAME).close()
    except NotRunningError:
        return held(state)
    return True

"""`perpbot validate`: what would keep PerpBot from starting, found without starting it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from perpbot.cli.asking import EXIT_CONFIG, Failure, json_option, print_json
from perpbot.cli.wording import clean
from perpbot.credentials import CredentialsError, with_credentials
from perpbot.shipped import DEFAULT_CONFIG, chosen_config
from perpbot.statedir import state_directory

if TYPE_CHECKING:
    from perpbot.config.settings import Settings

FREE_BYTES = 200_000_000
"""Below this much free space in the state directory the journal is in danger."""


class Area(NamedTuple):
    """What was looked at in one area."""

    checked: int
    problems: list[str]
    note: str = ""

    @property
    def passed(self) -> int:
        """Checks without a problem."""
        return max(0, self.checked - len(self.problems))


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True, help="The file to check."
)
@click.option("--state", type=click.Path(path_type=Path), metavar="DIR", help="The state directory to check.")
@json_option
def validate(*, config: Path, state: Path | None, as_json: bool) -> None:
    """Check configuration, credentials, packages and state directory without starting anything."""
    try:
        environment = with_credentials(os.environ)
    except CredentialsError as error:
        raise Failure(str(error), EXIT_CONFIG) from None
    areas = check(chosen_config(config), state_directory(state, environment), environment)
    well = not any(area.problems for area in areas.values())
    if as_json:
        print_json({"ok": well, "areas": shown_areas(areas)})
    else:
        show_areas(areas)
    click.get_current_context().exit(0 if well else EXIT_CONFIG)


def shown_areas(areas: Mapping[str, Area]) -> dict[str, Any]:
    """The areas for programs."""
    return {
        name: {"passed": each.passed, "checked": each.checked, "problems": each.problems, "note": each.note}
        for name, each in areas.items()
    }


def show_areas(areas: Mapping[str, Area]) -> None:
    """Print each problem once, though it may be in the way of several areas, and below them a line for each area."""
    problems = dict.fromkeys(problem for area in areas.values() for problem in area.problems)
    for problem in problems:
        click.echo(clean(problem))
    if problems:
        click.echo()
    for name, area in areas.items():
        score = f"{area.passed}/{area.checked}"
        colour = "red" if area.problems else "green"
        click.echo(f"{name:<16}{click.style(f'{score:>8}', fg=colour)}  {clean(area.note)}".rstrip())


def check(config: Path, state: Path, environment: Mapping[str, str], *, served: bool = False) -> dict[str, Area]:
    """Every area, with what is wrong in it; `served` where simulated venues are there already."""
    settings, configuration = _configuration(config, environment, served=served)
    return {
        "configuration": configuration,
        "credentials": _credentials(settings, environment),
        "alerts": _alerts(config, environment),
        "packages": _packages(),
        "state directory": _state(state),
    }


# -- configuration ---------------------------------------------------------------------------------------------------


def _configuration(config: Path, environment: Mapping[str, str], *, served: bool) -> tuple["Settings | None", Area]:
    from perpbot.config.loader import ConfigError
    from perpbot.config.settings import load_settings
    from perpbot.main import refuse_what_cannot_run
    from perpbot.places import PlacesError
    from perpbot.venues.registry import venue_names

    try:
        settings = load_settings(config, environment, tuple(venue_names()))
    except ConfigError as error:
        problems = str(error).splitlines()
        return None, Area(max(_values(config), len(problems)), problems)
    note = f"{config}: mode {settings.mode}, {len(settings.exchanges)} venues, {len(settings.symbols)} symbols"
    note = "; ".join((note, *settings.capital.warnings()))
    try:
        refuse_what_cannot_run(settings, served=served)
    except PlacesError as error:
        return settings, Area(_values(config), [f"{config}: {error}"], note)
    return settings, Area(_values(config), [], note)


def _alerts(config: Path, environment: Mapping[str, str]) -> Area:
    """The alert rules that go with `config`, and whether anybody can be told."""
    from perpbot.config.alerts import load_alerts
    from perpbot.config.loader import ConfigError
    from perpbot.delivery.channels import open_channels
    from perpbot.delivery.errors import ChannelError
    from perpbot.masking import Mask
    from perpbot.shipped import alert_rules

    path = alert_rules(config)
    try:
        alerts = load_alerts(path, environment)
        channels = open_channels(alerts, environment, Mask())
    except ConfigError as error:
        problems = str(error).splitlines()
        return Area(max(_values(path), len(problems)), problems)
    except ChannelError as error:
        return Area(_values(path), [f"{path}: {error}"])
    missing = f"; rules name {', '.join(alerts.missing_channels)}" if alerts.missing_channels else ""
    told = f"told by {', '.join(channels)}" if channels else "no channels, so nobody is told"
    return Area(_values(path), [], f"{path}: {len(alerts.active)} rules, {told}{missing}")


def _values(config: Path) -> int:
    """How many values stand in the file."""
    from perpbot.config.source import Array, Node, Scalar, Table, parse

    def count(node: Node | None) -> int:
        if isinstance(node, Table):
            return sum(count(entry.node) for entry in node.entries.values())
        if isinstance(node, Array):
            return sum(map(count, node.items))
        return int(isinstance(node, Scalar))

    try:
        return count(parse(config.read_bytes())[0])
    except OSError:
        return 0


# -- credentials -----------------------------------------------------------------------------------------------------


def _credentials(settings: "Settings | None", environment: Mapping[str, str]) -> Area:
    if settings is None:
        return Area(0, [], "not checked: the configuration has mistakes")
    if settings.simulation.enabled:
        return Area(len(settings.exchanges), [], "simulated venues bring their own")
    from perpbot.places import PlacesError, venue

    if settings.mode.value == "paper":
        return Area(len(settings.exchanges), [], "none: orders stay on paper, and no credential is read")
    problems, unset = [], []
    complete: list[str] = []
    lacking: list[str] = []
    for name, exchange in settings.exchanges.items():
        try:
            made = venue(name, exchange, None, environment)
        except PlacesError as error:
            problems.append(str(error))
            lacking.append(name)
        else:
            complete += [name] if made.credentials is not None else []
            if not exchange.trading.trade_enabled:
                unset += [each for each in exchange.trading.credentials.values() if not environment.get(each)]
    note = _who_has_them(complete, lacking, others=len(settings.exchanges) - len(complete) - len(lacking))
    note += f"; not set, for when they trade: {', '.join(unset)}" if unset else ""
    return Area(len(settings.exchanges), problems, note)


def _who_has_them(complete: list[str], lacking: list[str], *, others: int) -> str:
    """Which venues' credentials are complete, and which lack some; `others`, so many, send no orders."""
    parts = [f"complete for {', '.join(complete)}"] if complete else []
    parts += [f"missing for {', '.join(lacking)}"] if lacking else []
    parts += ["the other venues are read-only"] if others else []
    return "; ".join(parts)


# -- packages --------------------------------------------------------------------------------------------------------


def _packages() -> Area:
    from importlib.metadata import PackageNotFoundError, requires, version

    from perpbot.venues.wire import DECODER

    try:
        wanted = [each for each in requires("perpbot") or [] if "extra ==" not in each]
    except PackageNotFoundError:
        return Area(1, ["perpbot itself is not installed; run `make setup`"])
    problems = []
    for requirement in wanted:
        name, rule, least = _taken_apart(requirement)
        try:
            installed = version(name)
        except PackageNotFoundError:
            problems.append(f"{name} is not installed; run `make setup`")
            continue
        if not _satisfies(installed, rule, least):
            problems.append(f"{name} is {installed}, and {rule} {least} is needed; run `make setup`")
    return Area(len(wanted), problems, f"Python {sys.version.split()[0]}, decoder {DECODER}")


def _taken_apart(requirement: str) -> tuple[str, str, str]:
    for rule in ("==", ">="):
        name, found, version = requirement.partition(rule)
        if found:
            return name.strip(), rule, version.strip()
    return requirement.strip(), ">=", "0"


def _satisfies(installed: str, rule: str, wanted: str) -> bool:
    if rule == "==":
        return installed == wanted
    return _numbers(installed) >= _numbers(wanted)


def _numbers(version: str) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in version.split(".")]


# -- state directory -------------------------------------------------------------------------------------------------


def _state(state: Path) -> Area:
    from perpbot.control.server import SocketPathError, refuse_long_path

    path = state.absolute()
    there = path
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        return Area(1, [f"{there} is not a directory; give another --state"], str(path))
    problems = []
    if not os.access(there, os.W_OK | os.X_OK):
        problems.append(f"{there} cannot be written to; give another --state")
    try:
        refuse_long_path(state)
    except SocketPathError as error:
        problems.append(str(error))
    space = os.statvfs(there)
    if (free := space.f_bavail * space.f_frsize) < FREE_BYTES:
        problems.append(f"{there} has only {free // 1_000_000} MB free, and {FREE_BYTES // 1_000_000} MB are needed")
    problems += _journal(path / "journal.sqlite")
    return Area(4, problems, str(path))


def _journal(path: Path) -> list[str]:
    from perpbot.storage.database import JournalError
    from perpbot.storage.reading import look_over

    try:
        look_over(path)
    except JournalError as error:
        return [str(error)]
    return []

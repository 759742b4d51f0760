"""`perpbot init` and `perpbot install-service`: the files that stand outside of the package."""

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from perpbot.cli.asking import EXIT_CONFIG, Failure
from perpbot.cli.configured import config_option
from perpbot.shipped import AWAKE_UNIT, CONFIGURATIONS, SHIPPED, UNIT

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - nothing is written there
"""What the unit does not let the service see."""
CONFIG, UNITS = Path("/etc/perpbot/perpbot.yaml"), Path("/etc/systemd/system")
CREDENTIALS = Path("/etc/perpbot/credentials")
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(*, directory: Path) -> None:
    """Write the configurations to start from into DIRECTORY/config; files that are there stay as they are."""
    place = directory / "config"
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name in SHIPPED:
            target = place / name
            if target.exists():
                click.echo(f"kept   {target}")
            else:
                shutil.copyfile(CONFIGURATIONS / name, target)
                click.echo(f"wrote  {target}")
    except OSError as error:
        raise Failure(f"{error.filename} cannot be written: {error.strerror}") from None
    click.echo(f"Next, in {directory.absolute()}: perpbot run")


@click.command("install-service")
@config_option("The configuration the service runs with.", CONFIG)
@click.option(
    "--units",
    type=click.Path(path_type=Path, file_okay=False),
    default=UNITS,
    show_default=True,
    metavar="DIR",
    help="Where systemd looks for units.",
)
@click.option("--awake", is_flag=True, help="And a second unit, which keeps the processors awake while the first runs.")
@click.option("--write", is_flag=True, help="Write the unit. Without it, it is shown and nothing is changed.")
def install_service(*, config: Path, units: Path, awake: bool, write: bool) -> None:
    """Make PerpBot a service of systemd: show its unit, or write it with --write.

    What would keep the service from starting is said, and then nothing is written (exit code 78).
    """
    config = config.absolute()
    chosen = (UNIT, AWAKE_UNIT) if awake else (UNIT,)
    written = {each.name: _filled_in(each, config) for each in chosen}
    found = problems(config, Path(sys.executable), os.environ)
    if awake:
        found += _writable(Path(sys.executable))
    if not write:
        click.echo("\n".join(_titled(written)), nl=False)
        for each in found:
            click.echo(f"perpbot install-service --write would refuse: {each}", err=True)
        return
    if found:
        raise Failure("\n".join(found), EXIT_CONFIG)
    try:
        if not CREDENTIALS.exists() and units == UNITS:
            CREDENTIALS.mkdir(mode=0o700, parents=True)
            click.echo(f"Made {CREDENTIALS}; put each secret into a file named like its variable, as OKX_API_KEY.")
        if awake and (units / UNIT.name).exists():
            del written[UNIT.name]
            click.echo(f"Kept {units / UNIT.name}.")
        for name, text in written.items():
            (units / name).write_text(text, encoding="utf-8")
    except OSError as error:
        cure = "make it, or give another --units" if isinstance(error, FileNotFoundError) else "use sudo"
        raise Failure(f"{error.filename} cannot be written: {error.strerror}; {cure}") from None
    targets = " and ".join(str(units / name) for name in written)
    names = " ".join(name.removesuffix(".service") for name in written)
    click.echo(f"Wrote {targets}. Next: sudo systemctl daemon-reload, then sudo systemctl enable --now {names}")


def _titled(units: Mapping[str, str]) -> list[str]:
    """Each text; where there are several, each under the name of its file."""
    return list(units.values()) if len(units) == 1 else [f"# {name}\n{text}" for name, text in units.items()]


def _writable(python: Path) -> list[str]:
    """What root must not run at every start of the machine."""
    return [
        f"{path} can be changed by others than root, and {AWAKE_UNIT.stem} runs it as root; install PerpBot as root"
        for path in dict.fromkeys((python.parent, python.resolve()))
        if path.stat().st_uid or path.stat().st_mode & OTHERS_WRITE
    ]


def _filled_in(unit: Path, config: Path) -> str:
    return unit.read_text(encoding="utf-8").replace("@PYTHON@", sys.executable).replace("@CONFIG@", str(config))


def problems(config: Path, python: Path, environment: Mapping[str, str]) -> list[str]:
    """What would keep the service from starting, a sentence each."""
    found = [
        f"{path} lies in {hidden}, which the service cannot see; {cure}"
        for paths, cure in (
            ((python, python.resolve(), UNIT), "install PerpBot into /opt/perpbot, with a Python outside of it"),
            ((config,), f"put it into {CONFIG}"),
        )
        for path in dict.fromkeys(paths)
        for hidden in HIDDEN
        if path.is_relative_to(hidden)
    ]
    if any(character.isspace() or character in "%$\"'\\" for character in f"{python}{config}"):
        found.append(f"{python} and {config} must have no spaces, quotes, % or $ in them")
    return found + _mistakes(config, environment)


def _mistakes(config: Path, environment: Mapping[str, str]) -> list[str]:
    from perpbot.config.loader import ConfigError
    from perpbot.config.settings import load_settings
    from perpbot.venues.registry import venue_names

    try:
        load_settings(config, environment, tuple(venue_names()))
    except ConfigError as error:
        return str(error).splitlines()
    return []


INSTALLING = (init, install_service)

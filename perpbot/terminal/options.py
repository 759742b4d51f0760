"""The command line that starts PerpBot, shared by ``python -m perpbot.main`` and ``perpbot run``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

DEFAULT_CONFIG = "config/simulation.yaml"
F = TypeVar("F", bound=Callable[..., Any])

YEAR_S = 31_536_000


def _seconds(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value <= YEAR_S:  # so that NaN is refused too
        raise click.BadParameter(f"{value} is not between 0 and a year ({YEAR_S}).")
    return value


_FILE = click.Path(path_type=Path, dir_okay=False)
_OPTIONS = (
    click.option("--config", type=_FILE, default=DEFAULT_CONFIG, show_default=True, help="The configuration."),
    click.option("--duration", type=float, callback=_seconds, metavar="SECONDS", help="Stop in order after this long."),
    click.option("--summary", type=_FILE, help="Write what happened to this file."),
    click.option("--seed", type=int, help="Seed of all chance, the simulated market's included."),
    click.option(
        "--no-console", "console", flag_value=False, default=True, help="Log lines in place of the live terminal view."
    ),
    click.option("--no-web", "web", flag_value=False, default=True, help="No HTTP. (There is none yet.)"),
    click.option(
        "--port",
        type=click.IntRange(0, 65_535),
        default=8000,
        show_default=True,
        help="Port of the web console. (There is none yet.)",
    ),
    click.option("--venues", type=_FILE, help="What `perpbot venues serve` printed; trade there."),
    click.option(
        "--state",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Directory of journal, logs and control socket; else $PERPBOT_STATE, else ./run.",
    ),
)


def run_options(function: F) -> F:
    """Give a command the options that PerpBot is started with."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function

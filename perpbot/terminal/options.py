"""The command line that starts PerpBot, shared by ``python -m perpbot.main`` and ``perpbot run``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from perpbot.ranges import Number, WholeNumber
from perpbot.shipped import DEFAULT_CONFIG

F = TypeVar("F", bound=Callable[..., Any])

YEAR_S = 31_536_000

_FILE = click.Path(path_type=Path, dir_okay=False)
_OPTIONS = (
    click.option(
        "--config",
        type=_FILE,
        default=DEFAULT_CONFIG,
        show_default=True,
        metavar="FILE",
        help="The configuration, a YAML file. Where the default is not there, a shipped one like it.",
    ),
    click.option("--duration", type=Number(0.001, YEAR_S), metavar="SECONDS", help="Stop in order after this long."),
    click.option("--summary", type=_FILE, metavar="FILE", help="Write what happened to this file, as JSON."),
    click.option(
        "--seed",
        type=WholeNumber(0, 2**53),
        metavar="NUMBER",
        help="The same number, the same chance: the course of a new simulated market, and all waits.",
    ),
    click.option(
        "--no-console", "console", flag_value=False, default=True, help="Log lines in place of the live terminal view."
    ),
    click.option("--no-web", "web", flag_value=False, default=True, help="No web console and no API."),
    click.option(
        "--port",
        type=WholeNumber(0, 65_535),
        default=None,
        metavar="NUMBER",
        help="Port of the web console, in place of the configuration's; 0 for any free one.",
    ),
    click.option(
        "--venues", type=_FILE, metavar="FILE", help="Trade at the venues that `perpbot venues serve > FILE` serves."
    ),
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

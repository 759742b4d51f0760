"""The configuration of commands that need no running system: which file it is, and what it says."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perpbot.cli.asking import EXIT_CONFIG, Failure
from perpbot.shipped import DEFAULT_CONFIG, chosen_config

if TYPE_CHECKING:
    from perpbot.config.settings import Settings


def config_option(text: str, default: str | Path = DEFAULT_CONFIG) -> Callable[[Any], Any]:
    """The option that names the configuration; `text` says what of it counts."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        default=default,
        show_default=True,
        metavar="FILE",
        help=text,
    )


def settings_of(config: Path) -> "Settings":
    """The settings in the file that `config` means; a failure that names every mistake."""
    from perpbot.config.loader import ConfigError
    from perpbot.config.settings import load_settings
    from perpbot.venues.registry import venue_names

    try:
        return load_settings(chosen_config(config), os.environ, tuple(venue_names()))
    except ConfigError as error:
        raise Failure(str(error), EXIT_CONFIG) from None


def can_be_simulated(names: Iterable[str]) -> None:
    """A failure where one of these venues cannot be simulated."""
    from perpbot.simulation.venues.serving import VENUES

    if unknown := [name for name in names if name not in VENUES]:
        raise Failure(f"{', '.join(unknown)} cannot be simulated; there are {', '.join(VENUES)}", EXIT_CONFIG)

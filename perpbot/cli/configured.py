"""Settings for commands that need no running system."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from perpbot.cli.asking import Failure
from perpbot.shipped import chosen_config

if TYPE_CHECKING:
    from perpbot.config.settings import Settings

EXIT_CONFIG = 78


def settings_of(config: Path) -> "Settings":
    """The settings in the file that `config` means; a failure that names every mistake."""
    from perpbot.config.loader import ConfigError
    from perpbot.config.settings import load_settings
    from perpbot.venues.registry import venue_names

    try:
        return load_settings(chosen_config(config), os.environ, tuple(venue_names()))
    except ConfigError as error:
        raise Failure(str(error), EXIT_CONFIG) from None

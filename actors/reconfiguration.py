"""Word that settings changed while PerpBot runs."""

import attrs

from perpbot.config.settings import Settings


@attrs.frozen
class Reconfigured:
    """To whoever goes by settings that may change: these count from now on."""

    settings: Settings

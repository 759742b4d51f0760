"""The configuration of `make run` with three of its venues: with all of them tests take longer and tell no more."""

import re
from pathlib import Path

NAMES = ("okx", "hyperliquid", "aster")
_CONFIG = Path(__file__).parents[1] / "config" / "simulation.yaml"
_OTHERS = re.compile(rf"^  (?!{'|'.join(NAMES)})\w+: \*simulated.*\n", re.MULTILINE)


def three_venues(directory: Path) -> Path:
    """A file in `directory` with that configuration."""
    path = directory / "three_venues.yaml"
    path.write_text(_OTHERS.sub("", _CONFIG.read_text()))
    return path

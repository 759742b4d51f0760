"""Files that come with PerpBot: configurations to start from, and the units of its service.

In a checkout they are the ones in `config` and `deploy/systemd`; an installed package carries copies of them.
"""

from pathlib import Path

_FILES = Path(__file__).parent / "files"
CONFIGURATIONS = _FILES / "config"
SHIPPED = (
    "alerts.schema.json",
    "alerts.yaml",
    "live.example.yaml",
    "paper.yaml",
    "schema.json",
    "simulation.yaml",
)
"""What is there of ours; a checkout may have an operator's own beside it."""
UNIT = _FILES / "systemd" / "perpbot.service"
AWAKE_UNIT = _FILES / "systemd" / "perpbot-awake.service"

ALERT_RULES = "alerts.yaml"
DEFAULT_CONFIG = "config/simulation.yaml"
"""The configuration that is meant where none is given, seen from the current directory."""


def alert_rules(config: Path) -> Path:
    """The file of alert rules that goes with a configuration: ``alerts.yaml`` beside it, or the shipped one."""
    beside = config.parent / ALERT_RULES
    return beside if beside.exists() else CONFIGURATIONS / ALERT_RULES


def chosen_config(given: Path) -> Path:
    """The file that `given` means: itself, or the shipped one where it is the default and not there."""
    if given == Path(DEFAULT_CONFIG) and not given.exists():
        return CONFIGURATIONS / given.name
    return given

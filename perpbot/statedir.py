"""Where a system keeps its state, and where its control socket is."""

from collections.abc import Mapping
from pathlib import Path

SOCKET_NAME = "perpbot.sock"


def state_directory(given: Path | None, environment: Mapping[str, str]) -> Path:
    """`--state`, else ``$PERPBOT_STATE``, else ``$STATE_DIRECTORY`` (systemd), else ``./run``."""
    if given is not None:
        return given
    for name in ("PERPBOT_STATE", "STATE_DIRECTORY"):
        if environment.get(name):
            return Path(environment[name])
    return Path("run")


def socket_path(state: Path | None, environment: Mapping[str, str]) -> Path:
    """``$PERPBOT_SOCKET``, else ``perpbot.sock`` in the state directory; an explicit `--state` comes first."""
    if state is None and environment.get("PERPBOT_SOCKET"):
        return Path(environment["PERPBOT_SOCKET"])
    return state_directory(state, environment) / SOCKET_NAME

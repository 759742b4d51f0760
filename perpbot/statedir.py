"""Where a system keeps its state, and where its control socket is."""

import fcntl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SOCKET_NAME = "perpbot.sock"
LOCK_NAME = "lock"
"""Held from the first moment of a start to the last of an end."""


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


def held(state: Path) -> bool:
    """Whether a system holds the state directory: it runs, is about to, or has not quite ended."""
    with suppress(OSError), (state / LOCK_NAME).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

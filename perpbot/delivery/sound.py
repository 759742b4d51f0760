"""A sound on this machine, by a program of the operator's choice."""

import subprocess
from collections.abc import Sequence

from perpbot.delivery.errors import DeliveryError

LONGEST_S = 10.0


def play(command: Sequence[str]) -> None:
    """Run `command` to its end, ten seconds at the most; `DeliveryError` when it cannot be run or fails."""
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeliveryError(f"{command[0]} took longer than {LONGEST_S:g} s and was ended") from None
    except OSError as error:
        raise DeliveryError(f"{command[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise DeliveryError(f"{command[0]} ended with exit code {done.returncode}")

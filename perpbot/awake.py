"""Processors that do not sleep: waking one up takes longer than most of what it is woken for.

A processor with nothing to do sleeps, the deeper the longer it takes to wake; a virtual one is taken away meanwhile.
Linux lets none sleep deeper than whoever holds its device open bears, in microseconds; at 0 they wait in a loop, and
use power as if they worked. Source: Linux, Documentation/power/pm_qos_interface.rst.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEVICE = Path("/dev/cpu_dma_latency")
_NONE = struct.pack("@i", 0)


class AwakeError(Exception):
    """The system does not let us; the text says why, and what to do."""


@contextmanager
def kept_awake() -> Iterator[None]:
    """Keep every processor of this machine awake for as long, or until this process is gone.

    Raises:
        AwakeError: the device is root's alone, as a rule, and some containers and systems have none.
    """
    try:
        device = os.open(DEVICE, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        cure = "use sudo" if isinstance(error, PermissionError) else "this system cannot be told"
        raise AwakeError(f"{DEVICE} cannot be opened ({error.strerror}): {cure}") from None
    try:
        os.write(device, _NONE)
        yield
    finally:
        os.close(device)

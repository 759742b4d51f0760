"""Processors that do not sleep: waking one up takes longer than most of what it is woken for.

A processor with nothing to do sleeps, the deeper the longer it takes to wake; a virtual one is taken away meanwhile.
Linux lets none sleep deeper than whoever holds its device open bears, in microseconds; at 0 they wait in a loop, and
use power as if they worked. Source: Linux, Documentation/power/pm_qos_interface.rst. Where no driver of Linux decides
how processors sleep, nobody can be told.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEVICE = Path("/dev/cpu_dma_latency")
DRIVER = Path("/sys/devices/system/cpu/cpuidle/current_driver")
_NONE = struct.pack("@i", 0)


class AwakeError(Exception):
    """The system does not let us; the text says why, and what to do."""


@contextmanager
def kept_awake() -> Iterator[None]:
    """Keep every processor of this machine awake for as long, or until this process is gone.

    Raises:
        AwakeError: the device is root's alone, as a rule, and some containers and systems have none.
    """
    if _driver() in {"", "none"}:
        raise AwakeError(f"{DRIVER} names nobody who could keep processors awake: this system decides by itself")
    device = _opened()
    try:
        yield
    finally:
        os.close(device)


def _driver() -> str:
    try:
        return DRIVER.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _opened() -> int:
    try:
        device = os.open(DEVICE, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        may_help = isinstance(error, PermissionError) and os.geteuid()
        cure = "use sudo" if may_help else "this system does not let it be used"
        raise AwakeError(f"{DEVICE} cannot be opened ({error.strerror}): {cure}") from None
    try:
        os.write(device, _NONE)
    except OSError as error:
        os.close(device)
        raise AwakeError(f"{DEVICE} takes no number ({error.strerror}): this system does not let it be used") from None
    return device

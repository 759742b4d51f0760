"""How fast the disk itself is: the floor under every durable write."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from perpbot.clock import NS_PER_MS, monotonic_ns

PAGE = bytes(4_096)
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter


@contextmanager
def disk_of(folder: Path) -> Iterator[Callable[[], float]]:
    """A way to measure it: how many milliseconds pass until a page more at the end of a file in `folder` is durable."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:

        def sync_ms() -> float:
            file.write(PAGE)
            began = monotonic_ns()
            _sync(file.fileno())
            return (monotonic_ns() - began) / NS_PER_MS

        sync_ms()  # the first one makes the file durable, too
        yield sync_ms

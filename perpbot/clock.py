"""The one place that reads a clock.

Everything that needs the time asks here, so that the simulated world, which replaces the functions of
`time`, decides it for the whole process. The names are looked up on the module at every call for that reason.
"""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_AWAKE_OR_ASLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_HOUR = 3_600 * NS_PER_SECOND


def wall_ns() -> int:
    """Nanoseconds since 1970-01-01 UTC; may step when the machine's clock is set."""
    return time.time_ns()  # noqa: TID251 - the one reader


def wall_ms() -> int:
    """Milliseconds since 1970-01-01 UTC, as most venues count."""
    return wall_ns() // NS_PER_MS


def monotonic_ns() -> int:
    """Nanoseconds on a clock that never steps, and goes on while the machine sleeps; only differences mean anything.

    Linux has two: by `CLOCK_MONOTONIC`, which stands still meanwhile, a quote from before the sleep would be fresh.
    macOS has the one.
    """
    return time.clock_gettime_ns(_AWAKE_OR_ASLEEP)


def awake_ns() -> int:
    """Nanoseconds on a clock that stands still while the machine sleeps, as timers do: for how long anybody worked.

    The actors' runtime counts by it, for itself. What it tells may be compared with nothing else.
    """
    return time.monotonic_ns()  # noqa: TID251 - the one reader


def iso(ns: int) -> str:
    """`ns` since the epoch as ISO 8601 in UTC with milliseconds, as in ``2026-11-20T12:00:00.250Z``."""
    return (_EPOCH + timedelta(microseconds=ns // 1_000)).isoformat(timespec="milliseconds")[:-6] + "Z"


def day(ns: int) -> str:
    """The UTC day that `ns` since the epoch falls on, as in ``2026-11-20``."""
    return (_EPOCH + timedelta(microseconds=ns // 1_000)).date().isoformat()

"""The clocks of `time` on virtual time."""

from __future__ import annotations

import time as real
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from perpbot.simulation.world.loop import Loop

START_WALL_NS: Final = 1_767_225_600_000_000_000
"""The wall clock when a world begins unless told otherwise: 2026-01-01T00:00:00Z."""

_START_MONOTONIC_NS: Final = 86_400_000_000_000
_NS: Final = 1e9
_BOOTTIME: Final = getattr(real, "CLOCK_BOOTTIME", None)

_gmtime, _localtime, _ctime = real.gmtime, real.localtime, real.ctime  # noqa: TID251 - wrapped, not read
_asctime, _strftime = real.asctime, real.strftime
_perf_counter = real.perf_counter  # noqa: TID251 - kept for `real_seconds`


def real_seconds() -> float:
    """A real clock that goes on in a simulated world too, for measuring the simulation itself."""
    return _perf_counter()


class Clocks:
    """The wall clock and the monotonic clock of a world, both driven by its loop.

    The monotonic clock begins at one day, as on a machine that has run for a while. `wall_ns` is what the wall
    clock showed when the loop began; changing it steps the clock.
    """

    def __init__(self, loop: Loop, wall_ns: int) -> None:
        self.wall_ns = wall_ns
        self.asleep_ns = 0
        """For so long the machine has slept; `CLOCK_MONOTONIC` does not know of it."""
        self._loop = loop

    def replacements(self) -> dict[str, Callable[..., Any]]:
        """What stands in for the functions of `time`, by their names there."""
        return {**self._counters(), **self._calendar()}

    def _counters(self) -> dict[str, Callable[..., Any]]:
        loop = self._loop

        def time_ns() -> int:
            return self.wall_ns + loop.now_ns

        def time() -> float:
            return (self.wall_ns + loop.now_ns) / _NS

        def monotonic_ns() -> int:
            return _START_MONOTONIC_NS + loop.now_ns

        def monotonic() -> float:
            return (_START_MONOTONIC_NS + loop.now_ns) / _NS

        def clock_gettime_ns(clock: int) -> int:
            if clock == _BOOTTIME:
                return _START_MONOTONIC_NS + self.asleep_ns + loop.now_ns
            return time_ns() if clock == real.CLOCK_REALTIME else monotonic_ns()

        def clock_gettime(clock: int) -> float:
            return clock_gettime_ns(clock) / _NS

        same = {"perf_counter": monotonic, "process_time": monotonic, "thread_time": monotonic}
        return {
            "time": time,
            "time_ns": time_ns,
            "monotonic": monotonic,
            "monotonic_ns": monotonic_ns,
            "clock_gettime": clock_gettime,
            "clock_gettime_ns": clock_gettime_ns,
            **same,
            **{f"{name}_ns": monotonic_ns for name in same},
        }

    def _calendar(self) -> dict[str, Callable[..., Any]]:
        def now() -> float:
            return (self.wall_ns + self._loop.now_ns) / _NS

        def gmtime(seconds: float | None = None) -> real.struct_time:
            return _gmtime(now() if seconds is None else seconds)

        def localtime(seconds: float | None = None) -> real.struct_time:
            return _localtime(now() if seconds is None else seconds)

        def ctime(seconds: float | None = None) -> str:
            return _ctime(now() if seconds is None else seconds)

        def asctime(moment: Any = None) -> str:
            return _asctime(localtime() if moment is None else moment)

        def strftime(form: str, moment: Any = None) -> str:
            return _strftime(form, localtime() if moment is None else moment)

        return {
            "gmtime": gmtime, "localtime": localtime, "ctime": ctime, "asctime": asctime, "strftime": strftime
        }  # fmt: skip

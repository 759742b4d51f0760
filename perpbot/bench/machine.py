"""The machine that a benchmark is run on, and what else was done there meanwhile."""

import os
import platform
import resource
from pathlib import Path

import attrs

from perpbot.bench.disk import disk_of
from perpbot.bench.measured import quantile
from perpbot.venues.wire import DECODER

SYNCS = 200
BUSY = 0.15
"""Others' share of the processors from which on figures are said to be of a busy machine."""


@attrs.frozen(kw_only=True)
class Machine:
    """What figures depend on."""

    cpu: str
    cores: int
    system: str
    python: str
    decoder: str
    """Whether the part of decoding that can be compiled is."""
    load: tuple[float, float, float]
    """Load averages of 1, 5 and 15 minutes before anything was measured."""
    disk: str
    """Where durable writes were measured."""
    fdatasync_p50_ms: float
    fdatasync_p99_ms: float


def machine(disk: Path) -> Machine:
    """This one; `OSError` when nothing can be written to the directory `disk`."""
    with disk_of(disk) as sync_ms:
        times = [sync_ms() for _ in range(SYNCS)]
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        decoder=DECODER,
        load=os.getloadavg(),
        disk=str(disk.absolute()),
        fdatasync_p50_ms=quantile(times, 0.5),
        fdatasync_p99_ms=quantile(times, 0.99),
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def resident_bytes() -> int:
    """How much memory this process holds; the most it ever held where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:  # macOS
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Others:
    """How much of the processors somebody else uses from now on."""

    def __init__(self) -> None:
        self._before = _busy_s()
        self._own_before = _own_s()

    def share(self) -> float | None:
        """As a part of all of it, between 0 and 1; None where the system does not tell."""
        now = _busy_s()
        if now is None or self._before is None or now[1] <= self._before[1]:
            return None
        busy_s, all_s = now[0] - self._before[0], now[1] - self._before[1]
        return min(1.0, max(0.0, (busy_s - (_own_s() - self._own_before)) / all_s))


def _own_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _busy_s() -> tuple[float, float] | None:
    """Seconds that all processors together were busy, and that went by for them."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return None
    ticks = [int(each) for each in line.split()[1:9]]  # user, nice, system, idle, iowait, irq, softirq, steal
    idle, per_s = ticks[3] + ticks[4], os.sysconf("SC_CLK_TCK")
    return (sum(ticks) - idle) / per_s, sum(ticks) / per_s

"""Quiet hours: when only what is critical is told."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from perpbot.clock import NS_PER_SECOND


def is_quiet(begin: str, end: str, time_zone: str, wall_ns: int) -> bool:
    """Whether `wall_ns` is from `begin` to before `end`, both as in ``22:00`` and in `time_zone`, over midnight too."""
    here = datetime.fromtimestamp(wall_ns // NS_PER_SECOND, UTC).astimezone(ZoneInfo(time_zone)).time()
    first, last = time.fromisoformat(begin), time.fromisoformat(end)
    return first <= here < last if first <= last else here >= first or here < last

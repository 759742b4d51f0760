"""Moments of the monotonic clock as surfaces show them."""

from perpbot.clock import NS_PER_SECOND, iso, monotonic_ns, wall_ns


def wall_second(moment_ns: int) -> str:
    """A moment of the monotonic clock as ISO 8601, to the second, so that it reads the same the next time."""
    began = wall_ns() - monotonic_ns() + moment_ns
    return iso((began + NS_PER_SECOND // 2) // NS_PER_SECOND * NS_PER_SECOND)

"""Whether a disk is so quick that waiting for it costs less than having a thread wait."""

from perpbot.clock import NS_PER_MS

QUICK_NS = NS_PER_MS
"""So long the hub may be held up; waking a thread and the way back take up to a quarter of it."""
QUICK_RUN = 20
"""So many works in a row were quick before the next is thought to be."""


class Pace:
    """Goes by the last works: one that is slow makes the disk a slow one, and a run of quick ones a quick one."""

    def __init__(self) -> None:
        self._still_to_prove = QUICK_RUN

    @property
    def quick(self) -> bool:
        """Whether the next work will be quick, by all that is known."""
        return not self._still_to_prove

    def took(self, duration_ns: int) -> None:
        """Learn from a work."""
        if duration_ns > QUICK_NS:
            self._still_to_prove = QUICK_RUN
        elif self._still_to_prove:
            self._still_to_prove -= 1

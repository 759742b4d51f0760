"""One alert: a rule and what it is about, on the way from pending over firing to resolved."""

from enum import StrEnum

import attrs


class Severity(StrEnum):
    """How grave an alert is."""

    INFO = "info"
    WARNING = "warning"
    HIGH = "high"
    """The same as error."""
    ERROR = "error"
    CRITICAL = "critical"
    """Money or the system is in danger now: somebody has to acknowledge it."""

    @property
    def rank(self) -> int:
        """Grows with the severity."""
        return _RANKS[self.value]


_RANKS = {"info": 0, "warning": 1, "high": 2, "error": 2, "critical": 3}


class Phase(StrEnum):
    """Where an alert is."""

    PENDING = "pending"
    """The condition holds, but not for long enough."""
    FIRING = "firing"
    RESOLVED = "resolved"


@attrs.frozen
class Moment:
    """Now, on both clocks."""

    ns: int
    """Monotonic."""
    wall_ns: int


@attrs.frozen(kw_only=True)
class Timing:
    """When a rule fires and when it is over."""

    hold_ns: int = 0
    """How long the condition must hold before the alert fires."""
    keep_ns: int = 0
    """How long it must not hold before the alert is over."""


@attrs.frozen(kw_only=True)
class Alert:
    """A rule that is not quiet, for one venue, connection or component, or for all together."""

    rule: str
    about: str
    """What it is about; empty for all together."""
    phase: Phase
    since_ns: int
    """Monotonic: when the condition began to hold, or, once it no longer does, when that began."""
    holds: bool = True
    """Whether the condition held when it was last looked at."""
    at_ns: int
    """Wall clock: when it came into its phase."""
    reading: str = ""
    """The values behind it."""
    acknowledged_by: str = ""

    @property
    def key(self) -> str:
        """What it is called, as in ``quotes-late/okx``."""
        return f"{self.rule}/{self.about}" if self.about else self.rule


def step(before: Alert | None, fresh: Alert, *, holds: bool | None, timing: Timing, now: Moment) -> Alert | None:
    """What has become of an alert.

    Args:
        before: the alert as it was; None where there was none.
        fresh: a pending one as it would begin now.
        holds: whether the rule's condition holds; for one that fires, whether it is not cleared. None: not known, and
            then everything stays as it is.
        timing: of the rule.
        now: the moment.

    Returns:
        The alert as it is; None where there is none. A resolved one is not to be passed in again.
    """
    if holds is None:
        return before
    if before is None:
        before = fresh if holds else None
    if before is None or (before.phase is Phase.PENDING and not holds):
        return None
    if holds is not before.holds:
        before = attrs.evolve(before, holds=holds, since_ns=now.ns)
    lasted_ns = now.ns - before.since_ns
    if before.phase is Phase.PENDING:
        return attrs.evolve(before, phase=Phase.FIRING, at_ns=now.wall_ns) if lasted_ns >= timing.hold_ns else before
    if not holds and lasted_ns >= timing.keep_ns:
        return attrs.evolve(before, phase=Phase.RESOLVED, at_ns=now.wall_ns)
    return before

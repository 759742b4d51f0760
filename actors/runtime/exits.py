"""Why an incarnation of an actor ended."""

from enum import StrEnum

import attrs

MAX_TEXT = 2_000
"""Characters of what an error says of itself: it may hold a whole mailbox."""


def shown(error: BaseException) -> str:
    """What `error` says, limited in length, even if it cannot say anything."""
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001 - whoever looks at an error must not fail with it
        return f"(its text raised {type(broken).__name__})"
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


class ExitKind(StrEnum):
    """The reasons supervisors tell apart. `KILLED` and `FAILED` are abnormal."""

    NORMAL = "normal"
    """It was done and said so."""
    SHUTDOWN = "shutdown"
    """It was asked to stop."""
    KILLED = "killed"
    """It was ended without being asked."""
    FAILED = "failed"
    """A handler, a task or a hook raised."""
    IGNORED = "ignored"
    """It declined to start."""


@attrs.frozen
class Exit:
    """The end of one incarnation. `error` is set for `FAILED` and `IGNORED`, and where the clean-up raised."""

    kind: ExitKind
    error: BaseException | None = None
    during: str | None = None
    """What it was doing: the type of the message, or the name of the hook or task."""

    @property
    def abnormal(self) -> bool:
        """Whether a transient child is restarted after it."""
        return self.kind in {ExitKind.KILLED, ExitKind.FAILED}

    def __str__(self) -> str:
        if self.error is None:
            return self.kind.value
        where = f" in {self.during}" if self.during else ""
        return f"{self.kind.value}{where}: {type(self.error).__name__}: {shown(self.error)}"


@attrs.frozen
class Failure:
    """The last failure of an address, for looking at."""

    at_ns: int
    """Wall clock."""
    exit: Exit


NORMAL = Exit(ExitKind.NORMAL)
SHUTDOWN = Exit(ExitKind.SHUTDOWN)
KILLED = Exit(ExitKind.KILLED)

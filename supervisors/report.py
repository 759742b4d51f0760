"""What a supervisor reports when something did not go well: structured, and limited in size."""

from enum import StrEnum
from typing import Any

import attrs

from actors.runtime.exits import Exit, ExitKind
from supervisors.spec import ChildSpec, Restart


class Context(StrEnum):
    """When it happened."""

    CHILD_TERMINATED = "child_terminated"
    """A child ended by itself."""
    START_ERROR = "start_error"
    """A child could not be started."""
    SHUTDOWN_ERROR = "shutdown_error"
    """A child that was stopped did not end as one should."""
    SHUTDOWN = "shutdown"
    """The supervisor itself gives up."""


@attrs.frozen
class Report:
    """One event. The offender is the child it is about."""

    supervisor: str
    context: Context
    reason: str
    offender: str
    """Address."""
    incarnation: int
    restart: str
    shutdown_s: float | None
    """None: it is waited for; 0: it is killed at once."""
    kind: str

    def fields(self) -> dict[str, Any]:
        """Everything but the supervisor, which its log names already, and the context."""
        return attrs.asdict(self, filter=attrs.filters.exclude("supervisor", "context"))


def report(supervisor: str, context: Context, reason: str, spec: ChildSpec, address: str, incarnation: int) -> Report:
    """The report of one event."""
    return Report(
        supervisor,
        context,
        reason,
        address,
        incarnation,
        spec.restart.value,
        spec.shutdown_s,
        spec.kind.value,
    )


def worth_reporting(restart: Restart, exit_: Exit) -> bool:
    """Whether the end of a child by itself is more than it being done."""
    return restart is Restart.PERMANENT or exit_.abnormal


def stopped_badly(spec: ChildSpec, exit_: Exit | None) -> str | None:
    """What was wrong with how a child that was to stop ended, or None. A missing exit means that it did not."""
    if exit_ is None:
        return "it did not end even when killed"
    if exit_.kind is ExitKind.SHUTDOWN and exit_.error is None:
        return None
    if exit_.kind is ExitKind.NORMAL and exit_.error is None and spec.restart is not Restart.PERMANENT:
        return None
    if exit_.kind is ExitKind.KILLED and spec.shutdown_s == 0:
        return None
    return str(exit_)

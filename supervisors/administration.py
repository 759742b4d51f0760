"""What may be asked of a supervisor, and its refusals."""

from enum import StrEnum
from typing import Any

import attrs

from actors.runtime import DomainError, Ref
from supervisors.policy import Status
from supervisors.spec import ChildSpec, Flags, Kind


class Refused(StrEnum):
    """Why a supervisor did not do what it was asked."""

    ALREADY_STARTED = "already started"
    ALREADY_PRESENT = "already present"
    """Its spec is there, and it is not up."""
    NOT_FOUND = "not found"
    RUNNING = "running"
    RESTARTING = "restarting"
    MAX_CHILDREN = "max children"
    BAD_SPEC = "bad spec"
    BY_REFERENCE = "by reference only"
    START_FAILED = "start failed"


class AdministrationError(DomainError):
    """A request a supervisor cannot carry out; the text says why in words, `why` in one."""

    def __init__(self, why: Refused, text: str, ref: Ref | None = None) -> None:
        super().__init__(text)
        self.why = why
        self.ref = ref
        """Who lives there already, where that is why."""


@attrs.frozen
class Started:
    """A child was started."""

    ref: Ref | None
    """None when it declined to start."""
    info: Any = None
    """What its `on_start` returned."""


@attrs.frozen
class StartChild:
    """Take in a child and start it; the answer is `Started`. When its start fails, no spec stays."""

    spec: ChildSpec


@attrs.frozen
class TerminateChild:
    """Stop a child; its spec stays, and nothing but the restart of its group or `RestartChild` starts it.

    Stopping one that is stopped is fine. A dynamic supervisor takes only a reference, and forgets the child.
    """

    child: str | Ref


@attrs.frozen
class RestartChild:
    """Start a child that is stopped; the answer is `Started`. A failure is only answered, nothing is retried."""

    name: str


@attrs.frozen
class DeleteChild:
    """Drop the spec of a child that is stopped."""

    name: str


@attrs.frozen
class ResetBackoff:
    """Have a child's next back-off be the shortest; only where it is not reset by itself."""

    name: str


@attrs.frozen
class CountChildren:
    """The answer is a `Counts`."""


@attrs.frozen
class Counts:
    """How many children a supervisor has."""

    specs: int
    active: int
    supervisors: int
    workers: int


@attrs.frozen
class WhichChildren:
    """The answer is a tuple of `Standing`, newest first."""


@attrs.frozen
class WhichChild:
    """The answer is the `Standing` of one child."""

    name: str


@attrs.frozen
class Standing:
    """Where a child stands."""

    name: str
    ref: Ref | None
    """None unless it is up."""
    status: Status
    kind: Kind


@attrs.frozen
class GetChildSpec:
    """The answer is the spec of one child. That of a temporary child that was started has no use for `start`."""

    name: str


@attrs.frozen
class ChangeFlags:
    """Go by other flags from now on; all children stay as they are."""

    flags: Flags


@attrs.frozen
class ChangeChild:
    """Go by another spec of the child of that name; it counts from the child's next end or start on."""

    spec: ChildSpec

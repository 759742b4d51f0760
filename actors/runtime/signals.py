"""What travels in the control lane, ahead of every message."""

import attrs

from actors.runtime.exits import SHUTDOWN, Exit


@attrs.frozen
class Stop:
    """End the incarnation after the handler that runs now; waiting messages stay unread."""

    exit: Exit = SHUTDOWN


@attrs.frozen
class FinishReading:
    """In the mailbox itself, unlike the others: end normally, now that everything sent before has been read."""


@attrs.frozen
class Suspend:
    """Leave messages unread until `Resume`; signals are still obeyed."""


@attrs.frozen
class Resume:
    """Read messages again."""


@attrs.frozen
class TaskFailed:
    """A task of the incarnation raised."""

    name: str
    error: BaseException
    incarnation: int


@attrs.frozen
class ChildExited:
    """To the parent: one incarnation of a child has ended."""

    name: str
    incarnation: int
    exit: Exit

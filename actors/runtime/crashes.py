"""What failed, when, and what was decided: the newest crashes of a system."""

import traceback
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from actors.runtime.exits import Exit
from perpbot.clock import wall_ns

if TYPE_CHECKING:
    from actors.runtime.cell import Cell

TRACEBACK_LINES = 40


@attrs.frozen
class Crash:
    """One abnormal end of an actor."""

    at_ns: int
    """Wall clock."""
    address: str
    type: str
    incarnation: int
    reason: str
    during: str | None
    traceback: str
    decision: str


class Crashes:
    """The newest crashes, and how many there were."""

    def __init__(self, keep: int = 200) -> None:
        self._newest: deque[Crash] = deque(maxlen=keep)
        self.total = 0

    def record(self, cell: "Cell", exit_: Exit, decision: str) -> None:
        """Put the end of an incarnation on record and in the log."""
        self.total += 1
        lines = "" if exit_.error is None else "".join(traceback.format_exception(exit_.error))
        short = "\n".join(lines.splitlines()[-TRACEBACK_LINES:])
        crash = Crash(
            wall_ns(), cell.address, cell.type_name, cell.incarnation, str(exit_), exit_.during, short, decision
        )
        self._newest.append(crash)
        log = cell.log.error if exit_.abnormal else cell.log.info
        log("ended", reason=crash.reason, incarnation=crash.incarnation, decision=decision, traceback=short or None)

    def __iter__(self) -> Iterator[Crash]:
        return iter(self._newest)

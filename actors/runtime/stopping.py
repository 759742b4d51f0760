"""Ending incarnations: asked first, killed when they take too long, named when they survive even that."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

import attrs

from actors.runtime.errors import AskTimeoutError
from actors.runtime.exits import Exit
from actors.runtime.slot import Slot

if TYPE_CHECKING:
    from actors.runtime.cell import Cell

KILL_GRACE_S = 1.0
"""How long a killed greenlet may take to end before it counts as unkillable."""


def stop_together(cells: Sequence[tuple["Cell", float | None]]) -> list[Exit | None]:
    """End the incarnations that are up, all at the same time, and wait until they are over.

    Each is asked to stop and given its own seconds (None: for ever; 0: it is not asked), then killed. One timer serves
    all of the same timeout. The results are how they ended, or None for one that survived even that; it is then marked
    unkillable.
    """
    endings = [_Ending(cell, inf if timeout_s is None else timeout_s) for cell, timeout_s in cells]
    for each in endings:
        each.begin()
    for each in sorted(endings, key=lambda each: each.patience_s):
        if not (each.killed or each.over()):
            each.kill()
    for each in endings:
        if not each.over():
            each.cell.survived()
    return [each.exit for each in endings]


@attrs.define
class _Ending:
    """The end of one incarnation."""

    cell: "Cell"
    patience_s: float
    exit: Exit | None = None
    killed: bool = False
    _ended: Slot = attrs.field(factory=Slot)

    def begin(self) -> None:
        if self.patience_s == 0:
            self.kill()
            return
        self._ended = self.cell.when_over()
        self.cell.ask_to_stop()
        if self.patience_s < inf:
            self._ended.expire(self.patience_s)

    def kill(self) -> None:
        self.killed = True
        self._ended = self.cell.when_over()
        self.cell.kill()
        self._ended.expire(KILL_GRACE_S)

    def over(self) -> bool:
        if self.exit is None:
            try:
                self.exit = self._ended.wait(None)
            except AskTimeoutError:
                return False
        return True

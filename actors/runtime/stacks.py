"""Where greenlets stand, and since when. It is read from their frames, so that nobody has to write it down."""

import linecache
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import attrs
from gevent.hub import Hub
from greenlet import getcurrent

from actors.runtime.cell import Cell
from actors.runtime.handling import handle
from actors.runtime.reading import read
from actors.runtime.trampoline import Trampoline

if TYPE_CHECKING:
    from greenlet import greenlet

MOST_FRAMES = 40
_BEGAN = {read.__code__: "now", handle.__code__: "began"}
"""The variable that holds when the message was begun."""
_RUN = Trampoline._run.__code__  # noqa: SLF001 - its frame


@attrs.frozen
class Place:
    """One line of code that has not returned yet."""

    file: str
    line: int
    function: str
    text: str


def places(frame: FrameType | None) -> list[Place]:
    """The places of a stack from the outermost to the innermost; of a deep one the innermost."""
    found = []
    for each in _outwards(frame):
        code = each.f_code
        text = linecache.getline(code.co_filename, each.f_lineno).strip()
        found.append(Place(code.co_filename, each.f_lineno, code.co_qualname, text))
        if len(found) == MOST_FRAMES:
            break
    return found[::-1]


def frame_of(green: "greenlet") -> FrameType | None:
    """The innermost frame of a greenlet that waits; None for one that has ended, or that runs now."""
    frame: FrameType | None = green.gr_frame
    return frame


def began_ns(cell: Cell) -> int | None:
    """When `cell` began with the message it is at, on the monotonic clock; None when it is at none."""
    green = cell.greenlet
    if green is None or cell.handling is None:
        return None
    if cell.handling == "on_start":
        return cell.started_ns
    for frame in _outwards(frame_of(green)):
        name = _BEGAN.get(frame.f_code)
        if name is not None:
            began: int | None = frame.f_locals.get(name)
            return began
    return None


def sender() -> Cell | None:
    """The cell whose code runs now, a task's and a compute-only actor's included; None outside of all actors."""
    current: Any = getcurrent()
    cell: Cell | None = getattr(current, "cell", None) or getattr(current, "owner", None)
    if cell is not None or not isinstance(current, Hub):
        return cell
    for frame in _outwards(sys._getframe(1)):  # noqa: SLF001 - the hub runs one compute-only actor after the other
        if frame.f_code is _RUN:
            found = frame.f_locals.get("cell")
            return found if isinstance(found, Cell) else None
    return None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back

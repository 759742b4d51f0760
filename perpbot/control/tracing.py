"""The verb that listens to one address: bounded in time, in number and in how much of each message is shown."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from gevent.event import Event

from actors.runtime.exits import shown as error_text
from actors.runtime.trace import Handled, Sent, Trace
from perpbot.clock import NS_PER_SECOND, iso, monotonic_ns, wall_ns
from perpbot.control.arguments import Args, BadRequestError, cell_at, number
from perpbot.masking import Mask
from perpbot.program import Program
from supervisors.presenting import presentable

SECONDS, MOST_SECONDS = 10.0, 3_600.0
LIMIT, MOST = 100, 10_000
MOST_KEPT = 1_000
"""Messages that wait to be sent to whoever listens; what comes beyond that is counted only."""
MOST_TRACES = 4
BEAT_S = 1.0
"""So often a listener hears something, so that one who has gone is noticed."""
SHOWN_DEPTH, SHOWN_VALUES = 3, 40


def trace(program: Program, args: Args) -> Iterator[dict[str, Any]]:
    """Check the request, then listen; each item is one message that was handled or sent, or a beat."""
    cell = cell_at(program.system, args)
    seconds = number(args, "seconds", SECONDS, 0.1, MOST_SECONDS)
    limit = int(number(args, "limit", LIMIT, 1, MOST))
    others = program.system.traces
    if any(each.cell is cell for each in others):
        raise BadRequestError(f"somebody traces {cell.address} already; one at a time")
    if len(others) >= MOST_TRACES:
        traced = ", ".join(each.cell.address for each in others)
        raise BadRequestError(f"{MOST_TRACES} traces are on already, of {traced}; wait until one ends")
    wanted = args.get("type")
    return _Listener(None if wanted is None else str(wanted), limit, program.mask).items(cell, seconds)


class _Listener:
    """What was heard and has not been passed on yet."""

    def __init__(self, wanted: str | None, limit: int, mask: Mask) -> None:
        self._mask = mask
        self._wanted = wanted
        self._limit = limit
        self._kept: deque[dict[str, Any]] = deque()
        self._news = Event()
        self._heard = 0
        self._left_out = 0

    def note(self, seen: Handled | Sent) -> None:
        """Runs in whoever handles or sends; it must be quick, and does nothing more once there is enough."""
        kind = type(seen.message).__name__
        if self._wanted is not None and kind != self._wanted:
            return
        if self._heard >= self._limit or len(self._kept) >= MOST_KEPT:
            self._left_out += 1
            return
        self._heard += 1
        self._kept.append(_described(kind, seen, self._mask))
        self._news.set()

    def items(self, cell: Any, seconds: float) -> Iterator[dict[str, Any]]:
        """Listen to `cell` for so long, or until there is enough."""
        listening = Trace(cell, self.note)
        deadline = monotonic_ns() + int(seconds * NS_PER_SECOND)
        passed_on = 0
        listening.start()
        try:
            yield {"address": cell.address, "seconds": seconds, "limit": self._limit, "state": cell.state.value}
            while passed_on < self._limit and (left := deadline - monotonic_ns()) > 0:
                self._news.wait(min(BEAT_S, left / NS_PER_SECOND))
                self._news.clear()
                if not self._kept:
                    yield {"waiting": cell.mailbox.depth, "state": cell.state.value, "doing": cell.doing}
                while self._kept:
                    passed_on += 1
                    yield self._kept.popleft()
        finally:
            listening.stop()
        yield {
            "shown": passed_on,
            "left_out": self._left_out,
            "arrived": listening.arrived,
            "waiting": cell.mailbox.depth,
        }


def _described(kind: str, seen: Handled | Sent, mask: Mask) -> dict[str, Any]:
    common = {"at": iso(wall_ns()), "message": kind, "asked": seen.asked, "content": _content(seen.message, mask)}
    if isinstance(seen, Sent):
        return {"way": "out", **common, "to": seen.receiver}
    return {
        "way": "in",
        **common,
        "from": seen.sender,
        "waited_us": None if seen.waited_ns is None else round(seen.waited_ns / 1_000, 1),
        "took_us": round(seen.took_ns / 1_000, 1),
        "answer": _content(seen.answer, mask) if seen.asked else None,
        "error": None if seen.error is None else mask(f"{type(seen.error).__name__}: {error_text(seen.error)}")[:300],
    }


def _content(value: Any, mask: Mask) -> Any:
    return presentable(value, SHOWN_DEPTH, SHOWN_VALUES, mask)

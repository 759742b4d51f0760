"""What failed, when, and what was decided: every single crash of late, and histories of those that are alike.

A crash loop is one history, whatever it repeats: it pushes no other crash out of sight.
"""

import linecache
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from actors.runtime.exits import Exit
from perpbot.clock import wall_ns

if TYPE_CHECKING:
    from actors.runtime.cell import Cell

TRACEBACK_LINES, LINE_LENGTH = 40, 300
REASON_LENGTH = 500
MOST_HISTORIES = 200


@attrs.frozen
class Crash:
    """One abnormal end of an actor. Texts are limited: an error may carry a whole mailbox with it."""

    at_ns: int
    """Wall clock."""
    address: str
    type: str
    incarnation: int
    reason: str
    during: str | None
    traceback: str
    decision: str
    where: str = ""
    """The line of code that raised, as ``orders.py:120``."""


@attrs.frozen
class CrashHistory:
    """Crashes of one address that are alike: in the same message, with the same error, at the same line."""

    key: str
    count: int
    first_ns: int
    """Wall clock."""
    last: Crash
    restarts: int
    """Of the address, when it crashed last, in the process it crashed in."""


class Crashes:
    """The newest crashes, how many there were, and their histories."""

    def __init__(self, keep: int = 200) -> None:
        self._newest: deque[Crash] = deque(maxlen=keep)
        self._histories: dict[str, CrashHistory] = {}
        self.total = 0
        self.on_change: Callable[[CrashHistory], None] = lambda _: None
        """Called with every history that has changed."""

    def record(self, cell: "Cell", exit_: Exit, decision: str) -> None:
        """Put the end of an incarnation on record and in the log."""
        self.total += 1
        mask = cell.system.mask
        crash = Crash(
            wall_ns(),
            cell.address,
            cell.type_name,
            cell.incarnation,
            mask(str(exit_))[:REASON_LENGTH],
            exit_.during,
            _traceback(exit_.error, mask),
            decision,
            _where(exit_.error),
        )
        self._newest.append(crash)
        self._add(crash, type(exit_.error).__name__, cell.restarts)
        log = cell.log.error if exit_.abnormal else cell.log.info
        text = crash.traceback or None
        log("ended", reason=crash.reason, incarnation=crash.incarnation, decision=decision, traceback=text)

    def _add(self, crash: Crash, error: str, restarts: int) -> None:
        key = "|".join((crash.address, crash.type, str(crash.during), error, crash.where))
        before = self._histories.pop(key, None)
        if before is None:
            history = CrashHistory(key, 1, crash.at_ns, crash, restarts)
        else:
            history = CrashHistory(key, before.count + 1, before.first_ns, crash, restarts)
        self._histories[key] = history
        self._forget_oldest()
        self.on_change(history)

    def remember(self, histories: Iterable[CrashHistory]) -> None:
        """Go on from what an earlier process left, before anything crashes in this one."""
        earlier = {each.key: each for each in sorted(histories, key=lambda each: each.last.at_ns)}
        self._histories = {**earlier, **self._histories}
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._histories) > MOST_HISTORIES:
            del self._histories[next(iter(self._histories))]

    @property
    def histories(self) -> list[CrashHistory]:
        """Those that are known, the one that went on last at the end; earlier processes' included."""
        return list(self._histories.values())

    def __iter__(self) -> Iterator[Crash]:
        return iter(self._newest)


def _traceback(error: BaseException | None, mask: Callable[[str], str]) -> str:
    if error is None:
        return ""
    lines = mask("\n".join(_lines(error))).split("\n")
    return "\n".join(line[:LINE_LENGTH] for line in lines[-TRACEBACK_LINES:])


def _lines(error: BaseException, depth: int = 5) -> list[str]:
    """The traceback, those of the errors before it first. Python's own way of it takes longer than a restart."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    found = [] if before is None or not depth else [*_lines(before, depth - 1), "", "and then:", ""]
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        found.append(f'  File "{code.co_filename}", line {line}, in {code.co_name}')
        found.append(f"    {linecache.getline(code.co_filename, line).strip()}")
    return [*found, *"".join(traceback.format_exception_only(error)).splitlines()]


def _where(error: BaseException | None) -> str:
    if error is None or error.__traceback__ is None:
        return ""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_code.co_filename.rsplit('/', 1)[-1]}:{line}"

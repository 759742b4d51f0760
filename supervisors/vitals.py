"""Takes the pulse of every actor once a second, so that trouble has a beginning and does not wait to be looked for.

Nothing is added to the way of a message: what is read are the counters that are there anyway. With many actors it
looks less often; it never takes more than a hundredth of the time.
"""

from typing import Any

import attrs
import gevent

from actors.runtime import Actor, Cell, handles
from actors.runtime.stacks import began_ns
from actors.runtime.telemetry import SUM
from perpbot.clock import NS_PER_SECOND, awake_ns, iso, wall_ns
from supervisors.pulse import Kind, Pulse, Reading, Trouble

INTERVAL_S = 1.0
LARGEST_SHARE = 0.01
SLICE_NS = 500_000
"""Nobody waits longer for it."""
MOST_WORDS = 120
GRAVE = frozenset(Kind) - {Kind.SLOW}
"""Troubles that make a system unwell. A slow message alone is only worth knowing."""


@attrs.frozen
class _Look:
    """It is time."""


class Vitals(Actor):
    """Follows every address, and says in the log when trouble begins and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.pulses: dict[str, Pulse] = {}
        self._known: dict[tuple[str, Kind], Trouble] = {}
        self._looks = 0
        self._spent_ns = 0

    def on_start(self) -> None:
        """Begin."""
        self.timers.after(0, _Look())

    @handles(_Look)
    def on_look(self, _: _Look) -> None:
        """Read everybody's counters."""
        cells = [cell for cell in self.system.cells() if cell.incarnation]
        began, before = awake_ns(), self._spent_ns
        for cell in cells:
            pulse = self.pulses.setdefault(cell.address, Pulse())
            pulse.feed(read(cell, pulse.last))
            if awake_ns() - began > SLICE_NS:
                self._spent_ns += awake_ns() - began
                gevent.sleep(0)  # the others first
                began = awake_ns()
        for address in self.pulses.keys() - {cell.address for cell in cells}:
            del self.pulses[address]
        self._tell_news()
        self._spent_ns += awake_ns() - began
        took = self._spent_ns - before
        self._looks += 1
        self.timers.after(max(INTERVAL_S, took / NS_PER_SECOND / LARGEST_SHARE), _Look())

    def troubles(self) -> list[tuple[str, Trouble]]:
        """Who is in trouble, and which; the longest lasting first."""
        found = [(address, each) for address, pulse in self.pulses.items() for each in pulse.troubles()]
        return sorted(found, key=lambda each: each[1].since_ns)

    def _tell_news(self) -> None:
        now = {(address, trouble.kind): trouble for address, trouble in self.troubles()}
        for (address, kind), trouble in now.items():
            if (address, kind) not in self._known:
                log = self.log.warning if kind in GRAVE else self.log.info
                log("trouble", who=address, trouble=kind.value, what=trouble.what, since=iso(wall(trouble.since_ns)))
        for address, kind in self._known.keys() - now.keys():
            self.log.info("trouble is over", who=address, trouble=kind.value)
        self._known = now

    def describe(self) -> dict[str, Any]:
        """What it follows, and what that costs."""
        return {
            "actors": len(self.pulses),
            "looks": self._looks,
            "us_a_look": self._spent_ns // max(1, self._looks) // 1_000,
            "troubles": [f"{address}: {trouble.what}" for address, trouble in self.troubles()],
        }


def read(cell: Cell, before: Reading | None) -> Reading:
    """The counters of one address as they are now; what has not changed since `before` is not copied again."""
    counts: dict[str, list[int]] = {}
    known = {} if before is None else before.counts
    handled = 0 if before is None else before.handled
    for kind, times in list(cell.times.items()):
        old, cells = known.get(kind.__name__), times.cells
        if old is not None and (old[SUM], old[0]) == (cells[SUM], cells[0]):  # the first counts what took no time
            counts[kind.__name__] = old
        else:
            counts[kind.__name__] = list(cells)
            handled += sum(cells[:SUM]) - (0 if old is None else sum(old[:SUM]))
    return Reading(
        at_ns=awake_ns(),
        incarnation=cell.incarnation,
        state=cell.state.value,
        counts=counts,
        depth=cell.mailbox.depth,
        dropped=cell.mailbox.dropped,
        crashes=cell.crashes,
        doing=cell.doing,
        began_ns=began_ns(cell),
        ticks=cell.ticks_handled,
        handled=handled,
        capacity=cell.mailbox.capacity,
        failure=None if cell.last_failure is None else cell.system.mask(str(cell.last_failure.exit))[:MOST_WORDS],
    )


def wall(moment_ns: int) -> int:
    """A moment of the clock of those awake on the wall's."""
    return wall_ns() - (awake_ns() - moment_ns)

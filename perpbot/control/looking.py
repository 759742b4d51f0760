"""Verbs that look at actors: the tree, one actor, how they do, where they stand, what went wrong."""

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from greenlet import getcurrent

from actors.runtime import Cell
from actors.runtime.stacks import Place, frame_of, places
from actors.runtime.telemetry import HandlerTimes
from perpbot.clock import awake_ns, iso, wall_ns
from perpbot.control.arguments import Args, cell_at, number
from perpbot.control.crashes import shown
from perpbot.program import Program
from supervisors import inspection
from supervisors.presenting import presentable
from supervisors.pulse import Heaviest, Pulse
from supervisors.vitals import Vitals

MOST_LETTERS, MOST_CRASHES = 1_000, 200
NS_PER_US = 1_000
PROJECT = Path(__file__).parents[2]
_RUNTIME = str(PROJECT / "actors" / "runtime")
_GEVENT = f"{Path(sys.modules['gevent'].__file__ or '').parent}"


def tree(program: Program, args: Args) -> Any:
    """The supervision tree, or a part of it."""
    return inspection.tree(program.system, program.parts.gates, cell_at(program.system, args).address)


def inspect(program: Program, args: Args) -> Any:
    """Everything of one actor."""
    cell = cell_at(program.system, args)
    pulse = _pulses(program).get(cell.address)
    looked = inspection.inspect(program.system, program.parts.gates, cell.address, pulse)
    return {**looked, "histories": [shown(each) for each in _histories(program, cell.address)]}


def _pulses(program: Program) -> dict[str, Pulse]:
    vitals = program.vitals()
    return {} if vitals is None else vitals.pulses


def troubles(vitals: Vitals | None) -> list[dict[str, Any]]:
    """What is wrong with which actor, and since when; the longest lasting first."""
    return [{"address": address, **inspection.trouble(each)} for address, each in (vitals.troubles() if vitals else ())]


# -- top ---------------------------------------------------------------------------------------------------------------


def top(program: Program, _: Args) -> Any:
    """How every actor does: rates of the last seconds, what takes its time, and who is in trouble."""
    vitals = program.vitals()
    pulses = _pulses(program)
    cells = [cell for cell in program.system.cells() if cell.incarnation]
    rows = [_row(program, cell, pulses.get(cell.address)) for cell in cells]
    return {
        "at": iso(wall_ns()),
        "known": vitals is not None,
        "messages_per_s": round(sum(each["messages_per_s"] or 0 for each in rows), 1),
        "restarts": sum(cell.restarts for cell in cells),
        "crashes": program.system.crashes.total,
        "dead_letters": program.system.letters.total,
        "actors": rows,
        "troubles": troubles(vitals),
    }


def _row(program: Program, cell: Cell, pulse: Pulse | None) -> dict[str, Any]:
    rates = None if pulse is None else pulse.rates()
    gate = program.parts.gates.get(cell.address)
    oldest = None if pulse is None or not cell.mailbox.depth else pulse.oldest_ns(awake_ns())
    return {
        "address": cell.address,
        "type": cell.type_name,
        "kind": cell.kind,
        "state": cell.state.value,
        "circuit": None if gate is None else gate.circuit.value,
        "messages": cell.messages,
        "messages_per_s": None if rates is None else round(rates.messages, 1),
        "busy": None if rates is None else round(rates.busy, 4),
        "mailbox": {
            "depth": cell.mailbox.depth,
            "capacity": cell.mailbox.capacity,
            "high_water": cell.mailbox.high_water,
            "dropped": cell.mailbox.dropped,
            "growth_per_s": None if rates is None else round(rates.growth, 1),
            "oldest_s": None if oldest is None else round(oldest / 1e9, 1),
        },
        "heaviest": None if rates is None or rates.heaviest is None else _heaviest(rates.heaviest),
        "slowest": _slowest(cell),
        "doing": inspection.doing(cell),
        "restarts": cell.restarts,
        "crashes": cell.crashes,
    }


def _heaviest(each: Heaviest) -> dict[str, Any]:
    return {
        "message": each.message,
        "share": round(each.share, 4),
        "count": each.count,
        "mean_us": round(each.mean_ns / NS_PER_US, 1),
        "max_us": round(each.max_ns / NS_PER_US, 1),
    }


def _slowest(cell: Cell) -> dict[str, Any] | None:
    """Of all messages since the start the one that took longest."""

    def longest(each: tuple[type, HandlerTimes]) -> int:
        return each[1].max_ns

    kind, times = max(list(cell.times.items()), key=longest, default=(None, None))
    if kind is None or times is None:
        return None
    return {"message": kind.__name__, "max_us": round(times.max_ns / NS_PER_US, 1)}


# -- stacks ------------------------------------------------------------------------------------------------------------


def stacks(program: Program, args: Args) -> Any:
    """Where the greenlet of every actor stands, and those of its tasks; without an address the threads too."""
    if args.get("address"):
        return {"actors": [_stack(cell_at(program.system, args))], "threads": []}
    cells = [cell for cell in program.system.cells() if cell.greenlet is not None]
    return {"actors": [_stack(cell) for cell in cells], "threads": _threads()}


def _stack(cell: Cell) -> dict[str, Any]:
    green = cell.greenlet
    return {
        "address": cell.address,
        "state": cell.state.value,
        "doing": inspection.doing(cell),
        "stack": [] if green is None or cell.handling is None else _places(_frame(green)),
        "tasks": [{"name": task.what, "stack": _places(_frame(task))} for task in cell.tasks],
    }


def _frame(green: Any) -> FrameType | None:
    return sys._getframe() if green is getcurrent() else frame_of(green)  # noqa: SLF001 - its own


def _threads() -> list[dict[str, Any]]:
    here = sys._getframe()  # noqa: SLF001 - this thread's is among them
    found = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - there is no other way to see native threads
        hub = _outermost(frame) is _outermost(here) or frame is here
        found.append({"id": ident, "actors": hub, "stack": _places(frame, whole=True)})
    return found


def _outermost(frame: FrameType) -> FrameType:
    while frame.f_back is not None:
        frame = frame.f_back
    return frame


def _places(frame: FrameType | None, *, whole: bool = False) -> list[dict[str, Any]]:
    """A stack as it is read: without the runtime's own beginning and gevent's own end, which are always the same."""
    stack = places(frame)
    if not whole:
        stack = _inner(stack)
    return [{"file": _short(each.file), "line": each.line, "in": each.function, "text": each.text} for each in stack]


def _inner(stack: list[Place]) -> list[Place]:
    own = [number for number, each in enumerate(stack) if not each.file.startswith((_RUNTIME, _GEVENT))]
    if not own:
        return stack[-1:]
    last = own[-1]
    return stack[own[0] : last + 2]


def _short(file: str) -> str:
    for root in ("site-packages/", f"{PROJECT}/", f"python{sys.version_info.major}.{sys.version_info.minor}/"):
        if root in file:
            return file.partition(root)[2]
    return file


# -- what went wrong ---------------------------------------------------------------------------------------------------


def crashes(program: Program, args: Args) -> Any:
    """Histories of crashes, the newest first, those of earlier runs included."""
    limit = int(number(args, "limit", MOST_CRASHES, 1, MOST_CRASHES))
    address = args.get("address")
    found = _histories(program, None if address is None else str(address))
    if address is not None and not found:
        cell_at(program.system, args)  # nothing crashed at an address that nobody knows: say that instead
    return [shown(each) for each in found[:limit]]


def _histories(program: Program, address: str | None) -> list[Any]:
    newest_first = reversed(program.system.crashes.histories)
    below = None if address is None else address.rstrip("/") + "/"
    return [
        each
        for each in newest_first
        if below is None or each.last.address == address or each.last.address.startswith(below)
    ]


def dead_letters(program: Program, args: Args) -> Any:
    """The newest messages that were not delivered, newest first, and how many there were of each sort."""
    limit = int(number(args, "limit", MOST_LETTERS, 1, MOST_LETTERS))
    address = args.get("address")
    letters = program.system.letters
    kept = [each for each in letters if address is None or address in {each.receiver, each.sender}]
    if address is not None and not kept:
        cell_at(program.system, args)
    sorts = Counter((each.type, each.sender, each.receiver, each.why.value) for each in kept)
    last = {(each.type, each.sender, each.receiver, each.why.value): each.at_ns for each in kept}
    newest = [
        {
            "at": iso(each.at_ns),
            "to": each.receiver,
            "from": each.sender,
            "why": each.why.value,
            "type": each.type,
            "message": presentable(each.message, depth=2, most=20, mask=program.mask),
        }
        for each in kept[-limit:][::-1]
    ]
    return {
        "total": letters.total,
        "kept": len(kept),
        "counts": {why.value: count for why, count in letters.counts.items()},
        "sorts": [
            {"type": sort[0], "from": sort[1], "to": sort[2], "why": sort[3], "count": count, "last": iso(last[sort])}
            for sort, count in sorts.most_common(MOST_CRASHES)
        ],
        "newest": newest,
    }

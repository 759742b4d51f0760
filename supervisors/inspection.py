"""Looking into a running system: the tree and single actors, as plain values. It costs nothing when nobody looks."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import gevent

from actors.gate import Gate
from actors.runtime import Actor, Cell, System
from actors.runtime.asks import Ask
from actors.runtime.crashes import REASON_LENGTH
from actors.runtime.exits import shown
from actors.runtime.stacks import began_ns
from actors.runtime.telemetry import HandlerTimes
from perpbot.clock import NS_PER_SECOND, awake_ns, iso, monotonic_ns
from supervisors.presenting import presentable
from supervisors.pulse import Pulse, Trouble
from supervisors.supervisor import Supervisor
from supervisors.vitals import wall

CRASHES_SHOWN = 10
DESCRIBE_S = 1.0
MOST_COUNTED = 10_000
"""Of the messages that wait, so many are looked at."""


def find(system: System, address: str) -> Cell:
    """What is known of an address where somebody lives or lived; `KeyError` otherwise."""
    cell = system.known(address)
    if cell is None or cell.incarnation == 0:
        raise KeyError(address)
    return cell


def tree(system: System, gates: Mapping[str, Gate], address: str) -> dict[str, Any]:
    """The supervision tree from `address` down, as nested nodes; `KeyError` when nobody lives there."""
    return _node(find(system, address), gates)


def _node(cell: Cell, gates: Mapping[str, Gate]) -> dict[str, Any]:
    times = _all_times(cell.times.values())
    gate = gates.get(cell.address)
    return {
        "address": cell.address,
        "name": cell.name,
        "kind": cell.kind,
        "type": cell.type_name,
        "state": cell.state.value,
        "uptime_s": _seconds_since(cell.started_ns) if cell.alive else None,
        "restarts": cell.restarts,
        "mailbox": {
            "depth": cell.mailbox.depth,
            "capacity": cell.mailbox.capacity,
            "high_water": cell.mailbox.high_water,
            "dropped": cell.mailbox.dropped,
        },
        "messages": cell.messages,
        "latency_us": {"p50": _us(times.quantile_ns(0.5)), "p99": _us(times.quantile_ns(0.99))},
        "last_failure": _failure(cell),
        "circuit": None if gate is None else gate.circuit.value,
        "circuit_s": None if gate is None else round((monotonic_ns() - gate.moved_ns) / NS_PER_SECOND, 3),
        "strategy": _strategy(cell),
        "children": [_node(child, gates) for child in cell.children.values()],
    }


def inspect(system: System, gates: Mapping[str, Gate], address: str, pulse: Pulse | None) -> dict[str, Any]:
    """Everything known of one actor; `KeyError` when nobody lives, or lived, there."""
    cell = find(system, address)
    node = _node(cell, gates)
    gate = gates.get(address)
    return {
        **node,
        "children": [child.address for child in cell.children.values()],
        "supervisor": _supervisor(cell),
        "incarnation": cell.incarnation,
        "handling": cell.doing,
        "doing": doing(cell),
        "troubles": [] if pulse is None else [trouble(each) for each in pulse.troubles()],
        "circuit_reason": None if gate is None else gate.reason,
        "circuit_moves": None if gate is None else gate.moves,
        "mailbox": {**node["mailbox"], **_mailbox(cell, pulse)},
        "handlers": {kind.__name__: handler_times(each) for kind, each in cell.times.items()},
        "timers": [
            {"key": key, "message": message, "interval_s": interval}
            for key, message, interval in (cell.timers.pending() if cell.timers is not None else ())
        ],
        "tasks": len(cell.tasks),
        "watchers": system.watches.watchers(cell),
        "subscribers": {
            getattr(topic, "__name__", str(topic)): [ref.address for ref in refs]
            for topic, refs in ({} if cell.topics is None else cell.topics.subscribers).items()
        },
        "subscribed_to": [] if cell.topics is None else sorted(cell.topics.publishers),
        "crashes": [
            {"at": iso(each.at_ns), "incarnation": each.incarnation, "reason": each.reason, "decision": each.decision}
            for each in system.crashes
            if each.address == address
        ][-CRASHES_SHOWN:],
        "state_of_actor": None if cell.actor is None else _described(cell.actor, system.mask),
    }


def _described(actor: Actor, mask: Callable[[str], str]) -> Any:
    """What the actor says of itself; where it cannot, or takes too long, why not."""
    limit = gevent.Timeout(DESCRIBE_S)
    try:
        with limit:
            return presentable(actor.describe(), mask=mask)
    except gevent.Timeout as late:
        if late is not limit:
            raise
        return {"describe": f"waited for something, and was given up after {DESCRIBE_S:g} s"}
    except Exception as error:  # noqa: BLE001 - everything else of the actor is shown all the same
        return {"describe": presentable(f"raised {type(error).__name__}: {shown(error)}", mask=mask)}


def doing(cell: Cell) -> dict[str, Any] | None:
    """What an actor is at, for how long, and whom it waits for; None when it is at nothing."""
    if cell.handling is None:
        return None
    began = began_ns(cell)
    waits_for = cell.waits_for
    return {
        "message": cell.doing,
        "seconds": None if began is None else _seconds_since(began),
        "waits_for": None if waits_for is None else waits_for.address,
    }


def trouble(each: Trouble) -> dict[str, Any]:
    """One trouble for whoever asks."""
    return {
        "kind": each.kind.value,
        "since": iso(wall(each.since_ns)),
        "seconds": _seconds_since(each.since_ns),
        "what": each.what,
    }


def handler_times(times: HandlerTimes) -> dict[str, Any]:
    """How long an actor took for messages of one type."""
    return {
        "count": times.count,
        "total_us": _us(times.total_ns),
        "p50_us": _us(times.quantile_ns(0.5)),
        "p99_us": _us(times.quantile_ns(0.99)),
        "max_us": _us(times.max_ns),
    }


def _mailbox(cell: Cell, pulse: Pulse | None) -> dict[str, Any]:
    box = cell.mailbox
    kinds = Counter(_kind(each) for each in islice(box.unread(), MOST_COUNTED))
    oldest = None if pulse is None or not box.depth else pulse.oldest_ns(awake_ns())
    return {
        "overflow": box.overflow.value,
        "waiting_ticks": len(box.ticks),
        "waiting": dict(kinds.most_common(20)),
        "oldest_s": None if oldest is None else round(oldest / NS_PER_SECOND, 1),
    }


def _kind(message: Any) -> str:
    return type(message.message if type(message) is Ask else message).__name__


def _supervisor(cell: Cell) -> dict[str, Any] | None:
    """Who restarts this actor, and by which rules."""
    parent = cell.parent
    if parent is None or not isinstance(parent.actor, Supervisor):
        return None
    policy = parent.actor.policy
    child = policy.children.get(cell.name)
    if child is None:
        return None
    spec, flags = child.spec, policy.flags
    return {
        "address": parent.address,
        "strategy": flags.strategy.value,
        "restart": spec.restart.value,
        "intensity": None if spec.backoff is not None else flags.intensity,
        "period_s": flags.period_s,
        "backoff": None if spec.backoff is None else {"min_s": spec.backoff.min_s, "max_s": spec.backoff.max_s},
        "shutdown_s": spec.shutdown_s,
        "status": child.status.value,
    }


def _strategy(cell: Cell) -> str | None:
    return cell.actor.policy.flags.strategy.value if isinstance(cell.actor, Supervisor) else None


def _seconds_since(moment_ns: int) -> float:
    return round((awake_ns() - moment_ns) / NS_PER_SECOND, 3)


def _failure(cell: Cell) -> dict[str, str] | None:
    failure = cell.last_failure
    if failure is None:
        return None
    return {"at": iso(failure.at_ns), "reason": cell.system.mask(str(failure.exit))[:REASON_LENGTH]}


def _all_times(every: Iterable[HandlerTimes]) -> HandlerTimes:
    merged = HandlerTimes()
    for each in every:
        merged.merge(each)
    return merged


def _us(ns: int | None) -> float | None:
    return None if ns is None else round(ns / 1_000, 1)

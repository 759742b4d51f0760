"""Looking into a running system: the tree and single actors, as plain values. It costs nothing when nobody looks."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from actors.gate import Gate
from actors.runtime import Cell, System
from actors.runtime.telemetry import HandlerTimes
from perpbot.clock import NS_PER_SECOND, iso, monotonic_ns
from perpbot.model.money import plain
from supervisors.supervisor import Supervisor

MAX_DEPTH = 6
MAX_ITEMS = 200
MAX_TEXT = 2_000


def tree(system: System, gates: Mapping[str, Gate], address: str) -> dict[str, Any]:
    """The supervision tree from `address` down, as nested nodes; `KeyError` when nobody lives there."""
    cell = system.known(address)
    if cell is None or cell.incarnation == 0:
        raise KeyError(address)
    return _node(cell, gates)


def _node(cell: Cell, gates: Mapping[str, Gate]) -> dict[str, Any]:
    actor = cell.actor
    times = _all_times(cell.times.values())
    gate = gates.get(cell.address)
    supervisor = actor if isinstance(actor, Supervisor) else None
    return {
        "address": cell.address,
        "name": cell.name,
        "kind": cell.kind,
        "type": cell.type_name,
        "state": cell.state.value,
        "uptime_s": round((monotonic_ns() - cell.started_ns) / NS_PER_SECOND, 3) if cell.alive else None,
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
        "strategy": None if supervisor is None else supervisor.policy.flags.strategy.value,
        "children": [_node(child, gates) for child in cell.children.values()],
    }


def inspect(system: System, gates: Mapping[str, Gate], address: str) -> dict[str, Any]:
    """Everything known of one actor; `KeyError` when nobody lives, or lived, there."""
    cell = system.known(address)
    if cell is None or cell.incarnation == 0:
        raise KeyError(address)
    node = _node(cell, gates)
    node["children"] = [child.address for child in cell.children.values()]
    return {
        **node,
        "incarnation": cell.incarnation,
        "handling": cell.doing,
        "circuit_reason": gates[address].reason if address in gates else None,
        "mailbox": {
            **node["mailbox"],
            "overflow": cell.mailbox.overflow.value,
            "waiting_ticks": len(cell.mailbox.ticks),
        },
        "handlers": {
            kind.__name__: {
                "count": each.count,
                "p50_us": _us(each.quantile_ns(0.5)),
                "p99_us": _us(each.quantile_ns(0.99)),
                "max_us": _us(each.max_ns),
            }
            for kind, each in cell.times.items()
        },
        "timers": [
            {"key": key, "message": message, "interval_s": interval}
            for key, message, interval in (cell.timers.pending() if cell.timers is not None else ())
        ],
        "tasks": len(list(cell.tasks)),
        "subscribers": {str(topic): [ref.address for ref in refs] for topic, refs in cell.subscriptions.items()},
        "subscribed_to": sorted(cell.subscribed_to),
        "crashes": [
            {"at": iso(each.at_ns), "incarnation": each.incarnation, "reason": each.reason, "decision": each.decision}
            for each in system.crashes
            if each.address == address
        ][-10:],
        "state_of_actor": None if cell.actor is None else presentable(cell.actor.describe()),
    }


def presentable(value: Any, depth: int = MAX_DEPTH) -> Any:
    """`value` as JSON-able values, limited in depth and length."""
    if isinstance(value, Decimal):
        return plain(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        items = [(_key(key), presentable(each, depth - 1)) for key, each in list(value.items())[:MAX_ITEMS]]
        return dict(items)
    if attrs.has(type(value)):
        return presentable(attrs.asdict(value, recurse=False), depth)
    if isinstance(value, Iterable):
        return [presentable(each, depth - 1) for each in list(value)[:MAX_ITEMS]]
    return presentable(repr(value), depth)


def _key(key: object) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _failure(cell: Cell) -> dict[str, str] | None:
    failure = cell.last_failure
    return None if failure is None else {"at": iso(failure.at_ns), "reason": str(failure.exit)}


def _all_times(every: Iterable[HandlerTimes]) -> HandlerTimes:
    merged = HandlerTimes()
    for each in every:
        merged.merge(each)
    return merged


def _us(ns: int | None) -> float | None:
    return None if ns is None else round(ns / 1_000, 1)

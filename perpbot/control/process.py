"""What the surfaces show of the process itself: whether it may be left alone, and who kept it waiting."""

from typing import Any

from actors.heartbeat import Heartbeat
from actors.runtime import System
from perpbot.clock import NS_PER_MS, iso
from supervisors.addresses import HEARTBEAT


def process(system: System) -> dict[str, Any]:
    """Signs of life and the blocks of the hub, as JSON-able values; durations say their unit."""
    cell = system.known(HEARTBEAT)
    actor = None if cell is None else cell.actor
    health = actor.health() if isinstance(actor, Heartbeat) else None
    watchdog = system.watchdog
    return {
        "alive": health is not None and health.alive,
        "problems": [f"{HEARTBEAT} is away"] if health is None else list(health.problems),
        "silent_s": {} if health is None else dict(health.silent_s),
        "blocked": {
            "total": watchdog.total,
            "longest_ms": round(watchdog.longest_ns / NS_PER_MS, 1),
            "newest": [
                {
                    "at": iso(each.at_ns),
                    "ms": round(each.lasted_ns / NS_PER_MS, 1),
                    "address": each.address,
                    "during": each.during,
                    "stack": [f"{place.file}:{place.line} {place.function}" for place in each.stack],
                    "said": str(each),
                }
                for each in watchdog
            ],
        },
    }

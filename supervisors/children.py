"""How children are kept: which failures count, who backs off, and how long a start may take."""

from collections.abc import Callable

import attrs

from actors.runtime import Actor, Backoff
from supervisors.parts import Parts
from supervisors.spec import ChildSpec, Flags, Kind, Strategy
from supervisors.supervisor import Supervisor

REPLAY_START_S = 90.0
"""What reads the journal at its start gives up on that before its supervisor gives up on it."""
TREE_START_S = 4 * REPLAY_START_S
"""A supervisor's start is that of all its children."""


def actor(name: str, parts: Parts, start: Callable[[], Actor]) -> ChildSpec:
    """A child whose failures count: when it cannot be kept up, everything that depends on it starts anew."""
    return ChildSpec(
        name=name,
        start=start,
        shutdown_s=parts.settings.supervision.shutdown_sec,
        start_timeout_s=REPLAY_START_S,
    )


def resilient(name: str, parts: Parts, start: Callable[[], Actor]) -> ChildSpec:
    """A child that backs off: it may fail for as long as it likes without taking anybody down."""
    return attrs.evolve(actor(name, parts, start), backoff=backoff_of(parts))


def supervisor(name: str, parts: Parts, strategy: Strategy, specs: list[ChildSpec]) -> ChildSpec:
    """A supervisor with an address."""
    return supervised(name, specs, flags_of(parts, strategy))


def group(name: str, parts: Parts, strategy: Strategy, specs: list[ChildSpec]) -> ChildSpec:
    """A supervisor that only groups: addresses start below it."""
    return supervised(name, specs, attrs.evolve(flags_of(parts, strategy), group=True))


def supervised(name: str, specs: list[ChildSpec], flags: Flags) -> ChildSpec:
    """A supervisor that goes by `flags`; it has the time its children need to start."""
    return ChildSpec(
        name=name, start=lambda: Supervisor(specs, flags), kind=Kind.SUPERVISOR, start_timeout_s=TREE_START_S
    )


def flags_of(parts: Parts, strategy: Strategy) -> Flags:
    """`strategy`, and restarts as the configuration allows them."""
    settings = parts.settings.supervision
    return Flags(strategy=strategy, intensity=settings.intensity, period_s=settings.period_sec)


def backoff_of(parts: Parts) -> Backoff:
    """How long a child waits before it starts anew."""
    settings = parts.settings.supervision
    return Backoff(
        min_s=settings.backoff_min_sec,
        max_s=settings.backoff_max_sec,
        jitter=settings.backoff_jitter,
    )

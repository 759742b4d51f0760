"""How a supervisor is told about its children. A wrong value is refused when the spec is made, and named."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import attrs

from actors.runtime import Actor, Backoff, MailboxSpec


class SpecError(ValueError):
    """A child spec or supervisor setting that cannot work; the text names the bad value."""


class Restart(StrEnum):
    """When a child that ended is started again."""

    PERMANENT = "permanent"
    """Always."""
    TRANSIENT = "transient"
    """After a failure or a kill."""
    TEMPORARY = "temporary"
    """Never; its spec goes with it."""


class Strategy(StrEnum):
    """Who else is restarted with a child that failed."""

    ONE_FOR_ONE = "one_for_one"
    """Nobody."""
    ONE_FOR_ALL = "one_for_all"
    """Everybody."""
    REST_FOR_ONE = "rest_for_one"
    """Those started after it."""


class Kind(StrEnum):
    """What a child is."""

    ACTOR = "actor"
    SUPERVISOR = "supervisor"


def _check_delay(_: Any, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not value >= 0:
        raise SpecError(f"{attribute.name} must be zero or more seconds, not {value!r}")


@attrs.frozen(kw_only=True)
class ChildSpec:
    """One child: how it is made, when it is restarted, how long it may take to stop."""

    name: str = attrs.field()
    start: Callable[[], Actor] = attrs.field(repr=False)
    """Makes a fresh actor; called anew for every incarnation."""
    restart: Restart = attrs.field(default=Restart.PERMANENT)
    kind: Kind = attrs.field(default=Kind.ACTOR)
    shutdown_s: float | None = attrs.field()
    """Seconds to stop before it is killed; 0 kills at once, None waits for ever."""
    mailbox: MailboxSpec | None = None
    """How its mailbox is kept; None takes what the actor's class says."""
    keep_mailbox: bool = False
    """Whether messages that wait survive a restart; else they become dead letters."""
    backoff: Backoff | None = None
    """Waits before a restart. Such restarts do not count to the supervisor's intensity: a venue that is away for a
    day must not take the tree down."""
    start_timeout_s: float = attrs.field(default=30.0, validator=_check_delay)

    @name.validator
    def _check_name(self, _: Any, value: Any) -> None:
        if not isinstance(value, str) or not value or "/" in value:
            raise SpecError(f"name must be text without '/', not {value!r}")

    @start.validator
    def _check_start(self, _: Any, value: Any) -> None:
        if not callable(value):
            raise SpecError(f"start must be callable, not {value!r}")

    @restart.validator
    def _check_restart(self, _: Any, value: Any) -> None:
        if value not in list(Restart):
            raise SpecError(f"restart must be one of {', '.join(Restart)}, not {value!r}")

    @kind.validator
    def _check_kind(self, _: Any, value: Any) -> None:
        if value not in list(Kind):
            raise SpecError(f"kind must be one of {', '.join(Kind)}, not {value!r}")

    @shutdown_s.default
    def _default_shutdown(self) -> float | None:
        return None if self.kind == Kind.SUPERVISOR else 5.0

    @shutdown_s.validator
    def _check_shutdown(self, _: Any, value: Any) -> None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
            raise SpecError(f"shutdown_s must be zero or more seconds or None, not {value!r}")


@attrs.frozen(kw_only=True)
class Flags:
    """How a supervisor treats all of its children.

    `intensity` restarts are allowed in any `period_s` seconds, both ends included; one more and the supervisor
    stops its children and ends, which is its own supervisor's concern then.
    """

    strategy: Strategy = attrs.field(default=Strategy.ONE_FOR_ONE)
    intensity: int = attrs.field(default=3)
    period_s: float = attrs.field(default=5.0)
    dynamic: bool = False
    """Whether children come and go: they stop all at once instead of newest first, and one that ended for good is
    forgotten."""
    group: bool = False
    """Whether it only groups: the addresses of its children leave it out."""

    @strategy.validator
    def _check_strategy(self, _: Any, value: Any) -> None:
        if value not in list(Strategy):
            raise SpecError(f"strategy must be one of {', '.join(Strategy)}, not {value!r}")

    @intensity.validator
    def _check_intensity(self, _: Any, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise SpecError(f"intensity must be a whole number of zero or more, not {value!r}")

    @period_s.validator
    def _check_period(self, _: Any, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise SpecError(f"period_s must be more than zero seconds, not {value!r}")


def check_specs(specs: Sequence[ChildSpec]) -> None:
    """Refuse two children of one name; needs no running supervisor."""
    seen: dict[str, ChildSpec] = {}
    for spec in specs:
        if spec.name in seen:
            raise SpecError(f"duplicate child name {spec.name!r}")
        seen[spec.name] = spec

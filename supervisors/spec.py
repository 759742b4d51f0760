"""How a supervisor is told about its children. A wrong value is refused when the spec is made, and named."""

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from math import inf
from typing import Any, TypeVar

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


class AutoShutdown(StrEnum):
    """Whether a supervisor ends, well, when significant children have ended by themselves for good."""

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"
    """With the last of them."""


E = TypeVar("E", bound=StrEnum)


def _one_of(kind: type[E], name: str, value: Any) -> E:
    if isinstance(value, str) and value in list(kind):
        return kind(value)
    raise SpecError(f"{name} must be one of {', '.join(kind)}, not {value!r}")


def _restart(value: Any) -> Restart:
    return _one_of(Restart, "restart", value)


def _kind(value: Any) -> Kind:
    return _one_of(Kind, "kind", value)


def _strategy(value: Any) -> Strategy:
    return _one_of(Strategy, "strategy", value)


def _auto_shutdown(value: Any) -> AutoShutdown:
    return _one_of(AutoShutdown, "auto_shutdown", value)


def _seconds(*, least: float = 0.0, more: bool = False, optional: bool = False) -> Any:
    """A validator of finite seconds: at least `least`, or `more` than that; None where it is optional."""

    def check(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if value is None and optional:
            return
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= value < inf or (more and value == least):
            wanted = "more than zero seconds" if more else "zero or more seconds"
            raise SpecError(f"{attribute.name} must be {wanted}{' or None' if optional else ''}, not {value!r}")

    return check


def _whole(*, least: int, optional: bool = False) -> Any:
    """A validator of whole numbers from `least` on; None where it is optional."""

    def check(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if value is None and optional:
            return
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise SpecError(
                f"{attribute.name} must be a whole number of {least} or more{' or None' if optional else ''}, "
                f"not {value!r}"
            )

    return check


def _yes_or_no(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    if not isinstance(value, bool):
        raise SpecError(f"{attribute.name} must be True or False, not {value!r}")


@attrs.frozen(kw_only=True)
class Limit:
    """At most `restarts` in any `within_s` seconds; without them, ever since the last reset of the back-off."""

    restarts: int = attrs.field(validator=_whole(least=0))
    within_s: float | None = attrs.field(default=None, validator=_seconds(more=True, optional=True))


@attrs.frozen
class Reply:
    """Whoever asks a child that is in back-off gets this answer; what is told it becomes a dead letter."""

    answer: Any


@attrs.frozen
class StandIn:
    """Whatever is sent to a child that is in back-off goes to this address, if somebody lives there."""

    address: str


@attrs.frozen(kw_only=True)
class ChildSpec:
    """One child: how it is made, when it is restarted, how long it may take to stop."""

    name: str = attrs.field()
    start: Callable[[], Actor] = attrs.field(repr=False)
    """Makes a fresh actor; called anew for every incarnation."""
    restart: Restart = attrs.field(default=Restart.PERMANENT, converter=_restart)
    kind: Kind = attrs.field(default=Kind.ACTOR, converter=_kind)
    shutdown_s: float | None = attrs.field(validator=_seconds(optional=True))
    """Seconds to stop before it is killed; 0 kills at once, None waits for ever."""
    significant: bool = attrs.field(default=False, validator=_yes_or_no)
    """Whether its end for good may end the supervisor, see `AutoShutdown`."""
    mailbox: MailboxSpec | None = None
    """How its mailbox is kept; None takes what the actor's class says."""
    keep_mailbox: bool = attrs.field(default=False, validator=_yes_or_no)
    """Whether messages that wait survive a restart; else they become dead letters."""
    backoff: Backoff | None = None
    """Waits before a restart. Such restarts do not count to the supervisor's intensity: a venue that is away for a
    day must not take the tree down."""
    backoff_limit: Limit | None = None
    """How often it may be restarted with back-off; one more ends the supervisor. None: for ever."""
    while_down: Reply | StandIn | None = None
    """Who answers during back-off; None makes dead letters of what is sent meanwhile."""
    start_timeout_s: float = attrs.field(default=30.0, validator=_seconds())

    @name.validator
    def _check_name(self, _: Any, value: Any) -> None:
        if not isinstance(value, str) or not value or "/" in value:
            raise SpecError(f"name must be text without '/', not {value!r}")

    @start.validator
    def _check_start(self, _: Any, value: Any) -> None:
        if not callable(value):
            raise SpecError(f"start must be callable, not {value!r}")

    @shutdown_s.default
    def _default_shutdown(self) -> float | None:
        return None if self.kind is Kind.SUPERVISOR else 5.0

    def __attrs_post_init__(self) -> None:
        if self.significant and self.restart is Restart.PERMANENT:
            raise SpecError(f"{self.name}: a permanent child cannot be significant: it never ends for good")
        if self.backoff is None and (self.backoff_limit is not None or self.while_down is not None):
            raise SpecError(f"{self.name}: backoff_limit and while_down need a backoff")
        if self.backoff is not None and self.keep_mailbox:
            raise SpecError(f"{self.name}: a child with a backoff cannot keep its mailbox: nobody knew how old it is")

    def spent(self) -> "ChildSpec":
        """The spec of a temporary child that is up: it is never started again, so that `start` is let go of."""
        return attrs.evolve(self, start=_never)


def _never() -> Actor:
    raise SpecError("a temporary child is started only once")


@attrs.frozen(kw_only=True)
class Flags:
    """How a supervisor treats all of its children.

    `intensity` restarts are allowed in any `period_s` seconds, both ends included; one more and the supervisor
    stops its children and ends, which is its own supervisor's concern then.
    """

    strategy: Strategy = attrs.field(default=Strategy.ONE_FOR_ONE, converter=_strategy)
    intensity: int = attrs.field(default=3, validator=_whole(least=0))
    period_s: float = attrs.field(default=5.0, validator=_seconds(more=True))
    auto_shutdown: AutoShutdown = attrs.field(default=AutoShutdown.NEVER, converter=_auto_shutdown)
    dynamic: bool = attrs.field(default=False, validator=_yes_or_no)
    """Whether children come and go: they stop all at once instead of newest first, and one that ended for good is
    forgotten."""
    max_children: int | None = attrs.field(default=None, validator=_whole(least=0, optional=True))
    """How many children a dynamic supervisor takes; None: any number."""
    group: bool = attrs.field(default=False, validator=_yes_or_no)
    """Whether it only groups: the addresses of its children leave it out."""

    def __attrs_post_init__(self) -> None:
        if self.dynamic and self.auto_shutdown is not AutoShutdown.NEVER:
            raise SpecError("a dynamic supervisor cannot shut down by itself: its auto_shutdown must be never")
        if self.dynamic and self.strategy is not Strategy.ONE_FOR_ONE:
            raise SpecError(f"a dynamic supervisor restarts {Strategy.ONE_FOR_ONE}, not {self.strategy}")
        if self.max_children is not None and not self.dynamic:
            raise SpecError("max_children is for dynamic supervisors")


def child_spec(values: Mapping[str, Any]) -> ChildSpec:
    """The spec that plain values describe; missing and unknown keys are refused as bad values are."""
    known = attrs.fields_dict(ChildSpec)
    for key in ("name", "start"):
        if key not in values:
            raise SpecError(f"{key} is missing")
    for key in values:
        if key not in known:
            raise SpecError(f"{key!r} is not a key of a child spec")
    return ChildSpec(**values)


def check_specs(flags: Flags, specs: Iterable[ChildSpec]) -> None:
    """Refuse children that cannot live under one supervisor with these flags; needs no running supervisor."""
    names: set[str] = set()
    for spec in specs:
        if spec.name in names:
            raise SpecError(f"duplicate child name {spec.name!r}")
        names.add(spec.name)
        check_spec(flags, spec)
    if flags.max_children is not None and len(names) > flags.max_children:
        raise SpecError(f"max_children is {flags.max_children}, and there are {len(names)}")


def check_spec(flags: Flags, spec: ChildSpec) -> None:
    """Refuse a child that cannot live under a supervisor with these flags."""
    if spec.significant and flags.auto_shutdown is AutoShutdown.NEVER:
        raise SpecError(f"{spec.name}: a significant child needs a supervisor whose auto_shutdown is not never")


def check_change(before: Flags, after: Flags, specs: Collection[ChildSpec]) -> None:
    """Refuse new flags for a running supervisor with these children."""
    for fixed in ("dynamic", "group"):
        if getattr(before, fixed) is not getattr(after, fixed):
            raise SpecError(f"{fixed} cannot be changed while the supervisor runs")
    check_specs(after, specs)

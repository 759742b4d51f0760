"""The book of alerts: what every rule comes to at each look, who took an alert on, and what is silenced."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import attrs

from perpbot.alerts.alert import Alert, Moment, Phase, Severity, Timing, step
from perpbot.alerts.condition import Condition, Values

EVERYTHING = "*"
"""In place of a rule's name: all of them."""


@attrs.frozen(kw_only=True)
class Rule:
    """One rule, as the book needs it."""

    name: str
    condition: Condition
    clear: Condition | None = None
    """What ends it; None: that the condition does not hold."""
    severity: Severity
    timing: Timing = attrs.field(factory=Timing)
    escalate_ns: int = 0
    """Once it has fired for so long and nobody has acknowledged it, all are told; 0 for never."""
    repeat_ns: int = 0
    """How often is told again what nobody has acknowledged; 0 for never."""


class Kind(StrEnum):
    """What happened to an alert."""

    FIRED = "fired"
    RESOLVED = "resolved"
    REPEATED = "repeated"
    """It still fires."""
    ESCALATED = "escalated"
    """It still fires, and nobody has acknowledged it in time."""


@attrs.frozen
class Event:
    """Something happened to an alert."""

    kind: Kind
    alert: Alert


@attrs.frozen(kw_only=True)
class Silence:
    """Nobody is told of a rule's alerts for a while. What they do is done all the same."""

    rule: str
    """Its name, or `EVERYTHING`."""
    until_ns: int
    """Wall clock."""
    by: str


@attrs.define
class _Told:
    """When an alert was last told of, on the monotonic clock."""

    fired_ns: int
    last_ns: int
    escalated: bool = False


class NoSuchAlertError(ValueError):
    """There is no such alert or rule; the text says which there are."""


class Book:
    """Keeps the alerts of `rules`."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: Mapping[str, Rule] = {each.name: each for each in rules}
        self._alerts: dict[str, Alert] = {}
        self._told: dict[str, _Told] = {}
        self._silences: dict[str, Silence] = {}

    # -- looking -------------------------------------------------------------------------------------------------

    def look(self, values: Values, now: Moment) -> list[Event]:
        """Hold every rule against `values`; returns what happened to alerts since the last look."""
        self._silences = {name: each for name, each in self._silences.items() if each.until_ns > now.wall_ns}
        return [event for rule in self.rules.values() for event in self._look(rule, values, now)]

    def _look(self, rule: Rule, values: Values, now: Moment) -> Iterator[Event]:
        known = {signal: values.get(signal, {}) for signal in (each.signal.name for each in rule.condition.clauses)}
        for about in sorted(rule.condition.places(known)):
            fresh = Alert(rule=rule.name, about=about, phase=Phase.PENDING, since_ns=now.ns, at_ns=now.wall_ns)
            before = self._alerts.get(fresh.key)
            holds = _holds(rule, before, values, about)
            after = step(before, fresh, holds=holds, timing=rule.timing, now=now)
            if after is None:
                self._alerts.pop(fresh.key, None)
                continue
            if holds:
                after = attrs.evolve(after, reading=rule.condition.reading(values, about))
            self._alerts[fresh.key] = after
            yield from self._news(rule, before, after, now)

    def _news(self, rule: Rule, before: Alert | None, after: Alert, now: Moment) -> Iterator[Event]:
        if after.phase is Phase.PENDING:
            return
        if after.phase is Phase.RESOLVED:
            del self._alerts[after.key]
            self._told.pop(after.key, None)
            yield Event(Kind.RESOLVED, after)
        elif before is None or before.phase is Phase.PENDING:
            self._told[after.key] = _Told(now.ns, now.ns)
            yield Event(Kind.FIRED, after)
        elif not after.acknowledged_by:
            yield from self._again(rule, after, now)

    def _again(self, rule: Rule, alert: Alert, now: Moment) -> Iterator[Event]:
        told = self._told.setdefault(alert.key, _Told(now.ns, now.ns))
        if rule.escalate_ns and not told.escalated and now.ns - told.fired_ns >= rule.escalate_ns:
            told.escalated, told.last_ns = True, now.ns
            yield Event(Kind.ESCALATED, alert)
        elif rule.repeat_ns and now.ns - told.last_ns >= rule.repeat_ns:
            told.last_ns = now.ns
            yield Event(Kind.ESCALATED if told.escalated else Kind.REPEATED, alert)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Those that fire and those that are pending, the gravest first, then the oldest."""
        ordered = sorted(self._alerts.values(), key=lambda each: (-self._rank(each), each.at_ns, each.key))
        return tuple(ordered)

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Those that fire, in the same order."""
        return tuple(each for each in self.alerts if each.phase is Phase.FIRING)

    def _rank(self, alert: Alert) -> int:
        return self.rules[alert.rule].severity.rank

    # -- what operators do -------------------------------------------------------------------------------------------

    def acknowledge(self, name: str, by: str) -> tuple[Alert, ...]:
        """Note that `by` looks after the firing alerts called `name`: a rule, one of its alerts, or `EVERYTHING`.

        Raises:
            NoSuchAlertError: none of that name fires.
        """
        found = [each for each in self.firing if name in {each.rule, each.key, EVERYTHING}]
        if not found:
            fire = ", ".join(each.key for each in self.firing)
            raise NoSuchAlertError(f"no alert {name!r} fires; {f'there are {fire}' if fire else 'none does'}")
        for each in found:
            self._alerts[each.key] = attrs.evolve(each, acknowledged_by=by)
        return tuple(self._alerts[each.key] for each in found)

    def silence(self, silence: Silence, wall_ns: int = 0) -> None:
        """Tell nobody of its alerts until then; one that is over at `wall_ns` ends the silence there was.

        Raises:
            NoSuchAlertError: there is no rule of that name.
        """
        if silence.rule != EVERYTHING and silence.rule not in self.rules:
            raise NoSuchAlertError(f"no rule {silence.rule!r}; there are {', '.join(self.rules) or 'none'}")
        self._silences[silence.rule] = silence
        if silence.until_ns <= wall_ns:
            del self._silences[silence.rule]

    def silenced(self, rule: str, wall_ns: int) -> bool:
        """Whether nobody is told of the alerts of `rule` now."""
        found = (self._silences.get(each) for each in (rule, EVERYTHING))
        return any(each is not None and each.until_ns > wall_ns for each in found)

    @property
    def silences(self) -> tuple[Silence, ...]:
        """Those that last."""
        return tuple(self._silences.values())

    # -- restarts ----------------------------------------------------------------------------------------------------

    def restore(self, alerts: Iterable[Alert], silences: Iterable[Silence], now: Moment) -> None:
        """Go on with what fired and was silenced before a restart, and tell of it again.

        What no rule knows any more is dropped.
        """
        for each in alerts:
            rule = self.rules.get(each.rule)
            if rule is not None and each.phase is Phase.FIRING:
                self._alerts[each.key] = attrs.evolve(each, holds=True, since_ns=now.ns)
                self._told[each.key] = _Told(now.ns, now.ns - rule.repeat_ns)
        for each_silence in silences:
            if each_silence.rule == EVERYTHING or each_silence.rule in self.rules:
                self._silences[each_silence.rule] = each_silence


def _holds(rule: Rule, before: Alert | None, values: Values, about: str) -> bool | None:
    """Whether the rule's condition holds; for an alert that fires, whether it is not cleared."""
    if rule.clear is None or before is None or before.phase is not Phase.FIRING:
        return rule.condition.holds(values, about)
    cleared = rule.clear.holds(values, about)
    return None if cleared is None else not cleared

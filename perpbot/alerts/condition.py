"""The grammar of alert rules: comparisons of signals with numbers, joined by ``and`` and ``or``.

    condition   = clause { ("and" | "or") clause }          `and` binds closer
    clause      = signal operator number [unit]
    operator    = ">" | ">=" | "<" | "<=" | "==" | "!="
    unit        = "ms" | "s" | "min" | "h" | "d" | "%" | "USD"

Nothing is ever evaluated but these comparisons.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from operator import eq, ge, gt, le, lt, ne

import attrs

from perpbot.alerts.signals import SIGNALS, Per, Signal, Unit
from perpbot.model.money import plain

MOST_CLAUSES = 10
MOST_CHARACTERS = 400
LARGEST, FINEST = Decimal(10) ** 12, Decimal("1E-9")
"""Of a number, in the unit it is kept in."""

_OPERATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    ">=": ge, "<=": le, "==": eq, "!=": ne, ">": gt, "<": lt
}  # fmt: skip
_UNITS = {
    Unit.TIME: {"ms": Decimal("0.001"), "s": Decimal(1), "min": Decimal(60), "h": Decimal(3600), "d": Decimal(86_400)},
    Unit.SHARE: {"%": Decimal("0.01")},
    Unit.MONEY: {"": Decimal(1), "USD": Decimal(1)},
    Unit.COUNT: {"": Decimal(1)},
}
_CLAUSE = re.compile(
    r"(?P<signal>[a-z][a-z_]{0,40})\s*(?P<operator>>=|<=|==|!=|>|<)\s*"
    r"(?P<number>[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(?P<unit>%|[A-Za-z]{0,4})",
    re.ASCII,
)
_JOINT = re.compile(r"\s+(and|or)\s+", re.ASCII)

Values = Mapping[str, Mapping[str, Decimal]]
"""By signal, then by what the value is of; ``""`` where there is one for all."""


class ConditionError(ValueError):
    """A condition cannot be understood; the text says why, and what is allowed."""


@attrs.frozen
class Clause:
    """One comparison. `limit` is seconds, a fraction, quote currency or a count."""

    signal: Signal
    operator: str
    limit: Decimal

    def holds(self, value: Decimal) -> bool:
        """Whether it is so for `value`."""
        return _OPERATORS[self.operator](value, self.limit)

    def __str__(self) -> str:
        return f"{self.signal.name} {self.operator} {shown(self.limit, self.signal.unit)}"


@attrs.frozen
class Condition:
    """Alternatives, each of clauses that must all hold."""

    alternatives: tuple[tuple[Clause, ...], ...]

    def __str__(self) -> str:
        return " or ".join(" and ".join(map(str, clauses)) for clauses in self.alternatives)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All of them."""
        return tuple(clause for clauses in self.alternatives for clause in clauses)

    @property
    def per(self) -> Per:
        """What there is one alert for."""
        return next((each.signal.per for each in self.clauses if each.signal.per is not Per.ALL), Per.ALL)

    def places(self, values: Values) -> set[str]:
        """What there may be an alert for now: venues, connections or components; ``""`` for all together."""
        if self.per is Per.ALL:
            return {""}
        return {about for each in self.clauses if each.signal.per is not Per.ALL for about in values[each.signal.name]}

    def holds(self, values: Values, about: str) -> bool | None:
        """Whether it is so for `about`; None when too little is known to say."""
        verdicts = [_all(_holds(clause, values, about) for clause in clauses) for clauses in self.alternatives]
        return True if True in verdicts else None if None in verdicts else False

    def reading(self, values: Values, about: str) -> str:
        """The values it speaks of as they are now, as in ``quote_latency 7.2s``."""
        names = dict.fromkeys(each.signal for each in self.clauses)
        known = [(signal, _value(signal, values, about)) for signal in names]
        return ", ".join(f"{signal.name} {_rounded(value, signal)}" for signal, value in known if value is not None)


def parse(text: str) -> Condition:
    """The condition that `text` is; `ConditionError`."""
    if len(text) > MOST_CHARACTERS:
        raise ConditionError(f"a condition has at most {MOST_CHARACTERS} characters")
    alternatives: list[tuple[Clause, ...]] = []
    joint = "or"
    for index, piece in enumerate(_JOINT.split(text.strip())):
        if index % 2:
            joint = piece
        elif joint == "or":
            alternatives.append((_clause(piece),))
        else:
            alternatives[-1] = (*alternatives[-1], _clause(piece))
    condition = Condition(tuple(alternatives))
    if len(condition.clauses) > MOST_CLAUSES:
        raise ConditionError(f"a condition has at most {MOST_CLAUSES} comparisons")
    kinds = {each.signal.per for each in condition.clauses} - {Per.ALL}
    if len(kinds) > 1:
        raise ConditionError(f"one condition cannot speak of a {' and of a '.join(sorted(kinds))}: make two rules")
    return condition


def shown(value: Decimal, unit: Unit) -> str:
    """`value` as it may stand in a condition."""
    if unit is Unit.SHARE:
        return f"{plain(value * 100)}%"
    return f"{plain(value)}s" if unit is Unit.TIME else plain(value)


def _clause(text: str) -> Clause:
    match = _CLAUSE.fullmatch(text.strip())
    if match is None:
        raise ConditionError("expected a signal, a comparison and a number, as in `quote_latency > 5s`")
    signal = SIGNALS.get(match["signal"])
    if signal is None:
        near = get_close_matches(match["signal"], SIGNALS, 1)
        hint = f"did you mean {near[0]}?" if near else "docs/alerts.md lists them"
        raise ConditionError(f"no signal {match['signal']}; {hint}")
    factor = _UNITS[signal.unit].get(match["unit"])
    if factor is None:
        allowed = " or ".join(each or "no unit" for each in _UNITS[signal.unit])
        raise ConditionError(f"{signal.name} is {_a(signal.unit)}: behind the number stands {allowed}")
    limit = Decimal(match["number"]) * factor
    if abs(limit) > LARGEST or limit % FINEST:
        raise ConditionError(f"{match['number']}{match['unit']} is too large or too fine")
    return Clause(signal, match["operator"], limit)


def _a(unit: Unit) -> str:
    return "money" if unit is Unit.MONEY else f"a {unit.value}"


def _value(signal: Signal, values: Values, about: str) -> Decimal | None:
    return values.get(signal.name, {}).get("" if signal.per is Per.ALL else about)


def _holds(clause: Clause, values: Values, about: str) -> bool | None:
    value = _value(clause.signal, values, about)
    return None if value is None else clause.holds(value)


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    found = set(verdicts)
    return False if False in found else None if None in found else True


def _rounded(value: Decimal, signal: Signal) -> str:
    places = {Unit.SHARE: 4, Unit.COUNT: 0}.get(signal.unit, 2)
    return shown(round(value, places), signal.unit)

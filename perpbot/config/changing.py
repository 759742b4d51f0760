"""Settings that may change while PerpBot runs: which, from what to what, and what needs a restart. Pure."""

from collections.abc import Mapping
from typing import Any

import attrs

from perpbot.config.kinds import NotAllowedError, written
from perpbot.config.section import Section, kind_of
from perpbot.config.settings import Settings

RELOADABLE = (
    "risk.",
    "execution.",
    "capital.pools.",
    "capital.allocation.",
    "capital.margin_buffer_pct",
    "capital.safe_mode_",
    "capital.reserve_topup_pct",
    "capital.reservation_ttl_sec",
    "scanner.min_profit_pct",
    "scanner.slippage_pct",
    "scanner.holding_time_sec",
    "scanner.max_notional",
    "scanner.min_notional",
    "scanner.profit_weight",
    "scanner.liquidity_weight",
    "scanner.reliability_weight",
)
"""What the keys begin with that apply at once; all others need a restart."""


class ChangeRefusedError(ValueError):
    """Settings cannot be changed so; the text says which key, why, and what is allowed."""


@attrs.frozen(kw_only=True)
class Change:
    """One key that is not what it was."""

    key: str
    old: str
    new: str

    @property
    def at_once(self) -> bool:
        """Whether it applies while PerpBot runs."""
        return reloadable(self.key)

    def __str__(self) -> str:
        return f"{self.key}: {self.old} -> {self.new}"


def reloadable(key: str) -> bool:
    """Whether the key applies while PerpBot runs."""
    return key.startswith(RELOADABLE)


def flat(section: Section, prefix: str = "") -> dict[str, Any]:
    """Every value by its dotted key."""
    found: dict[str, Any] = {}
    for attribute in attrs.fields(type(section)):
        key, value = f"{prefix}{attribute.name}", getattr(section, attribute.name)
        if isinstance(value, Section):
            found |= flat(value, f"{key}.")
        elif isinstance(value, Mapping):
            for name, each in value.items():
                found |= flat(each, f"{key}.{name}.") if isinstance(each, Section) else {f"{key}.{name}": each}
        else:
            found[key] = value
    return found


def changes(before: Settings, after: Settings) -> list[Change]:
    """What is not the same."""
    old, new = flat(before), flat(after)
    keys = dict.fromkeys((*old, *new))
    return [
        Change(key=key, old=written(old.get(key)), new=written(new.get(key)))
        for key in keys
        if old.get(key) != new.get(key)
    ]


def applied(before: Settings, after: Settings) -> Settings:
    """`before` with those changes towards `after` that apply while PerpBot runs."""
    new = flat(after)
    wanted = {each.key: new[each.key] for each in changes(before, after) if each.at_once and each.key in new}
    return _with(before, wanted)


def changed(settings: Settings, texts: Mapping[str, str]) -> Settings:
    """`settings` with other values for some keys that apply while PerpBot runs, given as they stand in a file.

    Raises:
        ChangeRefusedError: there is no such key, it needs a restart, or its value is not allowed.
    """
    return _with(settings, {key: _read(settings, key, text) for key, text in texts.items()})


def _read(settings: Settings, key: str, text: str) -> Any:
    known = flat(settings)
    if key not in known:
        raise ChangeRefusedError(f"there is no setting {key!r}; GET /api/config lists them")
    if not reloadable(key):
        raise ChangeRefusedError(f"{key} applies after a restart only: change it in the configuration file")
    *path, name = key.split(".")
    section: Any = settings
    for each in path:
        section = getattr(section, each)
    attribute = attrs.fields_dict(type(section))[name]
    kind = kind_of(attribute)
    try:
        if isinstance(known[key], tuple):
            return tuple(_single(kind, each) for each in text.strip("[] ").split(","))
        return _single(kind, text)
    except NotAllowedError as error:
        raise ChangeRefusedError(f"{key}: expected {kind.allowed}; {error}".rstrip("; ")) from None


def _single(kind: Any, text: str) -> Any:
    value = kind.read(text.strip())
    kind.check(value)
    return value


def _with(settings: Settings, values: Mapping[str, Any]) -> Settings:
    try:
        result: Settings = _evolved(settings, values)
    except ValueError as error:
        raise ChangeRefusedError(str(error)) from error
    return result


def _evolved(section: Any, values: Mapping[str, Any]) -> Any:
    """Section by section from within; the rules of each are asked when it is made."""
    own = {key: value for key, value in values.items() if "." not in key}
    for name in dict.fromkeys(key.partition(".")[0] for key in values if "." in key):
        below = {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{name}.")}
        own[name] = _evolved(getattr(section, name), below)
    return attrs.evolve(section, **own) if own else section

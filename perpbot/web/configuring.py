"""The routes of the configuration: what is in force, and changing what may change while PerpBot runs."""

from typing import Annotated, Any, TypedDict

import attrs
import msgspec

from perpbot.config.changing import ChangeRefusedError, changed, flat, reloadable
from perpbot.config.kinds import written
from perpbot.config.section import default_of, kind_of, meaning_of, section_in
from perpbot.config.settings import Settings
from perpbot.execution.entries import OperatorActed
from perpbot.masking import MASK, hides
from perpbot.web.route import Call, Problem, Route
from perpbot.web.tokens import Scope

Text = Annotated[str, msgspec.Meta(max_length=500)]


class Setting(TypedDict):
    """One key of the configuration."""

    value: str
    """As it would stand in a file."""
    default: str
    meaning: str
    allowed: str
    at_once: bool
    """Whether it can be changed while PerpBot runs."""


class Configuration(TypedDict):
    """What is in force."""

    file: str
    mode: str
    settings: dict[str, Setting]
    """By dotted key."""


class ChangedKey(TypedDict):
    """One key that was changed."""

    key: str
    old: str
    new: str


class ChangesMade(TypedDict):
    """What was changed, until the next start: then the file counts again."""

    changed: list[ChangedKey]


@attrs.frozen(kw_only=True)
class ChangesWanted:
    """New values by dotted key, as they would stand in the file."""

    changes: Annotated[dict[Text, Text], msgspec.Meta(min_length=1, max_length=50)]


def configuration(call: Call) -> Configuration:
    """Read the settings that are in force, with what each means and allows."""
    program = call.desk.program
    settings = program.setting.settings
    return Configuration(
        file=program.setting.config,
        mode=settings.mode.value,
        settings={key: _setting(settings, key, value) for key, value in flat(settings).items()},
    )


def _setting(settings: Settings, key: str, value: Any) -> Setting:
    attribute = _attribute(settings, key)
    if attribute is None:
        return Setting(value=_shown(key, value), default="", meaning="", allowed="", at_once=False)
    default = default_of(attribute)
    return Setting(
        value=_shown(key, value),
        default="" if default is attrs.NOTHING else written(default),
        meaning=meaning_of(attribute),
        allowed="" if section_in(attribute) is not None else kind_of(attribute).allowed,
        at_once=reloadable(key),
    )


def _attribute(settings: Settings, key: str) -> "attrs.Attribute[Any] | None":
    """The declaration of a key; None for one of a mapping's own."""
    *path, name = key.split(".")
    section: Any = settings
    for each in path:
        section = section[each] if isinstance(section, dict) else getattr(section, each)
    return None if isinstance(section, dict) else attrs.fields_dict(type(section))[name]


def _shown(key: str, value: Any) -> str:
    """Names of variables are no secrets; anything else that is called like one is not shown."""
    name = key.rsplit(".", 1)[-1]
    return MASK if hides(name, value) and not name.endswith("_env") and isinstance(value, str) else written(value)


def change(call: Call) -> ChangesMade:
    """Change settings while PerpBot runs: all of them, or none where one is refused."""
    program = call.desk.program
    before = program.setting.settings
    try:
        after = changed(before, call.given.changes)
    except ChangeRefusedError as error:
        raise Problem(409, "not allowed", str(error)) from error
    done = program.reconfigure(after)
    what = ", ".join(map(str, done)) or "nothing is different"
    call.desk.audit.note(OperatorActed(who=call.who, source=call.source, action="config", what=what, outcome="done"))
    return ChangesMade(changed=[ChangedKey(key=each.key, old=each.old, new=each.new) for each in done])


ROUTES = [
    Route(method="GET", path="/api/config", handle=configuration, answer=Configuration),
    Route(
        method="PATCH",
        path="/api/config",
        handle=change,
        given=ChangesWanted,
        answer=ChangesMade,
        scope=Scope.ADMIN,
        problems=(409,),
    ),
]

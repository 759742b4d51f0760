# ruff: noqa: RUF009 - the calls declare keys; each makes a field
"""Settings of alerts: rules, channels, and how much is told when. They are a file of their own."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from perpbot.alerts import action, condition
from perpbot.alerts.action import EVERY_CHANNEL, Action, ActionError, ActionKind
from perpbot.alerts.alert import Severity
from perpbot.alerts.condition import Condition, ConditionError
from perpbot.alerts.signals import Per
from perpbot.config.kinds import Kind, NotAllowedError, Schema
from perpbot.config.loader import load
from perpbot.config.section import (
    Fault,
    Section,
    choice,
    count,
    flag,
    key,
    listed,
    rule,
    seconds,
    secret,
    section,
    word,
)

_TEXT = "[^\\x00-\\x1f]{1,100}"


class Language(StrEnum):
    """In which language alerts are told."""

    EN = "en"
    ZH = "zh"


class _Condition(Kind):
    """A condition of signals."""

    @property
    def allowed(self) -> str:
        """What one looks like."""
        return "a condition, as in quote_latency > 5s"

    def read(self, text: str) -> Condition:
        """The condition; `NotAllowedError` says what is wrong with it."""
        try:
            return condition.parse(text)
        except ConditionError as error:
            raise NotAllowedError(str(error)) from None

    def check(self, value: object) -> None:
        """Refuse what is none."""
        if not isinstance(value, Condition):
            raise NotAllowedError

    def schema(self) -> Schema:
        """A string; the grammar is beyond a schema."""
        return {"type": "string"}


class _Action(Kind):
    """What a rule does."""

    @property
    def allowed(self) -> str:
        """All of them."""
        return action.ALLOWED

    def read(self, text: str) -> Action:
        """The action; `NotAllowedError`."""
        try:
            return action.parse(text)
        except ActionError:
            raise NotAllowedError from None

    def check(self, value: object) -> None:
        """Refuse what is none."""
        if not isinstance(value, Action):
            raise NotAllowedError

    def schema(self) -> Schema:
        """A string of one of these forms."""
        return {"type": "string", "pattern": "^[a-z0-9_]+$"}


@attrs.frozen(kw_only=True)
class AlertRule(Section):
    """One rule. Where its signal has a value for each venue or connection, each has an alert of its own."""

    name: str = word(
        attrs.NOTHING, "What it is called; no two alike.", "[^\\x00-\\x1f/*]{1,60}", "a name without / or *"
    )
    title: str | None = word(None, "What messages call it; its name where not given.", _TEXT, "a text of one line")
    title_zh: str | None = word(None, "The same in Chinese.", _TEXT, "a text of one line")
    condition: Condition = key(_Condition(), "When it fires.")
    clear: Condition | None = key(
        _Condition(), "When it is over, where that is not simply when `condition` does not hold.", None
    )
    for_sec: float = seconds(0, "How long `condition` must hold before it fires.", "0", "86400")
    keep_sec: float = seconds(0, "How long it must not hold before the alert is over.", "0", "86400")
    severity: Severity = choice(
        Severity.WARNING, "How grave it is; critical ones are told at night too, and escalate.", Severity
    )
    actions: tuple[Action, ...] = key(_Action(), "What it does.", ())
    runbook: str | None = word(
        None, "Where it is written what to do.", "[!-~]{1,200}", "a path or URL, as in docs/runbook.md#quotes-late"
    )
    enabled: bool = flag(True, "Whether it is looked at.")

    def called(self, language: Language) -> str:
        """Its title in `language`, as far as it has one."""
        titles = (self.title_zh, self.title) if language is Language.ZH else (self.title,)
        return next((each for each in titles if each is not None), self.name)

    @property
    def titles(self) -> dict[str, str]:
        """Its title by language, for surfaces that speak several."""
        return {each.value: self.called(each) for each in Language}

    @rule
    def _clears_what_it_says(self) -> Iterator[Fault]:
        if self.clear is not None and self.clear.per not in {self.condition.per, Per.ALL}:
            yield Fault(("clear",), f"speaks of a {self.clear.per.value}, condition of {self.condition.per.value}")


@attrs.frozen(kw_only=True)
class Channel(Section):
    """One way to somebody. A URL that begins with https: is a webhook, all others go by apprise."""

    name: str = word(
        attrs.NOTHING,
        "What it is called; `notify_` and this is the action.",
        "[a-z][a-z0-9_]{0,31}",
        "a name (a-z, 0-9, _)",
    )
    url: str = secret(
        "Where messages go, by reference: tgram://, lark://, pushplus://, mailtos://, ntfy://, https:// …"
    )
    min_severity: Severity = choice(Severity.INFO, "The least severe alert that is told here.", Severity)
    allow_private: tuple[str, ...] = word(
        (),
        "Hosts on this machine or network that a webhook may go to, by name.",
        "[A-Za-z0-9.:-]{1,253}",
        "a host name",
    )
    enabled: bool = flag(True, "Whether anything is sent there.")


@attrs.frozen(kw_only=True)
class QuietHours(Section):
    """When only critical alerts are told; the others wait until it is over."""

    begin: str = word("22:00", "When they begin.", "([01][0-9]|2[0-3]):[0-5][0-9]", 'a time, as in "22:00"')
    end: str = word("07:00", "When they end.", "([01][0-9]|2[0-3]):[0-5][0-9]", 'a time, as in "07:00"')
    time_zone: str = word("UTC", "Whose time that is.", "[A-Za-z0-9_+/-]{1,40}", "a time zone, as in Asia/Shanghai")

    @rule
    def _zone_exists(self) -> Iterator[Fault]:
        try:
            ZoneInfo(self.time_zone)
        except (OSError, ValueError, ZoneInfoNotFoundError):
            yield Fault(("time_zone",), f"no time zone {self.time_zone} on this machine")


@attrs.frozen(kw_only=True)
class Alerts(Section):
    """Alert rules, channels, and how much is told when."""

    language: Language = choice(Language.EN, "The language of messages: English or Chinese.", Language)
    group_wait_sec: float = seconds(5, "How long alerts are gathered for one message.", "0", "600")
    messages_per_hour: int = count(12, "Most messages to a channel; what is more waits and goes together.", 1, 1000)
    repeat_sec: float = seconds(
        3600, "How often is told again what still fires and nobody has acknowledged; 0 for never.", "0", "604800"
    )
    escalate_sec: float = seconds(
        300,
        "After this, a critical alert that nobody has acknowledged goes to every channel; 0 for never.",
        "0",
        "86400",
    )
    heartbeat_sec: float = seconds(
        86400,
        "How often every channel is told that PerpBot runs, so that silence means something; 0 for never.",
        "0",
        "604800",
    )
    give_up_sec: float = seconds(
        86400, "After this, a message that could not be delivered is given up.", "60", "604800"
    )
    quiet_hours: QuietHours | None = section(QuietHours, "When only critical alerts are told.", given=False)
    sound: tuple[str, ...] = word(
        (), "The program that makes the noise of audio_alert, and its arguments.", "[^\\x00-\\x1f]{1,200}", "a word"
    )
    channels: tuple[Channel, ...] = listed("Ways to somebody.")
    alerts: tuple[AlertRule, ...] = listed("The rules.")

    @property
    def active(self) -> Mapping[str, AlertRule]:
        """Those that are looked at, by name."""
        return {each.name: each for each in self.alerts if each.enabled}

    @property
    def missing_channels(self) -> tuple[str, ...]:
        """Channels that rules name and that are not there."""
        known = {EVERY_CHANNEL, *(each.name for each in self.channels)}
        named = [act.channel for each in self.active.values() for act in each.actions if act.kind is ActionKind.NOTIFY]
        return tuple(dict.fromkeys(each for each in named if each not in known))

    @rule
    def _names_differ(self) -> Iterator[Fault]:
        for name in ("channels", "alerts"):
            names = [each.name for each in getattr(self, name)]
            for index, each in enumerate(names):
                if each in names[:index]:
                    yield Fault((name, index, "name"), f"{each!r} is there twice")

    @rule
    def _names_leave_room(self) -> Iterator[Fault]:
        for index, each in enumerate(self.channels):
            if each.name == EVERY_CHANNEL:
                yield Fault(("channels", index, "name"), f"{EVERY_CHANNEL} stands for all of them")


def load_alerts(path: Path, environment: Mapping[str, str]) -> Alerts:
    """The alerts in the file at `path`; `ConfigError` (`perpbot.config.loader`) has one line for each mistake."""
    return load(path, Alerts, environment)

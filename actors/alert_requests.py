"""What surfaces and operators ask the alert desk, and what it shows them."""

from collections.abc import Mapping

import attrs

from actors.runtime import DomainError
from perpbot.alerts.alert import Phase
from perpbot.alerts.book import Silence

ALERTS = "alerts"
"""Topic: `AlertsView`, retained."""


class NotThereError(DomainError):
    """What an operator named is not there; the text says what is."""


@attrs.frozen(kw_only=True)
class AlertRow:
    """One alert, as surfaces show it. Times are wall clock."""

    id: str
    """As in ``quotes-late/okx``."""
    rule: str
    about: str
    severity: str
    phase: str
    """``pending``, ``firing`` or ``resolved``."""
    title: str
    """In the language that is configured."""
    titles: Mapping[str, str] = attrs.field(factory=dict)
    """By language: ``en`` and ``zh``."""
    reading: str
    """The values behind it."""
    at_ns: int
    """Since when it is in its phase."""
    acknowledged_by: str
    silenced: bool
    runbook: str
    actions: tuple[str, ...]
    sound: bool
    """Whether it is to be heard."""


@attrs.frozen(kw_only=True)
class AlertsView:
    """All alerts at one moment."""

    alerts: tuple[AlertRow, ...] = ()
    """Firing and pending, the gravest first."""
    recent: tuple[AlertRow, ...] = ()
    """What fired or was over lately, newest first."""
    silences: tuple[Silence, ...] = ()
    rules: int = 0
    channels: tuple[str, ...] = ()
    missing_channels: tuple[str, ...] = ()
    """Those that rules name and that are not configured."""

    @property
    def firing(self) -> tuple[AlertRow, ...]:
        """Those that fire."""
        return tuple(each for each in self.alerts if each.phase == Phase.FIRING.value)


@attrs.frozen
class ReadAlerts:
    """The answer is an `AlertsView`."""


@attrs.frozen
class Acknowledge:
    """An operator looks after the firing alerts of this name (a rule, an alert, or ``*``); the answer is their ids."""

    name: str
    by: str


@attrs.frozen
class SilenceRule:
    """Tell nobody of a rule's alerts (``*``: of any) for so long; 0 ends that."""

    rule: str
    seconds: float
    by: str


@attrs.frozen
class TryChannels:
    """Send a message through one channel, or all. The answer is, by channel, None or why it was not delivered."""

    channel: str | None
    by: str


@attrs.frozen
class Announce:
    """Tell every channel of something that is no alert; answered when each was tried, or a few seconds are over."""

    text: str
    text_zh: str

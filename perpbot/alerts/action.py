"""What a rule may do, besides being seen: tell somebody, make a noise, and act without a human."""

import re
from enum import StrEnum

import attrs

EVERY_CHANNEL = "all_channels"
LONGEST_COOLDOWN_S = 86_400
_COOLDOWN = re.compile(r"trigger_cooldown_([1-9][0-9]{0,5})(s|min|h)")
_CHANNEL = re.compile(r"notify_([a-z][a-z0-9_]{0,31})")
_SECONDS = {"s": 1, "min": 60, "h": 3600}


class ActionKind(StrEnum):
    """The kinds of actions."""

    NOTIFY = "notify"
    SOUND = "audio_alert"
    PAUSE = "pause_trading"
    """Kill switch of the venue, or of everything, for as long as the alert lasts."""
    COOLDOWN = "trigger_cooldown"
    """The risk rules' pause of new trades, once."""
    SAFE_MODE = "safe_mode_on"
    """Safe mode at the venue, or at all, for as long as the alert lasts."""
    FLATTEN = "flatten"
    """Close the trades at the venue, or all, once."""
    EMERGENCY_STOP = "emergency_stop"
    """The global kill switch, until an operator turns it off, and close all trades."""


ALLOWED = (
    "pause_trading, safe_mode_on, trigger_cooldown_60s (any time in s, min or h up to a day), flatten, emergency_stop, "
    "audio_alert, notify_all_channels, or notify_ and the name of a channel"
)
_PLAIN = {kind.value: kind for kind in ActionKind if kind not in {ActionKind.NOTIFY, ActionKind.COOLDOWN}}


class ActionError(ValueError):
    """There is no such action; the text says which there are."""


@attrs.frozen
class Action:
    """One action of a rule."""

    kind: ActionKind
    channel: str = ""
    """For `NOTIFY`: the channel, or `EVERY_CHANNEL`."""
    seconds: int = 0
    """For `COOLDOWN`: how long."""

    def __str__(self) -> str:
        if self.kind is ActionKind.NOTIFY:
            return f"notify_{self.channel}"
        return f"trigger_cooldown_{self.seconds}s" if self.kind is ActionKind.COOLDOWN else self.kind.value

    @property
    def acts(self) -> bool:
        """Whether it does something to trading, and so is done however often the alert is silenced."""
        return self.kind not in {ActionKind.NOTIFY, ActionKind.SOUND}


def parse(text: str) -> Action:
    """The action that `text` names; `ActionError`."""
    if text in _PLAIN:
        return Action(_PLAIN[text])
    cooldown = _COOLDOWN.fullmatch(text)
    if cooldown is not None and int(cooldown[1]) * _SECONDS[cooldown[2]] <= LONGEST_COOLDOWN_S:
        return Action(ActionKind.COOLDOWN, seconds=int(cooldown[1]) * _SECONDS[cooldown[2]])
    channel = _CHANNEL.fullmatch(text)
    if channel is not None:
        return Action(ActionKind.NOTIFY, channel=channel[1])
    raise ActionError(f"an action is one of {ALLOWED}")

"""The routes about alerts: which there are, and what an operator does about them."""

from functools import partial
from typing import Annotated, Any, TypedDict

import attrs
import msgspec

from perpbot.config.alerts import AlertRule
from perpbot.control.verbs import VERBS
from perpbot.sections import operations, operations_shapes, texts
from perpbot.web.route import Call, Route
from perpbot.web.steering import act
from perpbot.web.tokens import Scope

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@attrs.frozen(kw_only=True)
class Acknowledging:
    """Which alerts somebody looks after."""

    name: Name
    """A rule, an alert, or ``*``."""


@attrs.frozen(kw_only=True)
class Silencing:
    """Whose alerts nobody is told of."""

    name: Name
    """A rule, or ``*``."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=2_592_000)] = 3600.0
    """For how long; 0 ends a silence."""


@attrs.frozen(kw_only=True)
class Trying:
    """Which channel to send a test message to."""

    channel: Name | None = None
    """All of them where none is given."""


class Silence(TypedDict):
    """Nobody is told of a rule's alerts."""

    rule: str
    until: texts.Time
    by: str


class Happened(operations_shapes.Alert):
    """An alert that fired or was over lately."""

    id: str


class Watched(TypedDict):
    """One rule."""

    name: str
    titles: dict[str, str]
    """By language: ``en`` and ``zh``."""
    condition: str
    severity: str
    actions: list[str]
    runbook: str
    """Where it says what to do; empty where that is not said."""


class Alarms(TypedDict):
    """Which alerts there are, and who is told."""

    alerts: dict[str, operations_shapes.Alert]
    recent: list[Happened]
    """What fired or was over lately, newest first."""
    silences: list[Silence]
    rules: int
    """How many there are."""
    watched: list[Watched]
    """The rules."""
    channels: list[dict[str, Any]]


class Acknowledged(TypedDict):
    """Which alerts were acknowledged."""

    acknowledged: list[str]


class Tried(TypedDict):
    """What became of the test messages, by channel."""

    channels: dict[str, str]
    """Empty where it was delivered, else why not."""


def alarms(call: Call) -> Alarms:
    """Read the alerts, the silences and the channels."""
    found = VERBS["alerts"](call.desk.program, {"action": "list"})
    return Alarms(
        alerts=call.desk.sections()["alerts"],
        recent=[Happened(id=each.id, **operations.alert(each)) for each in call.desk.state().alerts.recent],
        silences=found["silences"],
        rules=found["rules"],
        watched=[watched(each) for each in call.desk.program.setting.alerts.active.values()],
        channels=found["channels"],
    )


def watched(rule: AlertRule) -> Watched:
    """One rule, as it is shown."""
    return Watched(
        name=rule.name,
        titles=rule.titles,
        condition=str(rule.condition),
        severity=rule.severity.value,
        actions=[str(each) for each in rule.actions],
        runbook=rule.runbook or "",
    )


def acknowledge(call: Call) -> Acknowledged:
    """Say that somebody looks after alerts: they escalate no further."""
    found = _tell(call, "ack", call.given.name, {"name": call.given.name})
    return Acknowledged(acknowledged=list(found["acknowledged"]))


def silence(call: Call) -> Alarms:
    """Have nobody told of a rule's alerts for a while."""
    _tell(call, "silence", call.given.name, {"name": call.given.name, "seconds": call.given.seconds})
    return alarms(call)


def try_channels(call: Call) -> Tried:
    """Send a test message, and say what became of it."""
    found = _tell(call, "test", call.given.channel or "all channels", {"channel": call.given.channel})
    return Tried(channels={name: why or "" for name, why in found["channels"].items()})


def _tell(call: Call, action: str, what: str, arguments: dict[str, Any]) -> Any:
    wanted = {"action": action, "by": call.who, **arguments}
    return act(call, f"alerts {action}", what, partial(VERBS["alerts"], call.desk.program, wanted))


ROUTES = [
    Route(method="GET", path="/api/alerts", handle=alarms, answer=Alarms),
    Route(
        method="POST", path="/api/alerts/ack", handle=acknowledge, given=Acknowledging, answer=Acknowledged,
        scope=Scope.TRADE, problems=(409,),
    ),
    Route(
        method="POST", path="/api/alerts/silence", handle=silence, given=Silencing, answer=Alarms,
        scope=Scope.TRADE, problems=(409,),
    ),
    Route(
        method="POST", path="/api/alerts/test", handle=try_channels, given=Trying, answer=Tried,
        scope=Scope.TRADE, problems=(409,),
    ),
]  # fmt: skip

"""What the command line can ask about alerts, and tell them."""

from collections.abc import Mapping
from typing import Any

import attrs

from actors.alert_desk import TEST_S
from actors.alert_requests import Acknowledge, AlertRow, AlertsView, ReadAlerts, SilenceRule, TryChannels
from actors.deliveries import ChannelView, ReadChannels
from perpbot.clock import iso
from perpbot.control.arguments import Args, BadRequestError, number
from perpbot.program import Program
from supervisors import addresses

LONGEST_SILENCE_S = 30 * 86_400


def alerts(program: Program, args: Args) -> Any:
    """``list``, ``ack``, ``silence`` or ``test``."""
    action = args.get("action")
    desk, by = program.system.ref(addresses.ALERTS), str(args.get("by") or "operator")
    if action == "ack":
        return {"acknowledged": desk.ask(Acknowledge(_text(args, "name"), by))}
    if action == "silence":
        seconds = number(args, "seconds", 3600, 0, LONGEST_SILENCE_S)
        desk.ask(SilenceRule(_text(args, "name"), seconds, by))
    elif action == "test":
        channel = None if args.get("channel") is None else _text(args, "channel")
        return {"channels": desk.ask(TryChannels(channel, by), timeout_s=TEST_S + 5)}
    elif action != "list":
        raise BadRequestError("alerts takes list, ack, silence or test")
    view: AlertsView = desk.ask(ReadAlerts())
    channels: tuple[ChannelView, ...] = program.system.ref(addresses.DELIVERIES).ask(ReadChannels())
    return {**page(view), "channels": [attrs.asdict(each) for each in channels]}


def page(view: AlertsView) -> dict[str, Any]:
    """Every alert that fires or is pending, what happened lately, and what is silenced."""
    return {
        "alerts": [row(each) for each in view.alerts],
        "recent": [row(each) for each in view.recent],
        "silences": [{"rule": each.rule, "until": iso(each.until_ns), "by": each.by} for each in view.silences],
        "rules": view.rules,
        "missing_channels": list(view.missing_channels),
    }


def row(alert: AlertRow) -> Mapping[str, Any]:
    """One alert; its time is ISO 8601."""
    return {**attrs.asdict(alert, filter=attrs.filters.exclude("at_ns")), "at": iso(alert.at_ns)}


def _text(args: Args, name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequestError(f"{name} must be given, as a text")
    return value

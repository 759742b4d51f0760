"""What the command line can ask of a running system."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from actors.executor import CloseOpen
from actors.gate import GLOBAL
from actors.kill_switch import TurnKillSwitch
from actors.state import TRADES_SHOWN as MOST_TRADES
from actors.state import State
from perpbot import __version__
from perpbot.clock import iso
from perpbot.control.pages import opportunities, positions, status, trades
from perpbot.program import Program
from supervisors import inspection, tree
from supervisors.inspection import presentable

ROOT = "/perpbot"
Verb = Callable[[Program, Mapping[str, Any]], Any]


class BadRequestError(Exception):
    """A request that cannot be carried out as it is; the text says what is allowed."""


def _number(args: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = args.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadRequestError(f"{name} must be a number from {least} to {most}, not {value!r}")
    return value


def _nobody(address: str) -> BadRequestError:
    return BadRequestError(f"nobody lives at {address}; `perpbot tree` shows who lives where")


def _tree(program: Program, args: Mapping[str, Any]) -> Any:
    address = str(args.get("address") or ROOT)
    try:
        return inspection.tree(program.system, program.parts.gates, address)
    except KeyError:
        raise _nobody(address) from None


def _inspect(program: Program, args: Mapping[str, Any]) -> Any:
    address = str(args.get("address") or ROOT)
    try:
        return presentable(inspection.inspect(program.system, program.parts.gates, address), depth=8)
    except KeyError:
        raise _nobody(address) from None


def _status(program: Program, _: Mapping[str, Any]) -> Any:
    settings = program.setting.settings
    return {
        "version": __version__,
        "config": program.setting.config,
        "state_directory": str(program.setting.state.absolute()),
        "pid": os.getpid(),
        "stopping": program.ended.is_set(),
        "symbols": list(settings.symbols),
        **status(_state(program), program.system),
    }


def _trades(program: Program, args: Mapping[str, Any]) -> Any:
    return trades(_state(program), int(_number(args, "limit", 20, 1, MOST_TRADES)))


def _state(program: Program) -> State:
    return program.state()


def _kill_switch(program: Program, args: Mapping[str, Any]) -> Any:
    action = args.get("action")
    if action == "status":
        return {"on": program.kill.on, "loaded": program.kill.loaded}
    if action not in {"on", "off"}:
        raise BadRequestError("the kill switch takes status, on or off")
    turn = TurnKillSwitch(_scope(program, args), on=action == "on", by=str(args.get("by") or "operator"))
    return {"on": program.system.ref(tree.KILL_SWITCH).ask(turn), "loaded": program.kill.loaded}


def _no_venue(program: Program, venue: object) -> BadRequestError:
    return BadRequestError(f"no venue {venue!r} here; there are {', '.join(program.parts.venues)}")


def _scope(program: Program, args: Mapping[str, Any]) -> str:
    venue, connection = args.get("venue"), args.get("connection")
    if venue is not None and connection is not None:
        raise BadRequestError("give a venue or a connection, not both")
    if venue is not None:
        if venue not in list(program.parts.venues):
            raise _no_venue(program, venue)
        return str(venue)
    if connection is not None:
        if connection not in list(program.parts.gates):
            raise BadRequestError(f"no connection {connection!r}; there are {', '.join(program.parts.gates)}")
        return str(connection)
    return GLOBAL


def _flatten(program: Program, args: Mapping[str, Any]) -> Any:
    venue = args.get("venue")
    if venue is not None and venue not in list(program.parts.venues):
        raise _no_venue(program, venue)
    usual = program.setting.settings.execution.stop_timeout_sec
    timeout_s = _number(args, "timeout", usual, 1, 600)
    closing = program.system.ref(tree.EXECUTOR).ask(CloseOpen(venue), timeout_s=timeout_s)
    return {"closed": closing, "positions": positions(_state(program))}


def _stop(program: Program, _: Mapping[str, Any]) -> Any:
    program.over_asked()
    return {"stopping": True}


def _crashes(program: Program, _: Mapping[str, Any]) -> Any:
    return [{**presentable(each), "at": iso(each.at_ns)} for each in program.system.crashes]


def _dead_letters(program: Program, _: Mapping[str, Any]) -> Any:
    letters = program.system.letters
    newest = [
        {"at": iso(each.at_ns), "to": each.receiver, "from": each.sender, "why": each.why.value, "type": each.type}
        for each in letters
    ]
    return {"total": letters.total, "counts": {why.value: n for why, n in letters.counts.items()}, "newest": newest}


VERBS: dict[str, Verb] = {
    "tree": _tree,
    "inspect": _inspect,
    "status": _status,
    "trades": _trades,
    "positions": lambda program, _: positions(_state(program)),
    "opportunities": lambda program, _: opportunities(_state(program)),
    "kill-switch": _kill_switch,
    "flatten": _flatten,
    "crashes": _crashes,
    "dead-letters": _dead_letters,
    "stop": _stop,
}

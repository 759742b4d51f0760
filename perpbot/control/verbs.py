"""What the command line can ask of a running system."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import attrs
import gevent

from actors.flattener import Flatten
from actors.gate import GLOBAL
from actors.kill_switch import TurnKillSwitch
from actors.runtime import ActorDeadError, AskTimeoutError, DomainError
from actors.state import TRADES_SHOWN as MOST_TRADES
from actors.state import State
from perpbot import __version__
from perpbot.control import accounts, looking
from perpbot.control.adopting import adopt
from perpbot.control.alerting import alerts
from perpbot.control.arguments import Args, BadRequestError, number
from perpbot.control.handling import HANDS, NotDoneError, lay_hands
from perpbot.control.pages import opportunities, positions, status, trades
from perpbot.control.process import process
from perpbot.control.tracing import trace
from perpbot.program import Program
from perpbot.scores import component_scores, overall_score
from perpbot.sections.observer import ADDRESS as STATE_FEED
from perpbot.sections.observer import LookNow
from supervisors import addresses

PROGRESS_S = 0.5
PATIENCE_S = 5.0
Verb = Callable[[Program, Args], Any]


@attrs.frozen
class AtEnd:
    """The answer comes at the very end of the program. Until then there are `items`, for as long as anybody can ask."""

    items: Iterator[dict[str, Any]]


def _status(program: Program, _: Args) -> Any:
    settings = program.setting.settings
    return {
        "version": __version__,
        "config": program.setting.config,
        "state_directory": str(program.setting.state.absolute()),
        "pid": os.getpid(),
        "stopping": program.ended.is_set(),
        "log_lines_lost": sum(each.lost for each in program.writers),
        "symbols": list(settings.symbols),
        **status(_state(program), program.system, looking.troubles(program.vitals())),
    }


def _health(program: Program, _: Args) -> Any:
    alive = process(program.system)
    scores = component_scores(_state(program), program.system, program.setting.settings.symbols)
    return {
        "alive": not alive["problems"],
        "problems": alive["problems"],
        "score": overall_score(scores),
        "components": {name: round(score, 4) for name, score in scores.items()},
    }


def _sections(program: Program, args: Args) -> Any:
    """What every surface shows, or the sections of it that are asked for."""
    found: Mapping[str, Any] = program.system.ref(STATE_FEED).ask(LookNow(), timeout_s=PATIENCE_S)
    names = args.get("sections", list(found))
    if not isinstance(names, list):
        raise BadRequestError("sections must be a list of their names")
    if found and (unknown := [str(each) for each in names if each not in found]):
        raise BadRequestError(f"no section {', '.join(unknown)}; there are {', '.join(found)}")
    return {name: found[name] for name in names if name in found}


def _trades(program: Program, args: Args) -> Any:
    return trades(_state(program), int(number(args, "limit", 20, 1, MOST_TRADES)))


def _state(program: Program) -> State:
    return program.state()


def _kill_switch(program: Program, args: Args) -> Any:
    action = args.get("action")
    if action == "status":
        return {"on": program.kill.on, "loaded": program.kill.loaded}
    if action not in {"on", "off"}:
        raise BadRequestError("the kill switch takes status, on or off")
    scope, by, whose = _scope(program, args), str(args.get("by") or "operator"), args.get("whose")
    turn = TurnKillSwitch(scope, on=action == "on", by=by, whose=None if whose is None else str(whose))
    on = _turned(program, turn)
    if (scope in on) is not turn.on:
        raise NotDoneError(f"the kill switch of {scope} is on by {on.get(scope, 'nobody')} by now; look again")
    return {"on": on, "loaded": program.kill.loaded}


def _turned(program: Program, turn: TurnKillSwitch) -> Mapping[str, str]:
    try:
        on: Mapping[str, str] = program.system.ref(addresses.KILL_SWITCH).ask(turn)
    except (ActorDeadError, AskTimeoutError, DomainError, OSError) as error:
        if not turn.on or turn.scope not in program.kill.on:
            raise
        raise NotDoneError(
            f"the kill switch of {turn.scope} is on now, but that could not be written down, and it may be off after "
            f"a restart: {error}"
        ) from error
    return on


def _no_venue(program: Program, venue: object) -> BadRequestError:
    return BadRequestError(f"no venue {venue!r} here; there are {', '.join(program.parts.venues)}")


def _scope(program: Program, args: Args) -> str:
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


def _flatten(program: Program, args: Args) -> Any:
    venue = args.get("venue")
    if venue is not None and venue not in list(program.parts.venues):
        raise _no_venue(program, venue)
    usual = program.setting.settings.execution.stop_timeout_sec
    timeout_s = number(args, "timeout", usual, 1, 600)
    closing = program.system.ref(addresses.FLATTENER).ask(Flatten(venue), timeout_s=timeout_s)
    return {"closed": closing, "positions": positions(_state(program))}


def _cancel_all(program: Program, args: Args) -> Any:
    venue = args.get("venue")
    if venue is not None and venue not in program.parts.trading:
        raise BadRequestError(f"nothing is traded at {venue!r}; there are {', '.join(program.parts.trading) or 'none'}")
    venues = program.parts.trading if venue is None else [str(venue)]
    return {"venues": [attrs.asdict(each) for each in program.cancel_waiting(venues)]}


def _stop(program: Program, args: Args) -> Any:
    flatten = args.get("flatten", False)
    if not isinstance(flatten, bool):
        raise BadRequestError(f"flatten must be true or false, not {flatten!r}")
    program.over_asked(flatten=flatten)
    return AtEnd(_stopping(program)) if args.get("wait") else {"stopping": True}


def _stopping(program: Program) -> Iterator[dict[str, Any]]:
    """Say how many trades still go on."""
    patience_s = program.setting.settings.execution.stop_timeout_sec
    while True:
        yield {"trades": program.trades_in_progress(), "patience_s": patience_s}
        gevent.sleep(PROGRESS_S)


VERBS: dict[str, Verb] = {
    "tree": looking.tree,
    "top": looking.top,
    "inspect": looking.inspect,
    "trace": trace,
    "stacks": looking.stacks,
    "status": _status,
    "health": _health,
    "state": _sections,
    "trades": _trades,
    "positions": lambda program, _: positions(_state(program)),
    "opportunities": lambda program, _: opportunities(_state(program)),
    "pnl": accounts.pnl,
    "balances": accounts.balances,
    "orders": accounts.orders,
    "risk": accounts.risk,
    "alerts": alerts,
    "kill-switch": _kill_switch,
    "flatten": _flatten,
    "cancel-all": _cancel_all,
    "adopt": adopt,
    "crashes": looking.crashes,
    "dead-letters": looking.dead_letters,
    **{action: partial(lay_hands, action) for action in HANDS},
    "stop": _stop,
}

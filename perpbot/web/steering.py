"""The routes that act. Each is what the command line does, and each is written down with who did it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypedDict

import attrs
import msgspec

from actors.runtime import ActorDeadError, AskTimeoutError, DomainError, MailboxFullError
from perpbot.control.audit import carried_out
from perpbot.control.verbs import VERBS
from perpbot.execution.entries import OperatorActed
from perpbot.web.route import Call, Problem, Route
from perpbot.web.tokens import Scope

Name = Annotated[str, msgspec.Meta(max_length=200)]
Seconds = Annotated[float, msgspec.Meta(ge=1, le=600)]


@attrs.frozen(kw_only=True)
class KillSwitchTurn:
    """A kill switch and how it is to stand: for everything, for a venue or for a connection."""

    on: bool
    venue: Name | None = None
    connection: Name | None = None
    """An address, as in ``/venues/okx/trading``."""
    whose: Name | None = None
    """Only while it is on by this one, as it was told: whoever has turned it on since then had a reason."""


@attrs.frozen(kw_only=True)
class AtVenue:
    """Where; everywhere where no venue is given."""

    venue: Name | None = None


@attrs.frozen(kw_only=True)
class Flattening:
    """What to close, and how long to wait for it."""

    venue: Name | None = None
    timeout: Seconds | None = None
    """Seconds; as long as a stop waits where not given."""


@attrs.frozen(kw_only=True)
class Restarting:
    """Which actor is to begin anew."""

    address: Name
    yes: bool = False
    """Whether it is meant; else the answer only says what it would do."""


@attrs.frozen(kw_only=True)
class Adopting:
    """Where somebody else holds something in our account."""

    venue: Name
    symbol: Name
    yes: bool = False
    """Whether it is meant; else the answer only says what is there."""
    price: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """What a coin of it cost or, where a position of ours is gone, brought; else what it is worth now."""
    quantity: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """As it was told, or ``nothing``: it is done only while that is what is there."""


class KillSwitches(TypedDict):
    """The switches that are on, and who turned them."""

    on: dict[str, str]


class Flattened(TypedDict):
    """What was closed."""

    closed: list[str]
    """Trades."""


class CancelledAt(TypedDict):
    """What was cancelled at one venue."""

    venue: str
    gone: list[str]
    """Orders that are cancelled, by our ids."""
    left: list[str]
    """Those that still wait."""
    trouble: str
    """Empty, or why it is not known or not done."""


class Cancelled(TypedDict):
    """What was cancelled."""

    venues: list[CancelledAt]


class Adopted(TypedDict):
    """What is not ours at a venue in a symbol, and what became of it."""

    venue: str
    symbol: str
    quantity: str | None
    """Coins of the position that are not ours; null where it is what our fills say."""
    price: str | None
    """What a coin of it is taken to have cost; null where there is no position, or no price of it yet."""
    mark: str | None
    """What a coin is worth now; null where that is not known."""
    orders: list[str]
    """Orders that wait there and are not ours."""
    in_flight: list[str]
    """Ours that are not known to be over, and that the venue cannot be asked for: it does not list the symbol."""
    done: bool
    trades: list[str]
    """Those that close the position; none as long as it was not done."""
    ended: list[str]
    """Of those in flight the ones that were declared over; the requests of others may still arrive."""
    cancelled: CancelledAt | None
    """What became of the orders; null where none waited or it was not done."""


class Restarted(TypedDict):
    """What a restart does, and whether it was done."""

    address: str
    done: bool
    danger: str | None
    effects: list[str]
    said: str
    """What became of it; empty when it was not done."""


def kill_switch(call: Call) -> KillSwitches:
    """Turn a kill switch: while it is on, nothing that adds risk is sent there."""
    given: KillSwitchTurn = call.given
    where = given.connection or given.venue or "global"
    return _turn(call, given, f"{where} {'on' if given.on else 'off'}", "kill-switch")


def stop(call: Call) -> KillSwitches:
    """Open nothing new anywhere; what is open is looked after and closes as planned."""
    return _turn(call, KillSwitchTurn(on=True), "nothing new is opened", "stop")


def start(call: Call) -> KillSwitches:
    """Open trades again, where no other kill switch is on."""
    return _turn(call, KillSwitchTurn(on=False), "trades are opened again", "start")


def _turn(call: Call, given: KillSwitchTurn, what: str, action: str) -> KillSwitches:
    arguments = {
        "action": "on" if given.on else "off",
        "venue": given.venue,
        "connection": given.connection,
        "whose": given.whose,
        "by": f"{call.who} in the web console",
    }
    found = act(call, action, what, partial(VERBS["kill-switch"], call.desk.program, arguments))
    return KillSwitches(on=found["on"])


def flatten(call: Call) -> Flattened:
    """Close the trades that are open, and wait until they are; new ones may follow."""
    given: Flattening = call.given
    arguments = {"venue": given.venue, "timeout": given.timeout}
    found = act(call, "flatten", given.venue or "everywhere", partial(VERBS["flatten"], call.desk.program, arguments))
    return Flattened(closed=list(found["closed"]))


def cancel_all(call: Call) -> Cancelled:
    """Cancel our orders that wait at venues; nobody else's."""
    given: AtVenue = call.given
    cancel = partial(VERBS["cancel-all"], call.desk.program, {"venue": given.venue})
    found = act(call, "cancel-all", given.venue or "everywhere", cancel)
    return Cancelled(venues=[_cancelled(each) for each in found["venues"]])


def _cancelled(each: Mapping[str, Any]) -> CancelledAt:
    return CancelledAt(venue=each["venue"], gone=list(each["gone"]), left=list(each["left"]), trouble=each["trouble"])


def adopt(call: Call) -> Adopted:
    """Make ours what somebody else did at a venue in a symbol: close the position, cancel the orders."""
    given: Adopting = call.given
    arguments = attrs.asdict(given)
    take = partial(VERBS["adopt"], call.desk.program, arguments)
    found = act(call, "adopt", f"{given.venue} {given.symbol}", take) if given.yes else take()
    cancelled = found.get("cancelled")
    return Adopted(
        venue=found["venue"],
        symbol=found["symbol"],
        quantity=found["quantity"],
        price=found["price"],
        mark=found["mark"],
        orders=list(found["orders"]),
        in_flight=list(found["in_flight"]),
        done=found["done"],
        trades=list(found.get("trades", ())),
        ended=list(found.get("ended", ())),
        cancelled=None if cancelled is None else _cancelled(cancelled),
    )


def restart(call: Call) -> Restarted:
    """Restart an actor, as after a failure; its supervisor decides who else starts anew."""
    given: Restarting = call.given
    arguments = {"address": given.address, "yes": given.yes, "by": f"{call.who} in the web console"}
    again = partial(VERBS["restart"], call.desk.program, arguments)
    found = act(call, "restart", given.address, again) if given.yes else again()
    return Restarted(
        address=found["address"],
        done=found["done"],
        danger=found["danger"],
        effects=list(found["effects"]),
        said=found.get("said", ""),
    )


def act(call: Call, action: str, what: str, do: Callable[[], Any]) -> Any:
    """Do it and write it down, also when it went wrong."""

    def note(outcome: str) -> None:
        call.desk.audit.note(OperatorActed(who=call.who, source=call.source, action=action, what=what, outcome=outcome))

    try:
        return carried_out(do, note)
    except AskTimeoutError as error:
        text = f"{action} was asked for and may go on, but was not done in time: {error}"
        raise Problem(409, "not done yet", text) from error
    except (DomainError, ActorDeadError, MailboxFullError) as error:
        raise Problem(409, "not done", str(error)) from error


def _route(path: str, handle: Callable[[Call], Any], given: type | None, answer: Any, scope: Scope) -> Route:
    return Route(
        method="POST",
        path=f"/api/control/{path}",
        handle=handle,
        given=given,
        answer=answer,
        scope=scope,
        problems=(409,),
    )


ROUTES = [
    _route("start", start, None, KillSwitches, Scope.TRADE),
    _route("stop", stop, None, KillSwitches, Scope.TRADE),
    _route("kill-switch", kill_switch, KillSwitchTurn, KillSwitches, Scope.TRADE),
    _route("flatten", flatten, Flattening, Flattened, Scope.TRADE),
    _route("cancel-all", cancel_all, AtVenue, Cancelled, Scope.TRADE),
    _route("adopt", adopt, Adopting, Adopted, Scope.TRADE),
    _route("restart", restart, Restarting, Restarted, Scope.ADMIN),
]

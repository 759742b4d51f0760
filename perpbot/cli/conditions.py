"""What `perpbot wait` waits for: words to a condition on what the system says of itself. Nothing here waits."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
COUNTS: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "trades": lambda status: status["trades"]["over"] or 0,
    "open": lambda status: status["trades"]["open"],
    "orders": lambda status: (status["orders"] or {"sent": 0})["sent"],
    "actors": lambda status: status["actors"],
    "restarts": lambda status: status["restarts"],
    "crashes": lambda status: status["crashes"],
    "dead-letters": lambda status: status["dead_letters"],
    "uptime": lambda status: status["uptime_s"],
}
CIRCUITS = {
    "open": "CIRCUIT_OPEN",
    "closed": "CONNECTED",
    "connected": "CONNECTED",
    "half-open": "DEGRADED",
    "degraded": "DEGRADED",
    "disconnected": "DISCONNECTED",
    "circuit_open": "CIRCUIT_OPEN",
}
ACTOR_STATES = (
    *("starting", "running", "suspended", "restarting", "backing-off", "stopping", "stopped", "failed"),
    "unkillable",
)
FORMS = (
    "running, ready, healthy or stopped; ADDRESS=STATE; circuit VENUE[/CONNECTION] STATE; "
    f"or NAME>=NUMBER with {', '.join(COUNTS)}"
)


class ConditionError(Exception):
    """Words that mean nothing here; the text says what does."""


class Condition(NamedTuple):
    """Something to wait for."""

    verb: str
    """What to ask: ``tree`` or ``status``."""
    holds: Callable[[Mapping[str, Any]], bool]
    now: Callable[[Mapping[str, Any]], str]
    """How it stands, for whoever has waited in vain."""
    stopped: bool = False
    """Whether it holds when no system is there, and never else."""


def condition(words: str) -> Condition:
    """The condition that `words` mean; `ConditionError` when they mean none."""
    text = " ".join(words.split())
    if text in {"running", "up"}:
        return Condition("tree", lambda tree: not _down(tree), lambda tree: f"not up: {', '.join(_down(tree)) or '-'}")
    if text == "ready":
        return Condition("status", lambda status: not _unready(status), lambda status: ", ".join(_unready(status)))
    if text == "healthy":
        return Condition("status", lambda status: bool(status["healthy"]), lambda status: "; ".join(status["problems"]))
    if text == "stopped":
        return Condition("status", lambda _: False, lambda _: "it still runs", stopped=True)
    for make in (_circuit, _count, _address):
        found = make(text)
        if found is not None:
            return found
    raise ConditionError(f"{words!r} is nothing to wait for; there is {FORMS}")


def _nodes(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [tree, *(node for child in tree["children"] for node in _nodes(child))]


def _down(tree: Mapping[str, Any]) -> list[str]:
    return [node["address"] for node in _nodes(tree) if node["state"] != "running"]


def _unready(status: Mapping[str, Any]) -> list[str]:
    """Connections that are not connected."""
    if status["stopping"]:
        return ["it is stopping"]
    return [
        f"{venue} {connection} is {circuit}"
        for venue, each in status["venues"].items()
        for connection, circuit in each["circuits"].items()
        if circuit != "CONNECTED"
    ]


def _circuit(text: str) -> Condition | None:
    match = re.fullmatch(r"circuit ([\w-]+)(?:[/ ]([\w-]+))? ([\w-]+)", text)
    if match is None:
        return None
    venue, connection, word = match.groups()
    wanted = CIRCUITS.get(word.lower())
    if wanted is None:
        raise ConditionError(f"a circuit is never {word!r}; it is {', '.join(CIRCUITS)}")

    def circuits(status: Mapping[str, Any]) -> dict[str, str]:
        if venue not in status["venues"]:
            raise ConditionError(f"no venue {venue!r} here; there are {', '.join(status['venues'])}")
        every: dict[str, str] = status["venues"][venue]["circuits"]
        if connection is not None and connection not in every:
            raise ConditionError(f"{venue} has no connection {connection!r}; it has {', '.join(every)}")
        return every if connection is None else {connection: every[connection]}

    def holds(status: Mapping[str, Any]) -> bool:
        states = circuits(status).values()
        return all(each == wanted for each in states) if wanted == "CONNECTED" else wanted in states

    def now(status: Mapping[str, Any]) -> str:
        return ", ".join(f"{venue} {name} is {state}" for name, state in circuits(status).items())

    return Condition("status", holds, now)


def _count(text: str) -> Condition | None:
    match = re.fullmatch(r"([a-z-]+) ?(>=|<=|==|=|>|<) ?(\d+(?:\.\d+)?)", text)
    if match is None:
        return None
    name, comparison, number = match.groups()
    if name not in COUNTS:
        raise ConditionError(f"nobody counts {name!r}; there are {', '.join(COUNTS)}")
    count, compare = COUNTS[name], COMPARISONS[comparison]
    return Condition(
        "status", lambda status: compare(count(status), float(number)), lambda status: f"{name} is {count(status):g}"
    )


def _address(text: str) -> Condition | None:
    match = re.fullmatch(r"(/[^=\s]*) ?=?= ?(\S+)", text)
    if match is None:
        return None
    address, wanted = match.groups()
    circuit = wanted.upper() in set(CIRCUITS.values())
    if not circuit and wanted not in ACTOR_STATES:
        raise ConditionError(f"no actor is ever {wanted!r}; it is {', '.join(ACTOR_STATES)} or a circuit's state")

    def state(tree: Mapping[str, Any]) -> str | None:
        for node in _nodes(tree):
            if node["address"] == address:
                found: str | None = node["circuit"] if circuit else node["state"]
                return found
        return None

    return Condition(
        "tree",
        lambda tree: state(tree) == (wanted.upper() if circuit else wanted),
        lambda tree: f"{address} is {state(tree) or 'not there'}",
    )

"""Parts about the machine: alerts, venues, limits of risk, actors."""

from collections.abc import Iterator
from decimal import Decimal

from perpbot.terminal.branch import branch
from perpbot.terminal.columns import Column
from perpbot.terminal.dashboard.block import CLOCK, Block, Look, Row, block
from perpbot.terminal.dashboard.money import BARS, bar
from perpbot.terminal.lines import Span
from perpbot.terminal.symbols import CIRCUITS

GRAVITY = ("critical", "error", "high", "warning", "info")
SEVERITIES = {"critical": "alarm", "error": "bad", "high": "bad", "warning": "warn"}
NEAR, REACHED = 0.8, 1.0


def alerts(look: Look, width: int) -> Block:
    """What fires or is about to, the gravest first."""
    columns = [
        Column("", 9),
        Column("since", 8, order=1),
        Column("state", 12, order=2),
        Column("text", 20, flexible=True),
    ]
    found = look.rows("alerts")
    gravest = sorted(found, key=lambda each: (GRAVITY.index(found[each]["severity"]), found[each]["since"]))
    rows = (_alert(name, found[name], look) for name in gravest)
    return block("Alerts", columns, rows, width, look, "Nothing fires.")


def _alert(name: str, each: Row, look: Look) -> list[Span]:
    told = "silenced" if each["silenced"] else "acknowledged" if each["acknowledged"] else each["state"]
    return [
        (look.say(each["severity"]), SEVERITIES.get(each["severity"], "dim")),
        (each["since"][CLOCK], ""),
        (look.say(told), "" if told == "firing" else "dim"),
        (f"{name}: {each['text']}", ""),
    ]


def venues(look: Look, width: int) -> Block:
    """How we stand with each venue, and why nothing is opened there."""
    columns = [
        Column("", 13),
        Column("data", 10),
        Column("orders", 10),
        Column("p99 ms", 7, right=True, order=2),
        Column("errors", 6, right=True, order=3),
        Column("gaps", 6, right=True, order=4),
        Column("reconnects", 10, right=True, order=5),
        Column("why not", 10, flexible=True, order=1),
    ]
    rows = (_venue(name, each, look) for name, each in look.rows("venues").items())
    return block("Venues", columns, rows, width, look, "No venue.")


def _venue(name: str, each: Row, look: Look) -> list[Span]:
    connections = each["connections"]
    p99 = max((one["latency_ms"].get("p99", 0.0) for one in connections.values()), default=0.0)
    counts = each["counts"]
    why = each.get("refusal", "") or (", ".join(each["unlisted"]) and f"{', '.join(each['unlisted'])}: not listed")
    return [
        (name, "bold"),
        _circuit(connections.get("market-data"), look),
        _circuit(connections.get("trading"), look),
        (f"{p99:,.0f}", ""),
        *((f"{counts.get(key, 0):,}", "warn" if counts.get(key) else "dim") for key in ("errors", "gaps")),
        (f"{counts.get('reconnects', 0):,}", "warn" if counts.get("reconnects") else "dim"),
        (why, "" if each["open_allowed"] else "warn"),
    ]


def _circuit(connection: Row | None, look: Look) -> Span:
    if connection is None:
        return look.say("read-only"), "dim"
    _, text, style = CIRCUITS.get(connection["circuit"], (9, connection["circuit"], "bad"))
    return look.say(text), style


def limits(look: Look, width: int) -> Block:
    """How much of each limit of risk is used."""
    columns = [
        Column("", 20),
        Column("now", 12, right=True),
        Column("limit", 12, right=True, order=1),
        Column("", 5, order=3),
        Column("", BARS, order=2),
        Column("where", 0, flexible=True, order=4),
    ]
    found = look.rows("risk").get("limits", {})
    rows = (_limit(name, found[name]) for name in sorted(found, key=lambda each: -found[each]["share"]))
    return block("Risk", columns, rows, width, look, "No limit.")


def _limit(name: str, each: Row) -> list[Span]:
    share = each["share"]
    style = "bad" if share >= REACHED else "warn" if share >= NEAR else ""
    return [
        (name, style or "bold"),
        (each["used"], style),
        (each["limit"], ""),
        (each["unit"], "dim"),
        bar(Decimal(str(share)), BARS, style),
        (each.get("about", ""), "dim"),
    ]


def actors(look: Look, width: int) -> Block:
    """The supervision tree, a line an actor."""
    columns = [
        Column("", 38),
        Column("state", 11),
        Column("mailbox", 8, right=True, order=1),
        Column("msg/s", 8, right=True, order=2),
        Column("busy", 6, right=True, order=3),
        Column("restarts", 8, right=True),
        Column("trouble", 0, flexible=True, order=4),
    ]
    tree = look.rows("tree")
    rows = (_actor(address, tree[address], depth) for address, depth in _walk(tree, None, 0))
    return block("Actors", columns, rows, width, look, "No actor.")


def _walk(tree: Row, parent: str | None, depth: int) -> Iterator[tuple[str, int]]:
    for address, each in tree.items():
        if each.get("parent") == parent:
            yield address, depth
            yield from _walk(tree, address, depth + 1)


def _actor(address: str, each: Row, depth: int) -> list[Span]:
    trouble = ", ".join(each["troubles"]) or each.get("last_failure", "")
    well = each["state"] == "running"
    return [
        (
            "  " * depth + branch(address, each.get("parent")),
            "bad bold" if each["troubles"] else "bold" if each["kind"] != "actor" else "",
        ),
        (each["state"], "dim" if well else "bad"),
        (f"{each['depth']:,}", "warn" if each["dropped"] else "" if each["depth"] else "dim"),
        (f"{each.get('messages_per_s', 0):,.1f}", "dim"),
        (f"{each.get('busy', 0):.0%}", "dim"),
        (str(each["restarts"]), "warn" if each["restarts"] else "dim"),
        (trouble, "bad" if each["troubles"] else "dim"),
    ]

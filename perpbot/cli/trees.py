"""`perpbot tree`: who supervises whom, and how each is doing."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from perpbot.cli.asking import complete_address, json_option, print_json, state_option, system
from perpbot.cli.details import circuit_cell
from perpbot.cli.tables import Cell, Column, Row, rich_table, show_table
from perpbot.cli.watching import watch as keep_watching
from perpbot.cli.wording import counted, microseconds, time
from perpbot.terminal.branch import branch

if TYPE_CHECKING:
    from rich.console import Console, Group

REDRAW_S = 0.25
HEADER_LINES = 2
"""A table's titles and a line between tables."""
FAILURES_WATCHED = 5

Node = Mapping[str, Any]


class Branches(NamedTuple):
    """What a tree is drawn with."""

    last: str
    middle: str
    below_last: str
    below_middle: str


LINES = Branches("└─ ", "├─ ", "   ", "│  ")
ASCII = Branches("`- ", "|- ", "   ", "|  ")

COLUMNS = (
    Column("actor", flexible=True),
    Column("state"),
    Column("circuit"),
    Column("restarts", right=True),
    Column("mailbox", right=True),
    Column("messages", right=True),
    Column("p50", right=True, from_width=100),
    Column("p99", right=True, from_width=90),
)


FAILURES = (Column("failed (UTC)"), Column("actor"), Column("why", flexible=True))


@click.command()
@click.argument("address", required=False, shell_complete=complete_address)
@click.option("--watch", is_flag=True, help="Redraw until Ctrl-C.")
@json_option
@state_option
def tree(*, address: str | None, watch: bool, as_json: bool, state: Path | None) -> None:
    """Show the supervision tree, of everything or from ADDRESS down."""
    with system(state) as client:
        if as_json and watch:
            raise click.UsageError("--json and --watch do not go together.")
        if watch:
            keep_watching(lambda: client.ask("tree", address=address), _show, _screen, REDRAW_S)
            return
        node = client.ask("tree", address=address)
    if as_json:
        print_json(node)
    else:
        _show(node)


def _show(node: Node) -> None:
    show_table(COLUMNS, tree_rows(node), "")
    failures = failure_rows(node)
    if failures:
        click.echo()
        show_table(FAILURES, failures, "")


def _screen(node: Node, console: "Console") -> "Group":
    """A tree that fits the terminal, with the newest failures below it."""
    from rich.console import Group

    width, height = console.size
    failures = failure_rows(node)[:FAILURES_WATCHED]
    below = [rich_table(FAILURES, failures, width)] if failures else []
    rows = fitted_rows(node, height - HEADER_LINES - (len(failures) + HEADER_LINES if failures else 0))
    return Group(rich_table(COLUMNS, rows, width), *([""] if below else []), *below)


def fitted_rows(node: Node, height: int) -> list[Row]:
    """The rows of a tree, with calm subtrees folded into one row each until `height` is enough.

    Those without a circuit go first, and the deepest of them.
    """
    folded: set[str] = set()
    rows = tree_rows(node, folded)
    for _, _, address in sorted(_foldable(node, 0), key=lambda each: each[:2]):
        if len(rows) <= height:
            break
        folded.add(address)
        rows = tree_rows(node, folded)
    return rows


def _foldable(node: Node, depth: int) -> Iterator[tuple[bool, int, str]]:
    if node["children"] and _calm(node):
        yield _has_circuit(node), -depth, node["address"]
    for child in node["children"]:
        yield from _foldable(child, depth + 1)


def _has_circuit(node: Node) -> bool:
    return node["circuit"] is not None or any(_has_circuit(child) for child in node["children"])


def _calm(node: Node) -> bool:
    well = node["state"] == "running" and node["circuit"] in {None, "CONNECTED"} and node["last_failure"] is None
    return well and all(_calm(child) for child in node["children"])


def tree_rows(node: Node, folded: set[str] | frozenset[str] = frozenset()) -> list[Row]:
    """One row an actor."""
    lines = LINES if (sys.stdout.encoding or "").lower().startswith("utf") else ASCII
    return list(_rows(node, node["address"], "", folded, lines))


def _rows(node: Node, name: str, below: str, folded: set[str] | frozenset[str], lines: Branches) -> Iterator[Row]:
    children = [] if node["address"] in folded else node["children"]
    yield _row(node, name, hidden=0 if children else _size(node) - 1)
    for number, child in enumerate(children):
        last = number == len(children) - 1
        joint, stem = (lines.last, lines.below_last) if last else (lines.middle, lines.below_middle)
        name = below + joint + branch(child["address"], node["address"])
        yield from _rows(child, name, below + stem, folded, lines)


def failure_rows(node: Node) -> list[Row]:
    """The last failure of each actor that has failed, newest first."""
    failed = sorted(_failed(node), key=lambda each: str(each["last_failure"]["at"]), reverse=True)
    return [
        [time(each["last_failure"]["at"]), each["address"], Cell(each["last_failure"]["reason"], "red")]
        for each in failed
    ]


def _failed(node: Node) -> Iterator[Node]:
    if node["last_failure"] is not None:
        yield node
    for child in node["children"]:
        yield from _failed(child)


def _size(node: Node) -> int:
    return 1 + sum(_size(child) for child in node["children"])


def _row(node: Node, name: str, *, hidden: int) -> Row:
    box, latency = node["mailbox"], node["latency_us"]
    calm = node["state"] == "running"
    name += f" ({counted(hidden, 'actor')})" if hidden else ""
    return [
        Cell(name, "bold" if node["kind"] == "supervisor" else ""),
        Cell(node["state"], "green" if calm else "bold red"),
        circuit_cell(node["circuit"]) if node["circuit"] else "",
        Cell(str(node["restarts"]), "bold yellow" if node["restarts"] else "dim"),
        Cell(f"{box['depth']}/{box['high_water']}", "bold red" if box["dropped"] else ""),
        f"{node['messages']:,}",
        microseconds(latency["p50"]),
        microseconds(latency["p99"]),
    ]
